"""The screen of one correction: the old value, the officer's words, the picture with the frame, the input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from blueprints.wizard.corrections.document_form import DocumentForm
from blueprints.wizard.question_cells import QuestionCells
from blueprints.wizard.shared import editable_case, save_typed, typed_of
from forms import PHOTO, SHEET
from lib.questions.fields import StepForm
from lib.questions.validators import problem_of
from models import Declaration, Draft
from services.corrections import form as correction_form
from services.corrections import tasks
from services.corrections.tasks import CorrectionTask
from services.declaration import drafts
from services.filing.case import DeclarationCase

Problems = Sequence[tuple[str, str]]  # where on the screen, and what to do


def item_at(key: str) -> tuple[DeclarationCase, CorrectionTask]:
    """The declaration and the item of that key. A done item leads to the list, an unknown one is not found."""
    case = editable_case(lambda declaration: _save_late(declaration, key))
    item = tasks.find(tasks.items(case), key)
    if item is None:
        abort(redirect(url_for("wizard.corrections")) if tasks.was_known(key) else 404)
    if item.state == tasks.CLOSED:
        flash(f"{item.label}：因您的其他修改，这一处已不再需要修改。", "g")
        abort(redirect(url_for("wizard.corrections")))
    return case, item


def _save_late(declaration: Declaration, key: str) -> None:
    if request.method == "POST" and tasks.is_own_mark(declaration, key):
        save_typed(declaration, f"c:{key}")


def address(item: CorrectionTask | None) -> str:
    """Where an item is dealt with; the list when there is none."""
    return url_for("wizard.correction", key=item.key) if item else url_for("wizard.corrections")


def screen(
    case: DeclarationCase, item: CorrectionTask, draft: Draft | None = None, problems: Problems = ()
) -> ResponseReturnValue:
    """The screen of an item, filled from its draft where there is one."""
    typed = typed_of(draft)
    if item.paper:
        return paper(case, item, problems, typed)
    if item.is_document:
        form_of = DocumentForm(typed, case.declaration.account.id_type)
        return document(case, item, form_of, problems, restored=draft)
    assert item.step
    stored = correction_form.stored_form(item.step, case.context)
    shown = correction_form.questions_for(stored, item.names)
    shown |= set(typed.getlist("asked")) & set(stored._fields) if typed else set()
    form = correction_form.bound(item.step, case.context, shown, typed)
    if not typed and (item.view is None or item.view.touched):
        form.checks()  # an answer that another correction has made wrong says so
        form.put_back_hidden()
    return questions(case, item, form, shown, problems=problems, restored=draft)


def questions(
    case: DeclarationCase,
    item: CorrectionTask,
    form: StepForm,
    shown: set[str],
    *,
    problems: Problems = (),
    elsewhere: bool = False,
    restored: Draft | None = None,
) -> ResponseReturnValue:
    """``shown``: what the screen asks; what is wrong joins it. ``elsewhere``: saved in another window meanwhile;
    ``restored``: the draft that fills the screen."""
    assert item.step
    wrong = [(question.name, problem_of(question)) for question in form.questions if question.errors]
    shown = correction_form.together(form, shown | {name for name, _message in wrong})
    base = correction_form.questions_for(correction_form.stored_form(item.step, case.context), item.names)
    typed = typed_of(restored)
    return _page(
        case,
        item,
        [*wrong, *problems] if request.method == "POST" else [],
        typed,
        elsewhere=elsewhere,
        restored=restored,
        step=item.step,
        form=form,
        questions=QuestionCells(form, item.step, {}, shown, case.hints).html(case.declaration.account),
        shown=shown,
        seen=(typed.get("seen") if typed else "") or drafts.fingerprint(case.declaration, item.step, base),
        facts=correction_form.facts_for_browser(form, shown),
    )


def document(
    case: DeclarationCase,
    item: CorrectionTask,
    form: DocumentForm,
    problems: Problems = (),
    *,
    occupied: str = "",
    restored: Draft | None = None,
) -> ResponseReturnValue:
    """``occupied``: why the number cannot be had."""
    wrong = [(field.name, str(field.errors[0])) for field in form if field.errors]
    cells = render_template("wizard/_document_questions.html", form=form, occupied=occupied)
    return _page(case, item, [*wrong, *problems], typed_of(restored), restored=restored, questions=Markup(cells))  # noqa: S704


def paper(
    case: DeclarationCase, item: CorrectionTask, problems: Problems = (), typed: Mapping[str, str] | None = None
) -> ResponseReturnValue:
    state = next(found for found in case.paper_states if found.paper.kind == item.target)
    is_sheet = item.target == SHEET
    return _page(
        case,
        item,
        problems,
        typed,
        paper_state=state,
        hint=case.hints.get(item.target, ""),
        photo=next(iter(state.pages), None) if item.target == PHOTO else None,
        meant=tasks.marked_page(case, item.view.mark) if item.view else None,
        notes=case.sheet_notes if is_sheet else [],
        unfinished=case.unfinished,
        printed_current=is_sheet and case.printed_is_current,
    )


def _page(
    case: DeclarationCase, item: CorrectionTask, problems: Problems, typed: Mapping[str, str] | None, **shown: Any
) -> ResponseReturnValue:
    """One template for all screens."""
    found = tasks.items(case)
    mark = item.view.mark if item.view else None
    page = render_template(
        "wizard/correction.html",
        declaration=case.declaration,
        item=item,
        mark=mark,
        total=sum(1 for other in found if other.number),
        done=sum(1 for other in found if other.state == tasks.DONE),
        is_last=not tasks.after(found, item.key),
        pictures=tasks.pictures(case, item),
        problems=problems,
        explanation=(typed or request.form).get("explanation", mark.explanation if mark else ""),
        **({"restored": None, "elsewhere": False, "facts": {}, "seen": "", "shown": (), "marks": {}} | shown),
    )
    return page, 409 if shown.get("elsewhere") else 422 if problems else 200
