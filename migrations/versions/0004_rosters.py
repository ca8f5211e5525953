"""Who was in which exported list; and the indexes that counting over a period reads.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from lib.database import append_only_statements

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "roster_export",
        sa.Column("event_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("members", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_roster_export_department_id")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_roster_export_event_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_roster_export")),
    )
    op.create_index(op.f("ix_roster_export_department_id"), "roster_export", ["department_id"], unique=False)
    for statement in append_only_statements("roster_export", op.get_bind().dialect.name):
        op.execute(statement)
    op.create_index("ix_decision_at", "decision", ["at"], unique=False)
    op.create_index("ix_revision_submitted", "revision", ["submitted_at", "declaration_id", "number"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_revision_submitted", table_name="revision")
    op.drop_index("ix_decision_at", table_name="decision")
    op.drop_index(op.f("ix_roster_export_department_id"), table_name="roster_export")
    op.drop_table("roster_export")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION roster_export_only_added()")
