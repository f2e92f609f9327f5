"""A line of an order may be a credit: its price, net and tax are below zero."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from checkout_adapters.sqlalchemy.columns import chars

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _checked(net="unit < 0 OR net >= 0", tax="unit < 0 OR tax >= 0")


def downgrade() -> None:
    _checked(net="net >= 0", tax="tax >= 0")


def _checked(net: str, tax: str) -> None:
    """These conditions instead. SQLite cannot change a constraint: there the table is made anew, and its rows are copied.

    Written out, because a table that is made from its reflection has its constraints in another order each time.
    """
    if op.get_bind().dialect.name != "sqlite":
        for name, condition in (("net", net), ("tax", tax)):
            op.drop_constraint(op.f(f"ck_order_lines_{name}"), "order_lines", type_="check")
            op.create_check_constraint(op.f(f"ck_order_lines_{name}"), "order_lines", condition)
        return
    op.create_table(
        "order_lines_anew",
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
        sa.CheckConstraint(net, name=op.f("ck_order_lines_net")),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_order_lines_quantity")),
        sa.CheckConstraint(tax, name=op.f("ck_order_lines_tax")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_order_lines_order_id"), initially="DEFERRED", deferrable=True),
        sa.PrimaryKeyConstraint("order_id", "line", name=op.f("pk_order_lines")),
    )
    op.execute("INSERT INTO order_lines_anew SELECT * FROM order_lines")
    op.drop_table("order_lines")
    op.rename_table("order_lines_anew", "order_lines")
