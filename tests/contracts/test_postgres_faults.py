"""What a server does wrong, done to a real one: every fault leaves typed, with what to do, and nothing half done."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import pytest
import sqlalchemy as sa
from attrs import evolve

from checkout_adapters.sqlalchemy import postgres as adapter
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_core import Placed, Refusal
from checkout_core.errors import Broken, Busy, Misconfigured, NoAnswer, Unavailable
from checkout_core.holds import Movement, Pool, Stock
from checkout_core.testing.parts import a_cart, a_checkout
from checkout_core.testing.proxy import Proxy
from checkout_core.testing.units import numbers, stock
from checkout_core.unit import Person, Unit
from tests.postgres import Server, told
from tests.selling import begun, pay, says, selling
from tests.world import ADA, BERLIN, NOON

MUG: Final = Stock("MUG")
PEN: Final = Stock("PEN")


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """A database of its own for each test."""
    url = postgres.clone()
    yield url
    postgres.drop(url)


@contextmanager
def holding(url: str, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """Another program, in the middle of a transaction that has done this."""
    with psycopg.connect(url.replace("+psycopg", "")) as other:
        for statement in statements:
            other.execute(statement.encode())
        yield other
        other.rollback()


def faulty(url: str, table: str, state: str, when: str = "true") -> None:
    """Every insert into that table says what a server says that cannot."""
    told(
        url,
        f"CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF {when} THEN "
        f"RAISE 'no, %', NEW USING ERRCODE = '{state}'; END IF; RETURN NEW; END $$",
        f"CREATE TRIGGER no BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION no()",
    )


# Not let in.
def elsewhere(url: str, **other: Any) -> str:
    return sa.make_url(url).set(**other).render_as_string(hide_password=False)


NOT_LET_IN: Final[dict[str, tuple[Callable[[str], str], type[Exception], str]]] = {
    "down": (lambda url: elsewhere(url, port=1), Unavailable, "cannot be reached"),
    "no such host": (lambda url: elsewhere(url, host="no.such.host.invalid"), Unavailable, "cannot be reached"),
    "wrong password": (lambda url: elsewhere(url, password="wrong"), Misconfigured, "user or the password"),
    "no password": (lambda url: url.replace(":secret@", "@"), Misconfigured, "user or the password"),
    "nobody's user": (lambda url: elsewhere(url, username="nobody"), Misconfigured, "user or the password"),
    "no such database": (lambda url: elsewhere(url, database="nothing"), Misconfigured, "no database of that name"),
    "no such schema": (lambda url: f"{url}?options=-csearch_path%3Dnone", Misconfigured, "no schema"),
    "no database": (lambda url: url.rpartition("/")[0], Misconfigured, "names no database"),
    "an option that nobody knows": (lambda url: f"{url}?colour=blue", Misconfigured, "options"),
    "an option that cannot be met": (lambda url: f"{url}?sslmode=require", Misconfigured, "TLS"),
    "no port": (lambda url: url.replace("127.0.0.1:", "127.0.0.1:x"), Misconfigured, "no database URL"),
    "another driver": (lambda url: url.replace("+psycopg", "+asyncpg"), Misconfigured, "postgresql+psycopg"),
}


@pytest.mark.parametrize("what", NOT_LET_IN)
def test_who_is_not_let_in_is_told_why(what: str, url: str) -> None:
    """In both faces and in the upkeep; the password is in none of the words."""
    change, kind, words = NOT_LET_IN[what]
    there = change(url)
    for way in (lambda: SqlStorage(there), lambda: SqlAdmin(there).current(), lambda: asyncio.run(_ask(there))):
        with pytest.raises(kind) as fault:
            way()
        says(fault.value, words)
        assert "secret" not in "".join(traceback.format_exception(fault.value))


async def _ask(url: str, work: Callable[[Unit], Any] = lambda unit: unit.pool(MUG), busy_timeout: float = 10) -> Any:
    storage = AsyncSqlStorage(url, busy_timeout=busy_timeout)
    try:
        return await storage.transact(work)
    finally:
        await storage.close()


def test_a_database_with_nothing_in_it_says_how_to_begin(postgres: Server) -> None:
    """As an empty file does."""
    url = postgres.at(postgres.database())
    with pytest.raises(Misconfigured, match="checkout init"):
        SqlStorage(url)
    assert SqlAdmin(url).check() == ["The database is empty. Run `checkout init`."]
    postgres.drop(url)


def test_the_tables_of_another_program_are_not_touched(postgres: Server) -> None:
    """Neither used, nor upgraded, nor taken down."""
    url = postgres.at(postgres.database())
    told(url, "CREATE TABLE alembic_version (version_num varchar(32))", "INSERT INTO alembic_version VALUES ('0001')")
    for way in (lambda: SqlStorage(url), SqlAdmin(url).upgrade, lambda: SqlAdmin(url).downgrade("base"), SqlAdmin(url).check):
        with pytest.raises(Misconfigured, match="another program"):
            way()
    assert told(url, "SELECT * FROM alembic_version") == [("0001",)]
    postgres.drop(url)


@pytest.mark.fault("E7")
def test_a_server_that_has_no_connection_left_is_busy(url: str, postgres: Server, struck: set[str]) -> None:
    """Nothing happened, and the same call may be repeated."""
    told(url, "CREATE ROLE crowd LOGIN PASSWORD 'secret' CONNECTION LIMIT 0")
    try:
        struck.add("E7")
        with pytest.raises(Busy) as fault:
            SqlStorage(elsewhere(url, username="crowd"))
        says(fault.value, "no connection free")
    finally:
        told(url, "DROP ROLE crowd")


@pytest.mark.fault("E7")
@pytest.mark.parametrize("face", ["sync", "async"])
def test_when_no_connection_of_ours_is_free_nothing_has_happened(face: str, url: str, struck: set[str]) -> None:
    """Units wait for one as long as for a lock, and then hear that they did not happen."""

    async def crowded() -> None:
        storage = AsyncSqlStorage(url, busy_timeout=0.05)
        try:
            taken = [await storage.engine.connect() for _ in range(15)]
            with pytest.raises(Busy, match="Too many"):
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
    with SqlStorage(url, busy_timeout=0.05) as storage:
        taken = [storage.engine.connect() for _ in range(15)]
        with pytest.raises(Busy, match="Too many"):
            storage.transact(lambda unit: unit.pool(MUG))
        for connection in taken:
            connection.close()
        assert storage.transact(lambda unit: unit.pool(MUG)) == Pool(MUG)


# Waiting.
@pytest.mark.fault("E1")
def test_a_lock_that_is_not_let_go_is_busy_and_nothing_was_done(url: str, struck: set[str]) -> None:
    """Longer than the time-out: no call of the gateway, nothing written; later the same call goes through (R1, Q2)."""
    with selling(url, busy_timeout=0.2) as (shop, till, _):
        checkout = begun(shop)
        with holding(url, "SELECT * FROM pools FOR UPDATE"):
            struck.add("E1")
            started = time.monotonic()
            with pytest.raises(Busy) as fault:
                pay(shop, checkout)
            assert 0.15 < time.monotonic() - started < 5
            says(fault.value, "busy", "with the same key")
            assert shop.stock("MUG")["MUG"].on_hand == 100  # readers wait for nobody
        assert till.books.calls() == ()
        assert told(url, "SELECT count(*) FROM payments") == [(0,)]
        assert isinstance(pay(shop, checkout), Placed)


def test_the_async_face_waits_and_gives_up_alike(url: str) -> None:
    """Busy there too; a short wait is a wait."""
    with SqlStorage(url) as storage:
        stock(storage, MUG, 1)
    with holding(url, "SELECT * FROM pools FOR UPDATE") as other:
        with pytest.raises(Busy, match="busy"):
            asyncio.run(_ask(url, busy_timeout=0.1))
        timer = threading.Timer(0.2, other.rollback)
        timer.start()
        assert asyncio.run(_ask(url)).on_hand == 1
        timer.join()


def test_a_look_waits_for_no_lock(url: str) -> None:
    """And locks nothing itself: a unit goes on while somebody looks (E14)."""
    with SqlStorage(url, busy_timeout=0.2) as storage:
        storage.transact(
            lambda unit: unit.write(a_cart("k1", unit.now), a_checkout("c1", unit.now, cart="k1"), Movement(MUG, 1, "r", "a", NOON))
        )
        with holding(url, "SELECT * FROM carts, checkouts, pools FOR UPDATE"):
            assert storage.look(lambda view: (view.cart("k1").id, view.checkout("c1").id, view.pool(MUG).on_hand)) == ("k1", "c1", 1)

        def looked(view: Any) -> str:
            view.cart("k1")
            with SqlStorage(url, busy_timeout=0.2) as other:
                return str(other.transact(lambda unit: unit.cart("k1")).id)

        assert storage.look(looked) == "k1"


def test_a_look_sees_one_moment(url: str) -> None:
    """What is committed in the middle of it is not half in it."""
    with SqlStorage(url) as storage, SqlStorage(url) as other:
        stock(storage, MUG, 1)
        stock(storage, PEN, 1)

        def look(view: Any) -> tuple[int, int]:
            mugs = view.pool(MUG).on_hand
            other.transact(lambda unit: unit.write(Movement(MUG, 1, "r", "a", NOON), Movement(PEN, 1, "r", "a", NOON)))
            return mugs, view.pool(PEN).on_hand

        assert storage.look(look) == (1, 1)


def test_a_statement_that_takes_too_long_is_stopped(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Busy, with nothing written (R25)."""
    monkeypatch.setattr(adapter, "STATEMENT_TIMEOUT", 0)
    told(
        url,
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$",
        "CREATE TRIGGER slow BEFORE INSERT ON carts FOR EACH ROW EXECUTE FUNCTION slow()",
    )
    with SqlStorage(url, busy_timeout=0.2) as storage:
        with pytest.raises(Busy) as fault:
            storage.transact(lambda unit: unit.write(a_cart("k1", unit.now)))
        says(fault.value, "took too long")
    assert told(url, "SELECT count(*) FROM carts") == [(0,)]


