"""What the files of a shop say of sending: locations, zones, bands, points and sizes; read whole, and every mistake told with its place."""

from __future__ import annotations

from datetime import date

import pytest

from checkout_adapters.files import Location, read_shop
from checkout_core.arrivals import Calendar, Dispatch
from checkout_core.customers import Destination
from checkout_core.holds import Stock
from checkout_core.money import Money
from checkout_core.policy import Policy
from checkout_core.postcodes import Postcodes
from checkout_core.shipping import PickupPoint
from tests.contracts.corner_shop import PRODUCTS, SHIPPING, SHOP, Folder, mistakes, row

ONE, TWO = "methods[1].zones[1]", "methods[1].zones[2]"
POINT_TEXT = 'id = "p"\nname = "P"\nlines = []\ncountry = "DE"\n'
TWICE = f"{POINT_TEXT}[[methods.points]]\n{POINT_TEXT}"
POINT = "methods[1].points[1]"
HOLIDAYS, POINTS = SHIPPING + "\n[holidays]\n", SHIPPING + "\n[[methods.points]]\n"
SENDING = """\
zone = "Europe/Berlin"
cutoff = "15:30"
handling_days = 1
workdays = ["mon", "tue"]
holidays = [2026-12-25]
nearest = ["FR"]
"""


def test_what_is_known_of_a_location_and_of_the_way_is_read(folder: Folder) -> None:
    """And the policy of that shop has it: where goods lie, in which order they are used for whom, and how they are sent off."""
    way = (
        SHIPPING.replace('["DE", "FR"]', '["DE"]\npostcodes = ["1*"]\norigins = ["attic"]\ndivisor = 6000\nworkdays = ["sat"]')
        + '\n[[methods.points]]\nid = "p"\nname = "Point"\nlines = ["Street 1"]\ncountry = "DE"\npostcode = "10115"\n'
        + "\n[holidays]\nDE = [2026-12-24]\n"
    )
    shop = read_shop(folder(shop__toml='sourcing = "fewest"\n' + SHOP + SENDING, shipping__toml=way))
    dispatch = Dispatch("Europe/Berlin", "15:30", 1, Calendar(["mon", "tue"], [date(2026, 12, 25)]))
    assert shop.locations[1] == Location("attic", "Attic", ["FR"], dispatch)
    policy = shop.policy(Policy())
    assert (policy.locations, policy.sourcing) == (("main", "attic"), "fewest")
    assert (policy.places_for(Destination("FR")), policy.places_for(Destination("DE"))) == (("attic", "main"), ("main", "attic"))
    assert dict(policy.dispatch) == {"attic": dispatch}
    (method,) = shop.shipping.methods
    zone = method.zones[0]
    assert zone.postcodes == Postcodes(["1*"])
    assert (zone.origins, zone.by, zone.divisor) == (frozenset({"attic"}), "volumetric", 6000)
    assert zone.calendar == Calendar(["sat"], [date(2026, 12, 24)])
    assert method.points == (PickupPoint("p", "Point", ["Street 1"], Destination("DE", None, "10115")),)
    assert shop.pools([Stock("MUG", "attic"), Stock("MUG", "moon")])[Stock("MUG", "attic")].on_hand == 2


def test_bands_by_units_and_by_worth_are_read(folder: Folder) -> None:
    far = '[{ up_to = { EUR = "50.00" }, EUR = "20.00" }, { EUR = "0.00" }]'
    way = SHIPPING.replace("up_to_g = 2000", "up_to_units = 2").replace("up_to_g = 9000", "up_to_units = 9")
    zones = read_shop(folder(shipping__toml=way.replace('[{ up_to_g = 500, EUR = "20.00" }]', far))).shipping.methods[0].zones
    assert [(zone.by, [band.up_to for band in zone.bands]) for zone in zones] == [("units", [2, 9]), ("worth", [None, None])]
    assert zones[1].bands[0].worth == {"EUR": Money(5000, "EUR")}


def test_the_size_of_a_product_is_read(folder: Folder) -> None:
    head, first, *others = PRODUCTS.splitlines()
    text = "\n".join([f"{head},size_mm", f"{first},300x200x100", *[f"{line}," for line in others], ""])
    assert [product.size for product in read_shop(folder(products__csv=text)).products] == [(300, 200, 100), None, None]


@pytest.mark.parametrize(
    ("size", "words"), [("300x200", "no size"), ("300x200x0", "1 to 100000"), ("30 cm", "no size"), ("1x2x-3", "negative")]
)
def test_a_size_that_is_none_is_told(folder: Folder, size: str, words: str) -> None:
    told = mistakes(folder(products__csv=row().replace("price_JPY", "price_JPY,size_mm").replace("2000\n", f"2000,{size}\n")))
    (mistake,) = [one for one in told if one.file == "products.csv"]
    assert (mistake.row, mistake.column) == (2, "size_mm")
    assert words in mistake.message


