"""`checkout price`: what a thing costs for whom, where and when, and by which list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.config import settings_of
from checkout_cli.exits import WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ConfigFile, Db, Json, ShopDir, instant
from checkout_cli.output import Output

if TYPE_CHECKING:
    from checkout_core.catalog import Product
    from checkout_core.prices import PriceBook

app = typer.Typer(no_args_is_help=True, help="Prices: what a thing costs for whom, where and when, and by which list.")


@app.command()
def show(
    sku: Annotated[str, typer.Argument(metavar="SKU", help="What is for sale.")],
    group: Annotated[list[str] | None, typer.Option("--group", metavar="NAME", help="For a shopper in this group; more than once.")] = None,
    channel: Annotated[str, typer.Option("--channel", metavar="NAME", help="Sold through this channel of the --config file.")] = "",
    quantity: Annotated[int, typer.Option("--quantity", min=1, metavar="N", help="Bought so many at once.")] = 1,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="As at that instant, such as 2026-11-27T12:00:00+01:00; now, if left out.")
    ] = None,
    shop: ShopDir = None,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show what a unit costs in each currency, by which price list, and what it costs from which quantity on.

    Where a price was lowered, the lowest of the 30 days before stands beside it (Directive 98/6/EC, Article 6a). Changes nothing.

    Example: checkout price show MUG-STONE-BLUE-350 --group trade --quantity 12 --shop examples/shop
    """
    from checkout_cli.rendering.prices import price_words, shown_data
    from checkout_core.prices import Buyer, shown_price
    from checkout_core.refusals import Refusal, Refused
    from checkout_core.system import SystemClock

    if shop is not None and db is not None:
        raise WrongUsage("Say --shop or --db: a price is of one catalogue.")
    settings_of(None if shop is not None else db, config).pricing_for(channel or None)  # refuses a channel that nobody knows
    moment = SystemClock().now() if at is None else instant(at)
    product, book = _found(sku, shop, db, config)
    if product is None:
        raise Refusal(Refused("unknown-sku", sku))
    buyer = Buyer(frozenset(group or ()), channel)
    currencies = sorted({*product.prices, *book.currencies(sku)})
    shown = [price for currency in currencies if (price := shown_price(product, currency, moment, book, buyer, quantity=quantity))]
    if not shown:
        raise Refusal(Refused("no-price", sku, "any currency"))
    data = {"sku": sku, "name": product.name, "quantity": quantity, "at": moment.isoformat(), "prices": [shown_data(one) for one in shown]}
    Output(as_json).show({"price": data}, lambda: price_words(product.name, quantity, shown))


def _found(sku: str, shop: Path | None, db: str | None, config: Path | None) -> tuple[Product | None, PriceBook]:
    if shop is not None:
        from checkout_cli.wiring import read_files

        catalog = read_files(shop).catalog()
        return catalog.products([sku]).get(sku), catalog.prices([sku])
    with shop_of(db, config) as backend:
        return backend.catalog.products([sku]).get(sku), backend.catalog.prices([sku])
