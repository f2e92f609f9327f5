# Made from ../worker.py by tests/project/twins.py; do not edit.
"""What happens without a shopper: overdue checkouts go on, and the outbox is delivered. A host calls `tick` from a loop or from cron.

What delivery promises stands in `deliveries`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from checkout_core import deliveries
from checkout_core.errors import NotFound
from checkout_core.events import Event
from checkout_core.notices import Notice
from checkout_core.sync.ports import Notifier
from checkout_core.sync.shop import Shop
from checkout_core.system import SystemIds
from checkout_core.unit import Delivery, Unit, View

AWAY_IN_A_BATCH = 3  # not in a row: an event that a notifier does not care for goes well between two that it cannot send
_REST = timedelta(seconds=30)


class Worker:
    """Ticks the shop and relays its events to the notifiers. No two workers have one `name`; without one it is random."""

    def __init__(self, shop: Shop, notifiers: Sequence[Notifier] = (), *, name: str = "") -> None:
        self.shop = shop
        self.notifiers = tuple(notifiers)
        self._rests = dict[str, datetime]()
        self.name = name or SystemIds().new()
        self._leases = 0

    def tick(self, limit: int = 100) -> int:
        """Do what is due, at most `limit` checkouts, and as many events for each notifier. Returns how many of both there were."""
        done, broken = 0, list[Exception]()
        try:
            done = self.shop.tick(limit)
        except Exception as fault:  # a checkout that cannot be gone on with keeps nobody's letters back
            broken.append(fault)
        for notifier in self.notifiers:
            done += self.relay(notifier, limit)
        if broken:
            raise broken[0]
        return done

    def relay(self, notifier: Notifier, limit: int = 100) -> int:
        """Deliver events to one notifier, in sequence within a checkout (M2). It is told again what it may have missed (A6).

        Returns how many were tried; nothing, while a notifier that was away is left alone.
        """
        now = self.shop.clock.now()
        if now < self._rests.get(notifier.name, now):
            return 0
        stuck = set[str]()
        tried = away = 0
        for event in self.shop.storage.undelivered(notifier.name, limit):
            if event.checkout in stuck:
                continue
            delivery = self._deliver(notifier, event)
            tried += 1
            if not delivery.delivered and not delivery.dead:
                stuck.add(event.checkout)
            away += deliveries.was_away(delivery)
            if away == AWAY_IN_A_BATCH:
                self._rests[notifier.name] = self.shop.clock.now() + _REST
                break
        return tried

    def requeue(self, consumer: str, event: str) -> Delivery:
        """Try a dead letter again, from the first try on. One that is not dead (requeued already, M4) stays as it is. Raises NotFound."""
        return self._again(consumer, event, lambda old: old.dead)

    def replay(self, consumer: str, event: str) -> Delivery:
        """Deliver again what was delivered, or is dead. The event's id is the same: who has it already ignores it (M1). Raises NotFound."""
        return self._again(consumer, event, lambda old: old.dead or old.delivered)

    def _again(self, consumer: str, event: str, settled: Callable[[Delivery], bool]) -> Delivery:
        def again(unit: Unit) -> Delivery:
            old = unit.delivery(consumer, event)
            if old is None:
                raise NotFound(f"delivery to {consumer} of the event", event)
            if not settled(old):
                return old
            new = Delivery(consumer, event, next_at=unit.now)
            unit.write(new)
            return new

        return self.shop.storage.transact(again)

    def _token(self) -> int:
        """A number below a million that no other worker is likely to have now."""
        self._leases += 1
        return int.from_bytes(hashlib.sha256(f"{self.name} {self._leases}".encode()).digest()[:8], "big") % 1_000_000

    def _deliver(self, notifier: Notifier, event: Event) -> Delivery:
        leased = self.shop.storage.transact(deliveries.Lease(notifier.name, event.id, self._token()))
        if leased is None or leased.dead:
            return self.shop.storage.look(lambda view: view.delivery(notifier.name, event.id) or Delivery(notifier.name, event.id))
        failed: Exception | None = None
        try:
            notifier.notify(self.shop.storage.look(lambda view: _notice(view, event)))
        except Exception as fault:  # Broken: a row that cannot be read; this message is noted as failed, and the others go out
            failed = fault
        return self.shop.storage.transact(lambda unit: deliveries.note(unit, leased, failed))


def _notice(view: View, event: Event) -> Notice:
    """What the message may say, as it is now, and to whom."""
    person = view.person(event.checkout)
    try:
        checkout = view.checkout(event.checkout)
    except NotFound:
        checkout = None
    return Notice(event, person.contact if person else None, checkout)
