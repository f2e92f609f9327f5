"""How a database is opened: never made by accident, never taken from another program, every connection set the same way.

SQLite is here; what is another on PostgreSQL is in `postgres`. Nothing else of this package asks which database it is, but for the columns.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from checkout_adapters.sqlalchemy import postgres
from checkout_adapters.sqlalchemy.faults import translated
from checkout_core.errors import Misconfigured
from checkout_core.ports import Clock
from checkout_core.system import SystemClock

HEAD: Final = "0004"
"""The revision this release reads and writes."""

APPLICATION_ID: Final = 0x43686B74  # "Chkt", in the header of every file of ours
BUSY_TIMEOUT: Final = 10.0  # seconds that a write waits for another program's

READ: Final = {"checkout_begin": "read"}
"""Execution options for a transaction that only reads: all of it at one moment, waiting for nobody.

On SQLite any other takes the write lock at once, so that it never has to be refused later.
"""
STILL: Final = {"checkout_begin": "still"}
"""… for one that reads while no purchase goes on: nothing is recorded of any until it ends."""
SETTING: Final = {"checkout_begin": "none"}
"""… for what must be said outside of any transaction."""

_BEGINS: Final = {"unit": "BEGIN IMMEDIATE", "still": "BEGIN IMMEDIATE", "read": "BEGIN", "none": "SELECT 1"}


def server_of(url: str) -> sa.URL | None:
    """The database on a server that a URL names, with the driver that we use; None for what is a file of SQLite. Raises Misconfigured."""
    if "://" not in url:
        return None
    parsed = _parsed(url)
    match parsed.get_backend_name():
        case "sqlite":
            return None
        case "postgresql" | "postgres":
            return postgres.addressed(parsed)
        case other:
            raise Misconfigured(f"{other} is not supported by this release. Use PostgreSQL, or an SQLite file such as shop.db.")


def clock_of(url: str) -> Clock:
    """Whose time it is unless somebody says: the database's own, or this machine's where it has none (R15)."""
    return SystemClock() if server_of(url) is None else postgres.DatabaseClock()


def path_of(url: str) -> Path:
    """The file that a URL or path names. Raises Misconfigured for what is not stored in a file of SQLite."""
    if "://" not in url:
        return Path(url)
    if (server := server_of(url)) is not None:
        raise Misconfigured(f"{server.database} is a database of a server, and no file. Name an SQLite file, such as shop.db.")
    parsed = _parsed(url)
    if not parsed.database or parsed.database == ":memory:":
        raise Misconfigured("An SQLite database in memory ends with its process. Name a file, or use MemoryStorage.")
    return Path(parsed.database)


def _parsed(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError):
        raise Misconfigured("This is no database URL. Give a path such as shop.db, or postgresql://user@host/shop.") from None


def open_engine(url: str, *, busy_timeout: float = BUSY_TIMEOUT, create: bool = False) -> sa.Engine:
    """An engine on that database. Raises Misconfigured if it is a file, there is none, and it shall not be made.

    What it writes may be an address: no error of it, and no log, repeats the values (R24).
    """
    if (server := server_of(url)) is not None:
        engine = postgres.open_engine(server, busy_timeout)
        sa.event.listen(engine, "connect", _sign)
        sa.event.listen(engine, "checkout", _refuse_parents)
        return engine
    path = existing(path_of(url), create=create)
    engine = sa.create_engine(
        "sqlite://", creator=lambda: connect(path, busy_timeout, create), poolclass=sa.pool.QueuePool, hide_parameters=True
    )
    sa.event.listen(engine, "begin", _begin)
    sa.event.listen(engine, "connect", _sign)
    sa.event.listen(engine, "checkout", _refuse_parents)
    return engine


def open_async_engine(url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> AsyncEngine:
    """The same for asyncio."""
    if (server := server_of(url)) is not None:
        return postgres.open_async_engine(server, busy_timeout)
    import aiosqlite

    path = existing(path_of(url))

    async def creator() -> Any:
        return await aiosqlite.connect(_uri(path, create=False), uri=True, isolation_level=None, timeout=busy_timeout)

    engine = create_async_engine(
        "sqlite+aiosqlite://", async_creator=creator, poolclass=sa.pool.AsyncAdaptedQueuePool, hide_parameters=True
    )
    sa.event.listen(engine.sync_engine, "begin", _begin)
    sa.event.listen(engine.sync_engine, "connect", lambda connection, _: _set(connection))
    return engine


def existing(path: Path, *, create: bool = False) -> Path:
    """The path, if a database can be there. Raises Misconfigured."""
    if path.is_dir():
        raise Misconfigured(f"{path} is a folder. Name the database file in it.")
    if not path.exists() and not create:
        raise Misconfigured(f"There is no database {path}. Make one with `checkout init --db {path}`.")
    if create and not path.parent.is_dir():
        raise Misconfigured(f"There is no folder {path.parent} to make the database in. Make it first.")
    return path


def connect(path: Path, busy_timeout: float = BUSY_TIMEOUT, create: bool = False) -> sqlite3.Connection:
    """One connection, set as all of ours are: durable (FULL), foreign keys on, transactions begun by us alone."""
    connection = sqlite3.connect(
        _uri(path, create), uri=True, isolation_level=None, timeout=busy_timeout, check_same_thread=False, cached_statements=512
    )
    try:
        _set(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _uri(path: Path, create: bool) -> str:
    return f"file:{quote(str(path.absolute()))}?mode={'rwc' if create else 'rw'}"


def _set(connection: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sign(connection: Any, record: Any) -> None:
    record.info["process"] = os.getpid()


def _refuse_parents(connection: Any, record: Any, fairy: Any) -> None:
    """A forked child opens its own. SQLite's locks are not inherited, and it would damage the file through its parent's connection; to a
    server, what both say over one connection would be nonsense.
    """
    if record.info["process"] != os.getpid():
        _PARENTS.append(connection)
        record.dbapi_connection = fairy.dbapi_connection = None
        raise sa.exc.DisconnectionError("This connection is the parent's.")  # the pool opens another


_PARENTS: Final = list[Any]()
"""Kept as they are: a child must not even close them."""


def _begin(connection: sa.Connection) -> None:
    connection.exec_driver_sql(_BEGINS[connection.get_execution_options().get("checkout_begin", "unit")])


def revision_of(connection: sa.Connection) -> str | None:
    """The revision of a database of ours; None for an empty one. Raises Misconfigured for one of another program."""
    if connection.dialect.name == postgres.NAME:
        return postgres.revision_of(connection)
    owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if owner not in (0, APPLICATION_ID) or (owner == 0 and names):
        raise Misconfigured("This database belongs to another program, and was not touched. Name another file.")
    if "alembic_version" not in names:
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if found is None else str(found)


def verify(connection: sa.Connection) -> None:
    """Raise Misconfigured unless this database has the shape that this release reads and writes."""
    with translated():
        found = revision_of(connection)
    if found is None:
        raise Misconfigured("The database is empty. Run `checkout init`.")
    if found < HEAD:
        raise Misconfigured(f"The database is at revision {found}, this release needs {HEAD}. Run `checkout db upgrade`.")
    if found > HEAD:
        raise Misconfigured(f"The database is at revision {found}, newer than {HEAD} of this release. Upgrade checkout-core.")
