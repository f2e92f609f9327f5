"""`checkout address`: what a country asks of an address, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.config import settings_of
from checkout_cli.options import ConfigFile, Json
from checkout_cli.output import Output

if TYPE_CHECKING:
    from checkout_core.ports import AddressBook

app = typer.Typer(no_args_is_help=True, help="Addresses: what a country asks, and what is wrong with one. No database is needed.")
Country = Annotated[str, typer.Option("--country", metavar="CODE", help="ISO 3166-1, such as DE.")]


@app.command()
def layout(country: Country, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show the fields of a country's addresses in their order, which of them are required, and its regions with their codes.

    Example: checkout address layout --country JP
    """
    from checkout_cli.rendering.addresses import layout_data, layout_words
    from checkout_core.refusals import Refusal, Refused

    found = _book(config).layout(country)
    if isinstance(found, Refused):
        raise Refusal(found)
    Output(as_json).show({"layout": layout_data(found)}, lambda: layout_words(found))


@app.command()
def check(
    country: Country,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Who gets the parcel.")],
    line: Annotated[list[str], typer.Option("--line", metavar="TEXT", help="Street and number; again for another line.")],
    city: Annotated[str, typer.Option("--city", metavar="TEXT", help="City, or what the country has for it.")] = "",
    postcode: Annotated[str, typer.Option("--postcode", metavar="TEXT", help="Postcode, if the country has them.")] = "",
    region: Annotated[str | None, typer.Option("--region", metavar="TEXT", help="State or province, by code or name.")] = None,
    phone: Annotated[str | None, typer.Option("--phone", metavar="TEXT", help="A phone number, typed as in that country.")] = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Check an address as a checkout would: what is wrong with each field; or how it is kept, and how it is written on the parcel.

    Exit code 1 if something is wrong. Nothing is stored or asked of anybody.

    Example: checkout address check --country GB --name "Ada King" --line "12 St James's Square" --city London --postcode sw1y4jh
    """
    from checkout_cli.rendering.addresses import checked_data, checked_words
    from checkout_core import edge
    from checkout_core.addresses import amended
    from checkout_core.customers import Address, Contact
    from checkout_core.sync.shop import checked_by

    book, typed = _book(config), Address(name, line, city, postcode, country, region)
    address, contact, wrong = checked_by(book, typed, None if phone is None else Contact(phone=phone))
    edge.refuse(wrong)
    assert address is not None
    number, changed, lines = contact.phone if contact else None, amended(typed, address), book.written(address)
    Output(as_json).show(checked_data(address, number, changed, lines), lambda: checked_words(number, changed, lines))


def _book(config: Path | None) -> AddressBook:
    """That of the configuration; where it names none, the one that knows every country."""
    from checkout_cli.wiring import address_book

    return address_book(settings_of(None, config).addresses or "i18n")
