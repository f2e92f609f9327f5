"""PostgreSQL's codes for what went wrong (SQLSTATE), and what each means to a caller. A connection that fails has no code, only words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from checkout_core.errors import Broken, Busy, CheckoutError, Misconfigured, Unavailable
from checkout_core.refusals import Refusal, Refused

AGAIN: Final = frozenset({"40001", "40P01"})
"""Others were in the way, and everything is undone: the whole unit is run again (R11)."""

UNIQUE: Final = "23505"
"""Two made the same row at once. Whoever runs again finds it; if it is refused even then, an invariant would break (E12)."""

_SAME: Final = "Repeat the same call, with the same key."

CODES: Final[Mapping[str, Callable[[], CheckoutError]]] = {
    "55P03": lambda: Busy(f"The database is busy: others have held what this needs for too long. {_SAME}"),
    "40001": lambda: Busy(f"Too many were writing to the same things. Nothing was written. {_SAME}"),
    "40P01": lambda: Busy(f"Two waited for each other, and the database has stopped this one. Nothing was written. {_SAME}"),
    "57014": lambda: Busy(f"The database took too long, and the work was stopped. Nothing was written. {_SAME}"),
    "25P03": lambda: Busy(f"This program said nothing for too long, and its work was undone. {_SAME}"),
    "53100": lambda: Unavailable(f"The disk of the database is full. Make room. {_SAME}"),
    "53200": lambda: Unavailable(f"The database has too little memory. {_SAME}"),
    "53300": lambda: Busy(f"The database has no connection free: too many programs use it. {_SAME}"),
    "25006": lambda: Unavailable(
        "The database may only be read: it is a replica, or is set so. Name its primary; then repeat the same call."
    ),
    "57P01": lambda: Unavailable(f"The database is being stopped. Nothing was written. {_SAME}"),
    "57P02": lambda: Unavailable(f"The database has stopped. {_SAME}"),
    "57P03": lambda: Unavailable(f"The database is starting or stopping. {_SAME}"),
    "58030": lambda: Unavailable(f"The disk does not read or write the database. Look at the disk. {_SAME}"),
    "option": lambda: Misconfigured(
        "The URL asks for something that cannot be done. Check its options, and whether the server speaks TLS."
    ),
    "28P01": lambda: Misconfigured("The database refuses the user or the password. Check both in the URL."),
    "28000": lambda: Misconfigured("The database does not let this user in from here. Check the user, and the server's pg_hba.conf."),
    "3D000": lambda: Misconfigured("The server has no database of that name. Make it with `createdb`, or name another."),
    "3F000": lambda: Misconfigured("The schema is not there. Make it (CREATE SCHEMA …), or name another in the search path."),
    "42501": lambda: Misconfigured("This user may not do that in the database. Give it the right to, or name another user."),
    "42P01": lambda: Misconfigured("The database lacks a table of this release. Run `checkout db upgrade`."),
    "42703": lambda: Misconfigured("The database lacks a column of this release. Run `checkout db upgrade`."),
    "XX001": lambda: Broken("The database is damaged. Stop, keep a copy of it, and restore the last backup."),
    "XX002": lambda: Broken("An index of the database is damaged. Stop, keep a copy of the database, and have the index made anew."),
    **dict.fromkeys(
        ("22001", "22003", "22021", "22P05"),
        lambda: Refusal(Refused("invalid", "What was asked for", "no database can hold it", hint="Check how it is written.")),
    ),
}

_KINDS: Final = {"23505": "unique", "23503": "foreign key", "23514": "check", "23502": "not null"}

OPTION: Final = "option"
"""Not the server's, but said by the library that talks to it, of what the URL asks for."""

_CONNECTING: Final[tuple[tuple[str, str], ...]] = (
    (r"password|authentication failed", "28P01"),
    (r"database .* does not exist", "3D000"),
    (r"role .* does not exist|no pg_hba.conf entry", "28000"),
    (r"too many (clients|connections)|remaining connection slots|connection limit", "53300"),
    (r"invalid \w+ (value|option|argument)|SSL|certificate|definition of service|requires a value", OPTION),
    (r"starting up|shutting down|not (yet )?accepting connections", "57P03"),
)
"""What a server says to somebody whom it does not let in, in the words of English; in others it is unreachable."""

UNREACHABLE: Final = f"The database cannot be reached. Check that its server runs, and its host and port in the URL. {_SAME}"
LOST: Final = f"The connection to the database was lost, and what was not committed is undone. {_SAME}"


def state_of(error: BaseException | None) -> str | None:
    """The SQLSTATE of an error of the driver, if the server gave one."""
    found = getattr(error, "sqlstate", None)
    return found if isinstance(found, str) else None


def is_ours(error: BaseException | None) -> bool:
    """Whether this is an error of the driver for PostgreSQL."""
    return type(error).__module__.partition(".")[0] == "psycopg"


def typed(error: Any) -> CheckoutError:
    """What it means to a caller. The database's own text is left behind: it may hold values (R24)."""
    state = state_of(error)
    if state is None:
        if type(error).__name__ == "DataError":  # it was not sent: a NUL in a text, a number past every column
            return CODES["22021"]()
        if type(error).__name__ == "ProgrammingError":
            return CODES[OPTION]()
        text = str(error)
        if not text.startswith(("connection", "failed to resolve")):
            return Unavailable(LOST)
        found = next((code for words, code in _CONNECTING if re.search(words, text)), None)
        return Unavailable(UNREACHABLE) if found is None else CODES[found]()
    if state in CODES:
        return CODES[state]()
    if state.startswith("23"):
        name = getattr(error.diag, "constraint_name", None) or getattr(error.diag, "column_name", None)
        named = f" ({_KINDS.get(state, 'constraint')} {name})" if name else ""
        return Broken(f"The database refuses a write that would break an invariant{named}. Nothing was written. Run `checkout fsck`.")
    if state.startswith("08"):
        return Unavailable(LOST)
    return Unavailable(f"The database does not answer as it should. Nothing was written. {_SAME}")


class Said(Exception):
    """What the server said, without what it quotes: its own text has whole rows in it, and an address may be among them (R24)."""


def scrubbed(error: Any, statement: str | None) -> Said:
    """What may be told of an error, in place of the error itself: its code, the constraint, and the statement without its values."""
    name = getattr(getattr(error, "diag", None), "constraint_name", None)
    said = [type(error).__name__, state_of(error) or "no code", *([name] if name else [])]
    return Said(f"{' '.join(said)}{f' in: {statement}' if statement else ''}")


def undone(error: BaseException | None) -> bool:
    """Whether the answer to a COMMIT says that everything is undone. What stops the server, or the connection, leaves that open (E4)."""
    state = state_of(error)
    return state is not None and state[:2] not in ("08", "58", "F0", "XX") and state[:3] != "57P" and state != "40003"
