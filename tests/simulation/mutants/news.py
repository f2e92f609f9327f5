"""Bugs about news of a payment: whose it is, what it says, and what the shopper is told of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve

from checkout_core import checkout, commands, flow, payments
from checkout_core.bookkeeping import events_of, postings_of
from checkout_core.checkout import Checkout
from checkout_core.orders import Order
from checkout_core.payments import MONEY, Attempt, AttemptState, Captured
from checkout_core.refusals import Refused
from checkout_core.unit import CloseCart, Commit
from tests.simulation.mutants.bug import Patch, bug, everywhere


@bug(
    "news is for the latest",
    "a webhook is taken for news of the attempt that is open, not of the one it names",
    "I20",
    "I6",
    "I13",
    origin="RB-40",
)
def news_is_for_the_latest(patch: Patch) -> None:
    real = flow.learn

    def learn(c: Checkout, key: str, fact: Any, now: datetime) -> Checkout:
        latest = next((attempt for attempt in reversed(c.attempts) if attempt.open), None)
        return real(c, key if latest is None else latest.key, fact, now)

    everywhere(patch, real, learn)


@bug("any amount will do", "the gateway's own figure is not compared with ours", "I8", "I4", "I7", origin="RB-38")
def any_amount_will_do(patch: Patch) -> None:
    real = payments.settle

    def settle(attempt: Attempt, fact: Any) -> Attempt:
        told = real(attempt, fact)
        return evolve(told, unwanted=attempt.unwanted) if told.unwanted == "amount-differs" else told

    everywhere(patch, real, settle)


@bug("second settle path", "a webhook places the order itself, whatever has become of the goods", "I3", "I8", "I13", origin="RB-23")
def second_settle_path(patch: Patch) -> None:
    real = commands.learn

    def learn(unit: Any, attempt: str, fact: Any, reason: str, actor: str, asked: Any) -> Any:
        before = unit.checkout(attempt.rsplit("/", 1)[0])
        paid = before.attempt(attempt)
        if actor or not isinstance(fact, Captured) or before.order is not None or paid is None or paid.state in MONEY:
            return real(unit, attempt, fact, reason, actor, asked)
        paid = evolve(paid, state=AttemptState.CAPTURED, received=fact.amount, reference=fact.reference, unwanted="", doubt=False)
        order = Order(before.id, before.number, before.total, unit.now, paid_by=paid.key)
        after = evolve(before.with_attempt(paid), order=order, next=None, due_at=None, abandoned="", version=before.version + 1)
        after, events = events_of(before, after, unit.now)
        unit.write(after, Commit(after.id), CloseCart(after.cart, after.id), *postings_of(before, after, unit.now), *events)
        return after, None

    everywhere(patch, real, learn)


@bug("given up is told as refused", "whoever ran out of time is told no, although late money may still buy", "I21", "I17", origin="B8")
def given_up_is_told_as_refused(patch: Patch) -> None:
    real = checkout.answer

    def answer(c: Checkout, attempt: Attempt) -> Any:
        said = real(c, attempt)
        waiting = not isinstance(said, Refused) and c.order is None
        return Refused("not-completed", given=attempt.unwanted) if waiting and attempt.unwanted else said

    everywhere(patch, real, answer)


NEWS = (news_is_for_the_latest, any_amount_will_do, second_settle_path, given_up_is_told_as_refused)
