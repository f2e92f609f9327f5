"""What the database keeps of a shop loaded from files, and the difference between two such: pure values, to be shown before acting.

A product that the files no longer name is withdrawn, not deleted: it is not for sale, and its name stays for the lists of old stock. Orders
need neither: they carry their quote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Literal, cast

import sqlalchemy as sa
from attrs import AttrsInstance, fields, frozen

from checkout_adapters.files import Location, OpeningStock, ShopFiles
from checkout_adapters.files.places import kept_locations, plain
from checkout_adapters.sqlalchemy.tables import settings as settings_table
from checkout_core import plugins
from checkout_core.catalog import Product
from checkout_core.codec import TAGS, decode, encode
from checkout_core.errors import Broken
from checkout_core.experiments import Experiment
from checkout_core.money import Money
from checkout_core.prices import PriceList, PriceRow
from checkout_core.promotions import Benefit, Part, Promotion, Tier
from checkout_core.refusals import Change
from checkout_core.shipping import ShippingMethod
from checkout_core.sourcing import Sourcing
from checkout_core.tax import TaxRow

Entry = Product | PriceList | Promotion | Experiment | TaxRow | ShippingMethod
What = Literal["added", "changed", "returned", "withdrawn", "reordered"]

KINDS: Final[Mapping[str, type[Entry]]] = {
    "product": Product,
    "prices": PriceList,
    "promotion": Promotion,
    "experiment": Experiment,
    "tax": TaxRow,
    "shipping": ShippingMethod,
}
"""The kinds of rows that are in force; stored, and the codec's own names."""

_UNSAID: Final = {"shop-sourcing": "first"}
"""What a setting that a former release did not keep is taken for."""

WITHDRAWN: Final = "withdrawn"
"""The kind of a row that keeps a product which is no longer for sale."""

VERSION: Final = "catalog-version"
NUMBER: Final = sa.select(settings_table.c.value).where(settings_table.c.name == VERSION)
"""How often the catalogue was changed."""

Key = tuple[str, str]


@frozen
class Shelf:
    """A catalogue by kind and key, each kind in its order, and the shop's own settings by name."""

    entries: Mapping[Key, Entry]
    withdrawn: Mapping[str, Product]
    settings: Mapping[str, str]

    def of(self, kind: type[Any]) -> list[Any]:
        """All entries of that class, in their order."""
        return [entry for entry in self.entries.values() if isinstance(entry, kind)]


@frozen
class CatalogChange:
    """One thing that a load would do, or has done. `differences` says of what changed how it was and how it is."""

    what: What
    kind: str
    key: str
    name: str
    differences: tuple[Change, ...] = ()

    def __str__(self) -> str:
        said = f"{self.kind} {self.key}: {self.what}" if self.key else f"{self.kind}: {self.what}"
        return said + "".join(f"; {change.what} {change.before or '—'} → {change.after or '—'}" for change in self.differences)


@frozen
class LoadPlan:
    """All that a load does. Nothing in it means that the database says what the files say already."""

    changes: tuple[CatalogChange, ...]
    opening: tuple[OpeningStock, ...]

    def __bool__(self) -> bool:
        return bool(self.changes or self.opening)


def shelf_of(shop: ShopFiles) -> Shelf:
    """What the database keeps of these files."""
    entries: dict[Key, Entry] = {}
    kinds: Sequence[Sequence[Entry]] = (
        shop.products,
        shop.prices,
        shop.promotions,
        shop.experiments,
        shop.taxes.rows,
        shop.shipping.methods,
    )
    for entry in chain.from_iterable(kinds):
        entries[key_of(entry)] = entry
    locations = json.dumps([plain(location) for location in shop.locations], ensure_ascii=False)
    settings = {"shop-name": shop.name, "shop-sender": shop.sender, "shop-locations": locations, "shop-sourcing": shop.sourcing}
    return Shelf(entries, {}, settings)


def key_of(entry: Entry) -> Key:
    """Kind and key of an entry's row."""
    match entry:
        case Product(sku=sku):
            return "product", sku
        case PriceList(id=id_):
            return "prices", id_
        case Promotion(id=id_):
            return "promotion", id_
        case Experiment(id=id_):
            return "experiment", id_
        case ShippingMethod(id=id_):
            return "shipping", id_
        case TaxRow():
            return "tax", f"{entry.country}/{entry.region or ''}/{entry.category}"


def read_entry(kind: str, document: str) -> Entry:
    """The entry of that row. Raises Unreadable or TooNew, or Broken for a kind that nobody writes."""
    match kind:
        case "product" | "withdrawn":
            return decode(Product, document)
        case "prices":
            return decode(PriceList, document)
        case "promotion":
            return decode(Promotion, document)
        case "experiment":
            return decode(Experiment, document)
        case "tax":
            return decode(TaxRow, document)
        case "shipping":
            return decode(ShippingMethod, document)
        case _:
            raise Broken("The catalogue has a row of an unknown kind. Stop, and look at the table.")


def write_entry(entry: Entry) -> str:
    """The document of its row."""
    return encode(entry)


def locations_of(settings: Mapping[str, str]) -> tuple[Location, ...]:
    """The places where goods lie, in the order in which they are used; none if no shop was loaded."""
    return kept_locations(settings.get("shop-locations", ""))


