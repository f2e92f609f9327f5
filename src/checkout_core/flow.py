"""Start reading here. `plan` names the next effect, `apply` records what came back, `weigh` draws the consequences.

    before a unit    weigh → plan → a local effect → apply → weigh → plan → …  until plan names a remote effect, waits, or is done
    between units    the remote effect that was stored is performed, and its outcome lands in the next unit

Three rules carry the safety; each one taken out loses money or stock, and a planted bug shows it: the decision is stored with the state;
a change re-reads, never last-write-wins; an outcome counts only for the effect it answers, or as news of the attempt it belongs to.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from checkout_core.checkout import LATE, Checkout, verdict
from checkout_core.effects import (
    RESOLVED_BY,
    Authorize,
    Booked,
    Capture,
    Done,
    Effect,
    Free,
    Freed,
    Inquire,
    LocalEffect,
    NoReply,
    Outcome,
    Place,
    Refund,
    RemoteEffect,
    Take,
    Void,
    Wait,
)
from checkout_core.holds import Short, Taken, Unpaid
from checkout_core.orders import FulfilmentState, Order, OrderState
from checkout_core.payments import PAYER, Attempt, AttemptState, Fact, NotFound, RefundRefused, back_off, settle
from checkout_core.values import evolve

MARGIN = 15  # seconds added to a gateway's own time-out before anybody else may go on
CALLS_AT_MOST = 12  # to start one payment, before we give it up (R25)


def plan(c: Checkout, now: datetime) -> Effect | Wait | Done:
    """What this purchase needs next: first whatever goes back, then hold, pay, place, capture."""
    if isinstance(c.next, RemoteEffect):
        return c.next  # nothing overtakes a call in flight
    if c.over and c.held != c.kept:
        return Free()
    steps = [give_back(attempt, now) for attempt in c.attempts if attempt.open and attempt.unwanted]
    ours = go_on(c, now)
    return soonest([*steps, ours]) if steps else ours


def go_on(c: Checkout, now: datetime) -> Effect | Wait | Done:
    """The first thing still missing."""
    attempt = c.paying
    if c.over:
        return Done()
    if c.order is None and c.held != c.claims:
        return Take(c.claims)
    if attempt is None:
        return Done() if c.order else Wait(c.lapses_at)  # the shopper's turn
    if c.order is None and attempt.money and not attempt.doubt:
        return Place()
    return get_paid(attempt, c, now)


def get_paid(attempt: Attempt, c: Checkout, now: datetime) -> RemoteEffect | Wait | Done:
    """The next call for money we want."""
    call = call_of(attempt)
    if attempt.ask_at is not None and now < attempt.ask_at:
        times = (attempt.ask_at, attempt.until, None if c.order else c.lapses_at)
        return Wait(min(t for t in times if t is not None))
    if attempt.doubt or attempt.state in PAYER:
        return Inquire(*call, attempt.authorization, attempt.reference)
    if attempt.state is AttemptState.INTENDED:
        by = now + timedelta(seconds=attempt.terms.call_timeout)
        return Authorize(*call, attempt.authorization, attempt.amount, attempt.instrument, attempt.capture, by)
    if attempt.state is AttemptState.AUTHORIZED:
        return Capture(*call, f"{attempt.key}/capture", attempt.authorization, attempt.reference, attempt.amount)
    return Done()


def give_back(attempt: Attempt, now: datetime) -> RemoteEffect | Wait:
    """The next call to make sure that money we do not want never comes, or goes back whole."""
    call = call_of(attempt)
    if attempt.stuck and attempt.final_at is None:
        return Wait(None)
    if attempt.ask_at is not None and now < attempt.ask_at:
        return Wait(attempt.ask_at)
    if attempt.stuck:  # an earlier call may still arrive: a person is told now, and the gateway asked once more when none can
        return Inquire(*call, attempt.authorization, attempt.reference)
    if attempt.state is AttemptState.CAPTURED and not attempt.doubt:
        return Refund(*call, f"{attempt.key}/refund", attempt.authorization, attempt.reference, attempt.taken)
    stop_first = attempt.terms.tombstone and not attempt.stop_asked and attempt.state is not AttemptState.CAPTURED
    cannot_stop = attempt.stop_asked and attempt.state in PAYER
    if (attempt.doubt and not stop_first) or cannot_stop:
        return Inquire(*call, attempt.authorization, attempt.reference)
    return Void(*call, f"{attempt.key}/void", attempt.authorization, attempt.reference)


def call_of(attempt: Attempt) -> tuple[str, str, int]:
    return attempt.key, attempt.gateway, attempt.calls


def soonest(steps: Sequence[Effect | Wait | Done]) -> Effect | Wait | Done:
    """The first that can be done now, else the wait that ends first, else done."""
    effects = [step for step in steps if isinstance(step, Effect)]
    waits = [step for step in steps if isinstance(step, Wait)]
    ends = [step.until for step in waits if step.until is not None]
    return effects[0] if effects else Wait(min(ends)) if ends else waits[0] if waits else Done()


def apply(c: Checkout, effect: Effect, outcome: Outcome, now: datetime) -> Checkout:
    """The checkout with what came back recorded, and nothing decided."""
    match outcome:
        case Taken():
            if not isinstance(effect, Take):
                raise ValueError(f"{outcome} is no outcome of {effect}.")
            return evolve(c, held=effect.claims)
        case Short():
            return out_of_reach(c)
        case Freed():
            return evolve(c, held=c.kept)
        case Booked():
            return placed(c, now)
        case _:
            if isinstance(effect, LocalEffect):
                raise ValueError(f"{outcome} is no outcome of {effect}.")
            attempt = c.attempt(effect.attempt)
            if attempt is None:
                return evolve(c, next=None)
            return after_news(evolve(c, next=None), heard(attempt, effect, outcome, now), now)


def advance(c: Checkout, effect: Effect, outcome: Outcome, now: datetime) -> Checkout:
    """Record the outcome of `effect`. If that is not the effect in flight, it counts only as news of its attempt."""
    if isinstance(effect, LocalEffect) or c.next == effect:
        return weigh(apply(c, effect, outcome, now), now)
    if isinstance(outcome, NoReply | NotFound | Taken | Short | Freed | Booked):
        return c
    return learn(c, effect.attempt, outcome, now)


def learn(c: Checkout, key: str, fact: Fact, now: datetime) -> Checkout:
    """News of an attempt, from wherever: a late reply, a webhook, an operator (R6). It may settle the call in flight for that attempt."""
    attempt = c.attempt(key)
    told = None if attempt is None else settle(attempt, fact)
    if told is None or told is attempt:
        return c
    flying = c.next
    if isinstance(flying, RemoteEffect) and not (flying.attempt == key and isinstance(fact, RESOLVED_BY[type(flying)])):
        return weigh(c.with_attempt(told), now)
    told = evolve(told, calls=told.calls + 1, ask_at=now + back_off(2) if told.state in PAYER else None)
    return weigh(after_news(evolve(c, next=None), told, now), now)


def overdue(c: Checkout, now: datetime) -> Checkout:
    """Somebody comes by at `due_at`: a call that has not landed has no answer, and may have acted (R3)."""
    if c.due_at is None or now < c.due_at:
        return c
    if isinstance(c.next, RemoteEffect):
        return advance(c, c.next, NoReply(), now)
    return weigh(evolve(c, next=None), now)


def pay(c: Checkout, attempt: Attempt, now: datetime) -> Checkout:
    """The shopper's wish to pay, as an attempt; the caller has made sure that none is open."""
    deadline = now + timedelta(seconds=c.deadlines.hold_for)  # goods are held from here on: the day that a checkout has is over
    latest = now + timedelta(seconds=c.deadlines.hold_at_most)
    return weigh(evolve(c, attempts=(*c.attempts, attempt), deadline=deadline, latest=latest, next=None), now)


