# Made from ../worker.py by tests/project/twins.py; do not edit.
"""What happens without a shopper: overdue checkouts go on, and the outbox is delivered. A host calls `tick` from a loop or from cron."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from checkout_core.errors import CheckoutError
from checkout_core.events import Event, Notice
from checkout_core.payments import back_off
from checkout_core.sync.ports import Notifier
from checkout_core.sync.shop import Shop
from checkout_core.unit import Delivery, Unit

TRIES_AT_MOST = 12  # then the event is dead for this consumer, and waits for a person (R19, M3)


class Worker:
    """Ticks the shop and relays its events to the notifiers."""

    def __init__(self, shop: Shop, notifiers: Sequence[Notifier] = ()) -> None:
        self.shop = shop
        self.notifiers = tuple(notifiers)

    def tick(self, limit: int = 100) -> int:
        """Do what is due, at most `limit` checkouts, and as many events for each notifier. Returns how many of both there were."""
        done = self.shop.tick(limit)
        for notifier in self.notifiers:
            done += self.relay(notifier, limit)
        return done

    def relay(self, notifier: Notifier, limit: int = 100) -> int:
        """Deliver events to one notifier, in sequence within a checkout (M2). It is told again what it may have missed (A6)."""
        events = self.shop.storage.undelivered(notifier.name, limit)
        stuck = set[str]()
        for event in events:
            if event.checkout not in stuck and not self._deliver(notifier, event):
                stuck.add(event.checkout)
        return len(events)

    def _deliver(self, notifier: Notifier, event: Event) -> bool:
        person = self.shop.storage.transact(lambda unit: unit.person(event.checkout))
        error = ""
        try:
            notifier.notify(Notice(event, person.contact if person else None))
        except CheckoutError as fault:
            error = str(fault)
        except Exception as fault:
            error = type(fault).__name__  # its text may hold anything (R24)

        def note(unit: Unit) -> bool:
            tries = (old.tries if (old := unit.delivery(notifier.name, event.id)) else 0) + 1
            dead = bool(error) and tries >= TRIES_AT_MOST
            next_at = unit.now + max(back_off(tries), timedelta(seconds=1)) if error and not dead else None
            unit.write(Delivery(notifier.name, event.id, tries, delivered=not error, dead=dead, next_at=next_at, error=error))
            return not error or dead

        return self.shop.storage.transact(note)
