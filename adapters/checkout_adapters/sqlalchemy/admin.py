"""The `Admin` port on SQL: make a database, bring it to this release's shape, say what is wrong with it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from checkout_adapters.sqlalchemy import postgres
from checkout_adapters.sqlalchemy.engines import (
    APPLICATION_ID,
    BUSY_TIMEOUT,
    HEAD,
    READ,
    SETTING,
    open_engine,
    path_of,
    revision_of,
    server_of,
)
from checkout_adapters.sqlalchemy.faults import translated
from checkout_adapters.sqlalchemy.shape import differences
from checkout_adapters.sqlalchemy.turns import one_by_one
from checkout_core.errors import CheckoutError, Misconfigured

T = TypeVar("T")


class SqlAdmin:
    """The upkeep of one database; it opens it for each call. Migrations are all or nothing."""

    def __init__(self, url: str, *, busy_timeout: float = BUSY_TIMEOUT) -> None:
        self.url = url
        self._busy_timeout = busy_timeout

    def upgrade(self) -> Sequence[str]:
        """Make the database, or bring it to this release's shape; the revisions that were run, none if there was nothing to do.

        Raises Misconfigured for a file of another program, or one that a newer release made; Unavailable if it cannot be written.
        """
        if server_of(self.url) is not None:
            return self._migrate(HEAD, up=True)
        new = not path_of(self.url).exists()
        try:
            return self._migrate(HEAD, up=True)
        except BaseException:
            if new and self._is_empty():
                _remove(path_of(self.url))
            raise

    def downgrade(self, revision: str) -> Sequence[str]:
        """Go back to a revision; "base" leaves nothing. For tests of the migrations, and for whoever has a backup."""
        return self._migrate(revision, up=False)

    def current(self) -> str | None:
        """The revision of the database; None if it is empty. Raises Misconfigured."""
        return self._look(revision_of)

    def check(self) -> Sequence[str]:
        """What is not as this release needs it, in words that say what to do; nothing if all is well."""
        return self._look(differences)

    def _is_empty(self) -> bool:
        """Whether nobody has made a database here: not we, and not another who was quicker and has orders in it by now."""
        try:
            return self.current() is None
        except CheckoutError:  # there is no file at all, or none that can be looked at
            return False

    def _migrate(self, revision: str, *, up: bool) -> Sequence[str]:
        steps: list[str] = []
        with self._opened(create=up) as engine:
            if engine.dialect.name == postgres.NAME:
                with translated(), engine.connect() as connection, connection.execution_options(checkout_begin="upkeep").begin():
                    one_by_one(connection)
                    _refuse_newer(connection)
                    _run(connection, revision, steps, up=up)
                    if steps:
                        postgres.sign(connection)
                return steps
            with translated(), engine.connect() as connection:
                connection.execution_options(**SETTING)
                _refuse_newer(connection)  # and what is another program's, before anything is set in it
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # kept in the file; it cannot be set inside a transaction
            with translated(), engine.begin() as connection:
                _refuse_newer(connection)
                _run(connection, revision, steps, up=up)
                if steps:  # else not a byte is written
                    connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        return steps

    def _look(self, look: Callable[[sa.Connection], T]) -> T:
        with self._opened() as engine, translated(), engine.connect() as connection, connection.execution_options(**READ).begin():
            return look(connection)

    @contextmanager
    def _opened(self, *, create: bool = False) -> Iterator[sa.Engine]:
        engine = open_engine(self.url, busy_timeout=self._busy_timeout, create=create)
        try:
            yield engine
        finally:
            engine.dispose()


def _refuse_newer(connection: sa.Connection) -> None:
    found = revision_of(connection)
    if found is not None and found > HEAD:
        raise Misconfigured(f"The database is at revision {found}, newer than {HEAD} of this release. Upgrade checkout-core.")


def _run(connection: sa.Connection, revision: str, steps: list[str], *, up: bool) -> None:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)

    def plan(current: Any, _: MigrationContext) -> Any:
        found = script._upgrade_revs(revision, current) if up else script._downgrade_revs(revision, current)
        steps.extend(f"{step.revision.revision} {step.revision.doc}" for step in found)
        return found

    with EnvironmentContext(config, script, fn=plan, destination_rev=revision):
        script.run_env()


def _remove(path: Path) -> None:
    """A database that could not be made leaves nothing behind."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