def ask_now(c: Checkout, key: str, now: datetime) -> Checkout:
    """The shopper is back: ask the gateway now instead of later."""
    attempt = c.attempt(key)
    if c.in_flight or attempt is None or not attempt.open or not (attempt.doubt or attempt.state in PAYER):
        return c
    return weigh(evolve(c.with_attempt(evolve(attempt, ask_at=now)), next=None), now)


def retry(c: Checkout, key: str, now: datetime) -> Checkout:
    """A person has looked at a payment that was stuck: try again."""
    attempt = c.attempt(key)
    if attempt is None or not attempt.stuck or not attempt.open:
        return c
    return weigh(evolve(c.with_attempt(evolve(attempt, stuck="", asked=0, ask_at=None)), next=c.next if c.in_flight else None), now)


def cancel(c: Checkout, reason: str, now: datetime, *, by: str = "") -> Checkout:
    """Turn back. A call in flight is not overtaken: the wish is noted, and weighed when the call lands (O1)."""
    c = evolve(c, by=by)
    if c.order is not None:
        return weigh(cancelled(c, reason), now)
    return weigh(evolve(c, abandoned="cancelled", because=reason, next=c.next if c.in_flight else None), now)


def weigh(c: Checkout, now: datetime) -> Checkout:
    """What follows from the facts and the clock: what is unwanted, what has lapsed, what is welcome after all, what is final."""
    c = weigh_order(c) if c.order is not None else weigh_wish(c, now)
    for attempt in c.attempts:
        if attempt.unwanted and attempt.state is AttemptState.CAPTURED and not attempt.taken.minor:
            c = c.with_attempt(evolve(attempt, state=AttemptState.REFUNDED))  # nothing needs no gateway to give it back
        if attempt.verdict is None and (final := verdict(c, attempt)) is not None:
            c = c.with_attempt(evolve(c.attempt(attempt.key) or attempt, verdict=final))
    return c


