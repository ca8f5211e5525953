"""The applicant's verbs: submit, withdraw, drop."""

from __future__ import annotations

from sqlalchemy import select

from lib.clock import today
from lib.codes import MarkState, Status
from lib.database import utcnow
from models import Declaration, Department, Draft, Event, Mark, Revision, db
from services import checks, deadlines, inbox
from services.access import Actor
from services.declaration import answers
from services.marks import marks, ticks
from services.papers import papers, resumable_uploads, similar_pictures
from services.queue import index as queue_index
from services.sheet import versions as sheet_versions
from services.workflow.claims import expire_lapsed
from services.workflow.errors import Incomplete, MissingItem
from services.workflow.rules import change, check
from services.workflow.state import latest_revision
from services.workflow.transitions import make_move


def missing_for_submit(declaration: Declaration) -> list[MissingItem]:
    """Everything that stands between the working copy and a submission, in words."""
    context = answers.asked(declaration)
    excused, unfinished = marks.excused(declaration), resumable_uploads.unfinished(declaration)
    found = [
        MissingItem(f"{gap.step.title}：{gap.message}", gap.step, gap.name)
        for gap in answers.gaps(declaration, context)
    ]
    for standing in papers.standings(declaration, context, sheet_versions.signed_is_outdated(declaration, excused)):
        kind = standing.paper.kind
        step = marks.step_of(kind)
        anchor = kind if step else f"paper-{kind}"
        if standing.outdated:
            found.append(MissingItem("个人基本信息表：信息已修改，请重新打印、签名后上传", step, anchor))
        elif standing.missing:
            found.append(MissingItem(f"请上传{standing.paper.title}", step, anchor))
        if n := len(unfinished.get(kind, ())):
            found.append(
                MissingItem(f"{standing.paper.title}：有 {n} 张图片没有传完，请接着传完，或点【放弃】", step, anchor)
            )
    asked = "审核人员要求修改，请修改或说明情况"
    found += [MissingItem(f"{view.label}：{asked}", view.step, view.anchor) for view in marks.untouched(declaration)]
    return found


def submit(declaration: Declaration, actor: Actor, *, commitment: str, review_days: int) -> Revision:
    """Hand the file to the office: all is checked again, then answers and papers are frozen as the next revision.

    Raises NotAllowed (already submitted), Incomplete, Conflict.
    """
    check(declaration, "submit", actor)
    if missing := missing_for_submit(declaration):
        raise Incomplete(missing)
    department = _handling_department(declaration)
    sheet = sheet_versions.signed(declaration)
    revision = Revision(
        number=declaration.revision_number + 1,
        papers=papers.freeze(declaration, answers.asked(declaration)),
        sheet_id=sheet.id if sheet else None,
        department_id=department.id,
        commitment_version=commitment,
    )
    revision.answers = answers.freeze(declaration)
    marks.close_all(declaration)
    ticks.drop_changed(declaration, revision)
    declaration.revisions.append(revision)
    declaration.revision_number, declaration.submitted_at = revision.number, utcnow()
    declaration.department = department
    _set_due_date(declaration, review_days)
    make_move(declaration, "submit", actor)
    similar_pictures.remember(revision)
    queue_index.remind(declaration.id, checks.reminders(revision))
    _forget_drafts(declaration)
    inbox.tell(
        declaration.account_id, "提交成功", f"您的申报 {declaration.number} 已提交，请留意审核结果。", "/apply/status"
    )
    return revision


def _handling_department(declaration: Declaration) -> Department:
    """The department that the person chose; after a transfer the one that took it, until another one is chosen."""
    before = latest_revision(declaration).answers if declaration.revision_number else {}
    if declaration.department and before.get("department_code") == declaration.department_code:
        return declaration.department
    return db.session.scalars(select(Department).where(Department.code == declaration.department_code)).one()


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
    expire_lapsed(declaration)
    came_from = db.session.scalar(
        select(Event.from_status)
        .where(Event.declaration_id == declaration.id, Event.verb == "submit")
        .order_by(Event.id.desc())
        .limit(1)
    )
    check(declaration, "withdraw", actor)
    if came_from == Status.RETURNED:
        _reopen_marks(declaration)
    declaration.days_left = None
    return make_move(declaration, "withdraw", actor, target=came_from or Status.DRAFT)


def _reopen_marks(declaration: Declaration) -> None:
    """The marks of the return are open again. They hang on the revision before the one that was taken back."""
    query = select(Revision).where(
        Revision.declaration_id == declaration.id,
        Revision.number < declaration.revision_number,
        Revision.marks.any(Mark.state == MarkState.CLOSED),
    )
    returned = db.session.scalars(query.order_by(Revision.number.desc()).limit(1)).one()
    for mark in marks.of_revision(returned, MarkState.CLOSED):
        mark.state = MarkState.OPEN


def drop(declaration: Declaration, actor: Actor) -> Event:
    """Give up a change declaration; the record stays as it is."""
    change(declaration, actor)
    return make_move(declaration, "drop", actor)
