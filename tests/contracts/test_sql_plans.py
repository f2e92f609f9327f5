"""How SQLite goes about our statements: nothing that a shop or an operator waits for reads a whole table (R25)."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from checkout_adapters.sqlalchemy.queries import SqlQueries
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core.events import Event
from checkout_core.orders import OrderState
from checkout_core.testing import HandClock
from checkout_core.unit import Delivery
from tests.databases import MUG, NOW, empty, fill, heard


class Opened(SqlStorage):
    """A storage that remembers its file."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path), clock=HandClock(NOW))
        self.path = path

    def __enter__(self) -> Opened:
        return self


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Opened]:
    path = tmp_path / "shop.db"
    path.write_bytes(empty())
    with Opened(path) as storage:
        yield storage


def plans(storage: Opened, act: Callable[[], object]) -> Sequence[str]:
    """How SQLite goes about all that `act` asks, a step a line."""
    with heard(storage.engine) as said:
        act()
    asked = [one for one in said if one[0].split(maxsplit=1)[0] in ("SELECT", "INSERT", "UPDATE", "DELETE")]
    assert asked
    with closing(sqlite3.connect(str(storage.path))) as connection:  # a new one, which knows of no index that was dropped
        return [str(row[3]) for statement, given in asked for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", given)]


def scans(steps: Sequence[str]) -> Sequence[str]:
    """The steps that go through a table or an index from one end to the other."""
    return [step for step in steps if step.startswith("SCAN ") and "CONSTANT ROW" not in step]


IN_ORDER = {
    "orders": ["SCAN orders USING INDEX ix_orders_created_at"],
    "orders by status": ["SCAN orders USING INDEX ix_orders_created_at"],
    "payments": ["SCAN payments USING INDEX ix_payments_updated_at"],
    "payments due": ["SCAN payments USING INDEX ix_payments_stuck"],
}
"""Lists that read an index in the order asked for until they have enough, or one that has the few stuck ones alone."""

READS: dict[str, Callable[[Opened], object]] = {
    "due": lambda storage: storage.due(10),
    "blocking": lambda storage: storage.blocking(MUG, 10),
    "pools": lambda storage: storage.pools([MUG]),
    "undelivered": lambda storage: storage.undelivered("mail", 10),
    "find": lambda storage: SqlQueries(storage).find("N-c1"),
    "orders": lambda storage: SqlQueries(storage).orders(),
    "orders of a customer": lambda storage: SqlQueries(storage).orders(customer="ann"),
    "orders of a customer before": lambda storage: SqlQueries(storage).orders(customer="ann", before=NOW),
    "orders by status": lambda storage: SqlQueries(storage).orders(status=OrderState.CANCELLED),
    "carts": lambda storage: SqlQueries(storage).carts(),
    "carts after one": lambda storage: SqlQueries(storage).carts(after="c1"),
    "payments": lambda storage: SqlQueries(storage).payments(),
    "payments of a checkout": lambda storage: SqlQueries(storage).payments(checkout="c1"),
    "payments due": lambda storage: SqlQueries(storage).payments(due=True),
    "inventory": lambda storage: SqlQueries(storage).inventory(),
    "inventory of some": lambda storage: SqlQueries(storage).inventory(skus=["mug", "pen"]),
    "holds": lambda storage: SqlQueries(storage).holds(),
    "holds of a SKU": lambda storage: SqlQueries(storage).holds(sku="mug"),
    "holds of a checkout": lambda storage: SqlQueries(storage).holds(checkout="c1"),
    "movements": lambda storage: SqlQueries(storage).movements("mug"),
    "coupons": lambda storage: SqlQueries(storage).coupons(),
    "outbox": lambda storage: SqlQueries(storage).outbox(after=1),
    "outbox of a checkout": lambda storage: SqlQueries(storage).outbox(checkout="c1"),
    "waiting": lambda storage: SqlQueries(storage).undelivered(),
    "dead letters of a consumer": lambda storage: SqlQueries(storage).undelivered(dead=True, consumer="mail"),
}


@pytest.mark.parametrize("name", READS)
def test_no_list_reads_a_whole_table(storage: Opened, name: str) -> None:
    """Each finds its rows by an index, or reads one in the order asked for until it has enough."""
    fill(storage)
    assert scans(plans(storage, lambda: READS[name](storage))) == IN_ORDER.get(name, [])


def test_nothing_in_a_unit_reads_a_whole_table(storage: Opened) -> None:
    """A purchase costs the same in a shop with a million orders."""
    steps = plans(storage, lambda: fill(storage))
    assert len(steps) > 20
    assert scans(steps) == []


@pytest.mark.parametrize(
    ("index", "name"),
    [
        ("ix_checkouts_due_at", "due"),
        ("ix_holds_pool", "holds of a SKU"),
        ("ix_orders_created_at", "orders"),
        ("ix_orders_customer_id", "orders of a customer"),
        ("ix_payments_checkout_id", "payments of a checkout"),
        ("ix_payments_updated_at", "payments"),
        ("ix_payments_stuck", "payments due"),
        ("ix_pools_kind", "inventory of some"),
        ("ix_movements_pool", "movements"),
        ("ix_deliveries_state", "waiting"),
    ],
)
def test_without_its_index_a_list_is_slow_and_that_is_seen(storage: Opened, index: str, name: str) -> None:
    """The guard above has been seen failing: each index is there because a list needs it."""
    fill(storage)
    assert any(index in step for step in plans(storage, lambda: READS[name](storage)))
    with storage.engine.begin() as connection:
        connection.exec_driver_sql(f"DROP INDEX {index}")
    assert scans(plans(storage, lambda: READS[name](storage))) != IN_ORDER.get(name, [])


def test_open_carts_are_found_without_going_through_those_that_were_bought(storage: Opened) -> None:
    """The primary key would do for the order, and would read every cart there ever was."""
    fill(storage)
    for name in ("carts", "carts after one"):
        assert any("ix_carts_open" in step for step in plans(storage, lambda name=name: READS[name](storage)))  # type: ignore[misc]


def test_a_relay_never_reads_what_it_has_delivered(storage: Opened) -> None:
    """However long the history: it starts from the consumer's mark, and the mark follows what is delivered or dead (R9)."""
    fill(storage)
    storage.transact(lambda unit: unit.write(*(Event("c1", seq, "payment.declined", NOW) for seq in range(2, 200))))
    events = list(storage.undelivered("books", 1000))
    assert len(events) == 199
    storage.transact(lambda unit: unit.write(*(Delivery("books", event.id, 1, delivered=True) for event in events)))
    with heard(storage.engine) as said:
        assert storage.undelivered("books", 10) == []
    (given,) = [given for statement, given in said if "FROM events" in statement]
    last = storage.read(lambda connection: connection.exec_driver_sql("SELECT MAX(position) FROM events").scalar())
    assert last in given
    steps = plans(storage, lambda: storage.undelivered("books", 10))
    assert "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)" in steps


def test_what_is_delivered_costs_the_same_in_a_long_history(storage: Opened) -> None:
    """The mark is moved on from where it was, and a claimed event is looked up by its key: nothing is read twice."""
    fill(storage)
    event, *_ = storage.undelivered("books", 1)
    claimed = plans(storage, lambda: storage.transact(lambda unit: unit.write(Delivery("books", event.id, 1, next_at=NOW))))
    delivered = plans(storage, lambda: storage.transact(lambda unit: unit.write(Delivery("books", event.id, 2, delivered=True))))
    assert scans([*claimed, *delivered]) == []
    assert "SEARCH events USING INTEGER PRIMARY KEY (rowid>?)" in delivered
    assert not [step for step in claimed if "rowid>?" in step]