def weigh_wish(c: Checkout, now: datetime) -> Checkout:
    """Before there is an order: whether it is still wanted, and still in time."""
    if c.abandoned and c.abandoned != "expired":
        c = unwant(c, c.abandoned, also=LATE)
    c = welcome_late_money(c)
    attempt = c.paying
    if attempt is not None and attempt.money:
        return counted_as_paid(c)
    if attempt is not None and attempt.state is AttemptState.ACTION and attempt.until is not None and now >= attempt.until:
        c = unwant(c, "unfinished")
    if attempt is not None and attempt.calls >= CALLS_AT_MOST and attempt.state in (AttemptState.INTENDED, AttemptState.UNKNOWN):
        c = unwant(c, "no-answer")
    if now >= c.lapses_at and not c.abandoned:
        c = unwant(c, "expired")  # ask before destroying (R20): the holds stay until the gateway has been told to stop
        if all(a.stop_asked or a.unwanted not in LATE for a in c.attempts if a.open):
            c = evolve(c, abandoned="expired")
    return c


def weigh_order(c: Checkout) -> Checkout:
    """For a placed order: money that is not this order's goes back, and an order that lost its money is cancelled (B12)."""
    order = c.order
    assert order is not None
    paying = c.attempt(order.paid_by)
    if order.state is OrderState.PLACED and paying is not None and not paying.open:
        c = cancelled(c, "payment-lost")
    return unwant(c, "cancelled" if c.over else "paid-already", but="" if c.over else order.paid_by, also=LATE)


def unwant(c: Checkout, why: str, *, but: str = "", also: Container[str] = ()) -> Checkout:
    """Mark every open attempt that is wanted (or was given up for a reason in `also`) as unwanted."""
    for attempt in c.attempts:
        if attempt.open and attempt.key != but and (not attempt.unwanted or attempt.unwanted in also):
            c = c.with_attempt(evolve(attempt, unwanted=why, ask_at=None))
    return c


def after_news(c: Checkout, attempt: Attempt, now: datetime) -> Checkout:
    """The checkout with that attempt; one that failed leaves time to try another card (RB-17)."""
    c = c.with_attempt(attempt)
    failed = not attempt.open and c.order is None and attempt.unwanted != "expired"
    return c.with_deadline(now, c.deadlines.after_decline) if failed else c


def welcome_late_money(c: Checkout) -> Checkout:
    """Money that arrives after we gave up waiting buys the goods after all, if they can still be held (R8)."""
    if c.abandoned not in ("", "expired") or c.paying is not None:
        return c
    for attempt in c.attempts:
        if attempt.money and attempt.unwanted in LATE:
            return evolve(c.with_attempt(evolve(attempt, unwanted="")), abandoned="", because="")
    return c


def counted_as_paid(c: Checkout) -> Checkout:
    """What is paid for is no longer among what somebody holds without paying, however late the money came (F10)."""
    kept = tuple([claim for claim in c.claims if not isinstance(claim.pool, Unpaid)])
    return c if len(kept) == len(c.claims) else evolve(c, claims=kept)


def out_of_reach(c: Checkout) -> Checkout:
    """The goods for late money are gone: it goes back, in this very commit (R8)."""
    return evolve(unwant(c, "out-of-stock"), abandoned="out-of-stock")


