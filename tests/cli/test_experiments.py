"""`checkout experiment list`: what is tried out, how many are in what, and who."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import EXAMPLES, Command


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """The example shop, with next season's promotions and experiments."""
    folder = tmp_path / "shop"
    shutil.copytree(EXAMPLES / "shop", folder)
    shutil.copytree(EXAMPLES / "next-season", folder, dirs_exist_ok=True)
    return folder


def test_an_experiment_is_listed_with_what_it_changes(checkout: Command, shop: Path) -> None:
    said = checkout("experiment", "list", "--shop", shop).out
    assert "tea-offer" in said
    assert said.count("50.0 %") == 2
    (one,) = checkout("experiment", "list", "--shop", shop, "--json").data["experiments"]
    assert (one["state"], one["variant"]) == ("runs", None)
    assert {each["name"]: each["promotions"] for each in one["variants"]} == {"control": [], "tenth": ["tea-tenth"]}


def test_who_is_in_what_is_the_same_as_in_the_shop(checkout: Command, shop: Path) -> None:
    """By the rule that is written down; a cart is another subject than a customer of that name."""
    for customer, variant in (("dan", "tenth"), ("dora", "control")):
        (one,) = checkout("experiment", "list", "--shop", shop, "--customer", customer, "--json").data["experiments"]
        assert one["variant"] == variant
    assert "dan is in" in checkout("experiment", "list", "--shop", shop, "--customer", "dan").out


def test_shares_dates_and_those_who_take_no_part(checkout: Command, shop: Path) -> None:
    (shop / "experiments.toml").write_text(
        '[[experiments]]\nid = "tea-offer"\nvariants = { control = 1, tenth = 2 }\nshare = "10"\n'
        "starts = 2020-01-01T00:00:00Z\nends = 2020-02-01T00:00:00Z\n\n"
        '[[experiments]]\nid = "later"\nvariants = { a = 1, b = 1 }\nstarts = 2099-01-01T00:00:00Z\n',
        encoding="utf-8",
    )
    said = checkout("experiment", "list", "--shop", shop, "--customer", "dan")
    assert "3.3 %" in said.out
    assert "6.7 %" in said.out
    assert "dan is in none of them" in said.out
    found = checkout("experiment", "list", "--shop", shop, "--json").data["experiments"]
    assert [(one["id"], one["state"]) for one in found] == [("later", "not yet"), ("tea-offer", "over")]


def test_the_clumsy(checkout: Command, shop: Path, db: Path) -> None:
    both = checkout("experiment", "list", "--shop", shop, "--customer", "a", "--cart", "b")
    assert (both.code, "with all carts" in " ".join(both.err.split())) == (2, True)
    assert "Nothing is tried out here" in checkout("experiment", "list", "--db", db).out
    assert checkout("experiment", "list", "--shop", shop, "--db", db).code == 2
