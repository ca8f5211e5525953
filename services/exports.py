"""Who was in an exported 名册: one row an export instead of one a person; each person is told all the same."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import islice

from sqlalchemy import select, union
from sqlalchemy.orm import joinedload

from models import Declaration, Department, Event, Record, Revision, RosterExport, Staff, Transfer, db


class Members:
    """A set of accounts, one bit for each: 250 KB for two million, a few hundred bytes once packed for a county."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, account_id: int) -> None:
        place, bit = divmod(account_id, 8)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._bits[place] |= 1 << bit

    def packed(self) -> bytes:
        return zlib.compress(bytes(self._bits))


def is_member(packed: bytes, account_id: int) -> bool:
    bits = zlib.decompress(packed)
    place, bit = divmod(account_id, 8)
    return place < len(bits) and bool(bits[place] >> bit & 1)


def keep(event: Event, department_id: int, members: Members) -> None:
    """Write down who was in it, beside the event. ``department_id``: the list was of it and of those below."""
    db.session.flush()
    db.session.add(RosterExport(event_id=event.id, department_id=department_id, members=members.packed()))


def with_person(account_id: int, limit: int) -> Sequence[Event]:
    """The exports that this person was in, newest first."""
    query = select(RosterExport, Event).join(Event, Event.id == RosterExport.event_id)
    query = query.where(RosterExport.department_id.in_(_offices_over(account_id))).order_by(Event.id.desc())
    query = query.options(joinedload(Event.staff).joinedload(Staff.department)).execution_options(yield_per=5)
    rows = db.session.execute(query)
    found = list(islice((event for export, event in rows if is_member(export.members, account_id)), limit))
    rows.close()
    return found


def _offices_over(account_id: int) -> list[int]:
    """Every department that has handled something of this person's, and those above them."""
    own = select(Declaration.id).where(Declaration.account_id == account_id)
    handled = union(
        select(Declaration.department_id).where(Declaration.account_id == account_id),
        select(Revision.department_id).where(Revision.declaration_id.in_(own)),
        select(Transfer.to_department_id).where(Transfer.declaration_id.in_(own)),
        select(Record.department_id).where(Record.account_id == account_id),
    ).subquery()
    paths = db.session.scalars(select(Department.path).where(Department.id.in_(select(handled.c[0]))))
    codes = {code for path in paths for code in path.split("/") if code}
    return list(db.session.scalars(select(Department.id).where(Department.code.in_(codes))))
