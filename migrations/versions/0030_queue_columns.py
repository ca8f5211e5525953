"""待办: the level of qualification in each line, an order by submission, columns that an officer hides, and when the
automatic checks of a line were counted again.

``flask init`` fills the new column from the submissions.

Revision ID: 0030
Revises: 0029
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_queue_item_sent_province": ["status", "submitted_at", "declaration_id"],
    "ix_queue_item_sent_city": ["city_id", "status", "submitted_at", "declaration_id"],
    "ix_queue_item_sent_office": ["department_id", "status", "submitted_at", "declaration_id"],
    "ix_queue_item_checked": ["status", "checked_at"],
}


def upgrade() -> None:
    op.add_column("queue_item", sa.Column("qualification", sa.String(20)))
    op.add_column("queue_item", sa.Column("checked_at", UTCDateTime()))
    op.add_column("staff", sa.Column("queue_hidden", sa.String(200), nullable=False, server_default=""))
    with op.batch_alter_table("staff") as table:
        table.alter_column("queue_hidden", server_default=None)
    for name, columns in INDEXES.items():
        op.create_index(name, "queue_item", columns)


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(name, "queue_item")
    op.drop_column("staff", "queue_hidden")
    op.drop_column("queue_item", "checked_at")
    op.drop_column("queue_item", "qualification")
