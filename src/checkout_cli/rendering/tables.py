"""The shapes that every screen is made of. Data enters as plain text only: no markup, no control characters (S14)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from checkout_cli.output import neutral

STATE_STYLES = {
    "placed": "green",
    "completed": "green",
    "paid": "green",
    "captured": "green",
    "delivered": "green",
    "committed": "green",
    "cancelled": "yellow",
    "refunded": "yellow",
    "voided": "yellow",
    "refund due": "bold yellow",
    "declined": "red",
    "dead": "bold red",
    "unknown": "bold yellow",
    "held": "cyan",
}


def cell(value: object, style: str = "") -> Text:
    """One value as it is, harmless."""
    return Text(neutral(str(value)), style)


def state(value: object) -> Text:
    """A state, coloured the same on every screen."""
    return cell(value, STATE_STYLES.get(str(value), ""))


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, right: Iterable[str] = (), keep: Iterable[str] = ()) -> Table:
    """Rows under headings. Columns in `right` are numbers; those in `keep` are never shortened, because somebody will copy them."""
    made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))
    right, keep = set(right), set(keep)
    for column in columns:
        never_short = column in keep or column in right
        made.add_column(column, justify="right" if column in right else "left", no_wrap=never_short, overflow="fold")
    for row in rows:
        made.add_row(*(one if isinstance(one, Text) else cell(one) for one in row))
    return made


def facts(pairs: Iterable[tuple[str, object]]) -> Table:
    """Facts about one thing, a line each; a fact without a value is left out."""
    made = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        if isinstance(value, Text) or (value is not None and value != ""):
            made.add_row(cell(name), value if isinstance(value, Text) else cell(value))
    return made


def heading(words: str) -> Text:
    return Text(f"\n{neutral(words)}", "bold")


def note(words: str) -> Text:
    return cell(words, "dim")


def counted(shown: int, limit: int, what: str) -> Text:
    """How many are shown, and whether there may be more."""
    more = f" There may be more: --limit shows more than {limit}." if shown >= limit else ""
    return note(f"{shown} {what}{'' if shown == 1 else 's'}.{more}")
