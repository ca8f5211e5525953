"""Numbers of old records that prove nothing are withheld: broken by a spreadsheet, or shared by several people.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

from lib.database import UTCDateTime, utcnow
from lib.identity import broken_proof, spelled_alike

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

FIELDS = ("archive_no", "certificate_no")
HOLDER = sa.table("legacy_holder", sa.column("id", sa.Integer), *(sa.column(field, sa.String) for field in FIELDS))
CHUNK = 1000


def upgrade() -> None:
    op.create_table(
        "withheld_proof",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("legacy_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("value", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("reason IN ('broken', 'shared', 'refused')", name=op.f("ck_withheld_proof_known_reason")),
        sa.ForeignKeyConstraint(
            ["legacy_id"], ["legacy_holder.id"], name=op.f("fk_withheld_proof_legacy_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withheld_proof")),
        sa.UniqueConstraint("legacy_id", "field", name=op.f("uq_withheld_proof_legacy_id_field")),
    )
    _create_imports()
    _withhold()


def _create_imports() -> None:
    op.create_table(
        "register_import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(length=24), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sheets", sa.JSON(), nullable=False),
        sa.Column("sheet", sa.String(length=60), nullable=False),
        sa.Column("titles", sa.JSON(), nullable=False),
        sa.Column("header_key", sa.String(length=32), nullable=False),
        sa.Column("columns", sa.JSON(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("findings", sa.String(length=64), nullable=True),
        sa.Column("batch", sa.String(length=24), nullable=True),
        sa.Column("problem", sa.String(length=200), nullable=False),
        sa.Column("worker", sa.String(length=24), nullable=True),
        sa.Column("alive_at", UTCDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state IN ('reading', 'mapping', 'checking', 'checked', 'importing', 'imported', 'undone', 'failed')",
            name=op.f("ck_register_import_known_state"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_register_import_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_import")),
        sa.UniqueConstraint("uid", name=op.f("uq_register_import_uid")),
    )
    for column in ("created_at", "header_key", "state"):
        op.create_index(op.f(f"ix_register_import_{column}"), "register_import", [column])


def _withhold() -> None:
    connection = op.get_bind()
    table = sa.table("withheld_proof", *map(sa.column, ("legacy_id", "field", "value", "reason")), sa.column("at", UTCDateTime))
    found, now = _found(connection), utcnow()
    for start in range(0, len(found), CHUNK):
        part = found[start : start + CHUNK]
        rows = [dict(legacy_id=one, field=field, value=value, reason=reason, at=now) for one, field, value, reason in part]
        connection.execute(sa.insert(table), rows)
        for field in FIELDS:
            ids = [one for one, of, _value, _reason in part if of == field]
            connection.execute(sa.update(HOLDER).where(HOLDER.c.id.in_(ids)).values({field: None}))


def _found(connection: sa.Connection) -> list[tuple[int, str, str, str]]:
    """Record, field, value and reason of every number that proves nothing."""
    owner: dict[int, int] = {}  # of a spelling, as its hash: a register of a million rows must fit
    shared: set[int] = set()
    for one, value in _numbers(connection):
        spelling = hash(spelled_alike(value[1]))
        if owner.setdefault(spelling, one) != one:
            shared.add(spelling)
    return [
        (one, field, value, "broken" if broken_proof(value) else "shared")
        for one, (field, value) in _numbers(connection)
        if broken_proof(value) or hash(spelled_alike(value)) in shared
    ]


def _numbers(connection: sa.Connection):
    rows = connection.execute(sa.select(HOLDER).execution_options(yield_per=CHUNK))
    for row in rows:
        for field in FIELDS:
            if value := getattr(row, field):
                yield row.id, (field, value)


def downgrade() -> None:
    connection = op.get_bind()
    withheld = sa.table("withheld_proof", *map(sa.column, ("legacy_id", "field", "value")))
    for field in FIELDS:
        value = sa.select(withheld.c.value).where(withheld.c.legacy_id == HOLDER.c.id, withheld.c.field == field)
        ids = sa.select(withheld.c.legacy_id).where(withheld.c.field == field)
        connection.execute(sa.update(HOLDER).where(HOLDER.c.id.in_(ids)).values({field: value.scalar_subquery()}))
    op.drop_table("withheld_proof")
    op.drop_table("register_import")
