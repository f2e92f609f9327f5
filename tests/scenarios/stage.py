"""A shop on memory, a file or a server, with a clock moved by hand and a gateway whose books are compared with ours at the end."""

from __future__ import annotations

import asyncio
import copy
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from attrs import evolve

from checkout_adapters.sandbox import AsyncSandboxGateway, SandboxGateway
from checkout_adapters.sqlalchemy.fsck import check as fsck
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_adapters.sqlalchemy.tables import metadata
from checkout_core import AsyncShop, Card, Checkout, Contact, Policy, Promotion, Refusal, Shop, Unavailable, Upi
from checkout_core.events import Event
from checkout_core.holds import Level
from checkout_core.memory import MemoryStorage
from checkout_core.ports import Clock
from tests.checked_shop import look, rows_of
from tests.scenarios import sound
from tests.world import ADA, BERLIN, SECRET, Crash, Shelf, TestClock, Troubled, Yielding, begin, catalog, products, total

NOBODY = "nobody"  # a consumer that never received anything: to it, every event is still to be delivered


class Memory:
    """The reference store."""

    def __init__(self, clock: Clock) -> None:
        self.store = MemoryStorage(clock)

    def opened_again(self, clock: Clock) -> Any:
        """The same data as another process sees it, by its own clock."""
        other = MemoryStorage(clock)
        other.tables, other._lock, other._due = self.store.tables, self.store._lock, self.store._due
        return other

    def snapshot(self) -> Any:
        """All that is stored."""
        return copy.deepcopy(self.store.tables)

    def next_due(self) -> datetime | None:
        return min((c.due_at for c in self.store.tables.checkouts.values() if c.due_at is not None), default=None)

    def check(self, gateway: SandboxGateway, now: datetime, *, rest: bool) -> None:
        with self.store._lock:
            sound.check(self.store.tables, gateway.books.payments(), now, rest=rest)

    def close(self) -> None:
        pass


class SqliteFile:
    """A real file, migrated; what is wrong with it is found by fsck."""

    def __init__(self, clock: Clock, path: Path) -> None:
        self.path = path
        self.store = SqlStorage(str(path), clock=clock)
        self.others: list[SqlStorage] = []

    def opened_again(self, clock: Clock) -> Any:
        """The same file as another process opens it, by its own clock."""
        self.others.append(SqlStorage(str(self.path), clock=clock))
        return self.others[-1]

    def snapshot(self) -> Any:
        """All that is stored, byte for byte."""
        with closing(sqlite3.connect(self.path)) as file:
            return list(file.iterdump())

    def next_due(self) -> datetime | None:
        due = self._value("SELECT MIN(due_at) FROM checkouts")
        return None if due is None else datetime.fromisoformat(due)

    def check(self, gateway: SandboxGateway, now: datetime, *, rest: bool) -> None:
        assert look(self.path, rows_of(gateway), now) == ()
        if rest:
            assert self._value("SELECT COUNT(*) FROM holds WHERE state = 'held'") == 0, "I16: something is held at rest"
            assert self._value("SELECT COUNT(*) FROM checkouts WHERE due_at IS NOT NULL") == 0, "L1: something is due at rest"

    def close(self) -> None:
        for store in (self.store, *self.others):
            store.close()

    def _value(self, sql: str) -> Any:
        return self.store.read(lambda connection: connection.execute(sa.text(sql)).scalar())


class ServerDatabase:
    """A database of a real PostgreSQL server; what is wrong with it is found by fsck."""

    def __init__(self, clock: Clock, url: str) -> None:
        self.url = url
        self.store = SqlStorage(url, clock=clock)
        self.others: list[SqlStorage] = []

    def opened_again(self, clock: Clock) -> Any:
        """The same database as another process opens it, by its own clock."""
        self.others.append(SqlStorage(self.url, clock=clock))
        return self.others[-1]

    def snapshot(self) -> Any:
        """All that is stored, row by row."""
        return [sorted(map(str, self._rows(f'SELECT * FROM "{name}"'))) for name in sorted(metadata.tables)]

    def next_due(self) -> datetime | None:
        due: datetime | None = self._rows("SELECT MIN(due_at) FROM checkouts")[0][0]
        return due

    def check(self, gateway: SandboxGateway, now: datetime, *, rest: bool) -> None:
        assert self.store.read(lambda connection: fsck(connection, rows_of(gateway), now)) == ()
        if rest:
            assert self._rows("SELECT 1 FROM holds WHERE state = 'held'") == [], "I16: something is held at rest"
            assert self._rows("SELECT 1 FROM checkouts WHERE due_at IS NOT NULL") == [], "L1: something is due at rest"

    def close(self) -> None:
        for store in (self.store, *self.others):
            store.close()

    def _rows(self, sql: str) -> Any:
        return self.store.read(lambda connection: connection.exec_driver_sql(sql).all())


