"""The screen of one correction: the old value, the officer's words, the picture with the frame, the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from blueprints.wizard.shared import declaration_in_hand, editable_declaration
from forms import PHOTO, SHEET
from lib.questions.fields import StepForm
from models import Declaration, Draft, db
from services.corrections import form as correction_form
from services.corrections import tasks as walk
from services.corrections.tasks import CorrectionTask
from services.declaration import answers, drafts
from services.marks import marks
from services.papers import papers, resumable_uploads
from services.sheet import reading as sheet_reading
from services.sheet import versions as sheet_versions

Problems = Sequence[tuple[str, str]]  # where on the screen, and what to do


def item_at(key: str) -> tuple[Declaration, list[CorrectionTask], CorrectionTask]:
    """The declaration and the item of that key. One that is done by now leads to the list, an unknown one nowhere."""
    declaration = _still_editable(key)
    found = walk.items(declaration)
    item = walk.find(found, key)
    if item is None:
        abort(redirect(url_for("wizard.corrections")) if walk.was_known(key) else 404)
    if item.state == walk.MOOT:
        flash(f"{item.label}：因您的其他修改，这一处已不再需要修改。", "g")
        abort(redirect(url_for("wizard.corrections")))
    return declaration, found, item


def _still_editable(key: str) -> Declaration:
    """Like editable_declaration, but what was typed on a screen that came too late is kept as its draft."""
    declaration = declaration_in_hand()
    if request.method == "POST" and not declaration.is_editable and walk.is_own_mark(declaration, key):
        drafts.keep(declaration, f"c:{key}", request.form.items(multi=True))
        db.session.commit()
    return editable_declaration()


def address(item: CorrectionTask | None) -> str:
    """Where an item is dealt with; the list when there is none."""
    return url_for("wizard.correction", key=item.key) if item else url_for("wizard.corrections")


def screen(declaration: Declaration, item: CorrectionTask, problems: Problems = ()) -> ResponseReturnValue:
    """The screen of an item, filled from its draft where there is one."""
    draft = drafts.of(declaration, item.draft) if item.draft else None
    typed = MultiDict([(name, value) for name, value in draft.body]) if draft else None
    if item.paper:
        return paper(declaration, item, problems, typed)
    assert item.step
    context = answers.asked(declaration)
    stored = correction_form.stored_form(item.step, context)
    shown = correction_form.questions_for(stored, item.names)
    shown |= set(typed.getlist("asked")) & set(stored._fields) if typed else set()
    form = correction_form.bound(item.step, context, shown, typed)
    if not typed and (item.view is None or item.view.touched):
        form.checks()  # an answer that another correction has made wrong says so
        form.put_back_hidden()
    return questions(declaration, item, form, shown, problems=problems, restored=draft, typed=typed)


def questions(
    declaration: Declaration,
    item: CorrectionTask,
    form: StepForm,
    shown: set[str],
    *,
    problems: Problems = (),
    elsewhere: bool = False,
    restored: Draft | None = None,
    typed: MultiDict[str, str] | None = None,
) -> ResponseReturnValue:
    """``shown``: what the screen asks; what is wrong joins it. ``elsewhere``: saved in another window meanwhile;
    ``restored``: the draft that fills the screen, and ``typed`` what it holds."""
    assert item.step
    wrong = [(question.name, question.errors_text[0]) for question in form.questions if question.errors]
    shown = correction_form.together(form, shown | {name for name, _message in wrong})
    stored = correction_form.stored_form(item.step, answers.asked(declaration))
    base = correction_form.questions_for(stored, item.names)
    return _page(
        declaration,
        item,
        [*wrong, *problems] if request.method == "POST" else [],
        typed,
        elsewhere=elsewhere,
        restored=restored,
        step=item.step,
        form=form,
        shown=shown,
        seen=(typed.get("seen") if typed else "") or drafts.fingerprint(declaration, item.step, base),
        facts=correction_form.facts_for_browser(form, shown),
    )


def paper(
    declaration: Declaration, item: CorrectionTask, problems: Problems = (), typed: Mapping[str, str] | None = None
) -> ResponseReturnValue:
    assert item.paper
    excused = marks.excused(declaration)
    outdated = item.target == SHEET and sheet_versions.signed_is_outdated(declaration, excused)
    standings = papers.standings(declaration, answers.asked(declaration), outdated)
    standing = next(found for found in standings if found.paper.kind == item.target)
    printed = sheet_versions.last(declaration) if item.target == SHEET else None
    return _page(
        declaration,
        item,
        problems,
        typed,
        standing=standing,
        photo=next(iter(standing.pages), None) if item.target == PHOTO else None,
        meant=walk.marked_page(declaration, item.view.mark) if item.view else None,
        notes=sheet_reading.notes(declaration) if item.target == SHEET else [],
        unfinished=resumable_uploads.unfinished(declaration),
        printed_current=printed is not None and sheet_versions.is_current(printed, declaration, excused),
    )


def _page(
    declaration: Declaration, item: CorrectionTask, problems: Problems, typed: Mapping[str, str] | None, **shown: Any
) -> ResponseReturnValue:
    """One template for all screens."""
    found = walk.items(declaration)
    mark = item.view.mark if item.view else None
    page = render_template(
        "wizard/correction.html",
        declaration=declaration,
        item=item,
        mark=mark,
        total=sum(1 for other in found if other.number),
        done=sum(1 for other in found if other.state == walk.DONE),
        is_last=not walk.after(found, item.key),
        pictures=walk.pictures(declaration, item),
        problems=problems,
        explanation=(typed or request.form).get("explanation", mark.explanation if mark else ""),
        **({"restored": None, "elsewhere": False, "facts": {}, "seen": "", "shown": (), "marks": {}} | shown),
    )
    return page, 409 if shown.get("elsewhere") else 422 if problems else 200
