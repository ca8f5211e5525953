"""没有打印机: where one can print, and a code by which a print shop opens the sheet without the person's account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_source, me, writing
from blueprints.downloads import shown_pdf
from blueprints.wizard.shared import bp, editable_case
from models import PrintCode, db, store
from services.access import APPLICANTS, only, public
from services.filing import print_codes, printing
from services.filing.case import DeclarationCase
from services.sheet import content as sheet_content
from services.sheet.data import SheetData

print_shop = Blueprint("print_shop", __name__, url_prefix="/p")


@bp.route("/print-code", methods=["GET"])
@only(*APPLICANTS)
def print_code() -> str:
    case = editable_case()
    row = print_codes.current(case.declaration)
    shown = _shown(row) if row else {}
    office, missing = case.declaration.department, bool(case.gaps or case.photo is None)
    return render_template("wizard/print_code.html", row=row, office=office, missing=missing, **shown)


def _shown(row: PrintCode) -> dict[str, Any]:
    import segno  # large, seldom needed

    code = print_codes.in_two(print_codes.code_of(row))
    address = current_app.config["BASE_URL"] + url_for("print_shop.page", code=code)
    image = segno.make(address, error="m").svg_data_uri(scale=4, border=4)
    return {"code": code, "address": address, "image": image, "most": print_codes.MOST}


@bp.post("/print-code")
@only(*APPLICANTS)
def make_print_code() -> ResponseReturnValue:
    declaration = editable_case().declaration
    try:
        with writing():
            print_codes.begin(me(), declaration)
            db.session.commit()
    except printing.NotPrintable as error:
        flash(str(error), "r")
    return redirect(url_for("wizard.print_code"))


@bp.post("/print-code/end")
@only(*APPLICANTS)
def end_print_code() -> ResponseReturnValue:
    with writing():
        print_codes.end(editable_case().declaration)
        db.session.commit()
    flash("打印码已停用", "g")
    return redirect(url_for("wizard.print_code"))


# --- at the print shop ------------------------------------------------------------------------------------------------


@print_shop.get("/<code>")
@public
def page(code: str) -> ResponseReturnValue:
    """A page with one button, and nothing of the person: programs that look at addresses open no PDF."""
    row = _found(code)
    if isinstance(row, tuple):
        return row
    ends = row.expires_at
    db.session.rollback()
    return render_template("wizard/print_shop.html", code=code, ends=ends, wait=0)


@print_shop.post("/<code>/sheet.pdf")
@public
def sheet_pdf(code: str) -> ResponseReturnValue:
    row = _found(code)
    if isinstance(row, tuple):
        return row
    data = _data(DeclarationCase(row.declaration), row)
    with writing():
        counted = print_codes.count_opening(row)
        db.session.commit()
    return shown_pdf(sheet_content.draw(data), "sheet.pdf") if counted else _nothing(0)


def _data(case: DeclarationCase, row: PrintCode) -> SheetData:
    config = current_app.config
    return sheet_content.sheet_data(
        case.declaration, row.sheet, store(), base_url=config["BASE_URL"], site=config["SITE_NAME"]
    )


def _found(typed: str) -> PrintCode | tuple[Response | str, int]:
    """What a code opens; else the one answer for all that open nothing. Who tried too many gets none to any code."""
    source = client_source()
    if wait := print_codes.wait(source):
        return _nothing(wait)
    if row := print_codes.find(print_codes.plain(typed)):
        return row
    with writing():
        print_codes.missed(source)
        db.session.commit()
    return _nothing(0)


def _nothing(wait: int) -> tuple[str, int]:
    db.session.rollback()
    return render_template("wizard/print_shop.html", code="", ends=None, wait=wait), 429 if wait else 404
