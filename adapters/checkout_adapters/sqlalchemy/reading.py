"""How a database is read: in a transaction that only reads, once more if that was cut short. What a store and a replica have in common.

queries = SqlQueries(SqlReplica("postgresql://shop@replica.example/shop"))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import TracebackType
from typing import Self, TypeVar

import sqlalchemy as sa

from checkout_adapters.sqlalchemy.engines import BUSY_TIMEOUT, READ, clock_of, open_async_engine, open_engine, verify
from checkout_adapters.sqlalchemy.faults import Conflict, conflict_in, told_of, translated
from checkout_core.ports import Clock

T = TypeVar("T")


@contextmanager
def again_if_undone() -> Iterator[None]:
    """What the database has undone because of others, or with its connection before COMMIT was sent, is run again (R11, E2, E3)."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        if (conflict := conflict_in(error)) is not None:
            raise conflict from told_of(error)
        raise


class SqlReader:
    """What can be read of a database, which is looked at on first use."""

    def __init__(self, url: str, *, clock: Clock | None = None, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.clock: Clock = clock or clock_of(url)
        self.engine = open_engine(url, busy_timeout=busy_timeout)
        self._verified = False

    def read(self, look: Callable[[sa.Connection], T]) -> T:
        """What `look` sees in a transaction that only reads. Raises Misconfigured, Unavailable."""
        self._verify()
        return self._read(look)

    def _read(self, look: Callable[[sa.Connection], T]) -> T:
        try:
            return self._look(look, again_if_undone())
        except Conflict:  # its connection was lost, perhaps long before
            return self._look(look, nullcontext())

    def _look(self, look: Callable[[sa.Connection], T], guard: AbstractContextManager[None]) -> T:
        with translated(), guard, self.engine.connect() as connection, connection.execution_options(**READ).begin():
            return look(connection)

    def _verify(self) -> None:
        if not self._verified:
            self._read(verify)
            self._verified = True

    def close(self) -> None:
        """Close every connection; new ones are opened if it is used again."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class AsyncSqlReader:
    """The same for asyncio."""

    def __init__(self, url: str, *, clock: Clock | None = None, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.clock: Clock = clock or clock_of(url)
        self.engine = open_async_engine(url, busy_timeout=busy_timeout)
        self._verified = False

    async def read(self, look: Callable[[sa.Connection], T]) -> T:
        """What `look` sees in a transaction that only reads. Raises Misconfigured, Unavailable."""
        await self._verify()
        return await self._read(look)

    async def _read(self, look: Callable[[sa.Connection], T]) -> T:
        try:
            return await self._look(look, again_if_undone())
        except Conflict:
            return await self._look(look, nullcontext())

    async def _look(self, look: Callable[[sa.Connection], T], guard: AbstractContextManager[None]) -> T:
        with translated(), guard:
            async with self.engine.connect() as connection:
                await connection.execution_options(**READ)
                async with connection.begin():
                    return await connection.run_sync(look)

    async def _verify(self) -> None:
        if not self._verified:
            await self._read(verify)
            self._verified = True

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


class SqlReplica(SqlReader):
    """A copy of the database that its server keeps up to date, by its URL: for `SqlQueries`, and nothing else (E8).

    What it tells may be a moment old, so no unit runs on it and nothing is decided there. A reading that it cuts short, because what was
    looked at has just been cleared away, is made once more.
    """


class AsyncSqlReplica(AsyncSqlReader):
    """The same for `AsyncSqlQueries`."""
