"""What a command writes: words for people, or one JSON object, on stdout; progress and questions on stderr.

Text that comes from data cannot steer a terminal: everything that is not printable is written out as an escape (S14).
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from attrs import frozen

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

T = TypeVar("T")
UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\n]")


class ReaderGone(Exception):
    """Whoever was reading has had enough: nothing more to say, and nothing wrong."""


@frozen
class Output:
    """Where a command says what it has to say."""

    as_json: bool = False

    def show(self, data: Mapping[str, object], words: Callable[[], RenderableType | Iterable[RenderableType]]) -> None:
        """The data as JSON, or the words, which are made only if somebody reads them."""
        if self.as_json:
            written(as_text(data))
            return
        from rich.console import ConsoleRenderable, RichCast

        made = words()
        parts = [made] if isinstance(made, str | ConsoleRenderable | RichCast) else made
        screen = console()
        for part in parts:
            screen.print(part)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar on stderr while something long goes on, if somebody looks; what is given is called with how far it has come."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda _: None
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}"), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(what, total=total)
            yield lambda done: bar.update(task, completed=done)


def neutral(text: str) -> str:
    """The text on one line, with everything that could steer a terminal, or hide what it says, written out as an escape."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def as_text(data: Mapping[str, object]) -> str:
    """The data as JSON; wide letters as they are, what is not printable as an escape."""
    text = json.dumps(data, ensure_ascii=False, indent=2, allow_nan=False)
    return UNPRINTABLE.sub(lambda found: found[0] if found[0].isprintable() else json.dumps(found[0])[1:-1], text)


def written(text: str) -> None:
    """One text on stdout, with a line's end. Raises ReaderGone if nobody reads any more."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        reader_gone()
    except OSError:
        silenced()
        raise


def reader_gone() -> NoReturn:
    """Say no more, and end."""
    silenced()
    raise ReaderGone


def silenced() -> None:
    """Point stdout at nothing, so that the interpreter's own last flush is silent too."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass  # a stream without a file has nothing to flush


def console() -> Console:
    """The terminal as it is: its width and colours, plain when it is none."""
    from rich.console import Console

    class Screen(Console):
        def on_broken_pipe(self) -> None:
            reader_gone()

    return Screen(highlight=False, emoji=False, soft_wrap=False)
