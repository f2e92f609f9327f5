"""Real databases for tests: made by the migrations once, copied for each test, every connection closed at its end."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from attrs import evolve

from checkout_adapters.sqlalchemy import together
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core.events import Event
from checkout_core.holds import Claim, CouponUses, CouponUsesBy, Movement, Stock
from checkout_core.ledger import Posting, entries
from checkout_core.testing import HandClock, a_cart, a_checkout
from checkout_core.testing.parts import a_payment_under_way, a_refund_under_way
from checkout_core.unit import CloseCart, Commit, Delivery, Person, Release, Request, Unit
from tests.postgres import Server

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MUG = Stock("mug")


@contextmanager
def hearing(engine: sa.Engine, hear: Callable[[sa.Connection, str, Any], None]) -> Iterator[None]:
    """Tell of every statement before it is run in here, with what one row of it is given; of those said to a driver as they are, too."""
    plain = together.told

    def executed(connection: sa.Connection, cursor: Any, statement: str, given: Any, context: Any, many: bool) -> None:
        hear(connection, statement, given[0] if isinstance(given, list) else given)

    def told(connection: sa.Connection, said: str, given: Sequence[object]) -> Sequence[int]:
        hear(connection, said, given)
        return plain(connection, said, given)

    sa.event.listen(engine, "before_cursor_execute", executed)
    together.told = told
    try:
        yield
    finally:
        together.told = plain
        sa.event.remove(engine, "before_cursor_execute", executed)


@contextmanager
def heard(engine: sa.Engine) -> Iterator[list[tuple[str, Any]]]:
    """All those statements."""
    said: list[tuple[str, Any]] = []
    with hearing(engine, lambda connection, statement, given: said.append((statement, given))):
        yield said


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
        with a_loop() as self.run:
            yield
            for storage in self.opened:
                storage.close()


class OnPostgres:
    """As `OnAFile`, on PostgreSQL: `path()` is the URL of a new database, which is dropped after the test."""

    @pytest.fixture(autouse=True)
    def files(self, postgres: Server) -> Iterator[None]:
        self.server, self.opened, self.urls = postgres, list[Any](), list[str]()
        yield
        for storage in self.opened:
            storage.close()
        for url in self.urls:
            postgres.drop(url)

    def path(self) -> str:
        self.last = self.server.clone()
        self.urls.append(self.last)
        return self.last


class OnPostgresAsync(OnPostgres):
    """… for async stores, as `OnAFileAsync`."""

    @pytest.fixture(autouse=True)
    def files(self, postgres: Server) -> Iterator[None]:
        self.server, self.opened, self.urls = postgres, list[Any](), list[str]()
        with a_loop() as self.run:
            yield
            for storage in self.opened:
                storage.close()
        for url in self.urls:
            postgres.drop(url)


@contextmanager
def a_loop() -> Iterator[Callable[[Any], Any]]:
    """One event loop, in a thread of its own, that serves all threads of a test."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(60)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def fill(storage: SqlStorage) -> None:
    """A unit of everything that units do."""
    claims = (Claim(MUG, 2), Claim(CouponUses("save10"), 1, limit=5), Claim(CouponUsesBy("save10", "a1b2"), 1, limit=1))
    storage.transact(lambda unit: unit.write(Movement(MUG, 10, "counted", "kit", NOW)))

    def begin(unit: Unit) -> None:
        unit.request("", "begin", "k1")
        unit.cart_of("ann", "EUR")
        c = a_payment_under_way("c1", NOW)
        unit.take("c1", claims)
        unit.write(evolve(a_cart("cart-c1", NOW), customer_id="ann"), c, Person("c1"), Request("", "begin", "k1", "f00d", answer=c))
        unit.write(Event("c1", 1, "checkout.begun", NOW))

    def place(unit: Unit) -> None:
        c, paid = unit.checkout("c1"), a_refund_under_way("c1", NOW)
        unit.cart(c.cart)
        unit.buyer(c.cart)
        unit.person("c1")
        unit.pool(MUG)
        unit.take("c1", claims[:1])
        sold = Posting("c1/sold", "c1", "EUR", "placed", NOW, entries(receivable=3490, sales=-3490))
        unit.write(Commit("c1"), CloseCart(c.cart, "c1"), evolve(paid, version=2), sold)

    def deliver(unit: Unit) -> None:
        unit.delivery("mail", "c1/1")
        unit.write(Delivery("mail", "c1/1", 1, next_at=NOW + timedelta(hours=1)), Release("c1"))

    for work in (begin, place, deliver):
        storage.transact(work)


def fill_all(path: Path) -> None:
    """A row in every table of this database."""
    with SqlStorage(str(path), clock=HandClock(NOW)) as storage:
        fill(storage)
        storage.transact(lambda unit: unit.write(a_cart("cart-c9", NOW), a_checkout("c9", NOW)))
    told(path, *REST, "INSERT OR IGNORE INTO consumers VALUES ('mail', 0)")


REST: Final = (
    "INSERT INTO settings VALUES ('shop-name', 'Mugs')",
    "INSERT INTO catalog VALUES ('product', 'mug', 1, '{}')",
    "INSERT INTO code_batches VALUES ('spring', 'news', 'TEA', NULL, 1, '2026-03-01T00:00:00.000000+00:00', 'ann', '', NULL, '')",
    "INSERT INTO codes VALUES ('TEA1', 'spring', '', NULL, '')",
)
"""Rows that no unit writes."""


def told(path: Path, *statements: str) -> list[Any]:
    """What a program that goes past the library is answered."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        return [row for statement in statements for row in connection.execute(statement)]
