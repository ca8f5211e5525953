"""核验申请, what officers did to accounts, and frozen accounts that no longer stand in the way of their number's owner.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime, append_only_statements

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _assistance_request()
    _account_change()
    _unique_number("state = 'active'")


def _unique_number(rows: str) -> None:
    op.drop_index("uq_account_number", "account")
    where = sa.text(rows)
    op.create_index(
        "uq_account_number", "account", ["id_index"], unique=True, sqlite_where=where, postgresql_where=where
    )


def _assistance_request() -> None:
    op.create_table(
        "assistance_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("receipt_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("need", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("id_type", sa.String(length=20), nullable=False),
        sa.Column("id_number_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("id_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("phone_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("story_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("privacy_version", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("thumb_address", sa.String(length=64), nullable=True),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("submitted_at", UTCDateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_days", sa.Integer(), nullable=False),
        sa.Column("due_estimated", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("answer", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", UTCDateTime(), nullable=True),
        sa.Column("valid_until", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'waiting') = (decided_at IS NULL)", name=op.f("ck_assistance_request_decided_or_waiting")
        ),
        sa.CheckConstraint(
            "state NOT IN ('granted', 'used') OR valid_until IS NOT NULL", name=op.f("ck_assistance_request_grant_ends")
        ),
        sa.CheckConstraint(
            "(decided_at IS NULL) = (outcome IS NULL)", name=op.f("ck_assistance_request_decided_has_outcome")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_assistance_request_account_id")),
        sa.ForeignKeyConstraint(["decided_by"], ["staff.id"], name=op.f("fk_assistance_request_decided_by")),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_assistance_request_department_id")),
        sa.ForeignKeyConstraint(["entered_by"], ["staff.id"], name=op.f("fk_assistance_request_entered_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assistance_request")),
        sa.UniqueConstraint("receipt_hash", name=op.f("uq_assistance_request_receipt_hash")),
        sa.UniqueConstraint("uid", name=op.f("uq_assistance_request_uid")),
    )
    op.create_index(op.f("ix_assistance_request_account_id"), "assistance_request", ["account_id"], unique=False)
    op.create_index(op.f("ix_assistance_request_address"), "assistance_request", ["address"], unique=False)
    op.create_index(
        "ix_assistance_request_decided", "assistance_request", ["department_id", "decided_at", "id"], unique=False
    )
    op.create_index("ix_assistance_request_decided_at", "assistance_request", ["decided_at", "id"], unique=False)
    op.create_index(op.f("ix_assistance_request_id_index"), "assistance_request", ["id_index"], unique=False)
    op.create_index(
        "ix_assistance_request_office", "assistance_request", ["department_id", "state", "due_on", "id"], unique=False
    )
    op.create_index("ix_assistance_request_province", "assistance_request", ["state", "due_on", "id"], unique=False)
    op.create_index(op.f("ix_assistance_request_thumb_address"), "assistance_request", ["thumb_address"], unique=False)


def _account_change() -> None:
    op.create_table(
        "account_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("act", sa.String(length=20), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("id_type_before", sa.String(length=20), nullable=True),
        sa.Column("number_before_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_account_change_account_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_account_change_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_change")),
        sa.UniqueConstraint("uid", name=op.f("uq_account_change_uid")),
    )
    op.create_index(op.f("ix_account_change_account_id"), "account_change", ["account_id"], unique=False)
    for statement in append_only_statements("account_change", op.get_bind().dialect.name):
        op.execute(statement)


def downgrade() -> None:
    """Fails where an account was frozen and its number has another one: neither of them may be lost."""
    _unique_number("state <> 'reserved'")
    op.drop_table("account_change")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION account_change_only_added()")
    op.drop_table("assistance_request")
