"""The life of a declaration: MOVES and the verbs. The only writer of a status.

Every verb checks, moves, records. The row's version makes the second of two simultaneous writers fail; a decision also
names the revision that the officer saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm.exc import StaleDataError

from forms import Step
from lib.clock import local, today
from lib.codes import Kind, MarkState, Role, Status
from lib.database import utcnow
from models import Claim, Decision, Declaration, Department, Draft, Event, Mark, Record, Revision, Staff, db
from services import answers, deadlines, events, inbox, marks, papers, sheets
from services.access import OFFICERS, Actor

CLAIM_TIME = timedelta(minutes=30)


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


# --- the applicant's verbs ------------------------------------------------------------------------------------------


def missing_for_submit(declaration: Declaration) -> list[Missing]:
    """Everything that stands between the working copy and a submission, in words."""
    context = answers.asked(declaration)
    excused = marks.excused(declaration)
    found = [
        Missing(f"{gap.step.title}：{gap.message}", gap.step, gap.name) for gap in answers.gaps(declaration, context)
    ]
    for standing in papers.standings(declaration, context, sheets.signed_is_outdated(declaration, excused)):
        kind = standing.paper.kind
        step = marks.step_of(kind)
        anchor = kind if step else f"paper-{kind}"
        if standing.outdated:
            found.append(Missing("个人基本信息表：信息已修改，请重新打印、签名后上传", step, anchor))
        elif standing.missing:
            found.append(Missing(f"请上传{standing.paper.title}", step, anchor))
    asked = "审核人员要求修改，请修改或说明情况"
    found += [Missing(f"{view.label}：{asked}", view.step, view.anchor) for view in marks.untouched(declaration)]
    return found


def submit(declaration: Declaration, actor: Actor, *, commitment: str, review_days: int) -> Revision:
    """Hand the file to the office: all is checked again, then answers and papers are frozen as the next revision.

    Raises NotAllowed (already submitted), Incomplete, Conflict.
    """
    _check(declaration, "submit", actor)
    if missing := missing_for_submit(declaration):
        raise Incomplete(missing)
    department = db.session.scalars(select(Department).where(Department.code == declaration.department_code)).one()
    sheet = sheets.signed(declaration)
    revision = Revision(
        number=declaration.revision_number + 1,
        papers=papers.freeze(declaration, answers.asked(declaration)),
        sheet_id=sheet.id if sheet else None,
        department_id=department.id,
        commitment_version=commitment,
    )
    revision.answers = answers.freeze(declaration)
    marks.close_all(declaration)
    declaration.revisions.append(revision)
    declaration.revision_number, declaration.submitted_at = revision.number, utcnow()
    declaration.department_id = department.id
    _set_due_date(declaration, review_days)
    _move(declaration, "submit", actor)
    _forget_drafts(declaration)
    inbox.tell(
        declaration.account_id, "提交成功", f"您的申报 {declaration.number} 已提交，请留意审核结果。", "/apply/status"
    )
    return revision


def _set_due_date(declaration: Declaration, review_days: int) -> None:
    """What a return kept is what is left; a withdrawal has started the clock anew."""
    left = declaration.days_left
    days = review_days if left is None else max(left, deadlines.LEAST_AFTER_RETURN)
    due = deadlines.due_date(today(), days, deadlines.calendar())
    declaration.due_on, declaration.due_estimated, declaration.days_left = due.on, due.estimated, None


def _forget_drafts(declaration: Declaration) -> None:
    for draft in db.session.scalars(select(Draft).where(Draft.declaration_id == declaration.id)):
        db.session.delete(draft)


def withdraw(declaration: Declaration, actor: Actor) -> Event:
    """Take the submission back while nobody has begun; it becomes again what it was, and the clock starts anew."""
    settle(declaration)
    came_from = db.session.scalar(
        select(Event.from_status)
        .where(Event.declaration_id == declaration.id, Event.verb == "submit")
        .order_by(Event.id.desc())
        .limit(1)
    )
    _check(declaration, "withdraw", actor)
    if came_from == Status.RETURNED:
        _reopen_marks(declaration)
    declaration.days_left = None
    return _move(declaration, "withdraw", actor, target=came_from or Status.DRAFT)


def _reopen_marks(declaration: Declaration) -> None:
    """The marks of the return are open again. They hang on the revision before the one that was taken back."""
    latest = declaration.revision_number
    returned = db.session.scalar(
        select(func.max(Revision.number)).where(
            Revision.declaration_id == declaration.id,
            Revision.number < latest,
            Revision.marks.any(Mark.state == MarkState.CLOSED),
        )
    )
    for mark in marks.of_revision(_revision(declaration, returned or 0), MarkState.CLOSED):
        mark.state = MarkState.OPEN


def _revision(declaration: Declaration, number: int) -> Revision:
    query = select(Revision).where(Revision.declaration_id == declaration.id, Revision.number == number)
    return db.session.scalars(query).one()


def drop(declaration: Declaration, actor: Actor) -> Event:
    """Give up a change declaration; the record stays as it is."""
    if declaration.kind != Kind.CHANGE:
        raise NotAllowed("首次采集的申报不能放弃，可以留待以后继续填写")
    return _move(declaration, "drop", actor)


# --- the officer's verbs ---------------------------------------------------------------------------------------------


def claim(declaration: Declaration, actor: Actor) -> Claim:
    """Take a submission for 30 minutes; one's own claim is renewed. Raises Conflict when another holds it."""
    now = utcnow()
    held = holder(declaration, now)
    if held and held.staff_id == actor.id:
        held.expires_at = now + CLAIM_TIME
        return held
    if held:
        raise Conflict(f"{held.staff.name}已于 {local(held.claimed_at):%H:%M} 领取这份申报")
    settle(declaration, now)
    _refuse_own_file(declaration, actor)
    _move(declaration, "claim", actor)
    made = Claim(declaration_id=declaration.id, staff_id=actor.id, claimed_at=now, expires_at=now + CLAIM_TIME)
    declaration.claim = made
    return made


