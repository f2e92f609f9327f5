"""Rows of a CSV file (RFC 4180) with the numbers of their lines: comma, double quotes, the first row names the columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import count as count_from
from typing import Final, TypeVar

from attrs import frozen

from checkout_adapters.files.cells import refuse_card_numbers
from checkout_adapters.files.mistakes import Notes, shown

T = TypeVar("T")
ROWS_AT_MOST: Final = 200_000
"""Rows of one file that are read; the bytes are bounded as well, but a row of three letters takes more than three bytes here."""


@frozen
class Row:
    """One row: its cells by column, without the blanks around them, and the line on which it begins.

    A row of too many or too few cells has the first one alone: the others may stand under the wrong column.
    """

    notes: Notes
    line: int
    columns: Sequence[str]
    cells: Mapping[str, str]

    def read(self, column: str, reader: Callable[[str], T]) -> T | None:
        """The value in that column; None if it cannot be read, which is noted, or if the row has no such cell."""
        text = self.cells.get(column)
        if text is None:
            return None
        try:
            refuse_card_numbers(text)
            return reader(text)
        except ValueError as error:
            self.notes.add(str(error), self.line, column)
            return None

    def wrong(self, column: str | None, message: str) -> None:
        """Note a mistake in this row."""
        self.notes.add(message, self.line, column)


def read_rows(text: str, notes: Notes, needed: Sequence[str], more: Callable[[str], str | None] = lambda _: None) -> list[Row] | None:
    """All rows, or None if the first one does not name the columns.

    Each column of `needed` must be there; `more` says of another why it is not known, "" if it is, None if only `needed` are.
    """
    lines = _records(text, notes)
    head, columns = next(lines, (1, []))
    if not _columns_fit(notes, head, columns, needed, more):
        return None
    return [row for line, cells in lines if (row := _row(notes, line, columns, cells)) is not None]


def _records(text: str, notes: Notes) -> Iterator[tuple[int, list[str]]]:
    """Each record with its first line; blank lines are none. What cannot be taken apart ends the file, and is noted."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    for count in count_from(0):
        line = reader.line_num + 1
        if notes.full:
            return
        if count > ROWS_AT_MOST:
            notes.add(f"It has more than {ROWS_AT_MOST} rows, the most that are read. Load such a shop by program.", line)
            return
        try:
            cells = next(reader, None)
        except csv.Error as error:
            notes.add(f"From here on the row cannot be taken apart ({error}). Look at its double quotes.", line)
            return
        if cells is None:
            return
        if cells:
            yield line, [cell.strip() for cell in cells]


def _columns_fit(notes: Notes, line: int, columns: Sequence[str], needed: Sequence[str], more: Callable[[str], str | None]) -> bool:
    if len(columns) == 1 and (";" in columns[0] or "\t" in columns[0]):
        notes.add("The columns are not separated by commas. Save it as CSV with commas.", line)
        return False
    before = len(notes.found)
    for column in needed:
        if column not in columns:
            notes.add(f"The column is missing. The first row names: {', '.join(needed)}.", line, column)
    for n, column in enumerate(columns):
        if column in columns[:n]:
            notes.add("The column is there twice. Keep one.", line, _named(column))
        elif column not in needed and (why_not := more(column)) != "":
            notes.add(why_not or f"{shown(column)} is not a column of this file. Known: {', '.join(needed)}.", line, _named(column))
    return len(notes.found) == before


def _named(column: str) -> str:
    return shown(column)[1:-1]


def _row(notes: Notes, line: int, columns: Sequence[str], cells: Sequence[str]) -> Row | None:
    if len(cells) != len(columns):
        what = "more" if len(cells) > len(columns) else "fewer"
        notes.add(f"The row has {len(cells)} cells, {what} than the {len(columns)} columns. Quote a cell with a comma in it.", line)
        return Row(notes, line, columns, {columns[0]: cells[0]})
    return Row(notes, line, columns, dict(zip(columns, cells, strict=True)))
