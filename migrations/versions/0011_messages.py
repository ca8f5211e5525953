"""Messages that leave the site, their texts, codes that are sent, and an inbox for staff.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _outbox()
    op.create_table(
        "message_text",
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=60), nullable=False),
        sa.Column("body", sa.String(length=300), nullable=False),
        sa.Column("sms", sa.String(length=300), nullable=False),
        sa.Column("changed_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_message_text")),
    )
    _sent_code()
    for column in ("phone_verified_at", "phone_changed_at", "email_verified_at"):
        op.add_column("account", sa.Column(column, UTCDateTime(), nullable=True))
    op.add_column("staff", sa.Column("email_sealed", sa.LargeBinary(), nullable=True))
    with op.batch_alter_table("inbox_message") as table:
        table.add_column(sa.Column("staff_id", sa.Integer(), nullable=True))
        table.alter_column("account_id", existing_type=sa.Integer(), nullable=True)
        table.create_foreign_key(op.f("fk_inbox_message_staff_id"), "staff", ["staff_id"], ["id"])
        table.create_check_constraint(
            op.f("ck_inbox_message_of_one_person"), "(account_id IS NULL) <> (staff_id IS NULL)"
        )
        table.create_index(op.f("ix_inbox_message_staff_id"), ["staff_id"], unique=False)


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("text_name", sa.String(length=30), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("declaration_id", sa.Integer(), nullable=True),
        sa.Column("recipient_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("useless_from", UTCDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease", sa.String(length=24), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("problem", sa.String(length=100), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_outbox_account_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_outbox_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("uid", name=op.f("uq_outbox_uid")),
    )
    for name in ("account_id", "created_at", "declaration_id", "staff_id", "useless_from"):
        op.create_index(op.f(f"ix_outbox_{name}"), "outbox", [name], unique=False)
    op.create_index("ix_outbox_due", "outbox", ["state", "due_at"], unique=False)
    op.create_index("ix_outbox_state_channel", "outbox", ["state", "channel", "created_at"], unique=False)
    op.create_index("ix_outbox_channel", "outbox", ["channel", "created_at"], unique=False)


def _sent_code() -> None:
    op.create_table(
        "sent_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("subject_index", sa.LargeBinary(length=32), nullable=False),
        sa.Column("asked_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("target_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=True),
        sa.Column("waits", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sent_code")),
        sa.UniqueConstraint("uid", name=op.f("uq_sent_code_uid")),
    )
    for name in ("expires_at", "subject_index", "waits"):
        op.create_index(op.f(f"ix_sent_code_{name}"), "sent_code", [name], unique=False)


def downgrade() -> None:
    op.execute("DELETE FROM inbox_message WHERE account_id IS NULL")
    with op.batch_alter_table("inbox_message") as table:
        table.drop_index(op.f("ix_inbox_message_staff_id"))
        table.drop_constraint(op.f("ck_inbox_message_of_one_person"), type_="check")
        table.drop_constraint(op.f("fk_inbox_message_staff_id"), type_="foreignkey")
        table.alter_column("account_id", existing_type=sa.Integer(), nullable=False)
        table.drop_column("staff_id")
    op.drop_column("staff", "email_sealed")
    for column in ("email_verified_at", "phone_changed_at", "phone_verified_at"):
        op.drop_column("account", column)
    for table_name in ("sent_code", "message_text", "outbox"):
        op.drop_table(table_name)
