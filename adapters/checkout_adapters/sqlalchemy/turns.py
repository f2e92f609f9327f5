"""What the one write lock of SQLite gives for nothing, and a database with many writers must be told. On SQLite each does nothing."""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from checkout_adapters.sqlalchemy.postgres import NAME
from checkout_adapters.sqlalchemy.statements import insert_or
from checkout_adapters.sqlalchemy.tables import consumers


def one_by_one(connection: sa.Connection) -> None:
    """Whoever changes the catalogue, its codes or the shape of the tables does it after the other, until the end of this transaction."""
    if connection.dialect.name == NAME:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1131965300)")  # "Chkt"


def hold_mark(connection: sa.Connection, consumer: str) -> None:
    """The mark of this consumer is ours until the end of this transaction: what is put back behind it is not passed at the same moment."""
    if connection.dialect.name != NAME:
        return
    while connection.execute(_MARK, {"consumer": consumer}).first() is None:
        connection.execute(insert_or(NAME, consumers, ("name",), ()), {"name": consumer, "position": 0})


def writers(connection: sa.Connection) -> frozenset[str]:
    """Who else writes events just now, each by a name that no later transaction has."""
    if connection.dialect.name != NAME:
        return frozenset()
    return frozenset(connection.exec_driver_sql(_WRITERS).scalars())


def certain(connection: sa.Connection, consumer: str, last: int) -> int | None:
    """Up to which position nothing can appear any more that was not there before; `last` is the highest that was seen until now.

    Positions are given before they are committed: one that cannot be seen yet may be lower than one that can. Whoever was given a position
    holds a lock on the events from before that until the end. So what was at most the highest seen at a time is certain as soon as none of
    those who wrote then writes any more, be it at once or later. None if nothing new is certain.
    """
    known = _SEEN.setdefault(connection.engine, {})
    now, before = writers(connection), known.get(consumer)
    if not now:
        known.pop(consumer, None)
        return last
    if before is None or not before[1] & now:
        known[consumer] = (last, now)
    return None if before is None or before[1] & now else before[0]


_SEEN: Final[WeakKeyDictionary[sa.Engine, dict[str, tuple[int, frozenset[str]]]]] = WeakKeyDictionary()
"""Of each store in this process, by consumer: the highest position at a time, and who wrote then."""

_MARK: Final[Any] = sa.select(consumers.c.position).where(consumers.c.name == sa.bindparam("consumer")).with_for_update(key_share=True)
_WRITERS: Final = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = 'events'::regclass AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid IS DISTINCT FROM pg_backend_pid()
"""
