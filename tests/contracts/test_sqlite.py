"""The storage on SQLite keeps the contract, in its sync and in its async face, on real files."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_core.ports import Clock
from checkout_core.testing import StorageContract, synced
from tests.databases import OnAFile, OnAFileAsync

CAN = frozenset({"threads", "processes", "lost_commits"})


@contextmanager
def losing(engine: sa.Engine, *, applied: bool) -> Iterator[None]:
    """The driver loses the answer to the next COMMIT, and with it the connection; nothing tells whether the file has it."""
    dialect: Any = engine.dialect
    commit = dialect.do_commit

    def lose(connection: Any) -> None:
        dialect.do_commit = commit
        if applied:
            connection.commit()
        else:
            connection.rollback()
        raise sqlite3.OperationalError("disk I/O error")

    dialect.do_commit = lose
    try:
        yield
    finally:
        dialect.do_commit = commit


class TestSqlStorage(OnAFile, StorageContract):
    capabilities = CAN

    def make(self, clock: Clock) -> SqlStorage:
        storage = SqlStorage(self.path(), clock=clock)
        self.opened.append(storage)
        return storage

    def elsewhere(self, storage: SqlStorage) -> Callable[[], SqlStorage]:
        storage.close()  # a connection of SQLite must not be carried over a fork
        path, clock = self.last, storage.clock
        return lambda: SqlStorage(path, clock=clock)

    def lose_commit(self, storage: SqlStorage, *, applied: bool) -> Any:
        return losing(storage.engine, applied=applied)


class TestAsyncSqlStorage(OnAFileAsync, StorageContract):
    capabilities = CAN

    def make(self, clock: Clock) -> Any:
        storage = AsyncSqlStorage(self.path(), clock=clock)
        self.opened.append(synced(storage, self.run))
        return self.opened[-1]

    def elsewhere(self, storage: Any) -> Callable[[], Any]:
        storage.close()
        path, clock = self.last, storage.clock

        def open() -> Any:
            return synced(AsyncSqlStorage(path, clock=clock), asyncio.new_event_loop().run_until_complete)

        return open

    def lose_commit(self, storage: Any, *, applied: bool) -> Any:
        return losing(storage.engine.sync_engine, applied=applied)