PLACES: dict[str, Callable[[Clock, Any], Any]] = {
    "memory": lambda clock, _: Memory(clock),
    "sqlite": lambda clock, path: SqliteFile(clock, path),
    "postgresql": lambda clock, url: ServerDatabase(clock, url),
}
"""By what they are called: each is given the clock, and the path or URL of an empty database."""


class Names:
    """Ids that count, also for threads."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix, self.counter = prefix, count(1)

    def new(self) -> str:
        return f"{self.prefix}{next(self.counter)}"

    def order_number(self) -> str:
        return f"N{self.prefix}{next(self.counter)}"


class Stage:
    """The shop, what shoppers do in it, and what we look at: orders, stock, events, and the money by the gateway's own books."""

    def __init__(
        self,
        kind: str,
        path: Path | str,
        promotions: Iterable[Promotion] = (),
        *,
        stock: int = 10,
        policy: Policy | None = None,
        struck: set[str] | None = None,
    ) -> None:
        self.clock = TestClock()
        self.place: Any = PLACES[kind](self.clock, path)
        self.storage: Any = self.place.store
        self.sandbox = SandboxGateway(clock=self.clock)
        self.gateway = Troubled(self.sandbox, (struck if struck is not None else set()).add)
        self.shelf = Shelf(promotions)
        self.policy = policy or Policy(identity_secret=SECRET)
        self.ids = Names()
        self.shop = self.shop_on(self.storage)
        for product in products():
            if product.tracked and stock:
                self.shop.receive(product.sku, stock, reason="opening stock", actor="test")

    def shop_on(self, storage: Any, **changes: Any) -> Shop:
        """Another shop on this storage, or on another view of it."""
        parts: dict[str, Any] = {"gateways": [self.gateway], "catalog": self.shelf, "policy": self.policy, "clock": self.clock}
        return Shop(storage=storage, ids=self.ids, **parts | changes)

    def failing(self) -> tuple[Shop, Outage]:
        """A shop whose storage can be made to fail."""
        outage = Outage(self.storage)
        return self.shop_on(outage), outage

    def another(self, **fast: float) -> Shop:
        """The shop of another process, whose clock is so much ahead."""
        clock = Ahead(self.clock, timedelta(**fast))
        return self.shop_on(self.place.opened_again(clock), clock=clock)

    def crowd(self) -> AsyncShop:
        """The shipped async shop on the same storage, with a turn for the others at every port call."""
        return AsyncShop(
            storage=Yielding(self.storage),
            gateways=[Yielding(self.gateway, "name", "capabilities")],
            catalog=Yielding(self.shelf),
            policy=self.policy,
            clock=self.clock,
            ids=Names("crowd-"),
        )

    # What shoppers do.
    def begin(self, sku: str = "MUG", quantity: int = 1, *, customer: str | None = None, **details: Any) -> Checkout:
        cart = self.shop.open_cart(currency="EUR", customer=customer)
        self.shop.add(cart.id, sku=sku, quantity=quantity)
        return begin(self.shop, cart.id, **details)

    def pay(self, c: Checkout, token: str = "tok_ok", key: str = "k1", *, shop: Shop | None = None, **said: Any) -> Any:
        means = None if not total(c).minor else Upi(token) if token.startswith("upi") else Card(token)
        return (shop or self.shop).pay(c.id, **{"instrument": means, "expected": total(c), "key": key} | said)

    def buys(self, n: int, sku: str = "MUG", quantity: int = 1, **details: Any) -> Any:
        """The n-th shopper, from cart to reply; a refusal is the last word."""
        try:
            said = {"contact": Contact(email=f"shopper{n}@example.com")} | details
            return self.pay(self.begin(sku, quantity, **said), key=f"k{n}")
        except Refusal as refusal:
            return refusal.refused[0]

    def lapsing(self, sku: str = "MUG", quantity: int = 1, *, meanwhile: Callable[[], bool] = lambda: True) -> Checkout:
        """A checkout whose bank does not decide, until its hold has lapsed and its goods are free again."""
        c = self.begin(sku, quantity)
        self.pay(c, "upi_pending")
        self.clock.forward(minutes=2)
        assert meanwhile()
        for minutes in (29, 1):  # the first tick asks the gateway to stop it, the second finds that this was asked (R20)
            self.clock.forward(minutes=minutes)
            self.shop.tick()
        assert not self.now(c).held
        return c

    def comes_through(self, c: Checkout) -> None:
        """After all, the bank lets the money go; and everything that follows from it."""
        self.sandbox.payer(self.now(c).attempts[0].authorization, "approve")
        self.drain()

    def drain(self, *, days: float = 5) -> None:
        """Let time run and the worker come by whenever something is due, until nothing is, or so many days have passed."""
        end = self.clock.time + timedelta(days=days)
        for _ in range(500):
            due = self.place.next_due()
            if due is None or due > end:
                return
            self.clock.time = max(self.clock.time, due)
            self.shop.tick()
        raise AssertionError("it never comes to rest")

    # What we look at.
    def now(self, c: Checkout) -> Checkout:
        return self.shop.status(c.id)

    def pool(self, sku: str = "MUG", location: str | None = None) -> Level:
        return self.shop.stock(sku, location=location)[sku]

    @property
    def charged(self) -> list[int]:
        """What payers are charged now, by the gateway's own books (I5)."""
        return sorted(payment.amount for payment in self.sandbox.books.payments() if payment.live)

    def events(self) -> Sequence[Event]:
        found: Sequence[Event] = self.storage.undelivered(NOBODY, 100_000)
        return found

    def kinds(self, c: Checkout) -> list[str]:
        return [event.kind for event in self.events() if event.checkout == c.id]

    @property
    def orders(self) -> int:
        return sum(event.kind == "order.placed" for event in self.events())

    def sound(self, *, rest: bool = False) -> None:
        """The invariants, over everything that is stored and the gateway's own books."""
        self.place.check(self.sandbox, self.clock.time, rest=rest)

    def ends_well(self) -> None:
        """Sound now, and when everything has come to rest."""
        self.sound()
        self.drain()
        self.sound(rest=True)


