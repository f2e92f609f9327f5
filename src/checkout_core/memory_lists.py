"""The `Queries` port over the store in memory: every list is looked up in its tables, under its lock.

queries = MemoryQueries(storage)                      # beside Shop(storage=storage)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import frozen

from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.codec import pool_text
from checkout_core.events import Event
from checkout_core.holds import CardBalance, CartTurn, CouponUses, CouponUsesBy, HoldState, Movement, Pool, PoolKey, Stock
from checkout_core.listings import (
    CardListed,
    CartListed,
    CouponListed,
    EventListed,
    HoldListed,
    OrderListed,
    PaymentListed,
    StockListed,
    at_most,
)
from checkout_core.memory import MemoryStorage, Tables
from checkout_core.orders import OrderState, payment_state
from checkout_core.payments import Attempt, AttemptState
from checkout_core.system import canonical_order_number
from checkout_core.unit import Delivery

UNSETTLED = frozenset(
    {AttemptState.INTENDED, AttemptState.UNKNOWN, AttemptState.ACTION, AttemptState.PROCESSING, AttemptState.AUTHORIZED},
)
"""An attempt in one of these is not over, and a worker goes on with it when its checkout is due."""


class MemoryQueries:
    """Lists from a store of this process."""

    def __init__(self, storage: MemoryStorage) -> None:
        self._storage = storage

    def find(self, text: str) -> str | None:
        return self._storage.read(lambda tables: _find(tables, text.strip()))

    def orders(
        self, *, customer: str | None = None, status: OrderState | None = None, before: datetime | None = None, limit: int = 50
    ) -> Sequence[OrderListed]:
        found = self._storage.read(lambda tables: [_order(c) for c in tables.checkouts.values() if c.order is not None])
        rows = [
            row
            for row in found
            if customer in (None, row.customer) and status in (None, row.status) and (before is None or row.placed_at < before)
        ]
        return sorted(rows, key=lambda row: (row.placed_at, row.id), reverse=True)[: at_most(limit)]

    def carts(self, *, after: str = "", limit: int = 100) -> Sequence[CartListed]:
        found = self._storage.read(lambda tables: [_cart(cart) for cart in tables.carts.values() if cart.id > after and _open(cart)])
        return sorted(found, key=lambda row: row.id)[: at_most(limit)]

    def payments(self, *, checkout: str | None = None, due: bool = False, limit: int = 50) -> Sequence[PaymentListed]:
        now = self._storage.clock.now()
        found = self._storage.read(lambda tables: self._payments(tables.checkouts.values()))
        rows = [row for row in found if checkout in (None, row.checkout) and (not due or _waits(row, now))]
        if due:
            rows.sort(key=lambda row: (row.stuck == "", row.due_at is not None, row.due_at or now, row.id))
        else:
            rows.sort(key=lambda row: (row.updated_at, row.id), reverse=True)
        return rows[: at_most(limit)]

    def inventory(self, *, skus: Sequence[str] = (), limit: int = 1000) -> Sequence[StockListed]:
        found = self._storage.read(lambda tables: list(tables.pools.values()))
        rows = [self._stock(pool, pool.key) for pool in found if isinstance(pool.key, Stock) and (not skus or pool.key.sku in skus)]
        return sorted(rows, key=lambda row: (row.sku, row.location))[: at_most(limit)]

    def gift_cards(self, *, card: str | None = None, after: CardBalance | None = None, limit: int = 100) -> Sequence[CardListed]:
        found = self._storage.read(lambda tables: [(pool.key, pool) for pool in tables.pools.values()])
        cards = [(key, pool) for key, pool in found if isinstance(key, CardBalance) and card in (None, key.card)]
        rows = sorted([(key, pool) for key, pool in cards if after is None or key > after], key=lambda row: row[0])
        return [self._card(key, pool) for key, pool in rows[: at_most(limit)]]

    def holds(
        self, *, sku: str | None = None, card: str | None = None, checkout: str | None = None, limit: int = 100
    ) -> Sequence[HoldListed]:
        rows = [
            row
            for row in self._storage.read(_holds)
            if checkout in (None, row.checkout)
            and (sku is None or (isinstance(row.pool, Stock) and row.pool.sku == sku))
            and (card is None or (isinstance(row.pool, CardBalance) and row.pool.card == card))
        ]
        return rows[: at_most(limit)]

    def movements(self, of: str | CardBalance, *, limit: int = 50) -> Sequence[Movement]:
        found = self._storage.read(lambda tables: list(tables.movements))
        wanted = [one for one in reversed(found) if one.pool == of or (isinstance(one.pool, Stock) and one.pool.sku == of)]
        return wanted[: at_most(limit)]

    def coupons(self) -> Sequence[CouponListed]:
        return self._storage.read(_coupons)

    def outbox(self, *, checkout: str | None = None, after: int = 0, limit: int = 50) -> Sequence[EventListed]:
        rows = [row for row in self._storage.read(_events) if row.position > after and checkout in (None, row.event.checkout)]
        return rows[: at_most(limit)]

    def undelivered(self, *, dead: bool = False, consumer: str | None = None, limit: int = 50) -> Sequence[EventListed]:
        def waits(delivery: Delivery) -> bool:
            return consumer in (None, delivery.consumer) and delivery.dead == dead and not delivery.delivered

        rows = [row for row in self._storage.read(_events) if any(waits(delivery) for delivery in row.deliveries)]
        return rows[: at_most(limit)]

    def _payments(self, checkouts: Iterable[Checkout]) -> list[PaymentListed]:
        return [_payment(c, attempt, self._changed(attempt.key)) for c in checkouts for attempt in c.attempts]

    def _stock(self, pool: Pool, key: Stock) -> StockListed:
        numbers = (pool.on_hand, pool.held, pool.committed, pool.available, pool.shortfall)
        return StockListed(key.sku, key.location, *numbers, self._changed(key), pool.backorder)

    def _card(self, key: CardBalance, pool: Pool) -> CardListed:
        return CardListed(key.card, key.currency, pool.on_hand, pool.held, pool.committed, pool.available, self._changed(key))

    def _changed(self, what: PoolKey | str) -> datetime:
        """When it was written; now, for tables that were put in from a snapshot."""
        return self._storage.changed.get(what) or self._storage.clock.now()


@frozen
class AsyncMemoryQueries:
    """The same for asyncio."""

    queries: MemoryQueries

    async def find(self, text: str) -> str | None:
        return self.queries.find(text)

    async def orders(
        self, *, customer: str | None = None, status: OrderState | None = None, before: datetime | None = None, limit: int = 50
    ) -> Sequence[OrderListed]:
        return self.queries.orders(customer=customer, status=status, before=before, limit=limit)

    async def carts(self, *, after: str = "", limit: int = 100) -> Sequence[CartListed]:
        return self.queries.carts(after=after, limit=limit)

    async def payments(self, *, checkout: str | None = None, due: bool = False, limit: int = 50) -> Sequence[PaymentListed]:
        return self.queries.payments(checkout=checkout, due=due, limit=limit)

    async def inventory(self, *, skus: Sequence[str] = (), limit: int = 1000) -> Sequence[StockListed]:
        return self.queries.inventory(skus=skus, limit=limit)

    async def gift_cards(self, *, card: str | None = None, after: CardBalance | None = None, limit: int = 100) -> Sequence[CardListed]:
        return self.queries.gift_cards(card=card, after=after, limit=limit)

    async def holds(
        self, *, sku: str | None = None, card: str | None = None, checkout: str | None = None, limit: int = 100
    ) -> Sequence[HoldListed]:
        return self.queries.holds(sku=sku, card=card, checkout=checkout, limit=limit)

    async def movements(self, of: str | CardBalance, *, limit: int = 50) -> Sequence[Movement]:
        return self.queries.movements(of, limit=limit)

    async def coupons(self) -> Sequence[CouponListed]:
        return self.queries.coupons()

    async def outbox(self, *, checkout: str | None = None, after: int = 0, limit: int = 50) -> Sequence[EventListed]:
        return self.queries.outbox(checkout=checkout, after=after, limit=limit)

    async def undelivered(self, *, dead: bool = False, consumer: str | None = None, limit: int = 50) -> Sequence[EventListed]:
        return self.queries.undelivered(dead=dead, consumer=consumer, limit=limit)


def _find(tables: Tables, text: str) -> str | None:
    for id in (text, text.lower()):
        if id in tables.checkouts:
            return id
    return tables.numbers.get(text) or tables.numbers.get(canonical_order_number(text))


def _open(cart: Cart) -> bool:
    return cart.ordered is None and cart.merged_into is None


def _cart(cart: Cart) -> CartListed:
    return CartListed(cart.id, cart.customer_id, cart.currency, len(cart.lines), cart.updated_at)


def _order(c: Checkout) -> OrderListed:
    assert c.order is not None
    states = (c.order.state, payment_state(c.order, c.attempts), c.order.fulfilment)
    return OrderListed(c.id, c.order.number, c.customer, c.order.total, *states, c.order.placed_at, c.order.cancelled)


def _payment(c: Checkout, attempt: Attempt, at: datetime) -> PaymentListed:
    return PaymentListed(
        attempt.key,
        c.id,
        c.number,
        attempt.gateway,
        attempt.instrument.method,
        attempt.state,
        attempt.amount,
        attempt.received,
        attempt.reference,
        attempt.reason,
        attempt.unwanted,
        attempt.stuck,
        c.in_flight,
        c.due_at,
        at,
    )


def _waits(row: PaymentListed, now: datetime) -> bool:
    going_on = row.state in UNSETTLED or (row.state is AttemptState.CAPTURED and row.unwanted != "")
    return row.stuck != "" or (going_on and row.due_at is not None and row.due_at <= now)


def _holds(tables: Tables) -> list[HoldListed]:
    rows = list[tuple[bool, datetime, str, str, HoldListed]]()
    for id, holds in tables.holds.items():
        for hold in holds:
            if isinstance(hold.pool, CartTurn) or hold.state not in (HoldState.HELD, HoldState.COMMITTED):
                continue
            c, held = tables.checkouts[id], hold.state is HoldState.HELD
            listed = HoldListed(id, c.number, hold.pool, hold.amount, hold.state, c.lapses_at if held else None)
            rows.append((not held, c.lapses_at, id, pool_text(hold.pool), listed))
    return [row[-1] for row in sorted(rows, key=lambda row: row[:-1])]


def _coupons(tables: Tables) -> Sequence[CouponListed]:
    found, people = dict[str, CouponListed](), dict[str, int]()
    for key, pool in tables.pools.items():
        if isinstance(key, CouponUses):
            found[key.promotion] = CouponListed(key.promotion, pool.on_hand, pool.held, pool.committed, 0)
        elif isinstance(key, CouponUsesBy):
            people[key.promotion] = people.get(key.promotion, 0) + (pool.held + pool.committed > 0)
    for promotion, many in people.items():
        whole = found.get(promotion)
        limit, held, used = (whole.limit, whole.held, whole.used) if whole is not None else (None, *_uses(tables, promotion))
        found[promotion] = CouponListed(promotion, limit, held, used, many)
    return [found[promotion] for promotion in sorted(found)]


def _uses(tables: Tables, promotion: str) -> tuple[int, int]:
    """By how many checkouts a promotion without a limit of its own is held and used: one may claim it under several identities."""
    by = [
        {hold.state for hold in holds if isinstance(hold.pool, CouponUsesBy) and hold.pool.promotion == promotion}
        for holds in tables.holds.values()
    ]
    return sum(HoldState.HELD in states for states in by), sum(HoldState.COMMITTED in states for states in by)


def _events(tables: Tables) -> list[EventListed]:
    told = dict[str, list[Delivery]]()
    for (_, event), delivery in sorted(tables.deliveries.items()):
        told.setdefault(event, []).append(delivery)

    def listed(position: int, event: Event) -> EventListed:
        return EventListed(position, event, tuple(told.get(event.id, ())))

    return [listed(n, event) for n, event in enumerate(tables.events, start=1)]
