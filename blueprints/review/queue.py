"""待办: the submissions of the officer's scope, search, 【领取下一件】, named views."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from blueprints import me, writing
from blueprints.kept_parts import kept, render_kept
from blueprints.review import queue_lines
from blueprints.review.next_case import claim_next_due
from blueprints.review.shared import bp, typed
from lib.codes import Kind, QualificationLevel
from models import db
from services import workflow
from services.access import OFFICERS, STAFF, Actor, only
from services.queue import columns as queue_columns
from services.queue import filters as queue_filters
from services.queue import listing as queue_listing
from services.queue import saved_views
from services.queue.filters import Filters
from services.queue.rows import OfficerView, QueuePage
from services.review import held as held_files

TEN = 10
TEMPLATE, VIEWS = "review/queue.html", "review/_queue_views.html"
_SAFE = "!$'()*,/:;?@"  # in the query of an address
_NO_COUNTS: dict[str, Any] = dict.fromkeys(queue_filters.LANES, 0)
#: What the page offers to choose from.
LISTS = {
    "tabs": queue_filters.TABS,
    "lanes": queue_filters.LANES,
    "due": queue_filters.DUE,
    "kinds": Kind.choices(),
    "qualifications": QualificationLevel.choices(),
    "sorts": queue_filters.SORTS,
    "columns": queue_columns.COLUMNS,
}
bp.record(lambda state: state.app.jinja_env.globals.update(queue_lists=LISTS))


@bp.get("")
@only(*STAFF)
def home() -> ResponseReturnValue:
    """Where staff begin: those who see people's files at the queue, the others at the administration's menu."""
    return redirect(url_for("review.queue" if me().role in OFFICERS else "admin.home"))


@bp.get("/queue")
@only(*OFFICERS)
def queue() -> ResponseReturnValue:
    """Filters, ``after`` (the cursor of another page) and ``q`` (申报编号) are in the address: nothing personal."""
    actor, sent = me(), request.args
    number, view = sent.get("q", "").strip()[:40], OfficerView(actor)
    if number:
        return _page(view, queue_listing.by_number(actor, number, view=view), Filters(), text=number, searched=True)
    filters, after = Filters.read(_plain(sent)), sent.get("after", "")
    return _page(view, queue_listing.listing(actor, filters, after, view=view), filters, began=bool(after))


@bp.route("/queue/search", methods=["GET", "POST"])
@only(*OFFICERS)
def search() -> ResponseReturnValue:
    """What people are searched by is sent in the body, and the answer is not kept. A 申报编号 goes into the address."""
    text = typed("q", 60)
    if not text:
        return redirect(url_for("review.queue"))
    if queue_listing.is_number(text):
        return redirect(url_for("review.queue", q=text))
    actor = me()
    view = OfficerView(actor)
    return _page(view, queue_listing.search(actor, text, view=view), Filters(), text=text, searched=True)


def _plain(sent: MultiDict[str, str]) -> Mapping[str, str]:
    return sent.to_dict()


def _page(
    view: OfficerView,
    found: QueuePage,
    filters: Filters,
    *,
    text: str = "",
    searched: bool = False,
    began: bool = False,
) -> ResponseReturnValue:
    actor = view.actor
    counts, offices = queue_listing.counts(actor, view=view), queue_listing.offices_to_choose(actor, view=view)
    look: dict[str, Any] = {
        "with_status": searched or bool(filters.lane) or filters.tab == "all",
        "with_department": bool(offices) or filters.lane == "incoming",
        "hidden": queue_columns.hidden(actor),
    }
    holes = {**_NO_COUNTS, **counts.tabs, **counts.lanes, **_pages(found, filters)}
    holes |= {"today": counts.today, "average": _average(counts.seconds), "searched_for": text, "said": _said(found)}
    holes |= {"views": _views(actor), "rows": queue_lines.drawn(found.lines, **look)}
    shape = look | _shape(found, filters, counts, offices) | {"searched": searched, "began": began}
    if decided := held_files.just_decided_at(actor, counts.decided_at):
        return render_template(TEMPLATE, **shape, **holes, just_decided=decided)
    return render_kept(TEMPLATE, holes, **shape, just_decided=None)


def _views(actor: Actor) -> Markup:
    """The officer's named views: personal, so nothing of them is kept."""
    views = saved_views.of(actor)
    if not views:
        return kept(VIEWS)
    return Markup(current_app.jinja_env.get_template(VIEWS).render(views=views))  # noqa: S704 - our template's output


