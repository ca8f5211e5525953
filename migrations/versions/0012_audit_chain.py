"""The chain over the audit trail, indexes to search it, the office of each event; first passwords of officers.

What is there already is authenticated and sealed as it stands.

Revision ID: 0012
Revises: 0011
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

from lib import crypto
from lib.database import UTCDateTime, append_only_statements
from models import keys

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

AT_ONCE = 5000

COLUMNS = (
    *("at", "verb", "actor", "account_id", "staff_id", "department_id", "declaration_id", "revision_number"),
    *("from_status", "to_status", "detail"),
)
EVENT = sa.table("event", sa.column("at", UTCDateTime()), *(sa.column(name) for name in ("id", "mac", *COLUMNS[1:])))
STAFF = sa.table("staff", sa.column("id"), sa.column("department_id"))
SEAL = sa.table("event_seal", sa.column("position"), sa.column("event_id"), sa.column("digest"))


def upgrade() -> None:
    op.add_column("staff", sa.Column("first_password_at", UTCDateTime(), nullable=True))
    op.add_column("staff", sa.Column("last_sign_in_at", UTCDateTime(), nullable=True))
    op.execute(
        "UPDATE staff SET last_sign_in_at ="
        " (SELECT max(at) FROM event WHERE event.staff_id = staff.id AND verb = 'staff_sign_in')"
    )
    op.add_column("event", sa.Column("department_id", sa.Integer(), nullable=True))
    op.add_column("event", sa.Column("mac", sa.LargeBinary(length=32), nullable=True))
    op.create_table(
        "event_seal",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event_seal")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_seal_event_id")),
    )
    _allow_changes()
    office = sa.select(STAFF.c.department_id).where(STAFF.c.id == EVENT.c.staff_id).scalar_subquery()
    op.execute(sa.update(EVENT).values(department_id=office).where(EVENT.c.staff_id.is_not(None)))
    _seal()
    for table in ("event", "event_seal"):
        _refuse_changes(table)
    op.drop_index(op.f("ix_event_account_id"), "event")
    op.drop_index(op.f("ix_event_staff_id"), "event")
    op.create_index("ix_event_at", "event", ["at", "id"])
    for column in ("verb", "account", "staff", "department"):
        name = column if column == "verb" else f"{column}_id"
        op.create_index(f"ix_event_{column}", "event", [name, "at", "id"])


def downgrade() -> None:
    for column in ("department", "staff", "account", "verb", "at"):
        op.drop_index(f"ix_event_{column}", "event")
    op.create_index(op.f("ix_event_staff_id"), "event", ["staff_id"])
    op.create_index(op.f("ix_event_account_id"), "event", ["account_id"])
    op.drop_table("event_seal")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION event_seal_only_added()")
    op.drop_column("event", "mac")
    op.drop_column("event", "department_id")
    op.drop_column("staff", "last_sign_in_at")
    op.drop_column("staff", "first_password_at")


def _allow_changes() -> None:
    """Of the events, until they are sealed."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER event_only_added ON event")
        op.execute("DROP FUNCTION event_only_added()")
    else:
        op.execute("DROP TRIGGER event_no_update")
        op.execute("DROP TRIGGER event_no_delete")


def _refuse_changes(table: str) -> None:
    for statement in append_only_statements(table, op.get_bind().dialect.name):
        op.execute(statement)


def _seal() -> None:
    """A hash for every event, and a link for each in the order of their numbers."""
    ring, connection, digest = keys(), op.get_bind(), crypto.CHAIN_BEGINNING
    with_mac = sa.update(EVENT).where(EVENT.c.id == sa.bindparam("which")).values(mac=sa.bindparam("made"))
    position = 0
    for rows in _batches(connection):
        macs, seals = [], []
        for row in rows:
            mac = crypto.row_mac(ring, [getattr(row, name) for name in COLUMNS])
            digest, position = crypto.chain_link(ring, digest, row.id, mac), position + 1
            macs.append({"which": row.id, "made": mac})
            seals.append({"position": position, "event_id": row.id, "digest": digest})
        connection.execute(with_mac, macs)
        connection.execute(sa.insert(SEAL), seals)


def _batches(connection: sa.Connection) -> Iterator[list[Any]]:
    after = -1
    while rows := list(
        connection.execute(sa.select(EVENT).where(EVENT.c.id > after).order_by(EVENT.c.id).limit(AT_ONCE))
    ):
        yield rows
        after = rows[-1].id
