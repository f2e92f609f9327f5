"""Options that many commands share, each declared once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from checkout_cli.exits import WrongUsage

WHERE, ACTING = "Which shop", "Before anything changes"

Db = Annotated[
    str | None,
    typer.Option("--db", metavar="PATH|URL", help="The shop's database, such as shop.db. Or CHECKOUT_DB.", rich_help_panel=WHERE),
]
ShopDir = Annotated[
    Path | None, typer.Option("--shop", metavar="DIR", help="Look in these files; no database is needed.", rich_help_panel=WHERE)
]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="Settings in TOML. Or CHECKOUT_CONFIG.", rich_help_panel=WHERE),
]
Json = Annotated[bool, typer.Option("--json", metavar="", help="Data instead of words: one JSON object on stdout, and nothing else.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", metavar="", help="Do it without asking.", rich_help_panel=ACTING)]
DryRun = Annotated[bool, typer.Option("--dry-run", metavar="", help="Show the plan, and stop.", rich_help_panel=ACTING)]
Actor = Annotated[
    str | None,
    typer.Option("--actor", metavar="NAME", help="Who does this. Default: CHECKOUT_ACTOR, or your login name.", rich_help_panel=ACTING),
]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, metavar="N", help="At most so many.")]


def instant(text: str) -> datetime:
    """The instant that was typed, in UTC. Raises WrongUsage for one that does not say where its clock stands."""
    try:
        found = datetime.fromisoformat(text)
        if found.utcoffset() is not None:
            return found.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise WrongUsage(f"{text!r:.40} is no time with its distance from UTC. Write it as 2026-11-27T12:00:00+01:00.")
