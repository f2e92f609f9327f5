"""What a way to send costs: by postcode, volume, units and worth; from where; in several parcels; and fetched at a point."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.arrivals import Arrival, Calendar, Dispatch
from checkout_core.customers import Destination
from checkout_core.money import Money
from checkout_core.refusals import Refused
from checkout_core.shipping import (
    Band,
    Leg,
    Parcel,
    PickupPoint,
    Shipment,
    ShippingMethod,
    ShippingOption,
    ShippingTable,
    Zone,
    with_arrivals,
)
from tests.world import eur

CHEAP, DEAR = (Band(100, [eur(100)]),), (Band(100, [eur(900)]),)
COLOUR: Any = {"by": "colour"}
FRIDAY = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


def offer(
    *zones: Zone, to: Destination, parcels: tuple[Parcel, ...] = (Parcel(1),), currency: str = "EUR", paid: Any = "each"
) -> ShippingOption | Refused:
    (found,) = ShippingTable([ShippingMethod("m", "M", zones, parcels=paid)]).options(Shipment(to, currency, parcels))
    return found


def price(*zones: Zone, to: Destination, parcels: tuple[Parcel, ...] = (Parcel(1),)) -> int:
    found = offer(*zones, to=to, parcels=parcels)
    assert isinstance(found, ShippingOption)
    return found.price.minor


# Postcodes.
ISLANDS, MAINLAND = Zone({"DE"}, DEAR, postcodes=["25938..25999", "27498"]), Zone({"DE"}, CHEAP)


@pytest.mark.parametrize("zones", [(ISLANDS, MAINLAND), (MAINLAND, ISLANDS)])
def test_a_zone_with_postcodes_goes_before_the_rest_of_its_country(zones: tuple[Zone, ...]) -> None:
    assert price(*zones, to=Destination("DE", None, "25980")) == 900
    assert price(*zones, to=Destination("DE", None, "27498")) == 900
    assert price(*zones, to=Destination("DE", None, "10115")) == 100


def test_without_a_postcode_a_price_that_depends_on_it_is_not_guessed() -> None:
    assert offer(ISLANDS, MAINLAND, to=Destination("DE")) == Refused("needs-postcode", "m", "DE")
    assert price(MAINLAND, to=Destination("DE")) == 100
    assert price(ISLANDS, Zone({"FR"}, CHEAP), to=Destination("FR")) == 100


def test_where_only_some_postcodes_are_served_the_others_are_not() -> None:
    assert offer(ISLANDS, to=Destination("DE", None, "10115")) == Refused("not-shipped-there", "m", "DE")


# What bands go by.
def test_a_large_light_parcel_is_billed_by_its_volume() -> None:
    """40 × 30 × 20 cm are 24,000 cm³: at 5,000 to the kilogram 4.8 kg, whatever the scales say; a started gram counts."""
    zone = Zone({"DE"}, [Band(4_799, [eur(1)]), Band(4_800, [eur(2)]), Band(4_801, [eur(3)]), Band(9_000, [eur(4)])], by="volumetric")
    pillow = 400 * 300 * 200
    assert price(zone, to=Destination("DE"), parcels=(Parcel(500, pillow),)) == 2
    assert price(zone, to=Destination("DE"), parcels=(Parcel(500, pillow + 1),)) == 3
    assert price(zone, to=Destination("DE"), parcels=(Parcel(8_000, pillow),)) == 4
    assert offer(zone, to=Destination("DE"), parcels=(Parcel(1, 50_000_000),)) == Refused("too-heavy", "m", "10000", limit=9_000)


def test_the_divisor_is_the_carriers() -> None:
    zone = Zone({"DE"}, [Band(4_000, [eur(1)]), Band(None, [eur(2)])], by="volumetric", divisor=6_000)
    assert price(zone, to=Destination("DE"), parcels=(Parcel(1, 24_000_000),)) == 1
    assert price(zone, to=Destination("DE"), parcels=(Parcel(1, 24_000_001),)) == 2


def test_bands_by_units() -> None:
    zone = Zone({"DE"}, [Band(1, [eur(300)]), Band(6, [eur(500)])], by="units")
    assert [price(zone, to=Destination("DE"), parcels=(Parcel(units=n),)) for n in (1, 2, 6)] == [300, 500, 500]
    assert offer(zone, to=Destination("DE"), parcels=(Parcel(units=7),)) == Refused("too-many-units", "m", "7", limit=6)


def test_bands_by_what_the_goods_are_worth() -> None:
    """In each currency by its own amounts; the last band may have no end."""
    bands = [Band(None, [eur(490), Money(590, "USD")], worth=[eur(5_000), Money(5_500, "USD")]), Band(None, [eur(0), Money(0, "USD")])]
    zone = Zone({"DE"}, bands, by="worth")
    assert price(zone, to=Destination("DE"), parcels=(Parcel(worth=5_000),)) == 490
    assert price(zone, to=Destination("DE"), parcels=(Parcel(worth=5_001),)) == 0
    dollars = offer(zone, to=Destination("DE"), parcels=(Parcel(worth=5_001),), currency="USD")
    assert isinstance(dollars, ShippingOption)
    assert dollars.price == Money(590, "USD")


def test_goods_worth_too_much_are_told_by_how_much() -> None:
    zone = Zone({"DE"}, [Band(None, [eur(490)], worth=[eur(5_000)])], by="worth")
    found = offer(zone, to=Destination("DE"), parcels=(Parcel(worth=5_410),))
    assert found == Refused("worth-too-much", "m", "54.10 EUR", missing=eur(410))
    assert offer(zone, to=Destination("DE"), currency="USD") == Refused("no-price", "m", "USD")


# Several parcels.
BERLIN, DUBLIN = Parcel(50, origin="berlin"), Parcel(80, origin="dublin")
FROM_BERLIN = Zone({"FR"}, CHEAP, origins=["berlin"], days=(1, 2))
FROM_DUBLIN = Zone({"FR"}, DEAR, origins=["dublin"], days=(3, 5), calendar=Calendar(holidays=[date(2026, 12, 2)]))


def test_each_parcel_has_the_price_of_where_it_leaves_and_they_add_up() -> None:
    found = offer(FROM_BERLIN, FROM_DUBLIN, to=Destination("FR"), parcels=(BERLIN, DUBLIN))
    assert found == ShippingOption(
        "m",
        "M",
        eur(1000),
        days=(3, 5),
        legs=(Leg("berlin", 100, (1, 2)), Leg("dublin", 900, (3, 5), FROM_DUBLIN.calendar)),
    )
    assert price(FROM_BERLIN, FROM_DUBLIN, to=Destination("FR"), parcels=(DUBLIN,)) == 900


@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from(["berlin", "dublin"])), min_size=1, max_size=4))
def test_the_price_is_the_sum_of_its_parcels(drawn: list[tuple[int, str]]) -> None:
    parcels = tuple([Parcel(weight, origin=origin) for weight, origin in drawn])
    whole = price(FROM_BERLIN, FROM_DUBLIN, to=Destination("FR"), parcels=parcels)
    assert whole == sum([price(FROM_BERLIN, FROM_DUBLIN, to=Destination("FR"), parcels=(each,)) for each in parcels])


def test_parcels_that_are_paid_together_cost_what_one_would() -> None:
    """All that they weigh, by the zone of the first location; and each of them has its own days."""
    found = offer(FROM_BERLIN, FROM_DUBLIN, to=Destination("FR"), parcels=(BERLIN, Parcel(50, origin="dublin")), paid="together")
    assert found == ShippingOption(
        "m", "M", eur(100), days=(3, 5), legs=(Leg("berlin", None, (1, 2)), Leg("dublin", None, (3, 5), FROM_DUBLIN.calendar))
    )
    heavy = offer(FROM_BERLIN, FROM_DUBLIN, to=Destination("FR"), parcels=(BERLIN, DUBLIN), paid="together")
    assert heavy == Refused("too-heavy", "m", "130", limit=100)


def test_a_method_that_does_not_start_where_the_goods_are_says_so() -> None:
    assert offer(FROM_BERLIN, to=Destination("FR"), parcels=(BERLIN, DUBLIN)) == Refused("not-shipped-from", "m", "dublin")
    assert offer(FROM_BERLIN, to=Destination("IE"), parcels=(DUBLIN,)) == Refused("not-shipped-there", "m", "IE")


def test_all_is_there_when_the_slowest_parcel_is() -> None:
    """Dublin packs a day longer, its way is longer, and it knows a holiday."""
    places = {"berlin": Dispatch("Europe/Berlin", "14:00"), "dublin": Dispatch("Europe/Dublin", "14:00", 1)}
    found = offer(FROM_BERLIN, FROM_DUBLIN, to=Destination("FR"), parcels=(BERLIN, DUBLIN))
    (timed,) = with_arrivals([found], (BERLIN, DUBLIN), places, FRIDAY)
    assert isinstance(timed, ShippingOption)
    assert timed.arrival == Arrival(date(2026, 11, 30), date(2026, 12, 4), date(2026, 12, 8))


def test_what_nobody_promises_has_no_day() -> None:
    """Without days on the way, without a word on how a location sends, or where the host has said a day itself."""
    places = {"berlin": Dispatch("Europe/Berlin")}
    plain = offer(Zone({"FR"}, CHEAP), to=Destination("FR"), parcels=(BERLIN,))
    timed = offer(FROM_BERLIN, to=Destination("FR"), parcels=(BERLIN,))
    assert with_arrivals([plain], (BERLIN,), places, FRIDAY) == (plain,)
    assert with_arrivals([timed], (BERLIN,), {}, FRIDAY) == (timed,)
    assert with_arrivals([Refused("too-heavy")], (BERLIN,), places, FRIDAY) == (Refused("too-heavy"),)
    said = ShippingOption("m", "M", eur(1), days=(1, 1), arrival=Arrival(date(2027, 1, 1), date(2027, 1, 1), date(2027, 1, 1)))
    assert with_arrivals([said], (BERLIN,), places, FRIDAY) == (said,)


# Pickup points.
MITTE = PickupPoint("mitte", "Shop Mitte", ["Torstraße 1", "10119 Berlin"], Destination("DE", "BE", "10119"))
SYLT = PickupPoint("sylt", "Kiosk", ["Strand 2", "25980 Sylt"], Destination("DE", "SH", "25980"))
PARIS = PickupPoint("paris", "Boutique", ["Rue 3"], Destination("FR", None, "75001"))
PICKUP = ShippingMethod("pickup", "Fetch it", [ISLANDS, MAINLAND, Zone({"FR"}, CHEAP)], points=[SYLT, MITTE, PARIS])


def test_each_point_of_the_country_is_an_option_and_the_nearest_comes_first() -> None:
    found = ShippingTable([PICKUP]).options(Shipment(Destination("DE", None, "10115"), "EUR", [Parcel(1)]))
    assert [(one.id, one.name, one.price.minor, one.point) for one in found if isinstance(one, ShippingOption)] == [
        ("pickup/mitte", "Fetch it: Shop Mitte", 100, MITTE),
        ("pickup/sylt", "Fetch it: Kiosk", 900, SYLT),
    ]


def test_where_there_is_no_point_nothing_is_fetched() -> None:
    (found,) = ShippingTable([PICKUP]).options(Shipment(Destination("IE"), "EUR", [Parcel(1)]))
    assert found == Refused("not-shipped-there", "pickup", "IE")


def test_a_parcel_too_heavy_for_a_point_is_told_for_that_point() -> None:
    (found,) = ShippingTable([PICKUP]).options(Shipment(Destination("FR"), "EUR", [Parcel(101)]))
    assert found == Refused("too-heavy", "pickup/paris", "101", limit=100)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: Zone({"DE", "FR"}, CHEAP, postcodes=["1*"]), "one country"),
        (lambda: Zone({"DE"}, CHEAP, postcodes=[]), "no postcode"),
        (lambda: Zone({"DE"}, CHEAP, origins=[]), "at least one location"),
        (lambda: Zone({"DE"}, CHEAP, **COLOUR), "colour"),
        (lambda: Zone({"DE"}, CHEAP, by="volumetric", divisor=0), "divisor"),
        (lambda: Zone({"DE"}, CHEAP, by="worth"), "ends at a worth"),
        (lambda: Zone({"DE"}, [], by="worth"), "ends at a worth"),
        (lambda: Zone({"DE"}, [Band(None, [eur(1)], worth=[eur(5)])]), "goes by worth"),
        (lambda: Zone({"DE"}, [Band(None, [eur(1)]), Band(5, [eur(2)])]), "light to heavy"),
        (lambda: Zone({"DE"}, [Band(None, [], worth=[eur(5)]), Band(None, [], worth=[eur(5)])], by="worth"), "little to much"),
        (lambda: Zone({"DE"}, [Band(None, [], worth=[eur(5)]), Band(None, [], worth=[Money(6, "USD")])], by="worth"), "same currencies"),
        (lambda: Band(5, [eur(1)], worth=[eur(5)]), "one limit"),
        (lambda: ShippingMethod("m", "M", [ISLANDS, Zone({"DE"}, CHEAP, postcodes=["27*"])]), "overlap"),
        (lambda: ShippingMethod("m", "M", [FROM_BERLIN, Zone({"FR"}, CHEAP, origins=["berlin", "oslo"])]), "overlap"),
        (lambda: ShippingMethod("m", "M", [MAINLAND], points=[MITTE, MITTE]), "one id"),
        (lambda: ShippingMethod("m", "M", [MAINLAND], parcels="never"), "together or each"),  # type: ignore[arg-type]
        (lambda: PickupPoint("a/b", "A", [], Destination("DE")), "slash"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(mistake: Callable[[], Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        mistake()


def test_zones_that_differ_by_postcode_or_origin_are_disjoint() -> None:
    ShippingMethod("m", "M", [ISLANDS, Zone({"DE"}, CHEAP, postcodes=["28*"])])
    ShippingMethod("m", "M", [FROM_BERLIN, FROM_DUBLIN])
