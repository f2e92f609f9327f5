"""`checkout price show`, and quotes of shoppers who are on a price list."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.files import read_shop
from checkout_adapters.sqlalchemy.catalog import load_shop
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_cli.config import settings_of
from checkout_cli.wiring import opened
from checkout_core.money import Money
from tests.cli.conftest import EXAMPLES, Command
from tests.world import ADA, BERLIN

SHOP = EXAMPLES / "shop"
MUG = "MUG-PORCELAIN-WHITE-300"
CART = """\
currency = "EUR"
ship_to = {{ country = "DE" }}
shipping = "standard"
at = {at}
shopper = {{ groups = [{groups}] }}

[[lines]]
sku = "{sku}"
quantity = {quantity}
"""


def unit(checkout: Command, *words: object, currency: str = "EUR") -> Any:
    prices = checkout("price", "show", *words, "--json").data["price"]["prices"]
    (found,) = [one for one in prices if one["price"]["currency"] == currency]
    return found


def cart(tmp_path: Path, sku: str, quantity: int, at: str, groups: str = "") -> Path:
    path = tmp_path / "cart.toml"
    path.write_text(CART.format(sku=sku, quantity=quantity, at=at, groups=groups), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("words", "minor", "by"),
    [
        ([], 1190, None),
        (["--quantity", "12"], 1190, None),
        (["--group", "other"], 1190, None),
        (["--group", "other", "--group", "trade"], 790, "trade"),
        (["--group", "trade", "--quantity", "12"], 690, "trade"),
        (["--group", "trade", "--quantity", "99"], 590, "trade"),
    ],
)
def test_a_price_is_that_of_the_shopper_the_quantity_and_the_channel(
    checkout: Command, db: Path, words: list[str], minor: int, by: str | None
) -> None:
    """From files and from the database alike."""
    for where in (("--shop", SHOP), ("--db", db)):
        found = unit(checkout, MUG, *words, *where)
        assert found["price"] == {"minor": minor, "currency": "EUR"}
        assert (found["origin"] or {}).get("list") == by


def test_a_lowered_price_stands_beside_the_lowest_one_before(checkout: Command) -> None:
    """Directive 98/6/EC, Article 6a: not the 24.90 of the day before, but the 22.90 of a week of the 30 days before."""
    found = unit(checkout, "TEA-GYOKURO-50", "--at", "2026-03-24T12:00:00Z", "--shop", SHOP)
    assert [found[name]["minor"] for name in ("price", "before", "lowest_30_days")] == [2190, 2490, 2290]
    assert (found["since"], found["until"]) == ("2026-03-22T23:00:00Z", "2026-03-29T22:00:00Z")
    after = unit(checkout, "TEA-GYOKURO-50", "--at", "2026-04-24T12:00:00Z", "--shop", SHOP)
    assert (after["price"]["minor"], after["lowest_30_days"]) == (2490, None)
    out = checkout("price", "show", "TEA-GYOKURO-50", "--at", "2026-03-24T12:00:00Z", "--shop", SHOP).out
    assert "Article 6a" in out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["NONE", "--shop", SHOP], 1, "NONE"),
        ([MUG, "--shop", SHOP, "--db", "x.db"], 2, "--shop or --db"),
        ([MUG, "--shop", SHOP, "--at", "tomorrow"], 2, "distance from UTC"),
        ([MUG, "--shop", SHOP, "--at", "2026-03-24T12:00:00"], 2, "distance from UTC"),
        ([MUG, "--shop", SHOP, "--quantity", "0"], 2, "quantity"),
        ([MUG, "--shop", SHOP, "--channel", "moon"], 2, "moon"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_reason(checkout: Command, words: list[object], code: int, said: str) -> None:
    ended = checkout("price", "show", *words)
    assert ended.code == code
    assert said in ended.err


def test_a_list_may_be_for_one_channel(checkout: Command, tmp_path: Path) -> None:
    """By the price and by the quote; a channel is one of the configuration's."""
    shutil.copytree(SHOP, tmp_path / "shop")
    with (tmp_path / "shop" / "prices.csv").open("a", encoding="utf-8") as file:
        file.write(f"counter,{MUG},EUR,9.90,1,,,,counter,\n")
    (tmp_path / "config.toml").write_text('[channels.counter.pricing]\ntax_level = "line"\n', encoding="utf-8")
    where = ("--shop", tmp_path / "shop", "--config", tmp_path / "config.toml")
    assert unit(checkout, MUG, *where)["price"]["minor"] == 1190
    assert unit(checkout, MUG, *where, "--channel", "counter")["price"]["minor"] == 990
    path = cart(tmp_path, MUG, 1, "2026-06-01T12:00:00Z")
    (line,) = checkout("quote", path, *where, "--channel", "counter", "--json").data["quote"]["lines"]
    assert (line["unit"]["minor"], line["origin"]["list"]) == (990, "counter")


