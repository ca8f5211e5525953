"""A change says what it is about; certificates of a record have codes; an account keeps what was prepared.

Revision ID: 0028
Revises: 0027
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("declaration", sa.Column("change_topics", sa.JSON(none_as_null=True)))
    op.add_column("account", sa.Column("prepared", sa.JSON(none_as_null=True)))
    op.create_table(
        "certificate",
        sa.Column("id", WIDE, nullable=False),
        sa.Column("revision_id", WIDE, nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("issued_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["revision_id"], ["revision.id"], name=op.f("fk_certificate_revision_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("code", name=op.f("uq_certificate_code")),
        sa.UniqueConstraint("revision_id", name=op.f("uq_certificate_revision_id")),
    )


def downgrade() -> None:
    op.drop_table("certificate")
    op.drop_column("account", "prepared")
    op.drop_column("declaration", "change_topics")
