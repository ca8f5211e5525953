"""接口令牌: a security administrator makes one for another system, a system administrator confirms it (adr/043)."""

from __future__ import annotations

from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.admin.shared import AdminForm, bp, max_length, one_line
from lib.codes import ApiScope
from lib.questions.fields import ChoiceQuestion, ManyQuestion, TextQuestion
from lib.questions.validators import Optional, Required
from models import db
from services.access import only
from services.api import tokens
from services.api.tokens import CONFIRMERS, MAKERS, READERS, NewToken, TokenRefused
from services.departments import matching

STATES = {"waiting": "待确认", "in_use": "使用中", "expired": "已到期", "revoked": "已作废"}


class NewTokenForm(AdminForm):
    name = TextQuestion("系统名称", [Required(), max_length(40)], one_line, hint="申报人在“信息查阅记录”中看到这个名称")
    department = ChoiceQuestion("部门", validators=[Required()], hint="可以读取这个部门和下级部门的人员")
    scopes = ManyQuestion("可以读取", ApiScope, [Required()])
    networks = TextQuestion(
        "限定网络",
        [Optional()],
        one_line,
        hint="只接受来自这些网络的请求，例如 192.0.2.0/24，几个的用逗号分开；不填的不限定",
    )
    per_minute = ChoiceQuestion(
        "每分钟最多请求", {"30": "30 次", "120": "120 次", "600": "600 次"}, [Required()], preset="120"
    )
    days = ChoiceQuestion(
        "有效期", {"30": "30 天", "90": "90 天", "180": "180 天", "365": "一年"}, [Required()], preset="180"
    )

    def __init__(self) -> None:
        super().__init__()
        self.department.fixed = {office.code: office.name for office in matching.in_scope(me())}

    def validate_scopes(self, field: Any) -> None:
        needs = {ApiScope.WORK.value, ApiScope.NUMBERS.value}
        if needs.intersection(field.data or ()) and ApiScope.RECORDS.value not in field.data:
            raise ValidationError("读取工作单位或完整证件号码的，请同时选择第一项")

    def validate_networks(self, field: Any) -> None:
        try:
            tokens.networks_of(field.data or "")
        except ValueError as error:
            raise ValidationError("请按 192.0.2.0/24 或 2001:db8::/48 的样子填写") from error

    @property
    def wanted(self) -> NewToken:
        scopes = [ApiScope(code) for code in self.scopes.data]
        networks = tokens.networks_of(self.networks.data or "")
        return NewToken(
            self.name.data, self.department.data, scopes, networks, int(self.per_minute.data), int(self.days.data)
        )


@bp.get("/api-tokens", endpoint="api_tokens")
@only(*READERS)
def list_tokens() -> str:
    rows = [(row, tokens.state(row)) for row in tokens.listing(me())]
    may = {"make": me().role in MAKERS, "confirm": me().role in CONFIRMERS, "revoke": me().role in MAKERS + CONFIRMERS}
    scopes = {scope.value: scope.label for scope in ApiScope}
    return render_template("admin/api_tokens.html", rows=rows, states=STATES, scopes=scopes, may=may)


@bp.route("/api-tokens/new", methods=["GET", "POST"])
@only(*MAKERS)
def new_api_token() -> ResponseReturnValue:
    """The answer to the form shows the token, this once."""
    form = NewTokenForm()
    if not form.validate_on_submit():
        return render_template("admin/api_token_new.html", form=form), 422 if form.errors else 200
    try:
        with writing():
            row, text = tokens.make(me(), form.wanted)
            name, ends = row.name, row.expires_at
            db.session.commit()
    except TokenRefused as error:
        form.department.errors = [str(error)]
        return render_template("admin/api_token_new.html", form=form), 422
    address = f"{current_app.config['BASE_URL']}/api/v1"
    return render_template("admin/api_token_slip.html", name=name, ends=ends, token=text, address=address)


@bp.post("/api-tokens/<uid>/decide")
@only(*CONFIRMERS, *MAKERS)
def decide_api_token(uid: str) -> ResponseReturnValue:
    """确认启用, or with ``action=revoke`` 作废, which refuses one that waits, too."""
    try:
        with writing():
            row = tokens.one(me(), uid) or abort(404)
            if request.form.get("action") == "revoke":
                tokens.revoke(me(), row)
                said = "令牌已作废，从现在起不能使用"
            elif me().role in CONFIRMERS:
                tokens.confirm(me(), row)
                said = "令牌已启用"
            else:
                abort(404)
            db.session.commit()
        flash(said, "g")
    except TokenRefused as error:
        flash(str(error), "r")
    return redirect(url_for("admin.api_tokens"))
