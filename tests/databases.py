"""Real SQLite files for tests: made by the migrations once, copied for each test, every connection closed at its end."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from checkout_adapters.sqlalchemy.admin import SqlAdmin


@cache
def empty() -> bytes:
    """A database with nothing in it, as bytes: migrating once is enough."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.db"
        SqlAdmin(str(path)).upgrade()
        return path.read_bytes()


class OnAFile:
    """For a class of tests: `path()` is a new database, and what is put into `opened` is closed after the test."""

    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> Iterator[None]:
        self.folder, self.opened, self.made = tmp_path, list[Any](), 0
        yield
        for storage in self.opened:
            storage.close()

    def path(self) -> str:
        self.made += 1
        path = self.folder / f"{self.made}.db"
        path.write_bytes(empty())
        self.last = str(path)
        return self.last


class OnAFileAsync(OnAFile):
    """The same for async stores: one event loop, in a thread of its own, serves all threads of a test by `run`."""

    @pytest.fixture(autouse=True)
    def files(self, tmp_path: Path) -> Iterator[None]:
        self.folder, self.opened, self.made = tmp_path, list[Any](), 0
        self.loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self.loop.run_forever)
        thread.start()
        yield
        for storage in self.opened:
            storage.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        thread.join()
        self.loop.close()

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(60)