def renew(declaration: Declaration, actor: Actor) -> bool:
    """Prolong one's own claim: activity keeps it alive."""
    held = holder(declaration)
    if held is None or held.staff_id != actor.id:
        return False
    held.expires_at = utcnow() + CLAIM_TIME
    return True


def release(declaration: Declaration, actor: Actor) -> Event:
    own_claim(declaration, actor)
    event = _move(declaration, "release", actor)
    _drop_claim(declaration)
    return event


def settle(declaration: Declaration, now: datetime | None = None) -> bool:
    """Write down that a claim has lapsed, if it has."""
    if declaration.status != Status.IN_REVIEW or holder(declaration, now):
        return False
    _move(declaration, "lapse", None)
    _drop_claim(declaration)
    return True


def send_back(declaration: Declaration, actor: Actor, seen: int) -> Decision:
    """Return the file with the unsent marks of the revision that was seen. At least one, each with a reason."""
    own_claim(declaration, actor, seen)
    revision = _revision(declaration, seen)
    unsent = marks.of_revision(revision, MarkState.DRAFT)
    if not unsent:
        raise NotAllowed("退回前请至少标记一处需要修改的内容")
    if any(not (mark.reason or mark.comment) for mark in unsent):
        raise NotAllowed("请为每一处标记选择原因或填写说明")
    for mark in unsent:
        mark.reason = mark.reason or mark.comment
        mark.state = MarkState.OPEN
    declaration.days_left = deadlines.days_left(declaration.due_on, today())
    decision = _decide(declaration, revision, "return", actor)
    inbox.tell(
        declaration.account_id,
        "申报已退回",
        "您的申报有内容需要修改。请登录后按提示修改并重新提交。",
        "/apply/corrections",
    )
    return decision


