"""变更内容: what a change in hand is about; more can be added at any time."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import writing
from blueprints.wizard.shared import bp, editable_case, step_bar
from forms import TOPICS
from models import db
from services.access import APPLICANTS, only
from services.filing import change
from services.workflow import start as workflow_start


@bp.route("/topics", methods=["GET", "POST"])
@only(*APPLICANTS)
def topics() -> ResponseReturnValue:
    """A declaration that is not about something in particular goes on as it was."""
    case = editable_case()
    chosen = case.declaration.change_topics
    if not chosen:
        return redirect(url_for("wizard.home"))
    if request.method != "POST":
        return render_template("wizard/topics.html", topics=TOPICS, chosen=chosen, bar=step_bar(case, "topics"))
    with writing():
        declaration = editable_case().declaration
        added = workflow_start.widen(declaration, request.form.getlist("topic"))
        way, new = change.way(declaration), {topic.step for topic in TOPICS if topic.code in added}
        first = next((step for step in way if step.slug in new), way[0])
        db.session.commit()
    return redirect(url_for("wizard.step", step=first))
