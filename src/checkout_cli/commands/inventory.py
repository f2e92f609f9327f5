"""`checkout inventory`: what there is, who has it, and how it gets there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from attrs import evolve

from checkout_cli.asking import Change, Consent, Plan, actor_of, agreed, because
from checkout_cli.exits import WrongUsage, listed
from checkout_cli.opening import shop_of
from checkout_cli.options import ACTING, Actor, ConfigFile, Db, DryRun, Json, Limit, Yes
from checkout_cli.output import Output
from checkout_core.errors import NotFound
from checkout_core.holds import Pool, Stock, promised_beyond
from checkout_core.refusals import Refusal, Refused

if TYPE_CHECKING:
    from checkout_cli.wiring import Backend

app = typer.Typer(no_args_is_help=True, help="Inventory: list it, look at one SKU, receive goods, adjust to what was counted.")
Sku = Annotated[str, typer.Argument(metavar="SKU", help="The product's SKU.")]
Location = Annotated[str | None, typer.Option("--location", metavar="ID", help="Where. Default: the place that is used first.")]
EVERYTHING = 100_000
AT_MOST = 10**9  # units in one movement


@app.command("list")
def list_inventory(
    low: Annotated[int | None, typer.Option("--low", min=0, metavar="N", help="Only SKUs of which at most N can be had.")] = None,
    location: Annotated[str | None, typer.Option("--location", metavar="ID", help="Only what lies there.")] = None,
    limit: Limit = 1000,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List stock by SKU and location. available = on hand + beyond − held − committed; beyond: what may be sold that is not there.

    Example: checkout inventory list --low 3
    """
    from checkout_cli.rendering.stock import inventory_data, inventory_words, totals

    with shop_of(db, config) as backend:
        levels = backend.queries.inventory(limit=EVERYTHING)
        names = {product.sku: product.name for product in backend.products()}
        if location is not None:
            _known_place(backend, location)
            levels = [level for level in levels if level.location == location]
    found = [one for one in totals(levels, names) if low is None or one.sum("available") <= low][:limit]
    Output(as_json).show(inventory_data(found), lambda: inventory_words(found, limit))


@app.command()
def show(sku: Sku, limit: Limit = 20, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show one SKU: how many where, who has it, and every movement that made it so many.

    Example: checkout inventory show MUG
    """
    from checkout_cli.rendering.stock import Item, Total, sku_data, sku_words

    with shop_of(db, config) as backend:
        product = next((one for one in backend.products() if one.sku == sku), None)
        levels = backend.queries.inventory(skus=[sku])
        if product is None and not levels:
            raise NotFound("SKU", sku[:60])
        holds = backend.queries.holds(sku=sku, limit=limit)
        movements = backend.queries.movements(sku, limit=limit)
        for_sale = product is not None and sku not in backend.withdrawn()
    one = Item(Total(sku, product.name if product else "", tuple(levels)), product, for_sale, tuple(holds), tuple(movements))
    Output(as_json).show(sku_data(one), lambda: sku_words(one))


@app.command()
def holds(
    sku: Annotated[str | None, typer.Argument(metavar="SKU", help="Only of this product.")] = None,
    limit: Limit = 100,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """List who holds or has bought what, the first to lapse first.

    Example: checkout inventory holds MUG
    """
    from checkout_cli.rendering.stock import holds_data, holds_words

    with shop_of(db, config) as backend:
        found = backend.queries.holds(sku=sku, limit=limit)
    Output(as_json).show(holds_data(found), lambda: holds_words(found, limit))


@app.command()
def receive(
    sku: Sku,
    quantity: Annotated[int, typer.Argument(metavar="N", min=1, max=AT_MOST, help="How many came in.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: a delivery note, a return.", rich_help_panel=ACTING)],
    location: Location = None,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Receive goods: so many more are on hand.

    Example: checkout inventory receive MUG 24 --reason "delivery 4711"
    """
    with shop_of(db, config) as backend:
        _move(backend, sku, location, quantity, reason, actor_of(actor), Consent(yes, dry_run), Output(as_json), force=False)


@app.command()
def adjust(
    sku: Sku,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: stock-taking, breakage, theft.", rich_help_panel=ACTING)],
    to: Annotated[int | None, typer.Option("--to", metavar="N", min=0, help="So many were counted.")] = None,
    by: Annotated[int | None, typer.Option("--by", metavar="±N", help="So many more, or fewer.")] = None,
    location: Location = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force", metavar="", help="Go below what is promised. It leaves a shortfall for all to see.", rich_help_panel=ACTING
        ),
    ] = False,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Adjust stock to what was counted, or by a difference. What is promised is not taken away, unless you --force it.

    Example: checkout inventory adjust MUG --to 11 --reason "stock-taking"
    """
    if (to is None) == (by is None):
        raise WrongUsage("Say either --to N (so many were counted) or --by ±N (so many more or fewer).")
    if max(to or 0, abs(by or 0)) > AT_MOST:
        raise WrongUsage(f"That is more than {AT_MOST}. Give less.")
    with shop_of(db, config) as backend:
        place = location or backend.locations[0]
        delta = by if to is None else to - _pool(backend, sku, place).on_hand
        _move(backend, sku, place, delta or 0, reason, actor_of(actor), Consent(yes, dry_run), Output(as_json), force=force)


@app.command()
def backorder(
    sku: Sku,
    limit: Annotated[int, typer.Argument(metavar="N", min=0, max=AT_MOST, help="So many may be sold that are not there; 0 ends it.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why: a delivery that is confirmed.", rich_help_panel=ACTING)],
    location: Location = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            metavar="",
            help="Allow fewer than are sold so already. It leaves a shortfall for all to see.",
            rich_help_panel=ACTING,
        ),
    ] = False,
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Let more of a SKU be sold than is there: backorders, up to a limit.

    Example: checkout inventory backorder MUG 20 --reason "delivery 4712 is on its way"
    """
    with shop_of(db, config) as backend:
        _move(backend, sku, location, 0, reason, actor_of(actor), Consent(yes, dry_run), Output(as_json), force=force, beyond=limit)


