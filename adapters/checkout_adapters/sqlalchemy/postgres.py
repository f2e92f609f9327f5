"""What is another on PostgreSQL than on SQLite: how it is opened, how a transaction begins, what time it is, whose the tables are.

Transactions are READ COMMITTED: what decides is locked by the statements themselves, in one order (R5, R27). The driver is psycopg 3, sync
and async. Nothing is set for a session, so that a pooler which gives each transaction another session (pgbouncer) may stand between; a
statement is prepared by name only where none does. Everything that a transaction needs said at its start travels in one message.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from checkout_core.errors import Misconfigured
from checkout_core.ports import Clock
from checkout_core.system import SystemClock

NAME: Final = "postgresql"  # as the dialect calls itself
MARK: Final = "checkout-core"
"""The comment on the table of the revision, by which a database is known as ours."""

STATEMENT_TIMEOUT: Final = 30  # seconds for one statement of a unit, above those that it may wait for a lock
IDLE_TIMEOUT: Final = 60  # seconds that a unit may say nothing: then its locks are let go, and whoever comes back to it begins again (A7)
_NETWORK: Final = {
    "connect_timeout": "10",  # seconds
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",  # milliseconds until a server that does not acknowledge is taken for gone
    "application_name": "checkout-core",
    "client_encoding": "utf8",
}
"""What libpq is told unless the URL says otherwise: a network that has gone silent must not hold a buyer for ever."""


class DatabaseClock(SystemClock):
    """The time of the database, in units and looks (R15). Lists for people, which decide nothing, read the machine's."""


def addressed(url: sa.URL) -> sa.URL:
    """The same database through our driver. Raises Misconfigured for another driver, no name, or if there is no driver installed."""
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg_async"):
        raise Misconfigured(f"{url.drivername} is not supported. Name the database as postgresql+psycopg://…, or as postgresql://….")
    if not url.database:
        raise Misconfigured("The URL names no database. Name one, as in postgresql://user@host/shop.")
    if find_spec("psycopg") is None:
        raise Misconfigured("PostgreSQL needs a driver. Run `pip install 'checkout-core[postgres]'`.")
    given = {name: value for name, value in _NETWORK.items() if name not in url.query}
    return url.set(drivername="postgresql+psycopg").update_query_dict(given)


def open_engine(url: sa.URL, busy_timeout: float) -> sa.Engine:
    """An engine on that database; nothing is connected yet."""
    engine = sa.create_engine(url, **_OPTIONS, pool_timeout=busy_timeout)
    _listen(engine, busy_timeout)
    return engine


def open_async_engine(url: sa.URL, busy_timeout: float) -> AsyncEngine:
    """The same for asyncio."""
    engine = create_async_engine(url, **_OPTIONS, pool_timeout=busy_timeout)
    _listen(engine.sync_engine, busy_timeout)
    return engine


def _listen(engine: sa.Engine, busy_timeout: float) -> None:
    sa.event.listen(engine, "begin", _begin(busy_timeout))
    sa.event.listen(engine, "connect", _prepare)
    sa.event.listen(engine, "handle_error", _outdated)


def _prepare(connection: Any, record: object) -> None:
    """Statements are prepared where the server itself answers, and not a pooler, which gives out numbers of sessions of its own."""
    raw = connection.driver_connection if hasattr(connection, "driver_connection") else connection
    cursor = connection.cursor()
    cursor.execute("SELECT pg_backend_pid()")
    (session,) = cursor.fetchone()
    cursor.close()
    raw.prepare_threshold = OFTEN if session == raw.info.backend_pid else None


OFTEN: Final = 3  # times that a session has said a statement before it is prepared


def is_outdated(error: BaseException | None) -> bool:
    """Whether a prepared statement is older than its tables, which a migration has changed: another connection knows of none."""
    return getattr(error, "sqlstate", None) == "0A000" and "cached plan" in str(error)


def _outdated(context: sa.engine.ExceptionContext) -> None:
    context.is_disconnect = context.is_disconnect or is_outdated(context.original_exception)


