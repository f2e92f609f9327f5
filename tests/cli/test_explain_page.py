"""The page about explaining a price is true: what it shows is what its commands and its programs say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.explain_page import PAGE, SURROUNDINGS, played
from tests.cli.reference import ROOT


def test_everything_on_the_page_is_as_it_runs(checkout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails because a screen was meant to change: python -m tests.cli.explain_page --write"""
    monkeypatch.chdir(tmp_path)
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    Path("examples").symlink_to(ROOT / "examples")
    page = PAGE.read_text(encoding="utf-8")
    assert played(page).splitlines() == page.splitlines()
