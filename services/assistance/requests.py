"""Filing a 核验申请 and coming back to it. Nothing here asks whether a number is known."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from lib.clock import local, today
from lib.codes import AssistanceNeed, AssistanceState, IdType
from lib.database import utcnow
from models import AssistanceRequest, db
from services import audit
from services.access import Actor
from services.accounts.applicants import number_index
from services.assistance import receipts
from services.declaration import deadlines
from services.departments import matching, tree
from services.departments.matching import PhoneBookGroup
from services.departments.snapshot import DepartmentNode

PICTURE_KEPT = timedelta(days=180)  # after the decision


@dataclass(frozen=True)
class Asked:
    """A complete, valid and normalised 核验申请."""

    need: AssistanceNeed
    id_type: IdType
    number: str
    name: str
    phone: str
    story: str
    department_id: int
    privacy_version: str


@dataclass(frozen=True)
class DocumentPicture:
    """The picture of the ID document, which is in the store already."""

    address: str
    thumb_address: str
    width: int
    height: int


def offices() -> Sequence[PhoneBookGroup]:
    """The departments that take a 核验申请, by city: those that collect here."""
    return [group for group in matching.phone_book() if not group.own_system]


def office(code: str | None) -> DepartmentNode | None:
    found = tree.load().by_code.get(code or "")
    return found if found and found.active and not found.own_system else None


def file(
    asked: Asked, days: int, picture: DocumentPicture | None, entered_by: Actor | None = None
) -> tuple[AssistanceRequest, str]:
    """Keep the application; returns its row and the receipt, which is shown once.

    ``days``: working days until the answer. Without a picture an officer has seen the document (``entered_by``).
    """
    receipt, due = receipts.new(), deadlines.due_date(today(), days, deadlines.calendar())
    row = AssistanceRequest(
        need=asked.need, id_type=asked.id_type, name=asked.name, receipt_hash=receipts.hashed(receipt)
    )
    row.id_number, row.id_index, row.phone = asked.number, number_index(asked.number), asked.phone
    row.story, row.privacy_version, row.department_id = asked.story, asked.privacy_version, asked.department_id
    row.state, row.submitted_at = AssistanceState.WAITING, utcnow()
    row.due_days, row.due_on, row.due_estimated = days, due.on, due.estimated
    row.entered_by = entered_by.id if entered_by else None
    if picture:
        row.address, row.thumb_address = picture.address, picture.thumb_address
        row.width, row.height = picture.width, picture.height
    db.session.add(row)
    audit.record("assistance", entered_by, detail=row.uid)
    return row, receipt


def find(typed: str, number: str) -> AssistanceRequest | None:
    """The application of a receipt, for who knows its ID number, too."""
    query = select(AssistanceRequest).where(AssistanceRequest.receipt_hash == receipts.hashed(receipts.plain(typed)))
    row, index = db.session.scalar(query), number_index(number)
    is_right = hmac.compare_digest(row.id_index if row else bytes(32), index)
    return row if row and is_right else None


def reckon_again() -> int:
    """Bring the promised days of what waits in line with the calendar, which may have changed. For ``flask tick``.

    A day that had not passed yet does not become one of the past.
    """
    columns = (AssistanceRequest.id, AssistanceRequest.submitted_at, AssistanceRequest.due_days)
    query = select(*columns, AssistanceRequest.due_on, AssistanceRequest.due_estimated)
    days_off, moved = deadlines.calendar(), 0
    for row in db.session.execute(query.where(AssistanceRequest.state == AssistanceState.WAITING)).all():
        due = deadlines.due_date(local(row.submitted_at).date(), row.due_days, days_off)
        on = today() if due.on < today() <= row.due_on else due.on
        if (on, due.estimated) != (row.due_on, row.due_estimated):
            which = update(AssistanceRequest).where(AssistanceRequest.id == row.id)
            db.session.execute(which.values(due_on=on, due_estimated=due.estimated))
            moved += 1
    return moved


def drop_old_pictures() -> int:
    """Forget the documents of what was decided long ago; the files go with the next sweep. For ``flask tick``."""
    old = (AssistanceRequest.decided_at < utcnow() - PICTURE_KEPT, AssistanceRequest.address.is_not(None))
    gone = db.session.execute(update(AssistanceRequest).where(*old).values(address=None, thumb_address=None))
    return int(gone.rowcount)  # type: ignore[attr-defined]
