"""shipping.toml: the ways to send a parcel, where each goes, how long it takes and what it costs by weight."""

from __future__ import annotations

from collections.abc import Collection

from checkout_adapters.files import cells
from checkout_adapters.files.trees import Table
from checkout_core.money import Money
from checkout_core.shipping import Band, ShippingMethod, ShippingTable, Zone, as_days


def read_shipping(document: Table, taxed: Collection[str] | None) -> ShippingTable:
    """The shipping table; what is wrong is noted. `taxed`: the tax categories that have rates, None if that is unclear."""
    methods, first = list[ShippingMethod](), dict[str, int | None]()
    for table in document.tables("methods"):
        method = _method(table, taxed)
        if method is None:
            continue
        if method.id in first:
            table.wrong("id", f"The method of line {first[method.id]} has this id already. Name them apart.")
            continue
        first[method.id] = table.line
        methods.append(method)
    document.close()
    return ShippingTable(methods)


def _method(table: Table, taxed: Collection[str] | None) -> ShippingMethod | None:
    id_, name, tax_category = table.text("id", cells.name), table.text("name", cells.words), table.text("tax_category", cells.name)
    if tax_category is not None and taxed is not None and tax_category not in taxed:
        table.wrong("tax_category", f"No row of taxes.csv has the category {tax_category}. Add its rates there.")
    zones = list[Zone]()
    for n, below in enumerate(table.tables("zones")):
        zone = _zone(below)
        if zone is None:
            continue
        if any(zone.overlaps(other) for other in zones):
            below.wrong(None, f"Zone {n + 1} overlaps one above it, so a place would have two prices. Make them disjoint.")
            continue
        zones.append(zone)
    table.close()
    if table.values.get("zones") == []:
        table.wrong("zones", "The method goes nowhere. Give it a zone, or take it out.")
    if id_ is None or name is None or tax_category is None or not zones:
        return None
    return ShippingMethod(id_, name, zones, tax_category)


def _zone(table: Table) -> Zone | None:
    countries, days = table.texts("countries", cells.country), _days(table)
    regions = table.texts("regions", cells.region, needed=False)
    bands = [_band(below) for below in table.tables("bands")]
    table.close()
    found = [band for band in bands if band is not None]
    unclear = any((table.has(key) and value is None) for key, value in (("days", days), ("regions", regions)))
    if countries is None or not table.has("bands") or unclear or len(found) < len(bands) or not isinstance(table.values["bands"], list):
        return None
    try:
        return Zone(countries, found, regions=regions, days=days)
    except ValueError as error:
        table.wrong(None, str(error))
        return None


def _days(table: Table) -> tuple[int, int] | None:
    try:
        return as_days(table.wholes("days"))
    except ValueError as error:  # told even if the zone has another mistake
        table.wrong("days", str(error))
        return None


def _band(table: Table) -> Band | None:
    up_to = table.whole("up_to_g", least=0, most=cells.QUANTITY_AT_MOST)
    prices, wrong = list[Money](), False
    for code in table.others():
        try:
            cells.currency(code)
        except ValueError:
            continue
        price = table.text(code, cells.amount(code))
        wrong = wrong or price is None
        prices += [price] if price is not None else []
    if not prices and not wrong:
        table.wrong(None, 'The band has no price. Give one for each currency, such as EUR = "4.90".')
        wrong = True
    table.close(", and currencies")
    return None if wrong or up_to is None else Band(up_to, prices)
