"""核验申请 at the office: the list, one next to what stands under its number, its outcomes, those of the counter."""

from __future__ import annotations

from collections.abc import Sequence

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me, writing
from blueprints.auth.assistance import asked_in, keep_request, prepared_document, receipt_page
from blueprints.auth.assistance_forms import CounterAssistanceForm, UnfreezeForm, VerdictForm
from blueprints.auth.shared import bp, forget, remember, remembered
from blueprints.downloads import stored_picture
from lib.clock import today
from lib.codes import AccountState, AssistanceOutcome, AssistanceState, IdType, Role
from lib.pictures.images import PictureRefused
from models import AssistanceRequest, db
from services.access import OFFICERS, only
from services.accounts import applicants
from services.accounts.account_changes import ChangeRefused, Grounds
from services.assistance import decisions, desk
from services.assistance.decisions import AlreadyDecided, AssistanceVerdict
from services.departments import tree
from services.review import pictures as review_pictures


@bp.get("/staff/assistance")
@only(*OFFICERS)
def staff_assistance() -> str:
    decided = request.args.get("tab") == "decided"
    return render_template(
        "auth/staff_assistance.html",
        rows=desk.listing(me(), decided=decided),
        counts=desk.counts(me()),
        decided=decided,
        today=today(),
        soon=desk.last_soon(today()),
        most=desk.LISTED,
    )


def _in_scope(uid: str, *, lock: bool = False) -> AssistanceRequest:
    return desk.one(me(), uid, lock=lock) or abort(404)


@bp.get("/staff/assistance/<uid>")
@only(*OFFICERS)
def staff_assistance_one(uid: str) -> ResponseReturnValue:
    """Whose account it shows is written down first; opened again soon it is one access."""
    row = _in_scope(uid)
    found = desk.beside(row, me())
    if desk.is_to_log(found.account, me()):
        _log(uid, desk.VIEWED)
        return _show(_in_scope(uid))
    return _show(row, found)


@bp.post("/staff/assistance/<uid>/reveal")
@only(*OFFICERS)
def staff_assistance_reveal(uid: str) -> ResponseReturnValue:
    """Show numbers and phones once, and write that down."""
    _log(uid, "reveal")
    return _show(_in_scope(uid), reveal=True)


def _log(uid: str, verb: str) -> None:
    with writing():
        row = _in_scope(uid)
        desk.log(verb, row, desk.beside(row, me()).account, me())
        db.session.commit()


def _show(
    row: AssistanceRequest,
    found: desk.Beside | None = None,
    *,
    reveal: bool = False,
    form: VerdictForm | None = None,
    unfreeze: UnfreezeForm | None = None,
    problem: str = "",
) -> str:
    found = found or desk.beside(row, me())
    return render_template(
        "auth/staff_assistance_one.html",
        row=row,
        found=found,
        reveal=reveal,
        form=form or VerdictForm(_outcomes(found), formdata=None),
        unfreeze=unfreeze or UnfreezeForm(formdata=None),
        may_unfreeze=me().role == Role.MANAGER and _is_frozen(found),
        problem=problem,
        watermark=review_pictures.watermark(me().name),
        today=today(),
    )


def _is_frozen(found: desk.Beside) -> bool:
    return found.account is not None and found.account.state == AccountState.FROZEN


def _outcomes(found: desk.Beside) -> Sequence[AssistanceOutcome]:
    """Only what is possible for what stands under the number now."""
    in_force = found.account is not None and found.account.state == AccountState.ACTIVE
    mine = () if in_force and not found.same_name else (AssistanceOutcome.SAME_PERSON,)
    others = (AssistanceOutcome.MISTYPED, AssistanceOutcome.MISUSE) if in_force else ()
    return (*mine, *others, AssistanceOutcome.REFUSED)


@bp.post("/staff/assistance/<uid>/decide")
@only(*OFFICERS)
def staff_assistance_decide(uid: str) -> ResponseReturnValue:
    row = _in_scope(uid)
    form = VerdictForm(_outcomes(desk.beside(row, me())))
    if row.state == AssistanceState.WAITING and not form.validate():
        return _show(row, form=form), 422
    try:
        with writing():
            decisions.decide(_in_scope(uid, lock=True), me(), _verdict(form))
            db.session.commit()
    except AlreadyDecided:
        return _show(_in_scope(uid), problem="这份申请已由其他工作人员办理，您的决定没有保存"), 409
    except ChangeRefused as error:
        return _show(_in_scope(uid), form=form, problem=str(error)), 422
    flash("已办理，申请人凭回执可以看到答复", "g")
    return redirect(url_for("auth.staff_assistance_one", uid=uid))


