"""What a due date was calculated from: it is calculated again when the calendar changes.

Revision ID: 0013
Revises: 0012
"""

from collections.abc import Mapping
from datetime import date, timedelta

import sqlalchemy as sa
from alembic import op

from lib.clock import local
from lib.database import UTCDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

DECLARATION = sa.table(
    "declaration",
    sa.column("id", sa.Integer),
    sa.column("status", sa.String),
    sa.column("due_on", sa.Date),
    sa.column("submitted_at", UTCDateTime),
    sa.column("due_from", sa.Date),
    sa.column("due_days", sa.Integer),
)
CALENDAR_DAY = sa.table("calendar_day", sa.column("day", sa.Date), sa.column("kind", sa.String))


def upgrade() -> None:
    op.add_column("declaration", sa.Column("due_from", sa.Date(), nullable=True))
    op.add_column("declaration", sa.Column("due_days", sa.Integer(), nullable=True))
    op.add_column("reference_version", sa.Column("due_mark", sa.String(length=24), nullable=True))
    _fill()


def _fill() -> None:
    """From the day of submission, by the calendar as it is."""
    connection = op.get_bind()
    kinds = {row.day: row.kind for row in connection.execute(sa.select(CALENDAR_DAY))}
    waiting = DECLARATION.c.status.in_(("submitted", "in_review"))
    found = connection.execute(sa.select(DECLARATION).where(waiting, DECLARATION.c.submitted_at.is_not(None))).all()
    for row in found:
        start = local(row.submitted_at).date()
        values = {"due_from": start, "due_days": _workdays(start, row.due_on, kinds)}
        connection.execute(sa.update(DECLARATION).where(DECLARATION.c.id == row.id).values(values))


def _workdays(start: date, end: date, kinds: Mapping[date, str]) -> int:
    days = (start + timedelta(days=n) for n in range(1, (end - start).days + 1))
    return sum(kinds.get(day) == "workday" or (day not in kinds and day.weekday() < 5) for day in days)


def downgrade() -> None:
    op.drop_column("reference_version", "due_mark")
    op.drop_column("declaration", "due_days")
    op.drop_column("declaration", "due_from")