def test_a_unit_that_stands_still_lets_go(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its locks are let go by the server; when it goes on it is run again whole, and nothing it had read counts (R11)."""
    monkeypatch.setattr(adapter, "IDLE_TIMEOUT", 0.1)
    runs = list[int]()
    with SqlStorage(url) as storage, SqlStorage(url, busy_timeout=5) as other:
        stock(storage, MUG, 1)

        def work(unit: Unit) -> int:
            runs.append(unit.pool(MUG).on_hand)
            if len(runs) == 1:
                stock(other, MUG, 4)  # waits for the lock, until it is let go
            return runs[-1]

        assert storage.transact(work) == 5
    assert runs == [1, 5]


# In each other's way.
@pytest.mark.fault("E2")
def test_a_deadlock_is_survived(url: str, struck: set[str]) -> None:
    """Whoever is stopped by the server is run again whole; the caller hears nothing of it (R11)."""
    runs = list[int]()
    with SqlStorage(url) as storage, holding(url) as other:
        stock(storage, MUG, 1)
        stock(storage, PEN, 1)
        other.execute("SET deadlock_timeout = '60s'")  # the unit is the one that finds it
        other.execute("SELECT * FROM pools WHERE sku = 'PEN' FOR UPDATE")
        first = threading.Event()

        def work(unit: Unit) -> int:
            runs.append(unit.pool(MUG).on_hand)
            first.set()
            return runs[-1] + unit.pool(PEN).on_hand

        answers = list[int]()
        thread = threading.Thread(target=lambda: answers.append(storage.transact(work)))
        thread.start()
        assert first.wait(10)
        other.execute("SELECT * FROM pools WHERE sku = 'MUG' FOR UPDATE")
        struck.add("E2")
        other.execute("UPDATE pools SET on_hand = 7")
        other.commit()
        thread.join(10)
    assert (answers, runs) == ([14], [1, 7])


@pytest.mark.fault("E1")
@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_whoever_is_always_in_the_way_of_others_is_busy(state: str, url: str, struck: set[str]) -> None:
    """Bounded: tried so often and no more (R11, R25)."""
    faulty(url, "carts", state)
    struck.add("E1")
    runs = list[int]()

    def work(unit: Unit) -> None:
        runs.append(1)
        unit.write(a_cart("k1", unit.now))

    with SqlStorage(url) as storage, pytest.raises(Busy) as fault:
        storage.transact(work)
    says(fault.value, "Too many were writing")
    assert len(runs) == storage._tries.at_most


# Lost.
def cut_off(url: str) -> None:
    told(url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")


@pytest.mark.fault("E3")
def test_a_connection_lost_in_a_unit_is_another_run(url: str, struck: set[str]) -> None:
    """Before COMMIT is sent everything is undone, and the unit is run again on another connection."""
    runs = list[int]()
    with SqlStorage(url) as storage:

        def work(unit: Unit) -> None:
            runs.append(1)
            unit.write(Movement(MUG, 3, "counted", "kit", NOON))
            if len(runs) == 1:
                unit.pool(MUG)
                cut_off(url)
                struck.add("E3")

        storage.transact(work)
        assert numbers(storage, MUG) == (3, 0, 0)
    assert len(runs) == 2


@pytest.mark.fault("E3")
@pytest.mark.parametrize("face", ["sync", "async"])
def test_connections_that_were_lost_while_nobody_used_them_hurt_nobody(face: str, url: str, struck: set[str]) -> None:
    """A server that was restarted, a firewall that forgets: the next unit, and the next look, open others."""

    async def asked() -> None:
        storage = AsyncSqlStorage(url)
        try:
            for _ in range(2):
                assert await storage.transact(lambda unit: unit.pool(MUG)) == Pool(MUG)
                cut_off(url)
                struck.add("E3")
                assert await storage.pools([MUG]) == {MUG: Pool(MUG)}
                cut_off(url)
        finally:
            await storage.close()

    if face == "async":
        asyncio.run(asked())
        return
    with SqlStorage(url) as storage:
        for _ in range(2):
            assert storage.transact(lambda unit: unit.pool(MUG)) == Pool(MUG)
            cut_off(url)
            struck.add("E3")
            assert storage.pools([MUG]) == {MUG: Pool(MUG)}
            cut_off(url)


@pytest.mark.fault("E4")
def test_the_answer_to_a_commit_is_lost_on_the_wire(url: str, struck: set[str]) -> None:
    """It took effect, and its answer never came: the unit is run again and finds what it has done (R12)."""
    address = sa.make_url(url)
    runs = list[bool]()
    with Proxy("127.0.0.1", address.port or 0) as proxy, SqlStorage(elsewhere(url, port=proxy.port)) as storage:

        def work(unit: Unit) -> bool:
            runs.append(unit.cart_of("ada", "EUR") is not None)
            if not runs[-1]:
                unit.write(_ada(unit))
            return runs[-1]

        storage.transact(lambda unit: unit.pool(MUG))
        proxy.cut_reply(b"COMMIT\0")
        assert storage.transact(work)
        assert proxy.tally.replies_cut == 1
        struck.add("E4")
    assert runs == [False, True]
    assert told(url, "SELECT count(*) FROM carts") == [(1,)]


@pytest.mark.fault("E4")
def test_a_server_that_is_gone_after_a_commit_leaves_it_open(url: str, struck: set[str]) -> None:
    """It may have happened, and nobody can be asked: NoAnswer, never that nothing was written."""
    address = sa.make_url(url)
    with Proxy("127.0.0.1", address.port or 0) as proxy, SqlStorage(elsewhere(url, port=proxy.port)) as storage:
        proxy.refuse()
        proxy.cut_reply(b"COMMIT\0")
        with pytest.raises(NoAnswer, match="did not say"):
            storage.transact(lambda unit: unit.write(_ada(unit)))
        assert proxy.tally.replies_cut == 1
        struck.add("E4")


def _ada(unit: Unit) -> Any:
    return evolve(a_cart("k1", unit.now), customer_id="ada")


def test_a_forked_process_uses_no_connection_of_its_parent(url: str) -> None:
    """A server that makes its shop before it forks its workers: what both said over one connection would be nonsense."""
    program = (
        "import os, sys\n"
        "from checkout_adapters.sqlalchemy.store import SqlStorage\n"
        "from checkout_core.testing.parts import a_cart\n"
        "storage = SqlStorage(sys.argv[1])\n"
        "def session():\n"
        "    return storage.read(lambda connection: connection.exec_driver_sql('SELECT pg_backend_pid()').scalar())\n"
        "parents = session()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    mine = session()\n"
        "    storage.transact(lambda unit: unit.write(a_cart('child', unit.now)))\n"
        "    sys.exit(7 if mine != parents else 8)\n"
        "said = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "storage.transact(lambda unit: unit.write(a_cart('parent', unit.now)))\n"
        "print(said, session() == parents, storage.look(lambda view: view.cart('child').id))\n"
        "storage.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, url], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7", "True", "child"]


# What the server says of itself, and of what it is given.
SAID: Final = {
    "53100": (Unavailable, "disk"),
    "53200": (Unavailable, "memory"),
    "58030": (Unavailable, "disk"),
    "57P03": (Unavailable, "starting"),
    "25006": (Unavailable, "replica"),
    "42501": (Misconfigured, "right"),
    "XX001": (Broken, "backup"),
    "P0001": (Unavailable, "as it should"),
}


@pytest.mark.fault("E6")
@pytest.mark.parametrize("state", SAID)
def test_what_the_server_says_is_said_in_our_words(state: str, url: str, struck: set[str]) -> None:
    """With what to do; nothing is written and no gateway is asked (E6)."""
    with selling(url) as (shop, till, _):
        checkout = begun(shop)
        faulty(url, "payments", state)
        struck.add("E6")
        kind, words = SAID[state]
        with pytest.raises(kind) as fault:
            pay(shop, checkout)
        says(fault.value, words)
        assert till.books.calls() == ()
        told(url, "DROP TRIGGER no ON payments")
        assert isinstance(pay(shop, checkout), Placed)


@pytest.mark.parametrize("text", ["half \ud800 a character", "a \0 in it", "x" * 10_000])
def test_what_no_column_can_hold_is_refused(text: str, url: str) -> None:
    """It is a refusal, and nothing was written."""
    with SqlStorage(url) as storage, pytest.raises(Refusal, match="no database can hold it"):
        storage.transact(lambda unit: unit.write(Movement(MUG, 1, text, "kit", NOON)))
    assert told(url, "SELECT count(*) FROM movements") == [(0,)]


def test_a_number_past_every_column_is_refused(url: str) -> None:
    """As on SQLite."""
    with SqlStorage(url) as storage:
        for number in (2**63, 2**200):
            with pytest.raises(Refusal, match="no database can hold it"):
                stock(storage, MUG, number)


def test_a_table_that_is_missing_is_named_as_what_it_is(url: str) -> None:
    """Whoever dropped a table is told so by whatever needs it."""
    with selling(url) as (shop, till, _):
        checkout = begun(shop)
        told(url, "ALTER TABLE payments RENAME TO pay_ments")
        with pytest.raises(Misconfigured) as fault:
            pay(shop, checkout)
        says(fault.value, "lacks a table")
        assert till.books.calls() == ()


def test_what_failed_to_be_written_is_in_no_traceback(url: str) -> None:
    """R24, I22: the server quotes what it refuses, and that may be an address."""
    told(url, "CREATE UNIQUE INDEX one ON persons (substring(document FROM 'ada@[a-z.]+'))")

    def work(unit: Unit) -> None:
        unit.write(Person("c1", ADA, BERLIN))

    with SqlStorage(url) as storage:
        for id in ("c0", "c1"):
            storage.transact(lambda unit, id=id: unit.write(a_cart(f"cart-{id}", unit.now), a_checkout(id, unit.now)))  # type: ignore[misc]
        storage.transact(lambda unit: unit.write(Person("c0", ADA, BERLIN)))
        with pytest.raises(Broken, match="unique one") as in_sync:
            storage.transact(work)
    with pytest.raises(Broken, match="unique one") as in_async:
        asyncio.run(_ask(url, work))
    told(url, "DROP INDEX one", "ALTER TABLE persons ADD CONSTRAINT short CHECK (length(document) < 9) NOT VALID")
    with pytest.raises(Broken, match="check short") as at_once:
        asyncio.run(_ask(url, work))
    for fault in (in_sync, in_async, at_once):
        told_of = "".join(traceback.format_exception(fault.value))
        assert "the writes of a unit, to persons" in told_of
        assert "lovelace" not in told_of.lower()
        assert str(ADA.email) not in told_of
        assert "Failing row" not in told_of


# Time.
def test_the_time_is_the_servers(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """R15, T1: machines whose clocks are wrong decide by the same one; a clock that was given is used instead."""
    monkeypatch.setattr("checkout_core.system.SystemClock.now", lambda _: NOON)
    with SqlStorage(url) as storage:
        (there,) = told(url, "SELECT clock_timestamp()")
        for now in (storage.transact(lambda unit: unit.now), storage.look(lambda view: view.now)):
            assert abs((now - there[0]).total_seconds()) < 60
            assert str(now.tzinfo) == "UTC"
    assert abs((asyncio.run(_ask(url, lambda unit: unit.now)) - there[0]).total_seconds()) < 60


def prepared(storage: SqlStorage) -> tuple[int, str]:
    """How many statements have a name at the server after some were run often; and what a session has set for longer than a transaction."""
    for _ in range(20):
        storage.transact(lambda unit: unit.pool(MUG))
    with storage.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        asked = "SELECT (SELECT count(*) FROM pg_prepared_statements), current_setting('lock_timeout')"
        found: tuple[int, str] = raw.execute(asked).fetchone()
        return found


def test_where_the_server_itself_answers_statements_are_prepared(url: str) -> None:
    """What is said often is read and planned once; nothing else is set for longer than a transaction."""
    with SqlStorage(url) as storage:
        assert prepared(storage) == (1, "0")


def test_behind_a_pooler_nothing_is_prepared(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pooler gives out numbers of sessions of its own, and gives each transaction another session, which knows of no name."""
    monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", property(lambda info: 1))
    with SqlStorage(url) as storage:
        assert prepared(storage) == (0, "0")


def test_what_was_prepared_before_a_migration_is_said_again(url: str) -> None:
    """The server refuses a plan that gives columns of another type: the unit runs again on another connection (R11)."""
    with SqlStorage(url) as storage:
        assert prepared(storage)[0] == 1
        told(url, "ALTER TABLE pools ALTER COLUMN shortfall TYPE integer")
        assert storage.transact(lambda unit: unit.pool(MUG)).shortfall == 0
        assert prepared(storage)[0] == 1
