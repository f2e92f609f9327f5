"""Channels of sale in the configuration: scripts sell through them, prices follow them, and the screens say which it was."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.conftest import Command

SCRIPT = """
title = "A mug at the counter"
[addresses.home]
name = "Ada Winter"
lines = ["Torstraße 112"]
city = "Berlin"
postcode = "10119"
country = "DE"
[shoppers.ada]
email = "ada@example.com"
address = "home"
[[steps]]
do = "open"
currency = "EUR"
[[steps]]
do = "add"
sku = "MUG-ENAMEL-400"
[[steps]]
do = "begin"
shipping = "standard"
channel = "counter"
[[steps]]
do = "pay"
card = "tok_ok"
"""
SETTINGS = """
db = "shop.db"
[pricing]
tax_mode = "half_even"
[channels.counter.pricing]
cash = { increment = 100, mode = "down" }
"""
CASE = """
currency = "EUR"
shipping = "standard"
ship_to = { country = "DE" }
[[lines]]
sku = "MUG-ENAMEL-400"
"""


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_script_sells_through_a_channel_of_the_configuration(checkout: Command, db: Path, tmp_path: Path) -> None:
    """RB-59: the order, its screen and its receipt name the channel and the policy that led to the total."""
    script, config = written(tmp_path / "counter.toml", SCRIPT), written(tmp_path / "checkout.toml", SETTINGS)
    ran = checkout("run", script, "--config", config, "--db", db, "--yes", "--json")
    assert ran.code == 0, ran
    newest = checkout("order", "list", "--db", db, "--limit", 1, "--json").data["orders"][0]
    told = checkout("order", "show", newest["id"], "--db", db, "--json").data["order"]
    assert told["channel"] == "counter"
    assert told["total"]["minor"] % 100 == 0
    assert re.search(r"^channel +counter\b", checkout("order", "show", newest["id"], "--db", db).out, re.MULTILINE)
    explained = checkout("order", "explain", newest["id"], "--db", db).out
    assert "tax_mode = half_even" in explained
    assert "cash = " in explained


def test_an_order_without_a_channel_does_not_speak_of_one(checkout: Command, demo_db: Path) -> None:
    newest = checkout("order", "list", "--db", demo_db, "--limit", 1, "--json").data["orders"][0]
    assert checkout("order", "show", newest["id"], "--db", demo_db, "--json").data["order"]["channel"] is None
    assert "channel" not in checkout("order", "show", newest["id"], "--db", demo_db).out


def test_a_script_that_names_an_unknown_channel_is_refused_with_the_known_ones(checkout: Command, db: Path, tmp_path: Path) -> None:
    script = written(tmp_path / "booth.toml", SCRIPT.replace('"counter"', '"booth"'))
    said = checkout("run", script, "--config", written(tmp_path / "checkout.toml", SETTINGS), "--db", db, "--yes")
    assert said.code == 1
    assert "Nothing is sold here through booth. Use one of counter." in " ".join(said.out.split())


def test_a_quote_is_asked_of_a_channel(checkout: Command, db: Path, tmp_path: Path) -> None:
    case, config = written(tmp_path / "case.toml", CASE), written(tmp_path / "checkout.toml", SETTINGS)
    own, counter = (
        checkout("quote", case, "--config", config, "--db", db, "--json", *words).data["quote"]["totals"]["due"]["minor"]
        for words in ((), ("--channel", "counter"))
    )
    assert (own % 100 > 0, counter) == (True, own // 100 * 100)
    said = checkout("quote", case, "--config", config, "--db", db, "--channel", "booth")
    assert said.code == 2
    assert "Use one of counter." in said.err


def test_a_mistake_in_a_channel_is_told_with_its_place(checkout: Command, db: Path, tmp_path: Path) -> None:
    config = written(tmp_path / "checkout.toml", '[channels.counter.pricing]\ntax_level = "till"\n')
    said = checkout("order", "list", "--db", db, "--config", config)
    assert said.code == 2
    assert "channels.counter.pricing.tax_level: 'till' is unknown. Use one of line, unit, order." in " ".join(said.err.split())
