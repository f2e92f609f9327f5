"""Planted bugs: small wrong versions of the product, applied as test-time patches. Each must be caught; none is ever shipped."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, cast

import pytest
from attrs import evolve, frozen

from checkout_core import commands, drive, flow, payments
from checkout_core.bookkeeping import events_of as real_events_of
from checkout_core.checkout import Checkout
from checkout_core.effects import Authorize, NoReply, Place, RemoteEffect
from checkout_core.holds import HoldState, Pool, Stock
from checkout_core.memory import MemoryUnit, Overlay
from checkout_core.payments import Attempt, AttemptState, Captured, Declined
from checkout_core.runner import AsyncRunner


@frozen
class Mutant:
    """A bug by name, what it gets wrong, and how it is planted."""

    name: str
    says: str
    plant: Callable[[pytest.MonkeyPatch], None]


def no_stored_decision(patch: pytest.MonkeyPatch) -> None:
    real = MemoryUnit._apply

    def apply(self: MemoryUnit, record: Any) -> None:
        flying = isinstance(record, Checkout) and isinstance(record.next, RemoteEffect)
        real(self, evolve(record, next=None, due_at=None) if flying else record)

    patch.setattr(MemoryUnit, "_apply", apply)


def last_write_wins(patch: pytest.MonkeyPatch) -> None:
    async def run(self: AsyncRunner, stored: Any) -> Checkout:
        checkout, effect = stored
        while effect is not None:
            outcome = await self.perform(effect)
            stale = checkout
            checkout, effect = await self.storage.transact(
                lambda unit, s=stale, e=effect, o=outcome: land_on_what_was_read(unit, s, e, o)  # type: ignore[misc]
            )
        return cast(Checkout, checkout)

    def land_on_what_was_read(unit: Any, read: Checkout, effect: Any, outcome: Any) -> Any:
        version = unit.checkout(read.id).version
        after = flow.advance(read, effect, outcome, unit.now)
        return drive.step(read, drive.drive(unit, evolve(read, version=version), evolve(after, version=version)))

    patch.setattr(AsyncRunner, "run", run)


def any_outcome_counts(patch: pytest.MonkeyPatch) -> None:
    def advance(c: Checkout, effect: Any, outcome: Any, now: Any) -> Checkout:
        return flow.weigh(flow.apply(c, effect, outcome, now), now)

    patch.setattr(flow, "advance", advance)


def timeout_is_decline(patch: pytest.MonkeyPatch) -> None:
    real = AsyncRunner.perform

    async def perform(self: AsyncRunner, effect: RemoteEffect) -> Any:
        outcome = await real(self, effect)
        return Declined("time-out") if isinstance(outcome, NoReply) else outcome

    patch.setattr(AsyncRunner, "perform", perform)


def refund_without_ownership(patch: pytest.MonkeyPatch) -> None:
    real = flow.learn

    def learn(c: Checkout, key: str, fact: Any, now: Any) -> Checkout:
        attempt = c.attempt(key)
        if attempt is not None and isinstance(fact, Captured) and attempt.state is AttemptState.CAPTURED and not c.in_flight:
            return evolve(c.with_attempt(evolve(attempt, unwanted="paid-already")), next=None)  # a second payment? send it back
        return real(c, key, fact, now)

    patch.setattr(flow, "learn", learn)


def confirm_before_money(patch: pytest.MonkeyPatch) -> None:
    def go_on(c: Checkout, now: Any) -> Any:
        step = REAL_GO_ON(c, now)
        return Place() if isinstance(step, Authorize) and c.order is None else step

    patch.setattr(flow, "go_on", go_on)


def check_then_act_stock(patch: pytest.MonkeyPatch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if not isinstance(self.key, Stock):
            return real(self, amount)
        short = max(self.held + self.committed + amount - self.on_hand, 0)
        return evolve(self, held=self.held + amount, shortfall=short)  # it was there when the checkout began

    patch.setattr(Pool, "take", take)


def key_random_per_try(patch: pytest.MonkeyPatch) -> None:
    real = flow.get_paid

    def get_paid(attempt: Attempt, c: Checkout, now: Any) -> Any:
        step = real(attempt, c, now)
        return evolve(step, key=f"{attempt.key}~{attempt.calls}/authorize") if isinstance(step, Authorize) else step

    patch.setattr(flow, "get_paid", get_paid)


def release_twice(patch: pytest.MonkeyPatch) -> None:
    real = Pool.move

    def move(self: Pool, amount: int, old: HoldState, new: HoldState) -> Pool:
        after = real(self, amount, old, new)
        return evolve(after, on_hand=after.on_hand + amount) if new is HoldState.RELEASED else after

    patch.setattr(Pool, "move", move)


def late_failure_overwrites_paid(patch: pytest.MonkeyPatch) -> None:
    moves = dict(payments.ATTEMPT_MOVES)
    moves[AttemptState.CAPTURED] = frozenset(AttemptState) - {AttemptState.CAPTURED}
    patch.setattr(payments, "ATTEMPT_MOVES", moves)


def expiry_ignores_money_in_flight(patch: pytest.MonkeyPatch) -> None:
    def weigh_wish(c: Checkout, now: Any) -> Checkout:
        if now >= c.lapses_at and not c.abandoned and not any(a.money for a in c.attempts):
            closed = tuple(evolve(a, state=AttemptState.VOIDED, unwanted="expired") if a.open else a for a in c.attempts)
            return evolve(c, attempts=closed, abandoned="expired", next=None)
        return REAL_WEIGH_WISH(c, now)

    patch.setattr(flow, "weigh_wish", weigh_wish)


def overdue_is_never_sent(patch: pytest.MonkeyPatch) -> None:
    def overdue(c: Checkout, now: Any) -> Checkout:
        if c.due_at is None or now < c.due_at:
            return c
        if isinstance(c.next, Authorize):
            attempt = c.attempt(c.next.attempt)
            assert attempt is not None
            return flow.weigh(evolve(c.with_attempt(evolve(attempt, state=AttemptState.VOIDED)), next=None), now)
        return REAL_OVERDUE(c, now)

    patch.setattr(flow, "overdue", overdue)


def two_pay_one_cart(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Checkout, "paying", property(lambda c: next((a for a in reversed(c.attempts) if a.open and not a.unwanted), None)))
    patch.setattr(commands, "pay", _pay_without_looking)


def _pay_without_looking(unit: Any, id: str, wish: Any, known: Any, policy: Any) -> Any:
    before = unit.checkout(id)
    if wish.asked.before(unit) is not None or before.order is not None or before.abandoned:
        return REAL_PAY(unit, id, wish, known, policy)
    c = commands.requoted(unit, before, wish.expected, known, policy)
    assert c.quote is not None
    attempt = commands.attempt_for(c, c.quote, wish, policy)
    after = drive.drive(unit, before, flow.pay(evolve(c, claims=commands.wanted(unit, c, c.quote, policy)), attempt, unit.now))
    unit.write(wish.asked.record(attempt=attempt.key))
    return drive.step(before, after), after.attempt(attempt.key)


def event_without_its_number(patch: pytest.MonkeyPatch) -> None:
    count = itertools.count(1)

    def events_of(before: Any, after: Checkout, now: Any, acts: Any = ()) -> Any:
        c, events = real_events_of(before, after, now, acts)
        return evolve(c, events=c.events + (next(count) % 2 if before is not None and len(events) > 1 else 0)), events

    patch.setattr(drive, "events_of", events_of)


def overlay_half_committed(patch: pytest.MonkeyPatch) -> None:
    real = Overlay.commit

    def commit(self: Overlay[Any, Any]) -> None:
        written = dict(self.written)
        if any(isinstance(value, tuple) and not value for value in written.values()):
            return  # forgets to write that nothing is held any more
        real(self)

    patch.setattr(Overlay, "commit", commit)


REAL_GO_ON, REAL_WEIGH_WISH, REAL_OVERDUE = flow.go_on, flow.weigh_wish, flow.overdue


REAL_PAY = commands.pay

FIRST_PURCHASE = (
    Mutant("no stored decision", "the next effect is performed, and stored nowhere", no_stored_decision),
    Mutant("last write wins", "an outcome is written over the checkout as it was when the call began", last_write_wins),
    Mutant("any outcome counts", "an outcome is applied whatever the checkout waits for", any_outcome_counts),
    Mutant("time-out = decline", "no answer is taken for no", timeout_is_decline),
    Mutant(
        "refund without ownership", "a repeated message makes the second run send back what the first one earned", refund_without_ownership
    ),
    Mutant("confirm before money", "the order is placed when the payment begins", confirm_before_money),
    Mutant("check-then-act stock", "stock is looked at when the checkout begins, and added to when it pays", check_then_act_stock),
    Mutant("key random per try", "each call to the gateway has a key of its own", key_random_per_try),
)

MORE = (
    Mutant("release twice", "letting go of a hold counts twice", release_twice),
    Mutant("late failure overwrites paid", "the last message wins, not the best evidence", late_failure_overwrites_paid),
    Mutant("expiry ignores money in flight", "a lapsed checkout is closed without asking the gateway", expiry_ignores_money_in_flight),
    Mutant("overdue is never sent", "an intent whose process died is taken for one that was not sent", overdue_is_never_sent),
    Mutant("two pay one cart", "a second payment begins while the first is open", two_pay_one_cart),
    Mutant("event without its number", "the outbox skips a number", event_without_its_number),
    Mutant("half a commit", "the store forgets to write that nothing is held any more", overlay_half_committed),
)
