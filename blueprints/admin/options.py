"""选项列表: the choices of the questions (系统管理员)."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField
from wtforms.validators import NumberRange, Optional

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, WholeNumberField, bp, max_length, one_line
from lib.codes import Role
from lib.questions.validators import Required
from models import Option, db
from services.access import only
from services.declaration import option_lists
from services.declaration.option_lists import OptionList, OptionRefused

LONGEST_TITLE = 60  # characters


class OptionForm(AdminForm):
    title = StringField("名称", [Required(), max_length(LONGEST_TITLE)], [one_line], "申报人看到的文字")
    position = WholeNumberField(
        "顺序", [Optional(), NumberRange(0, 999, "请填写 0 至 999 的整数")], description="小的在前；不填的排在最后"
    )


@bp.get("/options", endpoint="options")
@only(Role.SYSTEM)
def list_options() -> str:
    return render_template("admin/options.html", lists=option_lists.lists())


@bp.get("/options/<name>", endpoint="option_list")
@only(Role.SYSTEM)
def one_list(name: str) -> str:
    return _list_page(_found(name), OptionForm(formdata=None))


@bp.post("/options/<name>", endpoint="add_option")
@only(Role.SYSTEM)
def add(name: str) -> ResponseReturnValue:
    found, form = _found(name), OptionForm()
    if form.validate():
        try:
            with writing():
                option_lists.add(me(), _found(name), form.title.data or "", form.position.data)
                db.session.commit()
            return _saved(name, f"已添加「{form.title.data}」")
        except OptionRefused as error:
            form.title.errors = [str(error)]
    return _list_page(found, form), 422


@bp.route("/options/<name>/<code>", methods=["GET", "POST"], endpoint="option")
@only(Role.SYSTEM)
def edit(name: str, code: str) -> ResponseReturnValue:
    option = _option(name, code)
    form = OptionForm(obj=option)
    if form.validate_on_submit():
        try:
            with writing():
                option_lists.edit(me(), _found(name), _option(name, code), form.title.data or "", form.position.data)
                db.session.commit()
            return _saved(name, f"已保存「{form.title.data}」")
        except OptionRefused as error:
            form.title.errors = [str(error)]
    page = render_template("admin/option.html", option=option, found=_found(name), form=form)
    return page, 422 if form.errors else 200


@bp.post("/options/<name>/<code>/retire", endpoint="retire_option")
@only(Role.SYSTEM)
def retire(name: str, code: str) -> ResponseReturnValue:
    """停用, or 恢复使用 with ``action=restore``."""
    title, restores = _option(name, code).title, request.form.get("action") == "restore"
    try:
        with writing():
            (option_lists.restore if restores else option_lists.retire)(me(), _found(name), _option(name, code))
            db.session.commit()
    except OptionRefused as error:
        return _list_page(_found(name), OptionForm(formdata=None), str(error)), 422
    return _saved(name, f"已{'恢复使用' if restores else '停用'}「{title}」")


def _found(name: str) -> OptionList:
    return option_lists.one(name) or abort(404)


def _option(name: str, code: str) -> Option:
    return db.session.get(Option, (name, code)) or abort(404)


def _saved(name: str, message: str) -> ResponseReturnValue:
    flash(message, "g")
    return redirect(url_for("admin.option_list", name=name))


def _list_page(found: OptionList, form: OptionForm, problem: str = "") -> str:
    return render_template("admin/option_list.html", found=found, form=form, problem=problem)
