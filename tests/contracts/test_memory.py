"""The storage in memory keeps the contract."""

from __future__ import annotations

from checkout_core.memory import MemoryStorage
from checkout_core.ports import Clock
from checkout_core.testing import StorageContract


class TestMemoryStorage(StorageContract):
    def make(self, clock: Clock) -> MemoryStorage:
        return MemoryStorage(clock=clock)
