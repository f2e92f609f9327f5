"""The upkeep of a database: made, brought up and down, and checked; and what people find in it with a database browser."""

from __future__ import annotations

import asyncio
import sqlite3
import tomllib
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from attrs import evolve

import checkout_adapters.sqlalchemy
from checkout_adapters.sqlalchemy import columns
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.engines import APPLICATION_ID, HEAD
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_adapters.sqlalchemy.tables import metadata
from checkout_core.errors import CheckoutError, Misconfigured
from checkout_core.holds import Claim, Movement, Stock
from checkout_core.testing import HandClock, a_cart, a_checkout
from checkout_core.testing.units import begin
from checkout_core.unit import CloseCart, Commit
from tests.databases import MUG, NOW, empty, fill_all, told

ROOT = Path(__file__).parents[2]
PACKAGE = Path(checkout_adapters.sqlalchemy.__file__).parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A new database of this release."""
    path = tmp_path / "shop.db"
    path.write_bytes(empty())
    return path


@pytest.fixture
def filled(path: Path) -> Path:
    """One with a row in every table."""
    fill_all(path)
    return path


# Made, and brought up and down.
REVISIONS = ["0001", "0002", "0003", "0004"]


def test_an_upgrade_makes_a_database(tmp_path: Path) -> None:
    """In a mode where readers do not wait for writers, marked as ours, at this release's revision; a second one does nothing."""
    path = tmp_path / "shop.db"
    admin = SqlAdmin(str(path))
    assert [step.split()[0] for step in admin.upgrade()] == REVISIONS
    assert told(path, "PRAGMA journal_mode", "PRAGMA application_id") == [("wal",), (APPLICATION_ID,)]
    assert admin.current() == HEAD
    assert admin.check() == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["shop.db"]
    before = path.read_bytes()
    assert admin.upgrade() == []
    assert path.read_bytes() == before


def test_down_to_nothing_and_up_again_with_rows_in_every_table(filled: Path) -> None:
    """No migration stumbles over what is stored, and what it makes again is what it made before."""
    tables = {table.name for table in metadata.sorted_tables}
    assert {name for name in tables if not told(filled, f"SELECT 1 FROM {name} LIMIT 1")} == set()
    admin = SqlAdmin(str(filled))
    made = told(filled, "SELECT name, sql FROM sqlite_master ORDER BY name")
    assert [step.split()[0] for step in admin.downgrade("base")] == REVISIONS[::-1]
    assert admin.current() is None
    assert told(filled, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'") == [
        ("alembic_version",)
    ]
    with pytest.raises(Misconfigured, match="checkout init"):
        SqlStorage(str(filled))
    assert [step.split()[0] for step in admin.upgrade()] == REVISIONS
    assert told(filled, "SELECT name, sql FROM sqlite_master ORDER BY name") == made
    assert admin.check() == []


def test_a_step_back_keeps_what_is_stored(filled: Path) -> None:
    """And the step up again: the rows and the shape are what they were."""
    admin = SqlAdmin(str(filled))
    rows, made = told(filled, "SELECT * FROM order_lines"), told(filled, "SELECT name, sql FROM sqlite_master ORDER BY name")
    assert [step.split()[0] for step in admin.downgrade("0001")] == ["0004", "0003", "0002"]
    assert admin.current() == "0001"
    assert told(filled, "SELECT * FROM order_lines") == rows
    assert [step.split()[0] for step in admin.upgrade()] == ["0002", "0003", "0004"]
    assert (told(filled, "SELECT * FROM order_lines"), told(filled, "SELECT name, sql FROM sqlite_master ORDER BY name")) == (rows, made)


def test_an_upgrade_that_fails_leaves_no_new_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All or nothing: the last of all statements is wrong, and nothing is there."""
    monkeypatch.setitem(columns.CART_LINES, "sqlite", "CREATE VIEW nonsense")
    with pytest.raises(CheckoutError):
        SqlAdmin(str(tmp_path / "shop.db")).upgrade()
    assert list(tmp_path.iterdir()) == []


def test_an_upgrade_that_fails_takes_nothing_that_another_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two begin at once; the slower one is stopped, and the database of the quicker one, with its orders, stays where it is."""
    path, plain = tmp_path / "shop.db", SqlAdmin._migrate

    def stopped(admin: SqlAdmin, revision: str, *, up: bool) -> Sequence[str]:
        plain(admin, revision, up=up)
        fill_all(path)
        raise KeyboardInterrupt

    monkeypatch.setattr(SqlAdmin, "_migrate", stopped)
    with pytest.raises(KeyboardInterrupt):
        SqlAdmin(str(path)).upgrade()
    assert told(path, "SELECT COUNT(*) FROM checkouts") == [(2,)]


