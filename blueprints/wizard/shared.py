"""What the wizard's views share: the declaration in hand, the step bar, the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Blueprint, Response, abort, current_app, flash, redirect, url_for

from blueprints import me, opened
from forms import STEPS
from lib.codes import OPEN, Status
from lib.pictures.one_inch import PhotoRule
from lib.questions.conditions import FormContext
from lib.storage import Folder
from models import Declaration
from services import access, workflow
from services.declaration import answers
from services.papers import papers
from services.sheet import versions as sheet_versions

bp = Blueprint("wizard", __name__, url_prefix="/apply")


@dataclass(frozen=True)
class BarItem:
    """One page in the step bar: ``state`` is done, now, bad (marks to deal with) or empty."""

    title: str
    url: str
    state: str


def store() -> Folder:
    return cast(Folder, current_app.extensions["kuaiji.store"])


def photo_rule() -> PhotoRule:
    return cast(PhotoRule, current_app.extensions["kuaiji.photo_rule"])


def send_picture(address: str, kind: str) -> Response:
    """One stored picture as the answer; ``kind`` names the file."""
    response = Response(store().get(address), mimetype="image/jpeg")
    response.headers["Content-Disposition"] = f'inline; filename="{kind}.jpg"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def declaration_in_hand() -> Declaration:
    """The applicant's open declaration. Without one: on to 阅读须知, or to the record."""
    declaration = access.open_declaration(me())
    if declaration is None:
        record = access.own_record(me())
        abort(redirect(url_for("archive.own") if record else url_for("wizard.notice")))
    return declaration


def editable_declaration() -> Declaration:
    """The open declaration while the applicant may change it; afterwards the way leads to 申报进度."""
    declaration = declaration_in_hand()
    if not declaration.is_editable:
        flash("您的申报已经提交，不能再修改。需要修改的，请先在本页撤回(审核开始前)。", "y")
        abort(redirect(url_for("wizard.status")))
    if declaration.notice_read_at is None:
        abort(redirect(url_for("wizard.notice")))
    opened(declaration)
    return declaration if declaration.is_editable else editable_declaration()


def latest_declaration() -> Declaration:
    """The newest declaration in whatever state; without any: on to 阅读须知. Whoever asks shows the result."""
    declaration = access.latest_declaration(me()) or abort(redirect(url_for("wizard.notice")))
    opened(declaration)
    return declaration


def step_bar(declaration: Declaration | None, here: str, context: FormContext | None = None) -> list[BarItem]:
    """The eight pages of the way with their states, ``here`` the current one's name."""
    context = context or (answers.asked(declaration) if declaration else None)
    done = _done(declaration, context) if declaration and context else set()
    pages = [("notice", "阅读须知", url_for("wizard.notice"))]
    pages += [(step.slug, step.title, url_for("wizard.step", step=step)) for step in STEPS]
    pages += [("check", "核对信息", url_for("wizard.check")), ("papers", "附件上传", url_for("wizard.papers_page"))]
    pages += [("done", "申报告知", url_for("wizard.done"))]
    return [
        BarItem(title, url, "now" if name == here else "done" if name in done else "") for name, title, url in pages
    ]


def _done(declaration: Declaration, context: FormContext) -> set[str]:
    done = {step.slug for step in STEPS if answers.finished(step, context) and _has_papers(declaration, step.papers)}
    if declaration.notice_read_at:
        done.add("notice")
    if sheet_versions.last(declaration):
        done.add("check")
    if all(not standing.missing for standing in papers.standings(declaration, context, sheet_outdated=False)):
        done.add("papers")
    if declaration.status in OPEN and declaration.status not in (Status.DRAFT, Status.RETURNED):
        done.add("done")
    return done


def _has_papers(declaration: Declaration, kinds: tuple[str, ...]) -> bool:
    return all(papers.pages_of(declaration, kind) for kind in kinds)


def may(declaration: Declaration, verb: str) -> bool:
    return any(move.verb == verb for move in workflow.available(declaration, me()))
