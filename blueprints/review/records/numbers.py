"""更正证件号码: a manager gives the person of a record or submission the right number, with a reason and evidence."""

from __future__ import annotations

from collections.abc import Callable

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from blueprints import me, writing
from blueprints.account_forms import PLAIN, NumberedForm
from blueprints.review.shared import address_of, bp, in_scope, record_in_scope
from lib.codes import IdType, Role
from lib.questions.fields import ChoiceQuestion, TextQuestion
from lib.questions.validators import Length, Required
from models import Account, Declaration, Record, db
from services import access
from services.access import only
from services.accounts import account_changes
from services.accounts.account_changes import ChangeRefused, Grounds
from services.accounts.applicants import NumberTaken


class NumberForm(NumberedForm):
    id_type = ChoiceQuestion("正确的证件类型", IdType, [Required()], preset=IdType.RESIDENT.value)
    number = TextQuestion("正确的证件号码", [Required()], hint="请照证件原件填写", render_kw=PLAIN)
    reason = TextQuestion("更正原因", [Required(), Length(1, 200)], hint="记入账号的变更记录")
    evidence = TextQuestion("核实依据", [Required(), Length(1, 200)], hint="例如：已当面核对身份证件原件")


@bp.route("/archive/<uid>/number", methods=["GET", "POST"], endpoint="correct_number")
@only(Role.MANAGER)
def correct(uid: str) -> ResponseReturnValue:
    """Old revisions and decisions stay as they were; list, record and sign-in follow."""
    return _correct(lambda: record_in_scope(uid).account, url_for("review.record", uid=uid))


@bp.route("/submissions/<uid>/number", methods=["GET", "POST"])
@only(Role.MANAGER)
def correct_applicants_number(uid: str) -> ResponseReturnValue:
    """The same for somebody without a record. One who has a record is corrected there."""
    record = db.session.scalar(
        select(Record).join(Declaration, Declaration.account_id == Record.account_id).where(Declaration.uid == uid)
    )
    if record:
        return redirect(url_for("review.correct_number", uid=record_in_scope(record.uid).uid))
    return _correct(lambda: _applicant(uid), address_of(uid))


def _applicant(uid: str) -> Account:
    """The person of a submission that the office handles: another one may at most read it."""
    declaration = in_scope(uid).declaration
    return declaration.account if access.in_office(declaration, me()) else abort(404)


def _correct(person: Callable[[], Account], back: str) -> ResponseReturnValue:
    """``person`` reads the account, inside of the transaction once more. ``back``: the page that led here."""
    account, form = person(), NumberForm()
    if form.validate_on_submit():
        try:
            with writing():
                why = Grounds(form.reason.data or "", form.evidence.data or "")
                account_changes.correct_number(person(), IdType(form.id_type.data), form.number.data or "", me(), why)
                db.session.commit()
        except NumberTaken:
            form.number.errors = ["这个号码已有其他账号，不能更正。请先在【核验】中核实两个账号"]
        except ChangeRefused as error:
            form.number.errors = [str(error)]
        else:
            flash("已更正证件号码，本人已收到消息。", "g")
            return redirect(back)
        account = person()
    earlier = account_changes.corrections_of(account.id)
    page = render_template("review/correct_number.html", account=account, form=form, back=back, corrections=earlier)
    return page, 422 if form.errors else 200
