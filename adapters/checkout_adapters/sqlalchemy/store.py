"""The `Storage` port on SQL. A unit is one transaction that takes the write lock at its start; sync and async run the same units.

    storage = SqlStorage("shop.db")                       # Shop(storage=…)
    storage = AsyncSqlStorage("sqlite:///shop.db")        # AsyncShop(storage=…)

Whatever the database does, a caller hears of it as one of our errors, by what may be done next (`faults`).
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final, TypeVar

import sqlalchemy as sa
from attrs import field, frozen

from checkout_adapters.sqlalchemy import reads
from checkout_adapters.sqlalchemy.engines import BUSY_TIMEOUT, READ, open_async_engine, open_engine, verify
from checkout_adapters.sqlalchemy.faults import UNDONE, Conflict, LostCommit, code_of, translated, typed
from checkout_adapters.sqlalchemy.unit import SqlUnit
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.events import Event
from checkout_core.holds import Pool, PoolKey
from checkout_core.ports import Clock
from checkout_core.system import SystemClock
from checkout_core.unit import Unit, View

T = TypeVar("T")
TRIES_AT_MOST: Final = 8  # of one unit (R11, R25)
UNSAID: Final = "The database did not say whether it has stored this. Repeat the same call, with the same key."
CROWDED: Final = "Too many were writing to the same things. Nothing was written; repeat the same call, with the same key."


def run_unit(connection: sa.Connection, clock: Clock, work: Callable[[Unit], T]) -> T:
    """Run the work in one transaction of this connection: run, flush, commit; undone whole by any exception.

    Raises Conflict or LostCommit if it should be run again, else what the work raises, or a CheckoutError.
    """
    try:
        with translated(), again_if_lost():
            connection.begin()
            unit = SqlUnit(connection, clock.now())
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
    if not _still_open(connection):  # a driver may take COMMIT on a closed connection for done
        connection.invalidate()
        raise Conflict
    try:
        connection.commit()
    except sa.exc.DBAPIError as error:
        if code_of(error) in UNDONE or _still_open(connection):
            raise typed(error) from error
        connection.invalidate()
        raise LostCommit from error


def _still_open(connection: sa.Connection) -> bool:
    """Whether the transaction is still there, to be committed or rolled back."""
    try:
        return not connection.invalidated and bool(connection.connection.driver_connection.in_transaction)  # type: ignore[union-attr]
    except (sa.exc.DBAPIError, sqlite3.Error, ValueError):  # a closed connection tells nothing
        return False


@contextmanager
def again_if_lost() -> Iterator[None]:
    """A connection that is lost before COMMIT is sent has undone everything: the unit is run again on another (E3)."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if error.connection_invalidated:
            raise Conflict from error
        raise


@frozen
class Tries:
    """How often a unit is run again, and how long it waits before: 1 to 2, 2 to 4, 4 to 8 … milliseconds."""

    at_most: int = TRIES_AT_MOST
    chance: random.Random = field(factory=random.Random, repr=False)

    def pause(self, nth: int) -> float:
        return float(2**nth * (1 + self.chance.random()) / 1000)


