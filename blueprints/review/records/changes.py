"""What the office adds to a record: 注销 and 恢复 (managers), 诚信 notes."""

from __future__ import annotations

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.review.records.pages import record_page
from blueprints.review.shared import bp, record_in_scope, typed, viewed_record
from lib.codes import Role
from models import Record, db
from services.access import OFFICERS, only
from services.records import entries


@bp.post("/archive/<uid>/close")
@only(Role.MANAGER)
def close_record(uid: str) -> ResponseReturnValue:
    reason, text = request.form.get("reason", ""), _text()
    return _added(uid, lambda record: entries.close(record, me(), reason, text), "已注销这份档案。")


@bp.post("/archive/<uid>/reopen")
@only(Role.MANAGER)
def reopen_record(uid: str) -> ResponseReturnValue:
    text = _text()
    return _added(uid, lambda record: entries.reopen(record, me(), text), "已恢复这份档案。")


@bp.post("/archive/<uid>/notes")
@only(*OFFICERS)
def add_record_note(uid: str) -> ResponseReturnValue:
    kind, text = request.form.get("kind", ""), _text()
    return _added(uid, lambda record: entries.add_note(record, me(), kind, text), "已添加诚信记录。")


@bp.post("/archive/<uid>/notes/<note>/end")
@only(*OFFICERS)
def end_record_note(uid: str, note: str) -> ResponseReturnValue:
    text = _text()
    return _added(uid, lambda record: entries.end_note(record, me(), note, text), "已终止这条诚信记录。")


def _text() -> str:
    return typed("text", entries.TEXT_LENGTH)


def _added(uid: str, add: Callable[[Record], None], done: str) -> ResponseReturnValue:
    """Back to the record; when refused, the same page with why and what was typed."""
    try:
        with writing():
            add(record_in_scope(uid))
            db.session.commit()
    except entries.EntryRefused as error:
        shown = viewed_record(record_in_scope(uid))  # a refusal shows all of it, too
        return record_page(shown, problem=str(error), sent=request.form.to_dict()), 422
    flash(done, "g")
    return redirect(url_for("review.record", uid=uid))
