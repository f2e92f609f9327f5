"""`checkout shipping quote`: what each way costs, from where, when it arrives; and what an order says of it."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checkout_cli.config import settings_of
from checkout_cli.wiring import opened
from checkout_core import plugins
from checkout_core.money import Money
from checkout_core.testing import TableCarrier
from tests.cli.conftest import EXAMPLES, Command
from tests.world import ADA, BERLIN

SHOP = EXAMPLES / "shop"
MUG = "MUG-STONE-BLUE-350"
FRIDAY = "2026-11-27T12:00:00+01:00"
CART = """\
currency = "EUR"
ship_to = { country = "DE", region = "BE", postcode = "10119" }

[[lines]]
sku = "MUG-STONE-BLUE-350"
quantity = 2
"""


def quoted(checkout: Command, *words: object) -> Any:
    return checkout("shipping", "quote", *words, "--json").data["shipping"]


def test_each_way_has_a_price_and_its_days(checkout: Command) -> None:
    found = quoted(checkout, f"{MUG}=2", "--to", "DE-BE", "--postcode", "10119", "--at", FRIDAY, "--shop", SHOP)
    assert [(one["method"], one["price"]["minor"]) for one in found["options"]] == [
        ("standard", 490),
        ("express", 1290),
        ("bike", 850),
        ("pickup/westhafen", 0),
    ]
    assert found["options"][0]["arrival"] == {"leaves": "2026-11-27", "earliest": "2026-12-01", "latest": "2026-12-02"}
    assert found["options"][3]["point"]["lines"] == ["Westhafenstraße 1", "13353 Berlin"]
    assert found["parcels"] == [{"origin": "berlin", "weight": 760, "volume": 0, "units": 2, "worth": 2980}]
    assert found["refused"] == []


def test_a_described_cart_is_the_same(checkout: Command, tmp_path: Path) -> None:
    (tmp_path / "cart.toml").write_text(CART, encoding="utf-8")
    by_cart = quoted(checkout, "--cart", tmp_path / "cart.toml", "--at", FRIDAY, "--shop", SHOP)
    assert by_cart == quoted(checkout, f"{MUG}=2", "--to", "DE-BE", "--postcode", "10119", "--at", FRIDAY, "--shop", SHOP)
    elsewhere = quoted(checkout, "--cart", tmp_path / "cart.toml", "--to", "FR", "--shop", SHOP)
    assert elsewhere["to"] == {"country": "FR", "region": None, "postcode": None}


def test_it_comes_from_where_it_lies_now(checkout: Command, db: Path) -> None:
    """For Ireland from Dublin, as shop.toml says; and from Berlin, once nothing is there any more."""
    before = quoted(checkout, MUG, "--to", "IE", "--db", db)
    assert [one["origin"] for one in before["parcels"]] == ["dublin"]
    with opened(settings_of(str(db))) as backend:
        left = backend.shop.stock(MUG, location="dublin")[MUG].available
        backend.shop.receive(MUG, -left, reason="water", actor="test", location="dublin")
    assert [one["origin"] for one in quoted(checkout, MUG, "--to", "IE", "--db", db)["parcels"]] == ["berlin"]


def test_several_parcels_are_told_with_their_shares(checkout: Command, db: Path, tmp_path: Path) -> None:
    """Where each is paid for itself; where all are paid together, one price is all there is to tell."""
    shop = tmp_path / "shop"
    shutil.copytree(SHOP, shop)
    ways = (shop / "shipping.toml").read_text(encoding="utf-8")
    (shop / "shipping.toml").write_text(ways.replace('name = "Parcel"', 'name = "Parcel"\nparcels = "each"'), encoding="utf-8")
    assert checkout("shop", "load", shop, "--db", db, "--yes").code == 0
    with opened(settings_of(str(db))) as backend:
        everything = backend.shop.stock(MUG)[MUG].available
    said = checkout("shipping", "quote", f"{MUG}={everything}", "--to", "DE-BE", "--db", db)
    assert said.code == 0
    assert "from berlin + " in said.out
    found = quoted(checkout, f"{MUG}={everything}", "--to", "DE-BE", "--db", db)
    (standard,) = [one for one in found["options"] if one["method"] == "standard"]
    assert [part["origin"] for part in standard["parts"]] == ["berlin", "dublin"]
    assert sum(part["price"]["minor"] for part in standard["parts"]) == standard["price"]["minor"]
    assert {one["reason"] for one in found["refused"]} == {"not-shipped-from", "too-heavy"}


def test_where_nothing_goes_it_says_why_and_ends_with_one(checkout: Command) -> None:
    said = checkout("shipping", "quote", MUG, "--to", "AU", "--shop", SHOP)
    assert said.code == 1
    assert said.out.count("not delivered there") == 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "what is to be sent"),
        ([MUG, "--to", "Germany"], "is no country"),
        ([MUG], "where it goes"),
        ([f"{MUG}=two", "--to", "DE"], "MUG=2"),
        ([f"{MUG}=-1", "--to", "DE"], "MUG=2"),
        ([MUG, "--to", "DE", "--at", "tomorrow"], "no time"),
        ([MUG, "--to", "DE", "--at", "2026-11-27T12:00:00"], "distance from UTC"),
        ([MUG, "--to", "DE", "--cart", "cart.toml"], "what is to be sent"),
        (["--cart", "nothing.toml", "--to", "DE"], "nothing.toml"),
    ],
)
def test_a_clumsy_hand_is_told_what_to_do(checkout: Command, words: list[object], told: str) -> None:
    said = checkout("shipping", "quote", *words, "--shop", SHOP)
    assert said.code == 2
    assert told in said.err


@pytest.mark.parametrize(
    ("words", "reason"), [(["CUP"], "unknown-sku"), ([f"{MUG}=0"], "quantity"), ([MUG, "--currency", "XXX"], "unknown-currency")]
)
def test_what_the_shop_refuses_ends_with_one(checkout: Command, words: list[object], reason: str) -> None:
    said = checkout("shipping", "quote", *words, "--to", "DE", "--shop", SHOP, "--json")
    assert said.code == 1
    assert [one["reason"] for one in said.data["error"]["reasons"]] == [reason]


def test_both_shops_at_once_are_refused(checkout: Command, db: Path) -> None:
    assert checkout("shipping", "quote", MUG, "--to", "DE", "--shop", SHOP, "--db", db).code == 2


def test_an_order_says_when_it_arrives_and_where_it_is_fetched(checkout: Command, db: Path) -> None:
    """What the shopper was told, kept with the purchase."""
    with opened(settings_of(str(db))) as backend:
        cart = backend.shop.open_cart(currency="EUR")
        backend.shop.add(cart.id, sku=MUG)
        c = backend.shop.begin(cart.id, ship_to=BERLIN, shipping="pickup/westhafen", contact=ADA)
    shown = checkout("order", "show", c.id, "--db", db, "--json").data["order"]
    assert c.arrival is not None
    assert date.fromisoformat(shown["arrival"]["leaves"]) == c.arrival.leaves
    assert shown["quote"]["shipping"][0]["point"] == ["Leaf & Kettle, Westhafen", "Westhafenstraße 1", "13353 Berlin"]
    words = checkout("order", "show", c.id, "--db", db).out
    assert "arrives" in words
    assert "Westhafenstraße 1" in words


def test_loading_new_places_is_told_and_used(checkout: Command, db: Path, tmp_path: Path) -> None:
    """A shop that was loaded by its files goes by them: another hour, another rule."""
    shop = tmp_path / "shop"
    shutil.copytree(SHOP, shop)
    text = (shop / "shop.toml").read_text(encoding="utf-8")
    (shop / "shop.toml").write_text('sourcing = "fewest"\n' + text.replace('"14:00"', '"11:00"'), encoding="utf-8")
    loaded = checkout("shop", "load", shop, "--db", db, "--yes")
    assert loaded.code == 0
    found = quoted(checkout, MUG, "--to", "DE", "--at", FRIDAY, "--db", db)
    assert found["options"][0]["arrival"]["leaves"] == "2026-11-30"
    with opened(settings_of(str(db))) as backend:
        assert backend.places.sourcing == "fewest"


# Carriers.
def acme(a_kilogram: int = 300, away: bool = False) -> TableCarrier:
    """What stands behind the entry point."""
    return TableCarrier({"X24": Money(a_kilogram, "EUR")}, away=away)


@pytest.fixture
def carriers(monkeypatch: pytest.MonkeyPatch) -> None:
    load = plugins.load

    def registered(group: str, name: str) -> Any:
        return acme if (group, name) == (plugins.CARRIERS, "acme") else load(group, name)

    monkeypatch.setattr(plugins, "load", registered)


def configured(folder: Path, text: str) -> Path:
    path = folder / "checkout.toml"
    path.write_text(text, encoding="utf-8")
    return path


SERVICE = '[services]\nexpress = ["acme", "X24"]\n'


@pytest.mark.usefixtures("carriers")
def test_a_carrier_in_the_configuration_is_asked(checkout: Command, db: Path, tmp_path: Path) -> None:
    """For `shipping quote`, for quotes, and in the shop that sells."""
    config = configured(tmp_path, SERVICE + "[carrier.acme]\na_kilogram = 777\n")
    where = ("--db", db, "--config", config)
    (express,) = [one for one in quoted(checkout, MUG, "--to", "DE-BE", *where)["options"] if one["method"] == "express"]
    assert express["price"]["minor"] == 777
    assert express["source"] == {"carrier": "acme", "answered": True}
    (tmp_path / "cart.toml").write_text('shipping = "express"\n' + CART, encoding="utf-8")
    quote = checkout("quote", tmp_path / "cart.toml", *where, "--json").data["quote"]
    assert quote["shipping"][0]["source"] == {"carrier": "acme", "answered": True}
    assert "rate of acme" in checkout("quote", tmp_path / "cart.toml", *where, "--explain").out
    with opened(settings_of(str(db), config)) as backend:
        cart = backend.shop.open_cart(currency="EUR")
        backend.shop.add(cart.id, sku=MUG)
        c = backend.shop.begin(cart.id, ship_to=BERLIN, shipping="express", contact=ADA)
    assert c.quote is not None
    assert c.quote.shipping[0].subtotal == 777


@pytest.mark.usefixtures("carriers")
def test_a_carrier_that_is_away_is_told(checkout: Command, db: Path, tmp_path: Path) -> None:
    away = SERVICE + "[carrier.acme]\naway = true\n"
    words = ("shipping", "quote", MUG, "--to", "DE-BE", "--db", db, "--config")
    (express,) = [
        one for one in checkout(*words, configured(tmp_path, away), "--json").data["shipping"]["options"] if one["method"] == "express"
    ]
    assert express["price"]["minor"] == 1290
    assert express["source"] == {"carrier": "acme", "answered": False}
    blocked = checkout(*words, configured(tmp_path, 'carrier_outage = "block"\n' + away))
    assert blocked.code == 0
    assert "does not say what it costs (acme)" in " ".join(blocked.out.split())


@pytest.mark.usefixtures("carriers")
@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[services]\nexpress = ["acme"]', 'services.express names a carrier and what it calls the service, such as ["acme", "X24"]'),
        ('[services]\nexpress = "acme"', "services.express is a list of texts"),
        (
            '[services]\nexprss = ["acme", "X24"]',
            "services.exprss: this shop has no such way to send. It has standard, express, bike",
        ),
        ('[services]\nexpress = ["nobody", "X24"]', "Nothing called 'nobody' is registered under checkout_core.carriers"),
        (SERVICE + "[carrier.acme]\ncolour = 1", "The carrier 'acme' cannot be made with what carrier.acme says"),
        ("[carrier.acme]\naway = true", "carrier.acme is described but has no services"),
        ('carrier_outage = "guess"', "carrier_outage is block or fallback, not 'guess'"),
        ("carrier_seconds = 0", "carrier_seconds is 1 to 60 seconds, not 0"),
    ],
)
def test_a_mistake_about_carriers_is_told(checkout: Command, db: Path, tmp_path: Path, text: str, told: str) -> None:
    said = checkout("shipping", "quote", MUG, "--to", "DE", "--db", db, "--config", configured(tmp_path, text))
    assert said.code in (2, 3)
    assert told in " ".join(said.err.split())
