"""Bugs about money on its way: answers that were lost, calls that come late, asking again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import evolve

from checkout_core import flow, payments
from checkout_core.checkout import Checkout
from checkout_core.effects import Authorize, Inquire, NoReply, Refund, RemoteEffect, Void
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.payments import CLOSED, PAYER, Attempt, AttemptState, Captured
from tests.simulation.mutants.bug import RUNNERS, Patch, bug, everywhere, in_both, ready, real_of


class _Stopped:
    """A clock by which nothing is ever late."""

    def now(self) -> datetime:
        return datetime.min.replace(tzinfo=UTC)


# No answer.
@bug("not found is believed at once", "the gateway does not know the key yet, and is taken at its word", "I6", "I5", "Q1", origin="B3")
def not_found_is_believed(patch: Patch) -> None:
    real = flow.absent

    def absent(attempt: Attempt, asked: int, now: datetime) -> Attempt:
        if attempt.state in (AttemptState.INTENDED, AttemptState.UNKNOWN):
            return evolve(attempt, state=AttemptState.VOIDED, doubt=False, ask_at=None, reason="never-arrived")
        return real(attempt, asked, now)

    everywhere(patch, real, absent)


@bug(
    "a stop that was sent is a stop",
    "a void without an answer, and a key that is not found: closed, and the late call acts",
    "I6",
    origin="B3",
)
def a_stop_that_was_sent(patch: Patch) -> None:
    real = flow.absent

    def absent(attempt: Attempt, asked: int, now: datetime) -> Attempt:
        if attempt.unwanted and attempt.stop_asked and attempt.state in (AttemptState.INTENDED, AttemptState.UNKNOWN):
            return evolve(attempt, state=AttemptState.VOIDED, doubt=False, ask_at=None, reason="never-arrived")
        return real(attempt, asked, now)

    everywhere(patch, real, absent)


@bug("a lost void counts as done", "nobody asks what became of a void without an answer", "I6", "I20", "I13", origin="A3")
def a_lost_void(patch: Patch) -> None:
    _believe(patch, Void, AttemptState.VOIDED, flow.heard)


@bug("a lost refund counts as done", "nobody asks what became of a refund without an answer", "I20", "I6", origin="A3")
def a_lost_refund(patch: Patch) -> None:
    _believe(patch, Refund, AttemptState.REFUNDED, flow.heard)


def _believe(patch: Patch, call: type, state: AttemptState, real: Any) -> None:
    def heard(attempt: Attempt, effect: RemoteEffect, outcome: Any, now: datetime) -> Attempt:
        told: Attempt = real(attempt, effect, outcome, now)
        done = isinstance(effect, call) and isinstance(outcome, NoReply) and told.state not in CLOSED
        return evolve(told, state=state, doubt=False, ask_at=None) if done else told

    everywhere(patch, real, heard)


@bug("placed in doubt", "money that may have been let go a moment ago buys the goods", "I4", "I13", origin="B12")
def placed_in_doubt(patch: Patch) -> None:
    real = flow.go_on

    def go_on(c: Checkout, now: datetime) -> Any:
        paying = c.paying
        sure = evolve(paying, doubt=False) if paying is not None and paying.money else None
        return real(c if sure is None or c.order is not None else c.with_attempt(sure), now)

    everywhere(patch, real, go_on)


@bug(
    "a call nobody waits for",
    "an inquiry is stored without a time by which others go on: its process dies, and nobody does",
    "L1",
    "I6",
    "I16",
    origin="A2",
)
def a_call_nobody_waits_for(patch: Patch) -> None:
    _no_deadline(patch, Inquire, flow.schedule)


@bug("a refund nobody waits for", "a refund is stored without a time by which others go on", "I6", "L2", "L1", origin="A2")
def a_refund_nobody_waits_for(patch: Patch) -> None:
    _no_deadline(patch, Refund, flow.schedule)


def _no_deadline(patch: Patch, call: type, real: Any) -> None:
    def schedule(c: Checkout, step: Any, now: datetime) -> Checkout:
        after: Checkout = real(c, step, now)
        return evolve(after, due_at=None) if isinstance(after.next, call) else after

    everywhere(patch, real, schedule)


@bug("by is not looked at", "a process that slept through its call's time sends it all the same", "I6", "I5", "I20", origin="A7")
def by_is_not_looked_at(patch: Patch) -> None:
    real = real_of(RUNNERS, "perform")

    async def perform(self: Any, effect: RemoteEffect, *given: Any) -> Any:
        return await ready(real(evolve(self, clock=_Stopped()), effect, *given))

    in_both(patch, RUNNERS, "perform", perform)


@bug(
    "told by the gateway, not by the store",
    "the order could not be written, and the shopper is told that it is placed",
    "I15",
    "I21",
    "I17",
    origin="E5",
)
def told_by_the_gateway(patch: Patch) -> None:
    real = real_of(RUNNERS, "record")

    async def record(self: Any, id: str, effect: RemoteEffect, outcome: Any) -> Any:
        try:
            return await ready(real(self, id, effect, outcome))
        except (Unavailable, NoAnswer):
            if not isinstance(outcome, Captured):
                raise
        now = self.clock.now()
        heard = flow.apply(await ready(self.storage.look(lambda view: view.checkout(id))), effect, outcome, now)
        return (flow.placed(heard, now) if heard.paying is not None else heard), None

    in_both(patch, RUNNERS, "record", record)


# Asking again.
@bug(
    "a lost capture is asked for anew",
    "a capture without an answer becomes a second authorization under another key",
    "I5",
    "I6",
    "I25",
    origin="A3",
)
def a_lost_capture(patch: Patch) -> None:
    real = flow.get_paid

    def get_paid(attempt: Attempt, c: Checkout, now: datetime) -> Any:
        step = real(attempt, c, now)
        if attempt.doubt and attempt.state is AttemptState.AUTHORIZED and not attempt.unwanted and isinstance(step, Inquire):
            call = flow.call_of(attempt)
            return Authorize(*call, f"{attempt.key}/authorize/{attempt.calls}", attempt.amount, attempt.instrument, True, c.lapses_at)
        return step

    everywhere(patch, real, get_paid)


@bug("a refund has a new key each time", "a refund without an answer is sent again, and is another one", "I7", "I20", origin="B13")
def a_refund_has_new_keys(patch: Patch) -> None:
    real = flow.give_back

    def give_back(attempt: Attempt, now: datetime) -> Any:
        step = real(attempt, now)
        if attempt.state is AttemptState.CAPTURED and isinstance(step, Inquire | Refund):
            call = flow.call_of(attempt)
            return Refund(*call, f"{attempt.key}/refund/{attempt.calls}", attempt.authorization, attempt.reference, attempt.taken)
        return step

    everywhere(patch, real, give_back)


@bug("the wait never grows", "a gateway that is away is asked every second", "L5", "I25", origin="Y2")
def the_wait_never_grows(patch: Patch) -> None:
    everywhere(patch, payments.back_off, lambda asked: timedelta(seconds=1))


@bug("the payer's turn has no end", "while the payer has to act, nobody is due to look", "L1", "I16", "I6", origin="B7")
def the_payers_turn(patch: Patch) -> None:
    real = flow.schedule

    def schedule(c: Checkout, step: Any, now: datetime) -> Checkout:
        after = real(c, step, now)
        theirs = after.paying is not None and after.paying.state in PAYER and not after.in_flight
        return evolve(after, due_at=None) if theirs else after

    everywhere(patch, real, schedule)


@bug(
    "the window opens with the intent",
    "how late a call can arrive is counted from when it was decided, not from when it can last be sent",
    "I6",
    origin="B3",
)
def the_window_opens_with_the_intent(patch: Patch) -> None:
    real = flow.schedule

    def schedule(c: Checkout, step: Any, now: datetime) -> Checkout:
        after = real(c, step, now)
        attempt = after.attempt(step.attempt) if isinstance(step, Authorize | Void | Refund) and after is not c else None
        if attempt is None:
            return after
        return after.with_attempt(evolve(attempt, final_at=now + timedelta(seconds=attempt.terms.settle_window)))

    everywhere(patch, real, schedule)


CALLS = (
    not_found_is_believed,
    a_stop_that_was_sent,
    a_lost_void,
    a_lost_refund,
    placed_in_doubt,
    a_call_nobody_waits_for,
    a_refund_nobody_waits_for,
    by_is_not_looked_at,
    told_by_the_gateway,
    a_lost_capture,
    a_refund_has_new_keys,
    the_wait_never_grows,
    the_payers_turn,
    the_window_opens_with_the_intent,
)
