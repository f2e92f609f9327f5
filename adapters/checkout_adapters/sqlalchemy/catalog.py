"""A shop that was loaded from files, kept in the database: Catalog, Prices, Experiments, TaxRates and ShippingRates in one, and the load.

    storage = SqlStorage("shop.db")
    shop = Shop(storage=storage, catalog=SqlCatalog(storage), …)

A product is looked up when it is asked for. The rest is small: it is kept, and read again when the number of the catalogue is another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

import sqlalchemy as sa
from attrs import frozen

from checkout_adapters.files import Location, OpeningStock, ShopFiles
from checkout_adapters.sqlalchemy.codes import find, prefixes
from checkout_adapters.sqlalchemy.shelf import (
    NUMBER,
    WITHDRAWN,
    CatalogChange,
    LoadPlan,
    Shelf,
    changes,
    key_of,
    locations_of,
    new_number,
    read_entry,
    shelf_of,
    write_entry,
)
from checkout_adapters.sqlalchemy.tables import catalog, movements, settings
from checkout_adapters.sqlalchemy.turns import one_by_one
from checkout_adapters.sqlalchemy.unit import SqlUnit
from checkout_core.catalog import Product
from checkout_core.codec import pool_text
from checkout_core.codes import answered, sought
from checkout_core.customers import Destination
from checkout_core.experiments import Experiment
from checkout_core.holds import Movement, Stock
from checkout_core.memory import MemoryCatalog
from checkout_core.prices import PriceBook, PriceList
from checkout_core.promotions import Promotion
from checkout_core.refusals import Refused
from checkout_core.shipping import Shipment, ShippingMethod, ShippingOption, ShippingTable
from checkout_core.tax import TaxRate, TaxRow, TaxTable

T = TypeVar("T")
OPENING: Final = "opening stock"


class Reads(Protocol):
    """What a catalogue needs of a store: a look at the database. `SqlStorage` has it."""

    def read(self, look: Callable[[sa.Connection], T]) -> T:
        """What `look` sees in a transaction that only reads."""
        ...


class AsyncReads(Protocol):
    """The same of an `AsyncSqlStorage`."""

    async def read(self, look: Callable[[sa.Connection], T]) -> T:
        """What `look` sees in a transaction that only reads."""
        ...


@frozen
class _Kept:
    """Promotions, taxes, shipping, price lists, experiments and the beginnings of issued codes, as of one number of the catalogue."""

    version: str
    catalog: MemoryCatalog
    prefixes: frozenset[str] = frozenset()


class SqlCatalog:
    """The catalogue in the database of this storage. It may be used from several threads: what is kept is replaced whole."""

    def __init__(self, storage: Reads) -> None:
        self._storage = storage
        self._kept = _NOTHING

    def products(self, skus: Sequence[str]) -> Mapping[str, Product]:
        return self._storage.read(lambda connection: _products(connection, skus))

    def promotions(self, codes: Sequence[str]) -> Sequence[Promotion | Refused]:
        kept = self._kept
        self._kept, answers = self._storage.read(lambda connection: _promotions(connection, kept, codes))
        return answers

    def prices(self, skus: Sequence[str]) -> PriceBook:
        return self._current().lists

    def experiments(self) -> Sequence[Experiment]:
        return self._current().trials

    def rates(self, destination: Destination, categories: Sequence[str], at: datetime) -> Mapping[str, tuple[TaxRate, ...] | None]:
        return self._current().rates(destination, categories, at)

    def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
        return self._current().options(shipment)

    def _current(self) -> MemoryCatalog:
        kept = self._kept
        self._kept = found = self._storage.read(lambda connection: _fresh(connection, kept))
        return found.catalog


class AsyncSqlCatalog:
    """The same for an `AsyncShop`."""

    def __init__(self, storage: AsyncReads) -> None:
        self._storage = storage
        self._kept = _NOTHING

    async def products(self, skus: Sequence[str]) -> Mapping[str, Product]:
        return await self._storage.read(lambda connection: _products(connection, skus))

    async def promotions(self, codes: Sequence[str]) -> Sequence[Promotion | Refused]:
        kept = self._kept
        self._kept, answers = await self._storage.read(lambda connection: _promotions(connection, kept, codes))
        return answers

    async def prices(self, skus: Sequence[str]) -> PriceBook:
        return (await self._current()).lists

    async def experiments(self) -> Sequence[Experiment]:
        return (await self._current()).trials

    async def rates(self, destination: Destination, categories: Sequence[str], at: datetime) -> Mapping[str, tuple[TaxRate, ...] | None]:
        return (await self._current()).rates(destination, categories, at)

    async def options(self, shipment: Shipment) -> Sequence[ShippingOption | Refused]:
        return (await self._current()).options(shipment)

    async def _current(self) -> MemoryCatalog:
        kept = self._kept
        self._kept = found = await self._storage.read(lambda connection: _fresh(connection, kept))
        return found.catalog


def plan_load(connection: sa.Connection, shop: ShopFiles) -> LoadPlan:
    """What a load of these files would do now; nothing is written.

    Opening stock is for pools that have no history: once anything was received, counted or loaded there, the files say nothing about it.
    """
    moved = {pool for (pool,) in connection.execute(sa.select(movements.c.pool).distinct())}
    opening = [stock for stock in shop.stock if stock.quantity and pool_text(Stock(stock.sku, stock.location)) not in moved]
    return LoadPlan(changes(read_shelf(connection), shelf_of(shop)), tuple(opening))


def load_shop(connection: sa.Connection, shop: ShopFiles, *, now: datetime, actor: str, reason: str = OPENING) -> LoadPlan:
    """Make the database say what the files say, in the caller's transaction; what was done. Loading the same files again does nothing."""
    one_by_one(connection)
    plan = plan_load(connection, shop)
    if plan.changes:
        _apply(connection, read_shelf(connection), shelf_of(shop), plan.changes)
        new_number(connection)
    _open(connection, plan.opening, now, actor, reason)
    return plan


