"""A shop loaded into SQLite answers as its files do; loading is all or nothing, can be shown before, and repeated without a trace."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
import sqlalchemy as sa
from attrs import evolve

from checkout_adapters.files import OpeningStock, ShopFiles, read_shop
from checkout_adapters.sqlalchemy import catalog as module
from checkout_adapters.sqlalchemy import shelf
from checkout_adapters.sqlalchemy.admin import SqlAdmin
from checkout_adapters.sqlalchemy.catalog import (
    AsyncSqlCatalog,
    SqlCatalog,
    load_shop,
    plan_load,
    put_product,
    read_locations,
    read_products,
    read_settings,
    read_shelf,
)
from checkout_adapters.sqlalchemy.shelf import LoadPlan, changes, shelf_of
from checkout_adapters.sqlalchemy.store import AsyncSqlStorage, SqlStorage
from checkout_adapters.sqlalchemy.tables import catalog as rows
from checkout_adapters.sqlalchemy.tables import movements, settings
from checkout_core import plugins
from checkout_core.customers import Destination
from checkout_core.errors import Broken
from checkout_core.holds import Movement, Stock
from checkout_core.money import Money, Ratio
from checkout_core.policy import Policy
from checkout_core.promotions import (
    BENEFITS,
    AmountOff,
    Benefit,
    Bundle,
    BuyGet,
    EntryOff,
    EveryNth,
    FreeGift,
    Part,
    Percent,
    Promotion,
    SetPrice,
    SetTotal,
    Tier,
    TieredPercent,
    UnitOff,
)
from checkout_core.refusals import Change
from checkout_core.shipping import Parcel, Shipment, ShippingTable
from checkout_core.shop import AsyncShop
from checkout_core.sync.shop import Shop
from tests.core.test_host_benefits import WholeEuros
from tests.world import ADA, BERLIN, SECRET

FOLDER = Path(__file__).parents[2] / "examples" / "shop"
NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
PLACES = [Destination("DE"), Destination("IE"), Destination("US", "CA"), Destination("IN", "KA"), Destination("US", "TX")]


@cache
def files() -> ShopFiles:
    return read_shop(FOLDER)


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


def dump(url: str) -> list[str]:
    """Everything in the file, as statements."""
    connection = sqlite3.connect(url)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def told(plan: LoadPlan) -> list[tuple[str, str, str]]:
    return [(change.what, change.kind, change.key) for change in plan.changes]


def test_a_loaded_shop_answers_as_its_files_do(storage: SqlStorage) -> None:
    """Products, promotions, rates and shipping options are equal to those of the files, in the same order."""
    load(storage, files())
    stored, plain = SqlCatalog(storage), files().catalog()
    skus = [product.sku for product in files().products]
    assert stored.products([*skus, "NONE"]) == plain.products(skus)
    assert stored.promotions([]) == plain.promotions([])
    assert stored.promotions(["WELCOME10", "FIVE"]) == plain.promotions(["WELCOME10", "FIVE"])
    for place in PLACES:
        assert stored.rates(place, ["food", "standard", "none"], NOON) == plain.rates(place, ["food", "standard", "none"], NOON)
        assert stored.options(Shipment(place, "EUR", [Parcel(900)])) == plain.options(Shipment(place, "EUR", [Parcel(900)]))


def test_the_async_face_answers_alike(storage: SqlStorage, url: str) -> None:
    load(storage, files())

    async def ask() -> None:
        other = AsyncSqlStorage(url)
        try:
            stored, plain = AsyncSqlCatalog(other), SqlCatalog(storage)
            assert await stored.products(["TEA-MATCHA-30"]) == plain.products(["TEA-MATCHA-30"])
            assert await stored.promotions(["FIVE"]) == plain.promotions(["FIVE"])
            assert await stored.rates(PLACES[0], ["food"], NOON) == plain.rates(PLACES[0], ["food"], NOON)
            assert await stored.options(Shipment(PLACES[0], "EUR", [Parcel(1)])) == plain.options(Shipment(PLACES[0], "EUR", [Parcel(1)]))
            shop = AsyncShop(storage=other, gateways=[], catalog=stored)
            assert (await shop.open_cart(currency="EUR")).currency == "EUR"
        finally:
            await other.close()

    asyncio.run(ask())


def test_a_shop_that_was_never_loaded_sells_nothing(storage: SqlStorage) -> None:
    empty = SqlCatalog(storage)
    assert empty.products(["TEA-MATCHA-30"]) == {}
    assert empty.promotions(["FIVE"]) == []
    assert empty.rates(PLACES[0], ["food"], NOON) == {"food": None}
    assert empty.options(Shipment(PLACES[0], "EUR", [Parcel(1)])) == ()
    assert storage.read(read_locations) == ()


def test_the_first_load_puts_everything_there_with_its_opening_stock(storage: SqlStorage) -> None:
    """Stock comes as movements, with their reason and who did it (I1); and the shop's own settings are kept."""
    plan = load(storage, files())
    assert {change.what for change in plan.changes} == {"added"}
    total = sum(stock.quantity for stock in files().stock)
    with storage.engine.begin() as connection:
        seen = connection.execute(sa.select(movements.c.delta, movements.c.reason, movements.c.actor)).all()
        assert sum(row.delta for row in seen) == total
        assert {(row.reason, row.actor) for row in seen} == {("opening stock", "me")}
    pools = storage.pools([Stock("POT-KYUSU-TOKONAME", "berlin"), Stock("TEA-BREAKFAST-250", "dublin")])
    assert [pool.on_hand for pool in pools.values()] == [1, 160]
    assert [location.id for location in storage.read(read_locations)] == ["berlin", "dublin"]
    assert storage.read(read_settings)["shop-name"] == "Leaf & Kettle"


