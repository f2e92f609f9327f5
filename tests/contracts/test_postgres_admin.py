"""A database on a server: made, brought up and down, compared with what this release needs. The SQLite side is in test_sql_admin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from checkout_adapters.sqlalchemy import columns
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.engines import HEAD
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_adapters.sqlalchemy.tables import metadata
from checkout_core.errors import CheckoutError, Misconfigured
from checkout_core.testing import HandClock, a_cart, a_checkout
from checkout_core.testing.units import at_once
from tests.databases import NOW, REST, fill
from tests.postgres import Server, told

REVISIONS: Final = ["0001", "0002", "0003", "0004"]
SHAPE: Final = (
    "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, collation_name FROM information_schema.columns "
    "WHERE table_schema = 'public' ORDER BY 1, 2",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
    "SELECT viewname, definition FROM pg_views WHERE schemaname = 'public' ORDER BY 1",
)


@pytest.fixture
def bare(postgres: Server) -> Iterator[str]:
    """A new database with nothing in it."""
    url = postgres.at(postgres.database())
    yield url
    postgres.drop(url)


@pytest.fixture
def url(postgres: Server) -> Iterator[str]:
    """One of this release."""
    url = postgres.clone()
    yield url
    postgres.drop(url)


@pytest.fixture
def filled(url: str) -> str:
    """One with a row in every table."""
    with SqlStorage(url, clock=HandClock(NOW)) as storage:
        fill(storage)
        storage.transact(lambda unit: unit.write(a_cart("cart-c9", NOW), a_checkout("c9", NOW)))
    told(url, *REST)
    return url


def shape(url: str) -> list[Any]:
    return told(url, *SHAPE)


def contents(url: str, *tables: str) -> dict[str, list[Any]]:
    return {name: sorted(map(str, told(url, f"SELECT * FROM {name}"))) for name in tables or sorted(metadata.tables)}


def test_an_upgrade_makes_a_database(bare: str) -> None:
    """At this release's revision, with nothing that a migration would still have to do; a second one does nothing."""
    admin = SqlAdmin(bare)
    assert admin.current() is None
    assert [step.split()[0] for step in admin.upgrade()] == REVISIONS
    assert (admin.current(), admin.check()) == (HEAD, [])
    assert admin.upgrade() == []


@pytest.mark.parametrize("revision", ["base", *REVISIONS])
def test_down_to_every_revision_and_up_again_with_rows_in_every_table(revision: str, filled: str) -> None:
    """No migration stumbles over what is stored; what it makes again is what it made before, and what it leaves is there (A9)."""
    assert {name for name, rows in contents(filled).items() if not rows} == set()
    admin, made, rows = SqlAdmin(filled), shape(filled), contents(filled)
    steps = REVISIONS[REVISIONS.index(revision) + 1 :] if revision in REVISIONS else REVISIONS
    assert [step.split()[0] for step in admin.downgrade(revision)] == steps[::-1]
    assert admin.current() == (revision if revision in REVISIONS else None)
    if steps:
        with pytest.raises(Misconfigured, match=r"checkout (init|db upgrade)"):
            SqlStorage(filled)
    assert [step.split()[0] for step in admin.upgrade()] == steps
    assert (shape(filled), admin.check()) == (made, [])
    kept = [] if revision == "base" else sorted({*metadata.tables} - ({"codes", "code_batches"} if "0003" in steps else set()))
    assert contents(filled, *kept or ["carts"]) == ({name: rows[name] for name in kept} or {"carts": []})