def test_an_upgrade_that_fails_leaves_the_file_as_it_was(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the byte, and it can be run again."""
    admin = SqlAdmin(str(filled))
    admin.downgrade("base")
    before = filled.read_bytes()
    with monkeypatch.context() as wrong:
        wrong.setitem(columns.CART_LINES, "sqlite", "CREATE VIEW nonsense")
        with pytest.raises(CheckoutError):
            admin.upgrade()
    assert filled.read_bytes() == before
    assert [entry.name for entry in filled.parent.iterdir()] == [filled.name]
    admin.upgrade()
    assert admin.check() == []


def test_a_newer_database_is_neither_used_nor_touched(path: Path) -> None:
    """Not by a deploy of the older release either, in both faces (A9)."""
    told(path, "UPDATE alembic_version SET version_num = '9999'")
    before, admin = path.read_bytes(), SqlAdmin(str(path))
    for refused in (admin.upgrade, lambda: SqlStorage(str(path)), lambda: asyncio.run(_ask(path))):
        with pytest.raises(Misconfigured, match="Upgrade checkout-core"):
            refused()
    assert admin.current() == "9999"
    assert ["upgrade checkout-core" in sentence for sentence in admin.check()] == [True]
    assert path.read_bytes() == before


def test_an_older_database_is_not_used_before_it_is_upgraded(path: Path) -> None:
    """In both faces, with the command that does it."""
    told(path, "UPDATE alembic_version SET version_num = '0000'")
    for refused in (lambda: SqlStorage(str(path)), lambda: asyncio.run(_ask(path))):
        with pytest.raises(Misconfigured, match="Run `checkout db upgrade`"):
            refused()
    assert ["checkout db upgrade" in sentence for sentence in SqlAdmin(str(path)).check()] == [True]


async def _ask(path: Path) -> None:
    storage = AsyncSqlStorage(str(path))
    try:
        await storage.due(1)
    finally:
        await storage.close()


def test_this_release_is_at_the_last_revision() -> None:
    """What the store asks for is what the migrations lead to, along one line."""
    config = Config()
    config.set_main_option("script_location", str(PACKAGE / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert script.get_heads() == [HEAD] == REVISIONS[-1:]
    assert script.get_bases() == REVISIONS[:1]


def test_the_migrations_travel_with_the_package() -> None:
    """The wheel takes the whole folder: nothing in it is left out by its kind."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    assert "adapters/checkout_adapters" in build["targets"]["wheel"]["packages"]
    assert not {"exclude", "only-include"} & {*build, *build["targets"]["wheel"]}
    assert {"env.py", "script.py.mako", "versions"} <= {entry.name for entry in (PACKAGE / "migrations").iterdir()}
    assert (PACKAGE / "migrations").is_relative_to(ROOT / "adapters" / "checkout_adapters")


# Checked.
@pytest.mark.parametrize(
    ("done", "says"),
    [
        ("DROP INDEX ix_holds_pool", "index ix_holds_pool is missing"),
        ("DROP INDEX uq_carts_customer_id; CREATE UNIQUE INDEX uq_carts_customer_id ON carts (customer_id, currency)", "for other rows"),
        ("CREATE INDEX mine ON carts (version)", "index mine is not one of ours"),
        ("ALTER TABLE carts ADD COLUMN colour TEXT", "column carts.colour is not one of ours"),
        ("ALTER TABLE persons DROP COLUMN document", "column persons.document is missing"),
        ("DROP TABLE settings", "table settings is missing"),
        ("CREATE TABLE mine (id)", "table mine is not one of ours"),
        ("DROP VIEW inventory", "view inventory is missing"),
        ("DROP VIEW cart_lines; CREATE VIEW cart_lines AS SELECT 1 AS product_id", "view cart_lines says something else"),
        ("DROP TABLE catalog; CREATE TABLE catalog (kind VARCHAR(20) NOT NULL, \"key\" VARCHAR(300) NOT NULL, position INTEGER NOT NULL, "
         "document TEXT NOT NULL, CONSTRAINT pk_catalog PRIMARY KEY (kind))", "primary key of the table catalog is another"),
        ("DROP TABLE settings; CREATE TABLE settings (name VARCHAR(40) NOT NULL, value TEXT, CONSTRAINT pk_settings PRIMARY KEY (name))",
         "column settings.value is another than it should be: whether it may be empty"),
        ("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'amount > 0', 'amount > 1'); PRAGMA writable_schema = 0",
         "constraint ck_holds_amount of the table holds is missing, or says something else"),
        ("PRAGMA journal_mode = DELETE", "journal mode is delete, not wal"),
    ],
)  # fmt: skip
def test_the_check_names_what_was_changed(path: Path, done: str, says: str) -> None:
    """That alone, and what to do about it."""
    assert SqlAdmin(str(path)).check() == []
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript(done)
    (sentence,) = SqlAdmin(str(path)).check()
    assert says in sentence
    assert sentence.endswith("."), sentence
    assert "Restore a backup" in sentence or "Run `checkout db upgrade`" in sentence


def test_the_journal_mode_is_put_right_by_an_upgrade(path: Path) -> None:
    """As the check says."""
    told(path, "PRAGMA journal_mode = DELETE")
    admin = SqlAdmin(str(path))
    assert admin.upgrade() == []
    assert admin.check() == []


def test_the_check_of_an_empty_file_says_how_to_begin(tmp_path: Path) -> None:
    """It is no mistake, and there is nothing to compare yet."""
    (tmp_path / "shop.db").touch()
    assert SqlAdmin(str(tmp_path / "shop.db")).check() == ["The database is empty. Run `checkout init`."]


# For people with a database browser.
def test_people_find_the_tables_they_expect(path: Path) -> None:
    """The columns that were promised, under the names that were promised."""
    columns_of = {name: [row[1] for row in told(path, f"PRAGMA table_info({name})")] for name in ("inventory", "cart_lines", "orders")}
    assert columns_of["inventory"] == ["product_id", "available_stock", "reserved_stock", "updated_at"]
    assert columns_of["cart_lines"][:4] == ["user_id", "product_id", "quantity", "updated_at"]
    assert {"id", "customer_id", "total", "status", "created_at"} <= set(columns_of["orders"])


def test_the_inventory_is_summed_over_locations(path: Path) -> None:
    """Reserved is held and sold together; what is available is never below none, at any location (F7)."""
    with SqlStorage(str(path), clock=HandClock(NOW)) as storage:
        annex = Stock("mug", "annex")
        storage.transact(lambda unit: unit.write(Movement(MUG, 10, "counted", "kit", NOW), Movement(annex, 4, "counted", "kit", NOW)))
        for id, claims in (("c1", (Claim(annex, 3), Claim(MUG, 2))), ("c2", (Claim(MUG, 1),))):
            c = a_checkout(id, NOW, *claims)
            begin(storage, c)
        storage.transact(lambda unit: unit.write(Commit("c2"), Movement(annex, -3, "stolen", "kit", NOW)))
    assert told(path, "SELECT product_id, available_stock, reserved_stock FROM inventory") == [("mug", 7, 6)]
    (changed,) = told(path, "SELECT updated_at FROM inventory")
    assert changed[0] == NOW.isoformat(timespec="microseconds")


def test_cart_lines_are_those_of_open_carts(path: Path) -> None:
    """A guest's have no user; what was bought or merged is gone from here."""
    later = NOW + timedelta(minutes=5)
    with SqlStorage(str(path), clock=HandClock(NOW)) as storage:
        mine = evolve(a_cart("k1", NOW), customer_id="ann", updated_at=later)
        storage.transact(
            lambda unit: unit.write(mine, a_cart("k2", NOW), a_cart("k3", NOW), a_cart("k4", NOW), a_checkout("c1", NOW, cart="k3"))
        )
        storage.transact(lambda unit: unit.write(CloseCart("k3", "c1"), evolve(a_cart("k4", NOW), version=2, merged_into="k1")))
    at = [moment.isoformat(timespec="microseconds") for moment in (later, NOW)]
    assert told(path, "SELECT user_id, product_id, quantity, updated_at, cart_id FROM cart_lines ORDER BY cart_id") == [
        ("ann", "mug", 2, at[0], "k1"),
        (None, "mug", 2, at[1], "k2"),
    ]


def test_an_order_is_a_row_that_explains_itself(filled: Path) -> None:
    """Its total in minor units, whose it is, and where it stands."""
    (row,) = told(filled, "SELECT id, customer_id, total, currency, status, created_at FROM orders")
    assert row == ("c1", "ann", 3490, "EUR", "cancelled", NOW.isoformat(timespec="microseconds"))
