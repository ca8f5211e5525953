"""填写提示: what an office says at a question or paper, beside the hint that is built in. In versions, by the day.

A department words them for the applicants whom it and those below it handle, the 系统管理员 for everybody; the nearest
office counts. An empty text ends a hint. All are part of the reference data that each process has in memory, so pages
ask no statement for them, and the moment decides which of them is in force.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select

from lib import plain_text
from lib.clock import day_begins, today
from lib.codes import Role
from lib.database import utcnow
from models import FieldHint, Staff, db
from services import audit
from services.access import Actor
from services.declaration import labels
from services.departments import snapshot, tree
from services.departments.snapshot import OfficeHint

LONGEST = 100  # characters


def in_force(code: str | None, now: datetime | None = None) -> Mapping[str, OfficeHint]:
    """By question or paper, for applicants of the department of this code; without one, those for everybody."""
    known = snapshot.current().hints
    return _nearest(known, code, now or utcnow()) if known else {}


def _nearest(known: Sequence[OfficeHint], code: str | None, now: datetime) -> Mapping[str, OfficeHint]:
    """An office that has ended its hint leaves the word to the one above."""
    offices = [None, *_offices(code)]
    latest = {(one.department_id, one.target): one for one in known if one.starts_at <= now}
    found: dict[str, OfficeHint] = {}
    for office in offices:
        found |= {target: one for (of, target), one in latest.items() if of == office and one.text}
    return found


def _offices(code: str | None) -> list[int]:
    """The department and those above it, the topmost first."""
    by_code = tree.load().by_code
    node = by_code.get(code or "")
    return [by_code[one].id for one in node.path.split("/") if one] if node else []


def texts(code: str | None) -> Mapping[str, str]:
    """What the pages of such an applicant show."""
    return {target: hint.text for target, hint in in_force(code).items()}


# --- wording them -----------------------------------------------------------------------------------------------------


def may_have_one(target: str) -> bool:
    """The ID document is no question of a page."""
    return target in labels.table() and target not in labels.IDENTITY


def office_of(actor: Actor) -> int | None:
    """Whose hints the person words: the department's id, None for everybody's."""
    return None if actor.role == Role.SYSTEM else actor.department_id


def own(actor: Actor, target: str) -> OfficeHint | None:
    """The own office's in force."""
    begun = [one for one in versions(actor, target) if one.starts_at <= utcnow()]
    return begun[-1] if begun else None


def versions(actor: Actor, target: str = "") -> list[OfficeHint]:
    """The own office's, of one question or paper or of all, in the order in which they come into force."""
    office = office_of(actor)
    found = [one for one in snapshot.current().hints if one.department_id == office]
    return [one for one in found if not target or one.target == target]


def problem(text: str) -> str:
    """What is wrong with it, in words for its field."""
    if len(text) > LONGEST:
        return f"最多 {LONGEST} 个字，现在是 {len(text)} 个"
    return "只能写文字，不能使用 HTML 标记（<…>）" if plain_text.has_tags(text) else ""


def publish(actor: Actor, target: str, text: str, starts_on: date | None) -> FieldHint:
    """The checked text is in force from now, or from the morning of a day on."""
    now = utcnow()
    row = FieldHint(target=target, department_id=office_of(actor), text=text, staff_id=actor.id, published_at=now)
    row.starts_at = day_begins(starts_on) if starts_on else now
    db.session.add(row)
    audit.record("field_hint", actor, detail=f"{target} from {starts_on or today()}")
    return row


def publishers(shown: Sequence[OfficeHint]) -> Mapping[int, str]:
    """Who published each of them, by its id."""
    query = select(FieldHint.id, Staff.name).join(Staff, Staff.id == FieldHint.staff_id)
    rows = db.session.execute(query.where(FieldHint.id.in_([one.id for one in shown]))).all()
    return {row.id: row.name for row in rows}
