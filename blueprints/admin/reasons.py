"""The lists of reasons for a return and a 不予采集: the province's (系统管理员) and an office's own (部门管理员)."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import NumberRange, Optional

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, ParagraphsField, WholeNumberField, bp, max_length, one_line
from lib.codes import Role
from lib.questions.validators import Required
from models import ReturnReason, db
from services.access import only
from services.marks import return_reasons


class ReasonForm(AdminForm):
    title = StringField("名称", [Required(), max_length(20)], [one_line], "审核人员从列表中选择的名称，例如：日期有误")
    advice = ParagraphsField(
        "给申报人的说明",
        [Required(), max_length(200)],
        [one_line],
        "申报人会看到这段话，请写明怎样修改，例如：日期与证书上的不一致，请核对后修改",
    )
    position = WholeNumberField(
        "顺序",
        [Optional(), NumberRange(0, 999, "请填写 0 至 999 的整数")],
        description="列表按使用次数排列，次数相同的按这个数从小到大排列",
    )

    @property
    def wording(self) -> return_reasons.Wording:
        return return_reasons.Wording(self.title.data or "", self.advice.data or "", self.position.data or 0)


@bp.get("/reasons", endpoint="reasons")
@only(Role.MANAGER, Role.SYSTEM)
def list_reasons() -> str:
    return _reasons()


def _reasons(problem: str = "") -> str:
    return render_template("admin/reasons.html", groups=return_reasons.groups(me()), problem=problem)


@bp.route("/reasons/new/<applies_to>", methods=["GET", "POST"])
@only(Role.MANAGER, Role.SYSTEM)
def new_reason(applies_to: str) -> ResponseReturnValue:
    if applies_to not in return_reasons.LISTS:
        abort(404)
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            with writing():
                return_reasons.add(me(), applies_to, form.wording)
                db.session.commit()
            return _saved(f"已添加「{form.title.data}」")
        except return_reasons.ReasonTaken as error:
            form.title.errors = [str(error)]
    return _reason_page(form, applies_to)


@bp.route("/reasons/<code>", methods=["GET", "POST"])
@only(Role.MANAGER, Role.SYSTEM)
def reason(code: str) -> ResponseReturnValue:
    """Wording and order of one reason of the own list. Others give a 404."""
    found = return_reasons.editable(me(), code) or abort(404)
    form = ReasonForm(obj=found)
    if form.validate_on_submit():
        try:
            with writing():
                return_reasons.edit(me(), found, form.wording)
                db.session.commit()
            return _saved(f"已保存「{form.title.data}」")
        except return_reasons.ReasonTaken as error:
            form.title.errors = [str(error)]
    return _reason_page(form, found.applies_to, found)


@bp.post("/reasons/<code>/retire")
@only(Role.MANAGER, Role.SYSTEM)
def retire_reason(code: str) -> ResponseReturnValue:
    """停用, or 恢复使用 with ``action=restore``."""
    found = return_reasons.editable(me(), code) or abort(404)
    retired, title = request.form.get("action") != "restore", found.title
    try:
        with writing():
            return_reasons.retire(me(), found, retired=retired)
            db.session.commit()
    except return_reasons.ReasonTaken as error:
        return _reasons(str(error)), 422
    return _saved(f"已{'停用' if retired else '恢复使用'}「{title}」")


def _saved(message: str) -> ResponseReturnValue:
    flash(message, "g")
    return redirect(url_for("admin.reasons"))


def _reason_page(form: ReasonForm, applies_to: str, found: ReturnReason | None = None) -> ResponseReturnValue:
    heading = return_reasons.LISTS[applies_to]
    page = render_template("admin/reason.html", form=form, reason=found, heading=heading)
    return page, 422 if form.errors else 200
