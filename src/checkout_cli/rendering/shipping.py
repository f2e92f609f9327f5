"""Ways to send goods: what each costs, when it arrives, or why it does not go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from rich.console import RenderableType

from checkout_cli.exits import reason_data
from checkout_cli.rendering.facts import money_data, time_data, time_words
from checkout_cli.rendering.tables import cell, heading, note, table
from checkout_core.arrivals import Arrival
from checkout_core.customers import Destination
from checkout_core.money import Money
from checkout_core.refusals import Refused
from checkout_core.shipping import Parcel, ShippingOption

Offers = Sequence[ShippingOption | Refused]


def ways_data(place: Destination, parcels: Sequence[Parcel], offers: Offers) -> dict[str, object]:
    """All of it as data; weights in grams, volumes in cubic millimetres, worths in minor units."""
    return {
        "to": {"country": place.country, "region": place.region, "postcode": place.postcode},
        "parcels": [
            {"origin": one.origin, "weight": one.weight, "volume": one.volume, "units": one.units, "worth": one.worth} for one in parcels
        ],
        "options": [_option_data(offer) for offer in offers if isinstance(offer, ShippingOption)],
        "refused": [reason_data(offer) for offer in offers if isinstance(offer, Refused)],
    }


def _option_data(option: ShippingOption) -> dict[str, object]:
    point, currency = option.point, option.price.currency
    return {
        "method": option.id,
        "name": option.name,
        "price": money_data(option.price),
        "parts": [{"origin": leg.origin, "price": money_data(Money(leg.price, currency))} for leg in option.legs if leg.price is not None],
        "days": None if option.days is None else list(option.days),
        "arrival": arrival_data(option.arrival),
        "until": time_data(option.until),
        "source": None if option.source is None else {"carrier": option.source.carrier, "answered": option.source.answered},
        "point": None if point is None else {"id": point.id, "name": point.name, "lines": list(point.lines)},
    }


def arrival_data(arrival: Arrival | None) -> dict[str, object] | None:
    """The days of an arrival as data."""
    if arrival is None:
        return None
    return {name: getattr(arrival, name).isoformat() for name in ("leaves", "earliest", "latest")}


def arrival_words(arrival: Arrival) -> str:
    """Such as `Tue 1 Dec – Thu 3 Dec, leaves Mon 30 Nov`."""
    return f"{_between(arrival)}, leaves {_day(arrival.leaves)}"


def _between(arrival: Arrival) -> str:
    first, last = _day(arrival.earliest), _day(arrival.latest)
    return first if first == last else f"{first} – {last}"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"


def ways_words(parcels: Sequence[Parcel], offers: Offers) -> Iterator[RenderableType]:
    """The ways that go, with the parcels; then those that do not, and why."""
    going = [offer for offer in offers if isinstance(offer, ShippingOption)]
    if going:
        held = any(option.until for option in going)
        yield table(
            ("method", "name", "price", "leaves", "arrives", *(("holds until",) if held else ())),
            [
                (
                    *(o.id, o.name, str(o.price), _day(o.arrival.leaves) if o.arrival else cell("", "dim"), _when(o)),
                    *((time_words(o.until) if o.until else "as long as the quote",) if held else ()),
                )
                for o in going
            ],
            right=("price",),
            keep=("method", "leaves"),
            spare=("name", "holds until", "leaves"),
        )
    for offer in offers:
        if isinstance(offer, Refused):
            yield cell(f"✗ {offer}", "yellow")
    if not offers:
        yield note("This shop has no ways to send. Describe them in shipping.toml, and load it.")
    yield heading("What is sent")
    yield table(
        ("from", "grams", "volume", "units"),
        [(one.origin, one.weight, f"{one.volume / 1e6:.1f} l" if one.volume else cell("", "dim"), one.units) for one in parcels],
        right=("grams", "volume", "units"),
    )
    for option in going:
        paid = [(leg.origin, Money(leg.price, option.price.currency)) for leg in option.legs if leg.price is not None]
        if paid:
            shares = " + ".join(f"{price} from {origin}" for origin, price in paid)
            yield note(f"{option.id}: {shares}")


def _when(option: ShippingOption) -> str:
    if option.arrival is not None:
        return _between(option.arrival)
    if option.days is None:
        return "not promised"
    few, most = option.days
    if most == 0:
        return "the same business day"
    return f"{few if few == most else f'{few}–{most}'} business day{'' if most == 1 else 's'}"
