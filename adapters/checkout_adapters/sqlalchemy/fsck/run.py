"""Make every check, one after the other, on one connection."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from checkout_adapters.sqlalchemy.fsck.check import ROWS_AT_MOST, Check, Finding, GatewayRow, Row
from checkout_adapters.sqlalchemy.fsck.dialects import spelled

GRACE: Final = timedelta(minutes=2)  # what is only a moment late is not late (I16)

Progress = Callable[[Check, Finding | None], object]


def run(
    checks: Sequence[Check],
    connection: sa.Connection,
    gateway: Iterable[GatewayRow] | None,
    now: str | datetime | None,
    progress: Progress | None,
) -> tuple[Finding, ...]:
    """What each of them finds; those that cannot be made here are left out."""
    dialect = connection.dialect.name
    at = _instant(now)
    given = {"gateway": _as_document(gateway or ()), "now": _stored(at, dialect), "late": _stored(at - GRACE, dialect)}
    found: list[Finding] = []
    for check in checks:
        if check.dialect not in ("", dialect) or (check.asks_gateway and gateway is None):
            continue
        if check.unless and connection.execute(sa.text(spelled(check.unless, dialect))).first() is not None:
            continue
        finding = _made(check, connection, dialect, given)
        if finding is not None:
            found.append(finding)
        if progress is not None:
            progress(check, finding)
    return tuple(found)


def _made(check: Check, connection: sa.Connection, dialect: str, given: Mapping[str, object]) -> Finding | None:
    rows: list[Row] = []
    count = 0
    for row in check.scan(connection) if check.scan is not None else _selected(check, connection, dialect, given):
        count += 1
        if count <= ROWS_AT_MOST:
            rows.append(row)
    return Finding(check.id, check.sentence, tuple(rows), count, check.cure) if count else None


def _selected(check: Check, connection: sa.Connection, dialect: str, given: Mapping[str, object]) -> Iterable[Row]:
    sql = spelled(check.sql, dialect)
    result = connection.execute(sa.text(sql), {name: value for name, value in given.items() if f":{name}" in sql})
    return (dict(row) for row in result.mappings())


def _as_document(gateway: Iterable[GatewayRow]) -> str:
    """All its rows as one parameter, so that nothing is written anywhere to compare with them."""
    rows = [{"key": r.key, "currency": r.currency, "captured": r.captured, "refunded": r.refunded, "state": str(r.state)} for r in gateway]
    return json.dumps({"rows": rows})


def _instant(now: str | datetime | None) -> datetime:
    at = datetime.fromisoformat(now) if isinstance(now, str) else now or datetime.now(UTC)
    if at.utcoffset() is None:
        raise ValueError("The time to check by needs its time zone (R15).")
    return at.astimezone(UTC)


def _stored(at: datetime, dialect: str) -> str | datetime:
    """An instant as the database keeps it."""
    return at.isoformat(timespec="microseconds") if dialect == "sqlite" else at
