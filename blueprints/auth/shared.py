"""What the views of this area share: what a browser has proved so far, entering and leaving."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from typing import Any

from flask import Blueprint, redirect, request, session, url_for
from werkzeug.wrappers import Response

from blueprints import gate
from lib.crypto import Tampered
from lib.database import utcnow
from models import db, keys
from services.accounts import sessions

bp = Blueprint("auth", __name__)

STEP_LIFE = timedelta(minutes=30)  # between the screens of a claim or a reset
_OWN_PATH = re.compile(r"/[A-Za-z0-9][A-Za-z0-9/_.-]*\Z")


def remember(step: str, **values: Any) -> None:
    """Keep what a screen has established for the next one: sealed, in the page cookie, for half an hour.

    Only what was typed, or what a right proof opened: the cookie of an unknown number looks like a known one's.
    """
    until = int((utcnow() + STEP_LIFE).timestamp())  # whole seconds: a fraction has more digits or fewer
    body = json.dumps(values | {"until": until}).encode()
    session[step] = urlsafe_b64encode(keys().seal(body, f"step|{step}")).decode()


def remembered(step: str) -> dict[str, Any] | None:
    """What an earlier screen established, unless it is over."""
    try:
        values: dict[str, Any] = json.loads(keys().open(urlsafe_b64decode(session.get(step, "")), f"step|{step}"))
    except (Tampered, ValueError):
        return None
    return values if values.pop("until") > utcnow().timestamp() else None


def forget(*steps: str) -> None:
    for step in steps:
        session.pop(step, None)


def next_path() -> str:
    """Where the person wanted to go, if it is a plain path of this site."""
    path = request.values.get("next", "")
    return path if _OWN_PATH.match(path) else ""


def signed_in_response(token: str, place: str, *, staff: bool) -> Response:
    """The answer to a right sign-in. Nothing of the page cookie's content lives on: another may have planted it."""
    session.clear()
    response = redirect(place)
    gate.set_cookie(response, token, staff=staff)
    return response


def signed_out_response(place: str, *, staff: bool) -> Response:
    """The answer to signing out; the session's row ends with the view's commit."""
    session.clear()
    response = redirect(place)
    gate.set_cookie(response, "", staff=staff)
    return response


def end_current_session() -> None:
    """Whoever was signed in with this browser is so no longer."""
    if actor := gate.signed_in():
        sessions.end(actor.session_id)


def sign_out(endpoint: str, *, staff: bool) -> Response:
    end_current_session()
    db.session.commit()
    return signed_out_response(url_for(endpoint), staff=staff)
