"""`checkout coupon`: promotions and how often they were used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.opening import shop_of
from checkout_cli.options import ConfigFile, Db, Json
from checkout_cli.output import Output
from checkout_core.errors import NotFound

if TYPE_CHECKING:
    from checkout_cli.rendering.coupons import Coupon
    from checkout_cli.wiring import Backend

app = typer.Typer(no_args_is_help=True, help="Coupons: list promotions with their uses, look at one.")


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


def coupons_of(backend: Backend) -> list[Coupon]:
    """Every promotion of the catalogue in its order, then those that were used and are no longer in it."""
    from checkout_cli.rendering.coupons import Coupon

    uses = {one.promotion: one for one in backend.queries.coupons()}
    known = [Coupon(promotion.id, promotion, uses.pop(promotion.id, None)) for promotion in backend.promotions()]
    return known + [Coupon(id, None, gone) for id, gone in uses.items()]
