"""待办: the submissions of the officer's scope, search, 【领取下一件】."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.frame import bp, typed
from models import db
from services import review_queue, workflow
from services.access import OFFICERS, STAFF, only

TRIES = 5  # of 【领取下一件】 when colleagues press it at the same moment


@bp.get("")
@only(*STAFF)
def home() -> ResponseReturnValue:
    """Where staff begin: those who see people's files at the queue, the others at their account."""
    return redirect(url_for("review.queue" if me().role in OFFICERS else "auth.staff_account"))


@bp.get("/queue")
@only(*OFFICERS)
def queue() -> str:
    """``tab``, ``after`` (the cursor of the page before) and ``q`` (申报编号) are in the address: nothing personal."""
    tab = request.args.get("tab", "")
    tab = tab if tab in review_queue.TABS else next(iter(review_queue.TABS))
    number = request.args.get("q", "").strip()[:40]
    after = request.args.get("after", "")
    found = review_queue.by_number(me(), number) if number else review_queue.listing(me(), tab, after)
    return _page(found, "" if number else tab, number, began=bool(after))


@bp.route("/queue/search", methods=["GET", "POST"])
@only(*OFFICERS)
def search() -> ResponseReturnValue:
    """A name is personal: it is sent in the body, and the answer is not kept. A number goes into the address."""
    text = typed("q", 60)
    if not text:
        return redirect(url_for("review.queue"))
    if review_queue.is_number(text):
        return redirect(url_for("review.queue", q=text))
    return _page(review_queue.by_name(me(), text), "", text)


def _page(found: review_queue.Listing, tab: str, text: str, began: bool = False) -> str:
    return render_template(
        "review/queue.html",
        found=found,
        tabs=review_queue.TABS,
        tab=tab,
        text=text,
        began=began,
        most=review_queue.FOUND_AT_MOST,
    )


@bp.post("/queue/next")
@only(*OFFICERS)
def claim_next() -> ResponseReturnValue:
    """Take what is due first. Whoever was a moment too late gets the one after it."""
    for _ in range(TRIES):
        declaration = review_queue.next_due(me())
        if declaration is None:
            flash("没有等待审核的申报。", "b")
            return redirect(url_for("review.queue"))
        try:
            workflow.claim(declaration, me())
            db.session.commit()
        except workflow.Conflict:
            db.session.rollback()
            continue
        return redirect(url_for("review.submission", uid=declaration.uid))
    flash("同事们正在同时领取，请再按一次【领取下一件】。", "y")
    return redirect(url_for("review.queue"))
