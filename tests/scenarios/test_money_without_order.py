"""Money taken and no order: what happened to other shops when something failed in between, and what happens here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from checkout_core import Pending, Placed, Unavailable
from checkout_core.errors import Broken, NoAnswer
from checkout_core.payments import Captured
from tests.scenarios.stage import Names, Stage, reasons
from tests.world import begin, eur, garbled, lost, total, unheard

Open = Callable[..., Stage]


@pytest.mark.parametrize("by", ["worker", "repeating the call", "webhook"])
def test_the_store_fails_after_the_capture(stage: Open, by: str) -> None:
    """RB-34, I21. Given a capture that went well, and a store that is away when it is recorded, and then back; then the shopper is told
    that it is pending, never that it failed, and whoever comes next finishes the same order; it is charged once."""
    life = stage(stock=1)
    c = life.begin()
    shop, outage = life.failing()

    def then_away(real: Callable[[Any], Any], request: Any) -> Any:
        fact = real(request)
        outage.down = 1
        return fact

    life.gateway.upset("authorize", then_away)
    said = life.pay(c, shop=shop)
    assert isinstance(said, Pending)
    assert said.until is not None
    attempt = life.now(c).attempts[0]
    if by == "webhook":
        life.shop.learn(attempt.key, Captured("w", total(c)))
    life.clock.time = said.until
    if by == "worker":
        life.shop.tick()
    placed = life.pay(c)
    assert isinstance(placed, Placed)
    assert placed.number == c.number
    assert (life.charged, life.orders) == ([1740], 1)


def test_what_cannot_be_finished_goes_back_and_is_on_record(stage: Open) -> None:
    """RB-34. Given a capture that was never recorded, and a shopper who gives up meanwhile; when the store is back; then the money goes
    back once, the events say that it came and went, and the books balance."""
    life = stage()
    c = life.begin()
    shop, outage = life.failing()

    def then_away(real: Callable[[Any], Any], request: Any) -> Any:
        fact = real(request)
        outage.down = 1
        return fact

    life.gateway.upset("authorize", then_away)
    assert isinstance(life.pay(c, shop=shop), Pending)
    life.shop.cancel(c.id, reason="gave up")
    life.drain()
    assert (life.charged, life.now(c).order) == ([], None)
    kinds = life.kinds(c)
    assert [kinds.count(kind) for kind in ("payment.received", "payment.refund_due", "payment.refunded")] == [1, 1, 1]
    assert life.pay(c).reason == "cancelled"


@pytest.mark.parametrize("down", [1, 3])
def test_the_store_is_away_before_anything_happened(stage: Open, down: int) -> None:
    """RB-34, A1. Given a store that is away when the intent is to be stored; then nobody is called, the shopper is told to repeat, and the
    same call, repeated, is the first."""
    life = stage()
    c = life.begin()
    shop, outage = life.failing()
    outage.down = down
    for _ in range(down):
        with pytest.raises(Unavailable, match="Repeat"):
            life.pay(c, shop=shop)
    assert life.gateway.calls == []
    assert isinstance(life.pay(c, shop=shop), Placed)


def test_a_retry_has_the_same_number(stage: Open) -> None:
    """RB-35. Given a first attempt that failed after the number was drawn; when the customer pays again, and again after a time-out; then
    the order has the number that the checkout had from the beginning."""
    life = stage()
    c = life.begin()
    assert life.pay(c, "tok_declined").reason == "declined"
    assert life.pay(c, "tok_stolen", key="k2").reason == "declined"
    life.gateway.upset("authorize", lost)
    said = life.pay(c, key="k3")
    life.drain()
    said = life.pay(c, key="k3")
    assert isinstance(said, Placed)
    assert said.number == c.number == life.now(c).number


def test_a_number_is_one_checkouts(stage: Open) -> None:
    """RB-35. Given a source of numbers that gives one again and again; then the second checkout is refused whole, before it can be paid,
    and the next try, with another number, works."""
    life = stage()
    names = Names("again-")
    life.shop.ids = names
    first = life.begin()
    cart = life.shop.open_cart(currency="EUR").id
    life.shop.add(cart, sku="MUG")
    names.order_number = lambda: first.number  # type: ignore[method-assign]
    with pytest.raises(Broken):
        begin(life.shop, cart)
    names.order_number = lambda: "fresh"  # type: ignore[method-assign]
    second = begin(life.shop, cart)
    assert second.number == "fresh"
    assert isinstance(life.pay(second), Placed)
    assert isinstance(life.pay(first, key="k2"), Placed)
    assert life.orders == 2


def broken_down(real: Callable[[Any], Any], request: Any) -> Any:
    """A 500, with nothing behind it."""
    raise NoAnswer("500")


@pytest.mark.parametrize("fault", [broken_down, lost, unheard], ids=["500", "time-out", "time-out, taken"])
def test_the_gateway_fails_and_the_cart_is_there(stage: Open, fault: Any) -> None:
    """RB-37. Given a gateway that answers 500 or not at all, for a while; then there is no order yet, the cart is as it was, the checkout
    can be paid, and it ends in one order and one charge."""
    life = stage()
    c = life.begin()
    cart = life.shop.cart(c.cart)
    for op in ("authorize", "inquire"):
        life.gateway.upset(op, *([fault] if op == "authorize" else [broken_down] * 3))
    assert isinstance(life.pay(c), Pending)
    assert life.now(c).order is None
    assert life.shop.cart(c.cart) == cart
    assert reasons(lambda: life.shop.update(c.id, codes=["X"])) & {"payment-in-flight", "unknown-code"}
    life.drain()
    assert isinstance(life.pay(c), Placed)
    assert (life.charged, life.orders) == ([1740], 1)
    assert life.shop.cart(c.cart).ordered == c.id


def test_a_definite_no_leaves_everything_to_try_again(stage: Open) -> None:
    """RB-37. Given a decline; then there is no order, the cart is as it was, and another card buys it."""
    life = stage()
    c = life.begin()
    cart = life.shop.cart(c.cart)
    assert life.pay(c, "tok_insufficient_funds").reason == "declined"
    assert (life.shop.cart(c.cart), life.now(c).order, life.charged) == (cart, None, [])
    assert isinstance(life.pay(c, key="k2"), Placed)


def test_a_confirmation_without_a_session(stage: Open) -> None:
    """RB-38. Given 1,270.00 that was captured, and a confirmation that comes to another process, with nothing but the attempt's name; then
    the amount is the gateway's own, it is what was asked, and the order is placed for 1,270.00."""
    life = stage()
    life.shelf.reprice("MUG", 127_000 - 490)
    c = life.begin()
    assert total(c) == eur(127_000)
    life.pay(c, "tok_3ds_ok")
    life.clock.forward(seconds=10)
    attempt = life.now(c).attempts[0]
    payment = life.sandbox.books.payment(attempt.authorization)
    assert payment is not None
    after = life.another().learn(attempt.key, Captured(payment.reference, eur(payment.captured)))
    assert after.order is not None
    assert after.order.total == eur(127_000)
    assert life.charged == [127_000]


