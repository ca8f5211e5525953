"""After a corrected ID number a record gets another certificate, with a code of its own.

Revision ID: 0035
Revises: 0034
"""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

#: Before, a revision had one code: the newest one stays.
OLDER = sa.text("DELETE FROM certificate WHERE id NOT IN (SELECT max(id) FROM certificate GROUP BY revision_id)")


def upgrade() -> None:
    with op.batch_alter_table("certificate") as table:
        table.drop_constraint(op.f("uq_certificate_revision_id"), type_="unique")
        table.create_index(op.f("ix_certificate_revision_id"), ["revision_id"])


def downgrade() -> None:
    op.execute(OLDER)
    with op.batch_alter_table("certificate") as table:
        table.drop_index(op.f("ix_certificate_revision_id"))
        table.create_unique_constraint(op.f("uq_certificate_revision_id"), ["revision_id"])
