"""TOML files that a command is given: each read to its plain table, with every mistake in any of them, its file and its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from attrs import frozen

from checkout_core.errors import CheckoutError

LARGEST: Final = 1_000_000
"""The bytes such a file may have (R25)."""
_T = TypeVar("_T")


@frozen
class FileMistake:
    """What is wrong with a file: its name, the line if that is known, and what to do."""

    file: str
    row: int | None
    column: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.file}{'' if self.row is None else f':{self.row}'}: {self.message}"


class BadTables(CheckoutError):
    """Files that cannot be read: correct them. `mistakes` has everything that is wrong with any of them."""

    def __init__(self, mistakes: tuple[FileMistake, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(map(str, self.mistakes))


def mistaken(file: Path, mistakes: Iterable[str]) -> BadTables:
    """Mistakes in what a file says, each a sentence without its full stop."""
    return BadTables(tuple(FileMistake(str(file), None, None, f"{mistake}.") for mistake in mistakes))


def read_all(paths: Iterable[Path], what: str, read: Callable[[Path], _T]) -> tuple[_T, ...]:
    """What these files say, and the `.toml` files in these folders, in order. Raises BadTables with every mistake in any."""
    found, mistakes = list[_T](), list[FileMistake]()
    for path in paths:
        files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
        if not files:
            cure = f"There is no {what} in this folder. {what.capitalize()}s are files that end in .toml."
            mistakes.append(FileMistake(str(path), None, None, cure))
        for file in files:
            try:
                found.append(read(file))
            except BadTables as bad:
                mistakes += bad.mistakes
    if mistakes:
        raise BadTables(tuple(mistakes))
    return tuple(found)


def read_table(file: Path, what: str) -> Mapping[str, object]:
    """The table of one file. Raises BadTables."""

    def bad(message: str, row: int | None = None, column: int | None = None) -> BadTables:
        return BadTables((FileMistake(str(file), row, column, message),))

    if file.is_dir():
        raise bad(f"It is a folder. Name one {what} in it.")
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = error.strerror if isinstance(error, OSError) else "no file can be called that"
        raise bad(f"It cannot be read: {why}. Check the path and its permissions.") from None
    if len(content) > LARGEST:
        raise bad(f"It has more than {LARGEST} bytes. This is no {what}.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        raise bad(f"It is not UTF-8: byte {error.start + 1} of the file. Save it as UTF-8.", row) from None
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise bad("It is nested too deeply.") from None
    except ValueError as error:  # tomllib.TOMLDecodeError, and a number of more digits than Python reads
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        said = str(error).split(" (at ")[0] if isinstance(error, tomllib.TOMLDecodeError) else "a number has too many digits"
        raise bad(f"It is not TOML: {said}.", int(place[1]) if place else None, int(place[2]) if place else None) from None
