"""Reference adapters in memory: the contracts are written against them; quickstart, simulator and host tests run on them.

Everything is lost when the process ends. A unit works on an overlay and is applied whole at its commit, or not at all.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final, Generic, TypeVar

from attrs import define, evolve, field, frozen

from checkout_core.cart import Cart
from checkout_core.catalog import Product
from checkout_core.checkout import Checkout
from checkout_core.codes import Issued, answered
from checkout_core.customers import Destination
from checkout_core.effects import RemoteEffect
from checkout_core.errors import Broken, NotFound
from checkout_core.events import Event
from checkout_core.experiments import Experiment
from checkout_core.holds import CartTurn, Claim, Hold, HoldState, Movement, Pool, PoolKey, Short, Taken
from checkout_core.ledger import Posting
from checkout_core.ports import Clock
from checkout_core.prices import NO_LISTS, PriceBook, book_of
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refused
from checkout_core.shipping import Shipment, ShippingOption, ShippingTable
from checkout_core.system import SystemClock
from checkout_core.tax import TaxRate, TaxTable
from checkout_core.unit import CloseCart, Commit, Delivery, Person, Record, Release, Request, Unit, View

_DUE_AT_LEAST: Final = 64  # so many entries of the heap are kept without asking which are stale

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class Overlay(Generic[K, V]):
    """A table seen by one unit: its own writes over what is committed."""

    __slots__ = ("table", "written")

    def __init__(self, table: dict[K, V]) -> None:
        self.table = table
        self.written: dict[K, V] = {}

    def get(self, key: K) -> V | None:
        return self.written[key] if key in self.written else self.table.get(key)

    def put(self, key: K, value: V) -> None:
        self.written[key] = value

    def commit(self) -> None:
        if self.written:
            self.table.update(self.written)


@define
class Tables:
    """Everything the store knows. Rows are frozen values, so a copy of the tables is a snapshot."""

    carts: dict[str, Cart] = field(factory=dict)
    checkouts: dict[str, Checkout] = field(factory=dict)
    pools: dict[PoolKey, Pool] = field(factory=dict)
    holds: dict[str, tuple[Hold, ...]] = field(factory=dict)
    holders: dict[PoolKey, tuple[str, ...]] = field(factory=dict)
    people: dict[str, Person] = field(factory=dict)
    requests: dict[tuple[str, str, str], Request] = field(factory=dict)
    deliveries: dict[tuple[str, str], Delivery] = field(factory=dict)
    numbers: dict[str, str] = field(factory=dict)
    references: dict[tuple[str, str], str] = field(factory=dict)
    opened: dict[tuple[str, str], str | None] = field(factory=dict)
    movements: list[Movement] = field(factory=list)
    events: list[Event] = field(factory=list)
    postings: list[Posting] = field(factory=list)


class MemoryUnit:
    """One unit of work on the tables."""

    def __init__(self, tables: Tables, now: datetime) -> None:
        self._now = now
        self._carts = Overlay(tables.carts)
        self._checkouts = Overlay(tables.checkouts)
        self._pools = Overlay(tables.pools)
        self._holds = Overlay(tables.holds)
        self._holders = Overlay(tables.holders)
        self._people = Overlay(tables.people)
        self._requests = Overlay(tables.requests)
        self._deliveries = Overlay(tables.deliveries)
        self._numbers = Overlay(tables.numbers)
        self._references = Overlay(tables.references)
        self._opened = Overlay(tables.opened)
        self._records: list[Record] = []
        self.movements: list[Movement] = []
        self.events: list[Event] = []
        self.postings: list[Posting] = []

    @property
    def now(self) -> datetime:
        return self._now

    @property
    def checkouts_written(self) -> Iterable[Checkout]:
        return self._checkouts.written.values()

    @property
    def changes(self) -> Iterator[PoolKey | str]:
        """The pools that this unit has written, and the keys of attempts that are other than before."""
        yield from self._pools.written
        for checkout in self.checkouts_written:
            old = self._checkouts.table.get(checkout.id)
            if checkout.attempts and (old is None or old.attempts is not checkout.attempts):
                before = {attempt.key: attempt for attempt in old.attempts} if old is not None else {}
                yield from (attempt.key for attempt in checkout.attempts if before.get(attempt.key) != attempt)

    @property
    def newly_due(self) -> Iterator[tuple[datetime, str]]:
        """When which checkouts fall due, other than before."""
        for checkout in self.checkouts_written:
            old = self._checkouts.table.get(checkout.id)
            if checkout.due_at is not None and (old is None or old.due_at != checkout.due_at):
                yield checkout.due_at, checkout.id

    @property
    def reopened(self) -> Iterator[str]:
        """The consumers for whom something else is written of an event that they had settled: it may be told again."""
        for key in self._deliveries.written:
            if settled(self._deliveries.table.get(key)):
                yield key[0]

    def cart(self, id: str) -> Cart:
        return _found(self._carts.get(id), "cart", id)

    def checkout(self, id: str) -> Checkout:
        return _found(self._checkouts.get(id), "checkout", id)

    def cart_of(self, customer: str, currency: str) -> str | None:
        return self._opened.get((customer, currency))

    def buyer(self, cart: str) -> str | None:
        return next(iter(self._holders.get(CartTurn(cart)) or ()), None)

    def person(self, checkout: str) -> Person | None:
        return self._people.get(checkout)

    def request(self, scope: str, operation: str, key: str) -> Request | None:
        return self._requests.get((scope, operation, key))

    def pool(self, key: PoolKey) -> Pool:
        return self._pools.get(key) or Pool(key)

    def delivery(self, consumer: str, event: str) -> Delivery | None:
        return self._deliveries.get((consumer, event))

    def take(self, checkout: str, claims: Sequence[Claim]) -> Taken | Short:
        mine = self._holds.get(checkout) or ()
        own = {hold.pool: hold.amount for hold in mine if hold.state is HoldState.HELD}
        pools: dict[PoolKey, Pool] = {}
        for claim in claims:
            pool, had = self.pool(claim.pool).sized(claim.limit), own.pop(claim.pool, 0)
            more = claim.amount - had
            taken = pool.take(more) if more > 0 else pool.move(-more, HoldState.HELD, HoldState.RELEASED)
            if taken is None:
                return Short(claim.pool, claim.amount, pool.available + had, self._free_at(claim.pool, checkout))
            pools[claim.pool] = taken
        for key, amount in own.items():
            pools[key] = self.pool(key).move(amount, HoldState.HELD, HoldState.RELEASED)
            self._forget(key, checkout)
        for key, pool in pools.items():
            self._pools.put(key, pool)
        for claim in claims:
            self._remember(claim.pool, checkout)
        kept = tuple(hold for hold in mine if hold.state is not HoldState.HELD)
        self._holds.put(checkout, kept + tuple(Hold(checkout, claim.pool, claim.amount) for claim in claims))
        return Taken()

    def write(self, *records: Record) -> None:
        self._records.extend(records)

    def flush(self) -> None:
        """Apply the records, guarded (R4): what breaks a constraint raises Broken, and nothing of the unit happens."""
        for record in self._records:
            self._apply(record)
        self._records.clear()

    def commit(self, tables: Tables) -> None:
        for overlay in (self._carts, self._checkouts, self._pools, self._holds, self._holders):
            overlay.commit()
        for other in (self._people, self._requests, self._deliveries, self._numbers, self._references, self._opened):
            other.commit()
        tables.movements += self.movements
        tables.events += self.events
        tables.postings += self.postings

    def _apply(self, record: Record) -> None:
        match record:  # the frequent ones first
            case Event():
                self.events.append(record)
            case Posting():
                self.postings.append(record)
            case Checkout():
                old = self._checkouts.get(record.id)
                _guard(record.version == (old.version if old else 0) + 1, f"The checkout {record.id} was changed by somebody else.")
                _guard(self._numbers.get(record.number) in (None, record.id), f"The order number {record.number} is taken.")
                self._checkouts.put(record.id, record)
                self._numbers.put(record.number, record.id)
                for attempt in record.attempts:
                    if attempt.reference:
                        self._refer((attempt.gateway, attempt.reference), attempt.key)
            case Cart():
                before = self._carts.get(record.id)
                _guard(record.version == (before.version if before else 0) + 1, f"The cart {record.id} was changed by somebody else.")
                self._put_cart(record)
            case CloseCart(id, checkout):
                cart = self.cart(id)
                _guard(cart.ordered in (None, checkout), f"The cart {id} was bought already.")
                self._put_cart(evolve(cart, ordered=checkout, version=cart.version + 1, updated_at=self._now))
            case Release(checkout, stay):
                self._move(checkout, (HoldState.HELD, HoldState.COMMITTED), HoldState.RELEASED, stay)
            case Commit(checkout):
                self._move(checkout, (HoldState.HELD,), HoldState.COMMITTED)
            case Person():
                self._people.put(record.checkout, record)
            case Request():
                asked = (record.scope, record.operation, record.key)
                _guard(self._requests.get(asked) is None, f"The key {record.key} was used already.")
                self._requests.put(asked, record)
            case Movement():
                adjusted = self.pool(record.pool).adjust(record.delta, backorder=record.backorder, force=True)
                if adjusted is None:
                    raise Broken(f"There cannot be fewer than none of {record.pool}.")
                self._pools.put(record.pool, adjusted)
                self.movements.append(record)
            case Delivery():
                self._deliveries.put((record.consumer, record.event), record)

    def _refer(self, payment: tuple[str, str], attempt: str) -> None:
        """A gateway's reference belongs to one payment (RB-44)."""
        whose = self._references.get(payment)
        _guard(whose in (None, attempt), f"The payment {payment[1]} of {payment[0]} belongs to another attempt.")
        if whose is None:
            self._references.put(payment, attempt)

    def _put_cart(self, cart: Cart) -> None:
        """A customer has one open cart in each currency (RB-77)."""
        self._carts.put(cart.id, cart)
        if cart.customer_id is None:
            return
        whose = (cart.customer_id, cart.currency)
        closed = cart.ordered is not None or cart.merged_into is not None
        _guard(closed or self._opened.get(whose) in (None, cart.id), f"{cart.customer_id} has an open cart in {cart.currency} already.")
        if not closed or self._opened.get(whose) == cart.id:
            self._opened.put(whose, None if closed else cart.id)

    def _move(self, checkout: str, old: tuple[HoldState, ...], new: HoldState, stay: tuple[PoolKey, ...] = ()) -> None:
        kept: list[Hold] = []
        for hold in self._holds.get(checkout) or ():
            if hold.state not in old or hold.pool in stay:
                kept.append(hold)
                continue
            self._pools.put(hold.pool, self.pool(hold.pool).move(hold.amount, hold.state, new))
            if new is not HoldState.RELEASED:
                kept.append(Hold(hold.checkout, hold.pool, hold.amount, new))
                if isinstance(hold.pool, CartTurn):
                    continue  # who has bought a cart is its buyer for good; of other pools only those can let go that hold
            self._forget(hold.pool, checkout)
        self._holds.put(checkout, tuple(kept))

    def _remember(self, key: PoolKey, checkout: str) -> None:
        holders = self._holders.get(key) or ()
        if checkout not in holders:
            self._holders.put(key, (*holders, checkout))

    def _forget(self, key: PoolKey, checkout: str) -> None:
        holders = self._holders.get(key) or ()
        if checkout in holders:
            self._holders.put(key, tuple([id for id in holders if id != checkout]))

    def _free_at(self, key: PoolKey, but: str) -> datetime | None:
        others = [self._checkouts.get(id) for id in self._holders.get(key) or () if id != but]
        return min((c.lapses_at for c in others if c is not None and c.order is None), default=None)


