# Made from ../worker.py by tests/project/twins.py; do not edit.
"""What happens without a shopper: overdue checkouts go on, and the outbox is delivered. A host calls `tick` from a loop or from cron.

What delivery promises, whatever a notifier does (R9, R19, R25):

    it is away (Unavailable)     asked again after 2, 4, 8 … seconds, at most 15 minutes; dead after AWAY_AT_MOST tries, over a day later.
                                 After AWAY_IN_A_BATCH messages the rest of the batch waits untried, and it is left alone for a while
    it fails (anything else)     asked again after 2, 4, 8 … seconds, at most an hour; dead after TRIES_AT_MOST tries (M3). The first
                                 failure after it was away never kills: those tries were no fault of the message
    it refuses (Undeliverable)   dead at once: a person looks, and `requeue`s it

A dead message stops nothing that comes after it; one that waits stops the later ones of its own checkout only (M2). There is one
`Delivery` for a consumer and an event, however often it is tried, and its error is short and names nobody (R24).

Who sends a message has claimed it first, for CLAIM: two workers do not send it both (Q3), and one whose worker dies is another's after
that, with the try counted (A11). The number of the try is the token of the claim (R10): a failure that is told late, when somebody else
has it, is not noted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from attrs import evolve

from checkout_core.errors import CheckoutError, NotFound, Unavailable, Undeliverable
from checkout_core.events import Event
from checkout_core.notices import Notice
from checkout_core.payments import back_off
from checkout_core.sync.ports import Notifier
from checkout_core.sync.shop import Shop
from checkout_core.unit import Delivery, Unit, View

TRIES_AT_MOST = 12  # then the event is dead for this consumer, and waits for a person (R19, M3)
AWAY_AT_MOST = 110  # the same, for a far side that is away: nine tries in the first quarter of an hour, then four an hour
CLAIM = timedelta(minutes=2)  # longer than any notifier takes for one message
AWAY_IN_A_BATCH = 3  # not in a row: an event that a notifier does not care for goes well between two that it cannot send
_AWAY_WAIT = timedelta(minutes=15)  # so that an hour's outage delays a message by an hour and a quarter, not by two
_REST = timedelta(seconds=30)
_AWAY = "away: "
_ERROR_AT_MOST = 200
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")


class Worker:
    """Ticks the shop and relays its events to the notifiers."""

    def __init__(self, shop: Shop, notifiers: Sequence[Notifier] = ()) -> None:
        self.shop = shop
        self.notifiers = tuple(notifiers)
        self._rests = dict[str, datetime]()

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
            away += delivery.error.startswith(_AWAY)
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

    def _deliver(self, notifier: Notifier, event: Event) -> Delivery:
        claimed = self.shop.storage.transact(lambda unit: claim(unit, notifier.name, event.id))
        if claimed is None or claimed.dead:
            return self.shop.storage.look(lambda view: view.delivery(notifier.name, event.id) or Delivery(notifier.name, event.id))
        failed: Exception | None = None
        try:
            notifier.notify(self.shop.storage.look(lambda view: _notice(view, event)))
        except Exception as fault:  # Broken: a row that cannot be read; this message is noted as failed, and the others go out
            failed = fault
        return self.shop.storage.transact(lambda unit: note(unit, claimed, failed))


def claim(unit: Unit, consumer: str, event: str) -> Delivery | None:
    """One try at this message, ours until its `next_at`; None if it is settled, waits, or is another worker's.

    One that was tried often enough, and whose worker died each time, is dead.
    """
    old = unit.delivery(consumer, event) or Delivery(consumer, event)
    if old.delivered or old.dead or (old.next_at is not None and unit.now < old.next_at):
        return None
    if old.tries >= (AWAY_AT_MOST if old.error.startswith(_AWAY) else TRIES_AT_MOST):
        new = evolve(old, dead=True, next_at=None, error=old.error or "its worker stopped each time")
    else:
        new = evolve(old, tries=old.tries + 1, next_at=unit.now + CLAIM)
    unit.write(new)
    return new


def note(unit: Unit, claimed: Delivery, failed: Exception | None) -> Delivery:
    """Record how a claimed try went."""
    old = unit.delivery(claimed.consumer, claimed.event) or claimed
    if failed is not None and old.tries != claimed.tries:
        return old
    noted = after_try(old, failed, unit.now)
    if noted != old:
        unit.write(noted)
    return noted


def after_try(old: Delivery, failed: Exception | None, now: datetime) -> Delivery:
    """How it stands with a delivery whose last claimed try went well or failed like this."""
    if failed is not None and (old.delivered or old.dead):
        return old  # settled by another worker while this one was paused: a late failure takes nothing back (M6)
    tries = old.tries
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


def _notice(view: View, event: Event) -> Notice:
    """What the message may say, as it is now, and to whom."""
    person = view.person(event.checkout)
    try:
        checkout = view.checkout(event.checkout)
    except NotFound:
        checkout = None
    return Notice(event, person.contact if person else None, checkout)
