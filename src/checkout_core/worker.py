"""What happens without a shopper: overdue checkouts go on, and the outbox is delivered. A host calls `tick` from a loop or from cron.

What delivery promises, whatever a notifier does (R9, R19, R25):

    it is away (Unavailable)     asked again after 2, 4, 8 … seconds, at most 15 minutes; dead after AWAY_AT_MOST tries, over a day later.
                                 After AWAY_IN_A_BATCH messages the rest of the batch waits untried, and it is left alone for a while
    it fails (anything else)     asked again after 2, 4, 8 … seconds, at most an hour; dead after TRIES_AT_MOST tries (M3). The first
                                 failure after it was away never kills: those tries were no fault of the message
    it refuses (Undeliverable)   dead at once: a person looks, and `requeue`s it

A dead message stops nothing that comes after it; one that waits stops the later ones of its own checkout only (M2). There is one
`Delivery` for a consumer and an event, however often it is tried, and its error is short and names nobody (R24).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from checkout_core.checkout import Checkout
from checkout_core.errors import Broken, CheckoutError, NotFound, Unavailable, Undeliverable
from checkout_core.events import Event
from checkout_core.notices import Notice
from checkout_core.payments import back_off
from checkout_core.ports import AsyncNotifier
from checkout_core.shop import AsyncShop
from checkout_core.unit import Delivery, Unit, View

TRIES_AT_MOST = 12  # then the event is dead for this consumer, and waits for a person (R19, M3)
AWAY_AT_MOST = 110  # the same, for a far side that is away: nine tries in the first quarter of an hour, then four an hour
AWAY_IN_A_BATCH = 3  # not in a row: an event that a notifier does not care for goes well between two that it cannot send
_AWAY_WAIT = timedelta(minutes=15)  # so that an hour's outage delays a message by an hour and a quarter, not by two
_REST = timedelta(seconds=30)
_AWAY = "away: "
_ERROR_AT_MOST = 200
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")


class AsyncWorker:
    """Ticks the shop and relays its events to the notifiers."""

    def __init__(self, shop: AsyncShop, notifiers: Sequence[AsyncNotifier] = ()) -> None:
        self.shop = shop
        self.notifiers = tuple(notifiers)
        self._rests = dict[str, datetime]()

    async def tick(self, limit: int = 100) -> int:
        """Do what is due, at most `limit` checkouts, and as many events for each notifier. Returns how many of both there were."""
        done, broken = 0, list[Exception]()
        try:
            done = await self.shop.tick(limit)
        except Exception as fault:  # a checkout that cannot be gone on with keeps nobody's letters back
            broken.append(fault)
        for notifier in self.notifiers:
            done += await self.relay(notifier, limit)
        if broken:
            raise broken[0]
        return done

    async def relay(self, notifier: AsyncNotifier, limit: int = 100) -> int:
        """Deliver events to one notifier, in sequence within a checkout (M2). It is told again what it may have missed (A6).

        Returns how many were tried; nothing, while a notifier that was away is left alone.
        """
        now = self.shop.clock.now()
        if now < self._rests.get(notifier.name, now):
            return 0
        stuck = set[str]()
        tried = away = 0
        for event in await self.shop.storage.undelivered(notifier.name, limit):
            if event.checkout in stuck:
                continue
            delivery = await self._deliver(notifier, event)
            tried += 1
            if not delivery.delivered and not delivery.dead:
                stuck.add(event.checkout)
            away += delivery.error.startswith(_AWAY)
            if away == AWAY_IN_A_BATCH:
                self._rests[notifier.name] = self.shop.clock.now() + _REST
                break
        return tried

    async def requeue(self, consumer: str, event: str) -> Delivery:
        """Try a dead letter again, from the first try on. One that is not dead (requeued already, M4) stays as it is. Raises NotFound."""
        return await self._again(consumer, event, lambda old: old.dead)

    async def replay(self, consumer: str, event: str) -> Delivery:
        """Deliver again what was delivered, or is dead. The event's id is the same: who has it already ignores it (M1). Raises NotFound."""
        return await self._again(consumer, event, lambda old: old.dead or old.delivered)

    async def _again(self, consumer: str, event: str, settled: Callable[[Delivery], bool]) -> Delivery:
        def again(unit: Unit) -> Delivery:
            old = unit.delivery(consumer, event)
            if old is None:
                raise NotFound(f"delivery to {consumer} of the event", event)
            if not settled(old):
                return old
            new = Delivery(consumer, event, next_at=unit.now)
            unit.write(new)
            return new

        return await self.shop.storage.transact(again)

    async def _deliver(self, notifier: AsyncNotifier, event: Event) -> Delivery:
        def read(view: View) -> Notice | Delivery:
            old = view.delivery(notifier.name, event.id)
            if old is not None and (old.delivered or old.dead or (old.next_at is not None and view.now < old.next_at)):
                return old  # since this batch was read, another worker has been here (Q3)
            person = view.person(event.checkout)
            return Notice(event, person.contact if person else None, _known(view, event.checkout))

        try:
            notice = await self.shop.storage.look(read)
        except Broken as fault:  # a row that cannot be read: this message is noted as failed, and the others go out
            return await self._note(notifier, event, fault)
        if isinstance(notice, Delivery):
            return notice
        failed: Exception | None = None
        try:
            await notifier.notify(notice)
        except Exception as fault:
            failed = fault
        return await self._note(notifier, event, failed)

    async def _note(self, notifier: AsyncNotifier, event: Event, failed: Exception | None) -> Delivery:
        def note(unit: Unit) -> Delivery:
            noted = after_try(unit.delivery(notifier.name, event.id) or Delivery(notifier.name, event.id), failed, unit.now)
            unit.write(noted)
            return noted

        return await self.shop.storage.transact(note)


def after_try(old: Delivery, failed: Exception | None, now: datetime) -> Delivery:
    """How it stands with a delivery that was tried again, and went well or failed like this."""
    if failed is not None and (old.delivered or old.dead):
        return old  # settled by another worker while this one was paused: a late failure takes nothing back (M6)
    tries = old.tries + 1
    if failed is None:
        return Delivery(old.consumer, old.event, tries, delivered=True)
    error, wait = _said(failed), max(back_off(tries), timedelta(seconds=1))
    if isinstance(failed, Unavailable):
        dead, wait = tries >= AWAY_AT_MOST, min(wait, _AWAY_WAIT)
    else:
        dead = isinstance(failed, Undeliverable) or (tries >= TRIES_AT_MOST and not old.error.startswith(_AWAY))
    return Delivery(old.consumer, old.event, tries, dead=dead, next_at=None if dead else now + wait, error=error)


def _said(failed: Exception) -> str:
    """What to note: our own errors by their text, others by their name alone, because their text may hold anything (R24)."""
    text = str(failed) if isinstance(failed, CheckoutError) else ""
    named = _ADDRESS.sub("•••", text) or type(failed).__name__
    return (_AWAY + named if isinstance(failed, Unavailable) else named)[:_ERROR_AT_MOST]


def _known(unit: View, checkout: str) -> Checkout | None:
    try:
        return unit.checkout(checkout)
    except NotFound:
        return None