def put_product(connection: sa.Connection, product: Product) -> None:
    """Change what is known of one product, or add it after the others. Nobody keeps a product, so the next quote is made with it."""
    one_by_one(connection)
    kind, key = key_of(product)
    held = connection.execute(sa.select(catalog.c.position).where(catalog.c.kind == kind, catalog.c.key == key)).scalar()
    last = connection.execute(sa.select(sa.func.max(catalog.c.position)).where(catalog.c.kind == kind)).scalar()
    position = held if held is not None else 0 if last is None else last + 1
    connection.execute(sa.delete(catalog).where(catalog.c.kind.in_((kind, WITHDRAWN)), catalog.c.key == key))
    connection.execute(sa.insert(catalog), {"kind": kind, "key": key, "position": position, "document": write_entry(product)})


def read_shelf(connection: sa.Connection) -> Shelf:
    """All that the database keeps of the shop."""
    entries, withdrawn = {}, {}
    rows = connection.execute(sa.select(catalog.c.kind, catalog.c.key, catalog.c.document).order_by(catalog.c.kind, catalog.c.position))
    for kind, key, document in rows:
        entry = read_entry(kind, document)
        if kind == WITHDRAWN and isinstance(entry, Product):
            withdrawn[key] = entry
        else:
            entries[kind, key] = entry
    return Shelf(entries, withdrawn, read_settings(connection))


def read_settings(connection: sa.Connection) -> Mapping[str, str]:
    """The shop's own settings by name: `shop-name`, `shop-sender`, `shop-locations`, `shop-sourcing`; empty if no shop was loaded."""
    rows = connection.execute(sa.select(settings.c.name, settings.c.value).where(settings.c.name.startswith("shop-")))
    return {row.name: row.value for row in rows}


def read_locations(connection: sa.Connection) -> tuple[Location, ...]:
    """The places where goods lie, in the order in which they are used (`Policy.locations`); none if no shop was loaded."""
    return locations_of(read_settings(connection))


def read_products(connection: sa.Connection, *, withdrawn: bool = False) -> Sequence[Product]:
    """All products for sale in the order of their file; with `withdrawn`, those that are no longer for sale after them."""
    shelf = read_shelf(connection)
    found: list[Product] = shelf.of(Product)
    return [*found, *(shelf.withdrawn.values() if withdrawn else ())]


