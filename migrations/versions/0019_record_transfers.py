"""调转 of records, what the list of records is sorted by, and exports that are stored in parts.

Revision ID: 0019
Revises: 0018
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from lib.database import SearchText, UTCDateTime
from lib.names import sort_key

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_record_name_province": ["name_key", "id"],
    "ix_record_name_office": ["department_id", "name_key", "id"],
    "ix_record_employer_province": ["employer_key", "id"],
    "ix_record_employer_office": ["department_id", "employer_key", "id"],
    "ix_record_first_province": ["first_approved_at", "id"],
    "ix_record_first_office": ["department_id", "first_approved_at", "id"],
    "ix_record_by_office": ["department_id", "id"],
}
#: The earliest approval that nothing followed; the one that stands, if there is none.
FIRST = """
UPDATE record SET first_approved_at = COALESCE((
    SELECT MIN(decision.at) FROM declaration
    JOIN revision ON revision.declaration_id = declaration.id
    JOIN decision ON decision.revision_id = revision.id
    WHERE declaration.account_id = record.account_id AND decision.verb = 'approve' AND NOT EXISTS (
        SELECT 1 FROM decision AS later
        WHERE later.revision_id = decision.revision_id AND later.position > decision.position
    )
), approved_at)
"""
BATCH = 5000
WAITING = sa.text("answered_at IS NULL")


def upgrade() -> None:
    op.add_column("record", sa.Column("first_approved_at", UTCDateTime(), nullable=True))
    op.add_column("record", sa.Column("name_key", SearchText(length=80), nullable=True))
    op.add_column("record", sa.Column("employer_key", SearchText(length=80), nullable=True))
    op.execute(FIRST)
    _fill_keys(op.get_bind())
    for name, columns in INDEXES.items():
        op.create_index(name, "record", columns)
    _create_transfers()
    op.add_column("print_job", sa.Column("parts", sa.JSON(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("print_job", "size", type_=sa.BigInteger(), existing_type=sa.Integer())


def _fill_keys(connection: sa.Connection) -> None:
    record = sa.table("record", *(sa.column(name) for name in ("id", "name", "employer", "name_key", "employer_key")))
    fill = record.update().where(record.c.id == sa.bindparam("which"))
    fill = fill.values(name_key=sa.bindparam("by_name"), employer_key=sa.bindparam("by_work"))
    query = sa.select(record.c.id, record.c.name, record.c.employer).order_by(record.c.id).limit(BATCH)
    last = 0
    while rows := connection.execute(query.where(record.c.id > last)).all():
        filled = [{"which": row.id, "by_name": sort_key(row.name), "by_work": sort_key(row.employer)} for row in rows]
        connection.execute(fill, filled)
        last = rows[-1].id


def _create_transfers() -> None:
    op.create_table(
        "record_transfer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("from_department_id", sa.Integer(), nullable=True),
        sa.Column("to_department_id", sa.Integer(), nullable=True),
        sa.Column("answering_id", sa.Integer(), nullable=True),
        sa.Column("place", sa.String(length=60), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.String(length=200), nullable=False),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (accepted IS NULL)", name=op.f("ck_record_transfer_answered_or_not")
        ),
        sa.CheckConstraint(
            "from_department_id IS NOT NULL OR to_department_id IS NOT NULL", name=op.f("ck_record_transfer_one_side_here")
        ),
        sa.CheckConstraint(
            "(place = '') = (from_department_id IS NOT NULL AND to_department_id IS NOT NULL)",
            name=op.f("ck_record_transfer_outside_has_place"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_record_transfer_account_id")),
        *(
            sa.ForeignKeyConstraint([column], ["department.id"], name=op.f(f"fk_record_transfer_{column}"))
            for column in ("from_department_id", "to_department_id", "answering_id")
        ),
        *(
            sa.ForeignKeyConstraint([column], ["staff.id"], name=op.f(f"fk_record_transfer_{column}"))
            for column in ("staff_id", "answered_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_transfer")),
        sa.UniqueConstraint("uid", name=op.f("uq_record_transfer_uid")),
    )
    where: dict[str, Any] = {"sqlite_where": WAITING, "postgresql_where": WAITING}
    op.create_index("uq_record_transfer_waiting", "record_transfer", ["account_id"], unique=True, **where)
    op.create_index("ix_record_transfer_open", "record_transfer", ["at"], **where)
    for side in ("account", "from_department", "to_department"):
        name = f"ix_record_transfer_{side.removesuffix('_department')}"
        op.create_index(name, "record_transfer", [f"{side}_id", "at"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("print_job", "size", type_=sa.Integer(), existing_type=sa.BigInteger())
    op.drop_column("print_job", "parts")
    op.drop_table("record_transfer")
    for name in INDEXES:
        op.drop_index(name, table_name="record")
    for column in ("employer_key", "name_key", "first_approved_at"):
        op.drop_column("record", column)
