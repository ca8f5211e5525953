"""Addresses of staff are verified by a code; those of before get nothing until they are.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("staff", sa.Column("email_verified_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("staff", "email_verified_at")
