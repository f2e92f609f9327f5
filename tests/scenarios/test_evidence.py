"""News of a payment, whoever brings it, however often and in whatever order; and what people write that is more than text."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from attrs import evolve

from checkout_core import Money, Placed, Policy
from checkout_core.payments import ActionNeeded, Authorized, Captured, Challenge, Fact, Processing
from tests.scenarios.stage import Stage
from tests.world import BERLIN, SECRET

Open = Callable[..., Stage]


@pytest.mark.fault("D2")
def test_news_in_any_order_comes_to_the_same_order(stage: Open, struck: set[str]) -> None:
    """Given four messages about one payment; in each of their 24 orders they make one order, and none takes back what another said."""
    life = stage(stock=24)
    for n, order in enumerate(permutations(range(4))):
        c = life.begin()
        life.pay(c, "tok_3ds_ok", key=f"k{n}")
        attempt = life.now(c).attempts[0]
        life.sandbox.payer(attempt.authorization, "approve")
        reference, until = attempt.reference, life.clock.time
        paid = Captured(reference, attempt.amount)
        news: list[Fact] = [ActionNeeded(reference, Challenge("https://bank.example/3ds"), until), Processing(reference), paid, paid]
        if order != (0, 1, 2, 3):
            struck.add("D2")
        for heard, one in enumerate(order):
            life.shop.learn(attempt.key, news[one])
            assert (life.now(c).order is not None) == bool({2, 3} & {*order[: heard + 1]})
    assert (life.orders, life.charged) == (24, [1740] * 24)


@pytest.mark.fault("C2", "C4")
def test_the_shopper_comes_back_twice_and_after_the_webhook(stage: Open, struck: set[str]) -> None:
    """Given a challenge whose outcome the webhook told first; when the shopper comes back, and presses back and comes again; then each
    time they are shown the same order, and nothing is stored."""
    life = stage()
    c = life.begin()
    life.pay(c, "tok_3ds_ok")
    attempt = life.now(c).attempts[0]
    life.sandbox.payer(attempt.authorization, "approve")
    life.shop.learn(attempt.key, Captured(attempt.reference, attempt.amount))
    order, before = life.now(c).order, life.place.snapshot()
    assert order is not None
    struck.add("C4")
    returns = [life.pay(c, "tok_3ds_ok"), life.pay(c, "tok_3ds_ok")]
    struck.add("C2")
    assert {said.number for said in returns if isinstance(said, Placed)} == {order.number}
    assert life.place.snapshot() == before


@pytest.mark.fault("B11")
def test_no_more_is_captured_than_was_reserved(stage: Open, struck: set[str]) -> None:
    """Given a gateway that reserved less than was asked for; then nothing is captured: it is let go, and the shopper may pay again."""
    life = stage(policy=Policy(identity_secret=SECRET, capture="after-placing"))
    c = life.begin()

    def less(real: Callable[[Any], Any], request: Any) -> Any:
        said = real(request)
        assert isinstance(said, Authorized)
        struck.add("B11")
        return evolve(said, amount=Money(request.amount.minor - 1, request.amount.currency))

    life.gateway.upset("authorize", less)
    life.pay(c)
    life.drain(days=0.01)
    assert life.gateway.count("capture") == 0
    assert life.charged == []


@pytest.mark.fault("S14")
def test_a_name_is_a_name_whatever_it_says(stage: Open, struck: set[str]) -> None:
    """SQL, markup, a formula and a template in a name and in a reason are stored as they are, and run nowhere."""
    life = stage()
    evil = "Robert'); DROP TABLE orders;-- <script>alert(1)</script> {{ 7*7 }} =cmd|' /C calc'!A0"
    c = life.begin(ship_to=evolve(BERLIN, name=evil))
    struck.add("S14")
    assert isinstance(life.pay(c), Placed)
    person = life.storage.look(lambda view: view.person(c.id))
    assert person.address.name == evil
    life.shop.cancel(c.id, reason=evil)
    assert life.now(c).order is not None


@pytest.mark.fault("S11")
def test_what_a_gateway_shouts_is_not_repeated(stage: Open, struck: set[str]) -> None:
    """Given a gateway whose exception holds an address, a token and a secret; then neither the warning, nor an event, nor the checkout as
    it prints itself says any of them (R24)."""
    life = stage()
    secrets = ("ada@example.com", "sk_live_51H8", "Unter den Linden 1", "tok_ok")
    c = life.begin()

    def shouts(real: Callable[[Any], Any], request: Any) -> Any:
        struck.add("S11")
        raise RuntimeError(" ".join(secrets))

    life.gateway.upset("authorize", shouts)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        said = life.pay(c)
    told = [*(str(one.message) for one in heard), repr(said), repr(life.now(c)), *(repr(event) for event in life.events())]
    assert heard
    assert not [secret for secret in secrets for text in told if secret in text]