def test_another_amount_is_kept_apart_and_no_accident(stage: Open) -> None:
    """RB-38, RB-89, I8. Given a gateway that took another amount than asked; then nothing is raised, the shopper is told, the money is
    quarantined and goes back whole, and no order says that it is paid."""
    life = stage()
    c = life.begin()
    assert life.pay(c, "tok_amount_drift").reason == "amount-differs"
    assert "payment.quarantined" in life.kinds(c)
    life.drain()
    assert (life.charged, life.now(c).order) == ([], None)
    payment = life.sandbox.books.payments()[0]
    assert payment.refunded == payment.captured == 1741


def test_an_answer_that_cannot_be_read_is_asked_for_again(stage: Open) -> None:
    """RB-38, B5. Given a capture whose answer is not readable; then it is no failure: the gateway is asked, and the order is placed."""
    life = stage()
    c = life.begin()
    life.gateway.upset("authorize", garbled)
    with pytest.warns(RuntimeWarning, match="ValueError"):
        assert isinstance(life.pay(c), Placed)
    assert life.charged == [1740]


def test_late_money_buys_no_cart_that_was_bought_before(stage: Open) -> None:
    """R8, I18. Given a cart whose first payment lapsed undecided, and whose second bought it; when that order is cancelled, and then the
    first comes through after all; then the shopper, who wanted it no more, gets that money back too, and nothing waits for a person."""
    life = stage(stock=5)
    slow = life.lapsing()
    second = begin(life.shop, slow.cart)
    assert isinstance(life.pay(second, key="k2"), Placed)
    life.shop.cancel(second.id, reason="changed my mind")
    life.comes_through(slow)
    assert life.now(slow).order is None
    assert life.charged == []
    assert life.pool().available == 5
