"""Shipping: what each method costs, or why it is not offered; mistakes in the table are found when it is made."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout_core.customers import Destination
from checkout_core.money import Money
from checkout_core.refusals import Refused
from checkout_core.shipping import Band, Parcel, Shipment, ShippingMethod, ShippingOption, ShippingTable, Zone


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


PARCEL = ShippingMethod(
    "parcel",
    "Parcel",
    (
        Zone({"DE"}, (Band(2000, [eur(490), Money(590, "USD")]), Band(10_000, [eur(990)]))),
        Zone({"AT", "FR"}, (Band(2000, [eur(1490)]),)),
    ),
    tax_category="carriage",
)
ALASKA = ShippingMethod("air", "Air", (Zone({"US"}, (Band(500, [eur(3000)]),), regions={"AK", "HI"}),))
TABLE = ShippingTable((PARCEL, ALASKA))


def test_every_method_answers() -> None:
    """Each method, in order, is an option with its price or a refusal whose subject is the method."""
    assert TABLE.options(Shipment(Destination("DE"), "EUR", [Parcel(1500)])) == (
        ShippingOption("parcel", "Parcel", eur(490), "carriage"),
        Refused("not-shipped-there", "air", "DE"),
    )


@pytest.mark.parametrize(("weight", "minor"), [(0, 490), (2000, 490), (2001, 990), (10_000, 990)])
def test_a_band_ends_at_its_limit(weight: int, minor: int) -> None:
    """The limit of a band belongs to it; one gram more is the next band."""
    option = TABLE.options(Shipment(Destination("DE"), "EUR", [Parcel(weight)]))[0]
    assert isinstance(option, ShippingOption)
    assert option.price == eur(minor)


def test_too_heavy_says_the_limit() -> None:
    """Too heavy a parcel is refused with the limit of that place and the weight."""
    assert TABLE.options(Shipment(Destination("AT"), "EUR", [Parcel(2001)]))[0] == Refused("too-heavy", "parcel", "2001", limit=2000)


def test_no_price_in_a_currency_is_no_option() -> None:
    """A price is never converted: the band without a price in that currency refuses."""
    assert isinstance(TABLE.options(Shipment(Destination("DE"), "USD", [Parcel(100)]))[0], ShippingOption)
    assert TABLE.options(Shipment(Destination("DE"), "USD", [Parcel(3000)]))[0] == Refused("no-price", "parcel", "USD")


@pytest.mark.parametrize(("region", "there"), [("AK", True), ("NY", False), (None, False)])
def test_regions(region: str | None, there: bool) -> None:
    """A zone with regions covers those and no other; a destination without region lies in none of them."""
    assert isinstance(TABLE.options(Shipment(Destination("US", region), "EUR", [Parcel(500)]))[1], ShippingOption) is there


def test_an_option_says_how_long_it_takes() -> None:
    """The business days of the zone, fewest and most, come with the offer; a zone that promises none leaves them open."""
    method = ShippingMethod("m", "M", (Zone({"DE"}, CHEAP, days=(2, 3)), Zone({"AT"}, CHEAP)))
    table = ShippingTable((method,))
    assert table.options(Shipment(Destination("DE"), "EUR", [Parcel(1)])) == (ShippingOption("m", "M", Money(1, "EUR"), days=(2, 3)),)
    assert table.options(Shipment(Destination("AT"), "EUR", [Parcel(1)])) == (ShippingOption("m", "M", Money(1, "EUR")),)


CHEAP = (Band(100, [Money(1, "EUR")]),)


@pytest.mark.parametrize(
    ("mistake", "words"),
    [
        (lambda: ShippingMethod("m", "M", (Zone({"DE", "AT"}, CHEAP), Zone({"AT"}, CHEAP))), "overlap"),
        (lambda: ShippingMethod("m", "M", (Zone({"US"}, CHEAP), Zone({"US"}, CHEAP, regions={"HI"}))), "overlap"),
        (lambda: Zone({"DE"}, (Band(200, []), Band(100, []))), "light to heavy"),
        (lambda: Zone({"DE"}, (Band(100, []), Band(100, []))), "light to heavy"),
        (lambda: Zone({"DE"}, ()), "light to heavy"),
        (lambda: Zone({"XX"}, CHEAP), "XX"),
        (lambda: Zone((), CHEAP), "none"),
        (lambda: Zone({"US", "CA"}, CHEAP, regions={"ON"}), "one country"),
        (lambda: Zone({"US"}, CHEAP, regions=()), "at least one region"),
        (lambda: Zone({"DE"}, CHEAP, days=(3, 2)), "business days"),
        (lambda: Zone({"DE"}, CHEAP, days=(-1, 2)), "business days"),
        (lambda: Zone({"DE"}, CHEAP, days=(True, 2)), "business days"),
        (lambda: Zone({"DE"}, CHEAP, days=(1,)), "business days"),
        (lambda: ShippingOption("m", "M", eur(1), days=(2, 1)), "business days"),
        (lambda: Band(-1, []), "whole number of grams"),
        (lambda: Band(True, []), "whole number of grams"),
        (lambda: Band(1, [Money(-1, "EUR")]), "negative"),
        (lambda: Band(1, [Money(1, "EUR"), Money(2, "EUR")]), "two amounts"),
        (lambda: Band(1, {"USD": Money(1, "EUR")}), "filed under"),
        (lambda: ShippingTable((ALASKA, ALASKA)), "one id"),
    ],
)
def test_mistakes_are_found_at_once(mistake: Callable[[], object], words: str) -> None:
    """A table that contradicts itself cannot be made."""
    with pytest.raises(ValueError, match=words):
        mistake()


def test_a_text_is_no_list_of_countries() -> None:
    """ "DE" given where a list belongs is not the countries D and E."""
    with pytest.raises(TypeError, match="list of codes"):
        Zone("DE", CHEAP)


def test_disjoint_regions_share_a_country() -> None:
    """Regions of one country may have their own zones, as long as no place lies in two."""
    method = ShippingMethod("m", "M", (Zone({"US"}, CHEAP, regions={"HI"}), Zone({"US"}, CHEAP, regions={"AK"})))
    assert isinstance(ShippingTable((method,)).options(Shipment(Destination("US", "AK"), "EUR", [Parcel(1)]))[0], ShippingOption)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=6, unique=True).map(sorted), st.integers(0, 6000))
def test_the_lightest_band_that_carries(limits: list[int], weight: int) -> None:
    """A parcel costs what the first band that can carry it says, and more than the last band carries is too heavy."""
    bands = tuple(Band(limit, [eur(limit)]) for limit in limits)
    table = ShippingTable((ShippingMethod("m", "M", (Zone({"DE"}, bands),)),))
    answer = table.options(Shipment(Destination("DE"), "EUR", [Parcel(weight)]))[0]
    able = [limit for limit in limits if weight <= limit]
    if able:
        assert answer == ShippingOption("m", "M", eur(min(able)))
    else:
        assert answer == Refused("too-heavy", "m", str(weight), limit=max(limits))
