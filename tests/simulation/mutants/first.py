"""The bugs that the first purchase was built against: the eight of the design, and seven more."""

from __future__ import annotations

import itertools
from typing import Any, cast

from attrs import evolve

from checkout_core import commands, drive, flow, payments, taking
from checkout_core.bookkeeping import events_of as real_events_of
from checkout_core.checkout import Checkout
from checkout_core.effects import Authorize, NoReply, Place, RemoteEffect
from checkout_core.holds import HoldState, Pool, Stock
from checkout_core.memory import MemoryUnit, Overlay
from checkout_core.payments import Attempt, AttemptState, Captured, Declined
from tests.simulation.mutants.bug import RUNNERS, Patch, bug, in_both, ready, real_of


@bug("no stored decision", "the next effect is performed, and stored nowhere", "I6", "I5", "L1", "I16")
def no_stored_decision(patch: Patch) -> None:
    real = MemoryUnit._apply

    def apply(self: MemoryUnit, record: Any) -> None:
        flying = isinstance(record, Checkout) and isinstance(record.next, RemoteEffect)
        real(self, evolve(record, next=None, due_at=None) if flying else record)

    patch.setattr(MemoryUnit, "_apply", apply)


@bug("last write wins", "an outcome is written over the checkout as it was when the call began", "I13", "I6", "I14")
def last_write_wins(patch: Patch) -> None:
    async def run(self: Any, stored: Any, *_: Any) -> Checkout:
        checkout, effect = stored
        while effect is not None:
            outcome = await ready(self.perform(effect))
            stale = checkout
            checkout, effect = await ready(
                self.storage.transact(lambda unit, s=stale, e=effect, o=outcome: land_on_what_was_read(unit, s, e, o))
            )
        return cast(Checkout, checkout)

    def land_on_what_was_read(unit: Any, read: Checkout, effect: Any, outcome: Any) -> Any:
        version = unit.checkout(read.id).version
        after = flow.advance(read, effect, outcome, unit.now)
        return drive.step(read, drive.drive(unit, evolve(read, version=version), evolve(after, version=version)))

    in_both(patch, RUNNERS, "run", run)


@bug("any outcome counts", "an outcome is applied whatever the checkout waits for", "I5", "I13", "I6", "I20")
def any_outcome_counts(patch: Patch) -> None:
    def advance(c: Checkout, effect: Any, outcome: Any, now: Any) -> Checkout:
        return flow.weigh(flow.apply(c, effect, outcome, now), now)

    patch.setattr(flow, "advance", advance)


@bug("time-out = decline", "no answer is taken for no", "Q1", "I21", "I6", "I5", "I20", origin="B1")
def timeout_is_decline(patch: Patch) -> None:
    real = real_of(RUNNERS, "perform")

    async def perform(self: Any, effect: RemoteEffect, *given: Any) -> Any:
        outcome = await ready(real(self, effect, *given))
        return Declined("time-out") if isinstance(outcome, NoReply) else outcome

    in_both(patch, RUNNERS, "perform", perform)


@bug(
    "refund without ownership",
    "a repeated message makes the second run send back what the first one earned",
    "Q1",
    "I13",
    "I4",
    origin="RB-19",
)
def refund_without_ownership(patch: Patch) -> None:
    real = flow.learn

    def learn(c: Checkout, key: str, fact: Any, now: Any) -> Checkout:
        attempt = c.attempt(key)
        if attempt is not None and isinstance(fact, Captured) and attempt.state is AttemptState.CAPTURED and not c.in_flight:
            return evolve(c.with_attempt(evolve(attempt, unwanted="paid-already")), next=None)  # a second payment? send it back
        return real(c, key, fact, now)

    patch.setattr(flow, "learn", learn)


@bug("confirm before money", "the order is placed when the payment begins", "I4")
def confirm_before_money(patch: Patch) -> None:
    def go_on(c: Checkout, now: Any) -> Any:
        step = REAL_GO_ON(c, now)
        return Place() if isinstance(step, Authorize) and c.order is None else step

    patch.setattr(flow, "go_on", go_on)


@bug("check-then-act stock", "stock is looked at when the checkout begins, and added to when it pays", "I2", origin="RB-10")
def check_then_act_stock(patch: Patch) -> None:
    real = Pool.take

    def take(self: Pool, amount: int) -> Pool | None:
        if not isinstance(self.key, Stock):
            return real(self, amount)
        short = max(self.held + self.committed + amount - self.on_hand, 0)
        return evolve(self, held=self.held + amount, shortfall=short)  # it was there when the checkout began

    patch.setattr(Pool, "take", take)


@bug("key random per try", "each call to the gateway has a key of its own", "I5", "I6", origin="RB-28")
def key_random_per_try(patch: Patch) -> None:
    real = flow.get_paid

    def get_paid(attempt: Attempt, c: Checkout, now: Any) -> Any:
        step = real(attempt, c, now)
        return evolve(step, key=f"{attempt.key}~{attempt.calls}/authorize") if isinstance(step, Authorize) else step

    patch.setattr(flow, "get_paid", get_paid)


