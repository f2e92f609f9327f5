"""All tables and views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from checkout_adapters.sqlalchemy.columns import CART_LINES, INVENTORY, Instant, chars, serial

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "carts",
        sa.Column("id", chars(64), nullable=False),
        sa.Column("customer_id", chars(200), nullable=True),
        sa.Column("currency", chars(3), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ordered", chars(64), nullable=True),
        sa.Column("merged_into", chars(64), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("version >= 1", name=op.f("ck_carts_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_carts")),
    )
    op.create_index(
        "uq_carts_customer_id",
        "carts",
        ["customer_id", "currency"],
        unique=True,
        sqlite_where=sa.text("customer_id IS NOT NULL AND ordered IS NULL AND merged_into IS NULL"),
        postgresql_where=sa.text("customer_id IS NOT NULL AND ordered IS NULL AND merged_into IS NULL"),
    )
    op.create_table(
        "catalog",
        sa.Column("kind", chars(20), nullable=False),
        sa.Column("key", chars(300), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_catalog")),
    )
    op.create_table(
        "consumers",
        sa.Column("name", chars(40), nullable=False),
        sa.Column("position", serial(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_consumers")),
    )
    op.create_table(
        "pools",
        sa.Column("pool", chars(300), nullable=False),
        sa.Column("kind", chars(12), nullable=False),
        sa.Column("sku", chars(100), nullable=True),
        sa.Column("location", chars(100), nullable=True),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("committed", sa.BigInteger(), nullable=False),
        sa.Column("backorder", sa.BigInteger(), nullable=False),
        sa.Column("shortfall", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("(kind = 'stock') = (sku IS NOT NULL AND location IS NOT NULL)", name=op.f("ck_pools_stock")),
        sa.CheckConstraint("backorder >= 0", name=op.f("ck_pools_backorder")),
        sa.CheckConstraint("committed >= 0", name=op.f("ck_pools_committed")),
        sa.CheckConstraint("held + committed <= on_hand + backorder + shortfall", name=op.f("ck_pools_promised")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_pools_held")),
        sa.CheckConstraint("on_hand >= 0", name=op.f("ck_pools_on_hand")),
        sa.CheckConstraint("shortfall >= 0", name=op.f("ck_pools_shortfall")),
        sa.PrimaryKeyConstraint("pool", name=op.f("pk_pools")),
    )
    op.create_index("ix_pools_kind", "pools", ["kind", "sku"], unique=False)
    op.create_table(
        "quotes",
        sa.Column("hash", chars(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_quotes")),
    )
    op.create_table(
        "requests",
        sa.Column("scope", chars(200), nullable=False),
        sa.Column("operation", chars(40), nullable=False),
        sa.Column("key", chars(200), nullable=False),
        sa.Column("fingerprint", chars(64), nullable=False),
        sa.Column("attempt", chars(200), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "operation", "key", name=op.f("pk_requests")),
    )
    op.create_table(
        "settings",
        sa.Column("name", chars(40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "checkouts",
        sa.Column("id", chars(64), nullable=False),
        sa.Column("number", chars(20), nullable=False),
        sa.Column("cart_id", chars(64), nullable=False),
        sa.Column("customer_id", chars(200), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", chars(12), nullable=False),
        sa.Column("in_flight", sa.Boolean(), nullable=False),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("lapses_at", Instant(), nullable=False),
        sa.Column("quote_hash", chars(64), nullable=True),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'abandoned', 'placed', 'cancelled')", name=op.f("ck_checkouts_state")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_checkouts_version")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_checkouts_cart_id"), initially="DEFERRED", deferrable=True),
        sa.ForeignKeyConstraint(
            ["quote_hash"], ["quotes.hash"], name=op.f("fk_checkouts_quote_hash"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkouts")),
        sa.UniqueConstraint("number", name=op.f("uq_checkouts_number")),
    )
    op.create_index("ix_checkouts_cart_id", "checkouts", ["cart_id"], unique=False)
    op.create_index(
        "ix_checkouts_due_at",
        "checkouts",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("due_at IS NOT NULL"),
        postgresql_where=sa.text("due_at IS NOT NULL"),
    )
    op.create_table(
        "movements",
        sa.Column("id", serial(), autoincrement=True, nullable=False),
        sa.Column("pool", chars(300), nullable=False),
        sa.Column("delta", sa.BigInteger(), nullable=False),
        sa.Column("reason", chars(200), nullable=False),
        sa.Column("actor", chars(200), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("delta <> 0", name=op.f("ck_movements_delta")),
        sa.ForeignKeyConstraint(["pool"], ["pools.pool"], name=op.f("fk_movements_pool"), initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_movements")),
    )
    op.create_index("ix_movements_pool", "movements", ["pool"], unique=False)
    op.create_table(
        "events",
        sa.Column("position", serial(), autoincrement=True, nullable=False),
        sa.Column("checkout_id", chars(64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", chars(40), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.CheckConstraint("seq >= 1", name=op.f("ck_events_seq")),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name=op.f("fk_events_checkout_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_events")),
        sa.UniqueConstraint("checkout_id", "seq", name=op.f("uq_events_checkout_id_seq")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "holds",
        sa.Column("checkout_id", chars(64), nullable=False),
        sa.Column("pool", chars(300), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("state", chars(12), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("state IN ('held', 'committed', 'released', 'shipped')", name=op.f("ck_holds_state")),
        sa.CheckConstraint("amount > 0", name=op.f("ck_holds_amount")),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name=op.f("fk_holds_checkout_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["pool"], ["pools.pool"], name=op.f("fk_holds_pool"), initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("checkout_id", "pool", name=op.f("pk_holds")),
    )
    op.create_index("ix_holds_pool", "holds", ["pool", "state"], unique=False)
    op.create_table(
        "ledger",
        sa.Column("posting", chars(300), nullable=False),
        sa.Column("account", chars(40), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", chars(3), nullable=False),
        sa.Column("checkout_id", chars(64), nullable=False),
        sa.Column("reason", chars(40), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.CheckConstraint("amount <> 0", name=op.f("ck_ledger_amount")),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name=op.f("fk_ledger_checkout_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("posting", "account", name=op.f("pk_ledger")),
    )
    op.create_index("ix_ledger_checkout_id", "ledger", ["checkout_id"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", chars(64), nullable=False),
        sa.Column("number", chars(20), nullable=False),
        sa.Column("customer_id", chars(200), nullable=True),
        sa.Column("cart_id", chars(64), nullable=False),
        sa.Column("currency", chars(3), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("status", chars(12), nullable=False),
        sa.Column("payment", chars(12), nullable=False),
        sa.Column("fulfilment", chars(12), nullable=False),
        sa.Column("paid_by", chars(200), nullable=False),
        sa.Column("cancelled", chars(200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("fulfilment IN ('unfulfilled', 'partial', 'fulfilled', 'cancelled')", name=op.f("ck_orders_fulfilment")),
        sa.CheckConstraint("payment IN ('authorized', 'paid', 'refund due', 'refunded', 'voided')", name=op.f("ck_orders_payment")),
        sa.CheckConstraint("status IN ('placed', 'cancelled', 'completed')", name=op.f("ck_orders_status")),
        sa.CheckConstraint("total >= 0", name=op.f("ck_orders_total")),
        sa.ForeignKeyConstraint(["cart_id"], ["carts.id"], name=op.f("fk_orders_cart_id"), initially="DEFERRED", deferrable=True),
        sa.ForeignKeyConstraint(["id"], ["checkouts.id"], name=op.f("fk_orders_id"), initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        sa.UniqueConstraint("number", name=op.f("uq_orders_number")),
    )
    op.create_index("ix_orders_created_at", "orders", ["created_at"], unique=False)
    op.create_index("ix_orders_customer_id", "orders", ["customer_id", "created_at"], unique=False)
    op.create_index(
        "uq_orders_cart_id",
        "orders",
        ["cart_id"],
        unique=True,
        sqlite_where=sa.text("status <> 'cancelled'"),
        postgresql_where=sa.text("status <> 'cancelled'"),
    )
    op.create_table(
        "payments",
        sa.Column("id", chars(200), nullable=False),
        sa.Column("checkout_id", chars(64), nullable=False),
        sa.Column("gateway", chars(40), nullable=False),
        sa.Column("method", chars(20), nullable=False),
        sa.Column("state", chars(12), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", chars(3), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=True),
        sa.Column("received_currency", chars(3), nullable=True),
        sa.Column("reference", chars(200), nullable=False),
        sa.Column("reason", chars(200), nullable=False),
        sa.Column("unwanted", chars(200), nullable=False),
        sa.Column("stuck", chars(200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "state IN ('intended', 'unknown', 'action', 'processing', 'authorized', 'captured', 'declined', 'voided', 'refunded')",
            name=op.f("ck_payments_state"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_payments_amount")),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name=op.f("fk_payments_checkout_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
    )
    op.create_index("ix_payments_checkout_id", "payments", ["checkout_id"], unique=False)
    op.create_index(
        "ix_payments_stuck",
        "payments",
        ["stuck"],
        unique=False,
        sqlite_where=sa.text("stuck <> ''"),
        postgresql_where=sa.text("stuck <> ''"),
    )
    op.create_index("ix_payments_updated_at", "payments", ["updated_at"], unique=False)
    op.create_index(
        "uq_payments_reference",
        "payments",
        ["gateway", "reference"],
        unique=True,
        sqlite_where=sa.text("reference <> ''"),
        postgresql_where=sa.text("reference <> ''"),
    )
    op.create_table(
        "persons",
        sa.Column("checkout_id", chars(64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name=op.f("fk_persons_checkout_id"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("checkout_id", name=op.f("pk_persons")),
    )
    op.create_table(
        "deliveries",
        sa.Column("checkout_id", chars(64), nullable=False),
        sa.Column("consumer", chars(40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("state", chars(12), nullable=False),
        sa.Column("next_at", Instant(), nullable=True),
        sa.Column("error", chars(1000), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name=op.f("ck_deliveries_state")),
        sa.CheckConstraint("tries >= 0", name=op.f("ck_deliveries_tries")),
        sa.ForeignKeyConstraint(
            ["checkout_id", "seq"],
            ["events.checkout_id", "events.seq"],
            name=op.f("fk_deliveries_checkout_id_seq"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("checkout_id", "consumer", "seq", name=op.f("pk_deliveries")),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state", "consumer"], unique=False)
    op.create_table(
        "order_lines",
        sa.Column("order_id", chars(64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sku", chars(100), nullable=False),
        sa.Column("name", chars(200), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.CheckConstraint("discount >= 0", name=op.f("ck_order_lines_discount")),
        sa.CheckConstraint("net + tax = gross", name=op.f("ck_order_lines_gross")),
        sa.CheckConstraint("net >= 0", name=op.f("ck_order_lines_net")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity")),
        sa.CheckConstraint("tax >= 0", name=op.f("ck_order_lines_tax")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id"), initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("order_id", "line", name=op.f("pk_order_lines")),
    )
    op.create_table(
        "refunds",
        sa.Column("id", chars(210), nullable=False),
        sa.Column("payment_id", chars(200), nullable=False),
        sa.Column("checkout_id", chars(64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", chars(3), nullable=False),
        sa.Column("state", chars(12), nullable=False),
        sa.Column("reason", chars(200), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("state IN ('due', 'done', 'refused')", name=op.f("ck_refunds_state")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_refunds_amount")),
        sa.ForeignKeyConstraint(
            ["checkout_id"], ["checkouts.id"], name=op.f("fk_refunds_checkout_id"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id"), initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
    )
    op.create_index("ix_refunds_checkout_id", "refunds", ["checkout_id"], unique=False)
    op.execute(INVENTORY)
    op.execute(CART_LINES[op.get_bind().dialect.name])


def downgrade() -> None:
    op.execute("DROP VIEW cart_lines")
    op.execute("DROP VIEW inventory")
    op.drop_index("ix_refunds_checkout_id", table_name="refunds")
    op.drop_table("refunds")
    op.drop_table("order_lines")
    op.drop_index("ix_deliveries_state", table_name="deliveries")
    op.drop_table("deliveries")
    op.drop_table("persons")
    op.drop_index("uq_payments_reference", table_name="payments")
    op.drop_index("ix_payments_updated_at", table_name="payments")
    op.drop_index("ix_payments_stuck", table_name="payments")
    op.drop_index("ix_payments_checkout_id", table_name="payments")
    op.drop_table("payments")
    op.drop_index("uq_orders_cart_id", table_name="orders")
    op.drop_index("ix_orders_customer_id", table_name="orders")
    op.drop_index("ix_orders_created_at", table_name="orders")
    op.drop_table("orders")
    op.drop_index("ix_ledger_checkout_id", table_name="ledger")
    op.drop_table("ledger")
    op.drop_index("ix_holds_pool", table_name="holds")
    op.drop_table("holds")
    op.drop_table("events")
    op.drop_index("ix_movements_pool", table_name="movements")
    op.drop_table("movements")
    op.drop_index("ix_checkouts_due_at", table_name="checkouts")
    op.drop_index("ix_checkouts_cart_id", table_name="checkouts")
    op.drop_table("checkouts")
    op.drop_table("settings")
    op.drop_table("requests")
    op.drop_table("quotes")
    op.drop_index("ix_pools_kind", table_name="pools")
    op.drop_table("pools")
    op.drop_table("consumers")
    op.drop_table("catalog")
    op.drop_index("uq_carts_customer_id", table_name="carts")
    op.drop_table("carts")
