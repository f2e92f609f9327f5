"""Codes of promotions that are issued in batches. Open carts have an index of their own, to be listed by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from checkout_adapters.sqlalchemy.columns import Instant, chars

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "code_batches",
        sa.Column("name", chars(64), nullable=False),
        sa.Column("promotion", chars(100), nullable=False),
        sa.Column("prefix", chars(12), nullable=False),
        sa.Column("until", Instant(), nullable=True),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("issued_at", Instant(), nullable=False),
        sa.Column("issued_by", chars(100), nullable=False),
        sa.Column("disabled", chars(200), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_by", chars(100), nullable=False),
        sa.CheckConstraint("(disabled = '') = (disabled_at IS NULL)", name=op.f("ck_code_batches_disabled")),
        sa.CheckConstraint("issued > 0", name=op.f("ck_code_batches_issued")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_code_batches")),
    )
    op.create_index("ix_code_batches_promotion", "code_batches", ["promotion"], unique=False)
    op.create_table(
        "codes",
        sa.Column("code", chars(40), nullable=False),
        sa.Column("batch", chars(64), nullable=False),
        sa.Column("disabled", chars(200), nullable=False),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("disabled_by", chars(100), nullable=False),
        sa.CheckConstraint("(disabled = '') = (disabled_at IS NULL)", name=op.f("ck_codes_disabled")),
        sa.ForeignKeyConstraint(["batch"], ["code_batches.name"], name=op.f("fk_codes_batch")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_codes")),
    )
    op.create_index("ix_codes_batch", "codes", ["batch"], unique=False)
    live = sa.text("ordered IS NULL AND merged_into IS NULL")
    op.create_index("ix_carts_open", "carts", ["id"], sqlite_where=live, postgresql_where=live)


def downgrade() -> None:
    op.drop_index("ix_carts_open", table_name="carts")
    op.drop_index("ix_codes_batch", table_name="codes")
    op.drop_table("codes")
    op.drop_index("ix_code_batches_promotion", table_name="code_batches")
    op.drop_table("code_batches")
