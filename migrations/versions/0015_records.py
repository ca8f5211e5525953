"""人员档案 as a workplace: what the list is filtered by, 注销, and what the office adds to a record.

Revision ID: 0015
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime, append_only_statements

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_record_level_province": ["qualification", "approved_at", "id"],
    "ix_record_level_city": ["city_id", "qualification", "approved_at", "id"],
    "ix_record_level_office": ["department_id", "qualification", "approved_at", "id"],
    "ix_record_employer": ["employer_id", "approved_at", "id"],
}
#: An approved declaration is not edited: its columns say what its revision says.
FILL = """
UPDATE record SET
    number = (SELECT number FROM declaration WHERE declaration.id = record.declaration_id),
    qualification = (SELECT qualification FROM declaration WHERE declaration.id = record.declaration_id),
    employer_id = (SELECT id FROM employer WHERE employer.name = record.employer)
"""


def upgrade() -> None:
    op.add_column("record", sa.Column("number", sa.String(length=16), nullable=True))
    op.add_column("record", sa.Column("qualification", sa.String(length=20), nullable=True))
    op.add_column("record", sa.Column("employer_id", sa.Integer(), nullable=True))
    op.add_column("record", sa.Column("closed_at", UTCDateTime(), nullable=True))
    op.add_column("record", sa.Column("closed_reason", sa.String(length=20), nullable=True))
    op.execute(FILL)
    for name, columns in INDEXES.items():
        op.create_index(name, "record", columns)
    closed = sa.text("closed_at IS NOT NULL")
    op.create_index("ix_record_closed", "record", ["approved_at", "id"], sqlite_where=closed, postgresql_where=closed)
    _create_entries()
    _keep_exports()
    _create_warnings()


def _create_entries() -> None:
    op.create_table(
        "record_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("ends_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("verb IN ('close', 'reopen', 'note', 'end_note')", name=op.f("ck_record_entry_known_verb")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_record_entry_account_id")),
        sa.ForeignKeyConstraint(["ends_id"], ["record_entry.id"], name=op.f("fk_record_entry_ends_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_record_entry_staff_id")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_record_entry_department_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_entry")),
        sa.UniqueConstraint("uid", name=op.f("uq_record_entry_uid")),
        sa.UniqueConstraint("ends_id", name=op.f("uq_record_entry_ends_id")),
    )
    op.create_index("ix_record_entry_account", "record_entry", ["account_id", "at"])
    for statement in append_only_statements("record_entry", op.get_bind().dialect.name):
        op.execute(statement)


def _keep_exports() -> None:
    op.add_column("print_job", sa.Column("export", sa.JSON(), nullable=True))
    op.create_table(
        "roster_columns",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_roster_columns_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_columns")),
        sa.UniqueConstraint("staff_id", "name", name=op.f("uq_roster_columns_staff_id_name")),
    )


def _create_warnings() -> None:
    op.create_table(
        "record_view_warning",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=False),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_record_view_warning_staff_id")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_record_view_warning_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_view_warning")),
    )
    op.create_index("ix_record_view_warning_staff", "record_view_warning", ["staff_id", "at"])
    op.create_index("ix_record_view_warning_department", "record_view_warning", ["department_id", "at"])


def downgrade() -> None:
    op.drop_table("record_view_warning")
    op.drop_table("roster_columns")
    op.drop_column("print_job", "export")
    op.drop_table("record_entry")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION record_entry_only_added()")
    for name in ("ix_record_closed", *INDEXES):
        op.drop_index(name, table_name="record")
    for column in ("closed_reason", "closed_at", "employer_id", "qualification", "number"):
        op.drop_column("record", column)
