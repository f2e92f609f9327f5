"""The page about the command is true: every screen on it is what the command prints, and no command is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.reference import PAGE, ROOT, SURROUNDINGS, played
from tests.cli.test_saying import COMMANDS

CARD = "GC-7K3QM-9XWT2-HV4RS"
CART = 'currency = "EUR"\nshipping = "standard"\nship_to = { country = "DE" }\n[[lines]]\nsku = "MUG-STONE-GREY-350"\n'


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


@pytest.mark.parametrize("row", [row for row in PAGE.read_text(encoding="utf-8").splitlines() if row.startswith("| `")])
def test_the_keys_on_the_page_are_those_of_the_data(checkout: Command, db: Path, row: str) -> None:
    """What a program reads by `--json` is written down, and stays."""
    (db.parent / "cart.toml").write_text(CART, encoding="utf-8")
    given = {
        "order": ["5GYPS-FDKST"],
        "payment": ["5GYPS-FDKST"],
        "inventory": ["POT-CAST-IRON-800"],
        "coupon": ["welcome10"],
        "gift-card": [CARD],
    }
    given |= {"promotion": ["welcome"], "tax": ["--country", "DE"], "price": ["TIN-TEA-100"]}
    more: dict[str, list[object]] = {
        "quote": [db.parent / "cart.toml"],
        "shop": [ROOT / "examples" / "shop"],
        "demo": [],
        "address": ["--country", "IE"],
        "shipping": ["TIN-TEA-100", "--to", "DE"],
        "run": [ROOT / "examples/checkouts/01-guest.toml"],
        "simulate": [ROOT / "examples" / "scenarios"],
    }
    commands, keys = (re.findall(r"`([^`]+)`", part) for part in row.strip("|").split("|"))
    for n, command in enumerate(commands):
        group, *rest = command.split()
        words = [*command.split(), *(given[group] if rest and rest[0] in ("show", "explain") else more.get(group, []))]
        if command == "coupon codes":
            words.append("autumn")
            checkout("coupon", "create", "newsletter", "--code", "PODCAST", "--batch", "autumn", "--db", db, "--yes")
        words += ["TEACLUB", "--cart", db.parent / "cart.toml"] if command == "coupon why" else []
        words += [ROOT / "examples" / "next-season"] if command == "promotion shadow" else []
        words += ["--name", "Aoife Byrne", "--line", "1 Main Street", "--city", "Dublin"] if command == "address check" else []
        where = [] if group in ("shop", "address", "sandbox", "demo", "run", "simulate") else ["--db", db]
        data = checkout(*words, *where, "--json").data
        one_each = len(commands) == len(keys) and group not in ("demo", "run")
        expected = {keys[n]} if one_each else set(keys[:2]) if group == "run" else set(keys)
        assert set(data) == expected
