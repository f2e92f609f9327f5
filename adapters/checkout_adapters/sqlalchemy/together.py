"""The writes of a unit. A server is told them in one statement: none needs what another answers, and each statement costs both sides.

On SQLite, where there is nobody to wait for, each is done as it comes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import count
from typing import Any, Final

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.util import await_only

from checkout_adapters.sqlalchemy import postgres

Row = Mapping[str, object]
Write = sa.Insert | sa.Update

_WRITES: Final = "the writes of a unit"
_PLACE: Final = re.compile(r"%\((\w+)\)s")
_COUNTED: Final = "(SELECT count(*) FROM {})"
_VALUES: Final = re.compile(r"(.* VALUES )(\(.*?\))( ON CONFLICT .*| RETURNING .*|)", re.DOTALL)


class Writes:
    """What a unit has to write. Whatever is read of it must be sent before."""

    def __init__(self, connection: sa.Connection) -> None:
        self.apart = False
        self._connection = connection
        self._server = connection.dialect.name == postgres.NAME
        self._kept: list[tuple[Write, Sequence[Row], Exception | None]] = []
        self._touched: dict[str, tuple[Write, set[object]]] = {}

    def add(self, write: Write, rows: Sequence[Row], otherwise: Exception | None = None) -> None:
        """One write, for each of these rows. Raises `otherwise`, now or when it is sent, unless each has changed a row.

        `apart`: each is done as it comes, because what follows decides on it.
        """
        if not self._server or self.apart:
            done = self._connection.execute(write, rows)
            _sure(done.rowcount, len(rows), otherwise)
            return
        table = str(write.table)
        said, keys = self._touched.setdefault(table, (write, set()))
        new = {key for row in rows if (key := row.get("key")) is not None}
        if said is not write or keys & new:  # a statement sees nothing of what it writes itself, and writes a row once
            self.send()
            self._touched[table] = write, new
        keys |= new
        self._kept.append((write, rows, otherwise))

    def send(self) -> None:
        """Say all that was not said yet. Raises what the database says, as a sa.exc.DBAPIError; nothing of it happened then."""
        if not self._kept:
            return
        kept, self._kept = self._kept, []
        self._touched = {}
        parts = [_part(write, tuple(rows[0]), self._connection.dialect) for write, rows, _ in kept]
        said = _whole(tuple([(part, len(rows), otherwise is not None) for part, (_, rows, otherwise) in zip(parts, kept, strict=True)]))
        given = [value for part, (_, rows, _) in zip(parts, kept, strict=True) for row in rows for value in part.values(row)]
        counts = told(self._connection, said, given)
        checked = [(len(rows), otherwise) for _, rows, otherwise in kept if otherwise is not None]
        for changed, (wanted, otherwise) in zip(counts, checked, strict=False):
            _sure(changed, wanted, otherwise)


def told(connection: sa.Connection, said: str, given: Sequence[object]) -> Sequence[int]:
    """The one row with which a server answers this, said to its driver as it is: so long a text costs more to read again than to run."""
    raw: Any = connection.connection.driver_connection
    try:
        if isinstance(raw, _driver().AsyncConnection):
            later = _driver().AsyncRawCursor(raw)
            await_only(later.execute(said, given))
            row = await_only(later.fetchone())
        else:
            row = _driver().RawCursor(raw).execute(said, given).fetchone()
    except _driver().Error as error:
        gone = bool(connection.dialect.is_disconnect(error, raw, None)) or postgres.is_outdated(error)
        if gone:
            connection.invalidate()
        table = error.diag.table_name
        where = f"{_WRITES}, to {table}" if table else _WRITES  # which of them it was, the server alone knows
        raise sa.exc.DBAPIError.instance(
            where, None, error, _driver().Error, hide_parameters=True, connection_invalidated=gone, dialect=connection.dialect
        ) from error
    found: Sequence[int] = row
    return found


def _driver() -> Any:
    import psycopg

    return psycopg


def _sure(changed: int, wanted: int, otherwise: Exception | None) -> None:
    if otherwise is not None and changed != wanted:
        raise otherwise


@frozen(eq=False)
class _Part:
    """One write as text: where its places are positions, in the order of `names`."""

    head: str
    row: str
    tail: str
    names: tuple[str, ...]
    compiled: Any
    ways: Mapping[str, Any]

    def values(self, row: Row) -> list[object]:
        given, ways = self.compiled.construct_params(row), self.ways
        return [ways[name](given[name]) if name in ways else given[name] for name in self.names]

    def text(self, rows: int, returning: str) -> list[str]:
        """What it says for so many rows, with %s for each place: one insert of them all, or an update for each."""
        if self.row:
            return [f"{self.head}{', '.join([self.row] * rows)}{self.tail}{returning}"]
        return [f"{self.head}{returning}"] * rows


@lru_cache(256)
def _part(write: Write, columns: tuple[str, ...], dialect: sa.Dialect) -> _Part:
    compiled = write.compile(dialect=dialect, column_keys=columns)
    said = str(compiled)
    names = tuple(_PLACE.findall(said))
    found = {name: bind.type.dialect_impl(dialect).bind_processor(dialect) for bind, name in compiled.bind_names.items()}
    ways = {name: way for name, way in found.items() if way is not None}
    said = _PLACE.sub("%s", said)
    parted = _VALUES.fullmatch(said) if isinstance(write, sa.Insert) else None
    head, row, tail = parted.groups() if parted else (said, "", "")
    return _Part(head, row, tail, names, compiled, ways)


@lru_cache(512)
def _whole(parts: tuple[tuple[_Part, int, bool], ...]) -> str:
    """All of them as one statement, which answers how many rows each has changed that is asked so."""
    said, counts = list[str](), list[str]()
    for part, rows, asked in parts:
        texts = part.text(rows, " RETURNING 1" if asked else "")
        names = [f"w{len(said) + n}" for n in range(len(texts))]
        said += [f"{name} AS ({text})" for name, text in zip(names, texts, strict=True)]
        if asked:
            counts.append(" + ".join(map(_COUNTED.format, names)))
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", f"WITH {', '.join(said)} SELECT {', '.join(counts) or '1'}")
