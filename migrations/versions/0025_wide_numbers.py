"""PostgreSQL: every number has 64 bits, ids too. SQLite's integers always had.

Revision ID: 0025
Revises: 0024
"""

from collections import defaultdict

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

#: Had 64 bits before.
WIDE = {("picture_hash", "look"), ("print_job", "size"), ("backup_run", "size")}
COLUMNS = sa.text(
    "SELECT c.table_name, c.column_name FROM information_schema.columns c"
    " JOIN information_schema.tables t USING (table_schema, table_name)"
    " WHERE c.table_schema = current_schema() AND t.table_type = 'BASE TABLE' AND c.data_type = :kind"
    " ORDER BY c.table_name, c.ordinal_position"
)
SEQUENCES = sa.text("SELECT sequencename FROM pg_sequences WHERE schemaname = current_schema() ORDER BY 1")


def upgrade() -> None:
    _change("integer", "bigint")


def downgrade() -> None:
    _change("bigint", "integer")


def _change(before: str, after: str) -> None:
    """Each table is written again once, and locked meanwhile."""
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    tables = defaultdict(list)
    for table, column in connection.execute(COLUMNS, {"kind": before}):
        if (table, column) not in WIDE:
            tables[table].append(f'ALTER COLUMN "{column}" TYPE {after}')
    for table, changes in tables.items():
        op.execute(f'ALTER TABLE "{table}" {", ".join(changes)}')
    for sequence in connection.scalars(SEQUENCES).all():
        op.execute(f'ALTER SEQUENCE "{sequence}" AS {after}')
