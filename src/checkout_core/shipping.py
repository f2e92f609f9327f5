"""Ways to send a parcel: methods with zones and weight bands, and for each method what it costs or why it is not offered.

A mistake in the table (zones that overlap, bands out of order) is a ValueError when the table is made, not a wrong price later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise

from attrs import field, frozen

from checkout_core.customers import COUNTRIES, Destination
from checkout_core.money import Money, by_currency
from checkout_core.refusals import Refused


def _prices(prices: Mapping[str, Money] | Iterable[Money]) -> Mapping[str, Money]:
    table = by_currency(prices, "A weight band")
    if any(price.minor < 0 for price in table.values()):
        raise ValueError("A shipping price cannot be negative. Use a promotion to make it cheaper.")
    return table


def _codes(codes: Iterable[str]) -> frozenset[str]:
    if isinstance(codes, str):
        raise TypeError(f"Give a list of codes, not the text {codes!r}.")
    return frozenset(codes)


def _codes_or_none(codes: Iterable[str] | None) -> frozenset[str] | None:
    return None if codes is None else _codes(codes)


def _bands(bands: Iterable[Band]) -> tuple[Band, ...]:
    return tuple(bands)


def _zones(zones: Iterable[Zone]) -> tuple[Zone, ...]:
    return tuple(zones)


def as_days(days: Iterable[int] | None) -> tuple[int, int] | None:
    """Business days, the fewest and the most, or None. Raises ValueError for anything else."""
    if days is None:
        return None
    given = tuple(days)
    if len(given) != 2 or any(type(day) is not int for day in given) or not 0 <= given[0] <= given[1]:
        raise ValueError(f"Days are two whole numbers of business days, the fewest and the most, such as (2, 3); got {given}.")
    return given[0], given[1]


def _methods(methods: Iterable[ShippingMethod]) -> tuple[ShippingMethod, ...]:
    return tuple(methods)


@frozen
class Band:
    """The price of parcels up to `up_to` grams, that weight included: one price a currency (give a sequence of `Money`)."""

    up_to: int
    prices: Mapping[str, Money] = field(converter=_prices, hash=False)

    def __attrs_post_init__(self) -> None:
        if type(self.up_to) is not int or self.up_to < 0:
            raise ValueError(f"A weight band ends at a whole number of grams, not at {self.up_to!r}.")


@frozen
class Zone:
    """Countries, or regions of one country, that share weight bands. Bands go from light to heavy; the last is the limit.

    `days`: how many business days a parcel takes to get there, the fewest and the most; None is not promised.
    """

    countries: frozenset[str] = field(converter=_codes)
    bands: tuple[Band, ...] = field(converter=_bands)
    regions: frozenset[str] | None = field(default=None, converter=_codes_or_none, kw_only=True)
    days: tuple[int, int] | None = field(default=None, converter=as_days, kw_only=True)

    def __attrs_post_init__(self) -> None:
        unknown = sorted(self.countries - COUNTRIES)
        if unknown or not self.countries:
            raise ValueError(f"A zone needs ISO 3166-1 countries such as DE; got {', '.join(unknown) or 'none'}.")
        if self.regions is not None and (len(self.countries) != 1 or not self.regions):
            raise ValueError("Regions belong to one country. Give a zone with regions exactly one country and at least one region.")
        limits = [band.up_to for band in self.bands]
        if not limits or any(low >= high for low, high in pairwise(limits)):
            raise ValueError(f"Weight bands go from light to heavy, each ending higher than the one before; got {limits}.")

    def covers(self, destination: Destination) -> bool:
        """Whether that place lies in this zone. A destination without region lies in no zone that names regions."""
        return destination.country in self.countries and (self.regions is None or destination.region in self.regions)

    def overlaps(self, other: Zone) -> bool:
        """Whether some place lies in both."""
        if not self.countries & other.countries:
            return False
        return self.regions is None or other.regions is None or bool(self.regions & other.regions)


@frozen
class ShippingMethod:
    """One way to send, as the shop offers it. `tax_category` says how carriage is taxed."""

    id: str
    name: str
    zones: tuple[Zone, ...] = field(converter=_zones)
    tax_category: str = "standard"

    def __attrs_post_init__(self) -> None:
        for i, zone in enumerate(self.zones):
            if any(zone.overlaps(other) for other in self.zones[:i]):
                raise ValueError(f"Two zones of the method {self.id} overlap, so a place would have two prices. Make them disjoint.")


@frozen
class ShippingOption:
    """A method that goes there, with its price for this parcel, and the business days it takes (fewest, most) if that is known.

    The days are for display: a quote freezes what is paid, and a date that slips is no other price.
    """

    id: str
    name: str
    price: Money
    tax_category: str = "standard"
    days: tuple[int, int] | None = field(default=None, converter=as_days)


@frozen
class ShippingTable:
    """All methods of a shop, in the order they are shown."""

    methods: tuple[ShippingMethod, ...] = field(default=(), converter=_methods)

    def __attrs_post_init__(self) -> None:
        if len({method.id for method in self.methods}) != len(self.methods):
            raise ValueError("Two shipping methods have one id. Name them apart.")

    def options(self, destination: Destination, weight: int, currency: str) -> tuple[ShippingOption | Refused, ...]:
        """For each method, in order: the option, or why not. The subject of a refusal is the id of its method."""
        return tuple(_offer(method, destination, weight, currency) for method in self.methods)


def _offer(method: ShippingMethod, destination: Destination, weight: int, currency: str) -> ShippingOption | Refused:
    zone = next((zone for zone in method.zones if zone.covers(destination)), None)
    if zone is None:
        return Refused("not-shipped-there", method.id, destination.country)
    band = next((band for band in zone.bands if weight <= band.up_to), None)
    if band is None:
        return Refused("too-heavy", method.id, str(weight), limit=zone.bands[-1].up_to)
    price = band.prices.get(currency)
    if price is None:
        return Refused("no-price", method.id, currency)
    return ShippingOption(method.id, method.name, price, method.tax_category, zone.days)
