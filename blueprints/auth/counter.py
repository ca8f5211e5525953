"""窗口: an officer looks a person up by name and full number, checks the ID card and issues an activation code.

Another name under the number gets none: that leads to a 核验申请, written down for the person.
"""

from __future__ import annotations

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.auth.forms import IssueForm, LookUpForm
from blueprints.auth.shared import bp, remember
from lib.codes import AssistanceNeed
from lib.database import utcnow
from models import db
from services.access import OFFICERS, only
from services.accounts import activation_codes, counter_desk
from services.accounts.counter_desk import Visitor


@bp.route("/staff/counter", methods=["GET", "POST"])
@only(*OFFICERS)
def staff_counter() -> ResponseReturnValue:
    """A POST keeps the number out of URLs. Each lookup is audited before its result is shown."""
    form = LookUpForm()
    if not form.validate_on_submit():
        return _page(form), 422 if form.is_submitted() else 200
    try:
        with writing():
            found = counter_desk.look_up(form.number.data, form.name.data, me())
            db.session.commit()
    except counter_desk.OwnAccount:
        form.number.errors = ["不能为本人办理，请由其他工作人员办理"]
        return _page(form), 422
    if found and not found.can:
        remember("counter", name=form.name.data, number=form.number.data, need=AssistanceNeed.OCCUPIED.value)
    form.name.data = form.number.data = None
    return _page(form, looked=True, found=found)


def _page(
    form: LookUpForm, *, looked: bool = False, found: Visitor | None = None, issue: IssueForm | None = None
) -> str:
    return render_template(
        "auth/counter.html", form=form, looked=looked, found=found, issue=issue or IssueForm(formdata=None)
    )


@bp.post("/staff/counter/code")
@only(*OFFICERS)
def staff_counter_code() -> ResponseReturnValue:
    """Show the code once, on a page to print."""
    found = counter_desk.visitor(
        request.form.get("kind", ""), request.form.get("uid", ""), request.form.get("name", ""), me()
    )
    if found is None or not found.can:
        abort(404)
    issue = IssueForm()
    if not issue.validate():
        return _page(LookUpForm(formdata=None), looked=True, found=found, issue=issue), 422
    with writing():
        code = counter_desk.issue_code(found, me())
        db.session.commit()
    return render_template(
        "auth/slip.html", found=found, code=code, until=utcnow() + activation_codes.LIFE, office=me()
    )
