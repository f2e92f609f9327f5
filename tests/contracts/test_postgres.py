"""The storage and the lists on PostgreSQL keep their contracts, in the sync and in the async face, on a real server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa

from checkout_adapters.sqlalchemy.queries import AsyncSqlQueries, SqlQueries
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_core.ports import Clock
from checkout_core.testing import QueriesContract, StorageContract, synced
from tests.databases import OnPostgres, OnPostgresAsync

CAN = frozenset({"threads", "processes", "lost_commits"})


@contextmanager
def losing(engine: sa.Engine, *, applied: bool) -> Iterator[None]:
    """The driver loses the answer to the next COMMIT, and with it the connection; nothing tells whether the server has it."""
    dialect: Any = engine.dialect
    commit = dialect.do_commit

    def lose(connection: Any) -> None:
        dialect.do_commit = commit
        if applied:
            connection.commit()
        else:
            connection.rollback()
        raise psycopg.OperationalError("consuming input failed: server closed the connection unexpectedly")

    dialect.do_commit = lose
    try:
        yield
    finally:
        dialect.do_commit = commit


class TestSqlStorage(OnPostgres, StorageContract):
    capabilities = CAN

    def make(self, clock: Clock) -> SqlStorage:
        storage = SqlStorage(self.path(), clock=clock)
        self.opened.append(storage)
        return storage

    def elsewhere(self, storage: SqlStorage) -> Callable[[], SqlStorage]:
        storage.close()  # a connection must not be carried over a fork
        url, clock = self.last, storage.clock
        return lambda: SqlStorage(url, clock=clock)

    def lose_commit(self, storage: SqlStorage, *, applied: bool) -> Any:
        return losing(storage.engine, applied=applied)


class TestAsyncSqlStorage(OnPostgresAsync, StorageContract):
    capabilities = CAN

    def make(self, clock: Clock) -> Any:
        storage = AsyncSqlStorage(self.path(), clock=clock)
        self.opened.append(synced(storage, self.run))
        return self.opened[-1]

    def elsewhere(self, storage: Any) -> Callable[[], Any]:
        storage.close()
        url, clock = self.last, storage.clock

        def open() -> Any:
            return synced(AsyncSqlStorage(url, clock=clock), asyncio.new_event_loop().run_until_complete)

        return open

    def lose_commit(self, storage: Any, *, applied: bool) -> Any:
        return losing(storage.engine.sync_engine, applied=applied)


class TestSqlQueries(OnPostgres, QueriesContract):
    def make(self, clock: Clock) -> tuple[Any, Any]:
        storage = SqlStorage(self.path(), clock=clock)
        self.opened.append(storage)
        return storage, SqlQueries(storage)


class TestAsyncSqlQueries(OnPostgresAsync, QueriesContract):
    def make(self, clock: Clock) -> tuple[Any, Any]:
        storage = AsyncSqlStorage(self.path(), clock=clock)
        self.opened.append(synced(storage, self.run))
        return self.opened[-1], synced(AsyncSqlQueries(storage), self.run)
