"""批量打印, and the files of 名册: choose, say why, watch, fetch one file. Making it is another process's."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Response, abort, current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.account_forms import AccountForm
from blueprints.review.reason_field import reason_question
from blueprints.review.shared import bp
from lib.storage import FileDamaged, FileMissing
from models import Declaration, PrintJob, Record, db, store
from services.access import OFFICERS, only
from services.queue import listing as queue_listing
from services.queue.filters import Filters
from services.records import office_list as office_records
from services.records.filters import RecordFilters
from services.reports import exports, roster
from services.reports.roster import RosterRequest
from services.sheet import batch_print

USUAL = "日常归档"  # written down for the officer, who may say another reason
LISTS = {"queue": "review.queue", "records": "review.records"}


class PrintForm(AccountForm):
    reason = reason_question("打印事由", "归档本月审核通过的信息表")


def _list() -> str:
    """Which list the form was sent from."""
    return request.form.get("list", "") if request.form.get("list") in LISTS else "queue"


def _carried() -> list[tuple[str, str]]:
    """What says which ones, as hidden fields of the next form: ticked lines, or the filters of the list."""
    which = "all" if request.form.get("which") == "all" else "picked"
    chosen = [("pick", uid[:24]) for uid in request.form.getlist("pick")] if which == "picked" else []
    return [("list", _list()), ("which", which), *chosen, *_filters().address().items()]


def _filters() -> Filters | RecordFilters:
    sent = request.form.to_dict()
    return Filters.read(sent) if _list() == "queue" else RecordFilters.read(sent)


def _chosen() -> list[int]:
    """The revisions that the form names, as far as they are in the officer's scope."""
    queue, most = _list() == "queue", batch_print.LIMIT
    if request.form.get("which") != "all":
        uids = [uid[:24] for uid in request.form.getlist("pick")][:most]
        return batch_print.of_declarations(me(), uids) if queue else batch_print.of_records(me(), uids)
    filters = _filters()
    if isinstance(filters, Filters):
        found = queue_listing.chosen(me(), filters, most)
        return batch_print.of_declarations(me(), found, by=Declaration.id)
    return batch_print.of_records(me(), office_records.record_ids(me(), most, filters), by=Record.id)


@bp.post("/print/choose")
@only(*OFFICERS)
def choose_sheets() -> ResponseReturnValue:
    """From a list to the question why."""
    if chosen := _chosen():
        return _ask_why(len(chosen), PrintForm(formdata=None, reason=USUAL))
    flash("请先勾选要打印的信息表。" if request.form.get("which") != "all" else "这里没有可以打印的信息表。", "y")
    return _back()


def _ask_why(count: int, form: PrintForm) -> str:
    return render_template(
        "review/print_why.html",
        form=form,
        count=count,
        cut=count >= batch_print.LIMIT,
        carried=_carried(),
        back=_back_to(),
    )


def _back_to() -> str:
    filters: dict[str, Any] = _filters().address()
    return url_for(LISTS[_list()], **filters)


def _back() -> ResponseReturnValue:
    return redirect(_back_to())


@bp.post("/print")
@only(*OFFICERS)
def print_sheets() -> ResponseReturnValue:
    chosen, form = _chosen(), PrintForm()
    if not chosen:
        flash("所选的信息表已不在您的管辖范围内。", "y")
        return _back()
    if not form.validate_on_submit():
        return _ask_why(len(chosen), form), 422
    reason = form.reason.data or ""
    busy = "您的上一份打印还没有生成好，请等它生成好，或者取消它以后再打印。"
    return to_job(lambda: batch_print.create(me(), chosen, reason), busy)


def to_job(create: Callable[[], PrintJob], busy_words: str) -> ResponseReturnValue:
    """Make a job, have it begun, and lead to its page; while the officer's last one is not done, to that one's."""
    try:
        with writing():
            uid = create().uid
            db.session.commit()
    except batch_print.PrintingBusy as busy:
        flash(busy_words, "y")
        return redirect(url_for("review.print_job", uid=busy.uid))
    if current_app.config["STARTS_DRAWERS"]:
        batch_print.start_drawer(Path(current_app.root_path))
    return redirect(url_for("review.print_job", uid=uid))


@bp.get("/print")
@only(*OFFICERS)
def print_list() -> str:
    found = [batch_print.standing(me(), job) for job in batch_print.mine(me())]
    return render_template("review/print_list.html", found=found)


@bp.get("/print/<uid>")
@only(*OFFICERS)
def print_job(uid: str) -> str:
    found = batch_print.standing(me(), _own(uid))
    return render_template("review/print_job.html", found=found, counted=roster.COUNTED_AT_MOST)


@bp.get("/print/<uid>/state")
@only(*OFFICERS)
def print_state(uid: str) -> dict[str, Any]:
    """For the page's script."""
    job = _own(uid)
    return {"state": job.state, "done": job.done}


@bp.post("/print/<uid>/cancel")
@only(*OFFICERS)
def cancel_print(uid: str) -> ResponseReturnValue:
    """Also throws a finished file away before its day is over."""
    with writing():
        batch_print.cancel(_own(uid))
        db.session.commit()
    flash("已取消这次打印。", "g")
    return redirect(url_for("review.print_list"))


@bp.get("/print/<uid>/file")
@only(*OFFICERS)
def print_file(uid: str) -> ResponseReturnValue:
    """The PDF (or the exported list), while every sheet in it is still in the officer's scope."""
    job = _own(uid)
    if job.state != "done" or not batch_print.may_fetch(me(), job):
        return redirect(url_for("review.print_job", uid=uid))
    if (wanted := exports.wanted_by(job) if job.export else None) is not None:
        return _export(job, wanted)
    try:
        pdf = store().get(job.address or "")
    except (FileMissing, FileDamaged):
        abort(404)
    return send_file(BytesIO(pdf), "application/pdf", as_attachment=True, download_name=batch_print.file_name(job))


def _export(job: PrintJob, wanted: RosterRequest) -> Response:
    """Part after part, so that a file of any size needs the memory of one."""
    kept, parts, size = store(), batch_print.addresses(job), job.size or 0
    if not all(map(kept.exists, parts)):
        abort(404)
    db.session.rollback()  # sending takes as long as the browser does
    sent = (kept.get(address) for address in parts)
    try:
        first = next(sent)  # before the answer begins: later nothing can be said any more
    except (FileMissing, FileDamaged) as error:
        current_app.logger.error("a part of a list is %s: %s", type(error).__name__.lower(), error)
        abort(404)
    response = Response(chain([first], sent), mimetype=roster.type_of(wanted))
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(roster.file_name(wanted))}"
    response.content_length = size
    return response


def _own(uid: str) -> PrintJob:
    """One's own job. A colleague's is not found."""
    return batch_print.one(me(), uid) or abort(404)
