"""`checkout promotion`: the rules that make things cheaper, whether they make sense together, and what others would do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from attrs import frozen

from checkout_cli.commands.shadows import shadow
from checkout_cli.opening import shop_of
from checkout_cli.options import ConfigFile, Db, Json, ShopDir
from checkout_cli.output import Output

if TYPE_CHECKING:
    from rich.console import RenderableType

    from checkout_cli.wiring import ShopFiles
    from checkout_core.catalog import Product
    from checkout_core.experiments import Experiment
    from checkout_core.promotions import Promotion
    from checkout_core.shipping import ShippingMethod

app = typer.Typer(no_args_is_help=True, help="Promotions: list them, look at one, check that they make sense, compare them with others.")


@app.command("list")
def list_promotions(shop: ShopDir = None, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """List every promotion in the order of its turn: what it gives, what it asks for, how it combines.

    Example: checkout promotion list --shop examples/shop
    """
    from checkout_cli.rendering.promotions import promotion_data, promotions_words

    found = sorted(rules_of(shop, db, config)[0], key=lambda p: -p.priority)
    Output(as_json).show({"promotions": [promotion_data(one) for one in found]}, lambda: promotions_words(found))


@app.command()
def show(
    id: Annotated[str, typer.Argument(metavar="ID", help="A promotion's id, or its code, however that was typed.")],
    shop: ShopDir = None,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Show one promotion whole: what it gives, what it covers, every condition, its limits.

    Example: checkout promotion show welcome --shop examples/shop
    """
    from checkout_cli.rendering.promotions import promotion_data, promotion_words

    one = named(id, rules_of(shop, db, config)[0])
    Output(as_json).show({"promotion": promotion_data(one)}, lambda: promotion_words(one))


@app.command()
def check(shop: ShopDir = None, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Name promotions that can never apply, that another always keeps out, those whose turn only their order decides, those that promise
    more than their budget has, and variants of an experiment between which there is no difference.

    None of it is an error: such rules work, and always alike. Each finding has a cure. Changes nothing.

    Example: checkout promotion check --shop examples/shop
    """
    from checkout_cli.rendering.tables import cell
    from checkout_core.promotions.checking import alike, never
    from checkout_core.promotions.clashes import clashes
    from checkout_core.system import SystemClock

    promotions, products, methods, experiments = rules_of(shop, db, config)
    now = SystemClock().now()
    idle = [one for promotion in promotions for one in never(promotion, products, methods, now, experiments)]
    idle_ids = {one.promotion for one in idle}
    others = clashes([one for one in promotions if one.id not in idle_ids], products)
    data: list[dict[str, object]] = [
        {"kind": "never", "promotions": [one.promotion], "place": one.place, "problem": one.problem, "cure": one.cure} for one in idle
    ]
    data += [
        {"kind": one.kind, "promotions": list(one.promotions), "place": one.place, "problem": one.problem, "cure": one.cure}
        for one in others
    ]
    twins = [_Alike(one.id, names) for one in experiments if one.runs(now) and (names := alike(one, promotions))]
    data += [
        {"kind": "alike", "promotions": [], "place": f"experiment {one.experiment}", "problem": one.problem, "cure": one.cure}
        for one in twins
    ]

    def words() -> Iterator[RenderableType]:
        for one in (*idle, *others, *twins):
            yield cell(f"! {one}", "yellow")
        if not data:
            yield cell(
                f"✓ {len(promotions)} promotions: each can apply, none keeps another out, no turn is left to chance, no budget too small.",
                "green",
            )

    Output(as_json).show({"findings": data}, words)


app.command()(shadow)


@frozen
class _Alike:
    """Variants of an experiment that are priced alike."""

    experiment: str
    names: tuple[str, ...]
    cure = "Give a promotion to all of them but one, or take the others out."

    @property
    def problem(self) -> str:
        return f"no promotion makes a difference between its variants {', '.join(self.names)}"

    def __str__(self) -> str:
        return f"Experiment {self.experiment!r}: {self.problem}. {self.cure}"


def named(id: str, promotions: list[Promotion]) -> Promotion:
    """The promotion of that id or code. Raises NotFound."""
    from checkout_core.customers import canonical_code
    from checkout_core.errors import NotFound

    try:
        typed = canonical_code(id)
    except ValueError:
        typed = id
    found = next((one for one in promotions if id == one.id or (one.code is not None and one.code == typed)), None)
    if found is None:
        raise NotFound("promotion", id[:60])
    return found


def rules_of(
    shop: Path | None, db: str | None, config: Path | None
) -> tuple[list[Promotion], list[Product], list[ShippingMethod], list[Experiment]]:
    """The promotions, products, ways to send and experiments of a folder or a database."""
    from checkout_cli.exits import WrongUsage

    if shop is not None and db is not None:
        raise WrongUsage("Say --shop or --db: promotions are of one shop.")
    if shop is not None:
        from checkout_cli.wiring import read_files

        files: ShopFiles = read_files(shop)
        return list(files.promotions), list(files.products), list(files.shipping.methods), list(files.experiments)
    with shop_of(db, config) as backend:
        return list(backend.promotions()), list(backend.products()), list(backend.methods()), list(backend.catalog.experiments())
