"""The `Storage` port on SQL. A unit is one transaction; sync and async run the same units, on SQLite and PostgreSQL the same statements.

    storage = SqlStorage("shop.db")                                   # Shop(storage=…)
    storage = AsyncSqlStorage("postgresql://shop@db.example/shop")    # AsyncShop(storage=…)

On SQLite it takes the write lock at its start; on PostgreSQL it locks the rows that it reads, and runs again if others were in the way.

Whatever the database does, a caller hears of it as one of our errors, by what may be done next (`faults`).
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from attrs import field, frozen

from checkout_adapters.sqlalchemy import postgres, reads
from checkout_adapters.sqlalchemy.engines import BUSY_TIMEOUT
from checkout_adapters.sqlalchemy.faults import Conflict, LostCommit, conflict_in, is_undone, told_of, translated, typed
from checkout_adapters.sqlalchemy.postgres import time_of
from checkout_adapters.sqlalchemy.reading import AsyncSqlReader, SqlReader, again_if_undone
from checkout_adapters.sqlalchemy.unit import SqlUnit
from checkout_core.errors import Busy, NoAnswer, Unavailable
from checkout_core.events import Event
from checkout_core.holds import Pool, PoolKey
from checkout_core.ports import Clock
from checkout_core.unit import Unit, View

T = TypeVar("T")
TRIES_AT_MOST: Final = 8  # of one unit (R11, R25)
MET_AT_MOST: Final = 2  # times that it is run again because a row is there that it did not see (E12)
UNSAID: Final = "The database did not say whether it has stored this. Repeat the same call, with the same key."
CROWDED: Final = "Too many were writing to the same things. Nothing was written; repeat the same call, with the same key."


def run_unit(connection: sa.Connection, clock: Clock, work: Callable[[Unit], T]) -> T:
    """Run the work in one transaction of this connection: run, flush, commit; undone whole by any exception.

    Raises Conflict or LostCommit if it should be run again, else what the work raises, or a CheckoutError.
    """
    try:
        with translated(), again_if_undone():
            connection.begin()
            unit = SqlUnit(connection, time_of(connection, clock, begun=True))
            result = work(unit)
            unit.flush()
        commit(connection)
    except BaseException:
        try:
            connection.rollback()
        except sa.exc.DBAPIError:
            connection.invalidate()  # closing undoes it too
        raise
    return result


def commit(connection: sa.Connection) -> None:
    """Commit. Raises LostCommit when nobody can know whether it happened (E4), Conflict when there is nothing left to commit (E3)."""
    if not _still_open(connection):  # a driver may take COMMIT on a closed connection for done, and a server that of a failed transaction
        connection.invalidate()
        raise Conflict
    try:
        connection.commit()
    except sa.exc.DBAPIError as error:
        if is_undone(error) or _still_open(connection):
            raise conflict_in(error) or typed(error) from told_of(error)
        connection.invalidate()
        raise LostCommit from told_of(error)


def _still_open(connection: sa.Connection) -> bool:
    """Whether the transaction is still there, to be committed or rolled back."""
    try:
        raw: Any = None if connection.invalidated else connection.connection.driver_connection
        if connection.dialect.name == postgres.NAME:
            return raw is not None and postgres.still_open(raw)
        return raw is not None and bool(raw.in_transaction)
    except (sa.exc.DBAPIError, sqlite3.Error, ValueError):  # a closed connection tells nothing
        return False


class Story:
    """What has become of one unit so far."""

    def __init__(self) -> None:
        self._lost = False  # one COMMIT without an answer, and no later failure may say that nothing happened (E4)
        self._met = 0

    def goes_on(self, again: Conflict | LostCommit) -> None:
        """Note why it is to be run again. Raises what it is instead, if it met the same row too often."""
        if isinstance(again, LostCommit):
            self._lost = True
        elif again.or_else is not None:
            self._met += 1
            if self._met > MET_AT_MOST:
                raise again.or_else from again

    def fails(self, fault: Unavailable) -> Unavailable | NoAnswer:
        """How it ends if that is the end."""
        return NoAnswer(UNSAID) if self._lost else fault


@frozen
class Tries:
    """How often a unit is run again, and how long it waits before: 1 to 2, 2 to 4, 4 to 8 … milliseconds."""

    at_most: int = TRIES_AT_MOST
    chance: random.Random = field(factory=random.Random, repr=False)

    def pause(self, nth: int) -> float:
        return float(2**nth * (1 + self.chance.random()) / 1000)


class SqlStorage(SqlReader):
    """A store in an SQLite file or a PostgreSQL database, for this process; any number of processes may use it at once.

    `url` is a path, an `sqlite:///` or a `postgresql://` URL; the time is the `clock`'s, else the database's where it has one, else the
    machine's (R15). What others hold is waited for at most `busy_timeout` seconds. Raises Misconfigured if there is no database, or one
    of another shape or program; Unavailable if it cannot be reached.
    """

    def __init__(self, url: str, *, clock: Clock | None = None, busy_timeout: float = BUSY_TIMEOUT) -> None:
        super().__init__(url, clock=clock, busy_timeout=busy_timeout)
        self._tries = Tries()
        try:
            self._verify()
        except BaseException:
            self.close()
            raise

    def transact(self, work: Callable[[Unit], T]) -> T:
        """As the port says (R11, R12)."""
        story = Story()
        for nth in range(self._tries.at_most):
            if nth:
                time.sleep(self._tries.pause(nth - 1))
            try:
                with translated(), self.engine.connect() as connection:
                    return run_unit(connection, self.clock, work)
            except (Conflict, LostCommit) as again:
                story.goes_on(again)
            except Unavailable as fault:
                raise story.fails(fault) from fault.__cause__
        raise story.fails(Busy(CROWDED))

    def look(self, work: Callable[[View], T]) -> T:
        return self.read(lambda connection: work(SqlUnit(connection, time_of(connection, self.clock, begun=False), looks=True)))

    def due(self, limit: int) -> Sequence[str]:
        return self.read(lambda connection: reads.due(connection, time_of(connection, self.clock, begun=False), limit))

    def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        return self.read(lambda connection: reads.blocking(connection, time_of(connection, self.clock, begun=False), pool, limit))

    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        return self.read(lambda connection: reads.pools_of(connection, keys))

    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        return self.read(lambda connection: reads.undelivered(connection, time_of(connection, self.clock, begun=False), consumer, limit))

    def time_on(self, connection: sa.Connection) -> datetime:
        """The time that units decide by, asked on a connection (R15)."""
        return time_of(connection, self.clock, begun=False)


class AsyncSqlStorage(AsyncSqlReader):
    """The same for an `AsyncShop`: every unit is the sync one, run by SQLAlchemy's `run_sync`. The database is looked at on first use."""

    def __init__(self, url: str, *, clock: Clock | None = None, busy_timeout: float = BUSY_TIMEOUT) -> None:
        super().__init__(url, clock=clock, busy_timeout=busy_timeout)
        self._tries = Tries()

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """As the port says (R11, R12)."""
        await self._verify()
        story = Story()
        for nth in range(self._tries.at_most):
            if nth:
                await asyncio.sleep(self._tries.pause(nth - 1))
            try:
                with translated():
                    async with self.engine.connect() as connection:
                        return await connection.run_sync(run_unit, self.clock, work)
            except (Conflict, LostCommit) as again:
                story.goes_on(again)
            except Unavailable as fault:
                raise story.fails(fault) from fault.__cause__
        raise story.fails(Busy(CROWDED))

    async def look(self, work: Callable[[View], T]) -> T:
        return await self.read(lambda connection: work(SqlUnit(connection, time_of(connection, self.clock, begun=False), looks=True)))

    async def due(self, limit: int) -> Sequence[str]:
        return await self.read(lambda connection: reads.due(connection, time_of(connection, self.clock, begun=False), limit))

    async def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        return await self.read(lambda connection: reads.blocking(connection, time_of(connection, self.clock, begun=False), pool, limit))

    async def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        return await self.read(lambda connection: reads.pools_of(connection, keys))

    async def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        return await self.read(
            lambda connection: reads.undelivered(connection, time_of(connection, self.clock, begun=False), consumer, limit)
        )
