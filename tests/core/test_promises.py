"""A price that was quoted holds for its checkout until it was promised, however much dearer it becomes; asking again makes it no longer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, Checkout, MemoryStorage, Placed, Policy, PriceList, PriceRow, Promotion, Ratio, Refused, Shop, Shopper
from checkout_core.codec import decode_checkout, encode_checkout
from checkout_core.errors import BadSetting
from checkout_core.prices import PriceOrigin, Promise, UnitPrice
from checkout_core.pricing import PricingPolicy
from checkout_core.promotions import Percent
from tests.world import NOON, SECRET, Numbered, Shelf, TestClock, a_checkout, begin, eur

HOUR = timedelta(hours=1)


class Life:
    """A shop that promises its prices for an hour; its quotes last 15 minutes."""

    def __init__(self, promise_for: int = 3600, **more: Any) -> None:
        self.clock, self.shelf, self.more = TestClock(), Shelf(), more
        self.storage, self.ids = MemoryStorage(self.clock), Numbered()
        self.shop = self.promising(promise_for)
        for sku in ("MUG", "BOOK"):
            self.shop.receive(sku, 100, reason="opening stock", actor="test")

    def promising(self, seconds: int) -> Shop:
        """The same shop, under another policy."""
        policy = Policy(promise_for=seconds, identity_secret=SECRET, channels={"counter": PricingPolicy()})
        gateways = [SandboxGateway(clock=self.clock)]
        ports: dict[str, Any] = {"storage": self.storage, "catalog": self.shelf, "gateways": gateways, "clock": self.clock, "ids": self.ids}
        return Shop(policy=policy, **ports, **self.more)

    def lists(self, *lists: PriceList) -> None:
        self.shelf.now = evolve(self.shelf.now, items=self.shelf.now.items.values(), lists=lists)

    def pay(self, c: Checkout) -> Any:
        assert c.quote is not None
        return self.shop.pay(c.id, Card("tok_ok"), expected=c.quote.hash, key="k1")


def units(c: Checkout) -> dict[str, int]:
    assert c.quote is not None
    return {line.sku: line.unit for line in c.quote.lines}


def test_a_promise_outlasts_the_quote() -> None:
    """RB-88, G1: the quote has run out and the price has gone up; what the shopper saw is what she pays, by its very hash."""
    life = Life()
    c = a_checkout(life.shop)
    life.shelf.reprice("MUG", 9900)
    life.clock.forward(minutes=59, seconds=59)
    assert life.shop.validate(c.id) == ()
    assert isinstance(life.pay(c), Placed)


def test_a_promise_does_not_hold_at_its_end() -> None:
    life = Life()
    c = a_checkout(life.shop)
    assert c.promises == (Promise("MUG", eur(1250), None, "", NOON + HOUR),)
    life.shelf.reprice("MUG", 9900)
    life.clock.forward(hours=1)
    refused = life.pay(c)
    assert isinstance(refused, Refused)
    assert refused.reason == "quote-changed"


def test_asking_again_makes_no_promise_longer() -> None:
    """What has become dearer keeps its own end; what has not is promised anew."""
    life = Life()
    cart = life.shop.open_cart(currency="EUR")
    for sku in ("MUG", "BOOK"):
        life.shop.add(cart.id, sku=sku)
    c = begin(life.shop, cart.id)
    life.shelf.reprice("MUG", 9900)
    life.clock.forward(minutes=50)
    again = life.shop.update(c.id, codes=[])
    assert units(again) == {"MUG": 1250, "BOOK": 2000}
    assert {one.sku: one.until - NOON for one in again.promises} == {"MUG": HOUR, "BOOK": HOUR + timedelta(minutes=50)}
    life.clock.forward(minutes=10)
    assert units(life.shop.begin(cart.id, pay_by="card")) == {"MUG": 9900, "BOOK": 2000}


def test_what_has_become_cheaper_is_paid_as_it_is_and_promised_anew() -> None:
    life = Life()
    c = a_checkout(life.shop)
    life.shelf.reprice("MUG", 1000)
    life.clock.forward(minutes=20)
    c = life.shop.update(c.id, codes=[])
    assert (units(c), c.promises) == ({"MUG": 1000}, (Promise("MUG", eur(1000), None, "", NOON + timedelta(minutes=80)),))
    life.shelf.reprice("MUG", 1250)
    life.clock.forward(minutes=20)
    assert units(life.shop.update(c.id, pay_by="card")) == {"MUG": 1000}


def test_a_promise_holds_for_more_of_the_same_but_not_below_its_tier() -> None:
    """Ten at 9.00 are twelve at 9.00; nine of them never were."""
    life = Life()
    life.lists(PriceList("steps", [PriceRow("MUG", eur(900), 10)]))
    c = a_checkout(life.shop, quantity=10)
    life.lists()
    (line,) = life.shop.cart(c.cart).lines
    life.shop.change(c.cart, line.id, quantity=12)
    more = life.shop.begin(c.cart)
    assert (units(more), more.promises[0].origin) == ({"MUG": 900}, PriceOrigin("steps", 10, 900, 1250))
    assert more.quote is not None
    assert more.quote.lines[0].origin == PriceOrigin("steps", 10, 900, 1250)
    life.shop.change(c.cart, line.id, quantity=9)
    assert units(life.shop.begin(c.cart)) == {"MUG": 1250}


def test_a_promise_is_of_the_channel_it_was_made_in() -> None:
    life = Life()
    life.lists(PriceList("counter", [PriceRow("MUG", eur(900))], channels=["counter"]))
    c = a_checkout(life.shop, channel="counter")
    assert units(c) == {"MUG": 900}
    assert units(life.shop.update(c.id, channel="")) == {"MUG": 1250}


def test_a_line_that_is_taken_out_takes_its_promise_with_it() -> None:
    """So a checkout has at most one promise for each thing in its cart (R25)."""
    life = Life()
    c = a_checkout(life.shop)
    (line,) = life.shop.cart(c.cart).lines
    life.shop.add(c.cart, sku="BOOK")
    life.shop.remove(c.cart, line.id)
    c = life.shop.begin(c.cart)
    assert [one.sku for one in c.promises] == ["BOOK"]
    life.shelf.reprice("MUG", 9900)
    life.shop.add(c.cart, sku="MUG")
    assert units(life.shop.begin(c.cart)) == {"MUG": 9900, "BOOK": 2000}


def test_what_is_not_sold_in_the_currency_any_more_is_still_sold_as_promised_but_nothing_withdrawn() -> None:
    life = Life()
    c = a_checkout(life.shop)
    mug = life.shelf.now.items["MUG"]
    life.shelf.now = evolve(life.shelf.now, items=[evolve(mug, prices=[])])
    life.clock.forward(minutes=20)
    assert life.shop.validate(c.id) == ()
    life.shelf.withdraw("MUG")
    assert [refused.reason for refused in life.shop.validate(c.id)] == ["unknown-sku"]


def test_promotions_and_floors_are_those_of_the_day() -> None:
    """The unit price is promised, not what is taken off it; no promotion takes it below a floor that was raised above it."""
    life = Life()
    c = a_checkout(life.shop)
    mug = life.shelf.now.items["MUG"]
    tenth = Promotion("tenth", "A tenth", Percent(Ratio(10)))
    life.shelf.now = evolve(life.shelf.now, items=[evolve(mug, prices=[eur(2000)])], deals=[tenth])
    life.clock.forward(minutes=20)
    c = life.shop.update(c.id, codes=[])
    assert c.quote is not None
    assert (c.quote.lines[0].unit, c.quote.lines[0].discount) == (1250, 125)
    life.shelf.now = evolve(life.shelf.now, items=[evolve(mug, prices=[eur(2000)], floors=[eur(1900)])])
    life.clock.forward(minutes=20)
    c = life.shop.update(c.id, pay_by="card")
    assert c.quote is not None
    assert (c.quote.lines[0].unit, c.quote.lines[0].discount) == (1250, 0)


def test_a_shop_that_promises_nothing_keeps_no_promises() -> None:
    life = Life(promise_for=0)
    c = a_checkout(life.shop)
    assert c.promises == ()
    life.shelf.reprice("MUG", 9900)
    life.clock.forward(minutes=15)
    assert life.pay(c).reason == "quote-changed"


def test_a_shop_that_stops_promising_keeps_what_it_promised() -> None:
    life = Life()
    c = a_checkout(life.shop)
    life.shelf.reprice("MUG", 9900)
    later = life.promising(0)
    life.clock.forward(minutes=20)
    c = later.update(c.id, codes=[])
    assert (units(c), len(c.promises)) == ({"MUG": 1250}, 1)
    life.clock.forward(minutes=40)
    c = later.update(c.id, pay_by="card")
    assert (units(c), c.promises) == ({"MUG": 9900}, ())


def test_a_promise_is_stored_with_its_checkout() -> None:
    life = Life()
    c = a_checkout(life.shop)
    assert decode_checkout(encode_checkout(c), c.quote) == c
    assert life.shop.status(c.id).promises == c.promises


def test_whoever_leaves_a_group_keeps_what_the_checkout_was_promised() -> None:
    class Accounts:
        groups: tuple[str, ...] = ("trade",)

        def shopper(self, customer: str | None, email: str | None) -> Shopper:
            return Shopper(self.groups)

    accounts = Accounts()
    life = Life(customers=accounts)
    life.lists(PriceList("trade", [PriceRow("MUG", eur(900))], groups=["trade"]))
    c = a_checkout(life.shop, customer="acme")
    accounts.groups = ()
    life.clock.forward(minutes=20)
    assert units(life.shop.update(c.id, codes=[])) == {"MUG": 900}


def test_near_misses_and_the_reasons_of_a_code_know_of_promises() -> None:
    """What the shop window says is of the price that would be paid."""
    life = Life()
    c = a_checkout(life.shop, quantity=2)
    big = Promotion("big", "Big", Percent(Ratio(10)), minimum=[eur(5000)])
    life.shelf.now = evolve(life.shelf.now, items=[evolve(life.shelf.now.items["MUG"], prices=[eur(2400)])], deals=[big])
    (miss,) = life.shop.near_misses(c.cart)
    assert miss.why.missing == eur(2500)


@pytest.mark.parametrize("seconds", [-1, True, 1.5, None])
def test_a_promise_is_for_so_many_seconds(seconds: Any) -> None:
    with pytest.raises(BadSetting, match="promise_for"):
        Policy(promise_for=seconds)


def test_a_promise_is_an_upper_bound() -> None:
    promise = Promise("MUG", eur(900), PriceOrigin("a", 3, 900, None), "", NOON)
    assert promise.or_less(UnitPrice(800, None)) == (800, None)
    assert promise.or_less(UnitPrice(900, None)) == (900, None)
    assert promise.or_less(UnitPrice(901, None)) == (900, promise.origin)
    assert promise.or_less(None) == (900, promise.origin)
    before = NOON - timedelta(microseconds=1)
    assert promise.holds(3, "", before)
    assert not promise.holds(2, "", before)
    assert not promise.holds(3, "counter", before)
    assert not promise.holds(3, "", NOON)
