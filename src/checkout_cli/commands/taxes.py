"""`checkout tax`: which rates apply where and when, and rates to start from."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from checkout_cli.exits import WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ConfigFile, Db, Json, ShopDir
from checkout_cli.output import Output, written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from checkout_core.tax import TaxRow

app = typer.Typer(no_args_is_help=True, help="Taxes: the rates of a place on a day with their sources; tables to start from.")


@app.command()
def show(
    country: Annotated[str, typer.Option("--country", metavar="CODE", help="ISO 3166-1, such as DE; with its region US-CA.")],
    on: Annotated[str | None, typer.Option("--on", metavar="DAY", help="As on that day, such as 2026-01-01; today, if left out.")] = None,
    seed: Annotated[str | None, typer.Option("--seed", metavar="NAME", help="Of a table to start from, see `tax seed`.")] = None,
    shop: ShopDir = None,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show the rates of a place on a day: by category, each with the law it stands in, and from when to when.

    The row of a region wins over that of its country. A shop with a tax provider asks that first, and says so here: these rows are its own.
    Exit code 1 if nothing is known there.

    Example: checkout tax show --country DE --on 2020-08-01 --seed eu-vat
    """
    from checkout_cli.rendering.taxes import place_words, rows_data
    from checkout_core.customers import COUNTRIES
    from checkout_core.refusals import Refusal, Refused

    land, _, region = country.partition("-")
    if land not in COUNTRIES:
        raise WrongUsage(f"{country!r:.20} is no country. Write an ISO 3166-1 code such as DE, or with its region US-CA.")
    if sum(each is not None for each in (seed, shop, db)) > 1:
        raise WrongUsage("Say one of --seed, --shop and --db: a rate is of one table.")
    (rows, provider), day = _rows(seed, shop, db, config, region), _day(on)
    found = [row for row in rows if row.country == land and row.region in (None, region or None) and row.in_force(_at(row, day))]
    own = {row.category for row in found if row.region is not None}
    found = [row for row in found if row.region is not None or row.category not in own]
    if not found:
        raise Refusal(Refused("tax-unknown", f"{country} on {day:%Y-%m-%d}", "anything"))
    Output(as_json).show({"taxes": rows_data(found), "provider": provider}, lambda: place_words(found, provider))


@app.command()
def seed(
    name: Annotated[str, typer.Argument(metavar="NAME", help="eu-vat, us-sales-tax or india-gst.")],
    home: Annotated[str | None, typer.Option("--home", metavar="STATE", help="The seller's own state, for india-gst: KA.")] = None,
) -> None:
    """Print a table to start from, as a taxes.csv with sources and dates. Check it, and give your goods its categories.

    Example: checkout tax seed eu-vat > taxes.csv
    """
    from checkout_cli.wiring import seed_csv

    try:
        text = seed_csv(name, home)
    except ValueError as error:
        raise WrongUsage(str(error)) from None
    written(text)


def _rows(
    seed: str | None, shop: Path | None, db: str | None, config: Path | None, region: str
) -> tuple[Sequence[TaxRow], dict[str, str] | None]:
    """The rows asked for; and the provider that the shop asks first, with what the shop does while it is away."""
    if seed is not None:
        from checkout_cli.wiring import seed_table

        try:
            return seed_table(seed, region if seed == "india-gst" and region else None).rows, None
        except ValueError as error:
            raise WrongUsage(str(error)) from None
    if shop is not None:
        from checkout_cli.wiring import read_files

        return read_files(shop).taxes.rows, None
    with shop_of(db, config) as backend:
        name, outage = backend.settings.tax_provider, backend.settings.tax_outage
        return backend.tax_rows(), None if name is None else {"name": name, "outage": outage}


def _day(text: str | None) -> datetime:
    """Noon of that day, without a zone: each row has its own."""
    from checkout_core.system import SystemClock

    if text is None:
        return SystemClock().now()
    try:
        return datetime.combine(datetime.fromisoformat(text).date(), time(12))
    except ValueError:
        raise WrongUsage(f"{text!r:.20} is no day. Write it as 2026-01-01.") from None


def _at(row: TaxRow, day: datetime) -> datetime:
    return day if day.tzinfo is not None else day.replace(tzinfo=ZoneInfo(row.zone))
