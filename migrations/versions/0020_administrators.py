"""Accounts of administrators wait for a second administrator.

Revision ID: 0020
Revises: 0019
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("proposed_by", sa.Integer(), nullable=True))
    op.add_column("staff", sa.Column("proposed_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("staff", "proposed_at")
    op.drop_column("staff", "proposed_by")
