"""操作日志 for the 审计管理员: search, export, verify, and the head of the chain for printing."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

from flask import current_app, flash, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.account_forms import AccountForm
from blueprints.admin.shared import bp
from lib import identity, names
from lib.clock import today
from lib.codes import Role
from lib.questions.fields import ChoiceQuestion, DayQuestion, TextQuestion
from lib.questions.validators import Optional
from models import db
from services import audit
from services.access import only
from services.administration import audit_seals, audit_search
from services.administration.audit_search import EventPage, EventQuery
from services.departments import matching

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class EventForm(AccountForm):
    since = DayQuestion("开始日期", [Optional()])
    until = DayQuestion("结束日期", [Optional()])
    verb = ChoiceQuestion("操作", dict(sorted(audit_search.TITLES.items(), key=lambda one: one[1])), [Optional()])
    username = TextQuestion(
        "工作人员用户名", [Optional()], clean=lambda text: names.normalise_text(text).lower(), render_kw=_PLAIN
    )
    office = ChoiceQuestion("部门", validators=[Optional()])
    number = TextQuestion(
        "申报人证件号码", [Optional()], clean=identity.sign_in_number, hint="须完整填写", render_kw=_PLAIN
    )
    declaration = TextQuestion("申报编号", [Optional()], render_kw=_PLAIN)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.office.fixed = {office.code: office.title for office in matching.in_scope(me())}

    def validate_until(self, field: Field) -> None:
        if field.data and self.since.data and field.data < self.since.data:
            raise ValidationError("结束日期不能早于开始日期")
        if field.data and not 2000 <= field.data.year <= 2099:  # the calendar's own ends cannot be counted from
            raise ValidationError("结束日期请填写 2000 年至 2099 年之间的日期")

    def validate_since(self, field: Field) -> None:
        if field.data and not 2000 <= field.data.year <= today().year:
            raise ValidationError("开始日期请填写 2000 年至今年之间的日期")

    @property
    def query(self) -> EventQuery:
        texts = {name: self[name].data or "" for name in ("verb", "username", "office", "number", "declaration")}
        return EventQuery(self.since.data, self.until.data, **texts)


@bp.get("/audit", endpoint="audit")
@only(Role.AUDITOR)
def audit_page() -> str:
    return _page(EventForm(formdata=None), audit_search.page(me(), EventQuery()))


@bp.route("/audit/search", methods=["GET", "POST"])
@only(Role.AUDITOR)
def search_audit() -> ResponseReturnValue:
    """Conditions and the place of the next page are sent in the body: an ID number belongs in no address."""
    form, after = EventForm(), request.form.get("after", "")[:60]
    if not form.is_submitted():
        return redirect(url_for("admin.audit"))
    if not form.validate():
        return _page(form), 422
    try:
        found = audit_search.page(me(), form.query, after)
    except audit_search.UnknownSubject as error:
        return _unknown(form, error)
    if form.number.data and not after:
        with writing():
            audit.record("audit_search", me(), detail="by ID number")
            db.session.commit()
    return _page(form, found, began=bool(after))


def _unknown(form: EventForm, error: audit_search.UnknownSubject) -> ResponseReturnValue:
    form[error.field].errors = [str(error)]
    return _page(form), 422


def _page(form: EventForm, found: EventPage | None = None, *, began: bool = False) -> str:
    return render_template(
        "admin/audit.html",
        form=form,
        found=found,
        began=began,
        head=audit_seals.head(),
        checks=audit_search.page(me(), EventQuery(verb="audit_verify")).lines[:3],
        most=audit_seals.VERIFIED_ON_PAGE,
    )


@bp.post("/audit/export")
@only(Role.AUDITOR)
def export_audit() -> ResponseReturnValue:
    """The file is written first; it is sent when the export stands in the trail."""
    form = EventForm()
    if not form.validate():
        return _page(form), 422
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    try:
        text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
        count = audit_search.export(me(), form.query, text, audit_search.EXPORTED_AT_MOST)
        text.detach()
        with writing():
            audit.record("audit_export", me(), detail=f"{count} rows")
            db.session.commit()
    except BaseException as error:
        file.close()
        if isinstance(error, audit_search.UnknownSubject):
            return _unknown(form, error)
        raise
    file.seek(0)
    return send_file(file, "text/csv", as_attachment=True, download_name=f"操作日志-{today():%Y-%m-%d}.csv")


@bp.post("/audit/verify")
@only(Role.AUDITOR)
def verify_audit() -> ResponseReturnValue:
    """The latest rows; ``flask audit verify`` checks all."""
    known = audit_seals.read_head(Path(current_app.config["DATA"]) / audit_seals.HEAD_FILE)
    found = audit_seals.verify_latest(known)
    with writing():
        audit.record("audit_verify", me(), detail=found.summary)
        db.session.commit()
    if found.problem:
        flash(f"核对不一致：{found.problem}。请立即联系运维人员，并保存数据库", "r")
    else:
        flash(f"已核对 {found.checked} 条，内容和顺序与写入时一致；还有 {found.waiting} 条等待加入校验链", "g")
    return redirect(url_for("admin.audit"))


@bp.get("/audit/head")
@only(Role.AUDITOR)
def audit_head() -> str:
    """The latest link on a page to be printed and kept outside of the system."""
    head = audit_seals.head()
    digest = head.digest.hex()
    groups = [digest[start : start + 8] for start in range(0, len(digest), 8)]
    return render_template("admin/audit_head.html", head=head, groups=groups)
