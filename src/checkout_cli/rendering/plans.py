"""A plan: what is true now, and what it will be."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from checkout_cli.asking import Plan
from checkout_cli.rendering.tables import cell, note, table


def plan_words(plan: Plan, last: str = "") -> Iterator[RenderableType]:
    """The plan as a table, its notes, and a last word."""
    yield Text(plan.title, "bold")
    if plan.changes:
        yield table(("", "now", "then"), ((one.what, one.now, cell(one.then, "bold")) for one in plan.changes))
    for words in plan.notes:
        yield cell(f"· {words}")
    if last:
        yield note(last)
