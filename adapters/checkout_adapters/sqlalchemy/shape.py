"""Whether a database has the shape that this release reads and writes: each table, column, index, constraint and view as we made it.

Alembic compares what can be reflected. Checks, the conditions of indexes and the views are compared by their text, which SQLite keeps.
PostgreSQL writes conditions anew in its own words: there they are compared without brackets and casts, and of a view its columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from checkout_adapters.sqlalchemy import postgres
from checkout_adapters.sqlalchemy.columns import CART_LINES, INVENTORY
from checkout_adapters.sqlalchemy.engines import HEAD, revision_of
from checkout_adapters.sqlalchemy.tables import metadata

_MODIFIED: Final = {"nullable": "whether it may be empty", "type": "what it holds", "default": "what it holds unless it is told"}
VIEWS: Final = {
    "inventory": ("product_id", "available_stock", "reserved_stock", "updated_at"),
    "cart_lines": ("user_id", "product_id", "quantity", "updated_at", "cart_id"),
}
CURE: Final = "Restore a backup, or ask whoever changed the database."


def differences(connection: sa.Connection) -> Sequence[str]:
    """What is not as this release needs it, a sentence each with what to do; none if all is well."""
    found = revision_of(connection)
    if found is None:
        return ["The database is empty. Run `checkout init`."]
    if found != HEAD:
        return [f"The database is at revision {found}, this release is at {HEAD}. Run `checkout db upgrade`, or upgrade checkout-core."]
    if connection.dialect.name == postgres.NAME:
        return [*postgres.unfit(connection), *[f"{sentence} {CURE}" for sentence in _of_server(connection)]]
    wrong = []
    if (mode := connection.exec_driver_sql("PRAGMA journal_mode").scalar()) != "wal":
        wrong.append(f"The journal mode is {mode}, not wal: readers and writers block each other. Run `checkout db upgrade`.")
    wrong += [f"{sentence} {CURE}" for sentence in _reflected(connection)]
    rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    texts = {name: _plain(sql) for name, sql in rows}
    wrong += [f"{sentence} {CURE}" for sentence in (*_keys(connection, texts), *_conditions(texts), *_views(texts))]
    return wrong


def _reflected(connection: sa.Connection) -> Iterator[str]:
    """What Alembic sees: it would have nothing to write into a migration."""
    opts: dict[str, Any] = {"compare_type": True}
    if connection.dialect.name == postgres.NAME:
        opts["include_object"] = _ours  # a schema may be shared with the host's own tables
    context = MigrationContext.configure(connection, opts=opts)
    for difference in compare_metadata(context, metadata):
        yield _said(difference)


def _ours(thing: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
    return not (kind == "table" and reflected and name not in metadata.tables)


def _of_server(connection: sa.Connection) -> Iterator[str]:
    yield from _reflected(connection)
    found = sa.inspect(connection)
    for table in [table for table in metadata.sorted_tables if found.has_table(table.name)]:
        if found.get_pk_constraint(table.name)["constrained_columns"] != [column.name for column in table.primary_key.columns]:
            yield f"The primary key of the table {table.name} is another than it should be."
        checks = {str(check["name"]): _bare(check["sqltext"]) for check in found.get_check_constraints(table.name)}
        for constraint in table.constraints:
            if isinstance(constraint, sa.CheckConstraint) and checks.get(str(constraint.name)) != _bare(str(constraint.sqltext)):
                yield f"The constraint {constraint.name} of the table {table.name} is missing, or says something else."
        wheres = {index["name"]: index.get("dialect_options", {}).get("postgresql_where", "") for index in found.get_indexes(table.name)}
        for index in table.indexes:
            where, name = index.dialect_options["postgresql"]["where"], str(index.name)
            if name in wheres and _bare(str(wheres[name])) != ("" if where is None else _bare(str(where))):
                yield f"The index {name} is for other rows than it should be."
        yield from _collated(connection, table)
    for name, columns in VIEWS.items():
        if name not in found.get_view_names():
            yield f"The view {name} is missing."
        elif [column["name"] for column in found.get_columns(name)] != list(columns):
            yield f"The view {name} says something else than it should."


def _collated(connection: sa.Connection, table: sa.Table) -> Iterator[str]:
    """Keys are in the order of their code points, whatever the database's own language is: ranges of keys are read by it."""
    asked = "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = :table"
    other = sa.text(f"{asked} AND data_type = 'character varying' AND collation_name IS DISTINCT FROM 'C'")
    for name in connection.execute(other, {"table": table.name}).scalars():
        if name in table.columns:
            yield f"The column {table.name}.{name} is ordered by a language, and not by its code points."


def _bare(condition: str) -> str:
    """A condition without what PostgreSQL adds to it: casts, brackets, and a list as an array."""
    plain = re.sub(r"::(text|character varying)(\[\])?", "", condition.replace("= ANY", "IN").replace("ARRAY", ""))
    return " ".join(re.sub(r"[()\[\],]", " ", plain).lower().split())


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
