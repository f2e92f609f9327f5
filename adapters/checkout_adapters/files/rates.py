"""taxes.csv: which rates apply where. Several rows of one place and category, one below the other, are its rates in their order."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from checkout_adapters.files import cells
from checkout_adapters.files.mistakes import Notes
from checkout_adapters.files.tables import Row, read_rows
from checkout_core.tax import TaxRate, TaxRow, TaxTable

TAX_COLUMNS: Final = ("country", "region", "category", "code", "rate", "included", "compound", "source")

_Place = tuple[str, str | None, str]


@frozen
class Rates:
    """What taxes.csv says; `categories` are all that it names, also in a row that is wrong elsewhere."""

    taxes: TaxTable
    categories: frozenset[str]


def read_taxes(text: str, notes: Notes) -> Rates | None:
    """The tax table; None if the columns are not known."""
    rows = read_rows(text, notes, TAX_COLUMNS)
    if rows is None:
        return None
    groups, begun, categories = list[tuple[_Place, list[Row]]](), dict[_Place, int](), set[str]()
    for row in rows:
        country, category = row.read("country", cells.country), row.read("category", cells.name)
        region = row.read("region", cells.or_none(cells.region))
        if category is not None:
            categories.add(category)
        if country is None or category is None or (region is None and row.cells.get("region")):
            _rate(row)  # tell what else is wrong with it
            continue
        place = (country, region, category)
        if groups and groups[-1][0] == place:
            groups[-1][1].append(row)
        elif place in begun:
            row.wrong(
                "category",
                f"The rates of {_words(place)} begin on line {begun[place]} already. Put them together.",
            )
            _rate(row)
        else:
            begun[place] = row.line
            groups.append((place, [row]))
    return Rates(TaxTable(tuple(found for place, group in groups if (found := _tax_row(place, group)))), frozenset(categories))


def _tax_row(place: _Place, rows: list[Row]) -> TaxRow | None:
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
    return TaxRow(*place, rates, "; ".join(sources)) if rates else None


def _rate(row: Row) -> tuple[TaxRate | None, str | None]:
    code, rate, source = row.read("code", cells.words), row.read("rate", cells.rate), row.read("source", cells.source)
    included, compound = row.read("included", cells.yes_or_no), row.read("compound", cells.yes_or_no)
    if code is None or rate is None or included is None or compound is None:
        return None, source
    return TaxRate(code, rate, included, compound), source


def _words(place: _Place) -> str:
    country, region, category = place
    return f"{category} in {country}{f'-{region}' if region else ''}"
