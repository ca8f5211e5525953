"""人员档案 of the officer's scope: list, search, one record with its versions."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.review.shared import bp, record_in_scope, typed, viewed_record
from models import Record, db
from services.access import OFFICERS, only
from services.records import office_list as office_records
from services.review import access_log


@bp.get("/archive")
@only(*OFFICERS)
def records() -> str:
    after = request.args.get("after", "")
    return _page(office_records.listing(me(), after), "", began=bool(after))


@bp.route("/archive/search", methods=["GET", "POST"])
@only(*OFFICERS)
def search_records() -> ResponseReturnValue:
    """As in 待办: what people are searched by is sent in the body, never in an address."""
    if not (text := typed("q", 60)):
        return redirect(url_for("review.records"))
    return _page(office_records.search(me(), text), text)


def _page(found: office_records.RecordPage, text: str, began: bool = False) -> str:
    return render_template(
        "review/records.html", found=found, text=text, began=began, most=office_records.FOUND_AT_MOST
    )


@bp.get("/archive/<uid>")
@only(*OFFICERS)
def record(uid: str) -> ResponseReturnValue:
    return _show(viewed_record(uid))


@bp.post("/archive/<uid>/reveal")
@only(*OFFICERS)
def reveal_record(uid: str) -> ResponseReturnValue:
    """Show number and phone once, and write that down."""
    with writing():
        access_log.record(me(), record_in_scope(uid).revision, ["reveal"])
        db.session.commit()
    return _show(record_in_scope(uid), reveal=True)


def _show(found: Record, *, reveal: bool = False) -> str:
    return render_template("review/record.html", found=office_records.person(found, me(), reveal=reveal))
