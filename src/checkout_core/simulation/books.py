"""Our own books of a run, made of what was written and nothing else: what each checkout holds, what each pool counts, what is still to do.

A store that forgets, or a flow that skips, contradicts them. `take_in` says what a commit has changed, for the checks that follow.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from attrs import define, field

from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.events import Event
from checkout_core.holds import Movement, PoolKey
from checkout_core.ledger import Posting
from checkout_core.simulation.watching import Watched
from checkout_core.unit import CloseCart, Commit, Delivery, Release, Request

POLL: Final = timedelta(seconds=2)
"""How soon a worker looks at a message that nobody has tried."""


@define(eq=False)
class Counts:
    """What a pool counts."""

    on_hand: int = 0
    held: int = 0
    committed: int = 0
    backorder: int = 0

    @property
    def there(self) -> int:
        return self.on_hand + self.backorder

    @property
    def promised(self) -> int:
        return self.held + self.committed


@define(eq=False)
class Changes:
    """What one commit has changed: each thing before and after, and the pools it touched."""

    checkouts: list[tuple[Checkout | None, Checkout]] = field(factory=list)
    carts: list[tuple[Cart | None, Cart]] = field(factory=list)
    deliveries: list[tuple[Delivery | None, Delivery]] = field(factory=list)
    requests: list[tuple[Request | None, Request]] = field(factory=list)
    events: list[Event] = field(factory=list)
    postings: list[Posting] = field(factory=list)
    closed: list[CloseCart] = field(factory=list)
    pools: dict[PoolKey, None] = field(factory=dict)
    now: datetime | None = None
    """The store's clock when it ran."""


class Books:
    """What was committed until now."""

    def __init__(self, consumers: Iterable[str] = ()) -> None:
        self.docs: dict[str, Checkout] = {}
        self.due: dict[str, datetime] = {}
        self.held: dict[str, dict[PoolKey, int]] = {}
        self.committed: dict[str, dict[PoolKey, int]] = {}
        self.counts: dict[PoolKey, Counts] = {}
        self.limits: dict[PoolKey, int] = {}
        self.carts: dict[str, Cart] = {}
        self.events: dict[str, Event] = {}
        self.consumers = tuple(consumers)
        self.pending: dict[tuple[str, str], datetime | None] = {}
        """The messages that a consumer has not got yet, by consumer and event."""
        self.deliveries: dict[tuple[str, str], Delivery] = {}
        self.requests: dict[tuple[str, str, str], Request] = {}
        self.payers: dict[str, int] = {}
        """How many requests joined each attempt."""

    def take_in(self, unit: Watched) -> Changes:
        """Note what a unit has committed."""
        changes = Changes(now=unit.now)
        for checkout, claims in unit.taken:
            self._take(checkout, {claim.pool: claim.amount for claim in claims}, changes.pools)
            for claim in claims:
                if claim.limit is not None:
                    self.limits[claim.pool] = claim.limit
        for record in unit.written:
            match record:
                case Checkout(id=id):
                    changes.checkouts.append((self.docs.get(id), record))
                    self.docs[id] = record
                    if record.due_at is None:
                        self.due.pop(id, None)
                    else:
                        self.due[id] = record.due_at
                case Event(id=id):
                    changes.events.append(record)
                    self.events[id] = record
                    self.pending.update(dict.fromkeys([(consumer, id) for consumer in self.consumers]))
                case Release(checkout, stay):
                    self._release(checkout, stay, changes.pools)
                case Commit(checkout):
                    self._commit(checkout, changes.pools)
                case Request(scope, operation, key, _, attempt):
                    changes.requests.append((self.requests.get((scope, operation, key)), record))
                    self.requests[scope, operation, key] = record
                    if attempt:
                        self.payers[attempt] = self.payers.get(attempt, 0) + 1
                case Movement(pool, delta, backorder=beyond):
                    self._counts(pool).on_hand += delta
                    if beyond is not None:
                        self._counts(pool).backorder = beyond
                    changes.pools[pool] = None
                case Cart(id=id):
                    changes.carts.append((self.carts.get(id), record))
                    self.carts[id] = record
                case Delivery(consumer, event):
                    changes.deliveries.append((self.deliveries.get((consumer, event)), record))
                    self.deliveries[consumer, event] = record
                    if record.delivered or record.dead:
                        self.pending.pop((consumer, event), None)
                    else:
                        self.pending[consumer, event] = record.next_at
                case Posting():
                    changes.postings.append(record)
                case CloseCart():
                    changes.closed.append(record)
                case _:
                    pass
        return changes

    def attempt_of(self, checkout: str, key: str) -> str:
        """The attempt that a wish to pay became; empty if it became none."""
        record = self.requests.get((checkout, "pay", key))
        return "" if record is None else record.attempt

    def next_work(self, now: datetime) -> datetime | None:
        """When a worker has something to do next; None if never."""
        times = list(self.due.values())
        times += [now + POLL if at is None else at for at in self.letters().values()]
        return min(times, default=None)

    def letters(self) -> dict[tuple[str, str], datetime | None]:
        """The messages that are next, one a consumer and checkout: when each may be tried again, or None if it never was."""
        first = dict[tuple[str, str], tuple[str, str]]()
        for consumer, event in self.pending:
            first.setdefault((consumer, event.rpartition("/")[0]), (consumer, event))  # the later ones of a checkout wait for it (M2)
        return {letter: self.pending[letter] for letter in first.values()}

    def _counts(self, pool: PoolKey) -> Counts:
        counts = self.counts.get(pool)
        if counts is None:
            counts = self.counts[pool] = Counts()
        return counts

    def _take(self, checkout: str, now: dict[PoolKey, int], touched: dict[PoolKey, None]) -> None:
        had = self.held.get(checkout, {})
        for pool, amount in now.items():
            more = amount - had.get(pool, 0)
            if more:
                self._counts(pool).held += more
                touched[pool] = None
        for pool, amount in had.items():
            if pool not in now:
                self._counts(pool).held -= amount
                touched[pool] = None
        self.held[checkout] = now

    def _release(self, checkout: str, stay: tuple[PoolKey, ...], touched: dict[PoolKey, None]) -> None:
        for name, kept in (("held", self.held), ("committed", self.committed)):
            mine = kept.pop(checkout, {})
            for pool, amount in mine.items():
                if pool not in stay:
                    counts = self._counts(pool)
                    setattr(counts, name, getattr(counts, name) - amount)
                    touched[pool] = None
            if still := {pool: amount for pool, amount in mine.items() if pool in stay}:
                kept[checkout] = still

    def _commit(self, checkout: str, touched: dict[PoolKey, None]) -> None:
        mine = self.committed.setdefault(checkout, {})
        for pool, amount in self.held.pop(checkout, {}).items():
            counts = self._counts(pool)
            counts.held -= amount
            counts.committed += amount
            mine[pool] = mine.get(pool, 0) + amount
            touched[pool] = None