def of_zone(said: str) -> str:
    return SHIPPING.replace("days = [2, 3]", said)


def of_far(said: str) -> str:
    return SHIPPING.replace("up_to_g = 500", said)


WRONG_WAYS = [
    (of_zone('postcodes = ["1*", "200..100"]'), 8, f"{ONE}.postcodes[2]", "ends before it begins"),
    (of_zone("postcodes = [10115]"), 8, f"{ONE}.postcodes[1]", "not a text"),
    (of_zone('postcodes = ["1*"]'), 6, ONE, "exactly one country"),
    (of_zone('origins = ["moon"]'), 8, f"{ONE}.origins[1]", "main, attic"),
    (of_zone("divisor = 0"), 8, f"{ONE}.divisor", "not between"),
    (of_zone('workdays = ["mon", "holiday"]'), 8, f"{ONE}.workdays[2]", "no day of the week"),
    (of_zone("workdays = []"), 8, f"{ONE}.workdays", "Nobody ever works"),
    (of_zone('holidays = ["2026-12-25"]'), 8, f"{ONE}.holidays", "dates without quotes"),
    (SHIPPING.replace("up_to_g = 9000", "up_to_units = 9000"), 9, f"{ONE}.bands", "different kinds"),
    (SHIPPING.replace("{ up_to_g = 9000", "{ up_to_units = 9, up_to_g = 9000"), 11, f"{ONE}.bands[2].up_to_units", "another limit"),
    (of_far("up_to = {}"), 17, f"{TWO}.bands[1].up_to", "names no amount"),
    (of_far('up_to = { EUR = "5.001" }'), 17, f"{TWO}.bands[1].up_to.EUR", "decimals"),
    (of_far('up_to = { EUR = "5.00", XYZ = "1" }'), 17, f"{TWO}.bands[1].up_to.XYZ", "and currencies"),
    (of_far("up_to_units = 5").replace('regions = ["KA"]', "divisor = 5000"), 16, f"{TWO}.divisor", "do not go by grams"),
    (HOLIDAYS + "XX = [2026-12-25]\n", 20, "holidays.XX", "not a country"),
    (HOLIDAYS + "DE = [true]\n", 20, "holidays.DE", "dates without quotes"),
    (POINTS + 'id = "p"\nname = "P"\nlines = []\n', 19, "methods[1].points[1].country", "missing"),
    (POINTS + 'id = "p/q"\nname = "P"\nlines = []\ncountry = "DE"\n', 20, "methods[1].points[1].id", "letter"),
    (POINTS + 'id = "p"\nname = "P"\nlines = ["4111 1111 1111 1111"]\ncountry = "DE"\n', 22, POINT + ".lines[1]", "card number"),
    (
        SHIPPING.replace('tax_category = "standard"', 'tax_category = "standard"\nparcels = "never"'),
        5,
        "methods[1].parcels",
        "together, each",
    ),
    (POINTS + TWICE, 25, "methods[1].points[2].id", "line 19"),
]


@pytest.mark.parametrize(("text", "line", "place", "words"), WRONG_WAYS)
def test_a_mistake_in_the_ways_to_send_is_told_with_its_place(folder: Folder, text: str, line: int, place: str, words: str) -> None:
    (mistake,) = mistakes(folder(shipping__toml=text))
    assert (mistake.file, mistake.row, mistake.column) == ("shipping.toml", line, place)
    assert words in mistake.message


WRONG_PLACES = [
    (SHOP + 'cutoff = "14:00"\n', 11, "locations[2].cutoff", "by a clock"),
    (SHOP + 'zone = "Europe/Berlin"\ncutoff = "2 pm"\n', 12, "locations[2].cutoff", "no time of day"),
    (SHOP + 'zone = "Europe/Atlantis"\n', 11, "locations[2].zone", "time zone"),
    (SHOP + 'nearest = ["XX"]\n', 11, "locations[2].nearest[1]", "not a country"),
    ('sourcing = "dearest"\n' + SHOP, 1, "sourcing", "first or fewest"),
]


@pytest.mark.parametrize(("text", "line", "place", "words"), WRONG_PLACES)
def test_a_mistake_in_the_locations_is_told_with_its_place(folder: Folder, text: str, line: int, place: str, words: str) -> None:
    told = [mistake for mistake in mistakes(folder(shop__toml=text)) if mistake.file == "shop.toml"]
    assert [(mistake.row, mistake.column) for mistake in told] == [(line, place)]
    assert words in told[0].message


def test_fewest_of_too_many_locations_is_told(folder: Folder) -> None:
    many = "".join(f'[[locations]]\nid = "l{n}"\nname = "L"\n' for n in range(11))
    told = mistakes(folder(shop__toml='sourcing = "fewest"\n' + SHOP + many))
    assert [mistake.column for mistake in told] == ["sourcing"]
