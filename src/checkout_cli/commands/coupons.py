"""`checkout coupon`: promotions and how often they were used."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import evolve

from checkout_cli.config import settings_of
from checkout_cli.exits import REFUSED, WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import WHERE, ConfigFile, Db, Json, ShopDir
from checkout_cli.output import Output
from checkout_core.errors import NotFound

if TYPE_CHECKING:
    from checkout_cli.rendering.coupons import Coupon
    from checkout_cli.wiring import Backend

app = typer.Typer(
    no_args_is_help=True, help="Coupons: list promotions with their uses, look at one, say why a code does not work for a cart."
)


@app.command("list")
def list_coupons(db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """List every promotion: what it takes off, how often it was used, how many uses are left.

    Example: checkout coupon list
    """
    from checkout_cli.rendering.coupons import coupons_data, coupons_words

    with shop_of(db, config) as backend:
        found = coupons_of(backend)
    Output(as_json).show(coupons_data(found), lambda: coupons_words(found))


@app.command()
def show(
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code, however it was typed, or a promotion's id.")],
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show one promotion: its rule, its limits, and its uses.

    Example: checkout coupon show welcome10
    """
    from checkout_cli.rendering.coupons import coupon_data, coupon_words
    from checkout_core.customers import canonical_code

    with shop_of(db, config) as backend:
        found = coupons_of(backend)
    try:
        typed = canonical_code(code)
    except ValueError:
        typed = code
    one = next((one for one in found if one.id == code or (one.promotion and one.promotion.code == typed)), None)
    if one is None:
        raise NotFound("coupon", code[:60])
    Output(as_json).show({"coupon": coupon_data(one)}, lambda: coupon_words(one))


@app.command()
def why(
    code: Annotated[str, typer.Argument(metavar="CODE", help="A code, however it was typed, or the id of an automatic promotion.")],
    cart: Annotated[Path, typer.Option("--cart", metavar="FILE", help="The cart, described as for checkout quote.")],
    shop: ShopDir = None,
    db: Db = None,
    config: ConfigFile = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="NAME", help="As in this channel of the --config file.", rich_help_panel=WHERE)
    ] = None,
    as_json: Json = False,
) -> None:
    """Say why a code does not work for a cart, or what it does: everything it asks for, what of that holds, how far away the rest is.

    Exit code 1 if it does not apply. Changes nothing.

    Example: checkout coupon why WELCOME10 --cart cart.toml --shop examples/shop
    """
    from checkout_cli.cases import Case, Sources, facts_of, read_case
    from checkout_cli.commands.promotions import named
    from checkout_cli.commands.quotes import used_up
    from checkout_cli.rendering.why import why_data, why_words
    from checkout_core import why_not
    from checkout_core.policy import Policy
    from checkout_core.pricing_policy import PricingPolicy, policy_from
    from checkout_core.system import SystemClock

    if shop is not None and db is not None:
        raise WrongUsage("Say --shop or --db: a code is of one shop.")
    now, out = SystemClock().now(), Output(as_json)
    case = read_case(cart, now)
    if not isinstance(case, Case):
        raise WrongUsage(f"{cart}: a worked cart brings its own promotions. Describe the cart in the shop's words: lines, codes, ship_to.")
    if shop is not None:
        from checkout_cli.wiring import read_files

        files = read_files(shop)
        promotion, pricing = named(code, list(files.promotions)), settings_of(None, config).pricing_for(channel)
        home, sources = settings_of(None, config).home, Sources(files.policy(Policy()), files.pools)
        basket, facts = facts_of(case, files.catalog(), now, None, channel or "", home, sources=sources)
    else:
        with shop_of(db, config) as backend:
            promotion, pricing = named(code, list(backend.promotions())), backend.settings.pricing_for(channel)
            asked = evolve(case, codes=(*case.codes, *([promotion.code] if promotion.code else [])))
            home, sources = backend.settings.home, Sources(backend.places, backend.storage.pools, backend.shipping)
            basket, facts = facts_of(case, backend.catalog, now, used_up(backend, asked), channel or "", home, sources=sources)
    chosen = policy_from(case.choices, pricing)
    if not isinstance(chosen, PricingPolicy):  # a choice that contradicts one of the configuration
        raise WrongUsage("\n".join([f"policy.{mistake}" for mistake in chosen]))
    found = why_not.why(promotion, basket, facts, case.at or now, chosen)
    out.show({"why": why_data(found)}, lambda: why_words(found))
    if found.takes is None:
        raise typer.Exit(REFUSED)


def coupons_of(backend: Backend) -> list[Coupon]:
    """Every promotion of the catalogue in its order, then those that were used and are no longer in it."""
    from checkout_cli.rendering.coupons import Coupon
    from checkout_core.holds import CouponBudget, CouponUsesIn
    from checkout_core.system import SystemClock

    uses, promotions, now = {one.promotion: one for one in backend.queries.coupons()}, list(backend.promotions()), SystemClock().now()
    windows = {p.id: CouponUsesIn(p.id, p.window.name(now)) for p in promotions if p.window is not None and not p.window.a_person}
    money = {p.id: [CouponBudget(p.id, currency) for currency in sorted(p.budget)] for p in promotions}
    pools = backend.storage.pools([*windows.values(), *(key for keys in money.values() for key in keys)])
    known = [
        Coupon(
            p.id,
            p,
            uses.pop(p.id, None),
            tuple([(key.currency, pools[key]) for key in money[p.id]]),
            pools[windows[p.id]] if p.id in windows else None,
        )
        for p in promotions
    ]
    return known + [Coupon(id, None, gone) for id, gone in uses.items()]
