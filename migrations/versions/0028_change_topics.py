"""A change says what it is about.

Revision ID: 0028
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("declaration", sa.Column("change_topics", sa.JSON(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("declaration", "change_topics")
