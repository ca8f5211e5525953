"""The day until which the resident identity card is valid, as its person says; 填写提示 of offices.

Revision ID: 0034
Revises: 0033
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime, append_only_statements

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

WIDE = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("declaration", sa.Column("id_expires_on", sa.Date()))
    op.create_table(
        "field_hint",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("target", sa.String(length=40), nullable=False),
        sa.Column("department_id", WIDE),
        sa.Column("text", sa.String(length=100), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=False),
        sa.Column("staff_id", WIDE, nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_field_hint_department_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_field_hint_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_field_hint")),
    )
    op.create_index("ix_field_hint_starts_at", "field_hint", ["starts_at", "id"])
    for statement in append_only_statements("field_hint", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("field_hint")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION field_hint_only_added()")
    op.drop_column("declaration", "id_expires_on")
