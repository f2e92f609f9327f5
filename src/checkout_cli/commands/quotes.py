"""`checkout quote`: what a described cart costs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.config import settings_of
from checkout_cli.exits import REFUSED, WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import WHERE, ConfigFile, Db, Json, ShopDir
from checkout_cli.output import Output

if TYPE_CHECKING:
    from checkout_cli.cases import Case, WorkedCase
    from checkout_cli.wiring import Backend
    from checkout_core.prices import ShownPrice
    from checkout_core.pricing import Quote
    from checkout_core.promotions import Promotion
    from checkout_core.refusals import Refused


def quote(
    case: Annotated[Path, typer.Argument(metavar="CASE", help="A cart, described in TOML or JSON.")],
    explain: Annotated[
        bool, typer.Option("--explain", metavar="", help="Every step from list price to amount due, with its rounding.")
    ] = False,
    chosen: Annotated[str | None, typer.Option("--case", metavar="ID", help="Which case, if CASE is a list of worked carts.")] = None,
    shop: ShopDir = None,
    db: Db = None,
    config: ConfigFile = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="NAME", help="Priced as in this channel of the --config file.", rich_help_panel=WHERE)
    ] = None,
    as_json: Json = False,
) -> None:
    """Price a described cart: discounts, tax and carriage, or every reason why it cannot be bought. Changes nothing.

    A worked cart (kind = "cart") brings its own prices and needs no shop; figures that it expects are compared.

    Example: checkout quote cart.toml --shop examples/shop --explain
    """
    from checkout_cli.cases import Sources, WorkedCase, lowered, quote_of, read_case
    from checkout_core.policy import Policy
    from checkout_core.system import SystemClock

    if shop is not None and db is not None:
        raise WrongUsage("Say --shop or --db: a case is priced from one catalogue.")
    now, out = SystemClock().now(), Output(as_json)
    described = read_case(case, now, chosen)
    if isinstance(described, WorkedCase):
        if shop is not None or db is not None or config is not None or channel is not None:
            words = "Leave --shop, --db, --config and --channel out."
            raise WrongUsage(f"{case}: a worked cart brings its prices and its policy with it. {words}")
        _tell_worked(described, now, explain, out)
    elif shop is not None:
        from checkout_cli.wiring import read_files

        pricing = settings_of(None, config).pricing_for(channel)
        home = settings_of(None, config).home
        files = read_files(shop)
        catalog, sources = files.catalog(), Sources(files.policy(Policy()), files.pools)
        priced = quote_of(described, catalog, now, pricing, channel=channel or "", home=home, sources=sources)
        _tell(priced, (), explain, out, lowered=lowered(described, catalog, now, channel or ""))
    else:
        if not settings_of(db, config).db:
            raise WrongUsage(f"{case}: no shop is named to price it in. Say --shop DIR for its files, or --db shop.db for its database.")
        with shop_of(db, config) as backend:
            pricing = backend.settings.pricing_for(channel)
            asked = (backend.catalog, now, pricing, used_up(backend, described), channel or "", backend.settings.home)
            priced = quote_of(
                described, *asked, due=backend.taxes_due, sources=Sources(backend.places, backend.storage.pools, backend.shipping)
            )
            notes, reduced = tuple(_scarce(backend, priced)), lowered(described, backend.catalog, now, channel or "")
        _tell(priced, notes, explain, out, lowered=reduced)


def _tell_worked(described: WorkedCase, now: datetime, explain: bool, out: Output) -> None:
    """The price of a worked cart, and every figure that is not as the case expects: exit 1 if there is one."""
    from checkout_cli.cases import quote_of_worked, unexpected
    from checkout_cli.exits import reason_data
    from checkout_cli.rendering.tables import cell
    from checkout_cli.vectors import answer_of
    from checkout_core.refusals import Refusal

    try:
        priced = quote_of_worked(described.worked, now)
    except Refusal as refusal:
        if not described.expected_error:
            raise
        refused = refusal.refused
        data = {"quote": None, "refused": [reason_data(one) for one in refused]}
        out.show(data, lambda: [cell("Refused, as it is expected:"), *map(cell, refused)])
        return
    wrong = list(unexpected(described.expected, answer_of(described.worked, priced)))
    if described.expected_error:
        wrong.append("expected_error: it must be refused, and has a price.")
    _tell(priced, (), explain, out, wrong)
    if wrong:
        raise typer.Exit(REFUSED)


def _tell(
    priced: Quote,
    notes: tuple[str, ...],
    explain: bool,
    out: Output,
    wrong: Sequence[str] | None = None,
    lowered: Sequence[ShownPrice] = (),
) -> None:
    """The quote; of a worked cart also what is `wrong` with it. `lowered`: prices that stand beside a former one."""
    from rich.console import RenderableType

    from checkout_cli.exits import reason_data
    from checkout_cli.rendering.prices import lowered_words, shown_data
    from checkout_cli.rendering.receipts import near_misses, price_picture, quote_data, quote_words, rows_data
    from checkout_cli.rendering.tables import cell

    data = quote_data(priced)
    data["near_misses"] = [reason_data(one) for one in priced.near_misses]
    data["rows"] = rows_data(priced)
    data["notes"] = list(notes)
    data["lowered"] = [{"sku": one.sku, **shown_data(one)} for one in lowered]
    if wrong is not None:
        data["unexpected"] = list(wrong)

    def words() -> Iterator[RenderableType]:
        if explain:
            yield price_picture(priced)
            yield from lowered_words(lowered)
        else:
            yield quote_words(priced)
            yield from near_misses(priced)
        for one in notes:
            yield cell(f"! {one}", "yellow")
        for one in wrong or ():
            yield cell(f"! {one}", "red")

    out.show({"quote": data}, words)


def used_up(backend: Backend, case: Case) -> dict[str, Refused]:
    """Promotions that have no use left, by id."""
    from checkout_core.codes import parted

    return spent(backend, parted(backend.catalog.promotions(case.codes))[0])


def spent(backend: Backend, deals: Iterable[Promotion]) -> dict[str, Refused]:
    """Those of these promotions that have no use left, by id."""
    from checkout_core.holds import CouponUses
    from checkout_core.refusals import Refused

    limited = [deal for deal in deals if deal.limit is not None]
    pools = backend.storage.pools([CouponUses(deal.id) for deal in limited])
    taken = {deal.id: pools[CouponUses(deal.id)] for deal in limited}
    return {
        deal.id: Refused("coupon-used-up", deal.label)
        for deal in limited
        if taken[deal.id].held + taken[deal.id].committed >= (deal.limit or 0)
    }


def _scarce(backend: Backend, priced: Quote) -> Iterator[str]:
    """What could not be had now, although it has a price."""
    from checkout_core.refusals import Refused

    wanted: dict[str, int] = {}
    for line in priced.lines:
        if line.tracked:
            wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    levels = backend.queries.inventory(skus=list(wanted)) if wanted else ()
    for sku, units in wanted.items():
        there = sum(level.available for level in levels if level.sku == sku and level.location in backend.locations)
        if there < units:
            yield str(Refused("out-of-stock", sku, wanted=units, available=there))
