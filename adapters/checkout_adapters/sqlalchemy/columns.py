"""The column types that differ by database, and the two views for people."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.types import TypeDecorator

from checkout_core.errors import Broken


def chars(length: int) -> sa.String:
    """Text of so many characters at most, compared by its code points: no order depends on a language, or on its library's release."""
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def serial() -> sa.BigInteger:
    """A number that the database gives, and does not run out of: SQLite has such a one under the name of INTEGER alone."""
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """A UTC instant: TIMESTAMPTZ where there is one, else text that sorts by time. A naive time is refused both ways (R15, E15)."""

    impl = sa.String(32)
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(32) if dialect.name == "sqlite" else sa.TIMESTAMP(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> str | datetime | None:
        if value is None:
            return None
        if value.utcoffset() != timedelta(0):
            raise ValueError(f"A stored time is in UTC, with its time zone; got {value.isoformat()}.")
        return value.isoformat(timespec="microseconds") if dialect.name == "sqlite" else value

    def process_result_value(self, value: str | datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        found = _read(value) if isinstance(value, str) else value
        if found is None or found.utcoffset() is None:
            raise Broken("A stored time is none, or has no time zone: another program has written it. Run `checkout fsck`.")
        return found.astimezone(UTC)


def _read(value: str) -> datetime | None:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


INVENTORY: Final = """
CREATE VIEW inventory AS
SELECT sku AS product_id,
       SUM(CASE WHEN on_hand + backorder > held + committed THEN on_hand + backorder - held - committed ELSE 0 END) AS available_stock,
       SUM(held + committed) AS reserved_stock,
       MAX(updated_at) AS updated_at
FROM pools WHERE kind = 'stock' GROUP BY sku
"""
"""What people call stock: summed over locations, reserved is held and committed together."""

CART_LINES: Final = {
    "sqlite": """
CREATE VIEW cart_lines AS
SELECT carts.customer_id AS user_id,
       json_extract(line.value, '$.sku') AS product_id,
       json_extract(line.value, '$.quantity') AS quantity,
       carts.updated_at AS updated_at,
       carts.id AS cart_id
FROM carts, json_each(carts.document, '$.lines') AS line
WHERE carts.ordered IS NULL AND carts.merged_into IS NULL
""",
    "postgresql": """
CREATE VIEW cart_lines AS
SELECT carts.customer_id AS user_id,
       line.value ->> 'sku' AS product_id,
       CAST(line.value ->> 'quantity' AS integer) AS quantity,
       carts.updated_at AS updated_at,
       carts.id AS cart_id
FROM carts, jsonb_array_elements(CAST(carts.document AS jsonb) -> 'lines') AS line(value)
WHERE carts.ordered IS NULL AND carts.merged_into IS NULL
""",
}
"""The lines of carts that are still open; `user_id` is NULL for a guest. The document is their one home."""
