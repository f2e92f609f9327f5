"""The records of a unit, as statements: grouped by table, in one fixed order, each guarded by what it was decided on (R4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

import sqlalchemy as sa
from attrs import evolve

from checkout_adapters.sqlalchemy import statements as st
from checkout_adapters.sqlalchemy import turns
from checkout_adapters.sqlalchemy.faults import Conflict
from checkout_adapters.sqlalchemy.rows import order_line_rows, order_row, payment_rows, pool_row, refund_rows, state_of
from checkout_adapters.sqlalchemy.tables import (
    carts,
    checkouts,
    consumers,
    deliveries,
    events,
    ledger,
    movements,
    order_lines,
    orders,
    payments,
    persons,
    pools,
    quotes,
    refunds,
    requests,
)
from checkout_adapters.sqlalchemy.together import Writes
from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.codec import decode, decode_checkout, encode, encode_answer, encode_checkout, encode_facts, pool_text
from checkout_core.effects import RemoteEffect
from checkout_core.errors import Broken, NotFound
from checkout_core.events import Event
from checkout_core.holds import HoldState, Movement
from checkout_core.ledger import Posting
from checkout_core.pricing import Quote
from checkout_core.unit import CloseCart, Commit, Delivery, Person, Record, Release, Request

R = TypeVar("R")


class Moving(NamedTuple):
    """A hold that is let go, or becomes an order's."""

    pool: str
    amount: int
    state: HoldState


