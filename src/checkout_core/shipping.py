"""Ways to send parcels: methods with zones and bands, and for each method what it costs or why it is not offered.

A mistake in the table (zones that overlap, bands out of order) is a ValueError when the table is made, not a wrong price later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, Literal, get_args

from attrs import evolve, field, frozen

from checkout_core.arrivals import Arrival, Calendar, Dispatch, arrival, last_of
from checkout_core.customers import COUNTRIES, Destination
from checkout_core.money import Money, by_currency
from checkout_core.postcodes import Postcodes, near
from checkout_core.refusals import Refused

Measure = Literal["weight", "volumetric", "units", "worth"]
"""What bands go by: grams; the greater of grams and volume by `divisor`; units; the value of the goods."""

Together = Literal["together", "each"]

DIVISOR: Final = 5000  # cm³ to a kilogram, that is mm³ to a gram: what carriers ask most often


def _prices(prices: Mapping[str, Money] | Iterable[Money]) -> Mapping[str, Money]:
    table = by_currency(prices, "A band")
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


def _postcodes(given: Iterable[str] | Postcodes | None) -> Postcodes | None:
    return given if given is None or isinstance(given, Postcodes) else Postcodes(given)


def _zones(zones: Iterable[Zone]) -> tuple[Zone, ...]:
    return tuple(zones)


def _points(points: Iterable[PickupPoint]) -> tuple[PickupPoint, ...]:
    return tuple(points)


def _texts(lines: Iterable[str]) -> tuple[str, ...]:
    if isinstance(lines, str):
        raise TypeError(f"Give a list of lines, not the text {lines!r}.")
    return tuple(lines)


def _parcels(parcels: Iterable[Parcel]) -> tuple[Parcel, ...]:
    return tuple(parcels)


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


# What is to be sent.
@frozen
class Parcel:
    """What leaves one location together: grams, cubic millimetres, units, and what they are worth before promotions (minor units).

    `origin` is the location, as `Policy.locations` names it.
    """

    weight: int = 0
    volume: int = 0
    units: int = 1
    worth: int = 0
    origin: str = ""


@frozen
class Shipment:
    """What a way to send is asked about: where to, the parcels, and the currency that it is to be priced in."""

    destination: Destination
    currency: str
    parcels: tuple[Parcel, ...] = field(converter=_parcels)


# The table.
@frozen
class Band:
    """The price of parcels up to a limit, the limit included: one price a currency (give a sequence of `Money`).

    `up_to`: grams, or units, as the zone measures; None is no limit. `worth`: by currency, in a zone that goes by worth.
    """

    up_to: int | None
    prices: Mapping[str, Money] = field(converter=_prices, hash=False)
    worth: Mapping[str, Money] = field(default=(), converter=_prices, hash=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.up_to is not None and (type(self.up_to) is not int or self.up_to < 0):
            raise ValueError(f"A weight band ends at a whole number of grams, not at {self.up_to!r}.")
        if self.up_to is not None and self.worth:
            raise ValueError("A band has one limit: grams, units or a worth.")


@frozen
class Zone:
    """Countries, or regions or postcodes of one country, that share bands. Bands go from light to heavy; the last is the limit.

    - `postcodes`: such as `10115`, `BT*` or `10000..14199` (`postcodes.Postcodes`). A zone with postcodes goes before one without.
    - `origins`: the locations it sends from; None is all.
    - `by`: what its bands measure. `divisor`: for `volumetric`, the cubic centimetres that count as a kilogram.
    - `days`: how many business days a parcel takes to get there, the fewest and the most; None is not promised. `calendar`: which days
      those are.
    """

    countries: frozenset[str] = field(converter=_codes)
    bands: tuple[Band, ...] = field(converter=_bands)
    regions: frozenset[str] | None = field(default=None, converter=_codes_or_none, kw_only=True)
    days: tuple[int, int] | None = field(default=None, converter=as_days, kw_only=True)
    postcodes: Postcodes | None = field(default=None, converter=_postcodes, kw_only=True)
    origins: frozenset[str] | None = field(default=None, converter=_codes_or_none, kw_only=True)
    by: Measure = field(default="weight", kw_only=True)
    divisor: int = field(default=DIVISOR, kw_only=True)
    calendar: Calendar = field(default=Calendar(), kw_only=True)

    def __attrs_post_init__(self) -> None:
        unknown = sorted(self.countries - COUNTRIES)
        if unknown or not self.countries:
            raise ValueError(f"A zone needs ISO 3166-1 countries such as DE; got {', '.join(unknown) or 'none'}.")
        if self.regions is not None and (len(self.countries) != 1 or not self.regions):
            raise ValueError("Regions belong to one country. Give a zone with regions exactly one country and at least one region.")
        if self.postcodes is not None and len(self.countries) != 1:
            raise ValueError("Postcodes belong to one country. Give a zone with postcodes exactly one country.")
        if self.origins is not None and not self.origins:
            raise ValueError("A zone that names origins needs at least one location. Leave origins out to send from all.")
        if self.by not in get_args(Measure):
            raise ValueError(f"Bands go by {', '.join(get_args(Measure))}, not by {self.by!r:.20}.")
        if type(self.divisor) is not int or self.divisor < 1:
            raise ValueError(f"A divisor is a number of cubic centimetres to a kilogram, such as {DIVISOR}, not {self.divisor!r:.20}.")
        _in_order(self)

    def covers(self, destination: Destination, origin: str = "") -> bool:
        """Whether a parcel from there to that place is of this zone. A place without region, or postcode, is of no zone that names some."""
        if destination.country not in self.countries or not (self.origins is None or origin in self.origins):
            return False
        if self.postcodes is not None and not (destination.postcode and self.postcodes.has(destination.postcode)):
            return False
        return self.regions is None or destination.region in self.regions

    def overlaps(self, other: Zone) -> bool:
        """Whether some parcel is of both, so that neither goes before the other."""
        if not self.countries & other.countries or (self.postcodes is None) != (other.postcodes is None):
            return False
        if self.origins is not None and other.origins is not None and not self.origins & other.origins:
            return False
        if self.postcodes is not None and other.postcodes is not None and not self.postcodes.overlaps(other.postcodes):
            return False
        return self.regions is None or other.regions is None or bool(self.regions & other.regions)

    def measured(self, parcel: Parcel) -> int:
        """What its bands look at: billed grams, units or minor units."""
        match self.by:
            case "weight":
                return parcel.weight
            case "volumetric":
                return max(parcel.weight, -(-parcel.volume // self.divisor))
            case "units":
                return parcel.units
            case "worth":
                return parcel.worth


def _in_order(zone: Zone) -> None:
    """Raises ValueError unless each band ends higher than the one before; only the last may have no end."""
    if zone.by != "worth":
        if any(band.worth for band in zone.bands):
            raise ValueError('A band that ends at a worth belongs into a zone that goes by worth. Say by = "worth", or give up_to.')
        limits = [band.up_to for band in zone.bands]
        ends = [limit for limit in limits if limit is not None]
        if not limits or None in limits[:-1] or any(low >= high for low, high in pairwise(ends)):
            raise ValueError(f"Weight bands go from light to heavy, each ending higher than the one before; got {limits}.")
        return
    if not zone.bands or any(band.up_to is not None for band in zone.bands) or any(not band.worth for band in zone.bands[:-1]):
        raise ValueError("In a zone that goes by worth each band but the last ends at a worth, by currency.")
    for low, high in pairwise([band.worth for band in zone.bands if band.worth]):
        if set(low) != set(high):
            raise ValueError("The bands of a zone end at amounts in the same currencies.")
        if any(low[currency].minor >= high[currency].minor for currency in low):
            raise ValueError("Bands by worth go from little to much, each ending higher than the one before.")


@frozen
class PickupPoint:
    """A place where a parcel waits for the shopper: a shop, a locker. `lines` are its address as it is shown; it is nobody's home.

    `destination` is where that is: what is fetched there is priced and taxed as sent there.
    """

    id: str
    name: str
    lines: tuple[str, ...] = field(converter=_texts)
    destination: Destination

    def __attrs_post_init__(self) -> None:
        if not self.id or "/" in self.id or not self.name:
            raise ValueError("A pickup point has a name, and an id without a slash.")


@frozen
class ShippingMethod:
    """One way to send, as the shop offers it. `tax_category` says how carriage is taxed.

    - `parcels`: what several parcels cost. `together`: what one would that has everything in it and leaves where the first does; `each`:
      every one its own price.
    - With `points` the goods are fetched there: each point in the shopper's country is an option of its own, called `method/point`.
    """

    id: str
    name: str
    zones: tuple[Zone, ...] = field(converter=_zones)
    tax_category: str = "standard"
    parcels: Together = field(default="together", kw_only=True)
    points: tuple[PickupPoint, ...] = field(default=(), converter=_points, kw_only=True)

    def __attrs_post_init__(self) -> None:
        if self.parcels not in get_args(Together):
            raise ValueError(f"Parcels are paid {' or '.join(get_args(Together))}, not {self.parcels!r:.20}.")
        for i, zone in enumerate(self.zones):
            if any(zone.overlaps(other) for other in self.zones[:i]):
                raise ValueError(f"Two zones of the method {self.id} overlap, so a place would have two prices. Make them disjoint.")
        if len({point.id for point in self.points}) != len(self.points):
            raise ValueError(f"Two pickup points of the method {self.id} have one id. Name them apart.")


@frozen
class Leg:
    """The way of one parcel of several: where it leaves, its days, and what it costs (minor units); None if all are paid together."""

    origin: str
    price: int | None = None
    days: tuple[int, int] | None = None
    calendar: Calendar = Calendar()


@frozen
class RateSource:
    """Who says what carriage costs: a carrier; or, not `answered`, the shop's own table while that carrier is away."""

    carrier: str
    answered: bool = True


