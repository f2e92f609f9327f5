"""A line of an order may be a credit: its price, net and tax are below zero. Open carts have an index of their own, to be listed by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _checked(net="unit < 0 OR net >= 0", tax="unit < 0 OR tax >= 0")
    open = sa.text("ordered IS NULL AND merged_into IS NULL")
    op.create_index("ix_carts_open", "carts", ["id"], sqlite_where=open, postgresql_where=open)


def downgrade() -> None:
    op.drop_index("ix_carts_open", "carts")
    _checked(net="net >= 0", tax="tax >= 0")


def _checked(net: str, tax: str) -> None:
    """The table made anew with these conditions, and its rows copied: SQLite cannot change a constraint.

    Written out, because a table that is made from its reflection has its constraints in another order each time.
    """
    op.create_table(
        "order_lines_anew",
        sa.Column("order_id", sa.String(length=64), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=100), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit", sa.BigInteger(), nullable=False),
        sa.Column("discount", sa.BigInteger(), nullable=False),
        sa.Column("net", sa.BigInteger(), nullable=False),
        sa.Column("tax", sa.BigInteger(), nullable=False),
        sa.Column("gross", sa.BigInteger(), nullable=False),
        sa.Column("tracked", sa.Boolean(), nullable=False),
        sa.CheckConstraint("discount >= 0", name=op.f("ck_order_lines_discount")),
        sa.CheckConstraint("net + tax = gross", name=op.f("ck_order_lines_gross")),
        sa.CheckConstraint(net, name=op.f("ck_order_lines_net")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity")),
        sa.CheckConstraint(tax, name=op.f("ck_order_lines_tax")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id"), initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("order_id", "line", name=op.f("pk_order_lines")),
    )
    op.execute("INSERT INTO order_lines_anew SELECT * FROM order_lines")
    op.drop_table("order_lines")
    op.rename_table("order_lines_anew", "order_lines")
