"""Every rule of the tables is really in the database: a row that breaks it is refused, whoever writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from checkout_adapters.sqlalchemy.tables import metadata
from tests.databases import empty, fill_all, told


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A database with a row in every table."""
    path = tmp_path_factory.mktemp("constraints") / "full.db"
    path.write_bytes(empty())
    fill_all(path)
    return path.read_bytes()


@pytest.fixture
def filled(full: bytes, tmp_path: Path) -> Path:
    """A copy of it."""
    path = tmp_path / "shop.db"
    path.write_bytes(full)
    return path


FRESH: Mapping[str, Mapping[str, Any]] = {
    "carts": {"id": "k9", "customer_id": None, "ordered": None},
    "quotes": {"hash": "f" * 64},
    "checkouts": {"id": "c8", "number": "N-c8"},
    "persons": {"checkout_id": "c9"},
    "pools": {"pool": "stock/lid/main", "sku": "lid"},
    "holds": {"checkout_id": "c9"},
    "movements": {"id": None},
    "requests": {"key": "k9"},
    "events": {"position": None, "seq": 9},
    "deliveries": {"consumer": "crm"},
    "consumers": {"name": "crm"},
    "orders": {"id": "c9", "number": "N-c9", "cart_id": "cart-c9"},
    "order_lines": {"line": 9},
    "payments": {"id": "c1/k9", "reference": "pay_c9"},
    "refunds": {"id": "c1/k9/refund"},
    "ledger": {"posting": "c1/again"},
    "catalog": {"key": "lid"},
    "code_batches": {"name": "autumn"},
    "codes": {"code": "TEA2"},
    "settings": {"name": "shop-sender"},
}
"""What makes of a row of each table another one that is right as well."""

MANY = 10**6
WRONG: Mapping[str, Mapping[str, Any]] = {
    "ck_carts_version": {"version": 0},
    "ck_checkouts_version": {"version": 0},
    "ck_checkouts_state": {"state": "lost"},
    "ck_pools_on_hand": {"on_hand": -1, "shortfall": MANY},
    "ck_pools_held": {"held": -1},
    "ck_pools_committed": {"committed": -1},
    "ck_pools_backorder": {"backorder": -1},
    "ck_pools_shortfall": {"shortfall": -1},
    "ck_pools_promised": {"held": MANY},
    "ck_pools_stock": {"sku": None},
    "ck_holds_amount": {"amount": 0},
    "ck_holds_state": {"state": "lost"},
    "ck_movements_delta": {"delta": 0},
    "ck_events_seq": {"seq": 0},
    "ck_deliveries_tries": {"tries": -1},
    "ck_deliveries_state": {"state": "lost"},
    "ck_orders_total": {"total": -1},
    "ck_orders_status": {"status": "lost"},
    "ck_orders_payment": {"payment": "lost"},
    "ck_orders_fulfilment": {"fulfilment": "lost"},
    "ck_order_lines_quantity": {"quantity": 0},
    "ck_order_lines_discount": {"discount": -1},
    "ck_order_lines_net": {"unit": 99, "net": -1, "gross": 99, "tax": 100},
    "ck_order_lines_tax": {"unit": 99, "net": 100, "gross": 99, "tax": -1},
    "ck_order_lines_gross": {"gross": MANY},
    "ck_payments_amount": {"amount": -1},
    "ck_payments_state": {"state": "lost"},
    "ck_refunds_amount": {"amount": -1},
    "ck_refunds_state": {"state": "lost"},
    "ck_ledger_amount": {"amount": 0},
    "ck_code_batches_issued": {"issued": 0},
    "ck_code_batches_disabled": {"disabled": "leaked"},
    "ck_codes_disabled": {"disabled": "leaked"},
    "fk_codes_batch": {"batch": "nowhere"},
    "fk_checkouts_cart_id": {"cart_id": "nowhere"},
    "fk_checkouts_quote_hash": {"quote_hash": "nowhere"},
    "fk_persons_checkout_id": {"checkout_id": "nowhere"},
    "fk_holds_checkout_id": {"checkout_id": "nowhere"},
    "fk_holds_pool": {"pool": "stock/nothing/main"},
    "fk_movements_pool": {"pool": "stock/nothing/main"},
    "fk_events_checkout_id": {"checkout_id": "nowhere"},
    "fk_deliveries_checkout_id_seq": {"seq": 99},
    "fk_orders_id": {"id": "nowhere"},
    "fk_orders_cart_id": {"cart_id": "nowhere"},
    "fk_order_lines_order_id": {"order_id": "nowhere"},
    "fk_payments_checkout_id": {"checkout_id": "nowhere"},
    "fk_refunds_payment_id": {"payment_id": "nowhere"},
    "fk_refunds_checkout_id": {"checkout_id": "nowhere"},
    "fk_ledger_checkout_id": {"checkout_id": "nowhere"},
    "uq_checkouts_number": {"number": "N-c1"},
    "uq_events_checkout_id_seq": {"seq": 1},
    "uq_orders_number": {"number": "N-c1"},
    "uq_orders_cart_id": {"cart_id": "cart-c1", "status": "placed"},
    "uq_payments_reference": {"reference": "pay_c1"},
    "uq_carts_customer_id": {"customer_id": "ann"},
}
"""What makes of such a row one that breaks this rule, and no other."""


