"""A price tree drawn on any terminal: wide or narrow, with colours or without, in UTF-8 or ASCII.

The right column adds up to what is due. The column left of it says how each of those amounts came about.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import frozen
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from checkout_cli.output import neutral
from checkout_cli.rendering.price_tree import Node, Tone
from checkout_cli.rendering.price_words import WORDS, said
from checkout_core.money import Money

WIDTH: Final = 100  # wider lines are hard to follow from the words to the amount
LEAST: Final = 16  # columns for words; where fewer are left, the amounts stand below the words
GAP: Final = 2
HANGING: Final = 2  # the second line of a remark stands so much to the right
STYLES: Final[Mapping[Tone, str]] = {"": "", "quiet": "dim", "less": "green", "due": "bold"}
PLAIN: Final = str.maketrans({"×": "x", "·": "-", "…": "...", "─": "-", "│": "|", "├": "|", "└": "`", "–": "-", "—": "-", "’": "'"})


@frozen
class Picture:
    """A renderable for rich."""

    nodes: tuple[Node, ...]
    currency: str
    words: Mapping[str, str] = WORDS

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from _Drawing(self, console, options).lines()


class _Drawing:
    def __init__(self, picture: Picture, console: Console, options: ConsoleOptions) -> None:
        self.picture = picture
        self.console = console
        self.encoding = options.encoding
        self.ascii = options.ascii_only
        every = list(_every(picture.nodes))
        self.wholes = max([cell_len(self.amount(node.whole, node.tone)) for node in every if node.whole is not None], default=0)
        self.parts = max([cell_len(self.amount(node.part)) for node in every if node.part is not None], default=0)
        self.width = min(options.max_width, WIDTH)
        self.start = self.width - self.wholes - GAP - (self.parts + GAP if self.parts else 0)
        self.below = self.start < LEAST
        self.room = self.width if self.below else self.start

    def lines(self) -> Iterator[Text]:
        for node in self.picture.nodes:
            if node.apart:
                yield Text("")
            if node.tone == "due":
                yield self.plain(" " * (self.width - self.wholes) + "─" * self.wholes, "dim")
            if node.tone == "quiet":
                yield from self.remark(node)
            else:
                yield from self.rows(node, "", "")

    def rows(self, node: Node, first: str, others: str) -> Iterator[Text]:
        """A node and what is below it; `first` and `others` are the guides in front of its first line and of the others."""
        under = "│  " if node.below else "   " if not others else ""
        words = self.wrapped(node, self.room - max(len(first), len(others + under)))
        for n, line in enumerate(words):
            made = self.plain(first if n == 0 else others + under, "dim").append_text(line)
            if n == 0 and not self.below:
                made.append_text(self.amounts(node, self.start - cell_len(made.plain)))
            yield made
        if self.below and (node.whole is not None or node.part is not None):
            guides = self.plain(others + under, "dim")
            yield guides.append_text(self.amounts(node, self.start - cell_len(guides.plain)))
        for n, below in enumerate(node.below):
            last = n == len(node.below) - 1
            yield from self.rows(below, others + ("└─ " if last else "├─ "), others + ("   " if last else "│  "))

    def remark(self, node: Node) -> Iterator[Text]:
        """Words alone may be as wide as the picture."""
        for n, line in enumerate(self.wrapped(node, self.width - HANGING)):
            yield Text(" " * HANGING if n else "").append_text(line)

    def wrapped(self, node: Node, width: int) -> list[Text]:
        style = STYLES[node.tone]
        loud, quiet = said(node.say, self.picture.words)
        text = self.plain(loud, "bold" if node.whole is not None else style)
        if quiet:
            text.append_text(self.plain(f"{'  ' if loud else ''}{quiet}", "dim"))
        lines = list(text.wrap(self.console, max(width, 1), overflow="fold"))
        for line in lines:
            line.rstrip()
        return lines or [Text("")]

    def amounts(self, node: Node, before: int) -> Text:
        """The amounts of a row, each at the right of its column, after so many free cells."""
        if node.whole is None and node.part is None:
            return Text("")
        made, style = Text(" " * max(before, 0)), STYLES[node.tone]
        if self.parts:
            amount = "" if node.part is None else self.amount(node.part)
            made.append_text(self.plain(amount.rjust(self.parts + GAP), style))
        if node.whole is not None:
            made.append_text(self.plain(self.amount(node.whole, node.tone).rjust(self.wholes + GAP), style))
        return made

    def amount(self, minor: int, tone: Tone = "") -> str:
        amount = str(Money(minor, self.picture.currency))
        number = amount.removesuffix(f" {self.picture.currency}")
        return f"{self.picture.currency} {number}" if tone == "due" else number

    def plain(self, words: str, style: str = "") -> Text:
        """Harmless words that this terminal can show, so that nothing is wider than it was measured."""
        text = neutral(words)
        if self.ascii:
            text = text.translate(PLAIN).encode("ascii", "backslashreplace").decode()
        return Text(text, style)


def _every(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield node
        yield from _every(node.below)
