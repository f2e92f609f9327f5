"""The page about the command is true: every screen on it is what the command prints, and no command is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.reference import PAGE, ROOT, SURROUNDINGS, played
from tests.cli.test_saying import COMMANDS


def test_every_screen_on_the_page_is_what_the_command_prints(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails because a screen was meant to change: python -m tests.cli.reference --write"""
    monkeypatch.chdir(db.parent)
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    Path("examples").symlink_to(ROOT / "examples")
    page = PAGE.read_text(encoding="utf-8")
    assert played(page).splitlines() == page.splitlines()


def test_the_page_shows_every_command() -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [words for words in (" ".join(filter(None, pair)) for pair in COMMANDS) if f"checkout {words}" not in page]
    assert missing == []
