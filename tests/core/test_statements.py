"""What a person says or does about a payment: it counts like a gateway's news, and leaves a trace of its own."""

from __future__ import annotations

import pytest

from checkout_core import Placed, Refusal
from checkout_core.errors import NotFound
from checkout_core.orders import PaymentState
from checkout_core.payments import Captured, Refunded
from tests.core.test_shop import Life
from tests.world import Crash, dies_before, eur, total


def stuck() -> tuple[Life, str, str]:
    """A cancelled order whose refund the gateway refuses: the id of its checkout, and of its payment."""
    life = Life()
    c = life.begin()
    life.pay(c, "tok_refund_refused")
    life.shop.cancel(c.id, reason="broken", actor="ann")
    life.drain()
    return life, c.id, life.now(c).attempts[0].key


def last(life: Life, checkout: str, kind: str) -> dict[str, object]:
    return dict([event for event in life.store.tables.events if event.checkout == checkout and event.kind == kind][-1].facts)


def test_who_cancelled_is_kept_with_the_reason() -> None:
    """R28: the operator's name is on the order's event, and never in the reason that a shopper may read."""
    life, id, _ = stuck()
    assert last(life, id, "order.cancelled") == {"number": life.shop.status(id).number, "reason": "broken", "by": "ann"}
    assert life.shop.status(id).by == "ann"


def test_a_shopper_who_cancels_is_not_named() -> None:
    """R24: an event names operators only."""
    life = Life()
    c = life.begin()
    life.shop.cancel(c.id, reason="too dear")
    assert "by" not in last(life, c.id, "checkout.abandoned")


def test_a_retry_asks_the_gateway_once_more_under_the_same_key() -> None:
    """R2, R19: what waited for a person goes on; who let it go on is an event."""
    life, id, payment = stuck()
    before = life.gateway.count("refund")
    life.shop.retry(payment, reason="the bank has looked", actor="ann")
    keys = {request.key for op, request in life.gateway.calls if op == "refund"}
    assert life.gateway.count("refund") == before + 1
    assert len(keys) == 1
    assert last(life, id, "payment.retried") == {"attempt": payment, "by": "ann", "reason": "the bank has looked"}


def test_a_retry_of_what_is_not_stuck_changes_nothing() -> None:
    """R4: twice is once, and no event is told for nothing."""
    life = Life()
    c = life.begin()
    life.pay(c)
    before = life.now(c)
    assert life.shop.retry(before.attempts[0].key, reason="why not", actor="ann") == before


def test_a_statement_ends_a_refund_that_the_gateway_would_not_make() -> None:
    """R6: sent back by a bank transfer, told by a person: the refund is done, the books have it, and the words are kept."""
    life, id, payment = stuck()
    c = life.shop.learn(payment, Refunded("transfer-7", life.shop.status(id).attempts[0].taken), reason="sent by transfer", actor="ann")
    assert c.attempts[0].state.value == "refunded"
    assert life.state(c) is PaymentState.REFUNDED
    said = last(life, id, "payment.stated")
    assert said == {"attempt": payment, "fact": "refunded", "by": "ann", "reason": "sent by transfer"}
    assert sum(e.amount for p in life.store.tables.postings for e in p.entries if e.account == "gateway") == 0


def test_a_statement_that_tells_nothing_new_is_kept_all_the_same() -> None:
    """RB-41: nothing moves, and what was said stays on record."""
    life = Life()
    c = life.begin()
    result = life.pay(c)
    assert isinstance(result, Placed)
    paid = life.now(c)
    after = life.shop.learn(paid.attempts[0].key, Captured("again", total(c)), reason="seen in the list", actor="ann")
    assert after.attempts == paid.attempts
    assert life.events(c)[-1] == "payment.stated"
    life.sound()


def test_a_statement_about_no_payment_of_ours_is_refused() -> None:
    """R21: a person hears that there is no such payment; a webhook's news of it is left for later."""
    life = Life()
    c = life.begin()
    with pytest.raises(NotFound):
        life.shop.learn(f"{c.id}/none", Captured("x", eur(1)), reason="so they say", actor="ann")
    with pytest.raises(NotFound):
        life.shop.retry(f"{c.id}/none", reason="so they say", actor="ann")


def test_a_statement_needs_a_reason() -> None:
    """O2: who says that money moved says how they know."""
    life, _, payment = stuck()
    with pytest.raises(Refusal):
        life.shop.learn(payment, Refunded("x", eur(1)), actor="ann")
    with pytest.raises(Refusal):
        life.shop.retry(payment, reason="", actor="ann")


def test_asking_now_does_not_wait_for_the_next_turn() -> None:
    """C5: the operator need not wait until the payment falls due again."""
    life = Life()
    c = life.begin()
    life.pay(c, "upi_paid")
    life.clock.forward(seconds=30)
    asked = life.gateway.count("inquire")
    after = life.shop.ask(c.id)
    assert after.order is not None
    assert life.gateway.count("inquire") == asked + 1


def test_asking_does_not_overtake_a_call_in_flight() -> None:
    """R1: another process has called the gateway, and its time is not up."""
    life = Life()
    c = life.begin()
    life.gateway.upset("authorize", dies_before)
    with pytest.raises(Crash):
        life.pay(c)
    before, calls = life.now(c), len(life.gateway.calls)
    assert before.in_flight
    assert life.shop.ask(c.id) == before
    assert len(life.gateway.calls) == calls