def approve(declaration: Declaration, actor: Actor, seen: int, *, id_checked: bool = False) -> Decision:
    """The revision that was seen becomes the person's record; a changed name becomes the sign-in name."""
    own_claim(declaration, actor, seen)
    revision = _revision(declaration, seen)
    for mark in marks.of_revision(revision, MarkState.DRAFT):
        db.session.delete(mark)
    decision = _decide(declaration, revision, "approve", actor, id_checked=id_checked)
    _stand_in_archive(declaration, revision, id_checked)
    inbox.tell(declaration.account_id, "审核通过", "您的信息已审核通过，可以在人员档案中查看。", "/archive")
    return decision


def _decide(
    declaration: Declaration, revision: Revision, verb: str, actor: Actor, *, id_checked: bool = False
) -> Decision:
    position = db.session.scalar(select(func.count()).where(Decision.revision_id == revision.id)) or 0
    decision = Decision(
        revision_id=revision.id,
        position=position + 1,
        verb=verb,
        staff_id=actor.id,
        department_id=actor.department_id,
        id_checked=id_checked,
    )
    db.session.add(decision)
    declaration.decided_at = utcnow()
    _move(declaration, verb, actor)
    _drop_claim(declaration)
    return decision


def _stand_in_archive(declaration: Declaration, revision: Revision, id_checked: bool) -> None:
    record = db.session.scalar(select(Record).where(Record.account_id == declaration.account_id))
    if record is None:
        record = Record(account_id=declaration.account_id)
        db.session.add(record)
    record.revision, record.department_id, record.approved_at = revision, revision.department_id, utcnow()
    account = declaration.account
    account.name = revision.answers["applicant_name"]
    account.assured = account.assured or id_checked


# --- what every move does ------------------------------------------------------------------------------------------


def _check(declaration: Declaration, verb: str, actor: Actor | None) -> Move:
    move = MOVES[verb]
    if declaration.status not in move.sources or (actor.role not in move.by if actor else move.by):
        raise NotAllowed(f"当前状态为「{declaration.status.label}」，不能{move.label}")
    return move


def _move(declaration: Declaration, verb: str, actor: Actor | None, *, target: Status | None = None) -> Event:
    move = _check(declaration, verb, actor)
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


def own_claim(declaration: Declaration, actor: Actor, seen: int | None = None) -> Claim:
    """The officer's claim in force, on the revision that was seen. Raises Conflict that says what happened instead."""
    held = holder(declaration)
    if declaration.status != Status.IN_REVIEW or (seen is not None and seen != declaration.revision_number):
        raise Conflict(_what_happened(declaration))
    if held is None or held.staff_id != actor.id:
        raise Conflict(
            f"这份申报现在由{held.staff.name}审核" if held else "您的领取已超过 30 分钟，请重新领取后再决定。标记已保留"
        )
    _refuse_own_file(declaration, actor)
    return held


def _what_happened(declaration: Declaration) -> str:
    query = select(Event.verb, Event.at, Staff.name).outerjoin(Staff, Staff.id == Event.staff_id)
    last = db.session.execute(
        query.where(Event.declaration_id == declaration.id, Event.verb.in_(MOVES)).order_by(Event.id.desc()).limit(1)
    ).first()
    if last is None:
        return "这份申报的状态已经改变，请刷新后再看"
    who = last.name or ("系统" if last.verb == "lapse" else "申报人")
    return f"{who}已于 {local(last.at):%Y-%m-%d %H:%M} {MOVES[last.verb].label}这份申报，您的操作没有生效"


def _refuse_own_file(declaration: Declaration, actor: Actor) -> None:
    if actor.id_index and actor.id_index == declaration.account.id_index:
        raise NotAllowed("不能审核自己的申报")


def _drop_claim(declaration: Declaration) -> None:
    if declaration.claim:
        db.session.delete(declaration.claim)
        declaration.claim = None


def lapse_all(now: datetime | None = None) -> int:
    """Write down every lapsed claim; returns how many. For ``flask tick``."""
    query = select(Declaration).where(Declaration.status == Status.IN_REVIEW)
    query = query.outerjoin(Claim).where((Claim.declaration_id.is_(None)) | (Claim.expires_at <= (now or utcnow())))
    return sum(settle(declaration, now) for declaration in db.session.scalars(query).all())
