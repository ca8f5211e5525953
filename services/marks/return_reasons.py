"""The reasons that an officer picks from: the province's and the own offices', the most used first; and who edits them.

A manager edits the own department's list, the system administrator everybody's. A reason is retired, never deleted:
marks and decisions that used it keep their wording, and statistics their title.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, select

from lib.codes import Role
from lib.database import Prebuilt
from models import Department, ReturnReason, db
from services import audit
from services.access import Actor
from services.departments import snapshot

#: applies_to -> its heading.
LISTS = {"question": "填写内容", "paper": "附件", "decline": "不予采集"}
BY_KEY = 9  # so many are chosen by a digit
#: The most used first, in steps of so many uses: a digit that an officer knows by heart seldom moves.
STEP = 25
ORDER = ((ReturnReason.uses // STEP).desc(), ReturnReason.position, ReturnReason.code)


class Choice(NamedTuple):
    """One reason. ``advice`` is what the applicant reads; ``digit`` the key that picks it, 0 for none."""

    code: str
    title: str
    advice: str
    digit: int


@dataclass(frozen=True)
class Reasons:
    """What there is to choose for a question, for a paper, and for 不予采集."""

    question: Sequence[Choice]
    paper: Sequence[Choice]
    decline: Sequence[Choice]

    def title(self, code: str) -> str:
        found = (*self.question, *self.paper, *self.decline)
        return next((choice.title for choice in found if choice.code == code), "")


_IN_USE = Prebuilt(
    select(ReturnReason.code, ReturnReason.title, ReturnReason.advice, ReturnReason.applies_to)
    .where(
        ReturnReason.retired.is_(False),
        ReturnReason.department_id.is_(None) | ReturnReason.department_id.in_(bindparam("offices", expanding=True)),
    )
    .order_by(*ORDER)
)


def of(actor: Actor) -> Reasons:
    """The reasons in use for an officer: those of everybody, and those of the department and the ones above it."""
    rows = _IN_USE.rows(db.session, offices=_offices_above(actor))
    return Reasons(*(_choices(rows, where) for where in LISTS))


def _offices_above(actor: Actor) -> list[int]:
    """The department and those above it."""
    codes = {code for code in actor.path.split("/") if code}
    return [office.id for office in snapshot.current().departments if office.code in codes]


def one(actor: Actor, code: str, applies_to: str) -> ReturnReason | None:
    """The reason of that code, if it is on this list (question, paper, decline) and of an office of the officer's own.

    One that has been retired meanwhile still counts: a mark may stand on it.
    """
    reason = db.session.get(ReturnReason, code) if code else None
    if reason is None or reason.applies_to != applies_to:
        return None
    office = db.session.get(Department, reason.department_id) if reason.department_id else None
    return reason if office is None or actor.path.startswith(office.path) else None


def _choices(rows: Sequence[Any], where: str) -> list[Choice]:
    fitting = [row for row in rows if row.applies_to == where]
    return [
        Choice(row.code, row.title, row.advice, place if place <= BY_KEY else 0)
        for place, row in enumerate(fitting, start=1)
    ]


# --- editing the lists --------------------------------------------------------------------------------


class ReasonTaken(ValueError):
    """Another reason of the same list is called so already; the message says what to do."""


@dataclass(frozen=True)
class ReasonGroup:
    """One list. ``own`` may be edited; ``shared`` are the province's and those of offices above, for reading."""

    applies_to: str
    title: str
    own: Sequence[ReturnReason]
    shared: Sequence[ReturnReason]


@dataclass(frozen=True)
class Wording:
    """What is typed. ``position``: the order among reasons that were used equally often."""

    title: str
    advice: str
    position: int = 0


def office_of(actor: Actor) -> int | None:
    """The list that the person edits: the department's id, None for the province's."""
    return None if actor.role == Role.SYSTEM else actor.department_id


def groups(actor: Actor) -> list[ReasonGroup]:
    """The lists as officers are offered them: those in use first, the most used in front."""
    office = office_of(actor)
    order = (ReturnReason.retired, *ORDER)
    rows = [
        row for row in db.session.scalars(select(ReturnReason).order_by(*order)) if row.department_id in _seen(actor)
    ]
    return [
        ReasonGroup(
            applies_to,
            title,
            [row for row in rows if row.applies_to == applies_to and row.department_id == office],
            [row for row in rows if row.applies_to == applies_to and row.department_id != office and not row.retired],
        )
        for applies_to, title in LISTS.items()
    ]


def _seen(actor: Actor) -> set[int | None]:
    """The departments whose reasons are on the lists of this person's office; None is the province."""
    if office_of(actor) is None:
        return {None}
    return {None, *_offices_above(actor)}


def editable(actor: Actor, code: str) -> ReturnReason | None:
    """One of the person's own list. Another office's is not found."""
    found = db.session.get(ReturnReason, code)
    return found if found and found.department_id == office_of(actor) else None


def add(actor: Actor, applies_to: str, wording: Wording) -> ReturnReason:
    """A new one at the list's end, unless ``wording`` says where. Raises ReasonTaken."""
    _refuse_double(actor, applies_to, wording.title, "")
    last = select(func.max(ReturnReason.position)).where(ReturnReason.applies_to == applies_to)
    reason = ReturnReason(
        code=f"own-{secrets.token_hex(8)}",
        applies_to=applies_to,
        department_id=office_of(actor),
        title=wording.title,
        advice=wording.advice,
        position=wording.position or (db.session.scalar(last) or 0) + 1,
    )
    db.session.add(reason)
    audit.record("reason", actor, detail=f"{reason.code} added to {applies_to}")
    return reason


def edit(actor: Actor, reason: ReturnReason, wording: Wording) -> None:
    """Marks that were sent keep the wording they had. Raises ReasonTaken."""
    _refuse_double(actor, reason.applies_to, wording.title, reason.code)
    reason.title, reason.advice, reason.position = wording.title, wording.advice, wording.position
    audit.record("reason", actor, detail=f"{reason.code} edited")


def retire(actor: Actor, reason: ReturnReason, *, retired: bool) -> None:
    """Take it off the list, or put it back. Raises ReasonTaken when another one has its title meanwhile."""
    if not retired:
        _refuse_double(actor, reason.applies_to, reason.title, reason.code)
    reason.retired = retired
    audit.record("reason", actor, detail=f"{reason.code} {'retired' if retired else 'put back'}")


def _refuse_double(actor: Actor, applies_to: str, title: str, code: str) -> None:
    query = select(ReturnReason).where(ReturnReason.applies_to == applies_to, ReturnReason.title == title)
    seen, own = _seen(actor), office_of(actor)
    for other in db.session.scalars(query.where(ReturnReason.code != code)):
        if other.department_id in seen and not other.retired:
            raise ReasonTaken(f"{LISTS[applies_to]}的原因中已有「{title}」，请换一个名称")
        if other.department_id == own and other.retired:
            raise ReasonTaken(f"「{title}」已经停用，请恢复使用，不必再添加")
