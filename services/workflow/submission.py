"""The applicant's verbs: submit, withdraw, drop."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from lib.clock import today
from lib.codes import MarkState, Status
from lib.database import utcnow
from models import Declaration, Department, Event, Revision, db
from services import checks
from services.access import Actor
from services.accounts import inbox
from services.declaration import deadlines, drafts
from services.filing.case import DeclarationCase
from services.marks import mark_views, marks, ticks
from services.messages import texts
from services.papers import papers, similar_pictures
from services.papers.papers import PaperState
from services.queue import index as queue_index
from services.workflow.claims import expire_lapsed
from services.workflow.errors import Incomplete, MissingItem
from services.workflow.rules import change, check
from services.workflow.state import latest_revision
from services.workflow.transitions import make_move


def missing_for_submit(case: DeclarationCase) -> list[MissingItem]:
    """Everything that stands between the working copy and a submission, in words."""
    found = [MissingItem(f"{gap.step.title}：{gap.message}", gap.step, gap.name) for gap in case.gaps]
    for state in case.paper_states:
        found += _missing_of_paper(state, len(case.unfinished.get(state.paper.kind, ())))
    asked = "审核人员要求修改，请修改或说明情况"
    return found + [MissingItem(f"{view.label}：{asked}", view.step, view.anchor) for view in case.untouched]


def _missing_of_paper(state: PaperState, unfinished: int) -> Iterator[MissingItem]:
    kind, title = state.paper.kind, state.paper.title
    step = mark_views.step_of(kind)
    anchor = kind if step else f"paper-{kind}"
    if state.outdated:
        yield MissingItem("个人基本信息表：信息已修改，请重新打印、签名后上传", step, anchor)
    elif state.missing:
        yield MissingItem(f"请上传{title}", step, anchor)
    if unfinished:
        yield MissingItem(f"{title}：有 {unfinished} 张图片没有传完，请接着传完，或点【放弃】", step, anchor)


def submit(
    declaration: Declaration,
    actor: Actor,
    *,
    commitment: str,
    review_days: int,
    notice: str | None = None,
    case: DeclarationCase | None = None,
) -> Revision:
    """Hand the declaration to the office: all is checked again, then answers and papers become the next revision.

    ``commitment``, ``notice``: the versions that the person agreed to. ``case``: what was read of the declaration
    before, if anything. Raises NotAllowed (already submitted), Incomplete, Conflict.
    """
    check(declaration, "submit", actor)
    case = case or DeclarationCase(declaration)
    if missing := missing_for_submit(case):
        raise Incomplete(missing)
    department, revision = _handling_department(declaration), _freeze(case, commitment, notice)
    for mark in case.open_marks:
        mark.state = MarkState.CLOSED
    if declaration.revision_number:  # no officer has seen the first one before
        ticks.drop_changed(declaration, revision)
    declaration.revisions.append(revision)
    revision.department_id, declaration.department = department.id, department
    declaration.revision_number, declaration.submitted_at = revision.number, utcnow()
    _set_due_date(declaration, review_days)
    make_move(declaration, "submit", actor)
    similar_pictures.remember(revision)
    if reminders := checks.reminders(revision):
        queue_index.remind(declaration.id, reminders)
    drafts.delete_all(declaration)
    values = {texts.NUMBER: declaration.number}
    inbox.tell(declaration.account_id, "submitted", values, "/apply/status", declaration_id=declaration.id)
    return revision


def _freeze(case: DeclarationCase, commitment: str, notice: str | None) -> Revision:
    """Answers and papers as they are now, as the next revision."""
    declaration = case.declaration
    revision = Revision(
        number=declaration.revision_number + 1,
        papers=papers.freeze(declaration, case.facts),
        sheet_id=case.signed.id if case.signed else None,
        commitment_version=commitment,
        notice_version=notice,
    )
    revision.answers = case.frozen
    return revision


def _handling_department(declaration: Declaration) -> Department:
    """The department that the person chose; after a transfer the one that took it, until another one is chosen."""
    before = latest_revision(declaration).answers if declaration.revision_number else {}
    if declaration.department and before.get("department_code") == declaration.department_code:
        return declaration.department
    return db.session.scalars(select(Department).where(Department.code == declaration.department_code)).one()


def _set_due_date(declaration: Declaration, review_days: int) -> None:
    """What a return kept is what is left; a withdrawal has started the clock again."""
    left = declaration.days_left
    days = review_days if left is None else max(left, deadlines.LEAST_AFTER_RETURN)
    due = deadlines.due_date(today(), days, deadlines.calendar())
    declaration.due_on, declaration.due_estimated, declaration.days_left = due.on, due.estimated, None
    declaration.due_from, declaration.due_days = today(), days


def withdraw(declaration: Declaration, actor: Actor) -> Event:
    """Take the submission back while no officer has begun; it becomes again what it was, and the clock starts again."""
    expire_lapsed(declaration)
    came_from = db.session.scalar(
        select(Event.from_status)
        .where(Event.declaration_id == declaration.id, Event.verb == "submit")
        .order_by(Event.at.desc(), Event.id.desc())
        .limit(1)
    )
    check(declaration, "withdraw", actor)
    if came_from == Status.RETURNED:
        _reopen_marks(declaration)
    declaration.days_left = None
    return make_move(declaration, "withdraw", actor, target=came_from or Status.DRAFT)


def _reopen_marks(declaration: Declaration) -> None:
    """The marks of the return are open again. They belong to the revision before the one that was taken back."""
    for mark in marks.sent_before(latest_revision(declaration)):
        mark.state = MarkState.OPEN


def give_up(declaration: Declaration, actor: Actor) -> Event:
    """The person closes the account: what is not with the office ends."""
    return make_move(declaration, "give_up", actor)


def expire(declaration: Declaration) -> Event:
    """A draft that nobody has touched for long ends."""
    return make_move(declaration, "expire", None)


def drop(declaration: Declaration, actor: Actor) -> Event:
    """Give up a change declaration; the record stays as it is."""
    change(declaration, actor)
    return make_move(declaration, "drop", actor)
