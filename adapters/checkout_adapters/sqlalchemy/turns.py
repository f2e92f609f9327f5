"""What the one write lock of SQLite gives for nothing, and a database with many writers must be told. On SQLite each does nothing."""

from __future__ import annotations

from typing import Any, Final

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


def quiet(connection: sa.Connection) -> bool:
    """Whether nobody else writes events just now. Their positions are given before they are committed: one that cannot be seen yet may be
    lower than one that can. What is at most the highest seen before this was asked can be seen after it, if the answer is yes.
    """
    return connection.dialect.name != NAME or not connection.exec_driver_sql(_WRITERS).scalar()


_MARK: Final[Any] = sa.select(consumers.c.position).where(consumers.c.name == sa.bindparam("consumer")).with_for_update(key_share=True)
_WRITERS: Final = """
SELECT count(*) FROM pg_locks
WHERE locktype = 'relation' AND relation = 'events'::regclass AND mode = 'RowExclusiveLock' AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid IS DISTINCT FROM pg_backend_pid()
"""
