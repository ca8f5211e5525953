"""原有用户设置密码: name and number, then a proof, then the password. The second page is the same for everybody."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from blueprints import client_source, writing
from blueprints.auth.forms import ClaimForm, NewPasswordForm, ProofForm
from blueprints.auth.shared import CODE_TOO_OFTEN, bp, duration, forget, remember, remembered, to_sign_in
from lib.codes import AssistanceNeed
from models import LegacyHolder, db
from services.access import public
from services.accounts import legacy_claim, passwords, throttle
from services.accounts.applicants import StepExpired
from services.accounts.legacy_claim import Proof, ProvenClaim
from services.site import privacy

WRONG = "核对不一致，请检查姓名、身份证号和凭证后再试。多次不成功的，请到当地会计管理部门窗口办理，或者提交核验申请"
TOO_OFTEN = CODE_TOO_OFTEN | {
    "source": "该证件号码在您所在的网络核对失败的次数过多。请 {}后再试，或者换用其他网络（如手机流量）；"
    "也可到当地会计管理部门窗口领取激活码",
    "person": "该证件号码核对失败的次数过多，可能有人在冒用。请到当地会计管理部门窗口领取激活码，或者 {}后再试",
}


@bp.route("/claim", methods=["GET", "POST"])
@public
def claim() -> ResponseReturnValue:
    """It queries nothing: a valid form always leads to the second page."""
    form = ClaimForm()
    if not form.validate_on_submit():
        return render_template("auth/claim.html", form=form), 422 if form.is_submitted() else 200
    forget("opened")
    remember("claim", name=form.name.data, number=form.number.data)
    return redirect(url_for("auth.claim_proof"))


@bp.route("/claim/proof", methods=["GET", "POST"])
@public
def claim_proof() -> ResponseReturnValue:
    who = remembered("claim")
    if who is None:
        return _start_again()
    form = ProofForm(current_app.config["LEGACY_CLAIM_FACTORS"])
    if request.method != "POST":
        return _proof_page(form)
    if not form.validate():
        return _proof_page(form), 422
    if form.factor.data == legacy_claim.BY_PICTURE:  # nothing is checked here: officers do
        return redirect(url_for("auth.assistance", need=AssistanceNeed.RECORD.value))
    proof = Proof(
        form.factor.data or "",
        form.code.data or "",
        form.archive_no.data or "",
        _month(form),
        sms_code=form.sms_code.data or "",
    )
    return _check(form, who["name"], who["number"], proof)


def _month(form: ProofForm) -> str:
    return legacy_claim.month_of(form.issued.data or "")


def _check(form: ProofForm, name: str, number: str, proof: Proof) -> ResponseReturnValue:
    """Count, commit, check. All failures get the same answer."""
    by_code = proof.factor in ("activation_code", legacy_claim.BY_SMS)
    limits = throttle.CODE if by_code else throttle.PROOF
    with writing():
        made = throttle.count_secret(limits, number, client_source())
        if made.until is None:
            legacy_claim.audit_attempt(number)
        db.session.commit()
    if made.until:
        words = CODE_TOO_OFTEN if by_code else TOO_OFTEN
        return _proof_page(form, words[made.limited].format(duration(made.minutes))), 429
    opened = legacy_claim.check_proof(number, name, proof)
    if opened is None:
        db.session.rollback()
        return _proof_page(form, WRONG), 422
    with writing():
        throttle.uncount_attempt(made)
        db.session.commit()
    remember("opened", **asdict(opened))
    return redirect(url_for("auth.claim_password"))


def _proof_page(form: ProofForm, problem: str = "") -> str:
    return render_template("auth/claim_proof.html", form=form, problem=problem)


@bp.route("/claim/password", methods=["GET", "POST"])
@public
def claim_password() -> ResponseReturnValue:
    """Set the password; the person then signs in with it (guide)."""
    opened = remembered("opened")
    if opened is None:
        return _start_again()
    personal = _personal(opened)
    if personal is None:  # the import was undone
        return _start_again()
    form = NewPasswordForm(personal)
    db.session.rollback()
    if not form.validate_on_submit():
        return render_template("auth/claim_password.html", form=form), 422 if form.is_submitted() else 200
    password_hash = passwords.hashed(form.password.data)
    try:
        with writing():
            legacy_claim.claim(ProvenClaim(**opened), password_hash, privacy.VERSION)
            db.session.commit()
    except StepExpired:
        return _start_again()
    typed = remembered("claim")
    forget("claim", "opened")
    flash("设置成功，请重新登录", "g")
    return to_sign_in(typed)


def _personal(opened: dict[str, Any]) -> dict[str, str] | None:
    holder = db.session.scalar(select(LegacyHolder).where(LegacyHolder.uid == opened.get("holder_uid")))
    if holder is None:
        return None
    phone = (
        holder.phone if opened["factor"] in legacy_claim.ASSURED_BY else ""
    )  # else a refused password would reveal the phone
    return {"name": holder.name, "number": holder.id_number, "phone": phone or ""}


def _start_again() -> ResponseReturnValue:
    forget("claim", "opened")
    flash("页面已过期，请重新填写姓名和身份证号", "y")
    return redirect(url_for("auth.claim"))
