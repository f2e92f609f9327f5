"""products.csv and stock.csv: what is for sale, and what lies where when the shop opens."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final

from attrs import frozen

from checkout_adapters.files import cells
from checkout_adapters.files.mistakes import Notes
from checkout_adapters.files.tables import Row, read_rows
from checkout_core.catalog import Product
from checkout_core.money import Money

PRODUCT_COLUMNS: Final = ("sku", "name", "category", "tax_category", "weight_g", "tracked")
STOCK_COLUMNS: Final = ("sku", "location", "quantity")
PRICE: Final = "price_"
FLOOR: Final = "floor_"
CREDIT: Final = "credit"
SIZE: Final = "size_mm"
ATTRIBUTE: Final = "attribute_"


@frozen
class OpeningStock:
    """How many units of a SKU lie at a location when the shop opens."""

    sku: str
    location: str
    quantity: int


@frozen
class Goods:
    """What products.csv says. `categories`: the SKUs of each; `counted`: by SKU, whether its stock is, None where that is unclear.

    `attributes`: by name, the values there are.
    """

    products: tuple[Product, ...]
    categories: dict[str, set[str]]
    counted: dict[str, bool | None]
    attributes: dict[str, set[str]]


def goods_of(products: Iterable[Product]) -> Goods:
    """The same of products that were read elsewhere."""
    found = Goods(tuple(products), {}, {}, {})
    for product in found.products:
        found.counted[product.sku] = product.tracked
        for category in product.categories:
            found.categories.setdefault(category, set()).add(product.sku)
        for name, value in product.attributes:
            found.attributes.setdefault(name, set()).add(value)
    return found


def read_products(text: str, notes: Notes, taxed: Collection[str] | None) -> Goods | None:
    """The products; None if the columns are not known. `taxed`: the tax categories that have rates, None if that is unclear."""
    rows = read_rows(text, notes, PRODUCT_COLUMNS, _more_columns)
    if rows is None:
        return None
    if not rows:
        notes.add("There is no product. Add a row for each thing that is for sale.", 1)
    elif not any(column.startswith(PRICE) for column in rows[0].columns):
        notes.add("There is no column with prices. Add one for each currency, such as price_EUR.", 1)
        return None
    products, categories = list[Product](), dict[str, set[str]]()
    counted, first = dict[str, bool | None](), dict[str, int]()
    for row in rows:
        product, category = _product(row, taxed)
        sku = row.cells["sku"]
        if sku in first:
            row.wrong("sku", f"The SKU is on line {first[sku]} already. Keep one of the two.")
            continue
        first[sku] = row.line
        counted[sku] = {"yes": True, "no": False}.get(row.cells.get("tracked", ""))
        if category is not None:
            categories.setdefault(category, set()).add(sku)
        if product is not None:
            products.append(product)
    return Goods(tuple(products), categories, counted, _values(rows))


def _values(rows: Sequence[Row]) -> dict[str, set[str]]:
    """The values there are of each attribute."""
    found: dict[str, set[str]] = {}
    for row in rows:
        for column, cell in row.cells.items():
            if column.startswith(ATTRIBUTE):
                found.setdefault(column.removeprefix(ATTRIBUTE), set()).update([cell] if cell else ())
    return found


def _more_columns(column: str) -> str | None:
    prefix = next((prefix for prefix in (PRICE, FLOOR) if column.startswith(prefix)), None)
    if column in (CREDIT, SIZE):
        return ""
    if column.startswith(ATTRIBUTE):
        try:
            cells.name(column.removeprefix(ATTRIBUTE))
        except ValueError as error:
            return str(error)
        return ""
    if prefix is None:
        known = ", ".join((*PRODUCT_COLUMNS, SIZE, CREDIT))
        more = "price_ and floor_ with a currency, such as price_EUR, and attribute_ with a name"
        return f"It is not a column of this file. Known: {known}, {more}."
    try:
        cells.currency(column.removeprefix(prefix))
    except ValueError as error:
        return str(error)
    return ""


def _product(row: Row, taxed: Collection[str] | None) -> tuple[Product | None, str | None]:
    sku, name = row.read("sku", cells.name), row.read("name", cells.words)
    category, tax_category = row.read("category", cells.name), row.read("tax_category", cells.name)
    weight, tracked = row.read("weight_g", cells.whole), row.read("tracked", cells.yes_or_no)
    size = row.read(SIZE, cells.or_none(cells.size))
    credit = row.read(CREDIT, cells.or_none(cells.yes_or_no)) or False
    prices, floors, attributes = _amounts(row, PRICE, negative=credit), _amounts(row, FLOOR), _attributes(row)
    if prices == {} and len(row.cells) > 1:
        row.wrong(None, "The product has no price in any currency. Give one, or take the row out.")
    for currency in floors or ():
        if prices is not None and currency not in prices:
            row.wrong(f"{FLOOR}{currency}", f"There is no price in {currency} to keep above it. Give one, or take the floor out.")
    if tax_category is not None and taxed is not None and tax_category not in taxed:
        row.wrong("tax_category", f"No row of taxes.csv has the category {tax_category}. Add its rates there, or use {_any(taxed)}.")
    if sku is None or name is None or tax_category is None or weight is None or tracked is None or not prices or floors is None:
        return None, category
    own = {category} if category is not None else ()
    product = Product(
        sku, name, prices, tax_category, weight, tracked, size=size, floors=floors, credit=credit, categories=own, attributes=attributes
    )
    return product, category


def _attributes(row: Row) -> dict[str, str]:
    """What the columns of attributes say of it; an empty cell says nothing."""
    found = {}
    for column, cell in row.cells.items():
        if column.startswith(ATTRIBUTE) and cell and (value := row.read(column, cells.words)) is not None:
            found[column.removeprefix(ATTRIBUTE)] = value
    return found


def _amounts(row: Row, prefix: str, *, negative: bool = False) -> dict[str, Money] | None:
    """The amounts in the columns of that prefix, by currency; None if one cannot be read."""
    found, wrong = dict[str, Money](), False
    for column, cell in row.cells.items():
        if column.startswith(prefix) and cell:
            currency = column.removeprefix(prefix)
            amount = row.read(column, cells.amount(currency, negative=negative))
            if amount is None:
                wrong = True
            else:
                found[currency] = amount
    return None if wrong else found


def read_stock(text: str, notes: Notes, counted: dict[str, bool | None] | None, locations: Collection[str] | None) -> list[OpeningStock]:
    """The opening stock; `counted` and `locations` are what the other files know, None where that is unclear."""
    stock, first = list[OpeningStock](), dict[tuple[str, str], int]()
    for row in read_rows(text, notes, STOCK_COLUMNS) or ():
        sku, location = row.read("sku", cells.name), row.read("location", cells.name)
        quantity = row.read("quantity", cells.whole)
        if sku is not None and counted is not None:
            if sku not in counted:
                row.wrong("sku", "No row of products.csv has this SKU. Add the product, or take the row out.")
            elif counted[sku] is False:
                row.wrong("sku", "The product is not tracked, so no stock of it is counted. Set tracked to yes, or take the row out.")
        if location is not None and locations is not None and location not in locations:
            row.wrong("location", f"shop.toml has no location of this id. Use {_any(locations)}, or add it there.")
        if sku is None or location is None:
            continue
        if (sku, location) in first:
            row.wrong("sku", f"The stock of this SKU at {location} is on line {first[sku, location]} already. Keep one of the two.")
            continue
        first[sku, location] = row.line
        if quantity is not None:
            stock.append(OpeningStock(sku, location, quantity))
    return stock


def _any(names: Collection[str]) -> str:
    return "one of " + ", ".join(sorted(names)[:20]) if names else "another"