def _verdict(form: VerdictForm) -> AssistanceVerdict:
    return AssistanceVerdict(
        AssistanceOutcome(form.outcome.data or AssistanceOutcome.REFUSED),
        form.answer.data or "",
        Grounds(form.reason.data or "", form.evidence.data or ""),
        IdType(form.id_type.data or IdType.RESIDENT),
        form.number.data or "",
    )


@bp.post("/staff/assistance/<uid>/unfreeze")
@only(Role.MANAGER)
def staff_assistance_unfreeze(uid: str) -> ResponseReturnValue:
    row, form = _in_scope(uid), UnfreezeForm()
    if not form.validate():
        return _show(row, unfreeze=form), 422
    try:
        with writing():
            decisions.unfreeze(_in_scope(uid, lock=True), me(), Grounds(form.reason.data or ""))
            db.session.commit()
    except ChangeRefused as error:
        return _show(_in_scope(uid), problem=str(error)), 422
    flash("已解除冻结，账号可以登录", "g")
    return redirect(url_for("auth.staff_assistance_one", uid=uid))


# --- pictures --------------------------------------------------------------------------------------------------------


@bp.get("/staff/assistance/<uid>/document")
@only(*OFFICERS)
def staff_assistance_document(uid: str) -> ResponseReturnValue:
    """The picture of the ID document, small with ``?thumb=1``."""
    row = _in_scope(uid)
    return stored_picture((row.thumb_address if request.args.get("thumb") else row.address) or abort(404))


@bp.get("/staff/assistance/<uid>/photo")
@only(*OFFICERS)
def staff_assistance_photo(uid: str) -> ResponseReturnValue:
    """The photo of the account's newest declaration. Opened alone, it is an access as well."""
    row = _in_scope(uid)
    found = desk.beside(row, me())
    address = found.photo or abort(404)
    if desk.is_to_log(found.account, me()):
        _log(uid, desk.VIEWED)
    return stored_picture(address)


# --- an application made at the counter -------------------------------------------------------------------------------


@bp.route("/staff/assistance/new", methods=["GET", "POST"])
@only(*OFFICERS)
def staff_assistance_new() -> ResponseReturnValue:
    """The officer writes it down for a person at the counter; it is decided like every other one."""
    known = None if request.form else remembered("counter")
    form = CounterAssistanceForm(current_app.config["LEGACY_CLAIM_FACTORS"], data=known)
    if not form.validate_on_submit():
        return _new_page(form), 422 if form.is_submitted() else 200
    if me().id_index == applicants.number_index(form.number.data):
        form.number.errors = ["不能为本人办理，请由其他工作人员办理"]
        return _new_page(form), 422
    file = request.files.get("document")
    data = file.read() if file else b""
    office = tree.load().by_id[me().department_id].code
    try:
        picture = prepared_document(data) if data else None
    except PictureRefused as error:
        form.document.errors = [str(error)]
        return _new_page(form), 422
    row_id, receipt = keep_request(asked_in(form, office), picture, me())
    forget("counter")
    remember("counter_receipt", request_id=row_id, receipt=receipt)
    return redirect(url_for("auth.staff_assistance_slip"))


def _new_page(form: CounterAssistanceForm) -> str:
    return render_template("auth/staff_assistance_new.html", form=form)


@bp.get("/staff/assistance/slip")
@only(*OFFICERS)
def staff_assistance_slip() -> ResponseReturnValue:
    """The receipt for the person at the counter, once."""
    kept = remembered("counter_receipt")
    row = db.session.get(AssistanceRequest, kept["request_id"]) if kept else None
    if kept is None or row is None:
        return redirect(url_for("auth.staff_assistance"))
    forget("counter_receipt")
    return receipt_page("auth/staff_assistance_slip.html", row, kept["receipt"])
