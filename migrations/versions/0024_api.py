"""Tokens of the read-only API, who was read with them, and when records changed or left.

Revision ID: 0024
Revises: 0023
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_record_changed_province": ["changed_at", "id"],
    "ix_record_changed_city": ["city_id", "changed_at", "id"],
    "ix_record_changed_office": ["department_id", "changed_at", "id"],
}
CHANGED = """
UPDATE record SET changed_at = CASE WHEN closed_at > approved_at THEN closed_at ELSE approved_at END
"""


def upgrade() -> None:
    op.add_column("record", sa.Column("changed_at", UTCDateTime(), nullable=True))
    op.execute(CHANGED)
    for name, columns in INDEXES.items():
        op.create_index(name, "record", columns)
    op.create_table(
        "record_removal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_uid", sa.String(length=24), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("to_department_id", sa.Integer(), nullable=True),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_removal")),
    )
    op.create_index("ix_record_removal_province", "record_removal", ["at", "id"])
    op.create_index("ix_record_removal_office", "record_removal", ["department_id", "at", "id"])
    _create_tokens()
    op.create_table(
        "api_access",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_api_access_account_id")),
        sa.ForeignKeyConstraint(["token_id"], ["api_token.id"], name=op.f("fk_api_access_token_id")),
        sa.PrimaryKeyConstraint("account_id", "day", "token_id", name=op.f("pk_api_access")),
    )
    op.create_index(op.f("ix_api_access_day"), "api_access", ["day"])


def _create_tokens() -> None:
    op.create_table(
        "api_token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("networks", sa.JSON(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=False),
        sa.Column("made_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_by", sa.Integer(), nullable=True),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.Column("last_used_at", UTCDateTime(), nullable=True),
        sa.Column("window_at", UTCDateTime(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_api_token_department_id")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_api_token_made_by")),
        sa.ForeignKeyConstraint(["confirmed_by"], ["staff.id"], name=op.f("fk_api_token_confirmed_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("uid", name=op.f("uq_api_token_uid")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_index(op.f("ix_api_token_made_at"), "api_token", ["made_at"])


def downgrade() -> None:
    for table in ("api_access", "api_token", "record_removal"):
        op.drop_table(table)
    for name in INDEXES:
        op.drop_index(name, table_name="record")
    op.drop_column("record", "changed_at")