@define
class Queue:
    """What one consumer has still to be told: of the events `seen` so far, in their order, those that were `open` when last looked at."""

    seen: int = 0
    open: list[Event] = field(factory=list)


def settled(delivery: Delivery | None) -> bool:
    """Whether the consumer is done with that event."""
    return delivery is not None and (delivery.delivered or delivery.dead)


class MemoryStorage:
    """The store in this process's memory, behind one lock. Without a `clock` it is the machine's."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or SystemClock()
        self.tables = Tables()
        self.changed = dict[PoolKey | str, datetime]()  # when a pool was, or an attempt by its key; for lists alone
        self._lock = threading.RLock()
        self._due: list[tuple[datetime, str]] = []  # a heap; an entry that its checkout no longer agrees with is stale
        self._due_at_most = _DUE_AT_LEAST
        self._queues = dict[str, Queue]()

    def index(self) -> None:
        """Find anew which checkouts are due and which events wait; needed after `tables` were replaced by a snapshot."""
        self._due = [(c.due_at, c.id) for c in self.tables.checkouts.values() if c.due_at is not None]
        heapq.heapify(self._due)
        self._queues.clear()

    def read(self, look: Callable[[Tables], T]) -> T:
        """What `look` sees of the tables, while nobody writes to them."""
        with self._lock:
            return look(self.tables)

    def transact(self, work: Callable[[Unit], T]) -> T:
        with self._lock:
            unit = MemoryUnit(self.tables, self.clock.now())
            result = work(unit)
            unit.flush()
            now = unit.now
            for changed in unit.changes:
                self.changed[changed] = now
            for entry in unit.newly_due:
                heapq.heappush(self._due, entry)
            for consumer in unit.reopened:
                self._queues.pop(consumer, None)
            unit.commit(self.tables)
            if len(self._due) > self._due_at_most:
                self._forget_stale()
            return result

    def _forget_stale(self) -> None:
        self._due = [entry for entry in set(self._due) if self._stands(entry)]
        heapq.heapify(self._due)
        self._due_at_most = max(2 * len(self._due), _DUE_AT_LEAST)

    def _stands(self, entry: tuple[datetime, str]) -> bool:
        due_at, id = entry
        checkout = self.tables.checkouts.get(id)
        return checkout is not None and checkout.due_at == due_at

    def look(self, work: Callable[[View], T]) -> T:
        with self._lock:
            return work(MemoryUnit(self.tables, self.clock.now()))

    def due(self, limit: int) -> Sequence[str]:
        now, found = self.clock.now(), list[tuple[datetime, str]]()
        with self._lock:
            while self._due and self._due[0][0] <= now and len(found) < limit:
                entry = heapq.heappop(self._due)
                if self._stands(entry) and entry not in found[-1:]:  # equal ones follow each other
                    found.append(entry)
            for entry in found:  # it stays due until a unit of it says otherwise
                heapq.heappush(self._due, entry)
        return [id for _, id in found]

    def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        now = self.clock.now()
        with self._lock:
            holders = [self.tables.checkouts[id] for id in self.tables.holders.get(pool, ())]
        idle = [c for c in holders if c.order is None and c.due_at is not None and c.due_at <= now and not isinstance(c.next, RemoteEffect)]
        return [id for _, id in sorted([(c.due_at, c.id) for c in idle])[:limit]]

    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        with self._lock:
            return {key: self.tables.pools.get(key) or Pool(key) for key in keys}

    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        now, found, waiting = self.clock.now(), list[Event](), set[str]()
        with self._lock:
            queue = self._queues.setdefault(consumer, Queue())
            queue.open += self.tables.events[queue.seen :]
            queue.seen = len(self.tables.events)
            open, looked_at = list[Event](), 0
            for event in queue.open:
                if len(found) == limit:
                    break
                looked_at += 1
                delivery = self.tables.deliveries.get((consumer, event.id))
                if settled(delivery):
                    continue
                open.append(event)
                if delivery is not None and delivery.next_at is not None and delivery.next_at > now:
                    waiting.add(event.checkout)
                elif event.checkout not in waiting:
                    found.append(event)
            queue.open[:looked_at] = open
        return found


@frozen
class AsyncMemoryStorage:
    """The same store for an AsyncShop."""

    store: MemoryStorage

    async def transact(self, work: Callable[[Unit], T]) -> T:
        return self.store.transact(work)

    async def look(self, work: Callable[[View], T]) -> T:
        return self.store.look(work)

    async def due(self, limit: int) -> Sequence[str]:
        return self.store.due(limit)

    async def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        return self.store.blocking(pool, limit)

    async def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        return self.store.pools(keys)

    async def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        return self.store.undelivered(consumer, limit)


def _by_sku(products: Mapping[str, Product] | Iterable[Product]) -> Mapping[str, Product]:
    return {product.sku: product for product in (products.values() if isinstance(products, Mapping) else products)}


def _by_code(issued: Mapping[str, Issued] | Iterable[Issued]) -> Mapping[str, Issued]:
    return {one.code: one for one in (issued.values() if isinstance(issued, Mapping) else issued)}


@frozen
class MemoryCatalog:
    """A catalogue, its promotions, tax table, shipping table, price lists, experiments and issued codes, as plain values."""

    items: Mapping[str, Product] = field(converter=_by_sku)
    deals: tuple[Promotion, ...] = field(default=(), converter=tuple[Promotion, ...])
    taxes: TaxTable = TaxTable(())
    shipping: ShippingTable = ShippingTable(())
    lists: PriceBook = field(default=NO_LISTS, converter=book_of)
    trials: tuple[Experiment, ...] = field(default=(), converter=tuple[Experiment, ...])
    issued: Mapping[str, Issued] = field(factory=dict, converter=_by_code, kw_only=True)

    @property
    def prefixes(self) -> frozenset[str]:
        """What the codes of its batches begin with."""
        return frozenset([one.batch.prefix for one in self.issued.values()])

    def products(self, skus: Sequence[str]) -> Mapping[str, Product]:
        return {sku: self.items[sku] for sku in skus if sku in self.items}

    def promotions(self, codes: Sequence[str]) -> Sequence[Promotion | Refused]:
        """With the codes of its batches (`issued`)."""
        return answered(codes, self.deals, self.prefixes, self.issued)

    def prices(self, skus: Sequence[str]) -> PriceBook:
        return self.lists

    def experiments(self) -> Sequence[Experiment]:
        return self.trials

    def rates(self, destination: Destination, categories: Sequence[str], at: datetime) -> Mapping[str, tuple[TaxRate, ...] | None]:
        return {category: self.taxes.rates(destination.country, destination.region, category, at) for category in categories}

    def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
        return self.shipping.options(shipment)


@frozen
class AsyncMemoryCatalog:
    """The same catalogue for an AsyncShop."""

    catalog: MemoryCatalog

    async def products(self, skus: Sequence[str]) -> Mapping[str, Product]:
        return self.catalog.products(skus)

    async def promotions(self, codes: Sequence[str]) -> Sequence[Promotion | Refused]:
        return self.catalog.promotions(codes)

    async def prices(self, skus: Sequence[str]) -> PriceBook:
        return self.catalog.prices(skus)

    async def experiments(self) -> Sequence[Experiment]:
        return self.catalog.experiments()

    async def rates(self, destination: Destination, categories: Sequence[str], at: datetime) -> Mapping[str, tuple[TaxRate, ...] | None]:
        return self.catalog.rates(destination, categories, at)

    async def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
        return self.catalog.options(shipment)


def _found(value: V | None, kind: str, id: str) -> V:
    if value is None:
        raise NotFound(kind, id)
    return value


def _guard(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Broken(otherwise)
