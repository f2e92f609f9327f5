"""Whether a database has the shape that this release reads and writes: each table, column, index, constraint and view as we made it.

Alembic compares what can be reflected. Checks, the conditions of indexes and the views are compared by their text, which SQLite keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from checkout_adapters.sqlalchemy.columns import CART_LINES, INVENTORY
from checkout_adapters.sqlalchemy.engines import HEAD, revision_of
from checkout_adapters.sqlalchemy.tables import metadata

_MODIFIED: Final = {"nullable": "whether it may be empty", "type": "what it holds", "default": "what it holds unless it is told"}
CURE: Final = "Restore a backup, or ask whoever changed the database."


def differences(connection: sa.Connection) -> Sequence[str]:
    """What is not as this release needs it, a sentence each with what to do; none if all is well."""
    found = revision_of(connection)
    if found is None:
        return ["The database is empty. Run `checkout init`."]
    if found != HEAD:
        return [f"The database is at revision {found}, this release is at {HEAD}. Run `checkout db upgrade`, or upgrade checkout-core."]
    wrong = []
    if (mode := connection.exec_driver_sql("PRAGMA journal_mode").scalar()) != "wal":
        wrong.append(f"The journal mode is {mode}, not wal: readers and writers block each other. Run `checkout db upgrade`.")
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    wrong += [f"{_said(difference)} {CURE}" for difference in compare_metadata(context, metadata)]
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    texts = {name: _plain(sql) for name, sql in rows}
    wrong += [f"{sentence} {CURE}" for sentence in (*_keys(connection, texts), *_conditions(texts), *_views(texts))]
    return wrong


def _said(difference: Any) -> str:
    """A difference of Alembic's, in words: what is added is missing here, what is removed is not ours."""
    operation, *parts = difference if isinstance(difference, tuple) else difference[0]
    done, _, what = operation.partition("_")
    names = [part if isinstance(part, str) else getattr(part, "name", None) for part in parts[:4]]
    name = ".".join(str(name) for name in names if name)
    if done == "modify":
        return f"The column {name} is another than it should be: {_MODIFIED.get(what, what)}."
    what = {"fk": "foreign key"}.get(what, what)
    return f"The {what} {name} is missing." if done == "add" else f"The {what} {name} is not one of ours."


def _conditions(texts: Mapping[str, str]) -> Iterator[str]:
    """Checks that are missing or say something else, and indexes that are for other rows than ours."""
    for table in metadata.sorted_tables:
        for constraint in table.constraints if table.name in texts else ():
            if isinstance(constraint, sa.CheckConstraint):
                written = f"CONSTRAINT {constraint.name} CHECK ({_plain(str(constraint.sqltext))})"
                if written not in texts[table.name]:
                    yield f"The constraint {constraint.name} of the table {table.name} is missing, or says something else."
        for index in table.indexes:
            where, name = index.dialect_options["sqlite"]["where"], str(index.name)
            if name in texts and texts[name].partition(" WHERE ")[2] != ("" if where is None else _plain(str(where))):
                yield f"The index {name} is for other rows than it should be."


def _keys(connection: sa.Connection, texts: Mapping[str, str]) -> Iterator[str]:
    found = sa.inspect(connection)
    for table in metadata.sorted_tables:
        ours = [column.name for column in table.primary_key.columns]
        if table.name in texts and found.get_pk_constraint(table.name)["constrained_columns"] != ours:
            yield f"The primary key of the table {table.name} is another than it should be."


def _views(texts: Mapping[str, str]) -> Iterator[str]:
    for name, text in (("inventory", INVENTORY), ("cart_lines", CART_LINES["sqlite"])):
        if name not in texts:
            yield f"The view {name} is missing."
        elif texts[name] != _plain(text):
            yield f"The view {name} says something else than it should."


def _plain(sql: str) -> str:
    return " ".join(sql.split())
