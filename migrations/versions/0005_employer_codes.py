"""An index by which a check finds other names under the same 统一社会信用代码.

Revision ID: 0005
Revises: 0004
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_declaration_employer", "declaration", ["employer_code", "employer_name"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_declaration_employer", table_name="declaration")
