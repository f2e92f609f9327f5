"""Bugs about figures and facts: prices, postings, events, what is stored and what is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from attrs import evolve

from checkout_core import bookkeeping, ledger
from checkout_core.checkout import Checkout
from checkout_core.events import Event
from checkout_core.ledger import Posting
from checkout_core.memory import MemoryStorage, MemoryUnit
from checkout_core.money import Ratio, divide
from checkout_core.payments import AttemptState
from checkout_core.pricing_policy import PricingPolicy
from checkout_core.promotions import working
from tests.simulation.mutants.bug import Patch, bug, everywhere


# Figures.
@bug("a percentage is rounded twice", "to a tenth of a minor unit, and then to a whole one", "I12", origin="G15")
def a_percentage_is_rounded_twice(patch: Patch) -> None:
    def off(amount: int, percent: Ratio, policy: PricingPolicy) -> int:
        tenths = divide(amount * percent.numerator * 10, 100 * percent.denominator, policy.discount_mode)
        return divide(tenths, 10, policy.discount_mode)

    patch.setattr(working, "_off", off)


@bug("a share is lost", "a discount is split over its lines rounded down, and nobody has the rest", "I12", origin="RB-55")
def a_share_is_lost(patch: Patch) -> None:
    def by_remainder(amount: int, weights: Sequence[int]) -> list[int]:
        return [amount * weight // sum(weights) for weight in weights]

    patch.setattr(working, "by_remainder", by_remainder)


# Books.
@bug("a sale is not taken back", "a cancelled order stays in the books", "I11", "I20", origin="R28")
def a_sale_is_not_taken_back(patch: Patch) -> None:
    _post(patch, lambda posting, after: () if posting.reason == "cancelled" else (posting,))


@bug("received again", "money is booked again when it turns out that it is not wanted", "I20", "I11", origin="R28")
def received_again(patch: Patch) -> None:
    real = bookkeeping.postings_of

    def postings_of(before: Any, after: Checkout, now: datetime) -> tuple[Posting, ...]:
        again = []
        for attempt in after.attempts:
            old = before.attempt(attempt.key) if before is not None else None
            kept = old is not None and old.state is AttemptState.CAPTURED and attempt.state is AttemptState.CAPTURED
            if kept and old is not None and attempt.unwanted and not old.unwanted and attempt.taken.minor:
                money = ledger.entries(gateway=attempt.taken.minor, receivable=-attempt.taken.minor)
                name = attempt.key.rsplit("/", 1)[-1]
                again.append(Posting(f"{after.id}/received/{name}/again", after.id, attempt.taken.currency, "received", now, money))
        return (*real(before, after, now), *again)

    everywhere(patch, real, postings_of)


@bug("one side of the books", "money that goes back leaves the gateway's account, and comes from nowhere", "I11", origin="R28")
def one_side_of_the_books(patch: Patch) -> None:
    patch.setattr(Posting, "__attrs_post_init__", lambda self: None)
    _post(patch, lambda posting, after: (evolve(posting, entries=posting.entries[:1]) if posting.reason == "refunded" else posting,))


def _post(patch: Patch, change: Any) -> None:
    real = bookkeeping.postings_of

    def postings_of(before: Any, after: Checkout, now: datetime) -> tuple[Posting, ...]:
        return tuple(new for posting in real(before, after, now) for new in change(posting, after))

    everywhere(patch, real, postings_of)


@bug("booked as asked", "the books say what was asked for, not what the gateway took", "I20", "I15", origin="B14")
def booked_as_asked(patch: Patch) -> None:
    def asked(c: Any) -> Any:
        return None if c is None else evolve(c, attempts=tuple(evolve(attempt, received=None) for attempt in c.attempts))

    real = bookkeeping.postings_of
    everywhere(patch, real, lambda before, after, now: real(asked(before), asked(after), now))


# Events.
@bug("placed is told again", "an order is announced once more when it is cancelled", "I14", "I15", origin="RB-91")
def placed_is_told_again(patch: Patch) -> None:
    real = bookkeeping.events_of

    def events_of(before: Any, after: Checkout, now: datetime, acts: Any = ()) -> Any:
        c, events = real(before, after, now, acts)
        if not any(event.kind == "order.cancelled" for event in events) or after.order is None:
            return c, events
        total = after.order.total
        facts = ("number", after.order.number), ("total", total.minor), ("currency", total.currency)
        return evolve(c, events=c.events + 1), (*events, Event(c.id, c.events + 1, "order.placed", now, facts))

    everywhere(patch, real, events_of)


@bug("received when it is reserved", "money that is only reserved is announced as received", "I15", origin="B14")
def received_when_it_is_reserved(patch: Patch) -> None:
    real = bookkeeping.events_of

    def events_of(before: Any, after: Checkout, now: datetime, acts: Any = ()) -> Any:
        c, events = real(before, after, now, acts)
        new = [a for a in after.attempts if a.state is AttemptState.AUTHORIZED and (before is None or before.attempt(a.key) != a)]
        fresh = [a for a in new if before is None or before.attempt(a.key) is None or before.attempt(a.key).state is not a.state]
        told = [Event(c.id, c.events + n, "payment.received", now, _received(a)) for n, a in enumerate(fresh, start=1)]
        return evolve(c, events=c.events + len(told)), (*events, *told)

    everywhere(patch, real, events_of)


def _received(attempt: Any) -> tuple[tuple[str, str | int], ...]:
    return ("attempt", attempt.key), ("amount", attempt.amount.minor), ("currency", attempt.amount.currency)


@bug("told before it is stored", "events go to the outbox while the unit runs, whether it commits or not", "I15", "I14", origin="A5")
def told_before_it_is_stored(patch: Patch) -> None:
    made, apply = MemoryUnit.__init__, MemoryUnit._apply

    def init(self: Any, tables: Any, now: datetime) -> None:
        made(self, tables, now)
        self._outbox = tables.events

    def write(self: Any, *records: Any) -> None:
        self._outbox += [record for record in records if isinstance(record, Event)]
        self._records.extend(records)

    patch.setattr(MemoryUnit, "__init__", init)
    patch.setattr(MemoryUnit, "write", write)
    patch.setattr(MemoryUnit, "_apply", lambda self, record: None if isinstance(record, Event) else apply(self, record))


# The store.
@bug("a due one is taken off the list", "what is due is forgotten as soon as somebody has been told of it", "L1", "I16", origin="A11")
def a_due_one_is_taken_off(patch: Patch) -> None:
    real = MemoryStorage.due

    def due(self: MemoryStorage, limit: int) -> Any:
        found = real(self, limit)
        with self._lock:
            self._due = [entry for entry in self._due if entry[1] not in found]
        return found

    patch.setattr(MemoryStorage, "due", due)


@bug("the outbox is read by time", "an event as old as the newest that was delivered is taken for delivered", "I14", "L3", origin="M2")
def the_outbox_is_read_by_time(patch: Patch) -> None:
    real = MemoryStorage.undelivered

    def undelivered(self: MemoryStorage, consumer: str, limit: int) -> Any:
        done = {event for (name, event), delivery in self.tables.deliveries.items() if name == consumer and delivery.delivered}
        newest = max((event.at for event in self.tables.events if event.id in done), default=None)
        found = real(self, consumer, 10**9)
        tried = {event for (name, event) in self.tables.deliveries if name == consumer}
        return [event for event in found if newest is None or event.at >= newest or event.id in tried][:limit]

    patch.setattr(MemoryStorage, "undelivered", undelivered)


@bug("a dead letter holds up the rest", "after a dead event, its checkout is not told of any more", "L3", "I14", origin="M3")
def a_dead_letter_holds_up_the_rest(patch: Patch) -> None:
    real = MemoryStorage.undelivered

    def undelivered(self: MemoryStorage, consumer: str, limit: int) -> Any:
        dead = {
            event.rpartition("/")[0] for (name, event), delivery in self.tables.deliveries.items() if name == consumer and delivery.dead
        }
        return [event for event in real(self, consumer, 10**9) if event.checkout not in dead][:limit]

    patch.setattr(MemoryStorage, "undelivered", undelivered)


FIGURES = (a_percentage_is_rounded_twice, a_share_is_lost)
BOOKS = (a_sale_is_not_taken_back, received_again, one_side_of_the_books, booked_as_asked)
EVENTS = (placed_is_told_again, received_when_it_is_reserved, told_before_it_is_stored)
STORE = (a_due_one_is_taken_off, the_outbox_is_read_by_time, a_dead_letter_holds_up_the_rest)
