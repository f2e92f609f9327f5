"""The connection is lost around COMMIT, of each unit of each command: applied, not applied, or lost before it was sent. One effect, always.

A unit of a command is struck by its number, until there is none left to strike. Beside what is struck stands the same shop, untouched:
afterwards both have the same rows.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import pytest
import sqlalchemy as sa
from attrs import define

from checkout_adapters.sandbox import AsyncSandboxGateway, SandboxBooks, SandboxGateway
from checkout_adapters.sqlalchemy import store
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.faults import Conflict, LostCommit
from checkout_adapters.sqlalchemy.flush import Flush
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_adapters.sqlalchemy.tables import metadata
from checkout_adapters.sqlalchemy.unit import SqlUnit
from checkout_core import AsyncShop, Card, Contact, Money, Policy, Shop
from checkout_core.commands import Asked
from checkout_core.errors import NoAnswer, Unavailable
from checkout_core.notices import Notice
from checkout_core.sync.worker import Worker
from checkout_core.testing import synced
from tests.world import ADA, BERLIN, SECRET, TestClock, catalog

How = Literal["applied", "not applied", "lost before"]
HOWS: Final[tuple[How, ...]] = ("applied", "not applied", "lost before")


@define
class Strike:
    """Counts the units of an engine; the connection of the `nth` is lost around its COMMIT, or at its first write. 0 strikes none."""

    how: How
    nth: int = 0
    units: int = 0
    always: bool = False
    struck: bool = False
    plain: Any = None

    def on(self, engine: sa.Engine) -> Strike:
        self.plain = engine.dialect.do_commit
        engine.dialect.do_commit = self.commit  # type: ignore[assignment, method-assign]
        sa.event.listen(engine, "before_cursor_execute", self.statement)
        return self

    def statement(self, connection: sa.Connection, cursor: Any, text: str, given: Any, context: Any, many: bool) -> None:
        if text == "BEGIN IMMEDIATE":
            self.units += 1
        elif self.how == "lost before" and text.startswith(("INSERT", "UPDATE")) and self.hits():
            self.lose(connection.connection)

    def commit(self, raw: Any) -> None:
        if self.how == "lost before" or not raw.driver_connection.in_transaction or not self.hits():
            self.plain(raw)
            return
        if self.how == "applied":
            self.plain(raw)
        self.lose(raw)
        raise sqlite3.OperationalError("the far side is gone")

    def hits(self) -> bool:
        return self.always or (0 < self.nth == self.units and not self.struck)

    def lose(self, raw: Any) -> None:
        """What was not committed is undone, as by a database whose client has gone."""
        self.struck = True
        raw.dbapi_connection.close()


class Postman:
    """A notifier that counts what it is given."""

    name = "postman"

    def notify(self, notice: Notice) -> None:
        pass


@define
class Scene:
    """A shop on a file, with all that a command needs to be called with."""

    shop: Any
    clock: TestClock
    storage: Any
    cart: str = ""
    other: str = ""
    checkout: str = ""
    total: Money | None = None

    def begin(self) -> Any:
        return self.shop.begin(self.cart, ship_to=BERLIN, shipping="standard", contact=ADA)

    def pay(self) -> Any:
        return self.shop.pay(self.checkout, Card(token="tok_ok"), expected=self.total, key="k-pay")

    def deliver(self) -> None:
        Worker(self.shop, [Postman()]).tick()


# Each command with what comes before it; its own units are what is struck.
def stocked(s: Scene) -> None:
    s.shop.receive("MUG", 10, reason="opening", actor="test")
    s.shop.receive("BOOK", 10, reason="opening", actor="test")
    s.cart = s.shop.open_cart(currency="EUR", customer="ada").id


def filled(s: Scene) -> None:
    stocked(s)
    s.shop.add(s.cart, sku="MUG", quantity=2)


def two_carts(s: Scene) -> None:
    filled(s)
    s.other = s.shop.open_cart(currency="EUR").id
    s.shop.add(s.other, sku="MUG", quantity=3)


def begun(s: Scene) -> None:
    filled(s)
    checkout = s.begin()
    s.checkout, s.total = checkout.id, checkout.total


def changed(s: Scene) -> None:
    begun(s)
    s.shop.add(s.cart, sku="BOOK")


def bought(s: Scene) -> None:
    begun(s)
    s.pay()


def overdue(s: Scene) -> None:
    begun(s)
    s.clock.forward(days=2)


def line(s: Scene) -> str:
    found: str = s.shop.cart(s.cart).lines[0].id
    return found


COMMANDS: Final[dict[str, tuple[Callable[[Scene], None], Callable[[Scene], Any]]]] = {
    "receive": (stocked, lambda s: s.shop.receive("MUG", 7, reason="delivery", actor="test")),
    "receive something new": (stocked, lambda s: s.shop.receive("GIFT", 7, reason="delivery", actor="test")),
    "open_cart": (stocked, lambda s: s.shop.open_cart(currency="EUR")),
    "open_cart of a customer": (stocked, lambda s: s.shop.open_cart(currency="EUR", customer="bob")),
    "add": (filled, lambda s: s.shop.add(s.cart, sku="MUG", quantity=2)),
    "change": (filled, lambda s: s.shop.change(s.cart, line(s), quantity=5)),
    "remove": (filled, lambda s: s.shop.remove(s.cart, line(s))),
    "merge": (two_carts, lambda s: s.shop.merge(s.other, s.cart)),
    "begin": (filled, lambda s: s.begin()),
    "update": (begun, lambda s: s.shop.update(s.checkout, contact=Contact(email="ada@example.net"))),
    "update after a change": (changed, lambda s: s.shop.update(s.checkout)),
    "pay": (begun, lambda s: s.pay()),
    "cancel before paying": (begun, lambda s: s.shop.cancel(s.checkout, reason="changed my mind")),
    "cancel after paying": (bought, lambda s: s.shop.cancel(s.checkout, reason="changed my mind")),
    "tick": (overdue, lambda s: s.shop.tick()),
    "deliver": (bought, lambda s: s.deliver()),
}


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ambiguous") / "empty.db"
    SqlAdmin(str(path)).upgrade()
    return path


Open = Callable[[Path, TestClock], Any]


@contextmanager
def sync_scene(path: Path, clock: TestClock) -> Iterator[tuple[Scene, sa.Engine]]:
    with SqlStorage(str(path), clock=clock) as storage:
        till = SandboxGateway(SandboxBooks(clock, path.with_suffix(".till")))
        shop = Shop(storage=storage, gateways=[till], catalog=catalog(), clock=clock, policy=Policy(identity_secret=SECRET))
        yield Scene(shop, clock, storage), storage.engine


@contextmanager
def async_scene(path: Path, clock: TestClock) -> Iterator[tuple[Scene, sa.Engine]]:
    """The same calls on an `AsyncShop`, run to their end one after the other by one event loop."""
    loop = asyncio.new_event_loop()
    storage = AsyncSqlStorage(str(path), clock=clock)
    try:
        till = AsyncSandboxGateway(SandboxBooks(clock, path.with_suffix(".till")))
        policy = Policy(identity_secret=SECRET)
        shop = AsyncShop(storage=storage, gateways=[till], catalog=catalog(asynchronous=True), clock=clock, policy=policy)
        yield Scene(synced(shop, loop.run_until_complete), clock, storage), storage.engine.sync_engine
    finally:
        loop.run_until_complete(storage.close())
        loop.close()


def run_with(strike: Strike, prepared: Path, path: Path, given: Scene, act: Callable[[Scene], Any], scene: Open) -> Any:
    """The command on a copy of what was prepared, struck; afterwards what is due is done. What everything came to."""
    for suffix in (".db", ".till"):
        shutil.copyfile(prepared.with_suffix(suffix), path.with_suffix(suffix))
    clock = TestClock(given.clock.now())
    with scene(path, clock) as (s, engine):
        s.cart, s.other, s.checkout, s.total = given.cart, given.other, given.checkout, given.total
        strike.on(engine)
        act(s)
        strike.nth = 0
        clock.forward(minutes=5)
        s.shop.tick()
    return everything(path)


def everything(path: Path) -> dict[str, Any]:
    """How many rows each table has, and every number that a command could have changed twice."""
    connection = sqlite3.connect(path)
    try:
        found: dict[str, Any] = {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in metadata.tables if table != "requests"
        }
        for sql in (
            "SELECT pool, on_hand, held, committed FROM pools WHERE kind = 'stock' ORDER BY pool",
            "SELECT product_id, quantity FROM cart_lines ORDER BY 1, 2",
            "SELECT state, due_at FROM checkouts ORDER BY 1",
            "SELECT state, amount FROM payments ORDER BY 1",
            "SELECT consumer, seq, state FROM deliveries ORDER BY 1, 2",
            "SELECT account, sum(amount) FROM ledger GROUP BY 1",
        ):
            found[sql] = connection.execute(sql).fetchall()
    finally:
        connection.close()
    books = SandboxBooks(path=path.with_suffix(".till"))
    return {**found, "charges": sorted((p.state.value, p.captured, p.refunded) for p in books.payments())}


def struck_everywhere(command: str, how: How, empty: Path, folder: Path, scene: Open) -> int:
    """Strike every unit of this command; how many were. Each time everything is as if nothing had happened."""
    before, act = COMMANDS[command]
    prepared, path = folder / "prepared.db", folder / "struck.db"
    shutil.copyfile(empty, prepared)
    clock = TestClock()
    with sync_scene(prepared, clock) as (given, _):
        before(given)
    plain = Strike(how)
    expected = run_with(plain, prepared, path, given, act, scene)
    strikes = 0
    for nth in range(1, plain.units + 1):
        strike = Strike(how, nth)
        assert run_with(strike, prepared, path, given, act, scene) == expected, f"unit {nth}"
        strikes += strike.struck
    return strikes


@pytest.mark.fault("E3", "E4")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_connection_lost_around_commit_leaves_one_effect(command: str, empty: Path, tmp_path: Path, struck: set[str]) -> None:
    """The unit is run again: it finds its own record, or does its work for the first time (R11, R12, I17)."""
    for how in HOWS:
        if struck_everywhere(command, how, empty, tmp_path, sync_scene):
            struck.add("E3" if how == "lost before" else "E4")


@pytest.mark.fault("E3", "E4")
@pytest.mark.parametrize("command", ["add", "pay"])
def test_the_same_in_the_async_face(command: str, empty: Path, tmp_path: Path, struck: set[str]) -> None:
    """The async face runs the same units, and takes its driver's losses for what they are."""
    for how in HOWS:
        if struck_everywhere(command, how, empty, tmp_path, async_scene):
            struck.add("E3" if how == "lost before" else "E4")


