"""Numbers of officers are sealed; untouched drafts are announced; accounts are closed; people export their own data.

Revision ID: 0022
Revises: 0021
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_DRAFTS = sa.text("status = 'draft'")


def upgrade() -> None:
    op.add_column("staff", sa.Column("id_number_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("account", sa.Column("closed_at", UTCDateTime(), nullable=True))
    op.add_column("declaration", sa.Column("removal_told_at", UTCDateTime(), nullable=True))
    columns, where = ["status", "touched_at"], {"sqlite_where": _DRAFTS, "postgresql_where": _DRAFTS}
    op.create_index("ix_declaration_drafts", "declaration", columns, **where)
    with op.batch_alter_table("print_job") as job:
        job.alter_column("staff_id", existing_type=sa.Integer(), nullable=True)
        job.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        job.create_foreign_key(op.f("fk_print_job_account_id"), "account", ["account_id"], ["id"])
        job.create_check_constraint(op.f("ck_print_job_of_one_person"), "(account_id IS NULL) <> (staff_id IS NULL)")
        job.create_index(op.f("ix_print_job_account_id"), ["account_id"])


def downgrade() -> None:
    op.execute(sa.text("DELETE FROM print_job WHERE account_id IS NOT NULL"))
    with op.batch_alter_table("print_job") as job:
        job.drop_index(op.f("ix_print_job_account_id"))
        job.drop_constraint(op.f("ck_print_job_of_one_person"), type_="check")
        job.drop_constraint(op.f("fk_print_job_account_id"), type_="foreignkey")
        job.drop_column("account_id")
        job.alter_column("staff_id", existing_type=sa.Integer(), nullable=False)
    op.drop_index("ix_declaration_drafts", "declaration")
    op.drop_column("declaration", "removal_told_at")
    op.drop_column("account", "closed_at")
    op.drop_column("staff", "id_number_sealed")
