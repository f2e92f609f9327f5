"""Bugs about money that must not stay: how much of it goes back, whether it does, and who hears of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve

from checkout_core import bookkeeping, drive, flow, payments
from checkout_core.checkout import Checkout
from checkout_core.effects import Refund, RemoteEffect
from checkout_core.holds import Short, Stock, Taken
from checkout_core.orders import FulfilmentState, OrderState
from checkout_core.payments import CLOSED, Attempt, AttemptState, RefundRefused
from tests.simulation.mutants.bug import Patch, bug, everywhere


@bug("back goes what was asked", "a refund is of the amount we asked for, though the gateway took less", "I7", "I6", "I20", origin="B14")
def back_goes_what_was_asked(patch: Patch) -> None:
    real = flow.give_back

    def give_back(attempt: Attempt, now: datetime) -> Any:
        step = real(attempt, now)
        return evolve(step, amount=attempt.amount) if isinstance(step, Refund) else step

    everywhere(patch, real, give_back)


@bug("a refused refund is a refund", "the gateway will not send it back, and nobody is told", "L2", "I20", "I6", origin="B15")
def a_refused_refund(patch: Patch) -> None:
    real = flow.heard

    def heard(attempt: Attempt, effect: RemoteEffect, outcome: Any, now: datetime) -> Attempt:
        told = real(attempt, effect, outcome, now)
        return evolve(told, stuck="", state=AttemptState.REFUNDED) if isinstance(outcome, RefundRefused) else told

    everywhere(patch, real, heard)


@bug(
    "late money is left lying",
    "the goods for late money are gone: the unit is refused, again and again, and the money stays",
    "I6",
    "L1",
    origin="RB-14",
)
def late_money_is_left_lying(patch: Patch) -> None:
    real = drive.perform

    def perform(unit: Any, c: Checkout, effect: Any) -> Any:
        outcome = real(unit, c, effect)
        if isinstance(outcome, Short):
            raise drive.Shortage(outcome, c.quote)
        return outcome

    everywhere(patch, real, perform)


@bug("confirmed short", "late money confirms its order although the goods are gone", "I3", origin="RB-14")
def confirmed_short(patch: Patch) -> None:
    real = drive.perform

    def perform(unit: Any, c: Checkout, effect: Any) -> Any:
        outcome = real(unit, c, effect)
        paid = c.paying is not None and c.paying.money
        return Taken() if paid and isinstance(outcome, Short) and isinstance(outcome.pool, Stock) else outcome

    everywhere(patch, real, perform)


@bug("closed is closed", "money that comes after a no is not looked at", "I6", "I20", origin="RB-92")
def closed_is_closed(patch: Patch) -> None:
    real = payments.settle
    everywhere(patch, real, lambda attempt, fact: attempt if attempt.state in CLOSED else real(attempt, fact))


@bug("a cancelled order comes back", "money that is on its way back makes the order stand again", "I13", "I3", origin="RB-92")
def a_cancelled_order_comes_back(patch: Patch) -> None:
    real = flow.weigh_order

    def weigh_order(c: Checkout) -> Checkout:
        order, paying = c.order, c.attempt(c.order.paid_by) if c.order is not None else None
        back = paying is not None and paying.state is AttemptState.CAPTURED and paying.unwanted and paying.doubt
        if order is not None and order.state is OrderState.CANCELLED and paying is not None and back:
            stands = evolve(order, state=OrderState.PLACED, fulfilment=FulfilmentState.UNFULFILLED, cancelled="")
            return evolve(c.with_attempt(evolve(paying, unwanted="", doubt=False)), order=stands)
        return real(c)

    everywhere(patch, real, weigh_order)


@bug("nothing is told of a stuck refund", "a refund that waits for a person raises no alert", "L2", "I14", origin="B15")
def nothing_is_told_of_a_stuck_refund(patch: Patch) -> None:
    real = bookkeeping.events_of

    def events_of(before: Any, after: Checkout, now: datetime, acts: Any = ()) -> Any:
        counted, events = real(before, after, now, acts)
        heard = [event for event in events if event.kind != "payment.attention"]
        kept = tuple(evolve(event, seq=after.events + n) for n, event in enumerate(heard, start=1))
        return evolve(counted, events=after.events + len(kept)), kept

    everywhere(patch, real, events_of)


MONEY_BACK = (
    back_goes_what_was_asked,
    a_refused_refund,
    late_money_is_left_lying,
    confirmed_short,
    closed_is_closed,
    a_cancelled_order_comes_back,
    nothing_is_told_of_a_stuck_refund,
)
