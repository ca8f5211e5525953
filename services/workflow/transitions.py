"""MOVES: from which state a verb leads where, and by whom; what stands now. The only writer of a status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError

from lib.codes import Role, Status
from lib.database import utcnow
from lib.questions.pages import Step
from models import Claim, Declaration, Event, Revision, SecondLook, Transfer, db
from services import audit
from services.access import OFFICERS, Actor
from services.queue import index as queue_index


class NotAllowed(Exception):
    """The move does not start from this state, or is not this person's; the message says why."""


class Conflict(Exception):
    """Somebody else was faster; the message says who and when. Leads to a 409 page."""


class MissingItem(str):
    """One thing that is missing, in words. ``step``: where to mend it (None: 附件上传), at ``anchor``."""

    step: Step | None
    anchor: str

    def __new__(cls, words: str, step: Step | None = None, anchor: str = "") -> MissingItem:
        made = super().__new__(cls, words)
        made.step, made.anchor = step, anchor
        return made


class Incomplete(Exception):
    """Submitting found something missing: a list of what, in words."""

    def __init__(self, missing: list[MissingItem]) -> None:
        super().__init__("；".join(missing))
        self.missing = missing


@dataclass(frozen=True)
class Move:
    """``target`` None: the verb decides (withdraw goes back to where the submission came from)."""

    verb: str
    label: str
    sources: frozenset[Status]
    target: Status | None
    by: tuple[Role, ...] = ()  # nobody: time or the system


_IN_REVIEW = frozenset({Status.IN_REVIEW})
DECIDED = (Status.APPROVED, Status.RETURNED, Status.DECLINED)

MOVES = {
    move.verb: move
    for move in (
        Move("submit", "提交", frozenset({Status.DRAFT, Status.RETURNED}), Status.SUBMITTED, (Role.APPLICANT,)),
        Move("withdraw", "撤回", frozenset({Status.SUBMITTED}), None, (Role.APPLICANT,)),
        Move("drop", "放弃变更", frozenset({Status.DRAFT}), Status.DROPPED, (Role.APPLICANT,)),
        Move("claim", "领取", frozenset({Status.SUBMITTED}), Status.IN_REVIEW, OFFICERS),
        Move("release", "放回", _IN_REVIEW, Status.SUBMITTED, OFFICERS),
        Move("lapse", "领取超时", _IN_REVIEW, Status.SUBMITTED),
        Move("take_over", "接手", _IN_REVIEW, Status.IN_REVIEW, OFFICERS),
        Move("return", "退回修改", _IN_REVIEW, Status.RETURNED, OFFICERS),
        Move("approve", "审核通过", _IN_REVIEW, Status.APPROVED, OFFICERS),
        Move("decline", "不予采集", _IN_REVIEW, Status.DECLINED, OFFICERS),
        Move("undo", "撤销刚才的决定", frozenset(DECIDED), Status.IN_REVIEW, OFFICERS),
        Move("revoke", "撤销审核结果", frozenset({Status.APPROVED}), Status.RETURNED, (Role.MANAGER,)),
        Move("reopen", "重新受理", frozenset({Status.DECLINED}), Status.SUBMITTED, (Role.MANAGER,)),
        Move("offer", "转交", _IN_REVIEW, Status.IN_REVIEW, OFFICERS),
        Move("transfer", "受理转交", _IN_REVIEW, Status.SUBMITTED, OFFICERS),
        Move("refuse", "退还转交", _IN_REVIEW, Status.SUBMITTED, OFFICERS),
        Move("propose", "提交复核", _IN_REVIEW, Status.IN_REVIEW, OFFICERS),
        Move("disagree", "复核不同意", _IN_REVIEW, Status.IN_REVIEW, OFFICERS),
        Move("take_back", "收回", _IN_REVIEW, Status.IN_REVIEW, OFFICERS),
    )
}
#: With these a submission comes into an officer's hands.
TAKING = ("claim", "take_over", "undo", "disagree", "take_back")


def standing_status(declaration: Declaration, now: datetime | None = None) -> Status:
    """The status as it counts now: a lapsed claim counts for nothing, whoever reads it."""
    if declaration.status != Status.IN_REVIEW or holder(declaration, now) or waits(declaration):
        return declaration.status
    return Status.SUBMITTED


def holder(declaration: Declaration, now: datetime | None = None) -> Claim | None:
    """The claim in force, if any."""
    claim = declaration.claim
    return claim if claim and claim.expires_at > (now or utcnow()) else None


def waiting_transfer(declaration: Declaration) -> Transfer | None:
    """The offer to another department that has no answer yet. Until then the submission stays 审核中."""
    query = select(Transfer).where(Transfer.declaration_id == declaration.id, Transfer.answered_at.is_(None))
    return db.session.scalar(query)


def waiting_second_look(declaration: Declaration) -> SecondLook | None:
    """The decision that a second officer has not answered yet. Until then the submission stays 审核中."""
    query = select(SecondLook).where(SecondLook.declaration_id == declaration.id, SecondLook.answered_at.is_(None))
    return db.session.scalar(query)


def waits(declaration: Declaration) -> bool:
    """Does it stay 审核中 though nobody holds it?"""
    return bool(waiting_transfer(declaration) or waiting_second_look(declaration))


def in_office(declaration: Declaration, actor: Actor) -> bool:
    """Does the officer's scope cover the department that handles it? Others may at most read it."""
    office = declaration.department
    return bool(actor.path and office and office.path.startswith(actor.path))


def check(declaration: Declaration, verb: str, actor: Actor | None) -> Move:
    move = MOVES[verb]
    if declaration.status not in move.sources or (actor.role not in move.by if actor else move.by):
        raise NotAllowed(f"当前状态为「{declaration.status.label}」，不能{move.label}")
    return move


def make_move(
    declaration: Declaration, verb: str, actor: Actor | None, *, target: Status | None = None, detail: str = ""
) -> Event:
    move = check(declaration, verb, actor)
    before, after = declaration.status, target or move.target
    assert after is not None
    declaration.status, declaration.touched_at = after, utcnow()  # a move that keeps the status counts as a change, too
    try:
        db.session.flush()
    except StaleDataError as error:
        raise Conflict("这份申报刚刚被别人处理过，请刷新后再看") from error
    queue_index.follow(declaration)
    return audit.record(
        verb,
        actor,
        account_id=declaration.account_id,
        declaration_id=declaration.id,
        revision_number=declaration.revision_number or None,
        from_status=before,
        to_status=after,
        detail=detail,
    )


def revision_numbered(declaration: Declaration, number: int) -> Revision:
    query = select(Revision).where(Revision.declaration_id == declaration.id, Revision.number == number)
    return db.session.scalars(query).one()
