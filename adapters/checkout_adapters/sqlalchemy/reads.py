"""What the store tells outside a unit: who is due, who is in the way, how much there is, what is not delivered yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import bindparam, select

from checkout_adapters.sqlalchemy import statements as st
from checkout_adapters.sqlalchemy.tables import checkouts, deliveries, events, holds, pools
from checkout_adapters.sqlalchemy.unit import pool_in
from checkout_core.codec import decode_facts, pool_text
from checkout_core.events import Event
from checkout_core.holds import Pool, PoolKey

_DUE: Final = (
    select(checkouts.c.id)
    .where(checkouts.c.due_at.is_not(None), checkouts.c.due_at <= bindparam("now"))
    .order_by(checkouts.c.due_at, checkouts.c.id)
    .limit(bindparam("limit"))
)
_BLOCKING: Final = (
    select(checkouts.c.id)
    .join(holds, holds.c.checkout_id == checkouts.c.id)
    .where(
        holds.c.pool == bindparam("pool"),
        holds.c.state == "held",
        checkouts.c.due_at <= bindparam("now"),
        checkouts.c.in_flight.is_(False),
        checkouts.c.state.in_(("open", "abandoned")),
    )
    .order_by(checkouts.c.due_at, checkouts.c.id)
    .limit(bindparam("limit"))
)
_POOLS: Final = select(*st.NUMBERS).where(pools.c.pool.in_(bindparam("keys", expanding=True)))

_own, _earlier = deliveries.alias("own"), deliveries.alias("earlier")
_may_be_tried = sa.or_(_own.c.next_at.is_(None), _own.c.next_at <= bindparam("now"))
_UNDELIVERED: Final = (
    select(events.c.checkout_id, events.c.seq, events.c.kind, events.c.at, events.c.facts)
    .outerjoin(
        _own,
        sa.and_(_own.c.consumer == bindparam("consumer"), _own.c.checkout_id == events.c.checkout_id, _own.c.seq == events.c.seq),
    )
    .where(
        events.c.position > bindparam("after"),
        sa.or_(_own.c.state.is_(None), sa.and_(_own.c.state == "waiting", _may_be_tried)),
        ~select(_earlier.c.seq)
        .where(
            _earlier.c.consumer == bindparam("consumer"),
            _earlier.c.checkout_id == events.c.checkout_id,
            _earlier.c.seq < events.c.seq,
            _earlier.c.state == "waiting",
            _earlier.c.next_at > bindparam("now"),
        )
        .exists(),
    )
    .order_by(events.c.position)
    .limit(bindparam("limit"))
)


def due(connection: sa.Connection, now: datetime, limit: int) -> Sequence[str]:
    """Ids of checkouts whose time has come, the most overdue first."""
    return list(connection.execute(_DUE, {"now": now, "limit": limit}).scalars())


def blocking(connection: sa.Connection, now: datetime, pool: PoolKey, limit: int) -> Sequence[str]:
    """Ids of overdue checkouts that hold this pool and have no money in flight."""
    return list(connection.execute(_BLOCKING, {"now": now, "pool": pool_text(pool), "limit": limit}).scalars())


def pools_of(connection: sa.Connection, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
    """The numbers of these pools; one never seen is empty."""
    found = {row.pool: pool_in(row) for row in connection.execute(_POOLS, {"keys": [pool_text(key) for key in keys]})}
    return {key: found.get(pool_text(key)) or Pool(key) for key in keys}


def undelivered(connection: sa.Connection, now: datetime, consumer: str, limit: int) -> Sequence[Event]:
    """Events to be tried now, as they were committed; none whose checkout has an earlier one that waits (M2)."""
    after = connection.execute(st.MARK, {"consumer": consumer}).scalar() or 0
    rows = connection.execute(_UNDELIVERED, {"consumer": consumer, "after": after, "now": now, "limit": limit})
    return [Event(row.checkout_id, row.seq, row.kind, row.at, decode_facts(row.facts)) for row in rows]
