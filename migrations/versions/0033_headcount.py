"""人员档案: what people are counted by; certificates by their number; absent officers.

``flask init`` fills the new columns of records from the approved submissions.

Revision ID: 0033
Revises: 0030
"""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0030"
branch_labels = None
depends_on = None

WIDE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NEW = {"education": sa.String(20), "birth_year": WIDE, "unit_type": sa.String(20)}
COUNTED = ["department_id", "qualification", *NEW, "first_approved_at", "closed_at"]


def upgrade() -> None:
    for name, kind in NEW.items():
        op.add_column("record", sa.Column(name, kind))
    op.add_column("staff", sa.Column("absent_until", sa.Date()))
    op.create_index("ix_record_headcount", "record", COUNTED)
    op.create_index("ix_declaration_qualification_no", "declaration", ["qualification_no"])


def downgrade() -> None:
    op.drop_column("staff", "absent_until")
    op.drop_index("ix_declaration_qualification_no", "declaration")
    op.drop_index("ix_record_headcount", "record")
    for name in NEW:
        op.drop_column("record", name)
