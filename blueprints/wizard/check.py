"""核对信息: every answer, what is missing, and the printed sheet."""

from __future__ import annotations

from flask import current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from blueprints import let_go_of_database, writing
from blueprints.downloads import shown_pdf
from blueprints.wizard import summary
from blueprints.wizard.shared import bp, case_in_hand, editable_case, place, shown_case, step_bar
from forms import STEPS
from models import db, store
from services.access import APPLICANTS, only
from services.filing import change, printing
from services.sheet import content as sheet_content


@bp.get("/check")
@only(*APPLICANTS)
def check() -> str:
    case = shown_case()
    declaration, bar = case.declaration, step_bar(case, "check")
    return render_template(
        "wizard/check.html",
        declaration=declaration,
        sections=summary.drawn(case.sections) if not declaration.change_topics else summary.of_change(case),
        gaps=case.gaps_shown,
        photo=case.photo,
        bar=bar,
        number=place(bar),
        before=change.way(declaration)[-1],
        photo_step=STEPS[0],
        printed=case.printed,
        has_other_phone=case.has_other_phone,
        printed_current=case.printed_is_current,
    )


@bp.post("/check/print")
@only(*APPLICANTS)
def print_sheet() -> ResponseReturnValue:
    """【打印个人基本信息表】: keep what is printed as a version, then lead to the PDF."""
    try:
        return _printed()
    except (IntegrityError, StaleDataError):  # another press or window was faster: judge by what it has saved
        current_app.logger.info("printed again: another request was faster")
        return _printed()


def _printed() -> ResponseReturnValue:
    case = editable_case()
    try:
        printing.check(case)
    except printing.NotPrintable as error:
        flash(str(error), "r")
        return redirect(url_for("wizard.check"))
    with writing(keep=True):
        printing.print_sheet(case)
        db.session.commit()
    return redirect(url_for("wizard.sheet_pdf"))


@bp.get("/sheet.pdf")
@only(*APPLICANTS)
def sheet_pdf() -> ResponseReturnValue:
    """The sheet printed last. None yet, or outdated: back to 核对信息 with a message."""
    case = case_in_hand()
    declaration, printed = case.declaration, case.printed
    if printed is None or (declaration.is_editable and not case.printed_is_current):
        flash("请先核对信息，再打印个人基本信息表" if printed is None else "信息已修改，请重新打印个人基本信息表", "y")
        return redirect(url_for("wizard.check"))
    data = sheet_content.sheet_data(
        declaration, printed, store(), base_url=current_app.config["BASE_URL"], site=current_app.config["SITE_NAME"]
    )
    let_go_of_database()
    return shown_pdf(sheet_content.draw(data), f"{data.number}-v{data.version}.pdf")
