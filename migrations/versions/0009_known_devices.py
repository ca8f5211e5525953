"""Browsers that a person has signed in with, attempts by source, and registrations of one number side by side.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _one_person() -> sa.CheckConstraint:
    rule = "(legacy_id IS NULL) <> (account_id IS NULL)"
    return sa.CheckConstraint(rule, name=op.f("ck_activation_code_for_one_person"))


def upgrade() -> None:
    op.create_table(
        "known_device",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("(account_id IS NULL) <> (staff_id IS NULL)", name=op.f("ck_known_device_of_one_person")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_known_device_account_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_known_device_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_device")),
    )
    op.create_index(op.f("ix_known_device_account_id"), "known_device", ["account_id"], unique=False)
    op.create_index(op.f("ix_known_device_staff_id"), "known_device", ["staff_id"], unique=False)
    op.create_index(op.f("ix_known_device_token_hash"), "known_device", ["token_hash"], unique=False)
    op.add_column("attempt", sa.Column("source", sa.LargeBinary(length=32), nullable=True))
    with op.batch_alter_table("activation_code", table_args=(_one_person(),)) as table:
        table.drop_constraint(op.f("ck_activation_code_five_tries"), type_="check")
        table.drop_column("tries")
    op.drop_index("uq_account_number", "account")
    op.create_index(op.f("ix_account_id_index"), "account", ["id_index"], unique=False)
    _partial_index("uq_account_number", "id_index", "state <> 'reserved'", unique=True)
    _partial_index("ix_account_reservation_hash", "reservation_hash", "reservation_hash IS NOT NULL", unique=False)


def _partial_index(name: str, column: str, rows: str, *, unique: bool) -> None:
    where = sa.text(rows)
    op.create_index(name, "account", [column], unique=unique, sqlite_where=where, postgresql_where=where)


def downgrade() -> None:
    op.drop_index("ix_account_reservation_hash", "account")
    op.drop_index("uq_account_number", "account")
    op.drop_index(op.f("ix_account_id_index"), "account")
    op.execute("DELETE FROM account WHERE state = 'reserved'")  # there may be two of one number
    op.create_index("uq_account_number", "account", ["id_index"], unique=True)
    with op.batch_alter_table("activation_code", table_args=(_one_person(),)) as table:
        table.add_column(sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
        table.create_check_constraint(op.f("ck_activation_code_five_tries"), "tries >= 0 AND tries <= 5")
        table.alter_column("tries", server_default=None)
    op.drop_column("attempt", "source")
    op.drop_table("known_device")
