"""Files that arrive piece by piece, papers handed to a phone, sheets printed together, what is read on a signed sheet.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hand_over",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("declaration_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("opened_at", UTCDateTime(), nullable=True),
        sa.Column("device_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["declaration_id"], ["declaration.id"], name=op.f("fk_hand_over_declaration_id")),
        sa.ForeignKeyConstraint(
            ["session_id"], ["web_session.id"], name=op.f("fk_hand_over_session_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hand_over")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_hand_over_token_hash")),
        sa.UniqueConstraint("uid", name=op.f("uq_hand_over_uid")),
    )
    op.create_index(op.f("ix_hand_over_declaration_id"), "hand_over", ["declaration_id"], unique=False)
    op.create_index(op.f("ix_hand_over_expires_at"), "hand_over", ["expires_at"], unique=False)
    op.create_index(op.f("ix_hand_over_session_id"), "hand_over", ["session_id"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("declaration_id", sa.Integer(), nullable=False),
        sa.Column("hand_over_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=30), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("arrived", sa.Integer(), nullable=False),
        sa.Column("facts_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("touched_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("arrived >= 0 AND arrived <= length", name=op.f("ck_upload_arrived_is_part")),
        sa.ForeignKeyConstraint(["declaration_id"], ["declaration.id"], name=op.f("fk_upload_declaration_id")),
        sa.ForeignKeyConstraint(
            ["hand_over_id"], ["hand_over.id"], name=op.f("fk_upload_hand_over_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
        sa.UniqueConstraint("uid", name=op.f("uq_upload_uid")),
    )
    op.create_index(op.f("ix_upload_declaration_id"), "upload", ["declaration_id"], unique=False)
    op.create_index(op.f("ix_upload_hand_over_id"), "upload", ["hand_over_id"], unique=False)
    op.create_index(op.f("ix_upload_touched_at"), "upload", ["touched_at"], unique=False)
    op.create_table(
        "upload_part",
        sa.Column("upload_id", sa.Integer(), nullable=False),
        sa.Column("start", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_upload_part_upload_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("upload_id", "start", name=op.f("pk_upload_part")),
    )
    op.create_table(
        "print_job",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("revisions", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("alive_at", UTCDateTime(), nullable=True),
        sa.Column("drawer", sa.String(length=24), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(length=20), nullable=True),
        sa.CheckConstraint("done <= total", name=op.f("ck_print_job_done_is_part")),
        sa.CheckConstraint(
            "state IN ('waiting', 'drawing', 'done', 'failed')", name=op.f("ck_print_job_known_state")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_print_job_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_job")),
        sa.UniqueConstraint("uid", name=op.f("uq_print_job_uid")),
    )
    op.create_index("ix_print_job_staff", "print_job", ["staff_id", "created_at"], unique=False)
    op.create_index(op.f("ix_print_job_address"), "print_job", ["address"], unique=False)
    op.create_index(op.f("ix_print_job_created_at"), "print_job", ["created_at"], unique=False)
    with op.batch_alter_table("paper_page") as batch:
        batch.add_column(sa.Column("reading", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("paper_page") as batch:
        batch.drop_column("reading")
    for table in ("print_job", "upload_part", "upload", "hand_over"):
        op.drop_table(table)
