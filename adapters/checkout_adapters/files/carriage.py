"""shipping.toml: the ways to send a parcel, where each goes, how long it takes and what it costs, and the points where it is fetched."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Final, get_args

from attrs import evolve

from checkout_adapters.files import cells
from checkout_adapters.files.places import read_calendar
from checkout_adapters.files.trees import Table
from checkout_core.customers import Destination
from checkout_core.money import Money
from checkout_core.postcodes import Postcodes
from checkout_core.shipping import DIVISOR, Band, Measure, PickupPoint, ShippingMethod, ShippingTable, Together, Zone, as_days

Holidays = Mapping[str, Collection[date]]
_LIMITS: Final[Mapping[str, Measure]] = {"up_to_g": "weight", "up_to_units": "units", "up_to": "worth"}


def read_shipping(document: Table, taxed: Collection[str] | None, places: Collection[str] | None = None) -> ShippingTable:
    """The shipping table; what is wrong is noted.

    `taxed`: the tax categories that have rates, `places`: the locations; None if that is unclear.
    """
    methods, first = list[ShippingMethod](), dict[str, int | None]()
    holidays = _holidays(document)
    for table in document.tables("methods"):
        method = _method(table, taxed, places, holidays)
        if method is None:
            continue
        if method.id in first:
            table.wrong("id", f"The method of line {first[method.id]} has this id already. Name them apart.")
            continue
        first[method.id] = table.line
        methods.append(method)
    document.close()
    return ShippingTable(methods)


def _holidays(document: Table) -> Holidays:
    """By country, the days on which nothing is delivered."""
    table = document.table("holidays", needed=False)
    found: dict[str, Collection[date]] = {}
    for code in table.others() if table is not None else ():
        assert table is not None
        days = table.days(code)
        try:
            found[cells.country(code)] = days or ()
        except ValueError as error:
            table.wrong(code, str(error))
    return found


def _method(table: Table, taxed: Collection[str] | None, places: Collection[str] | None, holidays: Holidays) -> ShippingMethod | None:
    id_, name, tax_category = table.text("id", cells.name), table.text("name", cells.words), table.text("tax_category", cells.name)
    if tax_category is not None and taxed is not None and tax_category not in taxed:
        table.wrong("tax_category", f"No row of taxes.csv has the category {tax_category}. Add its rates there.")
    zones = list[Zone]()
    for n, below in enumerate(table.tables("zones")):
        zone = _zone(below, places, holidays)
        if zone is None:
            continue
        if any(zone.overlaps(other) for other in zones):
            below.wrong(None, f"Zone {n + 1} overlaps one above it, so a place would have two prices. Make them disjoint.")
            continue
        zones.append(zone)
    points, parcels = _points(table), table.text("parcels", cells.one_of("way to pay for parcels", get_args(Together)), needed=False)
    table.close()
    if table.values.get("zones") == []:
        table.wrong("zones", "The method goes nowhere. Give it a zone, or take it out.")
    if id_ is None or name is None or tax_category is None or not zones:
        return None
    return ShippingMethod(id_, name, zones, tax_category, parcels=parcels or "together", points=points)


def _points(table: Table) -> list[PickupPoint]:
    found, first = list[PickupPoint](), dict[str, int | None]()
    for below in table.tables("points") if table.has("points") else ():
        id_, name = below.text("id", cells.name), below.text("name", cells.words)
        lines, country = below.texts("lines", cells.words), below.text("country", cells.country)
        region = below.text("region", cells.region, needed=False)
        postcode = below.text("postcode", cells.words, needed=False)
        below.close()
        if id_ is not None and id_ in first:
            below.wrong("id", f"The point of line {first[id_]} has this id already. Name them apart.")
        elif id_ is not None:
            first[id_] = below.line
            if name is not None and lines is not None and country is not None:
                found.append(PickupPoint(id_, name, lines, Destination(country, region, postcode)))
    if table.values.get("points") == []:
        table.wrong("points", "The goods can be fetched nowhere. Give a point, or leave points out.")
    return found


def _zone(table: Table, places: Collection[str] | None, holidays: Holidays) -> Zone | None:
    countries, days = table.texts("countries", cells.country), _days(table)
    regions = table.texts("regions", cells.region, needed=False)
    postcodes = table.texts("postcodes", _postcode, needed=False)
    origins = table.texts("origins", lambda text: _origin(text, places), needed=False)
    divisor = table.whole("divisor", least=1, most=cells.QUANTITY_AT_MOST, needed=False)
    calendar = read_calendar(table, [day for country in countries or () for day in holidays.get(country, ())])
    bands = [_band(below) for below in table.tables("bands")]
    table.close()
    found = [band for band in bands if band is not None]
    optional = (("days", days), ("regions", regions), ("postcodes", postcodes), ("origins", origins), ("divisor", divisor))
    unclear = any((table.has(key) and value is None) for key, value in optional) or calendar is None
    if countries is None or not table.has("bands") or unclear or len(found) < len(bands) or not isinstance(table.values["bands"], list):
        return None
    by = _measure(table, found, divisor)
    if by is None:
        return None
    plain = [band for band, _ in found]
    try:
        zone = Zone(countries, plain, regions=regions, days=days, postcodes=postcodes, origins=origins, by=by, divisor=divisor or DIVISOR)
        return zone if calendar is None else evolve(zone, calendar=calendar)
    except ValueError as error:
        table.wrong(None, str(error))
        return None


def _measure(table: Table, bands: list[tuple[Band, Measure | None]], divisor: int | None) -> Measure | None:
    """What the bands of a zone go by, as their limits say; None if they say different things, which is noted."""
    said = {by for _, by in bands if by is not None}
    if len(said) > 1:
        table.wrong("bands", "Its bands end at different kinds of limits. Use one: up_to_g, up_to_units or up_to.")
        return None
    by: Measure = next(iter(said)) if said else "weight"
    if divisor is None:
        return by
    if by != "weight":
        table.wrong("divisor", "It makes grams of a volume, and these bands do not go by grams. Leave it out, or use up_to_g.")
        return None
    return "volumetric"


def _postcode(text: str) -> str:
    Postcodes((text,))
    return text


def _origin(text: str, places: Collection[str] | None) -> str:
    if places is not None and text not in places:
        raise ValueError(f"It is no location. Use one of {', '.join(places)}.")
    return text


def _days(table: Table) -> tuple[int, int] | None:
    try:
        return as_days(table.wholes("days"))
    except ValueError as error:  # told even if the zone has another mistake
        table.wrong("days", str(error))
        return None


def _band(table: Table) -> tuple[Band, Measure | None] | None:
    """The band, and what it goes by; None for one without a limit, which goes by what the others do."""
    grams = table.whole("up_to_g", least=0, most=cells.QUANTITY_AT_MOST, needed=False)
    units = table.whole("up_to_units", least=0, most=cells.QUANTITY_AT_MOST, needed=False)
    worth = table.table("up_to", needed=False)
    limits = None if worth is None else _amounts(worth)
    prices = _amounts(table)
    said = [key for key in _LIMITS if table.has(key)]
    wrong = prices is None or (worth is not None and limits is None)
    if len(said) > 1:
        table.wrong(said[1], f"The band has another limit, {said[0]}. Keep one of the two.")
        wrong = True
    if prices == []:
        table.wrong(None, 'The band has no price. Give one for each currency, such as EUR = "4.90".')
        wrong = True
    if limits == []:
        table.wrong("up_to", 'It names no amount. Give one for each currency, such as up_to = { EUR = "50.00" }.')
        wrong = True
    if worth is not None:
        worth.close(", and currencies")
    table.close(", and currencies")
    if wrong or prices is None or any(table.has(key) and value is None for key, value in (("up_to_g", grams), ("up_to_units", units))):
        return None
    by = _LIMITS[said[0]] if said else None
    return Band(grams if grams is not None else units, prices, worth=limits or ()), by


def _amounts(table: Table) -> list[Money] | None:
    """An amount for each key that is a currency; None if one cannot be read."""
    found, wrong = list[Money](), False
    for code in table.others():
        try:
            cells.currency(code)
        except ValueError:
            continue
        amount = table.text(code, cells.amount(code))
        wrong = wrong or amount is None
        found += [amount] if amount is not None else []
    return None if wrong else found
