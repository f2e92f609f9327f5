"""A price that was hashed by a former rule is no other price: the shopper's hash stays good. And every price can be kept by a host."""

from __future__ import annotations

import pickle
from copy import deepcopy

import pytest
from attrs import evolve

from checkout_adapters.sandbox import SandboxGateway
from checkout_core import Card, Placed
from checkout_core.money import Money, by_currency
from checkout_core.policy import Policy
from checkout_core.pricing import PricingPolicy, Quote
from checkout_core.promotions import AmountOff, Promotion
from checkout_core.quote import hash_of, intact, same_price
from checkout_core.values import Table
from tests.world import Shelf, TestClock, a_checkout, a_shop


def former(quote: Quote) -> Quote:
    """The same quote as an older release hashed it."""
    old = evolve(quote, scheme=1)
    return evolve(old, hash=hash_of(old))


def test_an_open_checkout_with_a_former_quote_may_be_paid_when_that_has_run_out() -> None:
    """The release is upgraded while a shopper thinks. Nothing changed for her, so what she saw is what she pays (R7, I8)."""
    clock = TestClock()
    deals = (Promotion("five", "Five off", AmountOff([Money(500, "EUR")])),)
    shop, store = a_shop(gateways=[SandboxGateway(clock=clock)], clock=clock, shelf=Shelf(deals))
    checkout = a_checkout(shop)
    assert checkout.quote is not None
    old = former(checkout.quote)
    store.tables.checkouts[checkout.id] = evolve(checkout, quote=old)
    clock.forward(seconds=checkout.deadlines.quote_for + 1)
    assert shop.validate(checkout.id) == ()
    assert isinstance(shop.pay(checkout.id, Card("tok_ok"), expected=old.hash, key="k1"), Placed)


def test_only_the_rule_of_the_hash_may_differ() -> None:
    """Another content is another price, whichever rule told it first."""
    shop, _ = a_shop()
    checkout = a_checkout(shop)
    quote = checkout.quote
    assert quote is not None
    old = former(quote)
    assert (old.hash != quote.hash, intact(old), intact(quote)) == (True, True, True)
    assert same_price(old, quote)
    assert same_price(quote, quote)
    other = evolve(quote, currency="USD")
    assert not same_price(old, evolve(other, hash=hash_of(other)))
    assert not same_price(quote, evolve(other, hash=hash_of(other)))


def test_quotes_promotions_products_and_policies_are_copied_and_pickled() -> None:
    """A host may keep them in a cache, or send them to another process."""
    shop, _ = a_shop(shelf=Shelf((Promotion("five", "Five off", AmountOff([Money(500, "EUR")])),)))
    quote = a_checkout(shop).quote
    policy = Policy(channels={"counter": PricingPolicy()})
    for value in (quote, Promotion("five", "Five", AmountOff([Money(500, "EUR"), Money(500, "USD")])), policy):
        assert pickle.loads(pickle.dumps(value)) == value  # our own bytes
        assert deepcopy(value) == value


def test_a_table_is_a_value() -> None:
    """It is read like a dict, equal by its content, and does not change."""
    table = by_currency([Money(1, "EUR"), Money(2, "USD")], "A thing")
    assert isinstance(table, Table)
    assert (table["EUR"], table.get("JPY"), dict(table)) == (Money(1, "EUR"), None, {"EUR": Money(1, "EUR"), "USD": Money(2, "USD")})
    assert table == by_currency([Money(2, "USD"), Money(1, "EUR")], "A thing")
    for change, given in (
        ("update", ({"JPY": Money(1, "JPY")},)),
        ("pop", ("EUR",)),
        ("setdefault", ("JPY", Money(1, "JPY"))),
        ("__setitem__", ("JPY", Money(1, "JPY"))),
        ("__delitem__", ("EUR",)),
        ("__ior__", ({},)),
        ("clear", ()),
        ("popitem", ()),
    ):
        with pytest.raises(TypeError, match="does not change"):
            getattr(table, change)(*given)
    assert len(table) == 2