# `autocommit`: the driver begins nothing, we do.
_OPTIONS: Final[dict[str, Any]] = {
    "connect_args": {"autocommit": True, "prepare_threshold": None},
    "use_native_hstore": False,
    "hide_parameters": True,
}


def _begin(busy_timeout: float) -> Callable[[sa.Connection], None]:
    wait = max(int(busy_timeout * 1000), 1)  # 0 would be for ever
    waits = f"SET LOCAL lock_timeout = {wait}"
    unit = (
        "BEGIN ISOLATION LEVEL READ COMMITTED",
        waits,
        f"SET LOCAL statement_timeout = {wait + STATEMENT_TIMEOUT * 1000}",
        f"SET LOCAL idle_in_transaction_session_timeout = {IDLE_TIMEOUT * 1000}",
    )
    begins = {
        "unit": "; ".join(("SELECT clock_timestamp()", *unit)),
        "read": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        "still": "; ".join(("BEGIN ISOLATION LEVEL REPEATABLE READ", waits, "LOCK TABLE checkouts IN SHARE MODE")),
        "upkeep": "; ".join((unit[0], waits)),  # a migration takes as long as it takes
    }

    def begin(connection: sa.Connection) -> None:
        kind = connection.get_execution_options().get("checkout_begin", "unit")
        said = connection.exec_driver_sql(begins[kind])
        if kind == "unit":
            connection.info[_TIME] = said.scalar_one()

    return begin


_TIME: Final = "checkout_time"


def time_of(connection: sa.Connection, clock: Clock, *, begun: bool) -> datetime:
    """The time of a transaction by that clock; `begun` says that it is a unit, which was told the database's as it began."""
    if not isinstance(clock, DatabaseClock):
        return clock.now()
    found: datetime = connection.info[_TIME] if begun else connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return found.astimezone(UTC)


def revision_of(connection: sa.Connection) -> str | None:
    """The revision of our tables in the schema that this user works in; None if there are none. Raises Misconfigured."""
    schema = connection.exec_driver_sql("SELECT current_schema()").scalar()
    if schema is None:
        raise Misconfigured("The search path names no schema that is there. Make it (CREATE SCHEMA …), or name another.")
    tables = sa.text(
        "SELECT relname, obj_description(oid) AS mark FROM pg_class WHERE relnamespace = to_regnamespace(:s) AND relname IN :n"
    )
    asked = tables.bindparams(sa.bindparam("n", expanding=True))
    quoted = connection.dialect.identifier_preparer.quote_identifier(schema)
    found = {row.relname: row.mark for row in connection.execute(asked, {"s": quoted, "n": [_VERSIONS, *_OURS]})}
    if found and found.get(_VERSIONS) != MARK:
        raise Misconfigured(f"The schema {schema} has tables of another program, and was not touched. Name another database or schema.")
    if not found:
        return None
    revision = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSIONS}").scalar()  # noqa: S608 (our own name)
    return None if revision is None else str(revision)


def sign(connection: sa.Connection) -> None:
    """Mark the tables as ours."""
    connection.exec_driver_sql(f"COMMENT ON TABLE {_VERSIONS} IS '{MARK}'")


_VERSIONS: Final = "alembic_version"
_OURS: Final = ("carts", "checkouts", "orders", "pools")


def unfit(connection: sa.Connection) -> list[str]:
    """What of the server's settings breaks a promise, a sentence each with what to do."""
    said = connection.exec_driver_sql("SELECT current_setting('synchronous_commit'), current_setting('server_encoding')").one()
    wrong = []
    if said[0] == "off":
        wrong.append(
            "synchronous_commit is off: what was answered for can be lost with the server, and be charged twice (R1). "
            "Give this user or database synchronous_commit = on."
        )
    if said[1] != "UTF8":
        wrong.append(f"The encoding of the database is {said[1]}: not every name can be stored. Make it anew with ENCODING 'UTF8'.")
    return wrong


def still_open(raw: Any) -> bool:
    """Whether this connection is inside a transaction that can be committed. Asks nobody."""
    return not raw.closed and raw.info.transaction_status == _IN_TRANSACTION


_IN_TRANSACTION: Final = 2  # libpq's PQTRANS_INTRANS; 3 is one in which a statement has failed
