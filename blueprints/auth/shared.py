"""Shared by the views of accounts: data between the pages of a process, signing in and out."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from blueprints import gate, writing
from lib.crypto import Tampered
from lib.database import utcnow
from models import db, keys
from services.accounts import sessions

bp = Blueprint("auth", __name__)

STEP_LIFE = timedelta(minutes=30)  # between the screens of a claim or a reset
_OWN_PATH = re.compile(r"/[A-Za-z0-9][A-Za-z0-9/_.-]*\Z")


def remember(step: str, **values: Any) -> None:
    """Store data for the next page, encrypted in the page cookie, for half an hour.

    Store only typed values or the result of a correct proof: the cookie must not reveal whether a number is known.
    """
    until = int((utcnow() + STEP_LIFE).timestamp())  # whole seconds, so that all cookies have the same length
    body = json.dumps(values | {"until": until}).encode()
    session[step] = urlsafe_b64encode(keys().seal(body, f"step|{step}")).decode()


def remembered(step: str) -> dict[str, Any] | None:
    """The data of an earlier page, unless expired."""
    try:
        values: dict[str, Any] = json.loads(keys().open(urlsafe_b64decode(session.get(step, "")), f"step|{step}"))
    except (Tampered, ValueError):
        return None
    return values if values.pop("until") > utcnow().timestamp() else None


def forget(*steps: str) -> None:
    for step in steps:
        session.pop(step, None)


def next_path() -> str:
    """The wanted page, if it is a plain path of this site."""
    path = request.values.get("next", "")
    return path if _OWN_PATH.match(path) else ""


def signed_in_response(token: str, place: str, *, staff: bool) -> Response:
    """The response to a sign-in. It clears the page cookie, which another person may have set."""
    session.clear()
    response = redirect(place)
    gate.set_cookie(response, token, staff=staff)
    return response


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
