"""How a message fares: leased before it is sent, noted after. Decisions inside a unit; the worker calls the notifier in between.

What delivery promises, whatever a notifier does (R9, R19, R25):

    it is away (Unavailable)     asked again after 2, 4, 8 … seconds, at most 15 minutes; dead after AWAY_AT_MOST tries, over a day later.
                                 After AWAY_IN_A_BATCH messages the rest of the batch waits untried, and it is left alone for a while
    it fails (anything else)     asked again after 2, 4, 8 … seconds, at most an hour; dead after TRIES_AT_MOST tries (M3). The first
                                 failure after it was away never kills: those tries were no fault of the message
    it refuses (Undeliverable)   dead at once: a person looks, and `requeue`s it

A dead message stops nothing that comes after it; one that waits stops the later ones of its own checkout only (M2). There is one
`Delivery` for a consumer and an event, however often it is tried, and its error is short and names nobody (R24).

Who sends a message has leased it first, for LEASE: two workers do not send it both (Q3), and one whose worker dies is another's after
that, with the try counted (A11). The number of the try is the token of the lease (R10): a failure that is told late, when somebody else
has it, is not noted.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from attrs import define, evolve

from checkout_core.errors import CheckoutError, Unavailable, Undeliverable
from checkout_core.payments import back_off
from checkout_core.unit import Delivery, Unit

TRIES_AT_MOST = 12  # then the event is dead for this consumer, and waits for a person (R19, M3)
AWAY_AT_MOST = 110  # the same, for a far side that is away: nine tries in the first quarter of an hour, then four an hour
LEASE = timedelta(minutes=2)  # longer than any notifier takes for one message
_AWAY_WAIT = timedelta(minutes=15)  # so that an hour's outage delays a message by an hour and a quarter, not by two
_AWAY = "away: "
_BACK = "no longer away: "  # said of its first failure, so that whoever leases it next gives it another try
_ERROR_AT_MOST = 200
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+")


@define
class Lease:
    """One try at a message, ours until its `next_at`: a unit's work, which gives None if it is settled, waits, or is another worker's.

    One that was tried often enough, and whose worker died each time, is dead. `token` (below a million) stands in the microseconds of
    `next_at`: by it a unit that is run again after a lost commit knows its own lease (R12).
    """

    consumer: str
    event: str
    token: int
    wrote: Delivery | None = None

    def __call__(self, unit: Unit) -> Delivery | None:
        old = unit.delivery(self.consumer, self.event) or Delivery(self.consumer, self.event)
        if old == self.wrote:
            return old
        if old.delivered or old.dead or (old.next_at is not None and unit.now < old.next_at):
            return None
        if old.tries >= (AWAY_AT_MOST if old.error.startswith((_AWAY, _BACK)) else TRIES_AT_MOST):
            new = evolve(old, dead=True, next_at=None, error=old.error or "its worker stopped each time")
        else:
            new = evolve(old, tries=old.tries + 1, next_at=(unit.now + LEASE).replace(microsecond=self.token))
        unit.write(new)
        self.wrote = new
        return new


def note(unit: Unit, leased: Delivery, failed: Exception | None) -> Delivery:
    """Record how a leased try went."""
    old = unit.delivery(leased.consumer, leased.event) or leased
    if failed is not None and old.tries != leased.tries:
        return old
    noted = after_try(old, failed, unit.now)
    if noted != old:
        unit.write(noted)
    return noted


def after_try(old: Delivery, failed: Exception | None, now: datetime) -> Delivery:
    """How it stands with a delivery whose last leased try went well or failed like this."""
    if failed is not None and (old.delivered or old.dead):
        return old  # settled by another worker while this one was paused: a late failure takes nothing back (M6)
    tries = old.tries
    if failed is None:
        return Delivery(old.consumer, old.event, tries, delivered=True)
    error, wait = _said(failed), max(back_off(tries), timedelta(seconds=1))
    if isinstance(failed, Unavailable):
        dead, wait = tries >= AWAY_AT_MOST, min(wait, _AWAY_WAIT)
    else:
        spent, refused = tries >= TRIES_AT_MOST, isinstance(failed, Undeliverable)
        dead = refused or (spent and not was_away(old))
        error = error if dead or not spent else (_BACK + error)[:_ERROR_AT_MOST]
    return Delivery(old.consumer, old.event, tries, dead=dead, next_at=None if dead else now + wait, error=error)


def _said(failed: Exception) -> str:
    """What to note: our own errors by their text, others by their name alone, because their text may hold anything (R24)."""
    text = str(failed) if isinstance(failed, CheckoutError) else ""
    named = _ADDRESS.sub("•••", text) or type(failed).__name__
    return (_AWAY + named if isinstance(failed, Unavailable) else named)[:_ERROR_AT_MOST]


def was_away(delivery: Delivery) -> bool:
    """Whether the far side was away the last time."""
    return delivery.error.startswith(_AWAY)
