"""`checkout shipping`: what each way to send some goods costs, from where, and when they arrive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.exits import REFUSED, WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ConfigFile, Db, Json, ShopDir, instant
from checkout_cli.output import Output

if TYPE_CHECKING:
    from datetime import datetime

    from checkout_cli.cases import Case, Prices, Sources
    from checkout_core.cart import Line
    from checkout_core.customers import Destination
    from checkout_core.refusals import Refused
    from checkout_core.shipping import Parcel, ShippingOption

app = typer.Typer(no_args_is_help=True, help="Shipping: what each way to send some goods costs, from where, and when they arrive.")


@app.command()
def quote(
    items: Annotated[list[str] | None, typer.Argument(metavar="[SKU[=N]]…", help="What is to be sent, and how many of each.")] = None,
    to: Annotated[
        str | None, typer.Option("--to", metavar="COUNTRY", help="ISO 3166-1, such as DE; with its region DE-BE. Default: the cart's.")
    ] = None,
    postcode: Annotated[str | None, typer.Option("--postcode", metavar="CODE", help="Where in that country.")] = None,
    currency: Annotated[str, typer.Option("--currency", metavar="CODE", help="In which currency.")] = "EUR",
    cart: Annotated[
        Path | None, typer.Option("--cart", metavar="FILE", help="Instead of SKUs: a cart, described as for checkout quote.")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="As at that instant, such as 2026-11-27T12:00:00+01:00; now, if left out.")
    ] = None,
    shop: ShopDir = None,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show what each way to send goods costs and when they arrive, or why it does not go; and from where they would come now.

    Before promotions. With --shop goods lie where stock.csv says, with --db where they are. Exit code 1 if no way goes there.

    Example: checkout shipping quote MUG-STONE-BLUE-350=2 --to DE-BE --postcode 10119 --shop examples/shop
    """
    from checkout_cli.cases import Sources
    from checkout_cli.rendering.shipping import ways_data, ways_words
    from checkout_core.policy import Policy
    from checkout_core.refusals import Refused
    from checkout_core.system import SystemClock

    if shop is not None and db is not None:
        raise WrongUsage("Say --shop or --db: goods are sent by one shop.")
    now = SystemClock().now() if at is None else instant(at)
    case, place = _asked(items or [], to, postcode, currency, cart, now)
    if shop is not None:
        from checkout_cli.wiring import read_files

        files = read_files(shop)
        parcels, offers = _ways(case, place, files.catalog(), now, Sources(files.policy(Policy()), files.pools))
    else:
        with shop_of(db, config) as backend:
            parcels, offers = _ways(case, place, backend.catalog, now, Sources(backend.places, backend.storage.pools, backend.shipping))
    Output(as_json).show({"shipping": ways_data(place, parcels, offers)}, lambda: ways_words(parcels, offers))
    if all(isinstance(offer, Refused) for offer in offers):
        raise typer.Exit(REFUSED)


def _asked(
    items: list[str], to: str | None, postcode: str | None, currency: str, cart: Path | None, now: datetime
) -> tuple[Case, Destination]:
    """The goods, and where they go."""
    from attrs import evolve

    from checkout_cli.cases import Case, read_case
    from checkout_core.customers import COUNTRIES, Destination

    if (cart is None) == (not items):
        raise WrongUsage("Say what is to be sent: SKUs such as MUG=2, or --cart FILE.")
    case: object = Case(currency, _lines(items, currency, now)) if cart is None else read_case(cart, now)
    if not isinstance(case, Case):
        raise WrongUsage(f"{cart}: a worked cart brings its own carriage. Describe the cart in the shop's words: lines, ship_to.")
    if to is None:
        if case.destination is None:
            raise WrongUsage("Say where it goes: --to DE --postcode 10119.")
        return case, case.destination if postcode is None else evolve(case.destination, postcode=postcode)
    country, _, region = to.partition("-")
    if country not in COUNTRIES:
        raise WrongUsage(f"{to!r:.20} is no country. Write an ISO 3166-1 code such as DE, or with its region DE-BE.")
    return case, Destination(country, region or None, postcode)


def _lines(items: list[str], currency: str, now: datetime) -> tuple[Line, ...]:
    from checkout_core.cart import Limits, add, open_cart
    from checkout_core.refusals import Refusal, Refused

    cart = open_cart("shipping", currency, None, now)
    for item in items:
        sku, _, quantity = item.partition("=")
        if quantity and not (quantity.isascii() and quantity.isdigit() and len(quantity) < 10):
            raise WrongUsage(f"{item!r:.60} is no SKU with a number. Write it as MUG=2.")
        if not isinstance(cart, Refused):
            cart = add(cart, sku, int(quantity or 1), (), now, Limits())
    if isinstance(cart, Refused):
        raise Refusal(cart)
    return cart.lines


def _ways(
    case: Case, place: Destination, prices: Prices, now: datetime, sources: Sources
) -> tuple[tuple[Parcel, ...], tuple[ShippingOption | Refused, ...]]:
    from checkout_cli.cases import ways_to_send
    from checkout_core.refusals import Refusal, Refused

    products = prices.products(sorted({line.sku for line in case.lines}))
    if unknown := [line.sku for line in case.lines if line.sku not in products]:
        raise Refusal(*[Refused("unknown-sku", sku) for sku in unknown])
    return ways_to_send(case, place, products, prices, now, sources=sources)
