"""A refund that is refused while an earlier call for it may still arrive (B13, B14, I20)."""

from __future__ import annotations

from datetime import datetime

import pytest

from checkout_core import flow
from checkout_core.checkout import Checkout
from checkout_core.effects import Booked, Free, Freed, Inquire, NoReply, Outcome, Place, Refund, RemoteEffect, Wait
from checkout_core.payments import AttemptState, Captured, Refunded, RefundRefused
from tests.core.test_flow import captured, paying
from tests.world import NOON


def landed(c: Checkout, outcome: Outcome, now: datetime, kind: type[RemoteEffect]) -> Checkout:
    """The next call is made, is of that kind, and lands."""
    step = flow.plan(c, now)
    assert isinstance(step, kind)
    return flow.advance(flow.schedule(c, step, now), step, outcome, now)


def cancelled_order() -> Checkout:
    c = paying()
    assert c.next is not None
    c = flow.advance(c, c.next, captured(c), NOON)  # type: ignore[arg-type]
    c = flow.cancel(flow.advance(c, Place(), Booked(), NOON), "found a nicer one", NOON)
    return flow.advance(c, Free(), Freed(), NOON)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_refusal_is_not_the_last_word_while_an_earlier_call_may_arrive(arrives: bool) -> None:
    """I20, B13: a person is told at once; when nothing can be on its way any more the gateway is asked, once."""
    c = landed(cancelled_order(), NoReply(), NOON, Refund)
    truth = captured(c)
    c = landed(c, truth, NOON, Inquire)
    c = landed(c, RefundRefused("refused-by-bank"), NOON, Refund)
    (attempt,) = c.attempts
    assert attempt.stuck == "refused-by-bank"
    assert attempt.final_at is not None
    assert flow.plan(c, NOON) == Wait(attempt.final_at)
    then = attempt.final_at
    c = landed(c, Refunded("r", truth.amount) if arrives else Captured("ref", truth.amount), then, Inquire)
    (attempt,) = c.attempts
    assert (attempt.state, attempt.stuck) == ((AttemptState.REFUNDED, "") if arrives else (AttemptState.CAPTURED, "refused-by-bank"))
    assert arrives or flow.plan(c, then) == Wait(None)


def test_a_refusal_of_the_only_call_is_a_persons_at_once() -> None:
    """L2: nothing else is on its way, so nobody has to be asked again."""
    c = landed(cancelled_order(), RefundRefused("refused-by-bank"), NOON, Refund)
    assert flow.plan(c, NOON) == Wait(None)
