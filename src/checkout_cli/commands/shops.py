"""`checkout shop`: a shop as a folder of files, checked and loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import asdict

from checkout_cli.asking import Change, Consent, Plan, actor_of, agreed, because
from checkout_cli.opening import shop_of
from checkout_cli.options import ACTING, Actor, ConfigFile, Db, DryRun, Json, Yes
from checkout_cli.output import Output

if TYPE_CHECKING:
    from checkout_cli.wiring import CatalogChange, LoadPlan, ShopFiles
    from checkout_core.refusals import Change as Difference

app = typer.Typer(no_args_is_help=True, help="A shop as a folder of files: check it, load it.")
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds shop.toml, products.csv and the rest.")]
SHOWN = 12  # changes of one kind that are shown one by one


@app.command()
def check(folder: Folder, as_json: Json = False) -> None:
    """Check the files of a shop: every mistake at once, with file, row and column. Needs no database, changes nothing.

    Promotions that no cart can get are named as well, with the cure; they are no mistakes.

    Example: checkout shop check examples/shop
    """
    from checkout_cli.rendering.tables import cell
    from checkout_cli.wiring import read_files
    from checkout_core.system import SystemClock

    files = read_files(folder)
    counts, idle = counted(files), files.idle(SystemClock().now())
    names = (
        ("product", "products"),
        ("price list", "price lists"),
        ("promotion", "promotions"),
        ("experiment", "experiments"),
        ("tax row", "tax rows"),
        ("way to send", "ways to send"),
        ("location", "locations"),
        ("pool of stock", "pools of stock"),
    )
    words = ", ".join(f"{number} {one if number == 1 else many}" for (one, many), number in zip(names, counts.values(), strict=True))
    found = cell(f"✓ {files.name}: {words}. No mistakes.", "green")
    Output(as_json).show(
        {"shop": {"name": files.name, **counts, "idle": [asdict(one) for one in idle]}},
        lambda: [found, *(cell(f"! {one}", "yellow") for one in idle)],
    )


@app.command()
def load(
    folder: Folder,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; it stands with the opening stock.", rich_help_panel=ACTING)
    ] = "opening stock",
    actor: Actor = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Load a shop: catalogue, promotions, taxes, carriage, and opening stock where nothing ever lay. All or nothing; twice is once.

    Example: checkout shop load examples/shop --db shop.db
    """
    from checkout_cli.rendering.facts import units
    from checkout_cli.rendering.tables import note
    from checkout_cli.wiring import read_files

    who, out = actor_of(actor), Output(as_json)
    because(reason)
    with out.progress("reading the files"):
        files = read_files(folder)
    with shop_of(db, config) as backend:
        with out.progress("comparing"):
            todo = backend.plan_load(files)
        plan = plan_of_load(files, todo, every=out.as_json)
        if not agreed(plan, Consent(yes, dry_run), out):
            return
        with out.progress("loading"):
            done = backend.load(files, actor=who, reason=reason)
    words = f"Done: {units(len(done.changes), 'change')} in the catalogue, {units(len(done.opening), 'pool')} of stock opened."
    out.show(plan.data(done=True), lambda: note(words))


def counted(files: ShopFiles) -> dict[str, int]:
    """How many of everything there are."""
    return {
        "products": len(files.products),
        "price_lists": len(files.prices),
        "promotions": len(files.promotions),
        "experiments": len(files.experiments),
        "tax_rows": len(files.taxes.rows),
        "shipping_methods": len(files.shipping.methods),
        "locations": len(files.locations),
        "stock": len(files.stock),
    }


def plan_of_load(files: ShopFiles, todo: LoadPlan, *, every: bool) -> Plan:
    """What a load changes; many changes of one kind are counted, unless `every` one is wanted."""
    changes = [*_changes(todo, every), *_opening(todo, every)]
    notes = () if changes else ("The database says what the files say already.",)
    gone = sum(change.what == "withdrawn" and change.kind == "product" for change in todo.changes)
    if gone:
        goods = "1 product is withdrawn: nobody can buy it" if gone == 1 else f"{gone} products are withdrawn: nobody can buy them"
        notes = (f"{goods} any more. Orders and stock stay as they are.",)
    if others := sum(change.kind == "product" and any(map(_of_price, change.differences)) for change in todo.changes):
        whose = "1 product has another price" if others == 1 else f"{others} products have other prices"
        cure = "Write the former ones into prices.csv with their days, if reductions are to show the lowest price before."
        notes = (*notes, f"{whose} in the catalogue. {cure}")
    return Plan(f"Load {files.name}", tuple(changes), notes)


def _of_price(change: Difference) -> bool:
    """Whether a catalogue price becomes another one: it is history then."""
    return change.what.startswith("prices ") and bool(change.before and change.after)


def _changes(todo: LoadPlan, every: bool) -> Iterator[Change]:
    many = Counter((change.kind, change.what) for change in todo.changes)
    for (kind, what), number in many.items():
        if number > SHOWN and not every:
            yield Change(f"{kind}: {number}", "not there" if what == "added" else "there", what)
            continue
        for change in todo.changes:
            if (change.kind, change.what) == (kind, what):
                yield from _one(change)


def _one(change: CatalogChange) -> Iterator[Change]:
    if change.kind == "setting":
        now, then = change.differences[0].before, change.differences[0].after
        if change.key == "shop-locations":
            from checkout_cli.wiring import locations_words

            now, then = locations_words(now, then)
        yield Change(change.key.removeprefix("shop-"), now or "—", then)
        return
    name = f"{change.kind} {change.key}".strip()
    if not change.differences:
        now = "not there" if change.what in ("added", "returned") else "there"
        yield Change(name, now, f"{change.what}: {change.name}" if change.name else change.what)
    for one in change.differences:
        yield Change(f"{name}, {one.what}", one.before or "—", one.after or "—")


def _opening(todo: LoadPlan, every: bool) -> Iterator[Change]:
    if len(todo.opening) <= SHOWN or every:
        for one in todo.opening:
            yield Change(f"stock of {one.sku} at {one.location}", "never any", str(one.quantity))
        return
    places = Counter(one.location for one in todo.opening)
    for place, number in places.items():
        units = sum(one.quantity for one in todo.opening if one.location == place)
        yield Change(f"stock at {place}: {number} SKUs", "never any", f"{units} units")
