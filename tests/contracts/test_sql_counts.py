"""What a purchase costs the database, counted: a statement more, or a COMMIT more, does not slip in.

One execution is one statement, however many rows it writes (`executemany`); BEGIN is none. A unit is a transaction, and it is durable if
it has written: those are the ones that wait for the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from attrs import define

from checkout_adapters.sandbox import SandboxGateway
from checkout_adapters.sqlalchemy import together
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.flush import Flush
from checkout_adapters.sqlalchemy.store import SqlStorage
from checkout_core import MemoryCatalog, Placed, Policy, Product, Refused, Shop
from tests.databases import heard
from tests.postgres import Server
from tests.selling import begun, pay, selling
from tests.world import ADA, BERLIN, SECRET, TestClock, eur, german_taxes, parcels

MANY: Final = 50


@define
class Cost:
    """What was executed since it was last asked."""

    statements: int = 0
    units: int = 0
    durable: int = 0

    def of(self, work: Callable[[], Any]) -> tuple[Any, tuple[int, int, int]]:
        """What the work returns, and what it cost: statements, units, durable ones."""
        self.statements = self.units = self.durable = 0
        result = work()
        return result, (self.statements, self.units, self.durable)

    def count(self, engine: sa.Engine) -> Cost:
        plain, written = engine.dialect.do_commit, set[int]()

        def statement(connection: sa.Connection, cursor: Any, text: str, given: Any, context: Any, many: bool) -> None:
            raw = id(connection.connection.dbapi_connection)
            if text.startswith("BEGIN") or "; BEGIN " in text:  # whatever a database is told with it
                written.discard(raw)
                self.units += 1
                return
            self.statements += 1
            if text.split(None, 1)[0] in ("INSERT", "UPDATE", "DELETE") and cursor.rowcount != 0:
                written.add(raw)

        def commit(raw: Any) -> None:
            self.durable += id(raw.dbapi_connection) in written
            plain(raw)

        said = together.told

        def told(connection: sa.Connection, text: str, given: Any) -> Any:
            self.statements += 1
            written.add(id(connection.connection.dbapi_connection))
            return said(connection, text, given)

        together.told = told  # type: ignore[assignment]
        sa.event.listen(engine, "after_cursor_execute", statement)
        engine.dialect.do_commit = commit  # type: ignore[assignment, method-assign]
        return self


@pytest.fixture(params=["sqlite", "postgresql"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database of each kind: what is promised holds on both, number by number."""
    if request.param == "sqlite":
        SqlAdmin(str(tmp_path / "shop.db")).upgrade()
        yield str(tmp_path / "shop.db")
        return
    server: Server = request.getfixturevalue("postgres")
    url = server.clone()
    yield url
    server.drop(url)


def test_each_command_costs_so_much(path: str) -> None:
    """A plain purchase is two durable units and one call of the gateway, after one durable unit for each step before (R1)."""
    with selling(path) as (shop, till, storage):
        cost = Cost().count(storage.engine)
        cart, opening = cost.of(lambda: shop.open_cart(currency="EUR"))
        _, adding = cost.of(lambda: shop.add(cart.id, sku="MUG"))
        checkout, beginning = cost.of(lambda: shop.begin(cart.id, ship_to=BERLIN, shipping="standard", contact=ADA))
        placed, paying = cost.of(lambda: pay(shop, checkout))
        assert isinstance(placed, Placed)
        done = {"open_cart": opening, "add": adding, "begin": beginning, "pay": paying}
        if path.startswith("postgresql"):
            assert done == {"open_cart": (2, 1, 1), "add": (4, 2, 1), "begin": (7, 2, 1), "pay": (8, 2, 2)}
        else:
            assert done == {"open_cart": (3, 1, 1), "add": (5, 2, 1), "begin": (11, 2, 1), "pay": (21, 2, 2)}
        assert len(till.books.calls()) == 1


def test_what_a_payment_says_to_a_server(postgres: Server) -> None:
    """Four reads that lock what is decided on, the pools in their order, and one statement for all that a unit writes; 12 waits in all."""
    url = postgres.clone()
    with selling(url) as (shop, _, storage):
        checkout = begun(shop)
        with heard(storage.engine) as said:
            assert isinstance(pay(shop, checkout), Placed)
    postgres.drop(url)
    kinds = ["BEGIN" if "BEGIN" in one else one.split()[0] for one, _ in said]
    assert kinds == ["BEGIN", "SELECT", "SELECT", "SELECT", "WITH", "BEGIN", "SELECT", "SELECT", "SELECT", "WITH"]
    assert all(said[n][0].endswith("ORDER BY pools.pool FOR NO KEY UPDATE OF pools") for n in (3, -2))


def test_the_same_call_again_writes_nothing(path: str) -> None:
    """A repetition is found by its key, and only read (R23)."""
    with selling(path) as (shop, _, storage):
        checkout = begun(shop)
        placed = pay(shop, checkout)
        cost = Cost().count(storage.engine)
        assert cost.of(lambda: pay(shop, checkout)) == (placed, (2, 1, 0))


def test_a_buyer_who_is_refused_writes_nothing(path: str) -> None:
    """Out of stock at the till costs reads alone: a crowd around the last mug does not wait for the disk (Q2)."""
    with selling(path, stock=1) as (shop, _, storage):
        first, second = begun(shop), begun(shop)
        pay(shop, first)
        cost = Cost().count(storage.engine)
        refused, (_, _, durable) = cost.of(lambda: pay(shop, second))
        assert isinstance(refused, Refused)
        assert durable == 0


def test_fifty_lines_cost_no_more_statements_than_one(path: str) -> None:
    """Rows of one kind are written together, so that a big basket is no slow one (R25)."""
    costs = dict[int, list[tuple[int, int, int]]]()
    for lines in (1, MANY):
        with selling_many(path) as (shop, storage):
            cart = shop.open_cart(currency="EUR")
            for n in range(lines):
                shop.add(cart.id, sku=f"SKU-{n}")
            cost = Cost().count(storage.engine)
            checkout, beginning = cost.of(partial(shop.begin, cart.id, ship_to=BERLIN, shipping="standard"))
            placed, paying = cost.of(partial(pay, shop, checkout))
            assert isinstance(placed, Placed)
            costs[lines] = [beginning, paying]
    assert costs[MANY] == costs[1]


@contextmanager
def selling_many(path: str) -> Iterator[tuple[Shop, SqlStorage]]:
    """A shop with fifty light things to buy."""
    goods = [Product(f"SKU-{n}", f"Thing {n}", [eur(100)], weight=10) for n in range(MANY)]
    shelf = MemoryCatalog(goods, (), german_taxes(), parcels())
    clock = TestClock()
    with SqlStorage(path, clock=clock) as storage:
        till = SandboxGateway(clock=clock)
        shop = Shop(storage=storage, gateways=[till], catalog=shelf, clock=clock, policy=Policy(identity_secret=SECRET))
        for product in goods:
            shop.receive(product.sku, 10, reason="opening", actor="test")
        yield shop, storage


def test_a_statement_too_many_is_seen(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a query planted for every line, fifty lines cost more than one."""

    plain = Flush._insert

    def row_by_row(self: Flush, table: sa.Table, rows: Any) -> None:
        for row in rows:
            plain(self, table, [row])
            self._writes.send()

    monkeypatch.setattr(Flush, "_insert", row_by_row)
    with pytest.raises(AssertionError):
        test_fifty_lines_cost_no_more_statements_than_one(path)
