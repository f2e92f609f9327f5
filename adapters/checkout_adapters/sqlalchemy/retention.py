"""What is over leaves the tables that every purchase writes to, after so many days: in batches, a transaction each.

    for removed in retire(storage, Retention()):
        print(removed)

Orders, their payments, events and books stay. What is gone are records of requests that nobody repeats any more, checkouts that were given
up and never had money, and carts that nobody touched. A run may stop anywhere: what it has done is done, and the next one goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa
from attrs import field, frozen
from sqlalchemy import bindparam, delete, exists, select, tuple_

from checkout_adapters.sqlalchemy.faults import translated
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_adapters.sqlalchemy.tables import (
    carts,
    checkouts,
    consumers,
    deliveries,
    events,
    holds,
    ledger,
    payments,
    persons,
    pools,
    refunds,
    requests,
)
from checkout_core.codec import pool_text
from checkout_core.holds import CartTurn

BATCH: Final = 500


def _days(keep: object, attribute: object, days: int | None) -> None:
    if days is not None and (type(days) is not int or days < 1):
        raise ValueError(f"Keep it for a whole number of days, 1 or more, or None for ever; not {days!r}.")


@frozen
class Retention:
    """For how many days each is kept after it was last touched; None: for ever. Raises ValueError for less than a day.

    A request that is repeated after `requests` days is a new one (R23): keep them longer than any client tries again.
    """

    requests: int | None = field(default=30, validator=_days)
    checkouts: int | None = field(default=90, validator=_days)
    carts: int | None = field(default=90, validator=_days)


Removed = Mapping[str, int]
"""How many rows of each table a batch has removed."""


def retire(storage: SqlStorage, keep: Retention, *, batch: int = BATCH) -> Iterator[Removed]:
    """Remove what is over, batch by batch, the oldest first; what each has removed. Raises Unavailable; repeat it then."""
    now = storage.read(storage.time_on)
    for table, days, step in (
        ("requests", keep.requests, _requests),
        ("checkouts", keep.checkouts, _checkouts),
        ("carts", keep.carts, _carts),
    ):
        after: tuple[str, ...] | None = ("", "", "") if table == "requests" else ("",)
        while days is not None and after is not None:
            with translated(), storage.engine.connect() as connection, connection.begin():
                after, removed = step(connection, now - timedelta(days=days), after, batch)
            if any(removed.values()):
                yield removed


def over(storage: SqlStorage, keep: Retention) -> Removed:
    """How much there is to remove now, by table; without what goes with it."""
    now = storage.read(storage.time_on)
    asked = (
        ("requests", keep.requests, select(sa.func.count()).select_from(requests).where(requests.c.created_at < bindparam("until"))),
        ("checkouts", keep.checkouts, select(sa.func.count()).select_from(checkouts).where(*_GIVEN_UP)),
        ("carts", keep.carts, select(sa.func.count()).select_from(carts).where(*_LEFT)),
    )
    return {
        table: storage.read(lambda c, one=one, days=days: int(c.execute(one, {"until": now - timedelta(days=days)}).scalar_one()))  # type: ignore[misc]
        for table, days, one in asked
        if days is not None
    }


Step = tuple[tuple[str, ...] | None, Removed]

_KEY: Final = (requests.c.scope, requests.c.operation, requests.c.key)
_LAST: Final = select(sa.func.max(events.c.position)).scalar_subquery()
_BEHIND: Final = select(sa.func.min(consumers.c.position)).scalar_subquery()


def _of(table: sa.Table) -> sa.Exists:
    return exists().where(table.c.checkout_id == checkouts.c.id)


_GIVEN_UP: Final = (
    checkouts.c.state == "abandoned",
    checkouts.c.due_at.is_(None),
    checkouts.c.updated_at < bindparam("until"),
    ~exists().where(payments.c.checkout_id == checkouts.c.id, payments.c.received.is_not(None)),
    ~_of(refunds),
    ~_of(ledger),
    ~exists().where(holds.c.checkout_id == checkouts.c.id, holds.c.state.in_(("held", "committed"))),
    ~exists().where(deliveries.c.checkout_id == checkouts.c.id, deliveries.c.state != "delivered"),
    # The last event of all stays, so that no mark is beyond the outbox; and so does what a consumer has still to be told.
    ~exists().where(
        events.c.checkout_id == checkouts.c.id, (events.c.position == _LAST) | (events.c.position > sa.func.coalesce(_BEHIND, _LAST))
    ),
)
"""Given up, with nothing left to do, no money ever, and told to everybody."""

_into: Final = carts.alias("into_it")
_LEFT: Final = (
    carts.c.updated_at < bindparam("until"),
    ~exists().where(checkouts.c.cart_id == carts.c.id),
    ~exists().where(_into.c.merged_into == carts.c.id),
)
"""Touched by nobody, and not what anything else came of."""


def _requests(connection: sa.Connection, until: datetime, after: tuple[str, ...], batch: int) -> Step:
    page = connection.execute(select(*_KEY, requests.c.created_at).where(tuple_(*_KEY) > tuple_(*after)).order_by(*_KEY).limit(batch)).all()
    old = [tuple(row[:3]) for row in page if row.created_at < until]
    gone = connection.execute(delete(requests).where(tuple_(*_KEY).in_(old))).rowcount if old else 0
    return (tuple(page[-1][:3]) if len(page) == batch else None), {"requests": gone}


def _checkouts(connection: sa.Connection, until: datetime, after: tuple[str, ...], batch: int) -> Step:
    ids = _locked(connection, checkouts, _GIVEN_UP, until, after, batch)
    removed: dict[str, int] = {}
    for table in (deliveries, events, persons, holds, payments, checkouts):
        column = table.c.id if table is checkouts else table.c.checkout_id
        removed[str(table.name)] = connection.execute(delete(table).where(column.in_(ids))).rowcount if ids else 0
    return ((ids[-1],) if len(ids) == batch else None), removed


def _carts(connection: sa.Connection, until: datetime, after: tuple[str, ...], batch: int) -> Step:
    ids = _locked(connection, carts, _LEFT, until, after, batch)
    if not ids:
        return None, {}
    gone = delete(carts).where(carts.c.id.in_(ids), *_LEFT[1:])  # asked once more, of what was done while the rows were waited for
    turns = delete(pools).where(
        pools.c.pool.in_([pool_text(CartTurn(id)) for id in ids]),
        pools.c.held == 0,
        pools.c.committed == 0,
        ~exists().where(holds.c.pool == pools.c.pool),
    )
    removed = {"carts": connection.execute(gone).rowcount, "pools": connection.execute(turns).rowcount}
    return ((ids[-1],) if len(ids) == batch else None), removed


def _locked(
    connection: sa.Connection,
    table: sa.Table,
    which: tuple[sa.ColumnElement[bool], ...],
    until: datetime,
    after: tuple[str, ...],
    batch: int,
) -> list[str]:
    """The next ids; those that somebody is at are passed over."""
    asked = select(table.c.id).where(table.c.id > after[0], *which).order_by(table.c.id).limit(batch)
    return list(connection.execute(asked.with_for_update(skip_locked=True, of=table), {"until": until}).scalars())
