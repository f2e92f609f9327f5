"""The simulator on real SQLite files: `run_once(scenario, seed, level=SqliteLevel())`.

A run has a database of its own, with nothing in it. The file is made by the migrations once, and filled again with those bytes before each
run, so that engine, connection and compiled statements live on; it lies in memory where the machine has a file system for that.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from attrs import define, frozen

from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.fsck import GatewayRow
from checkout_adapters.sqlalchemy.fsck import check as fsck
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core.memory import Tables
from checkout_core.ports import Clock
from checkout_core.simulation.provider import Payment, Provider

IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - a folder that nobody else can guess or read is made in it
ROWS_SHOWN: Final = 3  # of a finding


class SqliteLevel:
    """Runs store in SQLite files, by the statements of every shop. Close it, or let go of it, and the files are gone.

    It may be given to other processes: each makes files of its own. `folder` is where they are put.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        self.folder = folder
        self._shelf: _Shelf | None = None

    def open(self, clock: Clock) -> SqliteRun:
        """An empty database, on that clock."""
        if self._shelf is None or self._shelf.process != os.getpid():
            self._shelf = _Shelf(os.getpid(), _folder(self.folder))
            weakref.finalize(self, self._shelf.clear)
        shelf = self._shelf
        database = shelf.take()
        database.storage.clock = clock
        return SqliteRun(clock, database.storage, lambda: shelf.put(database))

    def close(self) -> None:
        """Take every file away; the next run makes new ones."""
        if self._shelf is not None:
            self._shelf.clear()
            self._shelf = None

    def __reduce__(self) -> tuple[type[SqliteLevel], tuple[str | os.PathLike[str] | None]]:
        return SqliteLevel, (self.folder,)

    def __enter__(self) -> SqliteLevel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


@frozen
class SqliteRun:
    """The database of one run."""

    clock: Clock
    stores: SqlStorage
    done: Callable[[], None]

    @property
    def tables(self) -> Tables | None:
        """None: its rows are looked at by SQL alone."""
        return None

    def check(self, provider: Provider) -> Sequence[tuple[str, str]]:
        """What fsck finds in it, with the provider's own books beside it."""
        rows = [_row_of(payment) for payment in provider.payments.values()]
        found = self.stores.read(lambda connection: fsck(connection, rows, self.clock.now()))
        return [
            (finding.check.partition("-")[0], f"{finding.sentence} ({finding.count}, such as {list(map(dict, finding.rows[:ROWS_SHOWN]))})")
            for finding in found
        ]

    def close(self) -> None:
        """The database is free for another run."""
        self.done()


@define(eq=False)
class _Database:
    """One file, kept open."""

    storage: SqlStorage

    def empty(self, nothing: sqlite3.Connection) -> None:
        """As the migrations left it, page by page."""
        raw = self.storage.engine.raw_connection()
        try:
            into = raw.driver_connection
            assert isinstance(into, sqlite3.Connection)
            nothing.backup(into)
        finally:
            raw.close()


class _Shelf:
    """The databases of one process that no run uses just now."""

    def __init__(self, process: int, folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.free: list[_Database] = []
        self.all: list[_Database] = []
        template = folder / "nothing.db"
        SqlAdmin(str(template)).upgrade()
        self.nothing = sqlite3.connect(template, check_same_thread=False)

    def take(self) -> _Database:
        database = self.free.pop() if self.free else self._made()
        database.empty(self.nothing)
        return database

    def put(self, database: _Database) -> None:
        self.free.append(database)

    def _made(self) -> _Database:
        path = self.folder / f"{len(self.all) + 1}.db"
        shutil.copyfile(self.folder / "nothing.db", path)
        database = _Database(SqlStorage(str(path)))
        self.all.append(database)
        return database

    def clear(self) -> None:
        """Close and take away all of it. A forked child leaves its parent's alone."""
        if self.process != os.getpid():
            return
        self.nothing.close()
        for database in self.all:
            database.storage.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def _folder(folder: str | os.PathLike[str] | None) -> Path:
    if folder is None and os.access(IN_MEMORY, os.W_OK):
        folder = IN_MEMORY
    return Path(tempfile.mkdtemp(prefix="checkout-simulation-", dir=folder))


def _row_of(payment: Payment) -> GatewayRow:
    """The provider's own record in the words of fsck."""
    state = "waiting" if payment.state in ("asked", "processing") else payment.state
    return GatewayRow(payment.key, payment.amount.currency, payment.captured, payment.refunded, state)