@frozen
class CarrierRate:
    """What a carrier asks for one of its services, for all parcels of a shipment together.

    `days`: business days on the way, the fewest and the most, None if it does not say. `until`: the price holds so long (UTC). Raises
    ValueError for a price below zero, or a time that is not in UTC.
    """

    service: str
    price: Money
    days: tuple[int, int] | None = field(default=None, converter=as_days)
    until: datetime | None = None

    def __attrs_post_init__(self) -> None:
        if self.price.minor < 0:
            raise ValueError(f"A rate is not below zero: {self.price}.")
        if self.until is not None and self.until.utcoffset() != timedelta(0):
            raise ValueError(f"{self.until.isoformat()} is not in UTC. Give a time in UTC, with its time zone.")


@frozen
class ShippingOption:
    """A method that goes there, with its price for these parcels, and the business days it takes (fewest, most) if that is known.

    - `days`, by `calendar`, and the `arrival` are for display: a quote freezes what is paid, and a date that slips is no other price.
    - `legs`: of several parcels each, in their order; their prices add up to the price.
    - `until`: the price holds so long (UTC), and with it the quote; None is as long as the quote.
    - `point`: where the goods are fetched. `source`: who says the price; None is the shop's own table.
    """

    id: str
    name: str
    price: Money
    tax_category: str = "standard"
    days: tuple[int, int] | None = field(default=None, converter=as_days)
    calendar: Calendar = field(default=Calendar(), kw_only=True)
    arrival: Arrival | None = field(default=None, kw_only=True)
    legs: tuple[Leg, ...] = field(default=(), kw_only=True)
    until: datetime | None = field(default=None, kw_only=True)
    point: PickupPoint | None = field(default=None, kw_only=True)
    source: RateSource | None = field(default=None, kw_only=True)