class SqlStorage:
    """A store in one SQLite file, for this process; any number of processes may use the file at once.

    `url` is a path or an `sqlite:///` URL; the time is the `clock`'s, the machine's unless given (R15). A write waits at most
    `busy_timeout` seconds for those of other programs. Raises Misconfigured if there is no database, or one of another shape or program.
    """

    def __init__(self, url: str, *, clock: Clock | None = None, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.clock: Clock = clock or SystemClock()
        self.engine = open_engine(url, busy_timeout=busy_timeout)
        self._tries = Tries()
        try:
            self.read(verify)
        except BaseException:
            self.close()
            raise

    def transact(self, work: Callable[[Unit], T]) -> T:
        """As the port says (R11, R12)."""
        lost = False  # one COMMIT without an answer, and no later failure may say that nothing happened (E4)
        for nth in range(self._tries.at_most):
            if nth:
                time.sleep(self._tries.pause(nth - 1))
            try:
                with translated(), self.engine.connect() as connection:
                    return run_unit(connection, self.clock, work)
            except (Conflict, LostCommit) as again:
                lost |= isinstance(again, LostCommit)
            except Unavailable as fault:
                if lost:
                    raise NoAnswer(UNSAID) from fault
                raise
        raise NoAnswer(UNSAID) if lost else Unavailable(CROWDED)

    def look(self, work: Callable[[View], T]) -> T:
        return self.read(lambda connection: work(SqlUnit(connection, self.clock.now())))

    def due(self, limit: int) -> Sequence[str]:
        return self.read(lambda connection: reads.due(connection, self.clock.now(), limit))

    def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        return self.read(lambda connection: reads.blocking(connection, self.clock.now(), pool, limit))

    def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        return self.read(lambda connection: reads.pools_of(connection, keys))

    def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        return self.read(lambda connection: reads.undelivered(connection, self.clock.now(), consumer, limit))

    def read(self, look: Callable[[sa.Connection], T]) -> T:
        """What `look` sees in a transaction that only reads."""
        with translated(), self.engine.connect() as connection, connection.execution_options(**READ).begin():
            return look(connection)

    def close(self) -> None:
        """Close every connection; the storage opens new ones if it is used again."""
        self.engine.dispose()

    def __enter__(self) -> SqlStorage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncSqlStorage:
    """The same for an `AsyncShop`: every unit is the sync one, run by SQLAlchemy's `run_sync`. The database is looked at on first use."""

    def __init__(self, url: str, *, clock: Clock | None = None, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.clock: Clock = clock or SystemClock()
        self.engine = open_async_engine(url, busy_timeout=busy_timeout)
        self._tries = Tries()
        self._verified = False

    async def transact(self, work: Callable[[Unit], T]) -> T:
        """As the port says (R11, R12)."""
        await self._verify()
        lost = False
        for nth in range(self._tries.at_most):
            if nth:
                await asyncio.sleep(self._tries.pause(nth - 1))
            try:
                with translated():
                    async with self.engine.connect() as connection:
                        return await connection.run_sync(run_unit, self.clock, work)
            except (Conflict, LostCommit) as again:
                lost |= isinstance(again, LostCommit)
            except Unavailable as fault:
                if lost:
                    raise NoAnswer(UNSAID) from fault
                raise
        raise NoAnswer(UNSAID) if lost else Unavailable(CROWDED)

    async def look(self, work: Callable[[View], T]) -> T:
        return await self.read(lambda connection: work(SqlUnit(connection, self.clock.now())))

    async def due(self, limit: int) -> Sequence[str]:
        return await self.read(lambda connection: reads.due(connection, self.clock.now(), limit))

    async def blocking(self, pool: PoolKey, limit: int) -> Sequence[str]:
        return await self.read(lambda connection: reads.blocking(connection, self.clock.now(), pool, limit))

    async def pools(self, keys: Sequence[PoolKey]) -> Mapping[PoolKey, Pool]:
        return await self.read(lambda connection: reads.pools_of(connection, keys))

    async def undelivered(self, consumer: str, limit: int) -> Sequence[Event]:
        return await self.read(lambda connection: reads.undelivered(connection, self.clock.now(), consumer, limit))

    async def read(self, look: Callable[[sa.Connection], T]) -> T:
        """What `look` sees in a transaction that only reads."""
        await self._verify()
        return await self._look(look)

    async def _look(self, look: Callable[[sa.Connection], T]) -> T:
        with translated():
            async with self.engine.connect() as connection:
                await connection.execution_options(**READ)
                async with connection.begin():
                    return await connection.run_sync(look)

    async def _verify(self) -> None:
        if not self._verified:
            await self._look(verify)
            self._verified = True

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()
