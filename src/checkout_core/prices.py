"""Price lists: other prices than the catalogue's for some shoppers, channels, quantities and times; which one holds, and what held before.

`unit_price` is the rule that chooses, `shown_price` what a shop window tells, `lowest_before` the price that a reduction is measured by.
All of it is pure: lists are compiled once (`PriceBook`), and a line looks its price up by currency and SKU.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from attrs import field, frozen

from checkout_core.catalog import Product
from checkout_core.money import Money
from checkout_core.values import Table

PRIOR_DAYS: Final = 30
"""The least that Directive 98/6/EC, Article 6a (2), asks for: the period before a reduction in which the lowest price is looked for."""


def _names(names: Iterable[str] | None) -> frozenset[str] | None:
    if isinstance(names, str):
        raise TypeError(f"Give a list of names, not the text {names!r}.")
    return None if names is None else frozenset(names)


@frozen
class PriceRow:
    """What a unit of a SKU costs, bought at least `quantity` times, from `since` up to, but not at, `until` (UTC); None is without end.

    Raises ValueError for a price below zero, a quantity below 1, an end before the beginning, and a time that is not in UTC.
    """

    sku: str
    price: Money
    quantity: int = 1
    since: datetime | None = None
    until: datetime | None = None

    def __attrs_post_init__(self) -> None:
        if self.price.minor < 0:
            raise ValueError(f"A price of a list cannot be negative: {self.price} for {self.sku}.")
        if type(self.quantity) is not int or self.quantity < 1:
            raise ValueError(f"A price holds from a whole number of units on, at least 1, not {self.quantity!r}.")
        for instant in (self.since, self.until):
            if instant is not None and instant.utcoffset() != timedelta(0):
                raise ValueError(f"The price of {self.sku} begins and ends at times in UTC; got {instant.isoformat()}.")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError(f"The price of {self.sku} ends before it begins, so it never holds. Correct one of the two.")

    def holds(self, now: datetime) -> bool:
        """Whether it is in force."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)

    def meets(self, other: PriceRow) -> bool:
        """Whether both answer one question at some instant."""
        if (self.sku, self.quantity, self.price.currency) != (other.sku, other.quantity, other.price.currency):
            return False
        begins_in_time = self.since is None or other.until is None or self.since < other.until
        return begins_in_time and (other.since is None or self.until is None or other.since < self.until)


def _rows(rows: Iterable[PriceRow]) -> tuple[PriceRow, ...]:
    return tuple(rows)


@frozen
class PriceList:
    """Prices for those who are in one of `groups`, where it is sold through one of `channels` ("" is the shop's own way); None is all.

    Of several lists the one of the highest `priority` wins. Rows may be of several currencies. Those whose time is over are the history
    from which the lowest price before a reduction is told, so they stay. Raises ValueError if two rows answer one question at one time.
    """

    id: str
    rows: tuple[PriceRow, ...] = field(converter=_rows)
    groups: frozenset[str] | None = field(default=None, converter=_names)
    channels: frozenset[str] | None = field(default=None, converter=_names)
    priority: int = 0

    def __attrs_post_init__(self) -> None:
        if not self.id:
            raise ValueError("A price list has an id. Name it.")
        for name in ("groups", "channels"):
            if getattr(self, name) is not None and not getattr(self, name):
                raise ValueError(f"The price list {self.id} is for no {name} at all. Name one, or leave it out for all.")
        alike: dict[tuple[str, str, int], list[PriceRow]] = {}
        for row in self.rows:
            others = alike.setdefault((row.sku, row.price.currency, row.quantity), [])
            if any(row.meets(other) for other in others):
                what = f"{row.quantity} {row.sku} in {row.price.currency}"
                raise ValueError(f"The price list {self.id} has two prices for {what} at one time. Keep one.")
            others.append(row)


class _Way(NamedTuple):
    """The rows of one SKU and currency in one list, the highest quantity first."""

    priority: int
    list: str
    groups: frozenset[str] | None
    channels: frozenset[str] | None
    rows: tuple[PriceRow, ...]


_Ways = Mapping[tuple[str, str], tuple[_Way, ...]]


def _lists(lists: Iterable[PriceList]) -> tuple[PriceList, ...]:
    return tuple(lists)