@bug("release twice", "letting go of a hold counts twice", "I1", origin="RB-82")
def release_twice(patch: Patch) -> None:
    real = Pool.move

    def move(self: Pool, amount: int, old: HoldState, new: HoldState) -> Pool:
        after = real(self, amount, old, new)
        return evolve(after, on_hand=after.on_hand + amount) if new is HoldState.RELEASED else after

    patch.setattr(Pool, "move", move)


@bug("late failure overwrites paid", "the last message wins, not the best evidence", "I13", "I6", "I20", origin="RB-40")
def late_failure_overwrites_paid(patch: Patch) -> None:
    moves = dict(payments.ATTEMPT_MOVES)
    moves[AttemptState.CAPTURED] = frozenset(AttemptState) - {AttemptState.CAPTURED}
    patch.setattr(payments, "ATTEMPT_MOVES", moves)


@bug("expiry ignores money in flight", "a lapsed checkout is closed without asking the gateway", "I6", "I5", origin="RB-13")
def expiry_ignores_money_in_flight(patch: Patch) -> None:
    def weigh_wish(c: Checkout, now: Any) -> Checkout:
        if now >= c.lapses_at and not c.abandoned and not any(a.money for a in c.attempts):
            closed = tuple(evolve(a, state=AttemptState.VOIDED, unwanted="expired") if a.open else a for a in c.attempts)
            return evolve(c, attempts=closed, abandoned="expired", next=None)
        return REAL_WEIGH_WISH(c, now)

    patch.setattr(flow, "weigh_wish", weigh_wish)


@bug("overdue is never sent", "an intent whose process died is taken for one that was not sent", "I6", "I5", origin="A2")
def overdue_is_never_sent(patch: Patch) -> None:
    def overdue(c: Checkout, now: Any) -> Checkout:
        if c.due_at is None or now < c.due_at:
            return c
        if isinstance(c.next, Authorize):
            attempt = c.attempt(c.next.attempt)
            assert attempt is not None
            return flow.weigh(evolve(c.with_attempt(evolve(attempt, state=AttemptState.VOIDED)), next=None), now)
        return REAL_OVERDUE(c, now)

    patch.setattr(flow, "overdue", overdue)


@bug("two pay one cart", "a second payment begins while the first is open", "I5", origin="RB-26")
def two_pay_one_cart(patch: Patch) -> None:
    patch.setattr(Checkout, "paying", property(lambda c: next((a for a in reversed(c.attempts) if a.open and not a.unwanted), None)))
    patch.setattr(commands, "pay", _pay_without_looking)


def _pay_without_looking(unit: Any, id: str, wish: Any, known: Any, policy: Any) -> Any:
    before = unit.checkout(id)
    if wish.asked.before(unit) is not None or before.order is not None or before.abandoned:
        return REAL_PAY(unit, id, wish, known, policy)
    c = commands.requoted(unit, before, wish.expected, known, policy)
    assert c.quote is not None
    attempt = commands.attempt_for(c, c.quote, wish, policy)
    after = drive.drive(unit, before, flow.pay(evolve(c, claims=taking.wanted(unit, c, c.quote, policy)), attempt, unit.now))
    unit.write(wish.asked.record(attempt=attempt.key))
    return drive.step(before, after), after.attempt(attempt.key)


@bug("event without its number", "the outbox skips a number", "I14")
def event_without_its_number(patch: Patch) -> None:
    count = itertools.count(1)

    def events_of(before: Any, after: Checkout, now: Any, acts: Any = ()) -> Any:
        c, events = real_events_of(before, after, now, acts)
        return evolve(c, events=c.events + (next(count) % 2 if before is not None and len(events) > 1 else 0)), events

    patch.setattr(drive, "events_of", events_of)


@bug("half a commit", "the store forgets to write that nothing is held any more", "I1", "I3", "I16")
def overlay_half_committed(patch: Patch) -> None:
    real = Overlay.commit

    def commit(self: Overlay[Any, Any]) -> None:
        written = dict(self.written)
        if any(isinstance(value, tuple) and not value for value in written.values()):
            return  # forgets to write that nothing is held any more
        real(self)

    patch.setattr(Overlay, "commit", commit)


REAL_GO_ON, REAL_WEIGH_WISH, REAL_OVERDUE, REAL_PAY = flow.go_on, flow.weigh_wish, flow.overdue, commands.pay

FIRST_PURCHASE = (
    no_stored_decision,
    last_write_wins,
    any_outcome_counts,
    timeout_is_decline,
    refund_without_ownership,
    confirm_before_money,
    check_then_act_stock,
    key_random_per_try,
)

MORE = (
    release_twice,
    late_failure_overwrites_paid,
    expiry_ignores_money_in_flight,
    overdue_is_never_sent,
    two_pay_one_cart,
    event_without_its_number,
    overlay_half_committed,
)