def _products(connection: sa.Connection, skus: Sequence[str]) -> Mapping[str, Product]:
    rows = connection.execute(_PRODUCTS, {"skus": list(skus)})
    found = {key: read_entry("product", document) for key, document in rows}
    return {sku: product for sku in skus if isinstance(product := found.get(sku), Product)}


def _fresh(connection: sa.Connection, kept: _Kept) -> _Kept:
    """What is kept, if it is still of the number that the database has; else read anew, in the same look."""
    version = connection.execute(NUMBER).scalar() or ""
    if version == kept.version:
        return kept
    deals, taxes, methods, lists = list[Promotion](), list[TaxRow](), list[ShippingMethod](), list[PriceList]()
    trials = list[Experiment]()
    for kind, document in connection.execute(_REST):
        match read_entry(kind, document):
            case Promotion() as deal:
                deals.append(deal)
            case TaxRow() as row:
                taxes.append(row)
            case ShippingMethod() as method:
                methods.append(method)
            case PriceList() as prices:
                lists.append(prices)
            case Experiment() as trial:
                trials.append(trial)
            case Product():
                pass
    catalog = MemoryCatalog((), deals, TaxTable(taxes), ShippingTable(methods), lists, trials)
    return _Kept(version, catalog, prefixes(connection))


def _promotions(connection: sa.Connection, kept: _Kept, typed: Sequence[str]) -> tuple[_Kept, Sequence[Promotion | Refused]]:
    """What is kept now, and what it answers for these codes. Only a shop that has issued some looks them up."""
    found = _fresh(connection, kept)
    deals = found.catalog.deals
    wanted = sought(typed, deals, found.prefixes) if found.prefixes else []
    return found, answered(typed, deals, found.prefixes, find(connection, wanted) if wanted else {})


def _apply(connection: sa.Connection, old: Shelf, new: Shelf, todo: Sequence[CatalogChange]) -> None:
    """The rows of the kinds in which something changes, each as the files have it; every other row stays as it is."""
    for name in [change.key for change in todo if change.kind == "setting"]:
        connection.execute(sa.delete(settings).where(settings.c.name == name))
        connection.execute(sa.insert(settings), {"name": name, "value": new.settings[name]})
    gone = dict(old.withdrawn)
    for kind in {change.kind for change in todo} - {"setting"}:
        entries = [entry for (of, _), entry in new.entries.items() if of == kind]
        connection.execute(sa.delete(catalog).where(catalog.c.kind == kind))
        _insert(connection, kind, entries)
    for (kind, key), entry in old.entries.items():
        if kind == "product" and isinstance(entry, Product) and (kind, key) not in new.entries:
            gone[key] = entry
    still = [product for key, product in gone.items() if ("product", key) not in new.entries]
    if still != [*old.withdrawn.values()]:
        connection.execute(sa.delete(catalog).where(catalog.c.kind == WITHDRAWN))
        _insert(connection, WITHDRAWN, still)


def _insert(connection: sa.Connection, kind: str, entries: Sequence[Any]) -> None:
    rows = [
        {"kind": kind, "key": key_of(entry)[1], "position": position, "document": write_entry(entry)}
        for position, entry in enumerate(entries)
    ]
    if rows:
        connection.execute(sa.insert(catalog), rows)


def _open(connection: sa.Connection, opening: Sequence[OpeningStock], now: datetime, actor: str, reason: str) -> None:
    unit = SqlUnit(connection, now)
    unit.write(*(Movement(Stock(stock.sku, stock.location), stock.quantity, reason, actor, now) for stock in opening))
    unit.flush()


_NOTHING: Final = _Kept("", MemoryCatalog(()))
_PRODUCTS: Final = sa.select(catalog.c.key, catalog.c.document).where(
    catalog.c.kind == "product", catalog.c.key.in_(sa.bindparam("skus", expanding=True))
)
_REST: Final = (
    sa.select(catalog.c.kind, catalog.c.document)
    .where(catalog.c.kind.in_(("prices", "promotion", "experiment", "tax", "shipping")))
    .order_by(catalog.c.kind, catalog.c.position)
)