@frozen
class PriceBook:
    """All price lists of a shop, compiled: made once, asked for every line. Raises ValueError if two lists have one id."""

    lists: tuple[PriceList, ...] = field(default=(), converter=_lists)
    _ways: _Ways = field(init=False, eq=False, repr=False)

    @_ways.default
    def _compiled(self) -> _Ways:
        if len({each.id for each in self.lists}) != len(self.lists):
            raise ValueError("Two price lists have one id. Name them apart.")
        found: dict[tuple[str, str], list[_Way]] = {}
        for each in sorted(self.lists, key=lambda one: (-one.priority, one.id)):
            by_sku: dict[tuple[str, str], list[PriceRow]] = {}
            for row in each.rows:
                by_sku.setdefault((row.price.currency, row.sku), []).append(row)
            for key, rows in by_sku.items():
                rows.sort(key=lambda row: -row.quantity)
                found.setdefault(key, []).append(_Way(each.priority, each.id, each.groups, each.channels, tuple(rows)))
        return Table({key: tuple(ways) for key, ways in found.items()})

    def currencies(self, sku: str) -> frozenset[str]:
        """The currencies in which some list has a price of this SKU."""
        return frozenset(currency for currency, named in self._ways if named == sku)

    def names(self, sku: str, currency: str) -> bool:
        """Whether some list has a price of this SKU in that currency: for anybody, at any time."""
        return (currency, sku) in self._ways

    def ways(self, sku: str, currency: str, buyer: Buyer) -> Iterator[_Way]:
        """The lists that this buyer is on and that name the SKU, the highest priority first, then by id."""
        for way in self._ways.get((currency, sku), ()):
            groups, channels = way.groups, way.channels
            if (groups is None or not groups.isdisjoint(buyer.groups)) and (channels is None or buyer.channel in channels):
                yield way


def book_of(lists: PriceBook | Iterable[PriceList]) -> PriceBook:
    """These lists, compiled, unless they are already."""
    return lists if isinstance(lists, PriceBook) else PriceBook(lists)


NO_LISTS: Final = PriceBook()


@frozen
class Buyer:
    """What decides which lists somebody is on: the groups they are known to be in, and the channel they buy through."""

    groups: frozenset[str] = frozenset()
    channel: str = ""


ANYBODY: Final = Buyer()


@frozen
class PriceOrigin:
    """Where a unit price comes from that is not simply the catalogue's: which `list`, and its row from that `quantity` on.

    `price` is what the row says, `catalogue` what the catalogue says (None: nothing in that currency), in minor units. What is paid may
    be more than `price`: the floor of the product.
    """

    list: str
    quantity: int
    price: int
    catalogue: int | None


class UnitPrice(NamedTuple):
    """What a unit costs, in minor units as entered, and where that comes from; None is the catalogue."""

    minor: int
    origin: PriceOrigin | None


def unit_price(
    product: Product, currency: str, quantity: int, now: datetime, book: PriceBook = NO_LISTS, buyer: Buyer = ANYBODY
) -> UnitPrice | None:
    """What each of so many units costs now; None if it is not sold in that currency, which is never converted or guessed.

    1. In each list that the buyer is on, the row of the highest quantity that is reached, among those in force: all units have its price.
    2. Of these lists the one of the highest priority; at the same priority the cheapest; at the same price the first by id.
    3. If there is none, the price of the catalogue. A list goes before the catalogue, be it cheaper or dearer.
    4. A price of a list that is below the product's floor becomes the floor.
    """
    own = product.prices.get(currency)
    catalogue = None if own is None else own.minor
    best: tuple[_Way, PriceRow] | None = None
    for way in book.ways(product.sku, currency, buyer):
        if best is not None and way.priority < best[0].priority:
            break
        row = next((row for row in way.rows if row.quantity <= quantity and row.holds(now)), None)
        if row is not None and (best is None or row.price.minor < best[1].price.minor):
            best = way, row
    if best is None:
        return None if catalogue is None else UnitPrice(catalogue, None)
    way, row = best
    floor = product.floors.get(currency)
    paid = row.price.minor if floor is None else max(row.price.minor, floor.minor)
    return UnitPrice(paid, PriceOrigin(way.list, row.quantity, row.price.minor, catalogue))


# What was promised.
@frozen
class Promise:
    """A unit price that a checkout was quoted, and that holds for it until an instant, however much dearer it becomes meanwhile.

    It holds for the SKU in that channel, from the quantity on that it was made for (that of its list's row); not at `until` any more.
    """

    sku: str
    price: Money
    origin: PriceOrigin | None
    channel: str
    until: datetime

    def holds(self, quantity: int, channel: str, now: datetime) -> bool:
        """Whether it is good for so many units now, sold through that channel."""
        return now < self.until and channel == self.channel and (self.origin is None or quantity >= self.origin.quantity)

    def or_less(self, unit: UnitPrice | None) -> UnitPrice:
        """The price of today, or this one if that is less or there is none today."""
        return unit if unit is not None and unit.minor <= self.price.minor else UnitPrice(self.price.minor, self.origin)


