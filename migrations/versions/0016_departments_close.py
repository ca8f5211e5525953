"""Departments are closed and reopened on a day, and name the address of a system of their own.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("department", sa.Column("system_url", sa.String(length=200), nullable=True))
    op.add_column("department", sa.Column("system_words", sa.String(length=100), nullable=True))
    op.add_column("department", sa.Column("closes_on", sa.Date(), nullable=True))
    op.add_column("department", sa.Column("reopens_on", sa.Date(), nullable=True))
    op.add_column("department", sa.Column("successor_id", sa.Integer(), nullable=True))
    op.add_column("department", sa.Column("moves_staff", sa.Boolean(), nullable=True))
    op.create_index(op.f("ix_department_successor_id"), "department", ["successor_id"])


def downgrade() -> None:
    op.drop_index(op.f("ix_department_successor_id"), "department")
    for column in ("moves_staff", "successor_id", "reopens_on", "closes_on", "system_words", "system_url"):
        op.drop_column("department", column)
