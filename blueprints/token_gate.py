"""Who may pass with a token: other systems, at the views of the API. There are no sessions and no cookies there."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from flask import current_app, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized

from blueprints import writing
from lib.codes import ApiScope
from models import db
from services.api import tokens
from services.api.tokens import ApiReader

MAX_BODY = 16 * 1024  # bytes


def reader() -> ApiReader:
    """The system behind the request. Only for views that ask for a scope."""
    return cast(ApiReader, g.reader)


def check(scopes: Collection[ApiScope]) -> None:
    """Refuse a request without a token, with one that lacks the view's scope, and more than its number in a minute."""
    g.reader = None
    if request.method == "OPTIONS":  # says only which methods there are
        return
    token = _sent()
    found = tokens.find(token, request.remote_addr or "") if token else None
    if found is None:
        raise Unauthorized(www_authenticate=WWWAuthenticate("bearer", {"realm": current_app.config["BASE_URL"]}))
    with writing():
        seconds = tokens.count(found)
        db.session.commit()
    if seconds:
        raise TooManyRequests(retry_after=seconds)
    if not found.scopes.issuperset(scopes):
        raise Forbidden
    g.reader = found


def _sent() -> str:
    """werkzeug would decode other kinds as well, and fails at what is no ASCII."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""
