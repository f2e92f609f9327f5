"""Whether the database keeps its promises: every invariant that tables can show, looked up in SQL.

    check(connection)                      what is wrong, each with rows and a cure; empty if all is well
    check(connection, gateway, now)        … compared with the gateway's own record too, by the time of a clock that is not the machine's
    CHECKS                                 every check there is, in order

It is a second opinion: it imports nothing of the store, the tables or the core, so that a mistake there is not made here again. It reads
and never writes. A purchase under way is no finding, so a shop may be open meanwhile, if what is compared stands still: give a connection
inside one transaction, and read the gateway's record after that transaction has begun and taken the write lock.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from checkout_adapters.sqlalchemy.fsck import database, goods, money, records, secrecy
from checkout_adapters.sqlalchemy.fsck.check import ROWS_AT_MOST, Check, Finding, GatewayRow
from checkout_adapters.sqlalchemy.fsck.run import Progress, run

__all__ = ["CHECKS", "ROWS_AT_MOST", "Check", "Finding", "GatewayRow", "Progress", "check"]

CHECKS: Final[tuple[Check, ...]] = (*database.CHECKS, *goods.CHECKS, *money.CHECKS, *records.CHECKS, *secrecy.CHECKS)


def check(
    connection: sa.Connection,
    gateway: Iterable[GatewayRow] | None = None,
    now: str | datetime | None = None,
    *,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """What breaks an invariant. `gateway` has the rows of all gateways in use; without it, what needs it is left out.

    `now` is the machine's clock unless given. `progress` is told of each check that was made, with its finding or None.
    """
    return run(CHECKS, connection, gateway, now, progress)