def _shape(
    found: QueuePage, filters: Filters, counts: queue_listing.Counts, offices: queue_listing.Offices
) -> dict[str, Hashable]:
    """By what the page around the lines differs, beside its figures."""
    return {
        "filters": filters,
        "offices": offices,
        "shown_lanes": tuple(counts.lanes),
        "is_overdue": counts.lanes["overdue"] > 0,
        "is_soon": counts.lanes["soon"] > 0,
        "has_lines": bool(found.lines),
        "has_before": bool(found.before),
        "has_after": bool(found.after),
        "unfinished": found.unfinished,
    }


def _pages(found: QueuePage, filters: Filters) -> dict[str, str]:
    """Where the pages before and after this one are."""
    here: str = current_app.jinja_env.globals["url_for"]("review.queue")  # type: ignore[operator]  # kept
    places, address = {"earlier": found.before, "later": found.after}, filters.address()
    more = f"&{urlencode(address, safe=_SAFE)}" if address else ""
    return {name: place and f"{here}?after={quote_plus(place, _SAFE)}{more}" for name, place in places.items()}


def _said(found: QueuePage) -> str:
    """What a search has found."""
    if found.lines:
        more = "（还有更多，请写得更完整，例如同时写姓名和单位）" if found.more else ""
        return f"找到 {len(found.lines)} 份申报{more}"
    if found.more:
        return "符合的单位太多，请把单位名称写得更完整。"
    return "没有找到。请核对后再查；只能查找本部门及下级部门办理的申报。"


def _average(seconds: int | None) -> str:
    if seconds is None:
        return ""
    minutes = f"{seconds // 60} 分 " if seconds >= 60 else ""
    return f"（平均 {minutes}{seconds % 60} 秒）"


# --- taking ---------------------------------------------------------------------------------------


@bp.post("/queue/next")
@only(*OFFICERS)
def claim_next() -> ResponseReturnValue:
    """Take what is due first, within the filters that the page sent along."""
    filters = Filters.read(_plain(request.form))
    try:
        following = claim_next_due(filters)
    except workflow.Conflict as error:
        flash(str(error), "y")
        return _back(filters)
    if following is None:
        return _nothing_left(filters)
    address: dict[str, Any] = filters.address()  # also find the next submission after the decision
    return redirect(url_for("review.submission", uid=following, **address))


@bp.post("/queue/ten")
@only(*OFFICERS)
def claim_ten() -> ResponseReturnValue:
    """Take ten at most, each for itself: what a colleague takes at the same moment is passed over."""
    filters, taken = Filters.read(_plain(request.form)), 0
    try:
        while taken < TEN and claim_next_due(filters):
            taken += 1
    except workflow.Conflict as error:
        if not taken:
            flash(str(error), "y")
            return _back(filters)
    if not taken:
        return _nothing_left(filters)
    flash(f"已领取 {taken} 件，请在 30 分钟内审核。", "g")
    return redirect(url_for("review.queue", lane="mine"))


def _back(filters: Filters) -> ResponseReturnValue:
    address: dict[str, Any] = filters.address()
    return redirect(url_for("review.queue", **address))


def _nothing_left(filters: Filters) -> ResponseReturnValue:
    flash("所选范围内没有等待审核的申报。" if filters.narrowed or filters.lane else "没有等待审核的申报。", "b")
    return _back(filters)


# --- columns, named views ----------------------------------------------------------------------------------


@bp.post("/queue/columns")
@only(*OFFICERS)
def choose_columns() -> ResponseReturnValue:
    filters, shown = Filters.read(_plain(request.form)), set(request.form.getlist("column"))
    with writing():
        queue_columns.choose(me(), shown)
        db.session.commit()
    return _back(filters)


@bp.post("/queue/views")
@only(*OFFICERS)
def save_view() -> ResponseReturnValue:
    filters = Filters.read(_plain(request.form))
    try:
        with writing():
            kept = saved_views.save(me(), typed("name", 100), filters)
            db.session.commit()
    except saved_views.ViewRefused as error:
        flash(str(error), "r")
        return _back(filters)
    flash(f"已保存视图「{kept.name}」。", "g")
    return _back(filters)


@bp.post("/queue/views/<int:view_id>/delete")
@only(*OFFICERS)
def drop_view(view_id: int) -> ResponseReturnValue:
    with writing():
        if not saved_views.delete_view(me(), view_id):
            abort(404)
        db.session.commit()
    flash("已删除视图。", "g")
    return redirect(url_for("review.queue"))
