"""The version of the reference data, which every process keeps in memory.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from lib.sealed import new_uid

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    table = op.create_table(
        "reference_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("mark", sa.String(length=24), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_reference_version_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reference_version")),
    )
    op.execute(table.insert().values(id=1, mark=new_uid()))


def downgrade() -> None:
    op.drop_table("reference_version")
