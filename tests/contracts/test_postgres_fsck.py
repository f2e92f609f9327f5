"""fsck says of a server's database what it says of a file: each planted row is copied there, and found again by the same check."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from checkout_adapters.sqlalchemy.fsck import CHECKS, Check, Finding
from checkout_adapters.sqlalchemy.fsck import check as fsck
from checkout_adapters.sqlalchemy.tables import metadata
from tests.contracts.test_fsck import BROKEN, Broken, Day, broken, day, empty, plant
from tests.postgres import Server, told

__all__ = ["day", "empty"]  # fixtures

OF_A_FILE = frozenset({"file", "references"})
VIEWS = ("inventory-view", "cart-lines-view")


@pytest.fixture(scope="module")
def bare(postgres: Server) -> Iterator[sa.Engine]:
    """A database of this release that lets in everything: what breaks an invariant would be refused by its constraints."""
    url = postgres.clone()
    for table, name in told(
        url,
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f')",
    ):
        told(url, f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    told(url, "DROP INDEX uq_orders_cart_id")
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()
    postgres.drop(url)


def copied(path: Path, url: str) -> None:
    """Everything in that file, in place of all that was in the database."""
    with closing(sqlite3.connect(path)) as file, psycopg.connect(url.replace("+psycopg", "")) as server:
        names = [table.name for table in metadata.sorted_tables]
        server.execute(f"TRUNCATE {', '.join(names)}".encode())
        for name in names:
            rows = file.execute(f"SELECT * FROM {name}")
            columns = ", ".join(f'"{column[0]}"' for column in rows.description)
            with server.cursor().copy(f"COPY {name} ({columns}) FROM STDIN".encode()) as copy:
                for row in rows:
                    copy.write_row([None if value is None else str(value) for value in row])


def found_on(engine: sa.Engine, gateway: Any, now: str) -> dict[str, Finding]:
    with engine.connect() as connection:
        return {finding.check: finding for finding in fsck(connection, gateway, now)}


def seen(day: Day, wrong: Broken, tmp_path: Path, engine: sa.Engine, *, gateway: bool) -> dict[str, Finding]:
    path, ids, rows = day
    there = tmp_path / "broken.db"
    there.write_bytes(path.read_bytes())
    plant(there, ids, *wrong.sql)
    copied(there, engine.url.render_as_string(hide_password=False))
    said = wrong.gateway(rows, ids) if wrong.gateway else rows
    return found_on(engine, said if gateway else None, wrong.now)


def test_a_day_with_every_kind_of_state_is_clean(day: Day, bare: sa.Engine, tmp_path: Path) -> None:
    """No false alarm, of any check that is made on a server."""
    assert seen(day, broken(), tmp_path, bare, gateway=True) == {}


@pytest.mark.parametrize("check", [check for check in CHECKS if check.id not in {*OF_A_FILE, *VIEWS}], ids=lambda check: check.id)
def test_a_planted_row_turns_its_check_red(check: Check, day: Day, bare: sa.Engine, tmp_path: Path) -> None:
    """And those alone that say the same in other words; the rows that break it are shown."""
    wrong = BROKEN[check.id]
    found = seen(day, wrong, tmp_path, bare, gateway=check.asks_gateway)
    assert found.keys() == {check.id, *wrong.also} - OF_A_FILE
    assert found[check.id].rows
    assert found[check.id].count == len(found[check.id].rows)


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_that_says_something_else_is_seen(name: str, day: Day, postgres: Server, tmp_path: Path) -> None:
    """As on a file."""
    url = postgres.clone()
    copied(day[0], url)
    engine = sa.create_engine(url)
    assert found_on(engine, day[2], broken().now) == {}
    told(url, *BROKEN[name].sql)
    assert found_on(engine, day[2], broken().now).keys() == {name}
    engine.dispose()
    postgres.drop(url)


@pytest.mark.parametrize("table", ["checkouts", "carts", "quotes"])
def test_a_document_that_cannot_be_read_is_one_finding(table: str, day: Day, bare: sa.Engine, tmp_path: Path) -> None:
    """What cannot be read is told as that, and nothing is concluded from it."""
    sql = f"UPDATE {table} SET document = '{{'"
    assert seen(day, broken(sql), tmp_path, bare, gateway=True).keys() == {"I13-documents"}