def test_the_second_load_changes_nothing_at_all(storage: SqlStorage, url: str) -> None:
    """Not a row, not a number: the file says the same, and so does the plan beforehand."""
    load(storage, files())
    before = dump(url)
    assert not storage.read(lambda connection: plan_load(connection, files()))
    assert not load(storage, files())
    assert dump(url) == before


def test_a_plan_changes_nothing_and_is_what_is_then_done(storage: SqlStorage, url: str) -> None:
    before = dump(url)
    plan = storage.read(lambda connection: plan_load(connection, files()))
    assert plan
    assert dump(url) == before
    assert load(storage, files()) == plan


def test_a_load_that_is_interrupted_leaves_nothing(storage: SqlStorage, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C in the middle, after the catalogue and before the stock: the file is as it was."""
    load(storage, evolve(files(), stock=()))
    before = dump(url)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "_open", interrupt)
    with pytest.raises(KeyboardInterrupt):
        load(storage, evolve(files(), products=files().products[:10]))
    assert dump(url) == before


def test_what_changed_is_told_before_and_seen_after(storage: SqlStorage) -> None:
    """Another price, one promotion fewer, another order of methods: each named, with how it was; a kept catalogue is read again."""
    load(storage, files())
    stored = SqlCatalog(storage)
    assert len(stored.options(Shipment(PLACES[0], "EUR", [Parcel(1)]))) == 4
    first, *others = files().products
    dearer = evolve(first, prices={**first.prices, "EUR": Money(1590, "EUR"), "JPY": Money(2400, "JPY")})
    other = evolve(
        files(),
        products=(dearer, *others),
        promotions=files().promotions[1:],
        shipping=ShippingTable(files().shipping.methods[::-1]),
    )
    plan = load(storage, other)
    assert told(plan) == [
        ("changed", "product", first.sku),
        ("withdrawn", "promotion", "welcome"),
        ("reordered", "shipping", ""),
    ]
    assert plan.changes[0].differences == (
        Change("prices EUR", "14.90 EUR", "15.90 EUR"),
        Change("prices JPY", "2300 JPY", "2400 JPY"),
    )
    assert str(plan.changes[0]) == f"product {first.sku}: changed; prices EUR 14.90 EUR → 15.90 EUR; prices JPY 2300 JPY → 2400 JPY"
    assert stored.products([first.sku])[first.sku] == dearer
    assert stored.promotions(["WELCOME10"]) == files().catalog().promotions([])
    assert [
        getattr(option, "id", None) or getattr(option, "subject", None)
        for option in stored.options(Shipment(PLACES[0], "EUR", [Parcel(1)]))
    ] == [
        "pickup/westhafen",
        "bike",
        "express",
        "standard",
    ]


def test_a_hosts_own_benefit_is_kept_and_told_by_the_name_of_its_class(storage: SqlStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """As one of ours: it comes back equal, and a plan says which figure of it is another, or which kind."""
    monkeypatch.setattr(plugins, "classes", lambda group: {"whole-euros": WholeEuros} if group == plugins.BENEFITS else {})

    def shop(benefit: Benefit) -> ShopFiles:
        return evolve(files(), promotions=(Promotion("own", "Own", benefit),))

    load(storage, shop(WholeEuros(100)))
    assert SqlCatalog(storage).promotions([]) == [Promotion("own", "Own", WholeEuros(100))]
    (change,) = load(storage, shop(WholeEuros(50))).changes
    assert change.differences == (Change("step", "100", "50"),)
    (change,) = load(storage, shop(Percent(Ratio(10)))).changes
    assert change.differences == (Change("benefit", "whole-euros", "percent"),)


def test_every_benefit_is_kept_and_a_change_in_it_is_told(storage: SqlStorage) -> None:
    """A deal of each kind comes back equal; another figure of it is named as it was and is, another kind by both names."""
    eur = [Money(500, "EUR")]
    tiers = TieredPercent([Tier([Money(0, "EUR")], Ratio(1)), Tier([Money(5000, "EUR")], Ratio(7, 3))])
    kinds: Sequence[Benefit] = (
        *(Percent(Ratio(10)), AmountOff(eur), SetTotal(eur), UnitOff(eur), EntryOff(eur), SetPrice(eur), BuyGet(2, 1, get={"MUG"})),
        *(EveryNth(3), tiers, Bundle([Part(1, {"MUG"}), Part(2, {"TEA", "BOOK"})], eur), FreeGift("TEA")),
    )
    assert {type(benefit) for benefit in kinds} == {*BENEFITS}
    first = evolve(files().products[0], floors=[Money(900, "EUR")], credit=True)
    deals = tuple(Promotion(f"p{n}", f"Number {n}", benefit) for n, benefit in enumerate(kinds))
    shop = evolve(files(), products=(first, *files().products[1:]), promotions=deals)
    load(storage, shop)
    assert SqlCatalog(storage).promotions([]) == list(deals)
    assert SqlCatalog(storage).products([first.sku]) == {first.sku: first}
    assert load(storage, shop).changes == ()
    steeper = TieredPercent([tiers.tiers[0], Tier([Money(4000, "EUR")], Ratio(5))])
    others: Mapping[int, Benefit] = {0: AmountOff(eur), 1: AmountOff([Money(600, "EUR")]), 6: BuyGet(3, 1, get={"MUG", "BOOK"}), 8: steeper}
    others = {**others, 9: Bundle([Part(1, {"MUG"}), Part(1, {"TEA"})], eur, max_bundles=2)}
    plan = load(storage, evolve(shop, promotions=tuple(evolve(deal, benefit=others.get(n, deal.benefit)) for n, deal in enumerate(deals))))
    assert [str(change) for change in plan.changes] == [
        "promotion p0: changed; benefit percent → amount-off",
        "promotion p1: changed; amounts EUR 5.00 EUR → 6.00 EUR",
        "promotion p6: changed; buy_quantity 2 → 3; get MUG → BOOK, MUG",
        "promotion p8: changed; tiers 1 % from 0.00 EUR, 7/3 % from 50.00 EUR → 1 % from 0.00 EUR, 5 % from 40.00 EUR",
        "promotion p9: changed; parts 1 of MUG, 2 of BOOK or TEA → 1 of MUG, 1 of TEA; max_bundles — → 2",
    ]


def test_a_row_put_in_the_middle_is_one_change(storage: SqlStorage) -> None:
    """The others move down in silence: only another order among those that stay is told."""
    load(storage, evolve(files(), products=(files().products[0], *files().products[2:])))
    assert told(load(storage, files())) == [("added", "product", files().products[1].sku)]
    assert storage.read(read_products) == list(files().products)


def test_a_product_that_vanished_is_withdrawn_and_may_return(storage: SqlStorage) -> None:
    """It is not for sale, its name stays known, and its stock and history are not touched; loaded again, it is for sale again."""
    load(storage, files())
    gone, *others = files().products
    assert told(load(storage, evolve(files(), products=tuple(others)))) == [("withdrawn", "product", gone.sku)]
    assert SqlCatalog(storage).products([gone.sku]) == {}
    assert storage.read(lambda connection: read_products(connection, withdrawn=True))[-1] == gone
    assert storage.pools([Stock(gone.sku, "berlin")])[Stock(gone.sku, "berlin")].on_hand > 0
    assert not load(storage, evolve(files(), products=tuple(others)))
    back = load(storage, files())
    assert told(back) == [("returned", "product", gone.sku)]
    assert back.opening == ()
    assert SqlCatalog(storage).products([gone.sku]) == {gone.sku: gone}
    assert storage.read(read_shelf).withdrawn == {}


def test_opening_stock_never_overrides_what_was_counted_since(storage: SqlStorage) -> None:
    """A pool with any history is left alone, whatever the files say by now; one without gets what they say."""
    load(storage, evolve(files(), stock=(OpeningStock("TEA-MATCHA-30", "berlin", 5), OpeningStock("TEA-MATCHA-30", "dublin", 0))))
    storage.transact(lambda unit: unit.write(Movement(Stock("TEA-MATCHA-30", "berlin"), -5, "broken", "me", unit.now)))
    again = evolve(files(), stock=(OpeningStock("TEA-MATCHA-30", "berlin", 9), OpeningStock("TEA-MATCHA-30", "dublin", 4)))
    assert load(storage, again).opening == (OpeningStock("TEA-MATCHA-30", "dublin", 4),)
    pools = storage.pools([Stock("TEA-MATCHA-30", "berlin"), Stock("TEA-MATCHA-30", "dublin")])
    assert [pool.on_hand for pool in pools.values()] == [0, 4]


def test_one_product_can_be_changed_under_the_shoppers(storage: SqlStorage) -> None:
    """The new price is the one that is quoted; the order of the others stays, and the next load tells the difference."""
    load(storage, files())
    product = files().products[3]
    cheaper = evolve(product, prices=[Money(100, "EUR")])
    with storage.engine.begin() as connection:
        put_product(connection, cheaper)
    assert SqlCatalog(storage).products([product.sku]) == {product.sku: cheaper}
    assert [each.sku for each in storage.read(read_products)] == [each.sku for each in files().products]
    assert told(load(storage, files())) == [("changed", "product", product.sku)]


def test_a_quote_is_made_from_the_database(storage: SqlStorage) -> None:
    """A whole shop on it, and the total is the one worked out by hand for the files."""
    load(storage, files())
    shop = Shop(storage=storage, gateways=[], catalog=SqlCatalog(storage), policy=Policy(identity_secret=SECRET))
    cart = shop.open_cart(currency="EUR")
    shop.add(cart.id, sku="TEA-ASSAM-250", quantity=1)
    shop.add(cart.id, sku="MUG-STONE-BLUE-350", quantity=2)
    checkout = shop.begin(cart.id, ship_to=BERLIN, contact=ADA, shipping="standard")
    assert checkout.total == Money(4620, "EUR")


def test_a_row_that_cannot_be_read_is_no_empty_shelf(storage: SqlStorage) -> None:
    """A document that somebody wrote by hand stops the shop, typed; nothing is sold at no price."""
    load(storage, files())
    with storage.engine.begin() as connection:
        connection.execute(sa.update(rows).where(rows.c.kind == "tax").values(document="{}"))
        connection.execute(sa.update(settings).where(settings.c.name == shelf.VERSION).values(value="9"))
    with pytest.raises(Broken):
        SqlCatalog(storage).rates(PLACES[0], ["food"], NOON)


def test_the_difference_of_two_catalogues_is_pure() -> None:
    """It needs no database, and there is none between a catalogue and itself."""
    shelf = shelf_of(files())
    assert changes(shelf, shelf) == ()
    assert [change.what for change in changes(shelf, shelf_of(evolve(files(), name="Leaf")))] == ["changed"]
