"""The tables. Constraints repeat the invariants, so that a program that goes past the library meets them too.

    document tables    carts, checkouts, quotes, persons: a versioned document of `codec`, beside the columns that statements look at
    scarce things      pools, holds, movements: numbers that only conditional writes change (R5)
    lists for people   orders, order_lines, payments, refunds: written in the unit that changes their checkout, read by no decision
    outbox             events, deliveries, consumers
    books              ledger: the entries of balanced postings (R28)
    the rest           requests (R23), catalog (a shop that was loaded from files), code_batches and codes, settings

Amounts are minor units. Ids are text. A foreign key that is deferred may be filled later in the same unit.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Integer, Table, Text

from checkout_adapters.sqlalchemy.columns import Instant, chars, serial

metadata: Final = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _to(column: str) -> ForeignKey:
    return ForeignKey(column, deferrable=True, initially="DEFERRED")


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


carts: Final = Table(
    "carts",
    metadata,
    Column("id", chars(64), primary_key=True),
    Column("customer_id", chars(200)),
    Column("currency", chars(3), nullable=False),
    Column("version", Integer, nullable=False),
    Column("ordered", chars(64)),
    Column("merged_into", chars(64)),
    Column("document", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("version >= 1", name="version"),
    sa.Index(
        "uq_carts_customer_id",
        "customer_id",
        "currency",
        unique=True,
        sqlite_where=sa.text("customer_id IS NOT NULL AND ordered IS NULL AND merged_into IS NULL"),
        postgresql_where=sa.text("customer_id IS NOT NULL AND ordered IS NULL AND merged_into IS NULL"),
    ),
    sa.Index(
        "ix_carts_open",
        "id",
        sqlite_where=sa.text("ordered IS NULL AND merged_into IS NULL"),
        postgresql_where=sa.text("ordered IS NULL AND merged_into IS NULL"),
    ),
)
"""A customer has one open cart in each currency (RB-77). Open carts are listed without going through all that were ever bought."""

quotes: Final = Table(
    "quotes",
    metadata,
    Column("hash", chars(64), primary_key=True),
    Column("document", Text, nullable=False),
)

checkouts: Final = Table(
    "checkouts",
    metadata,
    Column("id", chars(64), primary_key=True),
    Column("number", chars(20), nullable=False, unique=True),
    Column("cart_id", chars(64), _to("carts.id"), nullable=False),
    Column("customer_id", chars(200)),
    Column("version", Integer, nullable=False),
    Column("state", chars(12), nullable=False),
    Column("in_flight", Boolean, nullable=False),
    Column("due_at", Instant),
    Column("lapses_at", Instant, nullable=False),
    Column("quote_hash", chars(64), _to("quotes.hash")),
    Column("document", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("version >= 1", name="version"),
    _one_of("state", "open", "abandoned", "placed", "cancelled"),
    sa.Index("ix_checkouts_due_at", "due_at", sqlite_where=sa.text("due_at IS NOT NULL"), postgresql_where=sa.text("due_at IS NOT NULL")),
    sa.Index("ix_checkouts_cart_id", "cart_id"),
)

persons: Final = Table(
    "persons",
    metadata,
    Column("checkout_id", chars(64), _to("checkouts.id"), primary_key=True),
    Column("document", Text, nullable=False),
)
"""The one table with personal data (R24)."""

pools: Final = Table(
    "pools",
    metadata,
    Column("pool", chars(300), primary_key=True),
    Column("kind", chars(12), nullable=False),
    Column("sku", chars(100)),
    Column("location", chars(100)),
    Column("on_hand", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("committed", BigInteger, nullable=False),
    Column("backorder", BigInteger, nullable=False),
    Column("shortfall", BigInteger, nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("on_hand >= 0", name="on_hand"),
    CheckConstraint("held >= 0", name="held"),
    CheckConstraint("committed >= 0", name="committed"),
    CheckConstraint("backorder >= 0", name="backorder"),
    CheckConstraint("shortfall >= 0", name="shortfall"),
    CheckConstraint("held + committed <= on_hand + backorder + shortfall", name="promised"),
    CheckConstraint("(kind = 'stock') = (sku IS NOT NULL AND location IS NOT NULL)", name="stock"),
    sa.Index("ix_pools_kind", "kind", "sku"),
)
"""`pool` is the key as `codec.pool_text` writes it: kind first, so that its order is one order of locks (R27)."""

holds: Final = Table(
    "holds",
    metadata,
    Column("checkout_id", chars(64), _to("checkouts.id"), primary_key=True),
    Column("pool", chars(300), _to("pools.pool"), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("state", chars(12), nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("amount > 0", name="amount"),
    _one_of("state", "held", "committed", "released", "shipped"),
    sa.Index("ix_holds_pool", "pool", "state"),
)

movements: Final = Table(
    "movements",
    metadata,
    Column("id", serial(), primary_key=True, autoincrement=True),
    Column("pool", chars(300), _to("pools.pool"), nullable=False),
    Column("delta", BigInteger, nullable=False),
    Column("reason", chars(200), nullable=False),
    Column("actor", chars(200), nullable=False),
    Column("at", Instant, nullable=False),
    Column("backorder", BigInteger),
    CheckConstraint("delta <> 0 OR (backorder IS NOT NULL AND backorder >= 0)", name="delta"),
    sa.Index("ix_movements_pool", "pool"),
)

requests: Final = Table(
    "requests",
    metadata,
    Column("scope", chars(200), primary_key=True),
    Column("operation", chars(40), primary_key=True),
    Column("key", chars(200), primary_key=True),
    Column("fingerprint", chars(64), nullable=False),
    Column("attempt", chars(200), nullable=False),
    Column("answer", Text),
    Column("created_at", Instant, nullable=False),
)

events: Final = Table(
    "events",
    metadata,
    Column("position", serial(), primary_key=True, autoincrement=True),
    Column("checkout_id", chars(64), _to("checkouts.id"), nullable=False),
    Column("seq", Integer, nullable=False),
    Column("kind", chars(40), nullable=False),
    Column("at", Instant, nullable=False),
    Column("facts", Text, nullable=False),
    CheckConstraint("seq >= 1", name="seq"),
    sa.UniqueConstraint("checkout_id", "seq"),
    sqlite_autoincrement=True,
)

deliveries: Final = Table(
    "deliveries",
    metadata,
    Column("checkout_id", chars(64), primary_key=True),
    Column("consumer", chars(40), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("tries", Integer, nullable=False),
    Column("state", chars(12), nullable=False),
    Column("next_at", Instant),
    Column("error", chars(1000), nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("tries >= 0", name="tries"),
    _one_of("state", "waiting", "delivered", "dead"),
    sa.ForeignKeyConstraint(["checkout_id", "seq"], ["events.checkout_id", "events.seq"], deferrable=True, initially="DEFERRED"),
    sa.Index("ix_deliveries_state", "state", "consumer"),
)

consumers: Final = Table(
    "consumers",
    metadata,
    Column("name", chars(40), primary_key=True),
    Column("position", serial(), nullable=False),
)
"""Up to which position everything is delivered or dead, so that a relay never reads the whole history."""

orders: Final = Table(
    "orders",
    metadata,
    Column("id", chars(64), _to("checkouts.id"), primary_key=True),
    Column("number", chars(20), nullable=False, unique=True),
    Column("customer_id", chars(200)),
    Column("cart_id", chars(64), _to("carts.id"), nullable=False),
    Column("currency", chars(3), nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("status", chars(12), nullable=False),
    Column("payment", chars(12), nullable=False),
    Column("fulfilment", chars(12), nullable=False),
    Column("paid_by", chars(200), nullable=False),
    Column("cancelled", chars(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("total >= 0", name="total"),
    _one_of("status", "placed", "cancelled", "completed"),
    _one_of("payment", "authorized", "paid", "refund due", "refunded", "voided"),
    _one_of("fulfilment", "unfulfilled", "partial", "fulfilled", "cancelled"),
    sa.Index(
        "uq_orders_cart_id",
        "cart_id",
        unique=True,
        sqlite_where=sa.text("status <> 'cancelled'"),
        postgresql_where=sa.text("status <> 'cancelled'"),
    ),
    sa.Index("ix_orders_created_at", "created_at"),
    sa.Index("ix_orders_customer_id", "customer_id", "created_at"),
)
"""At most one live order a cart (I18)."""

order_lines: Final = Table(
    "order_lines",
    metadata,
    Column("order_id", chars(64), _to("orders.id"), primary_key=True),
    Column("line", Integer, primary_key=True),
    Column("sku", chars(100), nullable=False),
    Column("name", chars(200), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit", BigInteger, nullable=False),
    Column("discount", BigInteger, nullable=False),
    Column("net", BigInteger, nullable=False),
    Column("tax", BigInteger, nullable=False),
    Column("gross", BigInteger, nullable=False),
    Column("tracked", Boolean, nullable=False),
    CheckConstraint("quantity > 0", name="quantity"),
    CheckConstraint("discount >= 0", name="discount"),
    CheckConstraint("unit < 0 OR net >= 0", name="net"),
    CheckConstraint("unit < 0 OR tax >= 0", name="tax"),
    CheckConstraint("net + tax = gross", name="gross"),
)
"""The goods of an order, a row a line. Carriage has no sku, and is line 0, what is sent by a second method -1, and so on."""

payments: Final = Table(
    "payments",
    metadata,
    Column("id", chars(200), primary_key=True),
    Column("checkout_id", chars(64), _to("checkouts.id"), nullable=False),
    Column("gateway", chars(40), nullable=False),
    Column("method", chars(20), nullable=False),
    Column("state", chars(12), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", chars(3), nullable=False),
    Column("received", BigInteger),
    Column("received_currency", chars(3)),
    Column("reference", chars(200), nullable=False),
    Column("reason", chars(200), nullable=False),
    Column("unwanted", chars(200), nullable=False),
    Column("stuck", chars(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    _one_of("state", "intended", "unknown", "action", "processing", "authorized", "captured", "declined", "voided", "refunded"),
    CheckConstraint("amount >= 0", name="amount"),
    sa.Index("ix_payments_checkout_id", "checkout_id"),
    sa.Index("ix_payments_stuck", "stuck", sqlite_where=sa.text("stuck <> ''"), postgresql_where=sa.text("stuck <> ''")),
    sa.Index("ix_payments_updated_at", "updated_at"),
    sa.Index(
        "uq_payments_reference",
        "gateway",
        "reference",
        unique=True,
        sqlite_where=sa.text("reference <> ''"),
        postgresql_where=sa.text("reference <> ''"),
    ),
)
"""An attempt, a row; `id` is its key. `received` is the gateway's own figure. A gateway's reference belongs to one payment (RB-44)."""

refunds: Final = Table(
    "refunds",
    metadata,
    Column("id", chars(210), primary_key=True),
    Column("payment_id", chars(200), _to("payments.id"), nullable=False),
    Column("checkout_id", chars(64), _to("checkouts.id"), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", chars(3), nullable=False),
    Column("state", chars(12), nullable=False),
    Column("reason", chars(200), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    CheckConstraint("amount >= 0", name="amount"),
    _one_of("state", "due", "done", "refused"),
    sa.Index("ix_refunds_checkout_id", "checkout_id"),
)

ledger: Final = Table(
    "ledger",
    metadata,
    Column("posting", chars(300), primary_key=True),
    Column("account", chars(40), primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("currency", chars(3), nullable=False),
    Column("checkout_id", chars(64), _to("checkouts.id"), nullable=False),
    Column("reason", chars(40), nullable=False),
    Column("at", Instant, nullable=False),
    CheckConstraint("amount <> 0", name="amount"),
    sa.Index("ix_ledger_checkout_id", "checkout_id"),
)
"""Positive is debit, negative credit; the amounts of a posting add up to zero (I11)."""

catalog: Final = Table(
    "catalog",
    metadata,
    Column("kind", chars(20), primary_key=True),
    Column("key", chars(300), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("document", Text, nullable=False),
)
"""A shop that was loaded from files: `kind` is the codec's (product, prices, promotion, experiment, tax, shipping), or `withdrawn` for a
product that is not sold any more; `position` is its place in its file."""

code_batches: Final = Table(
    "code_batches",
    metadata,
    Column("name", chars(64), primary_key=True),
    Column("promotion", chars(100), nullable=False),
    Column("prefix", chars(12), nullable=False),
    Column("until", Instant),
    Column("issued", Integer, nullable=False),
    Column("issued_at", Instant, nullable=False),
    Column("issued_by", chars(100), nullable=False),
    Column("disabled", chars(200), nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_by", chars(100), nullable=False),
    CheckConstraint("issued > 0", name="issued"),
    CheckConstraint("(disabled = '') = (disabled_at IS NULL)", name="disabled"),
    sa.Index("ix_code_batches_promotion", "promotion"),
)
"""Codes that were issued together for a promotion of the catalogue, which may be gone again. `disabled` is why they count no more."""

codes: Final = Table(
    "codes",
    metadata,
    Column("code", chars(40), primary_key=True),
    Column("batch", chars(64), ForeignKey("code_batches.name"), nullable=False),
    Column("disabled", chars(200), nullable=False),
    Column("disabled_at", Instant),
    Column("disabled_by", chars(100), nullable=False),
    CheckConstraint("(disabled = '') = (disabled_at IS NULL)", name="disabled"),
    sa.Index("ix_codes_batch", "batch"),
)
"""One issued code in its canonical spelling. How often it was used says its pool."""

settings: Final = Table(
    "settings",
    metadata,
    Column("name", chars(40), primary_key=True),
    Column("value", Text, nullable=False),
)
"""What belongs to the database as a whole: `catalog-version` counts loads that changed something; the shop's own name and the like."""
