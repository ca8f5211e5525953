"""在屏幕上签名, where the office allows it (`SCREEN_SIGNATURE`). It needs scripts; without them the page says so."""

from __future__ import annotations

from flask import abort, current_app, flash, render_template, request
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.wizard.intake import settings
from blueprints.wizard.pages import back_to
from blueprints.wizard.shared import bp, editable_case
from forms import SHEET
from lib.database import utcnow
from lib.pictures import signature
from models import db
from services.access import APPLICANTS, only
from services.filing import screen_signing
from services.filing.case import DeclarationCase
from services.site import agreed_texts


def is_offered(case: DeclarationCase) -> bool:
    return bool(current_app.config["SCREEN_SIGNATURE"]) and screen_signing.is_offered(case)


@bp.get("/signature")
@only(*APPLICANTS)
def screen_signature() -> ResponseReturnValue:
    return _page(_case())


def _case() -> DeclarationCase:
    case = editable_case()
    return case if is_offered(case) else abort(404)


def _page(case: DeclarationCase, problem: str = "") -> ResponseReturnValue:
    sheet = case.printed if case.printed_is_current else None
    promise = agreed_texts.printed_promise(sheet.commitment_version) if sheet else ""
    field = {"width": signature.WIDTH, "height": signature.HEIGHT}
    shown = {"sheet": sheet, "promise": promise, "problem": problem, "field": field}
    return render_template("wizard/screen_signature.html", **shown), 422 if problem else 200


@bp.post("/signature")
@only(*APPLICANTS)
def sign_on_screen() -> ResponseReturnValue:
    case = _case()
    sheet, code = case.printed, request.form.get("code", "")
    if sheet is None or sheet.code != code or not case.printed_is_current:
        return _page(case, "信息已经修改，请重新生成信息表再签名")
    try:
        strokes = signature.read(request.form.get("strokes", ""))
    except signature.NotASignature as error:
        return _page(case, str(error))
    number, person = case.declaration.number, str(me().id)
    db.session.expunge(sheet)
    db.session.rollback()
    prepared = screen_signing.prepare(settings().store, sheet, number, strokes, utcnow(), person)
    try:
        with writing():
            screen_signing.sign(me(), editable_case(), code, prepared)
            db.session.commit()
    except screen_signing.Changed:
        db.session.rollback()
        return _page(_case(), "信息已经修改，请重新生成信息表再签名")
    flash("已在屏幕上签名", "g")
    return back_to(SHEET)
