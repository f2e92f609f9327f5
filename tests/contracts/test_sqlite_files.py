"""Files that are not what they should be: foreign, empty, of another release, incomplete, damaged, or left by a killed process."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Final

import pytest

from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import Placed
from checkout_core.errors import Broken, CheckoutError, Misconfigured
from tests.selling import begun, pay, rows, says, selling


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("files") / "empty.db"
    SqlAdmin(str(path)).upgrade()
    return path


@pytest.fixture
def path(empty: Path, tmp_path: Path) -> Path:
    """A database of its own for each test."""
    to = tmp_path / "shop.db"
    shutil.copyfile(empty, to)
    return to


PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)) * 8


def foreign(path: Path, **pragmas: int) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.execute("INSERT INTO bookmarks VALUES ('https://example.com')")
        for name, value in pragmas.items():
            connection.execute(f"PRAGMA {name} = {value}")
        connection.commit()


NOT_OURS: Final[dict[str, Callable[[Path], object]]] = {
    "a picture": lambda path: path.write_bytes(PNG),
    "a text": lambda path: path.write_text("Dear Ada,\n" * 500),
    "an empty file": lambda path: path.write_bytes(b""),
    "a database of another program": foreign,
    "a database of another program that says so": lambda path: foreign(path, application_id=0x0F055112),
}


@pytest.mark.parametrize("what", NOT_OURS)
def test_a_file_that_is_not_ours_is_refused_and_left_alone(what: str, tmp_path: Path) -> None:
    """Neither the storage, nor the upkeep, nor its upgrade writes a byte into it, or leaves one beside it."""
    path = tmp_path / "shop.db"
    NOT_OURS[what](path)
    before = path.read_bytes()
    ways: list[Callable[[], object]] = [lambda: SqlStorage(str(path)), lambda: SqlAdmin(str(path)).downgrade("base")]
    if what != "an empty file":
        ways += [SqlAdmin(str(path)).upgrade, SqlAdmin(str(path)).check, SqlAdmin(str(path)).current]
    for way in ways[:1] if what == "an empty file" else ways:
        with pytest.raises(Misconfigured) as fault:
            way()
        says(fault.value)
        assert path.read_bytes() == before
        assert sorted(tmp_path.iterdir()) == [path]


def test_an_empty_file_is_made_a_database(tmp_path: Path) -> None:
    """It holds nothing of anybody's."""
    path = tmp_path / "shop.db"
    path.touch()
    assert SqlAdmin(str(path)).upgrade() != []
    SqlStorage(str(path)).close()


@pytest.mark.parametrize(("revision", "says_to"), [("9999", "Upgrade checkout-core"), ("0000", "checkout db upgrade")])
def test_another_revision_is_refused_with_what_to_do(revision: str, says_to: str, path: Path) -> None:
    """A newer release's database is not written by an older one; an older one asks to be upgraded."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.commit()
    with pytest.raises(Misconfigured) as fault:
        SqlStorage(str(path))
    says(fault.value, says_to)
    if revision == "9999":
        with pytest.raises(Misconfigured, match="newer"):
            SqlAdmin(str(path)).upgrade()


def test_a_table_that_is_missing_is_named_as_what_it_is(path: Path) -> None:
    """Whoever dropped a table is told so by whatever needs it, and by the check."""
    with selling(path) as (shop, till, _):
        checkout = begun(shop)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("ALTER TABLE payments RENAME TO pay_ments")
            connection.commit()
        with pytest.raises(Misconfigured) as fault:
            pay(shop, checkout)
        says(fault.value, "lacks a table")
        assert till.books.calls() == ()
    assert any("payments" in line for line in SqlAdmin(str(path)).check())


@pytest.mark.fault("E15")
@pytest.mark.parametrize("stored", ["2026-06-01T12:00:00", "yesterday", ""])
def test_a_time_without_a_zone_is_refused(stored: str, path: Path, struck: set[str]) -> None:
    """Another program's local time would be taken for ours: it is Broken, in reading and in lists (R15)."""
    with selling(path) as (shop, _, storage):
        assert isinstance(pay(shop, begun(shop)), Placed)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE events SET at = ?", (stored,))
            connection.commit()
        struck.add("E15")
        with pytest.raises(Broken) as fault:
            storage.undelivered("mail", 10)
        says(fault.value, "time")