def rules() -> Iterator[tuple[str, str]]:
    """The table and the name of every check, foreign key and unique thing; primary keys and what may not be empty apart."""
    for table in metadata.sorted_tables:
        for constraint in table.constraints:
            if not isinstance(constraint, sa.PrimaryKeyConstraint):
                yield table.name, str(constraint.name)
        yield from ((table.name, str(index.name)) for index in table.indexes if index.unique)


def insert(path: Path, table: str, **changes: Any) -> None:
    """Copy the first row of that table with these changes, and commit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        row = {**dict(connection.execute(f"SELECT * FROM {table} ORDER BY rowid LIMIT 1").fetchone()), **changes}
        names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
        connection.execute("BEGIN")
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))
        connection.execute("COMMIT")


@pytest.mark.parametrize("table", FRESH)
def test_a_right_row_is_taken(filled: Path, table: str) -> None:
    """So that what is refused below is refused for its one mistake."""
    insert(filled, table, **FRESH[table])


@pytest.mark.parametrize(("table", "rule"), sorted(rules()))
def test_a_row_that_breaks_a_rule_is_refused_by_the_database_itself(filled: Path, table: str, rule: str) -> None:
    """A program that goes past the library meets every invariant that tables can hold."""
    if rule in ("uq_orders_cart_id", "uq_carts_customer_id"):
        told(filled, "UPDATE orders SET status = 'placed'", "UPDATE carts SET ordered = NULL WHERE id = 'cart-c1'")
    with pytest.raises(sqlite3.IntegrityError) as refused:
        insert(filled, table, **{**FRESH[table], **WRONG[rule]})
    kind, columns_of = rule.partition("_")[0], [f"{table}.{name}" for name in WRONG[rule]]
    says = str(refused.value)
    assert {"ck": rule in says, "fk": "FOREIGN KEY" in says, "uq": "UNIQUE" in says and columns_of[0] in says}[kind]


@pytest.mark.parametrize("table", sorted(FRESH))
def test_no_row_is_there_twice_and_none_has_holes(filled: Path, table: str) -> None:
    """The primary key, and every column that may not be empty."""
    kept = {"events": {"position": 1, "seq": 9}, "movements": {"id": 1}}.get(table, {})
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        insert(filled, table, **kept)
    for column in metadata.tables[table].columns:
        if not column.nullable and column.autoincrement is not True:
            with pytest.raises(sqlite3.IntegrityError, match=rf"NOT NULL constraint failed: {table}.{column.name}|ck_pools_stock"):
                insert(filled, table, **{**FRESH[table], column.name: None})


def test_every_rule_is_tried() -> None:
    """A new constraint must say here what it refuses."""
    assert {rule for _, rule in rules()} == set(WRONG)
    assert {table.name for table in metadata.sorted_tables} == set(FRESH)
