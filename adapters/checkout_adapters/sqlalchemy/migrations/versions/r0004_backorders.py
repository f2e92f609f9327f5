"""A movement may say how many of a pool may be promised beyond what is there."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this revision."""
    with op.batch_alter_table("movements") as batch:
        batch.add_column(sa.Column("backorder", sa.BigInteger(), nullable=True))
        batch.drop_constraint(op.f("ck_movements_delta"), type_="check")
        batch.create_check_constraint(op.f("ck_movements_delta"), "delta <> 0 OR (backorder IS NOT NULL AND backorder >= 0)")


def downgrade() -> None:
    """Undo it: what only changed a limit is forgotten, the limits stay."""
    op.execute("DELETE FROM movements WHERE delta = 0")
    with op.batch_alter_table("movements") as batch:
        batch.drop_constraint(op.f("ck_movements_delta"), type_="check")
        batch.create_check_constraint(op.f("ck_movements_delta"), "delta <> 0")
        batch.drop_column("backorder")
