"""The storage in memory and its lists keep their contracts."""

from __future__ import annotations

from typing import Any

from checkout_core.memory import MemoryStorage
from checkout_core.memory_lists import AsyncMemoryQueries, MemoryQueries
from checkout_core.ports import Clock
from checkout_core.testing import QueriesContract, StorageContract, synced


class TestMemoryStorage(StorageContract):
    def make(self, clock: Clock) -> MemoryStorage:
        return MemoryStorage(clock=clock)


class TestMemoryQueries(QueriesContract):
    def make(self, clock: Clock) -> tuple[Any, Any]:
        storage = MemoryStorage(clock=clock)
        return storage, MemoryQueries(storage)


class TestAsyncMemoryQueries(QueriesContract):
    def make(self, clock: Clock) -> tuple[Any, Any]:
        storage = MemoryStorage(clock=clock)
        return storage, synced(AsyncMemoryQueries(MemoryQueries(storage)))
