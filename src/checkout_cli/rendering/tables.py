"""The shapes that every screen is made of. Data enters as plain text only: no markup, no control characters (S14)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import frozen
from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
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


GAP = 2  # between two columns


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Iterable[str] = (),
    keep: Iterable[str] = (),
    spare: Iterable[str] = (),
) -> Fitting:
    """Rows under headings. Columns in `right` are numbers; those in `keep` are not shortened, because somebody will copy them.

    Where there is little room, words go on in a second line but stay whole; what still has none is left out, the first of `spare` first.
    """
    made = tuple(tuple(one if isinstance(one, Text) else cell(one) for one in row) for row in rows)
    return Fitting(tuple(columns), made, frozenset(right), frozenset(keep), tuple(spare))


@frozen
class Fitting:
    """A table that looks at how much room it has."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    right: frozenset[str]
    keep: frozenset[str]
    spare: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        left_out, shown = list[str](), list(self.columns)
        for name in self.spare:
            if self._needed(shown, {name: self._words(name) for name in shown}) <= options.max_width:
                break
            left_out.append(name)
            shown.remove(name)
        yield self._made(shown, self._widths(shown, options.max_width))
        if left_out:
            yield note(f"Left out for lack of room: {', '.join(left_out)}. --json has everything.")

    def _made(self, shown: Sequence[str], widths: dict[str, int]) -> Table:
        made = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
        for name in shown:
            made.add_column(name, justify="right" if name in self.right else "left", overflow="fold", width=widths[name])
        at = [self.columns.index(name) for name in shown]
        for row in self.rows:
            made.add_row(*(row[n] for n in at))
        return made

    def _widths(self, shown: Sequence[str], room: int) -> dict[str, int]:
        """As wide as they are, if there is room; else the widest are narrowed: to their longest words, then into their words, but not
        those that somebody will copy; and these only in the end.
        """
        whole, words = {name: self._whole(name) for name in shown}, {name: self._words(name) for name in shown}
        copied, letters = {name: words[name] if self._stays(name) else 1 for name in shown}, dict.fromkeys(shown, 1)
        for least, most in ((words, whole), (copied, words), (letters, words)):
            for at_most in range(room, 0, -1):
                widths = {name: max(least[name], min(most[name], at_most)) for name in shown}
                if self._needed(shown, widths) <= room:
                    return widths
        return letters

    def _stays(self, name: str) -> bool:
        return name in self.keep or name in self.right

    def _needed(self, shown: Sequence[str], widths: dict[str, int]) -> int:
        return sum(widths[name] for name in shown) + GAP * (len(shown) - 1)

    def _texts(self, name: str) -> list[str]:
        at = self.columns.index(name)
        return [name, *(row[at].plain for row in self.rows)]

    def _whole(self, name: str) -> int:
        return max(max(map(cell_len, self._texts(name))), 1)

    def _words(self, name: str) -> int:
        if self._stays(name):
            return self._whole(name)
        return max((cell_len(word) for text in self._texts(name) for word in text.split()), default=1)


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