@frozen
class ShippingTable:
    """All methods of a shop, in the order they are shown."""

    methods: tuple[ShippingMethod, ...] = field(default=(), converter=_methods)

    def __attrs_post_init__(self) -> None:
        if len({method.id for method in self.methods}) != len(self.methods):
            raise ValueError("Two shipping methods have one id. Name them apart.")

    def options(self, shipment: Shipment) -> tuple[ShippingOption | Refused, ...]:
        """For each method, in order: the option, or why not; for one with pickup points an option each, the nearest first.

        The subject of a refusal is the id of its method.
        """
        found: list[ShippingOption | Refused] = []
        for method in self.methods:
            found += _fetched(method, shipment) if method.points else [_offer(method, shipment, method.id)]
        return tuple(found)


def _fetched(method: ShippingMethod, shipment: Shipment) -> list[ShippingOption | Refused]:
    """An option for each point in the shopper's country, those whose postcode is most like the shopper's first."""
    home = shipment.destination
    points = [point for point in method.points if point.destination.country == home.country]
    if not points:
        return [Refused("not-shipped-there", method.id, home.country)]
    found = []
    for point in sorted(points, key=lambda point: -near(point.destination.postcode, home.postcode)):
        offer = _offer(method, evolve(shipment, destination=point.destination), f"{method.id}/{point.id}")
        found.append(evolve(offer, name=f"{method.name}: {point.name}", point=point) if isinstance(offer, ShippingOption) else offer)
    return found


def _offer(method: ShippingMethod, shipment: Shipment, id: str) -> ShippingOption | Refused:
    """The option for all parcels, or why one of them does not go."""
    zones = list[Zone]()
    for parcel in shipment.parcels:
        zone = _zone_of(method, shipment.destination, parcel.origin, id)
        if isinstance(zone, Refused):
            return zone
        zones.append(zone)
    each = method.parcels == "each"
    paid = shipment.parcels if each else (_whole(shipment.parcels),)
    prices = list[Money]()
    for zone, parcel in zip(zones, paid, strict=False):
        price = _price(zone, parcel, shipment.currency, id)
        if isinstance(price, Refused):
            return price
        prices.append(price)
    total = Money(sum([price.minor for price in prices]), shipment.currency)
    if len(zones) == 1:
        return ShippingOption(id, method.name, total, method.tax_category, zones[0].days, calendar=zones[0].calendar)
    shares = [price.minor for price in prices] if each else [None] * len(zones)
    legs = [Leg(parcel.origin, share, z.days, z.calendar) for parcel, share, z in zip(shipment.parcels, shares, zones, strict=True)]
    days = [zone.days for zone in zones if zone.days is not None]
    slowest = (max(few for few, _ in days), max(most for _, most in days)) if len(days) == len(zones) else None
    return ShippingOption(id, method.name, total, method.tax_category, slowest, legs=tuple(legs))


