"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import sqlalchemy as sa
from attrs import frozen

ROWS_AT_MOST: Final = 20  # shown of one finding; all are counted

Row = Mapping[str, object]
Scan = Callable[[sa.Connection], Iterable[Row]]


@frozen
class Check:
    """One invariant as far as tables can show it: `sql` selects every row that breaks it, so no row is good news.

    What SQL cannot say is a `scan` in Python. `dialect` names the one database that needs asking, where the others cannot break it.
    If `unless` selects anything, another check tells of it, and this one cannot be made.
    """

    id: str
    sentence: str
    cure: str
    sql: str = ""
    scan: Scan | None = None
    dialect: str = ""
    unless: str = ""

    @property
    def asks_gateway(self) -> bool:
        """Whether it compares with the gateway's own record, and so cannot be made without it."""
        return "WITH_GATEWAY" in self.sql


@frozen
class Finding:
    """A check that failed: the first rows that break it, how many there are, and what to do."""

    check: str
    sentence: str
    rows: tuple[Row, ...]
    count: int
    cure: str


@frozen
class GatewayRow:
    """A gateway's own record of one payment: minor units under the key of its authorize call (`…/authorize`).

    `state` is in our words: waiting, authorized, captured, declined, voided or refunded.
    """

    key: str
    currency: str
    captured: int
    refunded: int
    state: str
