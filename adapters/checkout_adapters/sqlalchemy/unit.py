"""One unit of work on a connection: what it reads and takes at once, and the records it writes together at its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from checkout_adapters.sqlalchemy import statements as st
from checkout_adapters.sqlalchemy.faults import Conflict
from checkout_adapters.sqlalchemy.flush import Flush, quote_in, stored
from checkout_adapters.sqlalchemy.postgres import NAME
from checkout_adapters.sqlalchemy.rows import pool_row
from checkout_adapters.sqlalchemy.tables import holds, pools
from checkout_adapters.sqlalchemy.together import Writes
from checkout_core.cart import Cart
from checkout_core.checkout import Checkout
from checkout_core.codec import decode, decode_answer, pool_of, pool_text
from checkout_core.errors import NotFound
from checkout_core.holds import CartTurn, Claim, HoldState, Pool, PoolKey, Short, Taken
from checkout_core.pricing import Quote
from checkout_core.unit import Delivery, Person, Record, Request


class SqlUnit:
    """A `Unit`. It knows claims and records, and never why (`checkout_core.drive` does). One that only looks locks nothing."""

    def __init__(self, connection: sa.Connection, now: datetime, *, looks: bool = False) -> None:
        self._connection = connection
        self._now = now
        self._looks = looks
        self._writes = Writes(connection)
        self._untold = set[tuple[str, str]]()
        self._seen: dict[str, Checkout] = {}
        self._records: list[Record] = []

    @property
    def now(self) -> datetime:
        return self._now

    def cart(self, id: str) -> Cart:
        row = self._one(st.CART_SEEN if self._looks else st.CART, id=id)
        if row is None:
            raise NotFound("cart", id)
        return _cart_in(row.document)

    def checkout(self, id: str) -> Checkout:
        found = stored(self._connection, id, looks=self._looks)
        if found is None:
            raise NotFound("checkout", id)
        self._seen[id] = found
        return found

    def cart_of(self, customer: str, currency: str) -> str | None:
        row = self._one(st.CART_OF, customer=customer, currency=currency)
        return None if row is None else str(row.id)

    def buyer(self, cart: str) -> str | None:
        self._writes.send()
        row = self._one(st.BUYER, pool=pool_text(CartTurn(cart)))
        return None if row is None else str(row.checkout_id)

    def person(self, checkout: str) -> Person | None:
        row = self._one(st.PERSON, id=checkout)
        return None if row is None else decode(Person, row.document)

    def request(self, scope: str, operation: str, key: str) -> Request | None:
        row = self._one(st.REQUEST, scope=scope, operation=operation, key=key)
        if row is None:
            return None
        answer = None if row.answer is None else decode_answer(row.answer, self._quote)
        return Request(scope, operation, key, row.fingerprint, row.attempt, answer)

    def pool(self, key: PoolKey) -> Pool:
        self._writes.send()
        row = self._one(st.POOL_SEEN if self._looks else st.POOL, pool=pool_text(key))
        return Pool(key) if row is None else pool_in(row)

    def delivery(self, consumer: str, event: str) -> Delivery | None:
        checkout, _, seq = event.rpartition("/")
        if not (seq.isascii() and seq.isdigit() and len(seq) < 10):  # what no database counts to is no event
            return None
        row = self._one(st.DELIVERY_SEEN if self._looks else st.DELIVERY, consumer=consumer, checkout_id=checkout, seq=int(seq))
        if row is None:
            self._untold.add((consumer, event))
            return None
        return Delivery(consumer, event, row.tries, row.state == "delivered", row.state == "dead", row.next_at, row.error)

    def take(self, checkout: str, claims: Sequence[Claim]) -> Taken | Short:
        """As the port says: the pools are locked and read first, and a short one leaves no trace; then each write says yes or no.

        Limited pools of which this may be the first use are made before anything is locked: an insert that meets a row waits for whoever is
        at it, and he may be waiting for a pool that stands behind it in the one order (R27).
        """
        self._writes.send()
        named = {pool_text(claim.pool): claim for claim in claims}
        made = self._make(checkout, named)
        asked = st.WANTED_OF_SERVER if self._connection.dialect.name == NAME else st.WANTED
        rows = self._connection.execute(asked, {"id": checkout, "claimed": list(named)}).all()
        known = {row.pool: row for row in rows}
        mine = {row.pool: row.amount for row in rows if row.state == HoldState.HELD}
        grabs: list[tuple[str, Claim, int]] = []
        moves = [(text, -amount) for text, amount in mine.items() if text not in named]
        for text, claim in named.items():
            if text in made:
                continue
            pool, had = (pool_in(known[text]) if text in known else Pool(claim.pool)).sized(claim.limit), mine.get(text, 0)
            more = claim.amount - had
            if more > 0 and pool.take(more) is None:
                if made:
                    self._connection.execute(st.UNMADE, {"made": made})
                until = self._connection.execute(st.FREE_AT, {"pool": text, "id": checkout}).scalar()
                return Short(claim.pool, claim.amount, pool.available + had, until)
            if more > 0:
                grabs.append((text, claim, more))
            elif more < 0:
                moves.append((text, more))
        self._grab(grabs)
        if moves:
            given = [{"key": text, "more": more, "sold": 0, "now": self._now} for text, more in sorted(moves)]
            self._writes.add(st.MOVE, given)
        self._hold(checkout, [text for text, _ in moves if text not in named], {text: c.amount for text, c in named.items()}, mine)
        return Taken()

    def write(self, *records: Record) -> None:
        self._records.extend(records)

    def flush(self) -> None:
        """Write everything, in the one order of the tables."""
        Flush(self._connection, self._writes, self._now, self._seen, self._untold).write(self._records)
        self._records.clear()

    def _grab(self, grabs: Sequence[tuple[str, Claim, int]]) -> None:
        """The only write that can answer no (R5); here it cannot, because the rows are locked, and yet it is asked."""
        plain = [{"key": text, "more": more, "now": self._now} for text, claim, more in grabs if claim.limit is None]
        sized = [
            {"key": text, "more": more, "limit": claim.limit, "now": self._now} for text, claim, more in grabs if claim.limit is not None
        ]
        for statement, given in ((st.TAKE, plain), (st.TAKE_LIMITED, sized)):
            if given:
                self._writes.add(statement, given, Conflict())

    def _make(self, checkout: str, wanted: Mapping[str, Claim]) -> Sequence[str]:
        """A limited pool appears with its first use, and is taken with it. Those that were there already are not in the answer (E12)."""
        had = {claim.pool for claim in self._seen[checkout].held} if checkout in self._seen else set[PoolKey]()
        given = [
            pool_row(claim.pool, self._now, on_hand=claim.limit, held=claim.amount)
            for _, claim in sorted(wanted.items())
            if claim.limit is not None and claim.amount <= claim.limit and claim.pool not in had
        ]
        if not given:
            return ()
        made = st.insert_or(self._connection.dialect.name, pools, ("pool",), ()).returning(pools.c.pool)
        return self._connection.execute(made, given).scalars().all()

    def _hold(self, checkout: str, gone: Sequence[str], wanted: Mapping[str, int], had: Mapping[str, int]) -> None:
        changed = {text: amount for text, amount in wanted.items() if had.get(text) != amount}
        if gone:
            change = {"id": checkout, "old": HoldState.HELD.value, "new": HoldState.RELEASED.value, "now": self._now}
            self._writes.add(st.HOLD_STATE, [{**change, "key": text} for text in gone])
        if changed:
            statement = st.insert_or(self._connection.dialect.name, holds, ("checkout_id", "pool"), ("amount", "state", "updated_at"))
            row = {"checkout_id": checkout, "state": HoldState.HELD.value, "updated_at": self._now}
            self._writes.add(statement, [{**row, "pool": text, "amount": amount} for text, amount in changed.items()])

    def _quote(self, hash: str) -> Quote | None:
        row = self._one(st.QUOTE, hash=hash)
        return None if row is None else quote_in(row.document)

    def _one(self, statement: Any, **given: object) -> Any:
        return self._connection.execute(statement, given).first()


# A document is read many times between two changes. What was made of the same text is the same frozen value; persons are not kept.
@lru_cache(512)
def _cart_in(document: str) -> Cart:
    return decode(Cart, document)


def pool_in(row: Any) -> Pool:
    """The pool of a row."""
    return Pool(pool_of(row.pool), row.on_hand, row.held, row.committed, row.backorder, row.shortfall)