class Flush:
    """Writes the records of one unit. `seen` has the checkouts that it has read: what did not change since is not written again.

    `untold` are the deliveries that it has looked for and not found, by consumer and event: another unit may make the same meanwhile.
    """

    def __init__(
        self, connection: sa.Connection, writes: Writes, now: datetime, seen: Mapping[str, Checkout], untold: Set[tuple[str, str]]
    ) -> None:
        self._connection = connection
        self._writes = writes
        self._now = now
        self._seen = dict(seen)
        self._untold = untold
        self._carts: dict[str, Cart] = {}
        self._moving: dict[str, Sequence[Moving]] = {}

    def write(self, records: Sequence[Record]) -> None:
        """All of them. What breaks a guard raises Broken, and nothing of the unit happens.

        What has to be read for them is read first, so that all writes can be said at once; unless one decides on what another does.
        """
        settling = [record for record in records if isinstance(record, Release | Commit)]
        closing, changed = _of(records, CloseCart), {cart.id for cart in _of(records, Cart)}
        for c in _of(records, Checkout):
            if c.version > 1 and c.id not in self._seen and (found := stored(self._connection, c.id)) is not None:
                self._seen[c.id] = found
        apart = self._writes.apart = (
            any(isinstance(record, Movement | Delivery) for record in records)
            or len({record.checkout for record in settling}) < len(settling)
            or any(record.cart in changed for record in closing)
        )
        if apart:
            self._writes.send()
        else:
            after = {c.id: c for c in _of(records, Checkout)}
            self._carts = {record.cart: self._bought(record) for record in closing}
            self._moving = {record.checkout: self._on_their_way(record, after.get(record.checkout)) for record in settling}
        self._write(records)
        self._writes.send()

    def _write(self, records: Sequence[Record]) -> None:
        for asked in _of(records, Request):
            self._request(asked)
        for cart in _of(records, Cart):
            self._cart(cart)
        for checkout in _of(records, Checkout):
            self._checkout(checkout)
        for closing in _of(records, CloseCart):
            self._cart(self._carts.get(closing.cart) or self._bought(closing))
        for record in records:
            if isinstance(record, Release | Commit):
                self._settle(record)
        for movement in _of(records, Movement):
            self._move(movement)
        self._upsert(persons, ("checkout_id",), [{"checkout_id": p.checkout, "document": encode(p)} for p in _of(records, Person)])
        self._insert(events, [self._event(event) for event in _of(records, Event)])
        self._insert(ledger, [row for posting in _of(records, Posting) for row in self._entries(posting)])
        for delivery in _of(records, Delivery):
            self._delivery(delivery)

    # Requests, carts, checkouts.
    def _request(self, asked: Request) -> None:
        answer = None if asked.answer is None else encode_answer(asked.answer)
        if isinstance(asked.answer, Checkout):
            self._quote(asked.answer)
        row = {"scope": asked.scope, "operation": asked.operation, "key": asked.key, "fingerprint": asked.fingerprint}
        self._insert(requests, [{**row, "attempt": asked.attempt, "answer": answer, "created_at": self._now}])

    def _cart(self, cart: Cart) -> None:
        row: dict[str, object] = {
            "customer_id": cart.customer_id,
            "currency": cart.currency,
            "version": cart.version,
            "ordered": cart.ordered,
            "merged_into": cart.merged_into,
            "document": encode(cart),
            "updated_at": cart.updated_at or self._now,
        }
        if cart.version == 1:
            self._insert(carts, [{"id": cart.id, **row, "created_at": cart.created_at or self._now}])
        else:
            self._next(st.NEXT_CART, f"The cart {cart.id}", cart.id, cart.version, row)

    def _checkout(self, c: Checkout) -> None:
        before = self._seen.get(c.id)
        if c.quote is not None and (before is None or before.quote is None or before.quote.hash != c.quote.hash):
            self._quote(c)
        row: dict[str, object] = {
            "number": c.number,
            "cart_id": c.cart,
            "customer_id": c.customer,
            "version": c.version,
            "state": state_of(c),
            "in_flight": isinstance(c.next, RemoteEffect),
            "due_at": c.due_at,
            "lapses_at": c.lapses_at,
            "quote_hash": None if c.quote is None else c.quote.hash,
            "document": encode_checkout(c),
            "updated_at": self._now,
        }
        if c.version == 1:
            self._insert(checkouts, [{"id": c.id, **row, "created_at": c.begun_at}])
        else:
            self._next(st.NEXT_CHECKOUT, f"The checkout {c.id}", c.id, c.version, row)
        self._upsert(payments, ("id",), payment_rows(before, c, self._now))
        self._upsert(refunds, ("id",), refund_rows(before, c, self._now))
        if (order := order_row(before, c, self._now)) is not None:
            self._upsert(orders, ("id",), [order])
            if before is None or before.order is None:
                self._insert(order_lines, order_line_rows(c))
        self._seen[c.id] = c

    def _quote(self, c: Checkout) -> None:
        """Once for all who have the same (R7)."""
        if c.quote is not None:
            made = st.insert_or(self._connection.dialect.name, quotes, ("hash",), ())
            self._writes.add(made, [{"hash": c.quote.hash, "document": encode(c.quote)}])

    def _bought(self, closing: CloseCart) -> Cart:
        """The cart as it is when it was bought."""
        found = self._connection.execute(st.CART, {"id": closing.cart}).scalar()
        if found is None:
            raise NotFound("cart", closing.cart)
        cart = decode(Cart, found)
        if cart.ordered not in (None, closing.checkout):
            raise Broken(f"The cart {cart.id} was bought already.")
        return evolve(cart, ordered=closing.checkout, version=cart.version + 1, updated_at=self._now)

    # Scarce things.
    def _on_their_way(self, record: Release | Commit, after: Checkout | None = None) -> Sequence[Moving]:
        """The holds of the checkout that move on; what has moved before is not found again (F3, R4).

        On a server their pools are locked with it, in the one order (R27): one statement then changes them in whatever order it likes.
        """
        states = {HoldState.HELD, HoldState.COMMITTED} if isinstance(record, Release) else {HoldState.HELD}
        stay = {pool_text(pool) for pool in record.kept} if isinstance(record, Release) else frozenset[str]()
        said = after if isinstance(record, Commit) else self._seen.get(record.checkout)
        self._writes.send()
        rows: Sequence[Any] = ()
        if self._connection.dialect.name == "sqlite" or said is None:
            rows = self._connection.execute(st.HELD, {"id": record.checkout, "states": [state.value for state in states]}).all()
            keys = [row.pool for row in rows]
        else:
            keys = [pool_text(claim.pool) for claim in said.held]
        if self._connection.dialect.name != "sqlite":
            rows = self._connection.execute(st.WANTED_OF_SERVER, {"id": record.checkout, "claimed": keys}).all()
        found = [Moving(row.pool, row.amount, HoldState(row.state)) for row in rows if row.state in states]
        return [one for one in found if one.pool not in stay]

    def _settle(self, record: Release | Commit) -> None:
        """Every hold moves on, its pool with it."""
        rows = self._moving[record.checkout] if record.checkout in self._moving else self._on_their_way(record)
        if not rows:
            return
        letting_go = isinstance(record, Release)
        moves, new = [], HoldState.RELEASED if letting_go else HoldState.COMMITTED
        for row in rows:
            held = row.amount if row.state == HoldState.HELD else 0
            sold = held - row.amount if letting_go else row.amount
            moves.append({"key": row.pool, "more": -held, "sold": sold, "now": self._now})
        self._writes.add(st.MOVE, moves)
        changed = [{"id": record.checkout, "key": row.pool, "old": row.state.value, "new": new.value, "now": self._now} for row in rows]
        self._writes.add(st.HOLD_STATE, changed, Broken(f"The holds of the checkout {record.checkout} are not what it says."))

    def _move(self, movement: Movement) -> None:
        text = pool_text(movement.pool)
        told = {"key": text, "delta": movement.delta, "beyond": movement.backorder, "now": self._now}
        if self._connection.execute(st.COUNT, told).rowcount == 0:  # an insert that may meet a row would be checked before it meets it
            self._insert(pools, [pool_row(movement.pool, self._now, on_hand=movement.delta, backorder=movement.backorder or 0)])
        row = {"pool": text, "delta": movement.delta, "reason": movement.reason, "actor": movement.actor, "at": movement.at}
        row["backorder"] = movement.backorder
        self._insert(movements, [row])

    # Outbox and books.
    def _event(self, event: Event) -> dict[str, object]:
        row = {"checkout_id": event.checkout, "seq": event.seq, "kind": event.kind, "at": event.at}
        return {**row, "facts": encode_facts(event.facts)}

    def _entries(self, posting: Posting) -> Iterator[dict[str, object]]:
        row = {"posting": posting.id, "currency": posting.currency, "checkout_id": posting.checkout, "reason": posting.reason}
        for entry in posting.entries:
            yield {**row, "account": entry.account, "amount": entry.amount, "at": posting.at}

    def _delivery(self, delivery: Delivery) -> None:
        checkout, _, seq = delivery.event.rpartition("/")
        state = "delivered" if delivery.delivered else "dead" if delivery.dead else "waiting"
        row = {"consumer": delivery.consumer, "checkout_id": checkout, "seq": int(seq), "tries": delivery.tries, "state": state}
        row |= {"next_at": delivery.next_at, "error": delivery.error[:1000], "updated_at": self._now}
        keys = ("consumer", "checkout_id", "seq")
        if (delivery.consumer, delivery.event) in self._untold:
            made = self._connection.execute(st.insert_or(self._connection.dialect.name, deliveries, keys, ()), row)
            if made.rowcount == 0:
                raise Conflict
        else:
            self._upsert(deliveries, keys, [row])
        turns.hold_mark(self._connection, delivery.consumer)
        self._mark(delivery.consumer, {"checkout_id": checkout, "seq": int(seq)} if state == "waiting" else None)

    def _mark(self, consumer: str, waiting: Mapping[str, object] | None) -> None:
        """Move the mark up to which this consumer has everything, so that a relay reads on from there; back for one that waits again."""
        if waiting is not None:
            behind = self._connection.execute(st.BEHIND, {"consumer": consumer, **waiting}).scalar()
            position = None if behind is None else behind - 1
        else:
            front = self._connection.execute(st.FRONT, {"consumer": consumer}).one()
            position = _reached(front) if _reached(front) != front.mark else None
            if position is not None and position > front.mark:
                position = self._certain(consumer, front)
        if position is not None:
            self._upsert(consumers, ("name",), [{"name": consumer, "position": position}])

    def _certain(self, consumer: str, front: Any) -> int | None:
        """As far as no event can still appear that was given its position before: on SQLite all that is there."""
        if self._connection.dialect.name == "sqlite":
            return _reached(front)
        limit = turns.certain(self._connection, consumer, front.last or 0)
        if limit is None:
            return None
        again = self._connection.execute(st.FRONT, {"consumer": consumer}).one()
        position = min(_reached(again), limit)
        return position if position > again.mark else None

    # How.
    def _insert(self, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
        if rows:
            self._writes.add(st.insert_into(table), rows)

    def _upsert(self, table: sa.Table, keys: tuple[str, ...], rows: Sequence[Mapping[str, object]]) -> None:
        if rows:
            changing = tuple(name for name in rows[0] if name not in keys and name != "created_at")
            self._writes.add(st.insert_or(self._connection.dialect.name, table, keys, changing), rows)

    def _next(self, statement: sa.Update, what: str, key: str, version: int, row: Mapping[str, object]) -> None:
        self._writes.add(statement, [{**row, "key": key, "old_version": version - 1}], Broken(f"{what} was changed by somebody else."))


def stored(connection: sa.Connection, id: str, *, looks: bool = False) -> Checkout | None:
    """The checkout with its quote; a unit locks it. Raises Unreadable, TooNew."""
    row = connection.execute(st.CHECKOUT_SEEN if looks else st.CHECKOUT, {"id": id}).first()
    if row is None:
        return None
    quote = row.quote if row.found == row.quote_hash else connection.execute(st.QUOTE, {"hash": row.quote_hash}).scalar()
    return checkout_in(row.document, quote)


# A document is read many times between two changes. What was made of the same text is the same frozen value; persons are not kept.
@lru_cache(512)
def checkout_in(document: str, quote: str | None) -> Checkout:
    """The checkout in its document and its quote's. Raises Unreadable, TooNew."""
    return decode_checkout(document, None if quote is None else quote_in(quote))


@lru_cache(512)
def quote_in(document: str) -> Quote:
    """The quote in a document. Raises Unreadable, TooNew."""
    return decode(Quote, document)


def _reached(front: Any) -> int:
    """How far everything is settled."""
    return int(front.first - 1 if front.first is not None else front.last or 0)


def _of(records: Sequence[Record], kind: type[R]) -> list[R]:
    return [record for record in records if isinstance(record, kind)]
