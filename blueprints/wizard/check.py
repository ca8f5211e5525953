"""核对信息: every answer, what is missing, and the printed sheet."""

from __future__ import annotations

from flask import Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.wizard.shared import bp, declaration_in_hand, editable_declaration, step_bar, store
from forms import PHOTO, STEPS
from models import db
from services import access
from services.access import APPLICANTS, only
from services.declaration import answers
from services.marks import marks
from services.papers import papers
from services.sheet import content as sheet_content
from services.sheet import versions as sheet_versions


@bp.get("/check")
@only(*APPLICANTS)
def check() -> str:
    declaration = editable_declaration()
    context = answers.asked(declaration)
    gaps = answers.gaps(declaration, context)
    photo = next(iter(papers.pages_of(declaration, PHOTO)), None)
    printed = sheet_versions.last(declaration)
    return render_template(
        "wizard/check.html",
        declaration=declaration,
        sections=answers.sections(context.facts, context),
        gaps=gaps,
        photo=photo,
        bar=step_bar(declaration, "check", context),
        photo_step=STEPS[0],
        printed=printed,
        printed_current=printed is not None
        and sheet_versions.is_current(printed, declaration, marks.excused(declaration)),
    )


@bp.post("/check/print")
@only(*APPLICANTS)
def print_sheet() -> ResponseReturnValue:
    """【打印个人基本信息表】: keep what is printed as a version, then lead to the PDF."""
    try:
        sheet_versions.print_sheet(editable_declaration())
    except sheet_versions.NotPrintable as error:
        db.session.rollback()
        flash(str(error), "r")
        return redirect(url_for("wizard.check"))
    db.session.commit()
    return redirect(url_for("wizard.sheet_pdf"))


@bp.get("/sheet.pdf")
@only(*APPLICANTS)
def sheet_pdf() -> ResponseReturnValue:
    """The sheet printed last. None yet, or outdated: back to 核对信息 with a message."""
    declaration = declaration_in_hand()
    printed = access.own_sheet(me(), declaration)
    if printed is None or (
        declaration.is_editable and not sheet_versions.is_current(printed, declaration, marks.excused(declaration))
    ):
        flash("请先核对信息，再打印个人基本信息表" if printed is None else "信息已修改，请重新打印个人基本信息表", "y")
        return redirect(url_for("wizard.check"))
    data = sheet_content.sheet_data(
        declaration, printed, store(), base_url=current_app.config["BASE_URL"], site=current_app.config["SITE_NAME"]
    )
    db.session.rollback()  # drawing does not need the database
    return pdf(sheet_content.draw(data), f"{declaration.number}-v{printed.version}.pdf")


def pdf(content: bytes, name: str) -> Response:
    response = Response(content, mimetype="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response
