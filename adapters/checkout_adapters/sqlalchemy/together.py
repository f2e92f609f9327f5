"""The writes at the end of a unit, sent to a server in one go: none of them needs what another answers, so none waits for it.

On SQLite, where there is nobody to wait for, each is done as it comes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.util import await_only

from checkout_adapters.sqlalchemy import postgres

Sure = Callable[[sa.CursorResult[Any], int, Exception], None]
"""Makes sure that a statement has changed so many rows. Raises that exception if not: at once, or when all were sent."""

_WRITES: Final = "the writes of a unit"


@contextmanager
def together(connection: sa.Connection, *, apart: bool = False) -> Iterator[Sure]:
    """What is executed in here on a server is sent at once, and answered when the block ends. `apart`: each is answered by itself.

    Nothing may be read in here. Raises what the database says of the first that failed, as a sa.exc.DBAPIError; nothing after it happened.
    """
    if apart or connection.dialect.name != postgres.NAME:
        yield _at_once
        return
    kept: list[tuple[Any, int, Exception]] = []
    raw: Any = connection.connection.driver_connection
    try:
        with _pipeline(raw):
            yield lambda result, wanted, error: kept.append((result.context.cursor, wanted, error))
    except _driver().Error as error:
        gone = bool(connection.dialect.is_disconnect(error, raw, None))
        if gone:
            connection.invalidate()
        table = error.diag.table_name
        said = f"{_WRITES}, to {table}" if table else _WRITES  # which of them it was, the server alone knows
        raise sa.exc.DBAPIError.instance(
            said, None, error, _driver().Error, hide_parameters=True, connection_invalidated=gone, dialect=connection.dialect
        ) from error
    for cursor, wanted, otherwise in kept:
        if cursor.rowcount != wanted:
            raise otherwise


def _at_once(result: sa.CursorResult[Any], wanted: int, error: Exception) -> None:
    if result.rowcount != wanted:
        raise error


@contextmanager
def _pipeline(raw: Any) -> Iterator[None]:
    """The driver's pipeline; of an asyncio connection too, whose statements are awaited where they are executed."""
    if not isinstance(raw, _driver().AsyncConnection):
        with raw.pipeline():
            yield
        return
    line = raw.pipeline()
    await_only(line.__aenter__())
    try:
        yield
    except BaseException:
        await_only(line.__aexit__(*sys.exc_info()))
        raise
    await_only(line.__aexit__(None, None, None))


def _driver() -> Any:
    import psycopg

    return psycopg