def _whole(parcels: Sequence[Parcel]) -> Parcel:
    """One parcel with everything in it, which leaves where the first does."""
    weight, volume, units, worth = (sum([getattr(one, name) for one in parcels]) for name in ("weight", "volume", "units", "worth"))
    return Parcel(weight, volume, units, worth, parcels[0].origin)


def _zone_of(method: ShippingMethod, to: Destination, origin: str, id: str) -> Zone | Refused:
    zone = _zone(method, to, origin)
    if zone is None:
        if any(to.country in zone.countries for zone in method.zones) and _zone(method, to, None) is not None:
            return Refused("not-shipped-from", id, origin)
        return Refused("not-shipped-there", id, to.country)
    if zone.postcodes is None and not to.postcode and _asks_postcode(method, to, origin):
        return Refused("needs-postcode", id, to.country)
    return zone


def _price(zone: Zone, parcel: Parcel, currency: str, id: str) -> Money | Refused:
    size = zone.measured(parcel)
    band = next((band for band in zone.bands if _holds(band, zone, size, currency)), None)
    if band is None:
        return _too_much(zone, id, size, currency)
    price = band.prices.get(currency)
    return Refused("no-price", id, currency) if price is None else price


def _zone(method: ShippingMethod, to: Destination, origin: str | None) -> Zone | None:
    """The zone of a parcel from there (None: from anywhere), one with postcodes before one without."""
    found = [zone for zone in method.zones if zone.covers(to, next(iter(zone.origins or ("",))) if origin is None else origin)]
    return min(found, key=lambda zone: zone.postcodes is None, default=None)


def _asks_postcode(method: ShippingMethod, to: Destination, origin: str) -> bool:
    """Whether the price to that country depends on a postcode."""
    asking = [zone for zone in method.zones if zone.postcodes is not None and to.country in zone.countries]
    return any(zone.origins is None or origin in zone.origins for zone in asking)


def _holds(band: Band, zone: Zone, size: int, currency: str) -> bool:
    if zone.by != "worth":
        return band.up_to is None or size <= band.up_to
    return not band.worth or (currency in band.worth and size <= band.worth[currency].minor)


def _too_much(zone: Zone, id: str, size: int, currency: str) -> Refused:
    last = zone.bands[-1]
    match zone.by:
        case "units":
            return Refused("too-many-units", id, str(size), limit=last.up_to)
        case "worth" if currency not in last.worth:
            return Refused("no-price", id, currency)
        case "worth":
            worth = Money(size, currency)
            return Refused("worth-too-much", id, str(worth), missing=worth - last.worth[currency])
        case _:
            return Refused("too-heavy", id, str(size), limit=last.up_to)


# With what the shop knows.
def with_arrivals(
    offers: Iterable[ShippingOption | Refused], parcels: Sequence[Parcel], places: Mapping[str, Dispatch], now: datetime
) -> tuple[ShippingOption | Refused, ...]:
    """The offers with the days of arrival, where it is known how every location sends and how long each parcel is on the way."""
    sending = [places.get(parcel.origin) for parcel in parcels]
    known = [place for place in sending if place is not None]
    if not known or len(known) < len(sending):
        return tuple(offers)
    return tuple([offer if isinstance(offer, Refused) else _arriving(offer, known, now) for offer in offers])


def _arriving(offer: ShippingOption, places: Sequence[Dispatch], now: datetime) -> ShippingOption:
    if offer.days is None or offer.arrival is not None:
        return offer
    if len(offer.legs) == len(places):
        ways = [(place, leg.days or offer.days, leg.calendar) for place, leg in zip(places, offer.legs, strict=True)]
    else:
        ways = [(place, offer.days, offer.calendar) for place in places]
    return evolve(offer, arrival=last_of([arrival(place, days, way, now) for place, days, way in ways]))


def chosen_of(offers: Iterable[ShippingOption | Refused], id: str | None) -> ShippingOption | None:
    """The way that was chosen, if it is offered."""
    return next((offer for offer in offers if isinstance(offer, ShippingOption) and offer.id == id), None)


def handed_over(offers: Iterable[ShippingOption | Refused], id: str | None, home: Destination) -> Destination:
    """Where the shopper gets the goods: at the pickup point, if one is chosen, else at home. Prices and taxes are those of that place."""
    option = chosen_of(offers, id)
    return home if option is None or option.point is None else option.point.destination