def placed(c: Checkout, now: datetime) -> Checkout:
    attempt = c.paying
    assert attempt is not None
    assert c.quote is not None
    return evolve(c, order=Order(c.id, c.number, c.quote.total, now, paid_by=attempt.key))


def cancelled(c: Checkout, reason: str) -> Checkout:
    assert c.order is not None
    order = evolve(c.order, state=OrderState.CANCELLED, fulfilment=FulfilmentState.CANCELLED, cancelled=reason)
    return evolve(c, order=order, next=c.next if c.in_flight else None)


def heard(attempt: Attempt, effect: RemoteEffect, outcome: NoReply | Fact, now: datetime) -> Attempt:
    """The attempt after a call for it landed."""
    doubted, stopped = attempt.doubt, attempt.stop_asked
    asked = attempt.asked + 1
    stopping = isinstance(effect, Void) or (isinstance(effect, Inquire) and bool(attempt.unwanted))
    attempt = evolve(attempt, calls=attempt.calls + 1, stop_asked=attempt.stop_asked or stopping)
    if isinstance(outcome, NoReply):
        state = AttemptState.UNKNOWN if attempt.state is AttemptState.INTENDED else attempt.state
        again = now if asked == 1 else now + back_off(asked)
        return evolve(attempt, state=state, doubt=True, asked=asked, ask_at=again)
    if isinstance(outcome, NotFound):
        return absent(attempt, asked, now)
    if isinstance(outcome, RefundRefused):
        more = attempt.final_at if asked > 1 else None  # the first call was answered: nothing else is on its way
        return evolve(attempt, stuck=outcome.reason, doubt=False, asked=0, ask_at=more, final_at=more)
    told = settle(attempt, outcome)
    if attempt.stuck and told is attempt:
        return evolve(attempt, doubt=False, final_at=None, ask_at=None)
    if told is attempt:  # as we knew: what was in doubt did not happen, if the gateway can already know
        repeats = attempt.terms.resend and (not stopped or bool(attempt.unwanted))  # whatever was lost is sent once more
        sure = repeats or attempt.final_at is None or now >= attempt.final_at
        if doubted and not sure:
            return evolve(attempt, asked=asked, ask_at=attempt.final_at)
        return evolve(attempt, doubt=False, asked=asked, ask_at=now if doubted else now + back_off(asked))
    if told.doubt and not stopped:
        return evolve(told, doubt=False)
    if told.state in PAYER:
        return evolve(told, ask_at=None if told.unwanted else now + back_off(2), stop_asked=isinstance(effect, Void))
    return told


def absent(attempt: Attempt, asked: int, now: datetime) -> Attempt:
    """The gateway does not know the key. That is final only after its settle window; before, send again or forbid it (R3, B3)."""
    if attempt.state not in (AttemptState.INTENDED, AttemptState.UNKNOWN):
        return evolve(attempt, asked=asked, ask_at=now + back_off(asked))
    if not attempt.unwanted and attempt.terms.resend:
        return evolve(attempt, state=AttemptState.INTENDED, doubt=False, asked=asked, ask_at=None)
    if not attempt.unwanted:
        attempt = evolve(attempt, unwanted="no-answer")
    if attempt.terms.tombstone:
        return evolve(attempt, doubt=False, asked=asked, ask_at=None)
    if attempt.final_at is None or now >= attempt.final_at:
        return evolve(attempt, state=AttemptState.VOIDED, doubt=False, ask_at=None, reason="never-arrived")
    return evolve(attempt, doubt=True, asked=asked, ask_at=attempt.final_at)


def schedule(c: Checkout, step: RemoteEffect | Wait | Done, now: datetime) -> Checkout:
    """The checkout with its decision, and when others may go on with it: after the call's own time is up, or when a wait ends."""
    if step == c.next:
        return c
    match step:
        case Wait(until):
            return evolve(c, next=step, due_at=until)
        case Done():
            return evolve(c, next=step, due_at=None)
        case Authorize() | Capture() | Void() | Refund() | Inquire():
            attempt = c.attempt(step.attempt)
            assert attempt is not None
            due = now + timedelta(seconds=attempt.terms.call_timeout + MARGIN)
            if not isinstance(step, Inquire):
                attempt = evolve(attempt, final_at=due + timedelta(seconds=attempt.terms.settle_window))
            return evolve(c.with_attempt(attempt), next=step, due_at=due)
        case _:
            assert_never(step)
