"""`checkout init` and `checkout db`: make a database, upgrade it, check it."""

from __future__ import annotations

from typing import Annotated

import typer

from checkout_cli.asking import Change, Consent, Plan, agreed
from checkout_cli.config import ENV_SECRET, settings_of
from checkout_cli.exits import BROKEN, WrongUsage
from checkout_cli.opening import shop_of
from checkout_cli.options import ConfigFile, Db, DryRun, Json, Yes
from checkout_cli.output import Output

app = typer.Typer(no_args_is_help=True, help="The database: bring it to this release's shape, see its revision, check its shape.")


def init(yes: Yes = False, dry_run: DryRun = False, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Make a database, and beside it the secret under which a person's uses of a promotion are counted.

    On a server the empty database is there already, and the secret is configured. Example: checkout init --db shop.db --yes
    """
    from checkout_cli.rendering.tables import note
    from checkout_cli.wiring import beside, database_name, database_path, make_key, needed_revision, upkeep

    settings, out = settings_of(db, config), Output(as_json)
    path, name, key, changes = database_path(settings), database_name(settings), beside(settings, ".key"), []
    if path is None and settings.identity_secret is None:
        said = f"Set {ENV_SECRET}, or identity_secret in the --config file."
        raise WrongUsage(f"Every machine that uses {name} needs the same secret. {said}")
    there = path is None or path.exists()
    found = upkeep(settings).current() if there else None
    if path is not None and not path.parent.is_dir():
        raise WrongUsage(f"There is no folder {path.parent} to make the database in. Make it first.")
    if found is None and (books := beside(settings, ".sandbox")).exists():
        raise WrongUsage(f"{books} has the payments of another database. Move it away, or name another file.")
    if found is None:
        changes.append(Change(name, "empty" if there else "not there", f"a database at revision {needed_revision()}"))
    elif found != needed_revision():
        changes.append(Change(name, f"revision {found}", f"revision {needed_revision()}"))
    if settings.identity_secret is None and not key.exists():
        changes.append(Change(str(key), "not there", "a new secret, for its owner alone"))
    notes = () if changes else (f"{name} is at revision {found}.",)
    if found is not None and changes and settings.identity_secret is None and not key.exists():
        notes = ("With a new secret each person's uses of a promotion are counted anew. If you have a copy of the old one, restore it.",)
    plan = Plan("Make a database", tuple(changes), notes)
    if not agreed(plan, Consent(yes, dry_run), out):
        return
    upkeep(settings).upgrade()
    if settings.identity_secret is None:
        make_key(settings)
    kept = f" Keep a copy of {key} too: it cannot be made again." if settings.identity_secret is None else ""
    words = f"Done.{kept} Next: checkout shop load DIR --db {name}"
    out.show(plan.data(done=True), lambda: note(words))


@app.command()
def upgrade(yes: Yes = False, dry_run: DryRun = False, db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Bring a database to this release's shape, all or nothing. Make a copy before.

    Example: checkout db upgrade --db shop.db
    """
    from checkout_cli.rendering.tables import note
    from checkout_cli.wiring import database_name, needed_revision, upkeep

    settings, out = settings_of(db, config), Output(as_json)
    name, admin = database_name(settings), upkeep(settings)
    found = admin.current()
    changes = (
        () if found == needed_revision() else (Change(name, f"revision {found}" if found else "empty", f"revision {needed_revision()}"),)
    )
    plan = Plan("Upgrade the database", changes, () if changes else (f"{name} is at revision {found} already.",))
    if not agreed(plan, Consent(yes, dry_run), out):
        return
    steps = admin.upgrade()
    out.show({**plan.data(done=True), "steps": list(steps)}, lambda: (note(f"Done: {step.rstrip('.')}.") for step in steps))


@app.command()
def retire(
    requests: Annotated[
        int, typer.Option("--requests", metavar="DAYS", min=0, max=36500, help="Requests that nobody repeats any more.")
    ] = 30,
    checkouts: Annotated[
        int, typer.Option("--checkouts", metavar="DAYS", min=0, max=36500, help="Checkouts that were given up and never had money.")
    ] = 90,
    carts: Annotated[int, typer.Option("--carts", metavar="DAYS", min=0, max=36500, help="Carts that nobody touched.")] = 90,
    yes: Yes = False,
    dry_run: DryRun = False,
    db: Db = None,
    config: ConfigFile = None,
    as_json: Json = False,
) -> None:
    """Remove what is over and was not touched for so many days; 0 keeps it for ever. Orders and their money stay.

    It works in small steps beside a shop that is open; stopped in the middle, it goes on where it was the next time.

    Example: checkout db retire --checkouts 30 --yes
    """
    from checkout_cli.rendering.tables import note

    out, days = Output(as_json), (requests or None, checkouts or None, carts or None)
    with shop_of(db, config) as backend:
        found = {table: rows for table, rows in backend.over(*days).items() if rows}
        changes = tuple([Change(table, str(rows), "0") for table, rows in found.items()])
        plan = Plan("Remove what is over", changes, () if changes else ("Nothing is that old.",))
        if not agreed(plan, Consent(yes, dry_run), out):
            return
        removed: dict[str, int] = {}
        for batch in backend.retire(*days):
            for table, rows in batch.items():
                removed[table] = removed.get(table, 0) + rows
    told = ", ".join([f"{rows} {table}" for table, rows in removed.items() if rows]) or "nothing"
    out.show({**plan.data(done=True), "removed": removed}, lambda: note(f"Done: removed {told}."))


@app.command()
def current(db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Show at which revision the database is, and which one this release needs.

    Example: checkout db current --db shop.db
    """
    from checkout_cli.rendering.tables import facts
    from checkout_cli.wiring import database_name, needed_revision, upkeep

    settings = settings_of(db, config)
    name, found = database_name(settings), upkeep(settings).current()
    data = {"database": {"path": name, "revision": found, "needed": needed_revision(), "up_to_date": found == needed_revision()}}
    Output(as_json).show(
        data, lambda: facts((("database", name), ("is at", found or "nothing: it is empty"), ("this release needs", needed_revision())))
    )


@app.command()
def check(db: Db = None, config: ConfigFile = None, as_json: Json = False) -> None:
    """Check that the database has the shape this release needs. Exit code 4 if it has not. What is in it is checked by fsck.

    Example: checkout db check --db shop.db
    """
    from checkout_cli.rendering.tables import cell
    from checkout_cli.wiring import upkeep

    wrong = upkeep(settings_of(db, config)).check()
    said = [cell(f"✗ {one}", "red") for one in wrong] or [cell("✓ The database has the shape that this release needs.", "green")]
    Output(as_json).show({"problems": list(wrong)}, lambda: said)
    if wrong:
        raise typer.Exit(BROKEN)
