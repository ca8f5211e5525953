"""The employer's phone, the e-mail and the old certificate's number (often the ID number) are sealed.

Revision ID: 0002
Revises: 0001
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from models import keys

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LENGTHS = {"email": 120, "legacy_certificate_no": 40, "employer_phone": 30}


def upgrade() -> None:
    for name in LENGTHS:
        op.add_column("declaration", sa.Column(f"{name}_sealed", sa.LargeBinary(), nullable=True))
        _move(name, f"{name}_sealed", lambda text, aad: keys().seal(text.encode(), aad))
        op.drop_column("declaration", name)


def downgrade() -> None:
    for name, length in LENGTHS.items():
        op.add_column("declaration", sa.Column(name, sa.String(length=length), nullable=True))
        _move(f"{name}_sealed", name, lambda sealed, aad: keys().open(sealed, aad).decode())
        op.drop_column("declaration", f"{name}_sealed")


def _move(source: str, target: str, turned: Callable) -> None:
    """Each row's value, under the name of its place (models.Sealed)."""
    table = sa.table("declaration", sa.column("id"), sa.column("uid"), sa.column(source), sa.column(target))
    connection = op.get_bind()
    rows = connection.execute(sa.select(table.c.id, table.c.uid, table.c[source]).where(table.c[source].is_not(None)))
    for row_id, uid, value in rows.all():
        moved = turned(value, f"declaration|{source.removesuffix('_sealed')}|{uid}")
        connection.execute(table.update().where(table.c.id == row_id).values({target: moved}))