class Outage:
    """A storage that is away for the next `down` units, and where the process dies around the n-th from now on."""

    def __init__(self, storage: Any) -> None:
        self.storage = storage
        self.down = 0
        self.dies_before = self.dies_after = 0
        self.units = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.storage, name)

    def transact(self, work: Callable[[Any], Any]) -> Any:
        if self.down:
            self.down -= 1
            raise Unavailable("The store is away. Repeat the call, with the same key.")
        self.units += 1
        if self.units == self.dies_before:
            raise Crash
        answer = self.storage.transact(work)
        if self.units == self.dies_after:
            raise Crash
        return answer


class Ahead:
    """A clock that goes ahead of another, or behind it."""

    def __init__(self, clock: TestClock, by: timedelta) -> None:
        self.clock, self.by = clock, by

    def now(self) -> datetime:
        return self.clock.now() + self.by


def at_once(*acts: Callable[[], Any], workers: int = 16) -> list[Any]:
    """What they all answer, called from threads that start together."""
    ready = threading.Barrier(min(workers, len(acts)))
    waits = threading.local()

    def run(act: Callable[[], Any]) -> Any:
        if not getattr(waits, "over", False):
            waits.over = True
            ready.wait(30)
        return act()

    with ThreadPoolExecutor(min(workers, len(acts))) as pool:
        return [future.result(60) for future in [pool.submit(run, act) for act in acts]]


def reasons(act: Callable[[], object]) -> set[str]:
    with pytest.raises(Refusal) as refusal:
        act()
    return {refused.reason for refused in refusal.value.refused}


async def comes_and_buys(shop: AsyncShop, n: int, codes: Sequence[str] = (), customer: str | None = None, **said: Any) -> Any:
    """One shopper of a crowd, from cart to reply; a refusal is the last word."""
    try:
        cart = await shop.open_cart(currency="EUR", customer=customer)
        await shop.add(cart.id, sku="MUG")
        contact = said.get("contact", evolve(ADA, email=f"shopper{n}@example.com"))
        c = await shop.begin(cart.id, ship_to=BERLIN, shipping="standard", codes=codes, contact=contact)
        return await shop.pay(c.id, Card("tok_ok"), expected=c.total, key=f"k{n}")
    except Refusal as refusal:
        return refusal.refused[0]


def in_a_loop(work: Callable[[AsyncShop], Awaitable[Any]], database: str) -> Any:
    """What that work answers, done by one event loop on an empty database, which must be sound afterwards."""
    clock = TestClock()
    gateway = AsyncSandboxGateway(clock=clock)

    async def run() -> Any:
        storage = AsyncSqlStorage(database, clock=clock)
        try:
            parts: dict[str, Any] = {"catalog": catalog(asynchronous=True), "policy": Policy(identity_secret=SECRET), "ids": Names()}
            return await work(AsyncShop(storage=storage, gateways=[gateway], clock=clock, **parts))
        finally:
            await storage.close()

    answer = asyncio.run(run())
    with SqlStorage(database) as storage:
        assert storage.read(lambda connection: fsck(connection, rows_of(gateway), clock.time)) == ()
    return answer
