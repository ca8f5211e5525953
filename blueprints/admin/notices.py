"""通知公告: written, scheduled, pinned and withdrawn by the 系统管理员. Files are attached to a saved one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, OptionalDayField, ParagraphsField, bp, max_length, one_line
from blueprints.downloads import stored_file
from lib.attachments import MOST_BYTES, AttachmentRefused, clean_name, kind_of
from lib.clock import local, today
from lib.codes import NoticeState, Role
from lib.database import utcnow
from lib.pictures.images import PictureRefused
from lib.questions.validators import Optional, Required
from models import Notice, db, store
from services.access import only
from services.papers import virus_scan
from services.papers.virus_scan import Scanner, Unchecked
from services.site import notices
from services.site.notices import NoticeText

INFECTED = "安全检查发现文件有问题（可能带有病毒），没有添加。请检查您的电脑"
ENOUGH = f"一篇公告最多 {notices.MOST_FILES} 个附件，请先移除一个"


class TickField(StringField):
    kind = "confirm"

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""


class NoticeForm(AdminForm):
    title = StringField("标题", [Required(), max_length(100)], [one_line])
    body = ParagraphsField("正文", [Required(), max_length(20_000)], [lambda text: (text or "").strip()], "空一行分段")
    starts_on = OptionalDayField(
        "发布日期", [Optional()], description="不填的，立即发布；填写以后的日期，从那天零点起公开"
    )
    ends_on = OptionalDayField("公开到", [Optional()], description="不填的，一直公开；填写的，那天结束以后不再公开")
    pinned = TickField("置顶", [Optional()])

    def __init__(self, notice: Notice, state: NoticeState, **options: Any) -> None:
        super().__init__(data=_filled(notice), **options)
        if state in (NoticeState.PUBLIC, NoticeState.ENDED):
            del self.starts_on

    def validate_ends_on(self, field: OptionalDayField) -> None:
        starts_on = self.starts_on.data if self.starts_on else None
        if field.data and field.data < (starts_on or today()):
            raise ValidationError("不能早于发布日期，也不能早于今天")

    @property
    def text(self) -> NoticeText:
        return NoticeText(
            title=self.title.data or "",
            body=self.body.data or "",
            pinned=self.pinned.data == "yes",
            starts_on=self.starts_on.data if self.starts_on else None,
            ends_on=self.ends_on.data,
        )


def _filled(notice: Notice) -> dict[str, object]:
    """The notice as its form shows it."""
    starts_at, ends_at = notice.published_at, notice.ends_at
    is_scheduled = notice.withdrawn_at is None and starts_at is not None and starts_at > utcnow()
    return {
        "title": notice.title,
        "body": notice.body,
        "pinned": "yes" if notice.pinned else None,
        "starts_on": local(starts_at).date() if is_scheduled and starts_at else None,
        "ends_on": local(ends_at).date() - timedelta(days=1) if ends_at else None,
    }


@bp.get("/notices", endpoint="notices")
@only(Role.SYSTEM)
def list_notices() -> str:
    now = utcnow()
    rows = [(notice, notices.state(notice, now)) for notice in notices.all_notices()]
    return render_template("admin/notices.html", rows=rows)


@bp.route("/notices/new", methods=["GET", "POST"])
@only(Role.SYSTEM)
def new_notice() -> ResponseReturnValue:
    return _edit(Notice(pinned=False))


@bp.route("/notices/<int:notice_id>", methods=["GET", "POST"])
@only(Role.SYSTEM)
def edit_notice(notice_id: int) -> ResponseReturnValue:
    return _edit(db.session.get(Notice, notice_id) or abort(404))


def _edit(notice: Notice) -> ResponseReturnValue:
    """The button decides whether the notice is published (发布) or unpublished (存为草稿, 撤回)."""
    form = NoticeForm(notice, notices.state(notice, utcnow()))
    if not form.validate_on_submit():
        return _page(notice, form), 422 if form.is_submitted() else 200
    publish = request.form.get("action") == "publish"
    with writing():
        notices.save(notice, me(), form.text, publish=publish)
        db.session.commit()
    flash(_done(notices.state(notice, utcnow())), "g")
    return redirect(url_for("admin.notices") if publish else url_for("admin.edit_notice", notice_id=notice.id))


def _done(state: NoticeState) -> str:
    told = {NoticeState.PUBLIC: "公告已发布", NoticeState.SCHEDULED: "公告将在发布日期公开"}
    return told.get(state, "公告已保存，没有公开")


def _page(notice: Notice, form: NoticeForm, problem: str = "") -> str:
    state = notices.state(notice, utcnow())
    return render_template(
        "admin/notice.html",
        notice=notice,
        form=form,
        state=state,
        is_out=state in (NoticeState.PUBLIC, NoticeState.ENDED),
        problem=problem,
        most=MOST_BYTES >> 20,
        most_files=notices.MOST_FILES,
    )


# --- attachments ------------------------------------------------------------------------------------------------------


@bp.post("/notices/<int:notice_id>/files")
@only(Role.SYSTEM)
def add_notice_file(notice_id: int) -> ResponseReturnValue:
    notice = db.session.get(Notice, notice_id) or abort(404)
    file = request.files.get("file")
    data = file.stream.read(MOST_BYTES + 1) if file else b""
    try:
        kind = _checked(data)
    except AttachmentRefused as error:
        saved = NoticeForm(notice, notices.state(notice, utcnow()), formdata=None)  # what was sent is another form
        return _page(notice, saved, str(error)), 422
    blob = store().put(data)
    name = clean_name(file.filename or "" if file else "", kind)
    with writing():
        notice = db.session.get(Notice, notice_id) or abort(404)
        added = notices.add_file(notice, me(), name=name, kind=kind, address=blob.address, size=blob.size)
        db.session.commit()
    flash(*(("附件已添加", "g") if added else (ENOUGH, "y")))
    return redirect(url_for("admin.edit_notice", notice_id=notice_id))


def _checked(data: bytes) -> str:
    """What the file is. Raises AttachmentRefused."""
    kind, config = kind_of(data), current_app.config
    try:
        virus_scan.check(data, Scanner(config["CLAMD"], required=config["CLAMD_FAIL"] == "closed"))
    except Unchecked as error:
        raise AttachmentRefused(str(error)) from error
    except PictureRefused as error:
        raise AttachmentRefused(INFECTED) from error
    return kind


@bp.get("/notices/<int:notice_id>/files/<uid>", endpoint="notice_file")
@only(Role.SYSTEM)
def draft_file(notice_id: int, uid: str) -> Response:
    notice = db.session.get(Notice, notice_id) or abort(404)
    return stored_file(notices.file_of(notice, uid) or abort(404))


@bp.post("/notices/<int:notice_id>/files/<uid>/remove")
@only(Role.SYSTEM)
def remove_notice_file(notice_id: int, uid: str) -> ResponseReturnValue:
    with writing():
        notice = db.session.get(Notice, notice_id) or abort(404)
        notices.remove_file(notice, notices.file_of(notice, uid) or abort(404), me())
        db.session.commit()
    flash("附件已移除", "g")
    return redirect(url_for("admin.edit_notice", notice_id=notice_id))
