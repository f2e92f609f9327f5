"""What is written down: quotes that add up, states that move along their tables, events that say what is so, and bounds."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

from attrs import astuple

from checkout_core.checkout import Checkout
from checkout_core.events import Event
from checkout_core.memory import Tables
from checkout_core.orders import ORDER_MOVES, PAYMENT_MOVES, OrderState, payment_state
from checkout_core.payments import ATTEMPT_MOVES, CLOSED, AttemptState
from checkout_core.pricing import Quote
from checkout_core.simulation.full.money import entered_paid, said
from checkout_core.simulation.full.prices import not_adding_up
from checkout_core.simulation.full.scene import Known, attempt_of, pays_for_order
from checkout_core.simulation.violations import Violation

CALLS_AT_MOST: Final = 500  # for one attempt: one an hour for days, and those of the storm (R25)
TRIES_AT_MOST: Final = 120  # to deliver one event to one consumer, before a person looks (R19)


def booked(before: Tables, after: Tables, payments: Iterable[Known]) -> None:
    """I4, I13, I14 and I15 of one commit: what it changed."""
    known = list(payments)
    for id, c in after.checkouts.items():
        old = before.checkouts.get(id)
        if old is not c:
            moved(old, c)
            entered_paid(id, old, c, known)
    fresh = after.events[len(before.events) :]
    if fresh:
        numbered(after.events)
        said_what_is_so(after, fresh, {attempt_of(payment): payment for payment in known})


def moved(old: Checkout | None, c: Checkout) -> None:
    """I13 one commit makes one version, and every state in it moves along its table."""
    if c.version != (0 if old is None else old.version) + 1:
        raise Violation(
            "I13",
            "a version was skipped: two wrote at once",
            (f"before: version {old.version if old else 0}", f"now: version {c.version}"),
            c.id,
        )
    if old is None:
        return
    for attempt in c.attempts:
        was = old.attempt(attempt.key)
        if was is not None and was.state is not attempt.state and attempt.state not in ATTEMPT_MOVES[was.state] and attempt.amount.minor:
            raise _no_move(f"the attempt {attempt.key}", was.state.value, attempt.state.value, c.id)
    if old.order is None:
        return
    if c.order is None:
        raise _no_move(f"the order {c.id}", old.order.state.value, "nothing", c.id)
    if c.order.state is not old.order.state and c.order.state not in ORDER_MOVES[old.order.state]:
        raise _no_move(f"the order {c.id}", old.order.state.value, c.order.state.value, c.id)
    paid, now_paid = payment_state(old.order, old.attempts), payment_state(c.order, c.attempts)
    if paid is not now_paid and now_paid not in PAYMENT_MOVES[paid]:
        raise _no_move(f"the money of order {c.id}", paid.value, now_paid.value, c.id)


def lasting(before: Tables, after: Tables) -> None:
    """I13, over any number of commits: versions only rise, nothing that was is gone, and nothing comes back from an end."""
    for id, old in before.checkouts.items():
        c = after.checkouts.get(id)
        if c is old or c == old:
            continue
        if c is None or c.version <= old.version:
            now = "it is gone" if c is None else f"version {c.version}, and another document"
            raise Violation("I13", "a checkout went back", (f"before: version {old.version}", f"now: {now}"), id)
        for was in old.attempts:
            attempt = c.attempt(was.key)
            if attempt is None or attempt.amount != was.amount or attempt.gateway != was.gateway:
                now = "it is gone" if attempt is None else f"{attempt.amount} at {attempt.gateway}"
                raise Violation(
                    "I13", "what was tried was changed afterwards", (f"before: {was.amount} at {was.gateway}", f"now: {now}"), id
                )
            if was.state is AttemptState.REFUNDED and attempt.state is not was.state:
                raise _no_move(f"the attempt {was.key}", was.state.value, attempt.state.value, id)
        if old.order is not None:
            ended = old.order.state is not OrderState.PLACED
            if c.order is None or c.order.number != old.order.number or (ended and c.order.state is not old.order.state):
                raise _no_move(f"the order {id}", old.order.state.value, c.order.state.value if c.order else "nothing", id)


def _no_move(what: str, old: str, new: str, checkout: str) -> Violation:
    return Violation("I13", f"{what} went from {old} to {new}", (f"before: {old}", f"now: {new}, which its table does not allow"), checkout)


def numbered(events: Sequence[Event]) -> dict[str, int]:
    """I14 the events of each checkout are numbered 1, 2, 3 … without a gap, and an order is announced once. How many there are."""
    seqs: dict[str, int] = {}
    placed: set[str] = set()
    for event in events:
        last = seqs.get(event.checkout, 0)
        if event.seq != last + 1:
            raise Violation(
                "I14",
                f"the events of {event.checkout} have a gap",
                (f"the outbox: {event.kind} has number {event.seq}", f"the outbox: the one before has {last}"),
                event.checkout,
            )
        seqs[event.checkout] = event.seq
        if event.kind == "order.placed":
            if event.checkout in placed:
                raise Violation(
                    "I14",
                    "an order was announced twice",
                    (f"the outbox: order.placed, number {event.seq}", "the outbox: order.placed, before"),
                    event.checkout,
                )
            placed.add(event.checkout)
    return seqs


def counted(t: Tables) -> None:
    """I14 there are as many events of a checkout as it has counted."""
    seqs = numbered(t.events)
    for id, c in t.checkouts.items():
        if seqs.get(id, 0) != c.events:
            raise Violation(
                "I14",
                "an event was lost",
                (f"the checkout {id}: it has told {c.events} events", f"the outbox: it has {seqs.get(id, 0)} of them"),
                id,
            )


def announced(t: Tables, payments: Iterable[Known]) -> None:
    """I15 the outbox says what is so, and says it of everything: orders placed and cancelled, money received."""
    said_what_is_so(t, t.events, {attempt_of(payment): payment for payment in payments})
    told = {(event.checkout, event.kind) for event in t.events}
    received = {dict(event.facts)["attempt"] for event in t.events if event.kind == "payment.received"}
    for id, c in t.checkouts.items():
        ended = c.order is not None and c.order.state is OrderState.CANCELLED
        for kind, so in (("order.placed", c.order is not None), ("order.cancelled", ended)):
            if so is not ((id, kind) in told):
                raise Violation(
                    "I15",
                    "the outbox does not say what is so",
                    (f"the outbox: {'there is' if not so else 'there is no'} {kind}", f"the checkout {id}: {standing(c)}"),
                    id,
                )
        for attempt in c.attempts:
            if attempt.state is AttemptState.CAPTURED and attempt.key not in received:
                raise Violation(
                    "I15",
                    "money was received, and nobody was told",
                    (f"the attempt {attempt.key}: {said(attempt)}", "the outbox: there is no payment.received of it"),
                    id,
                )


def said_what_is_so(t: Tables, events: Iterable[Event], known: Mapping[str, Known]) -> None:
    """I15 each of these events is about something that is there, and says the same of it."""
    for event in events:
        c, facts = t.checkouts.get(event.checkout), dict(event.facts)
        if event.kind == "order.placed":
            order = None if c is None else c.order
            told = facts["number"], facts["total"], facts["currency"]
            if order is None or (order.number, *astuple(order.total)) != told:
                raise Violation(
                    "I15",
                    "an order was announced that is not there, or is another",
                    (f"the outbox: order {told[0]} of {told[1]} {told[2]}", f"the checkout {event.checkout}: {standing(c)}"),
                    event.checkout,
                )
        elif event.kind == "payment.received":
            key = str(facts["attempt"])
            attempt = None if c is None else c.attempt(key)
            theirs = known.get(key)
            if attempt is None or (attempt.gateway and known and (theirs is None or theirs.captured_at is None)):
                raise Violation(
                    "I15",
                    "money was announced that the gateway did not take",
                    (f"the outbox: {facts['amount']} {facts['currency']} were received", f"the gateway's books: {theirs and theirs.state}"),
                    event.checkout,
                )


def drained(t: Tables, consumers: Collection[str], poisoned: Collection[tuple[str, str]] | None) -> None:
    """L3 at rest every event is delivered to every consumer or with a person, and only what was `poisoned` is with a person."""
    for consumer in consumers:
        for event in t.events:
            fate = t.deliveries.get((consumer, event.id))
            if fate is None or not (fate.delivered or fate.dead):
                raise Violation(
                    "L3",
                    "an event was never delivered, and is not with a person",
                    (f"the outbox: {event.kind}, {event.id}", f"{consumer}: {'never tried' if fate is None else fate.error or 'waiting'}"),
                    event.checkout,
                )
            if fate.dead and poisoned is not None and (consumer, event.id) not in poisoned:
                raise Violation(
                    "L3",
                    "an event is with a person that could have been delivered",
                    (f"the outbox: {event.id} is dead for {consumer} after {fate.tries} tries", f"{consumer}: it never refused that event"),
                    event.checkout,
                )


def arrived(t: Tables, consumers: Collection[str], notices: Mapping[tuple[str, str], int]) -> None:
    """I14 what is marked as delivered has reached its consumer."""
    for (consumer, event), fate in t.deliveries.items():
        if fate.delivered and consumer in consumers and (consumer, event) not in notices:
            raise Violation(
                "I14",
                "an event is marked as delivered that never arrived",
                (f"the outbox: {event} was delivered to {consumer}", f"{consumer}: it never got {event}"),
                event.rsplit("/", 1)[0],
            )


def adds_up(t: Tables, verified: dict[str, Quote]) -> None:
    """I12 every quote adds up in whole units, its receipt leads to the same totals, and it is the quote that its hash names."""
    for id, c in t.checkouts.items():
        if c.quote is None or ((known := verified.get(c.quote.hash)) is not None and (known is c.quote or known == c.quote)):
            continue
        wrong = not_adding_up(c.quote)
        if wrong:
            raise Violation("I12", f"a quote does not add up: {wrong[0]}", (f"the quote of {id}: {wrong[1]}", f"its parts: {wrong[2]}"), id)
        verified[c.quote.hash] = c.quote


def asked_once(t: Tables) -> None:
    """I17 every request to pay led to an attempt of its own checkout, and every attempt was asked for."""
    asked: set[str] = set()
    for (scope, operation, key), request in t.requests.items():
        if operation != "pay":
            continue
        c = t.checkouts.get(scope)
        if c is None or c.attempt(request.attempt) is None:
            raise Violation(
                "I17",
                "a request to pay led to no attempt",
                (f"the request {key}: it led to {request.attempt}", f"the checkout {scope}: it has no such attempt"),
                scope,
            )
        asked.add(request.attempt)
    for id, c in t.checkouts.items():
        keys = [attempt.key for attempt in c.attempts]
        for key in keys:
            if key not in asked or keys.count(key) > 1:
                raise Violation(
                    "I17",
                    "an attempt was made that nobody asked for, or twice for one request",
                    (f"the checkout {id}: it has the attempt {key} {keys.count(key)} times", "the requests: one of them led to it, once"),
                    id,
                )


def bounded(t: Tables, attempts_at_most: int) -> None:
    """I25 attempts, the calls for each, and the tries of a delivery are so many at most."""
    for id, c in t.checkouts.items():
        if len(c.attempts) > attempts_at_most:
            raise _too_many("attempts", len(c.attempts), attempts_at_most, id)
        for attempt in c.attempts:
            if attempt.calls > CALLS_AT_MOST:
                raise _too_many(f"calls for {attempt.key}", attempt.calls, CALLS_AT_MOST, id)
    for (_, event), fate in t.deliveries.items():
        if fate.tries > TRIES_AT_MOST:
            raise _too_many(f"tries to deliver {event}", fate.tries, TRIES_AT_MOST, event.rsplit("/", 1)[0])


def _too_many(what: str, number: int, most: int, checkout: str) -> Violation:
    return Violation("I25", f"there are too many {what}", (f"the store: {number}", f"the bound: {most}"), checkout)


def terminal(t: Tables) -> None:
    """L1 at rest everything has come to an end: nothing is due, every purchase is an order or given up, every attempt decided."""
    for id, c in t.checkouts.items():
        if c.due_at is not None or c.in_flight or (c.order is None and not c.abandoned):
            raise Violation(
                "L1",
                "a purchase never comes to an end",
                (f"the checkout {id}: {standing(c)}, due {c.due_at}", "the run: all is at rest"),
                id,
            )
        for attempt in c.attempts:
            kept = attempt.state is AttemptState.CAPTURED and pays_for_order(c, attempt.key)
            if attempt.state not in CLOSED and not kept and not attempt.stuck:
                raise Violation(
                    "L1",
                    "a payment is never decided",
                    (f"the attempt {attempt.key}: {said(attempt)}", f"the checkout {id}: nothing is due"),
                    id,
                )


def standing(c: Checkout | None) -> str:
    """How it stands with a purchase, for people."""
    if c is None:
        return "there is no such checkout"
    if c.order is not None:
        return f"order {c.order.number} of {c.order.total} is {c.order.state.value}"
    return f"it was given up ({c.abandoned})" if c.abandoned else "it is not bought yet"
