"""Tables of a TOML file with the numbers of their lines, read strictly: each key is known, and each value of the kind it must be."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import TypeVar

from attrs import Factory, frozen

from checkout_adapters.files.cells import refuse_card_numbers
from checkout_adapters.files.lines import Path, lines_of
from checkout_adapters.files.mistakes import Notes, shown

T = TypeVar("T")


@frozen
class Table:
    """One table of the file. Every key that is asked for is known; `close` notes the others."""

    notes: Notes
    lines: Mapping[Path, int]
    path: Path
    values: Mapping[str, object]
    known: dict[str, None] = Factory(dict)

    @property
    def line(self) -> int | None:
        """The line on which the table begins."""
        return self.lines.get(self.path, 1)

    def text(self, key: str, reader: Callable[[str], T], *, needed: bool = True) -> T | None:
        """The value of a text."""
        value = self._of(key, str, "a text in quotes", needed)
        return None if value is None else self._read((key,), value, reader)

    def texts(self, key: str, reader: Callable[[str], T], *, needed: bool = True) -> list[T] | None:
        """The values of a list of texts; None if it is not there, or if one of them cannot be read."""
        values = self._of(key, list, 'a list of texts, such as ["A", "B"]', needed)
        if values is None:
            return None
        read = [self._read((key, n), value, reader) for n, value in enumerate(values)]
        found = [value for value in read if value is not None]
        return found if len(found) == len(values) else None

    def whole(self, key: str, *, least: int, most: int, needed: bool = True) -> int | None:
        """A whole number within bounds."""
        value = self._of(key, int, "a whole number without quotes, such as 2", needed)
        if value is not None and not least <= value <= most:
            self.wrong(key, f"{value if abs(value) < 10**15 else 'The number'} is not between {least} and {most}.")
            return None
        return value

    def wholes(self, key: str) -> list[int] | None:
        """A list of whole numbers that may be left out."""
        values = self._of(key, list, "a list of whole numbers", False)
        if values is None or all(type(value) is int for value in values):
            return values
        self.wrong(key, "It is a list of whole numbers, such as [2, 3].")
        return None

    def days(self, key: str) -> list[date] | None:
        """A list of dates that may be left out."""
        values = self._of(key, list, "a list of dates", False)
        if values is None or all(type(value) is date for value in values):
            return values
        self.wrong(key, "It is a list of dates without quotes, such as [2026-12-25, 2026-12-26].")
        return None

    def truth(self, key: str) -> bool:
        """true or false; false if it is left out."""
        return self._of(key, bool, "true or false, without quotes", False) or False

    def instant(self, key: str) -> datetime | None:
        """A time with its offset, in UTC."""
        value = self._of(key, datetime, "a time with its offset and without quotes, such as 2026-06-01T00:00:00Z", False)
        if value is None:
            return None
        if value.tzinfo is None:
            self.wrong(key, "The time does not say where: add its offset, such as 2026-06-01T00:00:00Z.")
            return None
        try:
            return value.astimezone(UTC)
        except OverflowError:
            self.wrong(key, "The time is beyond the calendar.")
            return None

    def table(self, key: str, *, needed: bool = True) -> Table | None:
        """The table under that key."""
        value = self._of(key, dict, "a table, such as { name = value }", needed)
        return None if value is None else Table(self.notes, self.lines, (*self.path, key), value)

    def tables(self, key: str) -> list[Table]:
        """The list of tables under that key."""
        values = self._of(key, list, f"a list of tables, each below its own [[{key}]]", True)
        found = []
        for n, value in enumerate(values or ()):
            if isinstance(value, dict):
                found.append(Table(self.notes, self.lines, (*self.path, key, n), value))
            else:
                self._note((key, n), "It is not a table. Write { … }, or a section of its own.")
        return found

    def has(self, key: str) -> bool:
        """Whether the key is there."""
        return key in self.values

    def others(self) -> list[str]:
        """The keys not asked for so far."""
        return [key for key in self.values if key not in self.known]

    def pass_over(self, keys: Iterable[str]) -> None:
        """These keys are known, whatever they hold."""
        self.known.update(dict.fromkeys(keys))

    def close(self, also: str = "", where: str = "here") -> None:
        """Note every key that nobody asked for."""
        for key in self.others():
            self._note((key,), f"{shown(key)} is not known {where}. Known: {', '.join(self.known)}{also}.")

    def wrong(self, key: str | None, message: str) -> None:
        """Note a mistake at that key, or in the table as a whole."""
        self._note(() if key is None else (key,), message)

    def _of(self, key: str, kind: type[T], words: str, needed: bool) -> T | None:
        self.known[key] = None
        if key not in self.values:
            if needed:
                self._note((), f"{key} is missing. Give {words}.", key)
            return None
        value = self.values[key]
        if type(value) is kind:
            return value
        hint = ' Write amounts and percentages in quotes, such as "4.90", so that they stay exact.' if kind is str else ""
        self.wrong(key, f"It is not {words}.{hint if isinstance(value, int | float) else ''}")
        return None

    def _read(self, below: Path, value: object, reader: Callable[[str], T]) -> T | None:
        try:
            if not isinstance(value, str):
                raise ValueError("It is not a text in quotes.")
            refuse_card_numbers(value)
            return reader(value)
        except ValueError as error:
            self._note(below, str(error))
            return None

    def _note(self, below: Path, message: str, missing: str | None = None) -> None:
        path = (*self.path, *below)
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1) if path[:n] in self.lines), None)
        self.notes.add(message, line, _words(path if missing is None else (*path, missing)) or None)


def read_table(text: str, notes: Notes) -> Table | None:
    """The whole document as a table; None if it is no TOML, which is noted with its line."""
    text = text.replace("\r\n", "\n")
    try:
        values = tomllib.loads(text)
        return Table(notes, lines_of(text), (), values)
    except RecursionError:
        notes.add("Its tables are too deep. Nothing here is more than four deep.")
    except ValueError as error:  # tomllib.TOMLDecodeError, and a number of more digits than Python reads
        found = re.search(r"\(at line (\d+), column \d+\)", str(error))
        why = re.sub(r" \(at [^)]*\)$", "", str(error)) if isinstance(error, tomllib.TOMLDecodeError) else "a number is too long"
        notes.add(f"It is not TOML: {why}.", int(found[1]) if found else text.rstrip().count("\n") + 1)
    return None


def _words(path: Path) -> str:
    """The path as people write it, counting from 1: `methods[2].zones[1].days`."""
    said = ""
    for part in path:
        if isinstance(part, int):
            said += f"[{part + 1}]"
        else:
            said += ("." if said else "") + shown(part)[1:-1]
    return said
