"""`checkout experiment`: what is tried out, with whom, and which promotions make the difference."""

from __future__ import annotations

from typing import Annotated

import typer

from checkout_cli.commands.promotions import rules_of
from checkout_cli.exits import WrongUsage
from checkout_cli.options import ConfigFile, Db, Json, ShopDir
from checkout_cli.output import Output

app = typer.Typer(no_args_is_help=True, help="Experiments: list what is tried out, who takes part, and what their variants change.")


@app.command("list")
def list_experiments(
    customer: Annotated[str | None, typer.Option("--customer", metavar="ID", help="Say which variants this customer is in.")] = None,
    cart: Annotated[str | None, typer.Option("--cart", metavar="ID", help="Say which variants a guest with this cart is in.")] = None,
    shop: ShopDir = None,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List experiments: their variants with the share of shoppers that each has, when they run, and the promotions that are for a variant.

    Who is in what is worked out from a hash, so anybody can be looked up; a checkout that has begun keeps what it was quoted in.

    Example: checkout experiment list --customer customer-4711
    """
    from checkout_cli.rendering.experiments import Tried, experiments_data, experiments_words
    from checkout_core.experiments import subject_of
    from checkout_core.system import SystemClock

    if customer is not None and cart is not None:
        raise WrongUsage("Say --customer or --cart: who is signed in is in the same variants with all carts.")
    promotions, _, _, experiments = rules_of(shop, db, config)
    now = SystemClock().now()
    who = None if customer is None and cart is None else subject_of(customer, cart or "")
    found = [Tried.of(one, promotions, now, who) for one in sorted(experiments, key=lambda one: one.id)]
    Output(as_json).show(experiments_data(found), lambda: experiments_words(found, customer or cart))
