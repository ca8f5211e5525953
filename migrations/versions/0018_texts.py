"""阅读须知 and 承诺函 in versions; notices with a schedule, a pin and attachments.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime, append_only_statements

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_texts()
    _widen_notices()
    op.add_column("sheet", sa.Column("commitment_version", sa.String(length=10), nullable=True))
    op.add_column("revision", sa.Column("notice_version", sa.String(length=10), nullable=True))


def _create_texts() -> None:
    op.create_table(
        "text_draft",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("promise", sa.String(length=200), nullable=False),
        sa.Column("edited_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_text_draft")),
    )
    op.create_table(
        "text_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("version", sa.String(length=10), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("promise", sa.String(length=200), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("published_at", UTCDateTime(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_text_version_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_version")),
        sa.UniqueConstraint("kind", "version", name=op.f("uq_text_version_kind_version")),
    )
    for statement in append_only_statements("text_version", op.get_bind().dialect.name):
        op.execute(statement)


def _widen_notices() -> None:
    op.add_column("notice", sa.Column("ends_at", UTCDateTime(), nullable=True))
    op.add_column("notice", sa.Column("withdrawn_at", UTCDateTime(), nullable=True))
    op.add_column("notice", sa.Column("edited_at", UTCDateTime(), nullable=True))
    op.add_column("notice", sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("notice") as table:
        table.alter_column("pinned", server_default=None)
    op.create_index("ix_notice_shown", "notice", ["pinned", "published_at", "id"])
    op.create_table(
        "notice_file",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=4), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("added_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["notice_id"], ["notice.id"], name=op.f("fk_notice_file_notice_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_file")),
        sa.UniqueConstraint("uid", name=op.f("uq_notice_file_uid")),
    )
    op.create_index(op.f("ix_notice_file_notice_id"), "notice_file", ["notice_id"])


def downgrade() -> None:
    op.drop_table("notice_file")
    op.drop_index("ix_notice_shown", "notice")
    for column in ("pinned", "edited_at", "withdrawn_at", "ends_at"):
        op.drop_column("notice", column)
    op.drop_column("revision", "notice_version")
    op.drop_column("sheet", "commitment_version")
    op.drop_table("text_version")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION text_version_only_added()")
    op.drop_table("text_draft")
