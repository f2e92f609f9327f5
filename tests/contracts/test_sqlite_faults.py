"""What a database does wrong, done to a real SQLite file: every fault leaves typed, with what to do, and nothing half done.

A connection lost around COMMIT is in test_sqlite_ambiguous, a file that is not what it should be in test_sqlite_files.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from attrs import evolve

from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.engines import connect
from checkout_adapters.sqlalchemy.faults import Conflict
from checkout_adapters.sqlalchemy.queries import SqlQueries
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_adapters.sqlalchemy.unit import SqlUnit
from checkout_core import Checkout, Pending, Placed, Refusal
from checkout_core.errors import Broken, Unavailable
from checkout_core.holds import Claim, CouponUses, Pool, Short, Stock, Taken
from checkout_core.testing.parts import a_cart, a_checkout
from checkout_core.unit import Person, Unit
from tests.selling import begun, pay, rows, says, selling
from tests.world import ADA, BERLIN, NOON

MUG: Final = Stock("MUG")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("faults") / "empty.db"
    SqlAdmin(str(path)).upgrade()
    return path


@pytest.fixture
def path(empty: Path, tmp_path: Path) -> Path:
    """A database of its own for each test."""
    to = tmp_path / "shop.db"
    shutil.copyfile(empty, to)
    return to


# Busy.
@contextmanager
def another_writer(path: Path, seconds: float) -> Iterator[None]:
    """Another process, with the write lock of this file for so long."""
    program = (
        "import sqlite3, sys, time\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN EXCLUSIVE')\n"
        "print('locked', flush=True); time.sleep(float(sys.argv[2])); c.execute('ROLLBACK'); c.close()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(path), str(seconds)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        try:
            yield
        finally:
            other.terminate()


@pytest.mark.fault("E5")
def test_a_writer_that_does_not_end_is_unavailable_and_nothing_was_done(path: Path, struck: set[str]) -> None:
    """Longer than the time-out: Unavailable, no call of the gateway, nothing written; later the same call goes through (R1, Q2)."""
    with selling(path, busy_timeout=0.2) as (shop, till, _):
        checkout = begun(shop)
        with another_writer(path, 60):
            struck.add("E5")
            with pytest.raises(Unavailable) as fault:
                pay(shop, checkout)
        says(fault.value, "busy", "with the same key")
        assert till.books.calls() == ()
        assert rows(path, "payments") == 0
        assert isinstance(pay(shop, checkout), Placed)


@pytest.mark.fault("E1", "E5")
def test_a_writer_that_ends_is_waited_for(path: Path, struck: set[str]) -> None:
    """Shorter than the time-out: nobody notices but the clock (R11)."""
    with selling(path) as (shop, _, _):
        checkout = begun(shop)
        started = time.monotonic()
        with another_writer(path, 0.3):
            struck.update(("E1", "E5"))
            assert isinstance(pay(shop, checkout), Placed)
        assert time.monotonic() - started > 0.2


def test_readers_do_not_wait_for_a_writer(path: Path) -> None:
    """Lists and looks for display go on while another process writes."""
    with selling(path, busy_timeout=0.2) as (shop, _, _), another_writer(path, 60):
        assert shop.stock("MUG")["MUG"].on_hand == 100


@pytest.mark.fault("E5")
def test_the_async_face_waits_and_gives_up_alike(path: Path, struck: set[str]) -> None:
    """Busy is Unavailable there too, and a short wait a wait."""

    async def both() -> None:
        storage = AsyncSqlStorage(str(path), busy_timeout=0.2)
        try:
            assert await storage.transact(lambda unit: unit.pool(MUG)) == Pool(MUG)
            with another_writer(path, 60):
                struck.add("E5")
                with pytest.raises(Unavailable, match="busy"):
                    await storage.transact(lambda unit: unit.pool(MUG))
            with another_writer(path, 0.1):
                assert await storage.transact(lambda unit: unit.pool(MUG)) == Pool(MUG)
        finally:
            await storage.close()

    asyncio.run(both())


# Full, and read-only.
@contextmanager
def full(storage: SqlStorage) -> Iterator[None]:
    """No page more than there are, for the connections of this storage."""

    def limit(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # it is never set below what is there

    storage.close()
    sa.event.listen(storage.engine, "connect", limit)
    try:
        yield
    finally:
        sa.event.remove(storage.engine, "connect", limit)
        storage.close()


@pytest.mark.fault("E6")
def test_a_full_disk_is_unavailable_until_there_is_room(path: Path, struck: set[str]) -> None:
    """Whoever cannot store the intent asks no gateway; whoever cannot store the outcome is pending, and is placed later (R1, I15)."""
    with selling(path) as (shop, till, storage):
        waiting = [begun(shop) for _ in range(24)]
        refused, answers = list[Checkout](), list[Any]()
        with full(storage):
            for checkout in waiting:
                asked = len(till.books.calls())
                try:
                    answers.append(pay(shop, checkout))
                except Unavailable as fault:
                    says(fault, "full", "Make room", "with the same key")
                    assert len(till.books.calls()) == asked
                    refused.append(checkout)
                    struck.add("E6")
        assert {type(answer) for answer in answers} <= {Placed, Pending}
        assert len(refused) >= 5
        assert rows(path, "payments") == len(answers)
        clock: Any = shop.clock
        clock.forward(minutes=5)
        shop.tick()
        assert all(isinstance(pay(shop, checkout), Placed) for checkout in waiting)
        assert rows(path, "orders") == len(waiting)
        assert len([p for p in till.books.payments() if p.live]) == len(waiting)


@pytest.mark.fault("E6")
@pytest.mark.parametrize("what", ["file", "folder", "both"])
def test_who_may_not_write_is_told_so(what: str, struck: set[str]) -> None:
    """A file, or a folder, that may only be read: Unavailable with what to do, the file as it was; run by a user without rights."""
    command = [sys.executable, "-m", "tests.processes.unprivileged", what]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    kind, text, same = done.stdout.strip().split("\t")
    struck.add("E6")
    assert kind in ("Unavailable", "Misconfigured")
    says(Unavailable(text), "the file and its folder" if kind == "Unavailable" else "")
    assert same == "same"


# Two that read the same, or are shown something old.
@pytest.mark.fault("E9")
def test_a_unit_that_is_run_again_reads_again(path: Path, struck: set[str]) -> None:
    """Nothing of a first try is left in the second: it sees what another process has written in between (I1, I13)."""
    seen = list[int]()
    with selling(path, stock=1) as (shop, _, storage), SqlStorage(str(path)) as other:
        checkout = begun(shop)

        def work(unit: Unit) -> int:
            seen.append(unit.checkout(checkout.id).version)
            if len(seen) == 1:
                raise Conflict
            return seen[-1]

        def between(_: int) -> float:
            other.transact(lambda unit: unit.write(evolve(unit.checkout(checkout.id), version=checkout.version + 1)))
            struck.add("E9")
            return 0.0

        storage._tries = _Tries(between)  # type: ignore[assignment]
        assert storage.transact(work) == checkout.version + 1
        assert seen == [checkout.version, checkout.version + 1]


class _Tries:
    at_most = 3

    def __init__(self, pause: Callable[[int], float]) -> None:
        self.pause = pause


@pytest.mark.fault("E9")
def test_of_two_that_read_the_same_version_the_second_to_write_is_refused(path: Path, struck: set[str]) -> None:
    """A version that was read outside the unit is no licence to write (R4)."""
    with selling(path) as (shop, _, storage):
        old = shop.status(begun(shop).id)
        storage.transact(lambda unit: unit.write(evolve(unit.checkout(old.id), version=old.version + 1)))
        struck.add("E9")
        with pytest.raises(Broken, match="changed by somebody else"):
            storage.transact(lambda unit: unit.write(evolve(old, version=old.version + 1)))
        assert shop.status(old.id).version == old.version + 1


@pytest.mark.fault("E13")
@pytest.mark.parametrize("pool", [MUG, CouponUses("SAVE10")])
def test_a_stale_look_does_not_oversell(pool: Any, path: Path, struck: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A weaker isolation may show old numbers: the write itself says no, and the unit reads again (R5)."""
    with selling(path, stock=1) as (_, _, storage):
        limit = None if pool == MUG else 1
        for id in ("c1", "c2"):
            cart, checkout = a_cart(f"cart-{id}", NOON), a_checkout(id, NOON, Claim(pool, 1, limit))
            storage.transact(lambda unit, cart=cart, checkout=checkout: unit.write(cart, checkout))  # type: ignore[misc]
        assert storage.transact(lambda unit: unit.take("c1", [Claim(pool, 1, limit)])) == Taken()
        plain = Pool.take

        def stale(self: Pool, amount: int) -> Pool | None:
            if "E13" in struck:
                return plain(self, amount)
            struck.add("E13")
            return self  # there was more when it was looked at

        monkeypatch.setattr(Pool, "take", stale)
        assert isinstance(storage.transact(lambda unit: unit.take("c2", [Claim(pool, 1, limit)])), Short)
        assert storage.pools([pool])[pool].held == 1


