"""档案调转: what waits and what became of it, asking for a record, sending one away, noting where one came from."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.account_forms import AccountForm, WhoForm
from blueprints.review.shared import bp, record_in_scope, typed
from lib.clock import today
from lib.codes import Role
from lib.questions.fields import ChoiceQuestion, DayQuestion, TextQuestion
from lib.questions.validators import Length, Optional, Required
from models import Record, RecordTransfer, db
from services.access import only
from services.records import record_transfers
from services.records.record_transfers import TransferRefused

EARLIEST = date(2000, 1, 1)


def _reason(hint: str) -> TextQuestion:
    return TextQuestion("原因", [Required(), Length(1, 200)], hint=hint)


class AskForm(WhoForm):
    reason = _reason("对方部门会看到，例如：已到本区单位工作，有工作证明")


class _MovedForm(AccountForm):
    """``moved_on``: today when it is left empty."""

    moved_on = DayQuestion("日期", [Optional()], hint="不填表示今天")

    def validate_moved_on(self, field: DayQuestion) -> None:
        if field.data and not EARLIEST <= field.data <= today():
            raise ValidationError("日期不能晚于今天，也不能早于 2000 年")


class SendForm(_MovedForm):
    to = ChoiceQuestion("调往", validators=[Required()])
    place = TextQuestion(
        "外省的省份和部门", [Optional(), Length(1, 40)], hint="只有调往外省时填写，例如：吉林省样例市财政局"
    )
    moved_on = DayQuestion("调出日期", [Optional()], hint="只有调出本平台时使用；不填表示今天")
    reason = _reason("写明依据，例如：工作单位已变更，有新单位的工作证明")


class OriginForm(_MovedForm):
    place = TextQuestion("从哪里调入", [Required(), Length(1, 60)], hint="例如：吉林省样例市财政局、大连市财政局")
    moved_on = DayQuestion("调入日期", [Optional()], hint="不填表示今天")
    reason = _reason("写明依据，例如：原管理部门的转出证明")


@bp.route("/archive/transfers", methods=["GET", "POST"], endpoint="record_transfers")
@only(Role.MANAGER)
def record_transfers_list() -> ResponseReturnValue:
    """A POST asks for a record by number and name; what was looked up is kept, found or not."""
    form = AskForm()
    if not form.validate_on_submit():
        return _page(form)
    problem = None
    with writing():
        try:
            record_transfers.request(me(), form.number.data or "", form.name.data or "", form.reason.data or "")
        except TransferRefused as error:
            problem = error
        db.session.commit()
    if problem:
        form.number.errors = [str(problem)]
        return _page(form)
    flash("已向档案所在部门提出调转，等待对方确认。", "g")
    return redirect(url_for("review.record_transfers"))


def _page(form: AskForm, problem: str = "") -> ResponseReturnValue:
    page = render_template(
        "review/record_transfers.html",
        form=form,
        problem=problem,
        waiting=record_transfers.waiting_lines(me()),
        latest=record_transfers.latest_lines(me()),
    )
    return page, 422 if form.errors or problem else 200


@bp.post("/archive/transfers/<uid>/answer")
@only(Role.MANAGER)
def answer_record_transfer(uid: str) -> ResponseReturnValue:
    accept, reason = request.form.get("answer") == "accept", typed("reason", 200)
    done = "已同意，档案已调转。" if accept else "已退回，档案仍在原部门。"
    return _done(lambda: record_transfers.answer(me(), uid, accept=accept, reason=reason), done)


@bp.post("/archive/transfers/<uid>/take-back")
@only(Role.MANAGER)
def take_back_record_transfer(uid: str) -> ResponseReturnValue:
    return _done(lambda: record_transfers.take_back(me(), uid), "已收回，档案仍在原部门。")


def _done(act: Callable[[], RecordTransfer], done: str) -> ResponseReturnValue:
    try:
        with writing():
            act()
            db.session.commit()
    except TransferRefused as error:
        return _page(AskForm(formdata=None), str(error))
    flash(done, "g")
    return redirect(url_for("review.record_transfers"))


@bp.route("/archive/<uid>/transfer", methods=["GET", "POST"])
@only(Role.MANAGER)
def transfer_record(uid: str) -> ResponseReturnValue:
    """To a department, to a system of its own, or to another province."""
    form = SendForm()
    form.to.fixed = record_transfers.destinations(record_in_scope(uid))
    if not form.validate_on_submit():
        return _record_page(uid, form, OriginForm(formdata=None, prefix="in-"))
    day, left = form.moved_on.data or today(), record_transfers.leaves(form.to.data or "")
    said: dict[str, Any] = {"place": form.place.data or "", "on": day, "reason": form.reason.data or ""}
    try:
        _write(uid, lambda record: record_transfers.send(record, me(), form.to.data or "", **said))
    except TransferRefused as error:
        (form.place if error.field == "place" else form.to).errors = [str(error)]
        return _record_page(uid, form, OriginForm(formdata=None, prefix="in-"))
    flash("已登记调出，本人已收到消息。" if left else "已提出调转，等待对方部门确认。", "g")
    return redirect(url_for("review.record", uid=uid))


@bp.post("/archive/<uid>/origin")
@only(Role.MANAGER)
def note_record_origin(uid: str) -> ResponseReturnValue:
    form, sending = OriginForm(prefix="in-"), SendForm(formdata=None)
    sending.to.fixed = record_transfers.destinations(record_in_scope(uid))
    if not form.validate_on_submit():
        return _record_page(uid, sending, form)
    said: dict[str, Any] = {
        "place": form.place.data or "",
        "on": form.moved_on.data or today(),
        "reason": form.reason.data or "",
    }
    try:
        _write(uid, lambda record: record_transfers.note_origin(record, me(), **said))
    except TransferRefused as error:
        form.place.errors = [str(error)]
        return _record_page(uid, sending, form)
    flash("已登记调入，本人已收到消息。", "g")
    return redirect(url_for("review.record", uid=uid))


def _write(uid: str, act: Callable[[Record], RecordTransfer]) -> None:
    with writing():
        act(record_in_scope(uid))
        db.session.commit()


def _record_page(uid: str, sending: SendForm, origin: OriginForm) -> ResponseReturnValue:
    record = record_in_scope(uid)
    page = render_template("review/record_transfer.html", record=record, form=sending, origin=origin)
    return page, 422 if sending.errors or origin.errors else 200