def _move(
    backend: Backend,
    sku: str,
    location: str | None,
    delta: int,
    reason: str,
    actor: str,
    consent: Consent,
    out: Output,
    *,
    force: bool,
    beyond: int | None = None,
) -> None:
    from checkout_cli.rendering.stock import Total, inventory_data

    because(reason)
    place = location or backend.locations[0]
    _known_place(backend, place)
    before = _pool(backend, sku, place)
    product = next((one for one in backend.products() if one.sku == sku), None)
    if not before.on_hand and product is None and not backend.queries.inventory(skus=[sku]):
        raise NotFound("SKU", sku[:60])
    plan = plan_of_move(before, delta, force=force) if beyond is None else plan_of_backorders(before, beyond, force=force)
    if product is not None and not product.tracked:
        plan = evolve(plan, notes=(*plan.notes, "Stock of this product is not counted: it is sold however little there is."))
    if not agreed(plan, consent, out):
        return
    if beyond is None:
        backend.shop.receive(sku, delta, reason=reason, actor=actor, location=place, force=force)
    else:
        backend.shop.allow_backorders(sku, beyond, reason=reason, actor=actor, location=place, force=force)
    levels = backend.queries.inventory(skus=[sku])
    from checkout_cli.rendering.tables import note

    now = _pool(backend, sku, place)
    data = {**plan.data(done=True), **inventory_data([Total(sku, "", tuple(levels))])}
    out.show(data, lambda: note(f"Done: {now.on_hand} of {sku} on hand at {place}, {now.available} can be had."))


def plan_of_move(before: Pool, delta: int, *, force: bool) -> Plan:
    """What a movement changes. Raises Refusal for one that would take away what is promised, and is not forced."""
    assert isinstance(before.key, Stock)
    title = f"{'Receive' if delta > 0 else 'Adjust'} {before.key.sku} at {before.key.location}{f' by {delta:+d}' if delta else ''}"
    if not delta:
        return Plan(title, (), (f"On hand already: {before.on_hand}.",))
    free = max(before.on_hand - before.held - before.committed, 0)
    if before.on_hand + delta < 0:
        raise Refusal(
            Refused(
                "invalid",
                "quantity",
                f"{delta:+d}",
                available=before.on_hand,
                hint=f"There are only {before.on_hand} on hand. Take no more than that.",
            )
        )
    after = before.adjust(delta, force=force)
    if after is None:
        raise Refusal(Refused("stock-promised", before.key.sku, str(delta), wanted=-delta, available=free))
    return _plan(title, before, after, [Change("on hand", str(before.on_hand), str(after.on_hand))])


def plan_of_backorders(before: Pool, limit: int, *, force: bool) -> Plan:
    """What another limit of backorders changes. Raises Refusal for one below what is sold so already, and is not forced."""
    assert isinstance(before.key, Stock)
    title = f"Let {limit} of {before.key.sku} be sold beyond what is at {before.key.location}"
    if limit == before.backorder:
        return Plan(title, (), (f"The limit is {limit} already.",))
    after = before.adjust(0, backorder=limit, force=force)
    if after is None:
        raise Refusal(Refused("backorder-promised", before.key.sku, str(limit), wanted=limit, available=promised_beyond(before)))
    return _plan(title, before, after, [Change("beyond", str(before.backorder), str(limit))])


def _plan(title: str, before: Pool, after: Pool, changes: list[Change]) -> Plan:
    from checkout_cli.rendering.facts import units

    changes.append(Change("available", str(before.available), str(after.available)))
    notes = []
    if after.shortfall != before.shortfall:
        changes.append(Change("shortfall", str(before.shortfall), str(after.shortfall)))
    if after.shortfall > before.shortfall:
        promised = before.held + before.committed
        notes.append(f"Promised to shoppers: {promised}. On hand then: {after.on_hand}. {units(after.shortfall)} cannot be delivered.")
    return Plan(title, tuple(changes), tuple(notes))


def _pool(backend: Backend, sku: str, location: str) -> Pool:
    key = Stock(sku, location)
    return backend.storage.pools([key])[key]


def _known_place(backend: Backend, location: str) -> None:
    known = sorted({*backend.locations, *(level.location for level in backend.queries.inventory(limit=EVERYTHING))})
    if location not in known:
        raise WrongUsage(f"There is no location {location[:60]!r}. Known: {listed(known, 'and')}.")
