"""What `fsck` looked at, and what it found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rich.console import RenderableType

from checkout_cli.rendering.facts import time_data, units
from checkout_cli.rendering.tables import cell, heading, note, table

if TYPE_CHECKING:
    from checkout_cli.wiring import Check, Finding

Looked = Sequence[tuple["Check", bool, "Finding | None"]]
"""Each check, whether it could be made here, and what it found."""


def checks_data(looked: Looked) -> dict[str, object]:
    return {
        "checks": [
            {
                "id": check.id,
                "sentence": check.sentence,
                "made": made,
                "ok": finding is None if made else None,
                "count": finding.count if finding else 0,
                "rows": [{name: _plain(value) for name, value in row.items()} for row in finding.rows] if finding else [],
                "cure": check.cure,
            }
            for check, made, finding in looked
        ],
        "ok": all(finding is None for _, _, finding in looked),
    }


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return time_data(value)
    return value if isinstance(value, int | str | float | bool | None) else str(value)


def checks_words(looked: Looked) -> Iterator[RenderableType]:
    """A line a check; then every finding with its rows and the cure."""
    marks = []
    for check, made, finding in looked:
        mark = cell("–", "dim") if not made else cell("✗", "bold red") if finding else cell("✓", "green")
        marks.append((mark, check.id, cell(check.sentence, "red" if finding else "")))
    yield table(("", "id", "what must be true"), marks, keep=("id",))
    skipped = sum(not made for _, made, _ in looked)
    found = [finding for _, _, finding in looked if finding]
    for finding in found:
        yield heading(f"✗ {finding.check}: {finding.sentence}")
        columns = tuple(dict.fromkeys(name for row in finding.rows for name in row))
        yield table(columns, ([row.get(name, "") if row.get(name) is not None else "" for name in columns] for row in finding.rows))
        if finding.count > len(finding.rows):
            yield note(f"and {finding.count - len(finding.rows)} more")
        yield cell(f"Cure: {finding.cure}", "bold")
    if skipped:
        yield note(f"{units(skipped, 'check')} could not be made here, without the gateway's own books.")
    total = len(looked) - skipped
    if found:
        yield cell(f"{len(found)} of {total} checks found something. Stop selling until it is understood.", "bold red")
    else:
        yield cell(f"All {total} checks hold: the books balance.", "bold green")