@pytest.mark.fault("E12")
def test_the_first_use_of_a_coupon_by_two_at_once_makes_one_pool(path: Path, struck: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A row that another unit has just made is met, not reported, and what is left in it is taken (I9)."""
    uses = CouponUses("SAVE10")
    with selling(path) as (_, _, storage):
        for id in ("c1", "c2"):
            cart, checkout = a_cart(f"cart-{id}", NOON), a_checkout(id, NOON, Claim(uses, 1, 5))
            storage.transact(lambda unit, cart=cart, checkout=checkout: unit.write(cart, checkout))  # type: ignore[misc]
        storage.transact(lambda unit: unit.take("c1", [Claim(uses, 1, 5)]))
        plain = SqlUnit._make

        def make(self: SqlUnit, *asked: Any) -> Sequence[str]:
            made = plain(self, *asked)
            if not made:
                struck.add("E12")
            return made

        monkeypatch.setattr(SqlUnit, "_make", make)
        assert storage.transact(lambda unit: unit.take("c2", [Claim(uses, 1, 5)])) == Taken()
        assert storage.pools([uses])[uses].held == 2


@pytest.mark.fault("E12")
def test_a_second_open_cart_of_one_customer_is_the_first(path: Path, struck: set[str]) -> None:
    """Where a constraint says one, asking twice gives the one; what goes past the library is refused by name (RB-77)."""
    with selling(path) as (shop, _, storage):
        first = shop.open_cart(currency="EUR", customer="ada")
        assert shop.open_cart(currency="EUR", customer="ada").id == first.id
        struck.add("E12")
        with pytest.raises(Broken, match=r"unique carts\.customer_id") as fault:
            storage.transact(lambda unit: unit.write(evolve(first, id="another")))
        says(fault.value)
        assert rows(path, "carts") == 1


def test_a_look_waits_for_no_writer(tmp_path: Path, empty: Path) -> None:
    """E5, E14: while another program writes, a look answers at once what was committed before; nobody's reading stops a sale."""
    path = tmp_path / "shop.db"
    shutil.copyfile(empty, path)
    with SqlStorage(str(path), busy_timeout=0.01) as storage, closing(connect(path)) as other:
        storage.transact(lambda unit: unit.write(a_cart("k1", unit.now)))
        other.execute("BEGIN IMMEDIATE")
        assert storage.look(lambda view: view.cart("k1").id) == "k1"
        with pytest.raises(Unavailable):
            storage.transact(lambda unit: unit.cart("k1"))
        other.execute("ROLLBACK")


def test_what_failed_to_be_written_is_in_no_traceback(path: Path) -> None:
    """R24, I22: an address that could not be stored does not get into a log by way of the driver's error, which lists all values."""
    with closing(connect(path)) as other:
        other.execute("CREATE TRIGGER no BEFORE INSERT ON persons BEGIN SELECT RAISE(ABORT, 'no'); END")

    def work(unit: Unit) -> None:
        unit.write(a_cart("cart-c1", unit.now), a_checkout("c1", unit.now), Person("c1", ADA, BERLIN))

    with SqlStorage(str(path)) as storage, pytest.raises(Broken) as in_sync:
        storage.transact(work)
    with pytest.raises(Broken) as in_async:
        asyncio.run(_transact(path, work))
    for fault in (in_sync, in_async):
        told = "".join(traceback.format_exception(fault.value))
        assert "INSERT INTO persons" in told
        assert "Lovelace" not in told
        assert str(ADA.email) not in told


async def _transact(path: Path, work: Callable[[Unit], object]) -> None:
    storage = AsyncSqlStorage(str(path))
    try:
        await storage.transact(work)
    finally:
        await storage.close()


@pytest.mark.fault("E7")
@pytest.mark.parametrize("face", ["sync", "async"])
def test_when_no_connection_is_free_nothing_has_happened(face: str, path: Path, struck: set[str]) -> None:
    """More at once than a store has connections wait for one, and then hear that it did not happen, in our words (E7)."""

    async def crowded() -> None:
        storage = AsyncSqlStorage(str(path))
        try:
            await storage.transact(lambda unit: unit.pool(MUG))
            storage.engine.sync_engine.pool._timeout = 0.01  # type: ignore[attr-defined]
            taken = [await storage.engine.connect() for _ in range(15)]
            with pytest.raises(Unavailable, match="Too many"):
                await storage.transact(lambda unit: unit.pool(MUG))
            for connection in taken:
                await connection.close()
            assert await storage.transact(lambda unit: unit.pool(MUG)) == Pool(MUG)
        finally:
            await storage.close()

    struck.add("E7")
    if face == "async":
        asyncio.run(crowded())
        return
    with SqlStorage(str(path)) as storage:
        storage.engine.pool._timeout = 0.01  # type: ignore[attr-defined]
        taken = [storage.engine.connect() for _ in range(15)]
        with pytest.raises(Unavailable, match="Too many") as fault:
            storage.transact(lambda unit: unit.pool(MUG))
        says(fault.value, "with the same key")
        for connection in taken:
            connection.close()
        assert storage.transact(lambda unit: unit.pool(MUG)) == Pool(MUG)


@pytest.mark.parametrize("event", ["c1/99999999999999999999", "c1/²", "c1/" + "9" * 5000, "c1/", "c1", "/1", "c1/-1"])
def test_what_is_no_event_was_delivered_to_nobody(event: str, path: Path) -> None:
    """Whatever a person types for an event is looked up, and not there: no number is too large for the database, none is half read."""
    with SqlStorage(str(path)) as storage:
        assert storage.look(lambda view: view.delivery("mail", event)) is None


def test_what_no_database_can_hold_is_refused_in_words(path: Path) -> None:
    """K8: an id with half a character, as a terminal or a JSON text can bring one, and a number past every column: no fault of the shop."""
    with selling(path) as (shop, _, storage):
        asked: list[Callable[[], object]] = [
            lambda: shop.cart("c\udcff"),
            lambda: shop.add("c\udcff", sku="MUG"),
            lambda: SqlQueries(storage).find("\udcff"),
            lambda: SqlQueries(storage).outbox(after=2**63),
        ]
        for ask in asked:
            with pytest.raises(Refusal, match="not acceptable"):
                ask()
