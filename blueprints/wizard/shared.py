"""What the wizard's views share: the declaration in hand, the step bar, pictures as answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from flask import Blueprint, Response, abort, flash, g, redirect, request, url_for
from werkzeug.datastructures import MultiDict

from blueprints import let_go_of_database, me, opened, writing
from forms import STEPS, TOPICS
from lib.questions.pages import Step
from models import Declaration, Draft, PaperPage, db, store
from services import access
from services.declaration import drafts
from services.filing import reading
from services.filing.case import DeclarationCase

bp = Blueprint("wizard", __name__, url_prefix="/apply")


@dataclass(frozen=True)
class BarItem:
    """One page in the step bar: ``state`` is done, now or empty."""

    title: str
    name: str
    endpoint: str
    state: str


#: The pages of the way: title, name and endpoint.
WAY = (
    ("阅读须知", "notice", "wizard.notice"),
    *((step.title, step.slug, "wizard.step") for step in STEPS),
    ("核对信息", "check", "wizard.check"),
    ("附件上传", "papers", "wizard.papers_page"),
    ("申报告知", "done", "wizard.done"),
)


def send_picture(address: str, kind: str) -> Response:
    """One stored picture as the answer; ``kind`` names the file."""
    let_go_of_database()
    response = Response(store().get(address), mimetype="image/jpeg")
    response.headers["Content-Disposition"] = f'inline; filename="{kind}.jpg"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def case_in_hand() -> DeclarationCase:
    """The applicant's open declaration, read again each time. Without one: on to 阅读须知, or to the record."""
    declaration = access.open_declaration(me())
    if declaration is None:
        record = access.own_record(me())
        abort(redirect(url_for("archive.own") if record else url_for("wizard.notice")))
    return case_of_request(declaration)


def shown_case(if_late: Callable[[Declaration], object] | None = None) -> DeclarationCase:
    """``editable_case`` of plain rows (services.filing.reading): for a page that shows it or saves its questions."""
    declaration = reading.open_declaration(me())
    if declaration is None or not declaration.is_editable or declaration.notice_read_at is None:
        editable_case(if_late)  # says where the way leads, or its state has just changed
        return shown_case(if_late)
    case = case_of_request(declaration)
    return shown_case(if_late) if opened(case) else case


def case_of_request(declaration: Declaration) -> DeclarationCase:
    """The case that this request works on, for the reminder of unsent corrections on its page too."""
    g.case = DeclarationCase(declaration)
    return g.case


def editable_case(if_late: Callable[[Declaration], object] | None = None) -> DeclarationCase:
    """The open declaration while the applicant may change it; afterwards the way leads to 申报进度.

    ``if_late`` saves what was typed on a form that came after submitting.
    """
    case = case_in_hand()
    if not case.declaration.is_editable:
        if if_late:
            with writing():
                if_late(case.declaration)
                db.session.commit()
        flash("您的申报已经提交，不能再修改。需要修改的，请先在本页撤回(审核开始前)。", "y")
        abort(redirect(url_for("wizard.status")))
    if case.declaration.notice_read_at is None:
        abort(redirect(url_for("wizard.notice")))
    return editable_case() if opened(case) else case  # an undo may have come first


def save_typed(declaration: Declaration, page: Step | str) -> bool:
    """Save the form of this request as the draft of its page. False when it is far too long to be typed."""
    return drafts.save(declaration, page, request.form.items(multi=True))


def keep_typed(declaration: Declaration, page: Step | str) -> bool:
    """The same in a transaction of its own."""
    with writing(keep=True):
        saved = save_typed(declaration, page)
        db.session.commit()
    return saved


def typed_of(draft: Draft | None) -> MultiDict[str, str] | None:
    """What a draft holds, as a form that was sent."""
    return MultiDict([(name, value) for name, value in draft.body]) if draft else None


def restored(declaration: Declaration, page: Step | str) -> Draft | None:
    """The draft that fills a page; a form that came after the session's end becomes it first."""
    draft, late = drafts.find(declaration, page, request.path)
    if late:
        with writing():
            draft, _is_new = drafts.restore(declaration, page, request.path)
            db.session.commit()
    return draft


def latest_case() -> DeclarationCase:
    """The newest declaration in whatever state; without any: on to 阅读须知. Opening it shows the result."""
    case = case_of_request(reading.latest_declaration(me()) or abort(redirect(url_for("wizard.notice"))))
    return latest_case() if opened(case) else case


def own_page(case: DeclarationCase, uid: str) -> PaperPage:
    """A picture of the declaration in hand. Somebody else's is not found."""
    return next((page for page in case.declaration.pages if page.uid == uid), None) or abort(404)


def step_bar(case: DeclarationCase | None, here: str) -> tuple[BarItem, ...]:
    """The pages of the way with their states, ``here`` the current one's name: eight, in a change those it is about."""
    done = case.progress.done if case else frozenset()
    topics = case.declaration.change_topics if case else None
    return bar_of(done, here, frozenset(topics) if topics else None)


@lru_cache(maxsize=500)
def bar_of(done: frozenset[str], here: str, topics: frozenset[str] | None) -> tuple[BarItem, ...]:
    way, done = (_way_of_change(topics, here), done | {"topics"}) if topics else (WAY, done)
    return tuple(BarItem(*page, "now" if page[1] == here else "done" if page[1] in done else "") for page in way)


def _way_of_change(topics: frozenset[str], here: str) -> tuple[tuple[str, str, str], ...]:
    """阅读须知 only while it is to be read; a page off the way only while it is open."""
    left_out = {"notice", *(step.slug for step in STEPS)} - {here, *(t.step for t in TOPICS if t.code in topics)}
    return (("变更内容", "topics", "wizard.topics"), *(page for page in WAY if page[1] not in left_out))


def place(bar: tuple[BarItem, ...]) -> int:
    """Which of the pages this is, from 1."""
    return next(at for at, item in enumerate(bar, 1) if item.state == "now")
