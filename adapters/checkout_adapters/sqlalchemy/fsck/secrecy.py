"""What must not stand in any column but one: card numbers anywhere, e-mail addresses outside of `persons` (I22)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Final

import sqlalchemy as sa

from checkout_adapters.sqlalchemy.fsck.check import Check, Row, Scan

PERSONAL: Final = "persons"
OWN_WORDS: Final = frozenset({"catalog.document", "settings.value", "movements.actor"})
"""What a shop says of itself and of those who work in it, where an address is nobody's secret."""

_UUID: Final = re.compile(r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])")
_DIGITS: Final = re.compile(r"(?<![0-9A-Za-z])\d(?:[ -]?\d){12,}(?![0-9A-Za-z])")
_ADDRESS: Final = re.compile(r"[\w.+%-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")


def has_card_number(text: str) -> bool:
    """Whether 13 to 19 digits stand alone in it, in groups or not, that pass the Luhn check. Ids and digests are none."""
    return any(13 <= len(digits) <= 19 and _luhn(digits) for digits in map(_only_digits, _DIGITS.findall(_UUID.sub("", text))))


def has_address(text: str) -> bool:
    """Whether something in it is an e-mail address."""
    return "@" in text and _ADDRESS.search(text) is not None


def _only_digits(run: str) -> str:
    return run.replace(" ", "").replace("-", "")


def _luhn(digits: str) -> bool:
    doubled = [int(d) if n % 2 == 0 else sum(divmod(2 * int(d), 10)) for n, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


def _scan(found_in: Callable[[str], bool], *, everywhere: bool) -> Scan:
    def scan(connection: sa.Connection) -> Iterator[Row]:
        """Where it stands; never what it is."""
        for table, key, columns in _texts(connection):
            if table == PERSONAL and not everywhere:
                continue
            looked = [name for name in columns if everywhere or f"{table}.{name}" not in OWN_WORDS]
            quoted = ", ".join(f'"{name}"' for name in (*key, *looked))
            for row in connection.execute(sa.text(f'SELECT {quoted} FROM "{table}"')):  # noqa: S608 (names from the database itself)
                named = " / ".join("•••" if found_in(str(part)) else str(part) for part in row[: len(key)])
                for name, text in zip(looked, row[len(key) :], strict=True):
                    if isinstance(text, str) and found_in(text):
                        yield {"table": table, "column": name, "row": named}

    return scan


def _texts(connection: sa.Connection) -> Iterator[tuple[str, list[str], list[str]]]:
    """Every table with its key and its columns of text: a table that is added later is looked at without anyone remembering it.

    One statement tells them all; a type is text by SQLite's own rule of affinity, which fits the names of PostgreSQL.
    """
    asked = connection.execute(sa.text(_COLUMNS[connection.dialect.name]))
    for table, columns in groupby(asked.all(), key=lambda row: str(row.table_name)):
        found = list(columns)
        texts = [str(column.name) for column in found if any(word in str(column.type).upper() for word in ("CHAR", "CLOB", "TEXT"))]
        if texts:
            yield table, [str(column.name) for column in sorted(found, key=lambda column: int(column.pk)) if column.pk], texts


_COLUMNS: Final = {
    "sqlite": """
    SELECT m.name AS table_name, t.name, t.type, t.pk FROM sqlite_master m JOIN pragma_table_xinfo(m.name) t
    WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY m.name, t.cid
""",
    "postgresql": """
    SELECT c.relname AS table_name, a.attname AS name, format_type(a.atttypid, NULL) AS type,
           COALESCE(array_position(i.indkey, a.attnum) + 1, 0) AS pk
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relnamespace = to_regnamespace(quote_ident(current_schema())) AND c.relkind IN ('r', 'p')
      AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
""",
}


CHECKS: Final = (
    Check(
        "I22-cards",
        "I22: no column holds anything that can be a card number.",
        "Blank the text in that row at once, say nothing of its content in any ticket, and find the form that let it in.",
        scan=_scan(has_card_number, everywhere=True),
    ),
    Check(
        "I22-addresses",
        "I22: no e-mail address stands outside of the persons' rows.",
        "Put the address into the checkout's contact and an id without meaning where it stood; a customer's id must not be an address.",
        scan=_scan(has_address, everywhere=False),
    ),
)
