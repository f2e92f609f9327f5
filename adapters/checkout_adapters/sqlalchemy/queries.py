"""The `Queries` port on SQL: lists for people. Each is one statement, or two, in a transaction that only reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy import case, func, literal_column, select

from checkout_adapters.sqlalchemy.reading import AsyncSqlReader, SqlReader
from checkout_adapters.sqlalchemy.tables import carts, checkouts, deliveries, events, holds, movements, orders, payments, pools
from checkout_core.cart import Cart
from checkout_core.codec import decode, decode_facts, pool_of, pool_text
from checkout_core.events import Event
from checkout_core.holds import CardBalance, CouponUses, CouponUsesBy, HoldState, Movement
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
from checkout_core.money import Money
from checkout_core.orders import FulfilmentState, OrderState, PaymentState
from checkout_core.payments import AttemptState
from checkout_core.system import canonical_order_number
from checkout_core.unit import Delivery

T = TypeVar("T")
UNSETTLED: Final = ("intended", "unknown", "action", "processing", "authorized")
# The turn of a cart is nobody's to look at.
SHOWN: Final = ("stock", "coupon", "coupon-by", "coupon-in", "coupon-code", "budget", "gift-card")
_STUCK: Final = select(payments.c.id).where(payments.c.stuck != literal_column("''"))  # written out, so that the index of stuck ones serves


class SqlQueries:
    """Lists from a store of this process, or from a replica (`reading.SqlReplica`)."""

    def __init__(self, storage: SqlReader) -> None:
        self._storage = storage

    def find(self, text: str) -> str | None:
        return self._ask(Find(text))

    def orders(
        self, *, customer: str | None = None, status: OrderState | None = None, before: datetime | None = None, limit: int = 50
    ) -> Sequence[OrderListed]:
        return self._ask(Orders(customer, status, before, limit))

    def carts(self, *, after: str = "", limit: int = 100) -> Sequence[CartListed]:
        return self._ask(Carts(after, limit))

    def payments(self, *, checkout: str | None = None, due: bool = False, limit: int = 50) -> Sequence[PaymentListed]:
        return self._ask(Payments(checkout, due, self._storage.clock.now(), limit))

    def inventory(self, *, skus: Sequence[str] = (), limit: int = 1000) -> Sequence[StockListed]:
        return self._ask(Inventory(tuple(skus), limit))

    def gift_cards(self, *, card: str | None = None, after: CardBalance | None = None, limit: int = 100) -> Sequence[CardListed]:
        return self._ask(GiftCards(card, after, limit))

    def holds(
        self, *, sku: str | None = None, card: str | None = None, checkout: str | None = None, limit: int = 100
    ) -> Sequence[HoldListed]:
        return self._ask(Holds(sku, card, checkout, limit))

    def movements(self, of: str | CardBalance, *, limit: int = 50) -> Sequence[Movement]:
        return self._ask(Movements(of, limit))

    def coupons(self) -> Sequence[CouponListed]:
        return self._ask(Coupons())

    def outbox(self, *, checkout: str | None = None, after: int = 0, limit: int = 50) -> Sequence[EventListed]:
        return self._ask(Outbox(checkout, after, limit))

    def undelivered(self, *, dead: bool = False, consumer: str | None = None, limit: int = 50) -> Sequence[EventListed]:
        return self._ask(Undelivered(dead, consumer, limit))

    def _ask(self, question: Question[T]) -> T:
        return self._storage.read(question.on)


class AsyncSqlQueries:
    """The same for asyncio."""

    def __init__(self, storage: AsyncSqlReader) -> None:
        self._storage = storage

    async def find(self, text: str) -> str | None:
        return await self._ask(Find(text))

    async def orders(
        self, *, customer: str | None = None, status: OrderState | None = None, before: datetime | None = None, limit: int = 50
    ) -> Sequence[OrderListed]:
        return await self._ask(Orders(customer, status, before, limit))

    async def carts(self, *, after: str = "", limit: int = 100) -> Sequence[CartListed]:
        return await self._ask(Carts(after, limit))

    async def payments(self, *, checkout: str | None = None, due: bool = False, limit: int = 50) -> Sequence[PaymentListed]:
        return await self._ask(Payments(checkout, due, self._storage.clock.now(), limit))

    async def inventory(self, *, skus: Sequence[str] = (), limit: int = 1000) -> Sequence[StockListed]:
        return await self._ask(Inventory(tuple(skus), limit))

    async def gift_cards(self, *, card: str | None = None, after: CardBalance | None = None, limit: int = 100) -> Sequence[CardListed]:
        return await self._ask(GiftCards(card, after, limit))

    async def holds(
        self, *, sku: str | None = None, card: str | None = None, checkout: str | None = None, limit: int = 100
    ) -> Sequence[HoldListed]:
        return await self._ask(Holds(sku, card, checkout, limit))

    async def movements(self, of: str | CardBalance, *, limit: int = 50) -> Sequence[Movement]:
        return await self._ask(Movements(of, limit))

    async def coupons(self) -> Sequence[CouponListed]:
        return await self._ask(Coupons())

    async def outbox(self, *, checkout: str | None = None, after: int = 0, limit: int = 50) -> Sequence[EventListed]:
        return await self._ask(Outbox(checkout, after, limit))

    async def undelivered(self, *, dead: bool = False, consumer: str | None = None, limit: int = 50) -> Sequence[EventListed]:
        return await self._ask(Undelivered(dead, consumer, limit))

    async def _ask(self, question: Question[T]) -> T:
        return await self._storage.read(question.on)


S_co = TypeVar("S_co", covariant=True)


class Question(Protocol[S_co]):
    """One list: what is asked, as a value that either face can put to a connection."""

    def on(self, connection: sa.Connection) -> S_co: ...


@frozen
class Find:
    text: str

    def on(self, connection: sa.Connection) -> str | None:
        text = self.text.strip()
        wanted = sa.or_(checkouts.c.id.in_((text, text.lower())), checkouts.c.number.in_((text, canonical_order_number(text))))
        return connection.execute(select(checkouts.c.id).where(wanted).limit(1)).scalar()


@frozen
class Orders:
    customer: str | None
    status: OrderState | None
    before: datetime | None
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[OrderListed]:
        asked = select(orders).order_by(orders.c.created_at.desc(), orders.c.id.desc()).limit(at_most(self.limit))
        if self.customer is not None:
            asked = asked.where(orders.c.customer_id == self.customer)
        if self.status is not None:
            asked = asked.where(orders.c.status == self.status.value)
        if self.before is not None:
            asked = asked.where(orders.c.created_at < self.before)
        return [
            OrderListed(
                row.id,
                row.number,
                row.customer_id,
                Money(row.total, row.currency),
                OrderState(row.status),
                PaymentState(row.payment),
                FulfilmentState(row.fulfilment),
                row.created_at,
                row.cancelled,
            )
            for row in connection.execute(asked)
        ]


@frozen
class Carts:
    after: str
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[CartListed]:
        open = sa.and_(carts.c.ordered.is_(None), carts.c.merged_into.is_(None), carts.c.id > self.after)
        asked = select(carts.c.document).where(open).order_by(carts.c.id).limit(at_most(self.limit))
        found = [decode(Cart, document) for (document,) in connection.execute(asked)]
        return [CartListed(cart.id, cart.customer_id, cart.currency, len(cart.lines), cart.updated_at) for cart in found]


@frozen
class Payments:
    checkout: str | None
    due: bool
    now: datetime
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[PaymentListed]:
        joined = payments.join(checkouts, checkouts.c.id == payments.c.checkout_id)
        asked = (
            select(payments, checkouts.c.number, checkouts.c.in_flight, checkouts.c.due_at).select_from(joined).limit(at_most(self.limit))
        )
        if self.checkout is not None:
            asked = asked.where(payments.c.checkout_id == self.checkout)
        if self.due:
            going_back = sa.and_(payments.c.state == "captured", payments.c.unwanted != "")
            worker = sa.and_(checkouts.c.due_at <= self.now, sa.or_(payments.c.state.in_(UNSETTLED), going_back))
            asked = asked.where(payments.c.id.in_(sa.union_all(_STUCK, select(payments.c.id).select_from(joined).where(worker))))
            asked = asked.order_by(payments.c.stuck == "", checkouts.c.due_at.is_not(None), checkouts.c.due_at, payments.c.id)
        else:
            asked = asked.order_by(payments.c.updated_at.desc(), payments.c.id.desc())
        return [_payment(row) for row in connection.execute(asked)]


def _payment(row: Any) -> PaymentListed:
    return PaymentListed(
        row.id,
        row.checkout_id,
        row.number,
        row.gateway,
        row.method,
        AttemptState(row.state),
        Money(row.amount, row.currency),
        None if row.received is None else Money(row.received, row.received_currency),
        row.reference,
        row.reason,
        row.unwanted,
        row.stuck,
        row.in_flight,
        row.due_at,
        row.updated_at,
    )


@frozen
class Inventory:
    skus: tuple[str, ...]
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[StockListed]:
        left = pools.c.on_hand + pools.c.backorder - pools.c.held - pools.c.committed
        asked = select(pools, case((left > 0, left), else_=0).label("available")).where(pools.c.kind == "stock")
        if self.skus:
            asked = asked.where(pools.c.sku.in_(self.skus))
        asked = asked.order_by(pools.c.sku, pools.c.location).limit(at_most(self.limit))
        return [
            StockListed(
                row.sku, row.location, row.on_hand, row.held, row.committed, row.available, row.shortfall, row.updated_at, row.backorder
            )
            for row in connection.execute(asked)
        ]


@frozen
class GiftCards:
    card: str | None
    after: CardBalance | None
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[CardListed]:
        first = "gift-card/" if self.after is None else pool_text(self.after)  # a range of the primary key
        asked = select(pools).where(pools.c.kind == "gift-card", pools.c.pool > first)
        if self.card is not None:
            asked = asked.where(_on_card(pools.c.pool, self.card))
        found = [(pool_of(row.pool), row) for row in connection.execute(asked.order_by(pools.c.pool).limit(at_most(self.limit)))]
        return [
            CardListed(key.card, key.currency, row.on_hand, row.held, row.committed, row.on_hand - row.held - row.committed, row.updated_at)
            for key, row in found
            if isinstance(key, CardBalance)
        ]


@frozen
class Holds:
    sku: str | None
    card: str | None
    checkout: str | None
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[HoldListed]:
        joined = holds.join(checkouts, checkouts.c.id == holds.c.checkout_id).join(pools, pools.c.pool == holds.c.pool)
        columns = (holds.c.checkout_id, checkouts.c.number, holds.c.pool, holds.c.amount, holds.c.state, checkouts.c.lapses_at)
        asked = select(*columns).select_from(joined).where(holds.c.state.in_(("held", "committed")), pools.c.kind.in_(SHOWN))
        if self.sku is not None:
            asked = asked.where(pools.c.kind == "stock", pools.c.sku == self.sku)
        if self.card is not None:
            asked = asked.where(_on_card(holds.c.pool, self.card))
        if self.checkout is not None:
            asked = asked.where(holds.c.checkout_id == self.checkout)
        asked = asked.order_by(holds.c.state.desc(), checkouts.c.lapses_at, holds.c.checkout_id, holds.c.pool).limit(at_most(self.limit))
        return [
            HoldListed(
                row.checkout_id,
                row.number,
                pool_of(row.pool),
                row.amount,
                HoldState(row.state),
                row.lapses_at if row.state == HoldState.HELD else None,
            )
            for row in connection.execute(asked)
        ]


def _on_card(pool: sa.Column[str], card: str) -> sa.ColumnElement[bool]:
    """The balances of one card, whatever their currency."""
    return pool.startswith(pool_text(CardBalance(card, "")), autoescape=True)


@frozen
class Movements:
    wanted: str | CardBalance
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[Movement]:
        asked = select(movements)
        if isinstance(self.wanted, CardBalance):
            asked = asked.where(movements.c.pool == pool_text(self.wanted))
        else:
            asked = asked.join(pools, pools.c.pool == movements.c.pool).where(pools.c.kind == "stock", pools.c.sku == self.wanted)
        rows = connection.execute(asked.order_by(movements.c.id.desc()).limit(at_most(self.limit)))
        return [Movement(pool_of(row.pool), row.delta, row.reason, row.actor, row.at, row.backorder) for row in rows]


@frozen
class Coupons:
    def on(self, connection: sa.Connection) -> Sequence[CouponListed]:
        people: dict[str, int] = {}
        for row in connection.execute(select(pools.c.pool, pools.c.held, pools.c.committed).where(pools.c.kind == "coupon-by")):
            key = pool_of(row.pool)
            assert isinstance(key, CouponUsesBy)
            people[key.promotion] = people.get(key.promotion, 0) + (row.held + row.committed > 0)
        found: dict[str, CouponListed] = {}
        for row in connection.execute(select(pools).where(pools.c.kind == "coupon")):
            coupon = pool_of(row.pool)
            assert isinstance(coupon, CouponUses)
            found[coupon.promotion] = CouponListed(coupon.promotion, row.on_hand, row.held, row.committed, people.pop(coupon.promotion, 0))
        for promotion, many in people.items():
            found[promotion] = CouponListed(promotion, None, *_uses(connection, promotion), many)
        return [found[promotion] for promotion in sorted(found)]


def _uses(connection: sa.Connection, promotion: str) -> tuple[int, int]:
    """By how many checkouts a promotion without a limit of its own is held and used: one may claim it under several identities."""
    first = pool_text(CouponUsesBy(promotion, ""))
    by = sa.and_(holds.c.pool >= first, holds.c.pool < first[:-1] + chr(ord("/") + 1))
    asked = select(holds.c.state, func.count(holds.c.checkout_id.distinct()).label("many")).where(by).group_by(holds.c.state)
    many = {row.state: row.many for row in connection.execute(asked)}
    return many.get("held", 0), many.get("committed", 0)


@frozen
class Outbox:
    checkout: str | None
    after: int
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[EventListed]:
        asked = select(events).where(events.c.position > self.after).order_by(events.c.position).limit(at_most(self.limit))
        if self.checkout is not None:
            asked = asked.where(events.c.checkout_id == self.checkout)
        return _with_deliveries(connection, connection.execute(asked).all())


@frozen
class Undelivered:
    dead: bool
    consumer: str | None
    limit: int

    def on(self, connection: sa.Connection) -> Sequence[EventListed]:
        same = sa.and_(deliveries.c.checkout_id == events.c.checkout_id, deliveries.c.seq == events.c.seq)
        state = deliveries.c.state == ("dead" if self.dead else "waiting")
        asked = select(events).join(deliveries, same).where(state).order_by(events.c.position).limit(at_most(self.limit))
        if self.consumer is not None:
            asked = asked.where(deliveries.c.consumer == self.consumer)
        return _with_deliveries(connection, connection.execute(asked.distinct()).all())


def _with_deliveries(connection: sa.Connection, rows: Sequence[Any]) -> Sequence[EventListed]:
    told: dict[tuple[str, int], list[Delivery]] = {}
    if rows:
        ids = sorted({row.checkout_id for row in rows})
        for row in connection.execute(select(deliveries).where(deliveries.c.checkout_id.in_(ids)).order_by(deliveries.c.consumer)):
            state = (row.state == "delivered", row.state == "dead")
            delivery = Delivery(row.consumer, f"{row.checkout_id}/{row.seq}", row.tries, *state, row.next_at, row.error)
            told.setdefault((row.checkout_id, row.seq), []).append(delivery)
    return [
        EventListed(
            row.position,
            Event(row.checkout_id, row.seq, row.kind, row.at, decode_facts(row.facts)),
            tuple(told.get((row.checkout_id, row.seq), ())),
        )
        for row in rows
    ]
