"""`checkout demo`, `checkout run` and `checkout sandbox`: shoppers to watch, scripts to play, and what the sandbox gateway can play."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from checkout_cli.asking import Change, Consent, Plan, agreed
from checkout_cli.config import named_db, settings_of
from checkout_cli.exits import BROKEN, WrongUsage
from checkout_cli.options import WHERE, ConfigFile, DryRun, Json, Yes
from checkout_cli.output import Output

if TYPE_CHECKING:
    from checkout_cli.stage import Stage
    from checkout_core.stories import Story

OPENS = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)  # a Monday; the demo is the same on every day
Files = Annotated[Path | None, typer.Option("--shop", metavar="DIR", help="Play on a new shop of these files.", rich_help_panel=WHERE)]

OwnDb = Annotated[
    str | None,
    typer.Option("--db", metavar="PATH|URL", help="Play on this shop. CHECKOUT_DB alone does not name it.", rich_help_panel=WHERE),
]


def demo(
    keep: Annotated[Path | None, typer.Option("--keep", metavar="FILE", help="Keep the database in this new file.")] = None,
    as_json: Json = False,
) -> None:
    """Watch shoppers go through a tea shop: coupons, declined cards, challenges, a sold-out mug, money that comes too late.

    A real database, in a temporary file unless you --keep it; a virtual clock and a sandbox gateway: nothing real is charged, and it tells
    the same story every time. The last line compares gateway, ledger, orders and stock; exit code 4 if they disagree.
    Example: checkout demo --keep shop.db
    """
    from checkout_cli import demo as stories
    from checkout_cli.rendering.stories import closing_words, demo_data, opening_words, story_words
    from checkout_cli.run import read_scripts

    out, folder = Output(as_json), stories.examples()
    scripts = read_scripts([folder / "checkouts"])

    def hear(story: Story) -> None:
        if not as_json:
            out.show({}, lambda: story_words(story))

    with new_stage(folder / "shop", keep) as stage:
        if not as_json:
            out.show({}, opening_words)
        told = stories.tell(stage, scripts, hear)
    out.show(demo_data(told), lambda: closing_words(told))
    if keep is not None and not as_json:
        from checkout_cli.rendering.tables import note

        out.show({}, lambda: note(f"Kept in {keep}. Look around: checkout order list --db {keep}"))
    if not told.good:
        raise typer.Exit(BROKEN)


def run(
    scripts: Annotated[list[Path], typer.Argument(metavar="SCRIPT…", help="Scripts in TOML, or folders of them.")],
    shop: Files = None,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: OwnDb = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Play scripted checkouts: on a new shop in a temporary database (the example shop, or --shop DIR), or on --db.

    On your own database they really happen there, with its sandbox gateway, so you are asked first; a `wait` in a script moves the clock
    of these shoppers only. Exit code 0 if all went as expected, 1 if something was refused unexpectedly, 4 if something else came.
    Example: checkout run examples/checkouts/01-guest.toml
    """
    from checkout_cli import demo as stories
    from checkout_cli import run as running
    from checkout_cli.rendering.facts import units
    from checkout_cli.rendering.stories import ran_data, ran_words

    out, read = Output(as_json), running.read_scripts(scripts)
    if db is None and config is None:
        with new_stage(shop or stories.examples() / "shop", None) as stage, out.progress("playing", len(read)) as told:
            ran = running.run(stage, read, told)
    else:
        if shop is not None:
            raise WrongUsage("Say --shop or --db: scripts are played on one shop.")
        settings = settings_of(db, config)
        named_db(settings)
        if settings.production or settings.gateways != ("sandbox",):
            raise WrongUsage("Scripts pay with tokens of the sandbox. Play them on a shop whose only gateway is the sandbox.")
        plan = Plan(
            "Play scripts", (Change(str(settings.db), "as it is", f"with the carts and orders of {units(len(read), 'script')} in it"),)
        )
        if not agreed(plan, Consent(yes, dry_run), out):
            return
        from checkout_cli.wiring import VirtualClock, opened, stage_on

        clock = VirtualClock(datetime.now(UTC))
        with opened(settings, clock=clock) as backend, out.progress("playing", len(read)) as told:
            ran = running.run(stage_on(backend, clock), read, told)
    out.show(ran_data(ran), lambda: ran_words(ran))
    if ran.exit:
        raise typer.Exit(ran.exit)


def sandbox(as_json: Json = False) -> None:
    """List the tokens of the sandbox gateway: what each of them makes happen.

    Example: checkout sandbox
    """
    from checkout_cli.rendering.tables import cell, table
    from checkout_cli.wiring import SANDBOX_TOKENS

    data = {"tokens": [{"token": token, "says": says} for token, says in SANDBOX_TOKENS.items()]}
    rows = ((cell(token, "cyan"), says) for token, says in SANDBOX_TOKENS.items())
    Output(as_json).show(data, lambda: table(("token", "what happens"), rows, keep=("token",)))


@contextmanager
def new_stage(folder: Path, keep: Path | None) -> Iterator[Stage]:
    """A stage on a new database with the shop of that folder: in a temporary file, or in one to keep, which is gone again if it fails."""
    from checkout_cli.wiring import SeededIds, VirtualClock, around, read_files, staged

    files = read_files(folder)
    with tempfile.TemporaryDirectory(prefix="checkout-") as temporary:
        path = keep or Path(temporary) / "shop.db"
        if there := [one for one in around(path) if one.exists() or one.is_symlink()]:
            kin = "" if there[0] == path else f" It belongs to a database {path}."
            raise WrongUsage(f"{there[0]} is there already.{kin} Name a new file, or move it away.")
        try:
            with staged(path, files, VirtualClock(OPENS), SeededIds()) as stage:
                yield stage
        except BaseException:
            for left in around(path):  # nothing else of a like name: it is somebody's
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
            raise
