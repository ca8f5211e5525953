"""Shared by the views of accounts: data between the pages of a process, signing in and out."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from math import ceil
from typing import Any

from flask import Blueprint, current_app, redirect, request, session, url_for
from werkzeug.wrappers import Response

from blueprints import gate, writing
from lib.database import utcnow
from lib.keyring import Tampered
from models import db, keys
from services.accounts import known_devices, sessions
from services.filing import next_page

bp = Blueprint("auth", __name__)

DEVICE_COOKIE, STAFF_DEVICE_COOKIE = "kuaiji_device", "kuaiji_staff_device"
#: Too many wrong activation codes: the words for each of what is limited (throttle.SecretLimits).
CODE_TOO_OFTEN = {
    "source": "该证件号码在您所在的网络填错激活码的次数过多。请换用其他网络（如手机流量），"
    "或者到当地会计管理部门窗口领取新的激活码",
    "person": "该证件号码填错激活码的次数过多，可能有人在冒用。请到当地会计管理部门窗口领取新的激活码",
    "address": "您所在的网络核对失败的次数过多，与您的证件号码无关。请 {}后再试，或者换用其他网络（如手机流量）；"
    "也可到当地会计管理部门窗口办理",
}
STEP_LIFE = timedelta(minutes=30)  # between the screens of a claim or a reset


def remember(step: str, **values: Any) -> None:
    """Store data for the next page, encrypted in the page cookie, for half an hour.

    Store only typed values or the result of a correct proof: the cookie must not reveal whether a number is known.
    """
    until = int((utcnow() + STEP_LIFE).timestamp())  # whole seconds, so that all cookies have the same length
    body = json.dumps(values | {"until": until}, ensure_ascii=False).encode()
    session[step] = urlsafe_b64encode(keys().seal(body, f"step|{step}")).decode()


def remembered(step: str) -> dict[str, Any] | None:
    """The data of an earlier page, unless expired."""
    try:
        values: dict[str, Any] = json.loads(keys().open(urlsafe_b64decode(session.get(step, "")), f"step|{step}"))
    except (Tampered, ValueError):
        return None
    return values if values.pop("until") > utcnow().timestamp() else None


def to_sign_in(typed: dict[str, Any] | None) -> Response:
    """The sign-in page, filled once with the name and number that were typed in this browser."""
    if typed:
        remember("sign_in", name=typed["name"], number=typed["number"])
    return redirect(url_for("auth.login"))


def forget(*steps: str) -> None:
    for step in steps:
        session.pop(step, None)


def next_path() -> str:
    """The wanted page, if it is a plain path of this site."""
    path = next_page.own_path(request.values.get("next", ""))
    return "" if path == "/" else path


def signed_in_response(token: str, device_token: str, place: str, *, staff: bool) -> Response:
    """The response to a sign-in. It clears the page cookie, which another person may have set."""
    session.clear()
    response = redirect(place)
    gate.set_cookie(response, token, staff=staff)
    set_device_cookie(response, device_token, staff=staff)
    return response


def _device_cookie(staff: bool) -> tuple[str, str]:
    """Its name, and the only page to which browsers send it."""
    return (STAFF_DEVICE_COOKIE, "/staff/login") if staff else (DEVICE_COOKIE, "/login")


def sent_device_token(*, staff: bool) -> str:
    """The token of a browser in which somebody has signed in before, or ""."""
    return request.cookies.get(_device_cookie(staff)[0], "")


def set_device_cookie(response: Response, device_token: str, *, staff: bool) -> None:
    name, path = _device_cookie(staff)
    response.set_cookie(
        name,
        device_token,
        path=path,
        max_age=known_devices.LIFE,
        httponly=True,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        samesite="Strict" if staff else "Lax",
    )


def duration(minutes: int) -> str:
    """A wait in words."""
    if minutes <= 90:
        return f"{minutes} 分钟"
    return f"{ceil(minutes / 60)} 小时" if minutes <= 48 * 60 else f"{ceil(minutes / 60 / 24)} 天"


def signed_out_response(place: str, *, staff: bool) -> Response:
    """The response to signing out."""
    session.clear()
    response = redirect(place)
    gate.set_cookie(response, "", staff=staff)
    return response


def end_current_session() -> None:
    """End the session of this browser, if any."""
    if actor := gate.signed_in():
        sessions.end(actor.session_id)


def sign_out(endpoint: str, *, staff: bool) -> Response:
    with writing():
        end_current_session()
        db.session.commit()
    return signed_out_response(url_for(endpoint), staff=staff)