def sourcing_of(settings: Mapping[str, str]) -> Sourcing:
    """How locations are chosen; as a shop that says nothing does."""
    said = settings.get("shop-sourcing", "first")
    return "fewest" if said == "fewest" else "first"


def new_number(connection: sa.Connection) -> None:
    """Give the catalogue its next number, so that whoever keeps a part of it reads it again."""
    number = int(connection.execute(NUMBER).scalar() or 0)
    connection.execute(sa.delete(settings_table).where(settings_table.c.name == VERSION))
    connection.execute(sa.insert(settings_table), {"name": VERSION, "value": str(number + 1)})


def changes(old: Shelf, new: Shelf) -> tuple[CatalogChange, ...]:
    """What has to happen to `old` so that it says what `new` says: by kind, in the order of the new, what goes last."""
    return tuple(_changes(old, new))


def _changes(old: Shelf, new: Shelf) -> Iterator[CatalogChange]:
    for name, value in new.settings.items():
        if old.settings.get(name, _UNSAID.get(name)) != value:
            what: What = "changed" if name in old.settings else "added"
            yield CatalogChange(what, "setting", name, value, (Change("value", old.settings.get(name, ""), value),))
    for kind in KINDS:
        was = {key: entry for (of, key), entry in old.entries.items() if of == kind}
        becomes = {key: entry for (of, key), entry in new.entries.items() if of == kind}
        for key, entry in becomes.items():
            if key not in was:
                back = kind == "product" and key in old.withdrawn
                yield CatalogChange("returned" if back else "added", kind, key, _name(entry))
            elif was[key] != entry:
                yield CatalogChange("changed", kind, key, _name(entry), tuple(_differences(was[key], entry)))
        if [key for key in was if key in becomes] != [key for key in becomes if key in was]:
            yield CatalogChange("reordered", kind, "", "")
        for key, entry in was.items():
            if key not in becomes:
                yield CatalogChange("withdrawn", kind, key, _name(entry))


def _name(entry: Entry) -> str:
    match entry:
        case TaxRow():
            return f"{entry.category} in {entry.country}{f'-{entry.region}' if entry.region else ''}"
        case PriceList():
            return "1 price" if len(entry.rows) == 1 else f"{len(entry.rows)} prices"
        case Experiment():
            return "variants " + ", ".join([f"{name} {weight}" for name, weight in entry.variants])
        case _:
            return entry.name


def _differences(before: Entry | Benefit, after: Entry | Benefit) -> Iterator[Change]:
    for attribute in fields(cast("type[AttrsInstance]", type(after))):
        if not attribute.init:
            continue
        one, other = getattr(before, attribute.name), getattr(after, attribute.name)
        if one == other:
            continue
        if isinstance(before, Promotion) and attribute.name == "benefit":
            if type(one) is not type(other):
                yield Change(attribute.name, _kind(one), _kind(other))
            else:
                yield from _differences(one, other)
        elif isinstance(before, PriceList) and isinstance(after, PriceList) and attribute.name == "rows":
            yield from _rows(before.rows, after.rows)
        elif isinstance(one, Mapping) and isinstance(other, Mapping):
            for currency in sorted({*one, *other}):
                if one.get(currency) != other.get(currency):
                    yield Change(f"{attribute.name} {currency}", _said(one.get(currency)), _said(other.get(currency)))
        else:
            yield Change(attribute.name, _said(one), _said(other))


def _kind(benefit: Benefit) -> str:
    """What its document calls it: one of ours by its tag, a host's by the name of its class."""
    kind = type(benefit)
    return TAGS.get(kind) or plugins.name_of(plugins.BENEFITS, kind) or kind.__name__


def _rows(before: Sequence[PriceRow], after: Sequence[PriceRow]) -> Iterator[Change]:
    """The prices that are others, that came and that went; the question that a row answers is its name."""
    was, becomes = ({(row.sku, row.price.currency, row.quantity, row.since, row.until): row for row in rows} for rows in (before, after))
    if [*was] != [*becomes] and {*was} == {*becomes}:
        yield Change("rows", "", "reordered")
    for key in {**was, **becomes}:
        one, other = was.get(key), becomes.get(key)
        if one != other:
            sku, _, quantity, since, until = key
            time = "".join([f" {word} {at:%Y-%m-%d %H:%M}" for word, at in (("since", since), ("until", until)) if at is not None])
            yield Change(f"{sku} from {quantity}{time}", _said(one and one.price), _said(other and other.price))


def _said(value: object) -> str:
    """A value in a plan: short, or only that it is another."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Tier):
        return f"{value.percent} % from {' or '.join(_said(amount) for _, amount in sorted(value.reached.items()))}"
    if isinstance(value, Part):
        return f"{value.quantity} of {' or '.join(sorted(value.skus))}"
    if isinstance(value, frozenset):
        return _said(sorted(map(str, value)))
    if isinstance(value, Sequence) and not isinstance(value, str):
        texts = [_said(each) for each in value]
        return ", ".join(texts) if len(texts) <= 6 and all(texts) else f"{len(texts)} in all"
    if isinstance(value, str | int | Money) or type(value).__str__ is not object.__str__:
        text = str(value)
        return text if len(text) <= 60 and not text.startswith(f"{type(value).__name__}(") else text[:57] + "…"
    return ""
