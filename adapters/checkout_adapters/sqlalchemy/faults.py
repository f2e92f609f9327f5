"""What a database's error means to a caller: done or not, and what to do next. A vendor's exception never leaves this package.

busy, locked, too slow  Busy           others are in the way; nothing happened
no connection is free   Busy           too many at once (E7); nothing happened
full, read-only, I/O    Unavailable    the disk; nothing happened
unreachable, stopping   Unavailable    the server, or the network; nothing happened
not a database, schema  Misconfigured  the wrong file, the wrong server, the wrong password
past every column       Refusal        half a character, too large a number; nothing happened
a constraint            Broken         an invariant would not hold; nothing happened
in each other's way     Conflict       a deadlock, a row that two made: the unit is run again at once (R11, E2, E12)
lost at COMMIT          LostCommit     it may have happened: the unit is run again, and finds its own record (R12, E4)

The codes of SQLite are here, those of PostgreSQL in `sqlstates`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import sqlalchemy as sa

from checkout_adapters.sqlalchemy import sqlstates
from checkout_core.errors import Broken, Busy, CheckoutError, Misconfigured, Unavailable
from checkout_core.refusals import Refusal, Refused

BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
UNDONE: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CONSTRAINT, *BUSY})
"""SQLite's errors after which it has surely undone, or never begun, the transaction."""

_SAYS: Final = {
    sqlite3.SQLITE_BUSY: "The database is busy: another program has been writing for too long. Repeat the same call, with the same key.",
    sqlite3.SQLITE_LOCKED: "The database is locked by this very program. Repeat the same call, with the same key.",
    sqlite3.SQLITE_FULL: "The disk, or what the database may have of it, is full. Make room, then repeat the same call, with the same key.",
    sqlite3.SQLITE_READONLY: "The database may only be read. Give this user the right to write the file and its folder, then repeat.",
    sqlite3.SQLITE_IOERR: "The disk does not read or write the database. Look at the disk; then repeat the same call, with the same key.",
    sqlite3.SQLITE_CANTOPEN: "The database cannot be opened. Check that the file and its folder are there and may be used.",
    sqlite3.SQLITE_NOMEM: "There is too little memory. Repeat later, with the same key.",
    sqlite3.SQLITE_INTERRUPT: "The work was interrupted, and nothing was written. Repeat the same call, with the same key.",
}

_DAMAGED: Final = "The database file is damaged. Stop, keep a copy of it, and restore the last backup."


class LostCommit(Exception):
    """The answer to COMMIT was lost: what the unit wrote may be there or not."""


class Conflict(Exception):
    """Others were in the way: nothing was written, and the whole unit may be run again at once (R11).

    `or_else` is what it is if that happens again and again: a row that others have made is found by the second run (E12).
    """

    def __init__(self, or_else: CheckoutError | None = None) -> None:
        super().__init__()
        self.or_else = or_else


def code_of(error: sa.exc.DBAPIError | sqlite3.Error) -> int | None:
    """SQLite's primary result code, if this is an error of SQLite."""
    raw = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    code = getattr(raw, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def typed(error: sa.exc.DBAPIError | sqlite3.Error) -> CheckoutError:
    """The same, as what the caller may do next. The database's own text is left behind: it may hold values (R24)."""
    raw = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if sqlstates.is_ours(raw):
        return sqlstates.typed(raw)
    code = code_of(error)
    if code in _SAYS:
        return (Busy if code in BUSY else Unavailable)(_SAYS[code])
    if code == sqlite3.SQLITE_NOTADB:
        return Misconfigured("This file is no SQLite database. Name another, or make a new one with `checkout init`.")
    if code == sqlite3.SQLITE_CORRUPT:
        return Broken(_DAMAGED)
    if isinstance(error, sa.exc.IntegrityError | sqlite3.IntegrityError):
        named = _constraint(error)
        return Broken(f"The database refuses a write that would break an invariant{named}. Nothing was written. Run `checkout fsck`.")
    if isinstance(error, sa.exc.OperationalError | sqlite3.OperationalError) and "no such" in str(error):
        return Misconfigured("The database lacks a table of this release. Run `checkout db upgrade`.")
    return Unavailable("The database does not answer as it should. Nothing was written; repeat the same call, with the same key.")


def told_of(error: sa.exc.DBAPIError | sqlite3.Error) -> Exception:
    """What may stand in a traceback in its place: itself, where it quotes no values (R24)."""
    if isinstance(error, sa.exc.DBAPIError) and sqlstates.is_ours(error.orig):
        return sqlstates.scrubbed(error.orig, error.statement)
    return error


def is_undone(error: sa.exc.DBAPIError) -> bool:
    """Whether it says that the transaction is surely undone, or was never begun."""
    return sqlstates.undone(error.orig) if sqlstates.is_ours(error.orig) else code_of(error) in UNDONE


def conflict_in(error: sa.exc.DBAPIError) -> Conflict | None:
    """What it is, if the unit should be run again: the database has undone everything, because of others or with the connection (E3)."""
    state = sqlstates.state_of(error.orig)
    if state in sqlstates.AGAIN or error.connection_invalidated:
        return Conflict()
    return Conflict(typed(error)) if state == sqlstates.UNIQUE else None


def _constraint(error: sa.exc.DBAPIError | sqlite3.Error) -> str:
    """The name of the constraint, which is ours; never the values."""
    raw = str(error.orig if isinstance(error, sa.exc.DBAPIError) else error)
    kind, _, name = raw.partition(" constraint failed: ")
    return f" ({kind.lower()} {name})" if name and name.replace("_", "").replace(".", "").replace(", ", "").isalnum() else ""


@contextmanager
def translated() -> Iterator[None]:
    """Whatever the database raises in here leaves as a CheckoutError."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        raise typed(error) from told_of(error)
    except sa.exc.TimeoutError as error:  # of the pool: no connection came free in time
        raise Busy("Too many use the database at once. Nothing was written; repeat the same call, with the same key.") from error
    except (UnicodeEncodeError, OverflowError):  # half a character, off a terminal or out of a JSON text; a number past every column
        raise Refusal(Refused("invalid", "What was asked for", "no database can hold it", hint="Check how it is written.")) from None
    except UnicodeDecodeError:  # SQLite quotes what is damaged in its message, and Python cannot read it
        raise Broken(_DAMAGED) from None
