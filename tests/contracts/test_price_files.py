"""Price lists of a shop in files and in its database: read strictly, loaded whole, told before, and asked like those in memory."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from attrs import evolve

from checkout_adapters.files import BadFiles, ShopFiles, read_shop
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.catalog import AsyncSqlCatalog, SqlCatalog, load_shop
from checkout_adapters.sqlalchemy.shelf import LoadPlan
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_core.memory import AsyncMemoryCatalog
from checkout_core.money import Money
from checkout_core.prices import PriceBook, PriceList, PriceRow

FOLDER = Path(__file__).parents[2] / "examples" / "shop"
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
HEAD = "list,sku,currency,price,quantity,since,until,groups,channels,priority\n"
TIN = "TIN-TEA-100"


def read(tmp_path: Path, *rows: str, head: str = HEAD, floor: str = "") -> ShopFiles:
    """The example shop with this prices.csv."""
    folder = tmp_path / "shop"
    shutil.copytree(FOLDER, folder, dirs_exist_ok=True)
    (folder / "prices.csv").write_text(head + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    if floor:
        first, *others = (folder / "products.csv").read_text(encoding="utf-8").splitlines()
        rest = [f"{line},{floor if line.startswith(TIN) else ''}" for line in others]
        (folder / "products.csv").write_text("\n".join([f"{first},floor_EUR", *rest]), encoding="utf-8")
    return read_shop(folder)


def mistakes(tmp_path: Path, *rows: str, head: str = HEAD, floor: str = "") -> list[str]:
    with pytest.raises(BadFiles) as bad:
        read(tmp_path, *rows, head=head, floor=floor)
    return [str(one) for one in bad.value.mistakes]


def test_rows_become_lists_in_the_order_of_their_first_rows(tmp_path: Path) -> None:
    """What is said of a list stands on its first row; instants are in UTC."""
    shop = read(
        tmp_path,
        f"trade,{TIN},EUR,4.00,1,,,trade staff,web counter,10",
        f"sale,{TIN},EUR,5.00,,2026-11-27T00:00:00+01:00,2026-11-28T00:00:00+01:00,,,-1",
        f"trade,{TIN},JPY,400,24,,,,,",
    )
    begins, ends = datetime(2026, 11, 26, 23, tzinfo=UTC), datetime(2026, 11, 27, 23, tzinfo=UTC)
    assert shop.prices == (
        PriceList(
            "trade", [PriceRow(TIN, Money(400, "EUR")), PriceRow(TIN, Money(400, "JPY"), 24)], ["trade", "staff"], ["web", "counter"], 10
        ),
        PriceList("sale", [PriceRow(TIN, Money(500, "EUR"), 1, begins, ends)], priority=-1),
    )
    assert shop.catalog().prices([TIN]).lists == shop.prices


def test_a_shop_needs_no_price_lists(tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "shop")
    (tmp_path / "shop" / "prices.csv").unlink()
    assert read_shop(tmp_path / "shop").prices == ()
    assert read(tmp_path, f"a,{TIN},EUR,4.00", head="list,sku,currency,price\n").prices[0].id == "a"


@pytest.mark.parametrize(
    ("rows", "place", "words"),
    [
        ([f"a,{TIN},EUR,'4,00',1,,,,,"], "prices.csv:2", "cells"),
        ([f'a,{TIN},EUR,"4,00",1,,,,,'], "prices.csv:2: price", "decimal point"),
        ([f"a,{TIN},EUR,-1.00,1,,,,,"], "prices.csv:2: price", "negative"),
        ([f"a,{TIN},EUR,4.001,1,,,,,"], "prices.csv:2: price", ""),
        ([f"a,{TIN},EURO,4.00,1,,,,,"], "prices.csv:2: currency", "ISO 4217"),
        (["a,NONE,EUR,4.00,1,,,,,"], "prices.csv:2: sku", "products.csv"),
        ([f",{TIN},EUR,4.00,1,,,,,"], "prices.csv:2: list", "Name it"),
        ([f"a,{TIN},EUR,4.00,0,,,,,"], "prices.csv:2: quantity", "from 1 unit"),
        ([f"a,{TIN},EUR,4.00,1.5,,,,,"], "prices.csv:2: quantity", "whole number"),
        ([f"a,{TIN},EUR,4.00,1,2026-11-27,,,,"], "prices.csv:2: since", "distance from UTC"),
        ([f"a,{TIN},EUR,4.00,1,,2026-11-27T00:00:00,,,"], "prices.csv:2: until", "distance from UTC"),
        ([f"a,{TIN},EUR,4.00,1,0001-01-01T00:00:00+01:00,,,,"], "prices.csv:2: since", "distance from UTC"),
        ([f"a,{TIN},EUR,4.00,1,2026-11-27T00:00:00Z,2026-11-27T00:00:00Z,,,"], "prices.csv:2: until", "never holds"),
        ([f"a,{TIN},EUR,4.00,1,,,b&c,,"], "prices.csv:2: groups", "no name"),
        ([f"a,{TIN},EUR,4.00,1,,,,,high"], "prices.csv:2: priority", "whole number"),
        ([f"a,{TIN},EUR,4.00,1,,,x,,", f"a,{TIN},EUR,3.00,2,,,y,,"], "prices.csv:3: groups", "line 2"),
        ([f"a,{TIN},EUR,4.00,1,,,,,", f"a,{TIN},EUR,3.00,1,2026-11-27T00:00:00Z,,,,"], "prices.csv:3: sku", "line 2 already"),
        ([f"a,{TIN},EUR,4.00,1,,,4111 1111 1111 1111,,"], "prices.csv:2: groups", "card number"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_cure(tmp_path: Path, rows: list[str], place: str, words: str) -> None:
    (told,) = mistakes(tmp_path, *rows)
    assert told.startswith(place)
    assert words in told
    assert "4111" not in told


def test_every_mistake_is_told_and_none_twice(tmp_path: Path) -> None:
    told = mistakes(tmp_path, "a,NONE,EUR,4.00,1,,,,,", f"a,{TIN},XXX,4.00,0,,,,,")
    assert [one.split(": ")[:2] for one in told] == [["prices.csv:2", "sku"], ["prices.csv:3", "currency"], ["prices.csv:3", "quantity"]]
    assert "Known: list, sku" in mistakes(tmp_path, head="list,sku,currency,price,colour\n")[0]
    assert "missing" in mistakes(tmp_path, head="list,sku,price\n")[0]


def test_a_price_below_the_floor_of_its_product_is_a_mistake(tmp_path: Path) -> None:
    assert read(tmp_path, f"a,{TIN},EUR,4.00,1,,,,,", floor="4.00").prices
    (told,) = mistakes(tmp_path, f"a,{TIN},EUR,3.99,1,,,,,", floor="4.00")
    assert told.startswith("prices.csv:2: price: It is below the floor")


# In the database.
@pytest.fixture
def url(tmp_path: Path) -> str:
    path = str(tmp_path / "shop.db")
    SqlAdmin(path).upgrade()
    return path


@pytest.fixture
def storage(url: str) -> Iterator[SqlStorage]:
    with SqlStorage(url) as storage:
        yield storage


def load(storage: SqlStorage, shop: ShopFiles) -> LoadPlan:
    with storage.engine.begin() as connection:
        return load_shop(connection, shop, now=NOON, actor="me")


def test_a_database_has_the_lists_of_the_files(storage: SqlStorage, url: str) -> None:
    """Sync and async; before a load there are none."""
    shop, stored = read_shop(FOLDER), SqlCatalog(storage)
    assert stored.prices([TIN]) == PriceBook()
    load(storage, shop)
    assert stored.prices([TIN]) == PriceBook(shop.prices)
    assert stored.prices([TIN]) is stored.prices([])

    async def ask() -> None:
        other = AsyncSqlStorage(url)
        try:
            assert await AsyncSqlCatalog(other).prices([TIN]) == await AsyncMemoryCatalog(shop.catalog()).prices([TIN])
        finally:
            await other.close()

    asyncio.run(ask())


def test_a_load_tells_which_prices_are_others(storage: SqlStorage) -> None:
    """Row by row; and what is kept of the lists is read again."""
    shop, stored = read_shop(FOLDER), SqlCatalog(storage)
    load(storage, shop)
    stored.prices([])
    trade, spring = shop.prices
    first, second, *rest = trade.rows
    sale = PriceRow(TIN, Money(100, "EUR"), 9, NOON, None)
    plan = load(storage, evolve(shop, prices=(evolve(trade, rows=[evolve(first, price=Money(777, "EUR")), *rest, sale], priority=3),)))
    assert [(change.what, change.kind, change.key) for change in plan.changes] == [
        ("changed", "prices", "trade"),
        ("withdrawn", "prices", "spring-2026"),
    ]
    told = {(one.what, one.before, one.after) for one in plan.changes[0].differences}
    assert told == {
        (f"{first.sku} from 1", "7.90 EUR", "7.77 EUR"),
        (f"{second.sku} from 12", "6.90 EUR", ""),
        (f"{TIN} from 9 since 2026-06-01 12:00", "", "1.00 EUR"),
        ("priority", "10", "3"),
    }
    assert [one.id for one in stored.prices([]).lists] == ["trade"]
    assert not load(storage, evolve(shop, prices=stored.prices([]).lists))
    load(storage, shop)
    assert stored.prices([]).lists == (trade, spring)