def test_a_quote_says_which_list_and_what_was_lowered(checkout: Command, tmp_path: Path) -> None:
    trade = cart(tmp_path, MUG, 12, "2026-06-01T12:00:00Z", '"trade"')
    (line,) = checkout("quote", trade, "--shop", SHOP, "--json").data["quote"]["lines"]
    assert line["origin"] == {
        "list": "trade",
        "quantity": 12,
        "price": {"minor": 690, "currency": "EUR"},
        "catalogue": {"minor": 1190, "currency": "EUR"},
    }
    said = " ".join(checkout("quote", trade, "--shop", SHOP, "--explain").out.split())
    assert "price list trade 12 × 6.90, from 12 on, in the catalogue 11.90" in said
    tea = cart(tmp_path, "TEA-GYOKURO-50", 1, "2026-03-24T12:00:00Z")
    data = checkout("quote", tea, "--shop", SHOP, "--json").data["quote"]
    assert [(one["sku"], one["lowest_30_days"]["minor"]) for one in data["lowered"]] == [("TEA-GYOKURO-50", 2290)]
    assert "the lowest of the 30 days before: 22.90 EUR" in " ".join(checkout("quote", tea, "--shop", SHOP, "--explain").out.split())


def test_a_price_raised_to_its_floor_says_so(checkout: Command, db: Path) -> None:
    """A program may load what files are refused for."""
    files = read_shop(SHOP)
    goods = [evolve(p, floors=[Money(1000, "EUR")]) if p.sku == MUG else p for p in files.products]
    with SqlStorage(str(db)) as storage, storage.engine.begin() as connection:
        load_shop(connection, evolve(files, products=tuple(goods)), now=datetime(2026, 6, 1, tzinfo=UTC), actor="me")
    path = cart(db.parent, MUG, 12, "2026-06-01T12:00:00Z", '"trade"')
    said = " ".join(checkout("quote", path, "--db", db, "--explain").out.replace("│", "").split())
    assert "price list trade 12 × 10.00, from 12 on, raised to its floor from" in said


def test_a_load_says_that_a_former_price_is_history(checkout: Command, db: Path, tmp_path: Path) -> None:
    """Only where a price becomes another one: a new currency has no former price."""
    shutil.copytree(SHOP, tmp_path / "shop")
    goods = tmp_path / "shop" / "products.csv"
    text = goods.read_text(encoding="utf-8")
    goods.write_text(text.replace("TEA-ADVENT-24,", "TEA-ADVENT-25,", 1), encoding="utf-8")
    stock = tmp_path / "shop" / "stock.csv"
    stock.write_text(stock.read_text(encoding="utf-8").replace("TEA-ADVENT-24,", "TEA-ADVENT-25,"), encoding="utf-8")
    plan = ("shop", "load", tmp_path / "shop", "--db", db, "--dry-run", "--json")
    assert "prices.csv" not in " ".join(checkout(*plan).data["notes"])
    goods.write_text(text.replace(",yes,24.90,", ",yes,22.90,", 1), encoding="utf-8")
    stock.write_text((SHOP / "stock.csv").read_text(encoding="utf-8"), encoding="utf-8")
    (told,) = checkout(*plan).data["notes"]
    assert told.startswith("1 product has another price in the catalogue. Write the former ones into prices.csv")


def test_what_was_promised_is_shown_with_the_order(checkout: Command, db: Path) -> None:
    """In words and as data, while it is open and afterwards."""
    config = db.parent / "config.toml"
    config.write_text("promise_for = 3600\n", encoding="utf-8")
    with opened(settings_of(str(db), config)) as backend:
        shop = backend.shop
        bought = shop.open_cart(currency="EUR")
        shop.add(bought.id, sku=MUG, quantity=2)
        begun = shop.begin(bought.id, ship_to=BERLIN, contact=ADA, shipping="standard")
    data = checkout("order", "show", begun.number, "--db", db, "--json").data["order"]
    assert [(one["sku"], one["price"], one["origin"]) for one in data["promises"]] == [(MUG, {"minor": 1190, "currency": "EUR"}, None)]
    assert begun.promises[0].until - begun.begun_at == timedelta(hours=1)
    assert "What was promised" in checkout("order", "show", begun.number, "--db", db).out
    assert "What was promised" not in checkout("order", "show", "5GYPS-FDKST", "--db", db).out
