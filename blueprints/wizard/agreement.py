"""What a person agrees to with 【提交】: the 阅读须知 and 承诺函 in force, and whether the page showed these."""

from __future__ import annotations

from typing import Any

from flask import request

from lib.codes import AgreedKind
from models import Declaration
from services.site import agreed_texts

NOT_AGREED = "请阅读并勾选同意《关于本人信息真实准确承诺函》"
RENEWED = "承诺函或者阅读须知已更新，请阅读新的内容，再勾选同意"


def shown(declaration: Declaration) -> dict[str, Any]:
    """For templates/wizard/_commitment.html. ``notice_is_new``: another one than this person has read."""
    notice, read_at = agreed_texts.current(AgreedKind.NOTICE), declaration.notice_read_at
    return {
        "commitment": agreed_texts.current(AgreedKind.COMMITMENT),
        "notice": notice,
        "notice_is_new": read_at is None or read_at < notice.starts_at,
    }


def sent() -> dict[str, str]:
    """The versions that the page showed, as ``submit`` takes them."""
    notice, _comma, commitment = request.form.get("texts", agreed_texts.FIRST_TOGETHER).partition(",")
    return {"notice": notice, "commitment": commitment}


def problem() -> str:
    """What is missing of the agreement; empty if nothing is."""
    if request.form.get("agree") != "yes":
        return NOT_AGREED
    seen = request.form.get("texts", agreed_texts.FIRST_TOGETHER)
    return "" if seen == agreed_texts.in_force_together() else RENEWED
