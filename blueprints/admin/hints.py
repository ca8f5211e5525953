"""填写提示: what the office says at a question or paper; worded, looked at, published from a day on."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import ValidationError

from blueprints import me, writing
from blueprints.admin.agreed_texts import PublishForm
from blueprints.admin.shared import ParagraphsField, bp, one_line
from forms import PAPER, STEPS
from lib import plain_text
from lib.codes import Role
from lib.database import utcnow
from lib.questions.validators import Optional
from models import db
from services.access import only
from services.declaration import labels
from services.site import hints


class HintForm(PublishForm):
    text = ParagraphsField(
        "填写提示",
        [Optional()],
        [one_line],
        f"最多 {hints.LONGEST} 个字，例如：照毕业证书上的日期填写，不要填入学日期。不再需要的，清空后发布",
    )

    def validate_text(self, field: ParagraphsField) -> None:
        if wrong := hints.problem(field.data or ""):
            raise ValidationError(wrong)


@bp.get("/hints", endpoint="hints")
@only(Role.MANAGER, Role.SYSTEM)
def list_hints() -> ResponseReturnValue:
    """``target``: chosen from the list of all questions and papers."""
    if hints.may_have_one(request.args.get("target", "")):
        return redirect(url_for("admin.hint", target=request.args["target"]))
    own = hints.versions(me())
    latest = {one.target: one for one in own if one.starts_at <= utcnow()}
    rows = [(labels.full(one.target), one) for one in latest.values() if one.text]
    coming = [(labels.full(one.target), one) for one in own if one.starts_at > utcnow()]
    return render_template("admin/hints.html", rows=rows, coming=coming, places=_places())


def _places() -> list[tuple[str, list[tuple[str, str]]]]:
    """All questions page by page, then the papers: (target, label)."""
    pages = [(step.title, [(name, labels.full(name)) for name in labels.names(step)]) for step in STEPS]
    return [*pages, ("附件上传", [(kind, paper.title) for kind, paper in PAPER.items()])]


@bp.route("/hints/<target>", methods=["GET", "POST"])
@only(Role.MANAGER, Role.SYSTEM)
def hint(target: str) -> ResponseReturnValue:
    """【预览】 shows it at its place, 【发布】 publishes what was looked at."""
    if not hints.may_have_one(target):
        abort(404)
    now = hints.own(me(), target)
    form = HintForm(data={"text": now.text if now else ""})
    if not form.validate_on_submit():
        return _page(form, target), 422 if form.is_submitted() else 200
    text = form.text.data or ""
    if text == (now.text if now else ""):
        form.text.errors = ["与现在使用的相同，请修改"]
        return _page(form, target), 422
    if request.form.get("action") != "publish" or request.form.get("seen") != text:
        return _page(form, target, preview=True)
    with writing():
        hints.publish(me(), target, text, form.starts_on.data)
        db.session.commit()
    flash(f"「{labels.full(target)}」的填写提示已{'发布' if text else '取消'}", "g")
    return redirect(url_for("admin.hints"))


def _page(form: HintForm, target: str, *, preview: bool = False) -> str:
    versions, now = hints.versions(me(), target)[::-1], hints.own(me(), target)
    text = form.text.data or ""
    return render_template(
        "admin/hint.html",
        form=form,
        title=labels.full(target),
        built_in=_built_in(target),
        preview=text if preview else None,
        compared=plain_text.differences(now.text, text) if preview and now else [],
        versions=versions,
        in_force=now,
        publishers=hints.publishers(versions) if versions else {},
        now=utcnow(),
    )


def _built_in(target: str) -> str:
    """The hint that the place has anyway."""
    step = labels.table()[target].step
    if target in PAPER or step is None:
        return PAPER[target].hint
    return str(labels.unfilled(step)[target].description)
