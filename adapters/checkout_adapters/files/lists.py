"""prices.csv: other prices than those of products.csv, row by row: in which list, for whom, from how many units on, from when to when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from checkout_adapters.files import cells
from checkout_adapters.files.mistakes import Notes, shown
from checkout_adapters.files.tables import Row, read_rows
from checkout_core.catalog import Product
from checkout_core.prices import PriceList, PriceRow

PRICE_COLUMNS: Final = ("list", "sku", "currency", "price")
PRICE_MAY_HAVE: Final = ("quantity", "since", "until", "groups", "channels", "priority")
OF_A_LIST: Final = ("groups", "channels", "priority")


class _Of(NamedTuple):
    """For whom a list is, as its first row says."""

    line: int
    groups: frozenset[str] | None
    channels: frozenset[str] | None
    priority: int


def read_prices(
    text: str, notes: Notes, products: Mapping[str, Product] | None, skus: Mapping[str, object] | None
) -> list[PriceList] | None:
    """The price lists in the order of their first rows; None if the columns are not known.

    `products` are those that could be read, `skus` all that products.csv names; None where that is unclear.
    """
    rows = read_rows(text, notes, PRICE_COLUMNS, lambda name: "" if name in PRICE_MAY_HAVE else _unknown(name))
    if rows is None:
        return None
    lists: dict[str, tuple[_Of, list[PriceRow]]] = {}
    taken: dict[tuple[str, str, str, int], list[tuple[int, PriceRow]]] = {}
    for row in rows:
        name, price = row.read("list", cells.name), _price(row, products, skus)
        of = _of(row)
        if name is None or of is None:
            continue
        known, into = lists.setdefault(name, (of, []))
        _same(row, known, of)
        if price is None:
            continue
        others = taken.setdefault((name, price.sku, price.price.currency, price.quantity), [])
        if (first := next((line for line, other in others if price.meets(other)), None)) is not None:
            row.wrong(
                "sku", f"The list {name} has a price for this on line {first} already, at the same time. Keep one, or part their times."
            )
            continue
        others.append((row.line, price))
        into.append(price)
    return [PriceList(name, found, of.groups, of.channels, of.priority) for name, (of, found) in lists.items()]


def _unknown(column: str) -> str:
    return f"{shown(column)} is not a column of this file. Known: {', '.join(PRICE_COLUMNS)}, and if needed {', '.join(PRICE_MAY_HAVE)}."


def _price(row: Row, products: Mapping[str, Product] | None, skus: Mapping[str, object] | None) -> PriceRow | None:
    """What the row says of a price; None if that is unclear, which is noted."""
    sku, currency = row.read("sku", cells.name), row.read("currency", cells.currency)
    price = None if currency is None else row.read("price", cells.amount(currency))
    quantity = row.read("quantity", cells.or_none(_at_least_one))
    since, until = row.read("since", cells.or_none(_instant)), row.read("until", cells.or_none(_instant))
    unread = [name for name, value in (("quantity", quantity), ("since", since), ("until", until)) if value is None and row.cells.get(name)]
    if sku is not None and skus is not None and sku not in skus:
        row.wrong("sku", "No row of products.csv has this SKU. Add the product, or take the row out.")
        return None
    if sku is None or price is None or unread:
        return None
    product = (products or {}).get(sku)
    if product is not None and (floor := product.floors.get(price.currency)) is not None and price.minor < floor.minor:
        row.wrong("price", f"It is below the floor of the product, {floor}. Give that or more, or lower the floor in products.csv.")
        return None
    if since is not None and until is not None and since >= until:
        row.wrong("until", "It ends before it begins, so it never holds. Correct one of the two.")
        return None
    return PriceRow(sku, price, quantity or 1, since, until)


def _of(row: Row) -> _Of | None:
    groups, channels = row.read("groups", cells.or_none(_names)), row.read("channels", cells.or_none(_names))
    priority = row.read("priority", cells.or_none(_whole))
    if any(value is None and row.cells.get(name) for name, value in zip(OF_A_LIST, (groups, channels, priority), strict=True)):
        return None
    return _Of(row.line, groups, channels, priority or 0)


def _same(row: Row, first: _Of, here: _Of) -> None:
    """A later row of a list repeats for whom it is, or leaves it empty; what is another is noted."""
    for name in OF_A_LIST:
        if row.cells.get(name) and getattr(first, name) != getattr(here, name):
            row.wrong(name, f"The list says something else on line {first.line}. Write the same, leave it empty, or name another list.")


def _names(text: str) -> frozenset[str]:
    return frozenset(cells.name(each) for each in text.split())


def _at_least_one(text: str) -> int:
    number = cells.whole(text)
    if not number:
        raise ValueError("It is 0. A price holds from 1 unit on, or from more.")
    return number


def _whole(text: str) -> int:
    """A whole number, also below zero."""
    read: Callable[[str], int] = cells.whole
    return -read(text[1:]) if text.startswith("-") else read(text)


def _instant(text: str) -> datetime:
    """An instant with its distance from UTC."""
    try:
        found = datetime.fromisoformat(text)
        if found.utcoffset() is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError(f"{shown(text)} is no time with its distance from UTC. Write it as 2026-11-27T00:00:00+01:00.")