@pytest.mark.fault("E3")
@pytest.mark.parametrize("scene", [sync_scene, async_scene])
def test_a_connection_that_goes_between_the_last_write_and_commit_is_noticed(
    scene: Open, empty: Path, tmp_path: Path, struck: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A driver may take COMMIT on a closed connection for done; what it would have stored is stored all the same."""
    path = tmp_path / "shop.db"
    shutil.copyfile(empty, path)
    plain = SqlUnit.flush

    def flush(self: SqlUnit) -> None:
        plain(self)
        if "E3" not in struck:
            struck.add("E3")
            self._connection.connection.dbapi_connection.close()  # type: ignore[union-attr]

    monkeypatch.setattr(SqlUnit, "flush", flush)
    with scene(path, TestClock()) as (s, _):
        cart = s.shop.open_cart(currency="EUR")
        assert s.shop.cart(cart.id) == cart


@pytest.mark.parametrize("command", ["receive", "add"])
def test_a_unit_that_does_not_look_for_its_own_record_is_seen(
    command: str, empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the bug planted, the second run does everything once more, and what came of it is not the same."""
    monkeypatch.setattr(Asked, "before", lambda asked, unit: None)
    monkeypatch.setattr(Flush, "_request", lambda flush, asked: None)
    with pytest.raises(AssertionError, match="unit"):
        struck_everywhere(command, "applied", empty, tmp_path, sync_scene)


def test_who_never_gets_an_answer_is_told_to_ask_again(empty: Path, tmp_path: Path) -> None:
    """When every COMMIT stays without an answer, the caller hears that it may have happened (R3)."""
    path = tmp_path / "shop.db"
    shutil.copyfile(empty, path)
    with sync_scene(path, TestClock()) as (s, engine):
        Strike("not applied", always=True).on(engine)
        with pytest.raises(NoAnswer, match="with the same key"):
            s.shop.open_cart(currency="EUR")


@pytest.mark.fault("E4")
@pytest.mark.parametrize("scene", [sync_scene, async_scene])
@pytest.mark.parametrize("then", [Unavailable("busy"), Conflict()], ids=["busy", "conflict"])
def test_after_one_lost_answer_nobody_says_that_nothing_happened(
    then: Exception, scene: Open, empty: Path, tmp_path: Path, struck: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """R3, R12: the first COMMIT may have gone through; whatever the later tries end in, the caller hears that it may have happened."""
    path = tmp_path / "shop.db"
    shutil.copyfile(empty, path)
    plain, tries = store.run_unit, list[int]()

    def run_unit(*given: Any) -> Any:
        tries.append(len(tries))
        if tries[-1]:
            raise then
        plain(*given)
        struck.add("E4")
        raise LostCommit

    with scene(path, TestClock()) as (s, _):
        monkeypatch.setattr(store, "run_unit", run_unit)
        with pytest.raises(NoAnswer, match="with the same key"):
            s.shop.open_cart(currency="EUR")
    assert everything(path)["carts"] == 1
