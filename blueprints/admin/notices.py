"""通知公告: written, published and taken back by the 系统管理员."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, ParagraphsField, bp, max_length, one_line
from lib.codes import Role
from lib.questions.validators import Required
from models import Notice, db
from services.access import only
from services.site import notices


class NoticeForm(AdminForm):
    title = StringField("标题", [Required(), max_length(100)], [one_line])
    body = ParagraphsField("正文", [Required(), max_length(20_000)], [lambda text: (text or "").strip()], "空一行分段")


@bp.get("/notices", endpoint="notices")
@only(Role.SYSTEM)
def list_notices() -> str:
    return render_template("admin/notices.html", notices=notices.all_notices())


@bp.route("/notices/new", methods=["GET", "POST"])
@only(Role.SYSTEM)
def new_notice() -> ResponseReturnValue:
    return _edit(Notice())


@bp.route("/notices/<int:notice_id>", methods=["GET", "POST"])
@only(Role.SYSTEM)
def edit_notice(notice_id: int) -> ResponseReturnValue:
    return _edit(db.session.get(Notice, notice_id) or abort(404))


def _edit(notice: Notice) -> ResponseReturnValue:
    """The button decides whether the notice is published (发布) or unpublished (存为草稿, 撤回)."""
    form = NoticeForm(obj=notice)
    if form.validate_on_submit():
        publish = request.form.get("action") == "publish"
        with writing():
            notices.save(notice, me(), title=form.title.data or "", body=form.body.data or "", publish=publish)
            db.session.commit()
        flash("公告已发布" if publish else "公告已保存，没有公开", "g")
        return redirect(url_for("admin.notices"))
    return render_template("admin/notice.html", notice=notice, form=form), 422 if form.errors else 200
