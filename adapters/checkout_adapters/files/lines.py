"""On which line each value of a TOML document stands: the one thing that `tomllib` does not tell."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from attrs import define, field

Path = tuple[str | int, ...]


def lines_of(text: str) -> Mapping[Path, int]:
    """The line of every table, key and element, by its path: `("methods", 0, "zones", 1, "days")`.

    The text must be a TOML document already: what `tomllib` refuses is not looked at here.
    """
    scan = _Scan(text)
    scan.document()
    return scan.found


@define
class _Scan:
    text: str
    at: int = 0
    line: int = 1
    found: dict[Path, int] = field(factory=dict)
    counts: dict[Path, int] = field(factory=dict)

    def document(self) -> None:
        above: Path = ()
        while self._blank(lines=True):
            if self.text.startswith("[", self.at):
                above = self._header()
            else:
                self._pair(above)

    def _header(self) -> Path:
        line, many = self.line, self.text.startswith("[[", self.at)
        self.at += 2 if many else 1
        path = self._below((), self._key())
        self.at += 2 if many else 1
        if many:
            count = self.counts[path] = self.counts.get(path, -1) + 1
            self.found.setdefault(path, line)
            path = (*path, count)
        self.found.setdefault(path, line)
        return path

    def _below(self, above: Path, keys: list[str]) -> Path:
        """The path of a dotted key; a part that is an array of tables means its last one."""
        path = above
        for n, key in enumerate(keys):
            path = (*path, key)
            if n < len(keys) - 1 and path in self.counts:
                path = (*path, self.counts[path])
        return path

    def _pair(self, above: Path) -> None:
        line = self.line
        path = self._below(above, self._key())
        self.at += 1  # =
        self._blank()
        self._value(path, line)

    def _key(self) -> list[str]:
        keys = []
        while True:
            self._blank()
            if self.text[self.at] in "\"'":
                start = self.at
                self._string()
                keys.append(self.text[start + 1 : self.at - 1])
            else:
                start, self.at = self.at, _end(_BARE, self.text, self.at)
                keys.append(self.text[start : self.at])
            self._blank()
            if not self.text.startswith(".", self.at):
                return keys
            self.at += 1

    def _value(self, path: Path, line: int) -> None:
        self.found.setdefault(path, line)
        opening = self.text[self.at]
        if opening in "\"'":
            self._string()
        elif opening in "[{":
            self._inside(path, "]" if opening == "[" else "}")
        else:
            self.at = _end(_SCALAR, self.text, self.at)

    def _inside(self, path: Path, closing: str) -> None:
        """The elements of an array, or the pairs of an inline table."""
        self.at += 1
        count = 0
        while self._blank(lines=True) and self.text[self.at] != closing:
            if self.text[self.at] == ",":
                self.at += 1
            elif closing == "]":
                self._value((*path, count), self.line)
                count += 1
            else:
                self._pair(path)
        self.at += 1

    def _string(self) -> None:
        quote = self.text[self.at]
        fence = quote * 3 if self.text.startswith(quote * 3, self.at) else quote
        end = self.at + len(fence)
        while not self.text.startswith(fence, end):
            end += 2 if quote == '"' and self.text[end] == "\\" else 1
        end += len(fence)
        if len(fence) == 3:
            while self.text.startswith(quote, end):  # up to two quotes may stand before the fence
                end += 1
        self._to(end)

    def _blank(self, *, lines: bool = False) -> bool:
        """Go past blanks, and with `lines` past comments and line ends; False at the end of the text."""
        self._to(_end(_BLANKS_AND_LINES if lines else _BLANKS, self.text, self.at))
        return self.at < len(self.text)

    def _to(self, end: int) -> None:
        self.line += self.text.count("\n", self.at, end)
        self.at = end


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


_BLANKS: Final = re.compile(r"[ \t]*")
_BLANKS_AND_LINES: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE: Final = re.compile(r"[A-Za-z0-9_-]*")
_SCALAR: Final = re.compile(r"[^,\]}\n#]*")
