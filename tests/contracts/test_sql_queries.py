"""The lists from SQL keep their contract, in both faces, on real files."""

from __future__ import annotations

from typing import Any

from checkout_adapters.sqlalchemy.queries import AsyncSqlQueries, SqlQueries
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_core.ports import Clock
from checkout_core.testing import QueriesContract, synced
from tests.databases import OnAFile, OnAFileAsync


class TestSqlQueries(OnAFile, QueriesContract):
    def make(self, clock: Clock) -> tuple[Any, Any]:
        storage = SqlStorage(self.path(), clock=clock)
        self.opened.append(storage)
        return storage, SqlQueries(storage)


class TestAsyncSqlQueries(OnAFileAsync, QueriesContract):
    def make(self, clock: Clock) -> tuple[Any, Any]:
        storage = AsyncSqlStorage(self.path(), clock=clock)
        self.opened.append(synced(storage, self.run))
        return self.opened[-1], synced(AsyncSqlQueries(storage), self.run)
