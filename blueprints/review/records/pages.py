"""人员档案 of the officer's scope: list, filters, search, one record with its versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.review import viewer_pictures
from blueprints.review.shared import bp, record_in_scope, typed, viewed_record
from lib.codes import ClosingReason, NoteKind, QualificationLevel, Role
from models import Record, db
from services.access import OFFICERS, only
from services.accounts import account_changes
from services.queue import listing as queue_listing
from services.records import entries, record_transfers
from services.records import filters as record_filters
from services.records import office_list as office_records
from services.records.filters import EMPLOYERS_AT_MOST, RecordFilters
from services.review import access_log
from services.review import pictures as review_pictures


@bp.get("/archive")
@only(*OFFICERS)
def records() -> str:
    after, filters = request.args.get("after", ""), RecordFilters.read(request.args)
    return _page(office_records.listing(me(), after, filters), filters, began=bool(after))


@bp.post("/archive/filter")
@only(*OFFICERS)
def filter_records() -> ResponseReturnValue:
    """An employer is typed as a name and stands in the address as a row number."""
    filters = RecordFilters.read(request.form)
    if text := typed("employer", 60):
        found = office_records.employers_named(me(), text)
        if not found or len(found) > EMPLOYERS_AT_MOST:
            flash("没有名称含有这几个字的单位。" if not found else "符合的单位太多，请把单位名称写得更完整。", "y")
        else:
            filters = replace(filters, employers=found)
    return redirect(url_for("review.records", **filters.address()))


@bp.route("/archive/search", methods=["GET", "POST"])
@only(*OFFICERS)
def search_records() -> ResponseReturnValue:
    """As in 待办: what people are searched by is sent in the body, never in an address."""
    if not (text := typed("q", 60)):
        return redirect(url_for("review.records"))
    return _page(office_records.found_by(me(), text), RecordFilters(), text)


def _page(found: office_records.RecordPage, filters: RecordFilters, text: str = "", began: bool = False) -> str:
    return render_template(
        "review/records.html",
        found=found,
        filters=filters,
        query=filters.address(),
        without_employers=replace(filters, employers=()).address(),
        text=text,
        began=began,
        counted=office_records.COUNTED_AT_MOST,
        offices=queue_listing.offices_to_choose(me()),
        qualifications=QualificationLevel.choices(),
        years=record_filters.years(),
        states=record_filters.STATES,
        sorts=record_filters.SORTS,
    )


@bp.get("/archive/<uid>")
@only(*OFFICERS)
def record(uid: str) -> ResponseReturnValue:
    """``?on=``: as it stood on that day. ``?compare=``: with which version."""
    return record_page(viewed_record(record_in_scope(uid)))


@bp.post("/archive/<uid>/reveal")
@only(*OFFICERS)
def reveal_record(uid: str) -> ResponseReturnValue:
    """Show number and phone once, and write that down. It is a look at the record as any other."""
    viewed_record(record_in_scope(uid))
    with writing():
        access_log.record(me(), record_in_scope(uid).revision, ["reveal"])
        db.session.commit()
    return record_page(record_in_scope(uid), reveal=True)


def _day() -> date | None:
    try:
        return date.fromisoformat(request.args.get("on", ""))
    except ValueError:
        return None


def record_page(found: Record, *, reveal: bool = False, problem: str = "", sent: Mapping[str, str] = {}) -> str:
    """``problem``: why nothing was added; ``sent``: what was typed."""
    history, manages = entries.history(found), me().role == Role.MANAGER
    shown = office_records.person(found, me(), reveal=reveal, on=_day(), compare=request.args.get("compare", ""))
    version = None if shown.is_current else shown.revision.uid
    pictures = list(viewer_pictures.of_record(found.uid, version, review_pictures.pictures(shown.papers)))
    return render_template(
        "review/record.html",
        found=shown,
        pictures=pictures,
        thumbs=viewer_pictures.thumbs(pictures),
        watermark=review_pictures.watermark(me().name),
        day=_day(),
        history=history,
        notes=entries.notes(history),
        titles=entries.VERBS,
        reasons=ClosingReason.choices(),
        closing=entries.CLOSING,
        transfers=record_transfers.history(found.account_id),
        kinds=NoteKind.choices(),
        may_close=manages,
        corrections=account_changes.corrections_of(found.account_id) if manages else (),
        problem=problem,
        sent=sent,
    )
