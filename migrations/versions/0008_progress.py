"""Which pages of a declaration are done, kept on its row. Filled in when a page is saved.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("declaration", sa.Column("progress", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("declaration", "progress")  # in a batch the table would be made again, which its children forbid
