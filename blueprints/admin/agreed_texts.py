"""须知和承诺函: draft, preview, publish from a day on, and every version with what changed (系统管理员)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import ValidationError

from blueprints import let_go_of_database, me, writing
from blueprints.admin.shared import AdminForm, OptionalDayField, ParagraphsField, bp, one_line
from blueprints.downloads import shown_pdf
from forms import PAPERS
from lib import plain_text
from lib.clock import today
from lib.codes import AgreedKind, Role
from lib.database import utcnow
from lib.plain_text import Pieces
from lib.questions.validators import Optional, Required
from models import db
from services.access import only
from services.departments import matching
from services.departments.snapshot import AgreedText
from services.sheet import commitment as sheet_commitment
from services.sheet import content as sheet_content
from services.site import agreed_texts
from services.site.agreed_texts import NothingToPublish

LATEST = timedelta(days=730)  # how far ahead a text is published
DRAFT = ""  # the name of a version that has none yet


def _body(text: str | None) -> str:
    return plain_text.normalise(text or "")


class TextForm(AdminForm):
    body = ParagraphsField("正文", [Required()], [_body], "一行一段；“1. …”是编号，单独一行的【…】是小标题")
    promise = ParagraphsField("信息表上的承诺", [Required()], [one_line], "印在个人基本信息表的签名栏上方")

    def __init__(self, kind: AgreedKind, text: AgreedText) -> None:
        super().__init__(data={"body": text.body, "promise": text.promise})
        self.kind = kind
        if kind == AgreedKind.NOTICE:
            del self.promise

    def validate(self, extra_validators: object = None) -> bool:
        for field in self:
            if field.name in ("body", "promise"):
                wrong = agreed_texts.problem(self.kind, field.name, field.data or "")
                field.errors = [wrong] if wrong else []
        return not any(field.errors for field in self)


class PublishForm(AdminForm):
    starts_on = OptionalDayField(
        "启用日期", [Optional()], description="不填的，立即启用；填写以后的日期，从那天零点起启用"
    )

    def validate_starts_on(self, field: OptionalDayField) -> None:
        if field.data and not today() < field.data < today() + LATEST:
            raise ValidationError("请填写明天以后、两年以内的日期；立即启用的，不用填写")


@bp.get("/agreed-texts", endpoint="agreed_texts")
@only(Role.SYSTEM)
def list_texts() -> str:
    drafts = {kind: agreed_texts.draft(kind) for kind in AgreedKind}
    kinds = [
        (kind, agreed_texts.current(kind), drafts[kind], _rows(kind), agreed_texts.publishers(kind))
        for kind in AgreedKind
    ]
    return render_template("admin/agreed_texts.html", kinds=kinds, now=utcnow())


def _rows(kind: AgreedKind) -> Sequence[AgreedText]:
    return agreed_texts.versions(kind)[::-1]


@bp.route("/agreed-texts/<kind>", methods=["GET", "POST"])
@only(Role.SYSTEM)
def agreed_text(kind: str) -> ResponseReturnValue:
    """The draft: 预览 saves it and leads to what it will look like."""
    known = _kind(kind)
    if request.form.get("action") == "discard":
        with writing():
            agreed_texts.discard(known, me())
            db.session.commit()
        return _done("草稿已放弃")
    form = TextForm(known, _drafted(known) or agreed_texts.current(known))
    if not form.validate_on_submit():
        has_draft = agreed_texts.draft(known) is not None
        page = render_template("admin/agreed_text.html", form=form, kind=known, has_draft=has_draft)
        return page, 422 if form.is_submitted() else 200
    body, promise = form.body.data or "", form.promise.data or "" if form.promise else ""
    with writing():
        agreed_texts.save_draft(known, me(), body=body, promise=promise)
        db.session.commit()
    if agreed_texts.draft(known) is None:
        return _done("文字与现在使用的相同，没有保存草稿")
    if request.form.get("action") == "preview":
        return redirect(url_for("admin.preview_text", kind=kind))
    return _done("草稿已保存，还没有发布")


@bp.route("/agreed-texts/<kind>/preview", methods=["GET", "POST"])
@only(Role.SYSTEM)
def preview_text(kind: str) -> ResponseReturnValue:
    """The draft as an applicant will see it; 【发布】."""
    known = _kind(kind)
    text = _drafted(known)
    if text is None:
        return redirect(url_for("admin.agreed_text", kind=kind))
    form = PublishForm()
    if not form.validate_on_submit():
        return _preview(known, text, form), 422 if form.is_submitted() else 200
    try:
        with writing():
            row = agreed_texts.publish(known, me(), form.starts_on.data, request.form.get("seen", ""))
            db.session.commit()
    except NothingToPublish as error:
        flash(str(error), "y")
        return redirect(url_for("admin.preview_text", kind=kind))
    return _done(f"{known.label} {row.version} 版已发布")


def _preview(kind: AgreedKind, text: AgreedText, form: PublishForm) -> str:
    draft, now = agreed_texts.draft(kind), agreed_texts.current(kind)
    assert draft
    return render_template(
        "admin/agreed_text_preview.html",
        kind=kind,
        text=text,
        form=form,
        seen=agreed_texts.mark(draft),
        now=now,
        scheduled=[one for one in agreed_texts.versions(kind) if one.starts_at > utcnow()],
        compared=_differences(now, text),
        days=current_app.config["REVIEW_DAYS"],
        ways_on=matching.ways_on(),
        papers=PAPERS,
    )


def _differences(before: AgreedText, after: AgreedText) -> list[Pieces]:
    promises = (f"信息表上的承诺：{text.promise}" if text.promise else "" for text in (before, after))
    return plain_text.differences(before.body, after.body) + plain_text.differences(*promises)


@bp.get("/agreed-texts/<kind>/preview.pdf")
@only(Role.SYSTEM)
def preview_text_pdf(kind: str) -> Response:
    """The draft on paper; of the commitment with ``?sheet=1`` the sheet with its promise."""
    text, site = _drafted(_kind(kind)) or abort(404), current_app.config["SITE_NAME"]
    let_go_of_database()
    if text.promise and request.args.get("sheet"):
        content = sheet_content.blank_sheet(text, site)
    else:
        content = sheet_commitment.text_pdf(text, site, watermark="草稿")
    return shown_pdf(content, f"{kind}-draft.pdf")


@bp.get("/agreed-texts/<kind>/<version>")
@only(Role.SYSTEM)
def agreed_text_version(kind: str, version: str) -> str:
    """One version, compared with another one: ``?with=``, else the one before."""
    known = agreed_texts.versions(_kind(kind))
    names = [text.version for text in known]
    if version not in names:
        abort(404)
    at = names.index(version)
    other = request.args.get("with", "")
    base = known[names.index(other)] if other in names else known[at - 1] if at else None
    return render_template(
        "admin/agreed_text_version.html",
        kind=_kind(kind),
        text=known[at],
        base=base,
        others=[name for name in names if name != version],
        compared=_differences(base, known[at]) if base else None,
    )


def _drafted(kind: AgreedKind) -> AgreedText | None:
    """The draft as a version without a name."""
    draft = agreed_texts.draft(kind)
    return AgreedText(kind, DRAFT, draft.body, draft.promise, draft.edited_at) if draft else None


def _kind(name: str) -> AgreedKind:
    return AgreedKind(name) if name in AgreedKind.choices() else abort(404)


def _done(message: str) -> ResponseReturnValue:
    flash(message, "g")
    return redirect(url_for("admin.agreed_texts"))
