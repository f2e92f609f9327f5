"""How PostgreSQL goes about our statements in a shop with a history: nothing in a purchase reads a whole table (R25)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
import sqlalchemy as sa

from checkout_adapters.sqlalchemy import statements, together
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_adapters.sqlalchemy.tables import holds, pools
from checkout_core.holds import Claim, Stock
from checkout_core.testing import HandClock
from checkout_core.unit import Delivery
from tests.contracts.test_sql_plans import READS
from tests.databases import NOW, fill, heard
from tests.postgres import Server, history, told

MANY: Final = 20_000
WHOLE: Final = frozenset({"coupons", "holds", "orders by status"})
"""What an operator asks of all there is."""


@pytest.fixture(scope="module")
def old(postgres: Server) -> Iterator[str]:
    """A shop with a history, made once."""
    url = postgres.clone()
    told(url, *history(MANY))
    yield url
    postgres.drop(url)


@pytest.fixture
def storage(old: str) -> Iterator[SqlStorage]:
    with SqlStorage(old, clock=HandClock(NOW)) as storage:
        yield storage


def plans(storage: SqlStorage, act: Callable[[], object]) -> list[Mapping[str, Any]]:
    """How the server goes about all that `act` asks: every step of every plan."""
    with heard(storage.engine) as said:
        act()
    kinds = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")
    asked = [one for one in said if one[0].split(maxsplit=1)[0] in kinds and "BEGIN" not in one[0]]
    assert asked
    steps: list[Mapping[str, Any]] = []
    with storage.engine.connect() as connection:
        for statement, given in asked:
            explain = f"EXPLAIN (FORMAT JSON) {statement}"
            if statement.startswith("WITH w0"):  # said to the driver as it is
                (plan,) = together.told(connection, explain, given)[0]  # type: ignore[misc]
            else:
                (plan,) = connection.exec_driver_sql(explain, given).scalar_one()
            steps += [{**step, "of": statement} for step in walked(plan["Plan"])]
        connection.rollback()
    return steps


def walked(step: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield step
    for below in step.get("Plans", ()):
        yield from walked(below)


def whole(steps: Sequence[Mapping[str, Any]]) -> list[str]:
    """The tables that are gone through from one end to the other, with the statement; the server's own and small ones are not counted."""
    tables = [(str(step["Relation Name"]), str(step["of"])) for step in steps if step["Node Type"] == "Seq Scan"]
    return [
        f"{table}: {statement}" for table, statement in tables if table not in ("consumers", "settings") and not table.startswith("pg_")
    ]


def test_nothing_in_a_unit_reads_a_whole_table(storage: SqlStorage) -> None:
    """A purchase costs the same in a shop with a million orders, and so does a delivery."""

    def all_of_it() -> None:
        fill(storage)
        storage.transact(lambda unit: unit.write(Delivery("books", "c1/1", 1, delivered=True)))

    steps = plans(storage, all_of_it)
    assert len(steps) > 50
    assert whole(steps) == []


def test_where_keys_come_from_one_list_or_another_all_pools_are_read(storage: SqlStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard above has been seen failing: so simple a condition is enough."""
    either = sa.or_(pools.c.pool == "", pools.c.pool.in_(sa.select(holds.c.pool).where(holds.c.checkout_id == sa.bindparam("id"))))
    monkeypatch.setattr(statements, "WANTED_OF_SERVER", statements.WANTED_OF_SERVER.where(either))
    monkeypatch.setattr(statements.WANTED_OF_SERVER, "_where_criteria", statements.WANTED_OF_SERVER._where_criteria[1:])
    steps = plans(storage, lambda: storage.transact(lambda unit: unit.take("c1", [Claim(Stock("s1", "main"), 1)])))
    assert any(one.startswith("pools: ") for one in whole(steps))


@pytest.mark.parametrize("name", [name for name in READS if name not in WHOLE])
def test_no_list_reads_a_whole_table(storage: SqlStorage, name: str) -> None:
    """Each finds its rows by an index, or reads one in the order asked for until it has enough."""
    assert whole(plans(storage, lambda: READS[name](storage))) == []  # type: ignore[arg-type]
