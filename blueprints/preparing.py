"""准备材料: three questions, without signing in; their answers go along to the registration."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, current_app, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from blueprints.account_forms import AccountForm
from lib.clock import today
from lib.codes import HeldCertificate, IdType, Situation
from lib.questions.fields import ChoiceQuestion, ManyQuestion
from lib.questions.validators import Optional, Required
from services.access import public
from services.declaration import deadlines
from services.site import preparing
from services.site.preparing import PreparingAnswers

bp = Blueprint("preparing", __name__)
KEPT = "prepared"  # the name under which the page cookie holds the answers


class CountyQuestion(ChoiceQuestion):
    """A county, grouped by city."""

    @property
    def groups(self) -> Mapping[str, Mapping[str, str]]:
        return preparing.counties()

    @property
    def choices(self) -> Mapping[str, str]:
        return {code: name for found in self.groups.values() for code, name in found.items()}


class PreparingForm(AccountForm):
    id_type = ChoiceQuestion("您用哪种证件", IdType, [Required()], kind="radio", preset=IdType.RESIDENT.value)
    situation = ChoiceQuestion("您有没有工作单位", Situation, [Required()], kind="radio")
    county = CountyQuestion("单位、学校或本人在哪个县(区)", None, [Required()])
    certificates = ManyQuestion("您有哪些证书", HeldCertificate, [Optional()], hint="可多选，没有的不选")


def kept() -> PreparingAnswers | None:
    """What this browser has answered."""
    return preparing.of(session.get(KEPT))


@bp.route("/prepare", methods=["GET", "POST"])
@public
def page() -> ResponseReturnValue:
    prepared = kept()
    form = PreparingForm(data=prepared.to_keep() if prepared else None)
    if request.method == "POST" and form.validate():
        chosen = {field.name: field.data or () for field in form}
        session[KEPT] = PreparingAnswers(**chosen | {"certificates": tuple(chosen["certificates"])}).to_keep()
        return redirect(url_for("preparing.page", _anchor="list"))
    shown = prepared if request.method == "GET" else None
    return render_template("public/prepare.html", form=form, **_told(shown)), 422 if form.errors else 200


def _told(prepared: PreparingAnswers | None) -> dict[str, object]:
    """What follows from the answers."""
    if prepared is None:
        return {"papers": None}
    due = deadlines.due_date(today(), current_app.config["REVIEW_DAYS"], deadlines.calendar())
    offices = preparing.departments(prepared)
    return {"papers": preparing.papers(prepared), "office": next(iter(offices), None), "due": due}
