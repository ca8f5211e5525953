"""Codes by which a print shop opens the PDF of a printed sheet.

Revision ID: 0027
Revises: 0025
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None

WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "print_code",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("declaration_id", WIDE, nullable=False),
        sa.Column("sheet_id", WIDE, nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("opened", WIDE, nullable=False),
        sa.ForeignKeyConstraint(["declaration_id"], ["declaration.id"], name=op.f("fk_print_code_declaration_id")),
        sa.ForeignKeyConstraint(["sheet_id"], ["sheet.id"], name=op.f("fk_print_code_sheet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_print_code_code_hash")),
        sa.UniqueConstraint("uid", name=op.f("uq_print_code_uid")),
    )
    for name in ("declaration_id", "expires_at", "sheet_id"):
        op.create_index(op.f(f"ix_print_code_{name}"), "print_code", [name])


def downgrade() -> None:
    op.drop_table("print_code")
