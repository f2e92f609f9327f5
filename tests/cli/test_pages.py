"""The pages that show screens are true: what they show is what their commands and their programs say."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.pages import PAGES, SURROUNDINGS, played
from tests.cli.reference import ROOT


@pytest.mark.parametrize("path", PAGES, ids=[path.stem for path in PAGES])
def test_everything_on_the_page_is_as_it_runs(path: Path, checkout: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If this fails because a screen was meant to change: python -m tests.cli.pages --write"""
    monkeypatch.chdir(tmp_path)
    for name, value in SURROUNDINGS.items():
        monkeypatch.setenv(name, value)
    Path("examples").symlink_to(ROOT / "examples")
    page = path.read_text(encoding="utf-8")
    assert played(page).splitlines() == page.splitlines()
