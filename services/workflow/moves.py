"""MOVES: from which state a verb leads where, and by whom. The only writer of a status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm.exc import StaleDataError

from forms import Step
from lib.codes import Kind, Role, Status
from lib.database import utcnow
from models import Claim, Declaration, Event, Revision, db
from services import events
from services.access import OFFICERS, Actor


class NotAllowed(Exception):
    """The move does not start from this state, or is not this person's; the message says why."""


class Conflict(Exception):
    """Somebody else was faster; the message says who and when. Leads to a 409 page."""


class Missing(str):
    """One thing that is missing, in words. ``step``: where to mend it (None: 附件上传), at ``anchor``."""

    step: Step | None
    anchor: str

    def __new__(cls, words: str, step: Step | None = None, anchor: str = "") -> Missing:
        made = super().__new__(cls, words)
        made.step, made.anchor = step, anchor
        return made


class Incomplete(Exception):
    """Submitting found something missing: a list of what, in words."""

    def __init__(self, missing: list[Missing]) -> None:
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


MOVES = {
    move.verb: move
    for move in (
        Move("submit", "提交", frozenset({Status.DRAFT, Status.RETURNED}), Status.SUBMITTED, (Role.APPLICANT,)),
        Move("withdraw", "撤回", frozenset({Status.SUBMITTED}), None, (Role.APPLICANT,)),
        Move("drop", "放弃变更", frozenset({Status.DRAFT}), Status.DROPPED, (Role.APPLICANT,)),
        Move("claim", "领取", frozenset({Status.SUBMITTED}), Status.IN_REVIEW, OFFICERS),
        Move("release", "放回", frozenset({Status.IN_REVIEW}), Status.SUBMITTED, OFFICERS),
        Move("lapse", "领取超时", frozenset({Status.IN_REVIEW}), Status.SUBMITTED),
        Move("return", "退回修改", frozenset({Status.IN_REVIEW}), Status.RETURNED, OFFICERS),
        Move("approve", "审核通过", frozenset({Status.IN_REVIEW}), Status.APPROVED, OFFICERS),
    )
}


def available(declaration: Declaration, actor: Actor) -> list[Move]:
    """The moves this person may make now. Pages build their buttons from it, so page and rule cannot disagree."""
    status = standing_status(declaration)
    return [
        move
        for move in MOVES.values()
        if status in move.sources and actor.role in move.by and (move.verb != "drop" or declaration.kind == Kind.CHANGE)
    ]


def standing_status(declaration: Declaration, now: datetime | None = None) -> Status:
    """The status as it counts now: a lapsed claim counts for nothing, whoever reads it."""
    lapsed = declaration.status == Status.IN_REVIEW and not holder(declaration, now)
    return Status.SUBMITTED if lapsed else declaration.status


def holder(declaration: Declaration, now: datetime | None = None) -> Claim | None:
    """The claim in force, if any."""
    claim = declaration.claim
    return claim if claim and claim.expires_at > (now or utcnow()) else None


def check(declaration: Declaration, verb: str, actor: Actor | None) -> Move:
    move = MOVES[verb]
    if declaration.status not in move.sources or (actor.role not in move.by if actor else move.by):
        raise NotAllowed(f"当前状态为「{declaration.status.label}」，不能{move.label}")
    return move


def make_move(declaration: Declaration, verb: str, actor: Actor | None, *, target: Status | None = None) -> Event:
    move = check(declaration, verb, actor)
    before, after = declaration.status, target or move.target
    assert after is not None
    declaration.status = after
    try:
        db.session.flush()
    except StaleDataError as error:
        raise Conflict("这份申报刚刚被别人处理过，请刷新后再看") from error
    return events.record(
        verb,
        actor,
        account_id=declaration.account_id,
        declaration_id=declaration.id,
        revision_number=declaration.revision_number or None,
        from_status=before,
        to_status=after,
    )


def revision_numbered(declaration: Declaration, number: int) -> Revision:
    query = select(Revision).where(Revision.declaration_id == declaration.id, Revision.number == number)
    return db.session.scalars(query).one()
