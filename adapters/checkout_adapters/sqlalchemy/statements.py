"""The statements of a unit, made once. The same text serves every database; only an upsert is asked of the dialect."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite

from checkout_adapters.sqlalchemy.tables import carts, checkouts, consumers, deliveries, events, holds, persons, pools, quotes, requests

LIVE: Final = ("held", "committed")

# Reading: a look, and with the row's lock a unit, where there is one; SQLite has taken the lock of the whole file by then. A lock that lets
# others refer to the row is enough, because no key ever changes.
CART_SEEN: Final = select(carts.c.document).where(carts.c.id == bindparam("id"))
CART: Final = CART_SEEN.with_for_update(key_share=True)
CART_OF: Final = select(carts.c.id).where(
    carts.c.customer_id == bindparam("customer"),
    carts.c.currency == bindparam("currency"),
    carts.c.ordered.is_(None),
    carts.c.merged_into.is_(None),
)
CHECKOUT_SEEN: Final = (
    select(checkouts.c.document, checkouts.c.quote_hash, quotes.c.document.label("quote"), quotes.c.hash.label("found"))
    .outerjoin(quotes, quotes.c.hash == checkouts.c.quote_hash)
    .where(checkouts.c.id == bindparam("id"))
)
CHECKOUT: Final = CHECKOUT_SEEN.with_for_update(key_share=True, of=checkouts)
"""Whoever has waited for the lock is given the row as it is now, beside the other table as it was when he asked: `found` tells."""
QUOTE: Final = select(quotes.c.document).where(quotes.c.hash == bindparam("hash"))
BUYER: Final = select(holds.c.checkout_id).where(holds.c.pool == bindparam("pool"), holds.c.state.in_(LIVE))
PERSON: Final = select(persons.c.document).where(persons.c.checkout_id == bindparam("id"))
REQUEST: Final = select(requests.c.fingerprint, requests.c.attempt, requests.c.answer).where(
    requests.c.scope == bindparam("scope"), requests.c.operation == bindparam("operation"), requests.c.key == bindparam("key")
)
NUMBERS: Final = (pools.c.pool, pools.c.on_hand, pools.c.held, pools.c.committed, pools.c.backorder, pools.c.shortfall)
POOL_SEEN: Final = select(*NUMBERS).where(pools.c.pool == bindparam("pool"))
POOL: Final = POOL_SEEN.with_for_update(key_share=True)
DELIVERY_SEEN: Final = select(deliveries.c.tries, deliveries.c.state, deliveries.c.next_at, deliveries.c.error).where(
    deliveries.c.consumer == bindparam("consumer"),
    deliveries.c.checkout_id == bindparam("checkout_id"),
    deliveries.c.seq == bindparam("seq"),
)
DELIVERY: Final = DELIVERY_SEEN.with_for_update(key_share=True)

# Taking. The pools of all claims, and of all that is held already, are locked in the one order (R27); then the writes say yes or no (R5).
_MINE: Final = select(holds.c.pool).where(holds.c.checkout_id == bindparam("id"), holds.c.state == "held")
_FOUND: Final = (
    select(*NUMBERS, holds.c.amount.label("amount"), holds.c.state.label("state"))
    .outerjoin(holds, sa.and_(holds.c.pool == pools.c.pool, holds.c.checkout_id == bindparam("id")))
    .order_by(pools.c.pool)
    .with_for_update(key_share=True, of=pools)
)
WANTED: Final = _FOUND.where(sa.or_(pools.c.pool.in_(bindparam("claimed", expanding=True)), pools.c.pool.in_(_MINE)))
_TEXTS: Final = postgresql.ARRAY(sa.Text)
_OWN: Final = sa.func.array(_MINE.with_only_columns(sa.cast(holds.c.pool, sa.Text)).scalar_subquery())
_KEYS: Final = sa.cast(bindparam("claimed", type_=_TEXTS), _TEXTS).op("||", return_type=_TEXTS)(_OWN)
WANTED_OF_SERVER: Final = _FOUND.where(pools.c.pool == sa.any_(_KEYS))
"""On a server all keys are one list, made before anything is looked at. From one or the other, it would go through every pool there is;
and were they joined, a pool for which it has waited would be gone: what was joined to it is not looked at again with the new row (Q2).
"""
UNMADE: Final = sa.delete(pools).where(pools.c.pool.in_(bindparam("made", expanding=True)))
FREE_AT: Final = select(sa.func.min(checkouts.c.lapses_at)).where(
    checkouts.c.id.in_(select(holds.c.checkout_id).where(holds.c.pool == bindparam("pool"), holds.c.state == "held")),
    checkouts.c.id != bindparam("id"),
    checkouts.c.state != "placed",
)

_MISSING: Final = pools.c.held + pools.c.committed + bindparam("more") + bindparam("sold") - pools.c.on_hand - pools.c.backorder
TAKE: Final = (
    update(pools)
    .where(pools.c.pool == bindparam("key"), pools.c.on_hand + pools.c.backorder - pools.c.held - pools.c.committed >= bindparam("more"))
    .values(held=pools.c.held + bindparam("more"), updated_at=bindparam("now"))
)
TAKE_LIMITED: Final = (
    update(pools)
    .where(pools.c.pool == bindparam("key"), bindparam("limit") + pools.c.backorder - pools.c.held - pools.c.committed >= bindparam("more"))
    .values(on_hand=bindparam("limit"), shortfall=0, held=pools.c.held + bindparam("more"), updated_at=bindparam("now"))
)
MOVE: Final = (
    update(pools)
    .where(pools.c.pool == bindparam("key"))
    .values(
        held=pools.c.held + bindparam("more"),
        committed=pools.c.committed + bindparam("sold"),
        shortfall=case((_MISSING <= 0, 0), (pools.c.shortfall > _MISSING, _MISSING), else_=pools.c.shortfall),
        updated_at=bindparam("now"),
    )
)
"""Held and committed by so much more or less; a shortfall that is no longer there goes (F4, F5)."""

_BEYOND: Final = sa.func.coalesce(bindparam("beyond", type_=sa.BigInteger), pools.c.backorder)
_SHORT: Final = pools.c.held + pools.c.committed - pools.c.on_hand - bindparam("delta") - _BEYOND
COUNT: Final = (
    update(pools)
    .where(pools.c.pool == bindparam("key"))
    .values(
        on_hand=pools.c.on_hand + bindparam("delta"),
        backorder=_BEYOND,
        shortfall=case((_SHORT > 0, _SHORT), else_=0),
        updated_at=bindparam("now"),
    )
)

HELD: Final = (
    select(holds.c.pool, holds.c.amount, holds.c.state)
    .where(holds.c.checkout_id == bindparam("id"), holds.c.state.in_(bindparam("states", expanding=True)))
    .order_by(holds.c.pool)
    .with_for_update(key_share=True)
)
HOLD_STATE: Final = (
    update(holds)
    .where(holds.c.checkout_id == bindparam("id"), holds.c.pool == bindparam("key"), holds.c.state == bindparam("old"))
    .values(state=bindparam("new"), updated_at=bindparam("now"))
)

# Writing the next version of a document: of two that read the same one, the second finds no row (R4).
NEXT_CART: Final = update(carts).where(carts.c.id == bindparam("key"), carts.c.version == bindparam("old_version"))
NEXT_CHECKOUT: Final = update(checkouts).where(checkouts.c.id == bindparam("key"), checkouts.c.version == bindparam("old_version"))

# The outbox.
_DONE: Final = ("delivered", "dead")
_STATE: Final = (
    select(deliveries.c.state)
    .where(
        deliveries.c.consumer == bindparam("consumer"),
        deliveries.c.checkout_id == events.c.checkout_id,
        deliveries.c.seq == events.c.seq,
    )
    .scalar_subquery()
)
MARK: Final = select(consumers.c.position).where(consumers.c.name == bindparam("consumer"))
_MARK: Final = sa.func.coalesce(MARK.scalar_subquery(), 0)
BEHIND: Final = select(events.c.position).where(
    events.c.checkout_id == bindparam("checkout_id"), events.c.seq == bindparam("seq"), events.c.position <= _MARK
)
"""Where an event stands, if that is behind the mark of its consumer."""
FRONT: Final = select(
    _MARK.label("mark"),
    select(sa.func.min(events.c.position)).where(events.c.position > _MARK, sa.func.coalesce(_STATE, "waiting").not_in(_DONE))
    .scalar_subquery().label("first"),
    select(sa.func.max(events.c.position)).scalar_subquery().label("last"),
)  # fmt: skip
"""The mark of a consumer, the first event after it that is not settled, and the last of all."""


@cache
def insert_into(table: sa.Table) -> sa.Insert:
    """A plain insert; nobody asks which numbers the database gave."""
    return sa.insert(table).inline().execution_options(preserve_rowcount=True)


@cache
def insert_or(dialect: str, table: sa.Table, keys: Sequence[str], changed: Sequence[str]) -> Any:
    """An insert that, where the keys are taken, sets these columns instead, or with none of them does nothing."""
    made = (sqlite.insert if dialect == "sqlite" else postgresql.insert)(table).execution_options(preserve_rowcount=True)
    if not changed:
        return made.on_conflict_do_nothing(index_elements=list(keys))
    return made.on_conflict_do_update(index_elements=list(keys), set_={name: made.excluded[name] for name in changed})