def promised(
    before: Mapping[str, Promise],
    today: Mapping[str, UnitPrice],
    quantities: Mapping[str, int],
    currency: str,
    channel: str,
    now: datetime,
    seconds: int,
) -> tuple[Promise, ...]:
    """The promises of a checkout that is quoted now, by SKU in their order; none for what is not in the cart any more.

    What costs no more `today` than was promised is promised anew at the price of today. What has become dearer keeps the promise that it
    has, until its own end: asking again makes no promise longer.
    """
    found = list[Promise]()
    for sku, quantity in sorted(quantities.items()):
        old, unit = before.get(sku), today.get(sku)
        if old is not None and old.holds(quantity, channel, now) and (unit is None or unit.minor > old.price.minor):
            found.append(old)
        elif unit is not None:
            found.append(Promise(sku, Money(unit.minor, currency), unit.origin, channel, now + timedelta(seconds=seconds)))
    return tuple(found)


# What held before.
def lowest_before(
    product: Product,
    currency: str,
    before: datetime,
    book: PriceBook,
    buyer: Buyer = ANYBODY,
    *,
    quantity: int = 1,
    days: int = PRIOR_DAYS,
) -> Money | None:
    """The lowest price of a unit in the `days` up to `before`, not at it; None if it was not sold then.

    With the instant at which a reduction begins, this is the prior price that its announcement has to show (Directive 98/6/EC, Article
    6a). It is worked out from the rows of the lists; where none held, the price of the catalogue counts, as it is today.
    """
    start = before - timedelta(days=days)
    changes = [at for at in _changes(product.sku, currency, book, buyer) if start < at < before]
    found = [unit_price(product, currency, quantity, at, book, buyer) for at in (start, *changes)]
    prices = [price.minor for price in found if price is not None]
    return Money(min(prices), currency) if prices else None


def _changes(sku: str, currency: str, book: PriceBook, buyer: Buyer) -> list[datetime]:
    """The instants at which the price may become another one, in their order."""
    rows = [row for way in book.ways(sku, currency, buyer) for row in way.rows]
    return sorted({at for row in rows for at in (row.since, row.until) if at is not None})


@frozen
class Tier:
    """What each unit costs from that quantity on."""

    quantity: int
    price: Money


@frozen
class ShownPrice:
    """A price for the shop window: of a unit, if so many are bought now, by this buyer.

    - `origin`: the list it comes from; None is the catalogue. `tiers`: what each unit costs from which quantity on, where that changes.
    - `since`, `until`: for how long it has been so, and will be as far as is known; None: always.
    - `before`: what it cost directly before `since`. `lowest`: the lowest price of the 30 days before `since`, if it was lowered then:
      the prior price that has to be shown with the reduction (Directive 98/6/EC, Article 6a).
    """

    sku: str
    price: Money
    origin: PriceOrigin | None
    tiers: tuple[Tier, ...]
    since: datetime | None
    until: datetime | None
    before: Money | None
    lowest: Money | None


def shown_price(
    product: Product, currency: str, now: datetime, book: PriceBook = NO_LISTS, buyer: Buyer = ANYBODY, *, quantity: int = 1
) -> ShownPrice | None:
    """The price for the shop window; None if it is not sold in that currency."""
    here = unit_price(product, currency, quantity, now, book, buyer)
    if here is None:
        return None
    changes = _changes(product.sku, currency, book, buyer)

    def at(instant: datetime) -> int | None:
        price = unit_price(product, currency, quantity, instant, book, buyer)
        return None if price is None else price.minor

    since = before = lowest = None
    past = [instant for instant in changes if instant <= now]
    for n, instant in reversed(list(enumerate(past))):
        previous = at(past[n - 1] if n else instant - timedelta(microseconds=1))
        if previous != here.minor:
            since, before = instant, None if previous is None else Money(previous, currency)
            break
    if since is not None and before is not None and before.minor > here.minor:
        lowest = lowest_before(product, currency, since, book, buyer, quantity=quantity)
    until = next((instant for instant in changes if instant > now and at(instant) != here.minor), None)
    tiers = tuple(_tiers(product, currency, now, book, buyer))
    return ShownPrice(product.sku, Money(here.minor, currency), here.origin, tiers, since, until, before, lowest)


def _tiers(product: Product, currency: str, now: datetime, book: PriceBook, buyer: Buyer) -> Iterator[Tier]:
    quantities = {row.quantity for way in book.ways(product.sku, currency, buyer) for row in way.rows if row.holds(now)}
    last: int | None = None
    for quantity in sorted({1} | quantities):
        price = unit_price(product, currency, quantity, now, book, buyer)
        if price is not None and price.minor != last:
            last = price.minor
            yield Tier(quantity, Money(last, currency))
