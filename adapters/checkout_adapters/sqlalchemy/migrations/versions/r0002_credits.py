"""A line of an order may be a credit: its price, net and tax are below zero."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    _checked(net="unit < 0 OR net >= 0", tax="unit < 0 OR tax >= 0")


def downgrade() -> None:
    _checked(net="net >= 0", tax="tax >= 0")


def _checked(net: str, tax: str) -> None:
    with op.batch_alter_table("order_lines") as table:
        for name, condition in (("ck_order_lines_net", net), ("ck_order_lines_tax", tax)):
            table.drop_constraint(op.f(name), type_="check")
            table.create_check_constraint(op.f(name), condition)
