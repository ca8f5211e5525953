"""附件上传: the papers that the answers ask for, picture by picture; the commitment and 【提交】."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import abort, current_app, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm.exc import StaleDataError

from blueprints import me, writing
from blueprints.kept_parts import render_kept
from blueprints.wizard import agreement, paper_cards
from blueprints.wizard.intake import add_pictures, sent_files
from blueprints.wizard.pages import back_to
from blueprints.wizard.shared import bp, case_in_hand, editable_case, place, shown_case, step_bar
from forms import PAPER, PHOTO
from lib.codes import Status
from models import db
from services import workflow
from services.access import APPLICANTS, only
from services.corrections import tasks as corrections
from services.filing import change
from services.filing.case import DeclarationCase
from services.papers.papers import PaperState

Problems = Mapping[str, Sequence[str]]  # by paper; under submit and agree what prevents submitting


@bp.get("/papers")
@only(*APPLICANTS)
def papers_page() -> ResponseReturnValue:
    return _page(shown_case())


def _page(case: DeclarationCase, problems: Problems | None = None, agreed: bool = False) -> ResponseReturnValue:
    everything = _states(case)
    states = [state for state in everything if change.is_shown(case, state)]
    bar = step_bar(case, "papers")
    holes = {"cards": Markup("").join(paper_cards.draw(case, state, problems or {}) for state in states)}
    values = {
        "bar": bar,
        "number": place(bar),
        "taken_over": tuple(state.paper.title for state in everything if state not in states),
        "total": len(states),
        "voluntary": sum(1 for state in states if not state.paper.required),
        "uploaded": sum(1 for state in states if state.complete),
        "is_returned": case.declaration.status == Status.RETURNED,
        **agreement.shown(case.declaration),
    }
    if not problems:
        return render_kept("wizard/papers.html", holes, **values)
    fixes = {item.target: item for item in corrections.items(case)}
    page = render_template("wizard/papers.html", problems=problems, agreed=agreed, corrections=fixes, **values, **holes)
    return page, 422


def _states(case: DeclarationCase) -> list[PaperState]:
    """The papers of this page: all that are asked for but the photo."""
    return [state for state in change.paper_states(case) if state.paper.kind != PHOTO]


@bp.get("/papers/<kind>/row")
@only(*APPLICANTS)
def paper_row(kind: str) -> str:
    """The row of one paper alone, as it is now: for scripts, which put it in the place of the old one."""
    case = editable_case()
    state = next((state for state in _states(case) if state.paper.kind == kind), None) or abort(404)
    return paper_cards.draw(case, state, {})


@bp.post("/papers/<kind>")
@only(*APPLICANTS)
def upload(kind: str) -> ResponseReturnValue:
    """Add the pictures sent for one paper. Each is judged for itself: a refused one does not cost the others.

    The photo has its place on the 个人信息 page.
    """
    facts = shown_case().facts
    if kind == PHOTO or kind not in PAPER or not PAPER[kind].asked(facts):
        abort(404)
    files = sent_files("file")
    problems = add_pictures(kind, files) if files else ["请先选择图片，再点【上传】"]
    return _page(editable_case(), {kind: problems}) if problems else back_to(kind)


@bp.post("/submit")
@only(*APPLICANTS)
def submit() -> ResponseReturnValue:
    """【提交】. A second press of the same button finds the work done and leads to the same page."""
    try:
        return _submit()
    except (StaleDataError, workflow.Conflict):  # another window was faster: judge by what it has saved
        return _submit()


def _submit() -> ResponseReturnValue:
    case = case_in_hand()
    if not case.declaration.is_editable:
        return redirect(url_for("wizard.done"))
    problem = agreement.problem()
    if problems := _not_agreed(case, problem) if problem else _submitted(case):
        return _page(case_in_hand(), problems, not problem)
    return redirect(url_for("wizard.done"))


def _submitted(case: DeclarationCase) -> Problems:
    """Submit; returns what prevents it, if anything does. What the case says is read before the lock is taken."""
    days = current_app.config["REVIEW_DAYS"]
    if missing := workflow.missing_for_submit(case):
        return {"submit": missing}
    with writing(keep=True):
        workflow.submit(case.declaration, me(), review_days=days, case=case, **agreement.sent())
        db.session.commit()
    return {}


def _not_agreed(case: DeclarationCase, problem: str) -> Problems:
    problems: dict[str, Sequence[str]] = {"agree": [problem]}
    if missing := workflow.missing_for_submit(case):
        problems["submit"] = missing
    return problems
