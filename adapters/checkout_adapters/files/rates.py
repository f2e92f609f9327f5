"""taxes.csv: which rates apply where. Several rows of one place and category, one below the other, are its rates in their order."""

from __future__ import annotations

from datetime import date
from typing import Final, get_args

from attrs import frozen

from checkout_adapters.files import cells
from checkout_adapters.files.mistakes import Notes, shown
from checkout_adapters.files.tables import Row, read_rows
from checkout_core.tax import TaxRate, TaxRow, TaxTable, ZeroReason

TAX_COLUMNS: Final = ("country", "region", "category", "code", "rate", "included", "compound", "source")
TAX_MAY_HAVE: Final = ("since", "until", "zone", "reason")

_Place = tuple[str, str | None, str]
_Time = tuple[date | None, date | None, str]


@frozen
class Rates:
    """What taxes.csv says; `categories` are all that it names, also in a row that is wrong elsewhere."""

    taxes: TaxTable
    categories: frozenset[str]


def read_taxes(text: str, notes: Notes) -> Rates | None:
    """The tax table; None if the columns are not known."""
    rows = read_rows(text, notes, TAX_COLUMNS, lambda name: "" if name in TAX_MAY_HAVE else _unknown(name))
    if rows is None:
        return None
    groups, begun, categories = list[tuple[_Place, _Time, list[Row]]](), dict[tuple[_Place, _Time], int](), set[str]()
    for row in rows:
        country, category = row.read("country", cells.country), row.read("category", cells.name)
        region = row.read("region", cells.or_none(cells.region))
        if category is not None:
            categories.add(category)
        if country is None or category is None or (region is None and row.cells.get("region")):
            _rate(row)  # tell what else is wrong with it
            continue
        place, time = (country, region, category), _time(row)
        if time is None:
            _rate(row)
        elif groups and groups[-1][:2] == (place, time):
            groups[-1][2].append(row)
        elif (place, time) in begun:
            row.wrong(
                "category",
                f"The rates of {_words(place)} begin on line {begun[place, time]} already. Put them together.",
            )
            _rate(row)
        else:
            begun[place, time] = row.line
            groups.append((place, time, [row]))
    made = list[TaxRow]()
    for place, time, group in groups:
        found = _tax_row(place, time, group)
        if found is not None and _alone(found, made, group[0]):
            made.append(found)
    return Rates(TaxTable(tuple(made)), frozenset(categories))


def _unknown(column: str) -> str:
    return f"{shown(column)} is not a column of this file. Known: {', '.join(TAX_COLUMNS)}, and if needed {', '.join(TAX_MAY_HAVE)}."


def _time(row: Row) -> _Time | None:
    """From when to when, and where; None if that is unclear, which is noted."""
    since, until = row.read("since", cells.or_none(cells.day)), row.read("until", cells.or_none(cells.day))
    zone = row.read("zone", cells.or_none(cells.zone))
    if any(row.cells.get(name) and value is None for name, value in (("since", since), ("until", until), ("zone", zone))):
        return None
    if since is not None and until is not None and since > until:
        row.wrong("until", f"It ends on {until}, before it begins on {since}. Correct one of the two.")
        return None
    return since, until, zone or "UTC"


def _alone(row: TaxRow, made: list[TaxRow], first: Row) -> bool:
    """Whether no other row answers the same question on one of its days; if one does, that is noted."""
    for other in made:
        if (other.country, other.region, other.category) == (row.country, row.region, row.category):
            try:
                TaxTable((other, row))
            except ValueError as error:
                first.wrong("since", str(error))
                return False
    return True


def _tax_row(place: _Place, time: _Time, rows: list[Row]) -> TaxRow | None:
    rates, sources, first = list[TaxRate](), dict[str, None](), dict[str, int]()
    for row in rows:
        rate, source = _rate(row)
        if rate is None or source is None:
            continue
        if rate.code in first:
            row.wrong("code", f"{_words(place)} has this tax on line {first[rate.code]} already. Keep one, or give it a code of its own.")
            continue
        first[rate.code] = row.line
        rates.append(rate)
        sources[source] = None
    return TaxRow(*place, rates, "; ".join(sources), *time) if rates else None


def _rate(row: Row) -> tuple[TaxRate | None, str | None]:
    code, rate, source = row.read("code", cells.words), row.read("rate", cells.rate), row.read("source", cells.source)
    included, compound = row.read("included", cells.yes_or_no), row.read("compound", cells.yes_or_no)
    reason = row.read("reason", cells.or_none(cells.one_of("a reason", get_args(ZeroReason))))
    if code is None or rate is None or included is None or compound is None or (reason is None and row.cells.get("reason")):
        return None, source
    try:
        return TaxRate(code, rate, included, compound, reason), source
    except ValueError as error:
        row.wrong("reason", str(error))
        return None, source


def _words(place: _Place) -> str:
    country, region, category = place
    return f"{category} in {country}{f'-{region}' if region else ''}"
