"""获取短信验证码 for a claim or a lost password. Everybody gets the same answer for the same work.

The page only writes the request down; who it is, and whether there is a phone, is looked up when messages are sent.
"""

from __future__ import annotations

from flask import abort, current_app, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from blueprints import client_source, writing
from blueprints.auth.shared import bp, duration, remembered
from lib.codes import Channel, CodePurpose
from models import db, site
from services.access import public
from services.accounts import legacy_claim, sent_codes, throttle

ASKED = (
    "如果填写的信息与登记的一致，并且登记的手机号码可以使用，验证码会在一分钟左右发到该手机，15 分钟内有效。"
    "没有收到的，请用其他方式办理"
)
TOO_OFTEN = {
    "source": "获取验证码的次数过多，请 {}后再试，或者用其他方式办理",
    "person": "该证件号码今天获取验证码的次数过多，请 {}后再试，或者用其他方式办理",
    "address": "您所在的网络获取验证码的次数过多，请 {}后再试，或者换用其他网络（如手机流量）",
}


@bp.post("/forgot/sms")
@public
def forgot_sms() -> ResponseReturnValue:
    if Channel.SMS not in site().channels:
        abort(404)
    return _ask(CodePurpose.RESET, "forgot", "auth.forgot_code")


@bp.post("/claim/sms")
@public
def claim_sms() -> ResponseReturnValue:
    if legacy_claim.BY_SMS not in current_app.config["LEGACY_CLAIM_FACTORS"]:
        abort(404)
    return _ask(CodePurpose.CLAIM, "claim", "auth.claim_proof")


def _ask(purpose: CodePurpose, step: str, page: str) -> ResponseReturnValue:
    """Count and write down. Without the page before, that page says what to do."""
    who = remembered(step)
    if who is not None:
        with writing():
            made = throttle.count_secret(throttle.SEND_CODE, who["number"], client_source())
            if made.until is None:
                sent_codes.request(purpose, who["name"], who["number"])
            db.session.commit()
        if made.until:
            flash(TOO_OFTEN[made.limited].format(duration(made.minutes)), "y")
        else:
            flash(ASKED, "g")
    return redirect(url_for(page))
