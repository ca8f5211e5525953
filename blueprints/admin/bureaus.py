"""新设部门: the 系统管理员 adds a bureau of a city or a county, which takes filings from a day on."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from blueprints import me, writing
from blueprints.admin.departments import OfficeForm
from blueprints.admin.shared import DayField, bp, max_length, one_line
from lib.clock import today
from lib.codes import Role
from lib.questions.fields import ChoiceQuestion
from lib.questions.validators import Required
from models import db
from services.access import only
from services.departments import bureaus
from services.departments.administration import COVERING, DepartmentRefused
from services.departments.bureaus import NewBureau


class BureauForm(OfficeForm):
    code = StringField(
        "代码",
        [Required(), max_length(6)],
        [one_line],
        "6 位行政区划代码，市级以 00 结尾。代码用过后不能再用，也不能修改",
    )
    name = StringField("名称", [Required(), max_length(60)], [one_line], "例如：样例市样例区财政局")
    parent = ChoiceQuestion("上级部门", {}, [Required()])
    opens_on = DayField("启用日期", [Required()], description="从这一天起受理申报；填今天的，保存后立即启用")

    @property
    def wanted(self) -> NewBureau:
        assert self.opens_on.data
        place = self.code.data or "", self.name.data or "", self.parent.data or "", self.opens_on.data
        return NewBureau(*place, self.phone.data or "", self.address.data or "", self.hours.data or "")


@bp.route("/departments/new-bureau", methods=["GET", "POST"])
@only(Role.SYSTEM)
def new_bureau() -> ResponseReturnValue:
    form = BureauForm()
    form.parent.fixed = bureaus.parents()
    if form.validate_on_submit():
        try:
            with writing():
                made = bureaus.add(me(), form.wanted)
                code, covers = made.code, bool(made.covers)
                db.session.commit()
            return _made(form.wanted, code, covers=covers)
        except DepartmentRefused as refused:
            form[refused.field].errors = [str(refused)]
    return render_template("admin/department_bureau.html", form=form), 422 if form.errors else 200


def _made(new: NewBureau, code: str, *, covers: bool) -> ResponseReturnValue:
    when = "" if new.opens_on <= today() else f"，{new.opens_on} 起启用"
    asks = covers or new.kind not in COVERING
    flash(f"已添加{new.name}{when}" + ("" if asks else "，请选择它负责的县(区)或街道"), "g")
    return redirect(url_for("admin.department_setup" if asks else "admin.department_covers", code=code))