def test_an_upgrade_that_fails_leaves_nothing(bare: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All or nothing: the last of all statements is wrong, and nothing is there."""
    with monkeypatch.context() as wrong:
        wrong.setitem(columns.CART_LINES, "postgresql", "CREATE VIEW nonsense")
        with pytest.raises(CheckoutError):
            SqlAdmin(bare).upgrade()
    assert told(bare, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []
    SqlAdmin(bare).upgrade()
    assert SqlAdmin(bare).check() == []


def test_two_who_upgrade_at_once_do_it_once(bare: str) -> None:
    """The second waits, and finds nothing to do: several machines may start a release together."""
    steps = at_once(3, lambda _: SqlAdmin(bare).upgrade())
    assert sorted(map(len, steps)) == [0, 0, len(REVISIONS)]


def test_another_revision_is_refused_with_what_to_do(url: str) -> None:
    """A newer release's database is not written by an older one."""
    told(url, "UPDATE alembic_version SET version_num = '9999'")
    for refused in (lambda: SqlStorage(url), SqlAdmin(url).upgrade):
        with pytest.raises(Misconfigured, match="Upgrade checkout-core"):
            refused()


def test_a_schema_may_be_shared_with_tables_of_the_host(bare: str) -> None:
    """Under other names; they are neither compared nor touched."""
    told(bare, "CREATE TABLE customers (id int)", "INSERT INTO customers VALUES (1)")
    admin = SqlAdmin(bare)
    admin.upgrade()
    assert admin.check() == []
    admin.downgrade("base")
    assert told(bare, "SELECT * FROM customers") == [(1,)]


def test_it_may_live_in_a_schema_of_its_own(bare: str) -> None:
    """The one that the search path names first."""
    told(bare, "CREATE SCHEMA shop", "CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('theirs')")
    there = f"{bare}?options=-csearch_path%3Dshop"
    SqlAdmin(there).upgrade()
    assert SqlAdmin(there).check() == []
    with SqlStorage(there) as storage:
        storage.transact(lambda unit: unit.write(a_cart("k1", unit.now)))
    assert told(bare, "SELECT count(*) FROM shop.carts", "SELECT * FROM alembic_version") == [(1,), ("theirs",)]


@pytest.mark.parametrize(
    ("done", "says"),
    [
        ("DROP INDEX ix_holds_pool", "index ix_holds_pool is missing"),
        ("DROP INDEX uq_carts_customer_id; CREATE UNIQUE INDEX uq_carts_customer_id ON carts (customer_id, currency)", "for other rows"),
        ("CREATE INDEX mine ON carts (version)", "index mine is not one of ours"),
        ("ALTER TABLE carts ADD COLUMN colour TEXT", "column carts.colour is not one of ours"),
        ("ALTER TABLE persons DROP COLUMN document", "column persons.document is missing"),
        ("DROP TABLE settings", "table settings is missing"),
        ("DROP VIEW inventory", "view inventory is missing"),
        ("DROP VIEW cart_lines; CREATE VIEW cart_lines AS SELECT 1 AS product_id", "view cart_lines says something else"),
        ("ALTER TABLE catalog DROP CONSTRAINT pk_catalog; ALTER TABLE catalog ADD CONSTRAINT pk_catalog PRIMARY KEY (kind)", "primary key"),
        ("ALTER TABLE settings ALTER value DROP NOT NULL", "column settings.value is another than it should be: whether it may be empty"),
        ("ALTER TABLE holds DROP CONSTRAINT ck_holds_amount; ALTER TABLE holds ADD CONSTRAINT ck_holds_amount CHECK (amount > 1)",
         "constraint ck_holds_amount of the table holds is missing, or says something else"),
        ("ALTER TABLE checkouts DROP CONSTRAINT ck_checkouts_state; ALTER TABLE checkouts ADD CONSTRAINT ck_checkouts_state CHECK "
         "(state IN ('open', 'abandoned', 'placed'))", "constraint ck_checkouts_state of the table checkouts is missing"),
        ('ALTER TABLE codes ALTER code TYPE varchar(40) COLLATE "default"', "column codes.code is ordered by a language"),
        ("ALTER TABLE events ALTER position TYPE integer", "column events.position is another than it should be: what it holds"),
    ],
)  # fmt: skip
def test_the_check_names_what_was_changed(url: str, done: str, says: str) -> None:
    """That alone, and what to do about it."""
    told(url, done)
    (sentence,) = SqlAdmin(url).check()
    assert says in sentence
    assert "Restore a backup" in sentence


def test_a_server_that_may_forget_is_named(url: str, postgres: Server) -> None:
    """What was answered for must be on the disk (R1)."""
    postgres.do(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
    (sentence,) = SqlAdmin(url).check()
    assert "synchronous_commit is off" in sentence