def test_a_damaged_file_never_answers_with_a_traceback(path: Path, tmp_path: Path) -> None:
    """Wherever bytes are flipped: what is asked is answered as ever, or ends in a fault of ours that says what to do."""
    with selling(path) as (shop, _, _):
        for _ in range(3):
            pay(shop, begun(shop))
    size, chance, faults = path.stat().st_size, Random(7), set[type]()
    for nth in range(40):
        damaged = tmp_path / "damaged.db"
        shutil.copyfile(path, damaged)
        with damaged.open("r+b") as file:
            file.seek(chance.randrange(100, size - 64) if nth else size // 2)
            file.write(chance.randbytes(64))
        try:
            with selling(damaged, stock=0) as (shop, _, storage):
                shop.stock("MUG")
                storage.undelivered("mail", 100)
                storage.due(10)
                pay(shop, begun(shop))
        except CheckoutError as fault:
            faults.add(type(fault))
            says(fault)
        for suffix in ("-wal", "-shm"):
            damaged.with_name(damaged.name + suffix).unlink(missing_ok=True)
    assert Broken in faults


def test_what_a_killed_process_left_beside_the_file_is_read(path: Path) -> None:
    """A -wal and a -shm whose process is gone are part of the database: what was committed is there, what was not is not."""
    program = (
        "import os, signal, sys\n"
        "from tests.selling import begun, selling\n"
        "from pathlib import Path\n"
        "with selling(Path(sys.argv[1]), stock=7) as (shop, _, storage):\n"
        "    begun(shop)\n"
        "    storage.transact(lambda unit: os.kill(os.getpid(), signal.SIGKILL) if unit.checkout else None)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=Path(__file__).parents[2], check=False)
    assert done.returncode == -9
    assert path.with_name("shop.db-wal").stat().st_size > 0
    with selling(path, stock=0) as (shop, _, _):
        assert shop.stock("MUG")["MUG"].on_hand == 7
        assert isinstance(pay(shop, begun(shop)), Placed)
    assert rows(path, "checkouts") == 2


def test_a_log_of_another_database_is_not_believed(path: Path) -> None:
    """A -wal that does not belong to the file, or is none, changes nothing in it."""
    with selling(path, stock=7):
        pass
    path.with_name("shop.db-wal").write_bytes(PNG)
    with selling(path, stock=0) as (shop, _, _):
        assert shop.stock("MUG")["MUG"].on_hand == 7


def test_a_forked_process_uses_no_connection_of_its_parent(path: Path) -> None:
    """A server that makes its shop before it forks its workers: SQLite's locks do not pass to a child, and what a child wrote through its
    parent's connection would damage the file. It opens one of its own, and both go on selling."""
    program = (
        "import os, sys\n"
        "from checkout_adapters.sqlalchemy.store import SqlStorage\n"
        "from checkout_core.testing.parts import a_cart\n"
        "storage = SqlStorage(sys.argv[1])\n"
        "def raw():\n"
        "    with storage.engine.connect() as connection: return id(connection.connection.driver_connection)\n"
        "parents = raw()\n"
        "child = os.fork()\n"
        "if not child:\n"
        "    mine = raw()\n"
        "    storage.transact(lambda unit: unit.write(a_cart('child', unit.now)))\n"
        "    os._exit(7 if mine != parents else 8)\n"
        "said = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])\n"
        "storage.transact(lambda unit: unit.write(a_cart('parent', unit.now)))\n"
        "print(said, raw() == parents, storage.look(lambda view: view.cart('child').id))\n"
        "storage.close()\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["7", "True", "child"]
