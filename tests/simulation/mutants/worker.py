"""Bugs about what happens without a shopper: ticks, the relay, and whose clock they go by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from attrs import evolve

from checkout_core import deliveries, drive, flow
from checkout_core.effects import Done
from checkout_core.errors import Unavailable
from checkout_core.unit import Delivery
from tests.simulation.mutants.bug import SHOPS, WORKERS, Patch, Timed, bug, constant, everywhere, in_both, ready


# Delivery.
@bug(
    "delivered before it is sent",
    "an event is noted as delivered when it is leased, and then the notifier is told",
    "I14",
    "L3",
    origin="A6",
)
def delivered_before_it_is_sent(patch: Patch) -> None:
    real, noting = deliveries.Lease.__call__, deliveries.note

    def lease(self: deliveries.Lease, unit: Any) -> Delivery | None:
        leased = real(self, unit)
        if leased is not None and not leased.dead:
            unit.write(evolve(leased, delivered=True, next_at=None))
        return leased

    def note(unit: Any, leased: Delivery, failed: Exception | None) -> Any:
        if failed is None:
            return noting(unit, leased, failed)
        noted = deliveries.after_try(leased, failed, unit.now)
        unit.write(noted)
        return noted

    patch.setattr(deliveries.Lease, "__call__", lease)
    patch.setattr(deliveries, "note", note)


@bug("two workers, two letters", "what one worker is about to send, another one may send too", "Q3", "I14", origin="M7")
def two_workers_two_letters(patch: Patch) -> None:
    constant(patch, "LEASE", timedelta(0))


@bug("a lease outlives its worker", "a worker dies with a message in its hand, and nobody takes it up", "L3", "I14", origin="A11")
def a_lease_outlives_its_worker(patch: Patch) -> None:
    constant(patch, "LEASE", timedelta(days=3650))


@bug("a late failure takes a delivery back", "a worker that was paused says that it failed, and it is sent again", "I14", "Q3", origin="M6")
def a_late_failure_takes_a_delivery_back(patch: Patch) -> None:
    real = deliveries.note

    def note(unit: Any, leased: Delivery, failed: Exception | None) -> Any:
        if failed is None:
            return real(unit, leased, failed)
        noted = deliveries.after_try(leased, failed, unit.now)
        unit.write(noted)
        return noted

    patch.setattr(deliveries, "note", note)


@bug("a poison letter never dies", "an event that cannot be sent is tried for ever", "I25", "L3", origin="M3")
def a_poison_letter_never_dies(patch: Patch) -> None:
    constant(patch, "TRIES_AT_MOST", 10**9)


@bug("an outage kills letters", "a notifier that is away for an hour finds its letters dead", "L3", "I14", origin="M5")
def an_outage_kills_letters(patch: Patch) -> None:
    constant(patch, "AWAY_AT_MOST", 12)


@bug("an outage forgives", "after each time a notifier was away, the tries are counted from the first", "I25", "L5", "L3", origin="M8")
def an_outage_forgives(patch: Patch) -> None:
    real = deliveries.after_try

    def after_try(old: Delivery, failed: Exception | None, now: datetime) -> Delivery:
        told = real(old, failed, now)
        return evolve(told, tries=0) if isinstance(failed, Unavailable) and not told.dead else told

    everywhere(patch, real, after_try)


@bug("a rest without an end", "a notifier that was away is left alone for good", "L3", "L4", "I14", origin="M5")
def a_rest_without_an_end(patch: Patch) -> None:
    constant(patch, "_REST", timedelta(days=3650))


@bug("the next one goes out anyway", "after an event that failed, the later ones of its checkout are sent", "I14", "I13", origin="M2")
def the_next_one_goes_out_anyway(patch: Patch) -> None:
    async def relay(self: Any, notifier: Any, limit: int = 100) -> int:
        events = await ready(self.shop.storage.undelivered(notifier.name, limit))
        for event in events:
            await ready(self._deliver(notifier, event))
        return len(events)

    in_both(patch, WORKERS, "relay", relay)


# Time.
@bug(
    "the worker's own clock",
    "a checkout lapses when the worker's clock says so, not the store's",
    "Q2",
    "Q1",
    "L1",
    "L5",
    "I16",
    origin="T1",
)
def the_workers_own_clock(patch: Patch) -> None:
    async def go_on(self: Any, id: str) -> Any:
        now = self.clock.now()
        return await ready(self.runner.run(await ready(self.storage.transact(lambda unit: drive.go_on(Timed(unit, now), id)))))

    in_both(patch, SHOPS, "go_on", go_on)


@bug("what is over stays due", "a purchase that has come to its end is looked at again and again", "L5", "L1", origin="A11")
def what_is_over_stays_due(patch: Patch) -> None:
    real = flow.schedule

    def schedule(c: Any, step: Any, now: datetime) -> Any:
        return evolve(real(c, step, now), due_at=now) if isinstance(step, Done) else real(c, step, now)

    everywhere(patch, real, schedule)


@bug(
    "an hour is not a lapse",
    "a worker that comes late does not look whether the time is up, and goes on as planned",
    "I16",
    "L1",
    origin="T2",
)
def an_hour_is_not_a_lapse(patch: Patch) -> None:
    async def go_on(self: Any, id: str) -> Any:
        def on(unit: Any) -> Any:
            c = unit.checkout(id)
            late = c.order is None and not c.in_flight and not c.abandoned and unit.now > c.lapses_at and c.held
            return drive.go_on(Timed(unit, c.lapses_at - timedelta(seconds=1)) if late else unit, id)

        return await ready(self.runner.run(await ready(self.storage.transact(on))))

    in_both(patch, SHOPS, "go_on", go_on)


DELIVERY = (
    delivered_before_it_is_sent,
    two_workers_two_letters,
    a_lease_outlives_its_worker,
    a_late_failure_takes_a_delivery_back,
    a_poison_letter_never_dies,
    an_outage_kills_letters,
    an_outage_forgives,
    a_rest_without_an_end,
    the_next_one_goes_out_anyway,
)
TIME = (the_workers_own_clock, what_is_over_stays_due, an_hour_is_not_a_lapse)
