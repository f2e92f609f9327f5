"""Everything of ours that answers with price lists keeps the contract, and the contract has been seen broken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from checkout_adapters.files import read_shop
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.catalog import AsyncSqlCatalog, SqlCatalog, load_shop
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_core.catalog import Product
from checkout_core.memory import AsyncMemoryCatalog, MemoryCatalog
from checkout_core.prices import PriceBook, PriceList, PriceRow
from checkout_core.simulation.parts import Shelf, SimCatalog
from checkout_core.testing import PricesContract, synced
from tests.red import goes_red
from tests.world import NOON

FOLDER = Path(__file__).parents[2] / "examples" / "shop"


class TestMemory(PricesContract):
    def make(self, lists: Sequence[PriceList], products: Sequence[Product]) -> Any:
        return MemoryCatalog(products, lists=lists)


class TestAsyncMemory(PricesContract):
    def make(self, lists: Sequence[PriceList], products: Sequence[Product]) -> Any:
        return synced(AsyncMemoryCatalog(MemoryCatalog(products, lists=lists)))


class TestSimulated(PricesContract):
    """The catalogue of a simulated shop has the lists of the shop it was made from."""

    def make(self, lists: Sequence[PriceList], products: Sequence[Product]) -> Any:
        return synced(SimCatalog(Shelf(MemoryCatalog(products, lists=lists))))


class TestSql(PricesContract):
    @pytest.fixture(autouse=True)
    def _at(self, tmp_path: Path) -> Iterator[None]:
        self.url = str(tmp_path / "shop.db")
        SqlAdmin(self.url).upgrade()
        self.storage = SqlStorage(self.url)
        yield
        self.storage.close()

    def make(self, lists: Sequence[PriceList], products: Sequence[Product]) -> Any:
        files = evolve(read_shop(FOLDER), products=tuple(products), prices=tuple(lists), promotions=(), stock=())
        with self.storage.engine.begin() as connection:
            load_shop(connection, files, now=NOON, actor="me")
        return SqlCatalog(self.storage)


class TestAsyncSql(TestSql):
    def make(self, lists: Sequence[PriceList], products: Sequence[Product]) -> Any:
        super().make(lists, products)

        class Port:
            def prices(_, skus: Sequence[str]) -> PriceBook:
                async def ask() -> PriceBook:
                    storage = AsyncSqlStorage(self.url)
                    try:
                        return await AsyncSqlCatalog(storage).prices(skus)
                    finally:
                        await storage.close()

                return asyncio.run(ask())

        return Port()


def rows(change: Callable[[PriceRow], PriceRow | None]) -> Callable[[Sequence[PriceList]], list[PriceList]]:
    """Lists whose rows are what `change` makes of the right ones."""
    return lambda lists: [evolve(each, rows=[row for old in each.rows if (row := change(old)) is not None]) for each in lists]


def each(**wrong: Any) -> Callable[[Sequence[PriceList]], list[PriceList]]:
    return lambda lists: [evolve(one, **wrong) for one in lists]


PRICES = "test_every_price_is_that_of_the_lists"


@pytest.mark.parametrize(
    ("wrong", "promise"),
    [
        (each(groups=None), PRICES),
        (each(channels=None), PRICES),
        (each(priority=0), PRICES),
        (lambda lists: lists[1:], PRICES),
        (rows(lambda row: row if row.quantity == 1 else None), PRICES),
        (rows(lambda row: row if row.until is None else None), "test_what_is_over_stays_as_history"),
        (rows(lambda row: row if row.price.currency == "EUR" else None), "test_every_currency_is_there"),
        (
            rows(lambda row: evolve(row, sku=row.sku.replace("book", "mug").replace("tea", "nothing"))),
            "test_what_is_in_no_list_is_no_fault",
        ),
    ],
)
def test_a_port_with_other_lists_is_caught(wrong: Callable[[Sequence[PriceList]], list[PriceList]], promise: str) -> None:
    class Kit(PricesContract):
        def make(self, lists: Sequence[PriceList], products: Sequence[Product]) -> Any:
            return MemoryCatalog(products, lists=wrong(lists))

    assert not goes_red(TestMemory(), promise)
    assert goes_red(Kit(), promise)


@pytest.mark.parametrize(
    ("answers", "promise"),
    [
        (lambda lists, asked: lists, "test_a_shop_without_lists_answers_with_an_empty_book"),
        (
            lambda lists, asked: PriceBook([evolve(one, rows=one.rows[:1]) for one in lists] if asked > 1 else lists),
            "test_asking_changes_nothing",
        ),
        (lambda lists, asked: None, "test_what_is_in_no_list_is_no_fault"),
    ],
)
def test_a_port_that_answers_otherwise_is_caught(answers: Callable[[Sequence[PriceList], int], Any], promise: str) -> None:
    class Port:
        def __init__(self, lists: Sequence[PriceList]) -> None:
            self.lists, self.asked = lists, 0

        def prices(self, skus: Sequence[str]) -> Any:
            self.asked += 1
            return answers(self.lists, self.asked)

    class Kit(PricesContract):
        def make(self, lists: Sequence[PriceList], products: Sequence[Product]) -> Any:
            return Port(lists)

    assert goes_red(Kit(), promise)
