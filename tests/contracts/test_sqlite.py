"""The storage on SQLite keeps the contract, in its sync and in its async face, on real files."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_core.ports import Clock
from checkout_core.testing import StorageContract, synced


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with nothing in it, to be copied: migrating once is enough."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    SqlAdmin(str(path)).upgrade()
    return path


class OnAFile(StorageContract):
    @pytest.fixture(autouse=True)
    def files(self, empty: Path, tmp_path: Path) -> Iterator[None]:
        self.empty, self.folder, self.opened = empty, tmp_path, list[Any]()
        yield
        for storage in self.opened:
            storage.close()

    def path(self) -> str:
        path = self.folder / f"{len(self.opened)}.db"
        shutil.copyfile(self.empty, path)
        return str(path)


class TestSqlStorage(OnAFile):
    def make(self, clock: Clock) -> SqlStorage:
        storage = SqlStorage(self.path(), clock=clock)
        self.opened.append(storage)
        return storage


class TestAsyncSqlStorage(OnAFile):
    """One event loop, in a thread of its own, serves all threads of a test."""

    @pytest.fixture(autouse=True)
    def files(self, empty: Path, tmp_path: Path) -> Iterator[None]:
        self.empty, self.folder, self.opened = empty, tmp_path, list[Any]()
        self.loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self.loop.run_forever)
        thread.start()
        yield
        for storage in self.opened:
            storage.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        thread.join()
        self.loop.close()

    def make(self, clock: Clock) -> Any:
        storage = AsyncSqlStorage(self.path(), clock=clock)
        self.opened.append(synced(storage, self.run))
        return self.opened[-1]

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)
