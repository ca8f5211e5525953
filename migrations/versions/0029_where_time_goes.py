"""Where the seconds of a decision go.

Revision ID: 0029
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PHASES = ("look_seconds", "pictures_seconds", "marks_seconds", "confirmation_seconds")


def upgrade() -> None:
    for name in PHASES:
        op.add_column("review_measure", sa.Column(name, WIDE, nullable=True))


def downgrade() -> None:
    for name in reversed(PHASES):
        op.drop_column("review_measure", name)
