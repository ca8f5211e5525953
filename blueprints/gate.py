"""Runs before every view: load the session, check the CSRF token, check the permission.

It also stores a form that is sent after the session has ended.
"""

from __future__ import annotations

from contextlib import suppress

from flask import Flask, Response, abort, current_app, flash, g, redirect, request, session, url_for
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import delete
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from blueprints import writing
from lib.database import begin_mode
from models import ParkedForm, db
from services.access import Actor
from services.accounts import sessions
from services.departments import reference_version
from services.filing import next_page

COOKIE, STAFF_COOKIE = "kuaiji", "kuaiji_staff"
SAFE = ("GET", "HEAD", "OPTIONS")
PARKED_LIMIT = 200_000  # characters of a stored form
MAX_VISITOR_BODY = 17 * 1024 * 1024  # bytes: one picture; only people who are signed in send several
MAX_DRAINED = 1024 * 1024  # bytes

csrf = CSRFProtect()
login_manager = LoginManager()


def init_app(app: Flask) -> None:
    app.before_request(load_session)
    csrf.init_app(app)
    app.before_request(check_permission)
    app.after_request(drain_request)
    app.teardown_request(lambda _error: reference_version.release())
    login_manager.init_app(app)
    login_manager.request_loader(lambda _request: g.get("actor"))


def is_staff_path() -> bool:
    return request.path == "/staff" or request.path.startswith("/staff/")


def load_session() -> None:
    """Load the session in its own short transaction. Views read in another one, and write inside ``writing()``."""
    g.actor, g.ended = None, None
    begin_mode.set("DEFERRED")
    if request.endpoint == "static":
        return
    token = request.cookies.get(STAFF_COOKIE if is_staff_path() else COOKIE, "")
    found = sessions.find(token, staff=is_staff_path()) if token else None
    db.session.rollback()
    if found and found.actor:
        g.actor = found.actor
        if found.stale:
            with writing():
                sessions.touch(found.actor.session_id)
                db.session.commit()
    elif found:
        g.ended = found
    if found is None:
        request.max_content_length = MAX_VISITOR_BODY
    else:
        reference_version.use(found.reference_mark)
    _use_csrf_secret(found.csrf if found else None)


def _use_csrf_secret(secret: str | None) -> None:
    """The token of a signed-in person's forms belongs to the session's row; everybody else's to the page cookie."""
    wanted = secret or session.get("visitor") or sessions.new_token()
    if not secret and session.get("visitor") != wanted:
        session["visitor"] = wanted
    if session.get("csrf_token") != wanted:
        session["csrf_token"] = wanted


def check_permission() -> BaseResponse | None:
    """Refuse views without a declaration of roles, and people without one of the roles."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions[request.endpoint]
    if not hasattr(view, "roles"):
        abort(403)
    if view.roles is None:
        return None
    if g.actor is None:
        return abort(401) if _expects_data() else _redirect_to_sign_in()
    if request.method not in SAFE:
        _ = request.form  # read the form here, so that a body that is too large is refused before the view runs
    return None if g.actor.role in view.roles else abort(403)


def _expects_data() -> bool:
    """A script that cannot use the sign-in page: uploads (tus), and callers that accept only JSON."""
    return "Tus-Resumable" in request.headers or request.accept_mimetypes.to_header() == "application/json"


def drain_request(response: Response) -> Response:
    """Read the rest of a short body. Else the server closes the connection, and a browser that is still sending
    never reads the response: a refused upload would look like a network failure."""
    if request.method not in SAFE and 0 < (request.content_length or 0) <= MAX_DRAINED:
        with suppress(OSError, ClientDisconnected, RequestEntityTooLarge):
            while request.stream.read(65536):
                pass
    return response


def _redirect_to_sign_in() -> Response | BaseResponse:
    if g.ended and request.method not in SAFE and next_page.giving_page(_page_path(), staff=is_staff_path()):
        kept = (
            "您刚才填写的内容已保留，请重新登录后继续。"
            if _park_form()
            else "您刚才填写的内容太长，没有保留，请重新登录后再填写。"
        )
        flash(f"登录已超时。{kept}", "y")
    elif g.ended:
        flash("登录已超时，请重新登录。", "y")
    return redirect(url_for("auth.staff_login" if is_staff_path() else "auth.login"))


def _park_form() -> bool:
    """Store the form (without files) for the same person, who has a day to sign in again.

    Only the newest form of each page is stored, so that an ended and perhaps stolen cookie cannot fill the table.
    """
    body = [[name, value] for name, value in request.form.items(multi=True) if name != "csrf_token"]
    if sum(len(name) + len(value) for name, value in body) > PARKED_LIMIT:
        return False
    whose = {"account_id": g.ended.account_id, "staff_id": g.ended.staff_id, "path": _page_path()}
    with writing():
        db.session.execute(delete(ParkedForm).filter_by(**whose))
        parked = ParkedForm(**whose)
        parked.body = body
        db.session.add(parked)
        db.session.commit()
    return True


def _page_path() -> str:
    """The path of the form's page: what is kept while typing belongs to that page."""
    return request.path.removesuffix("/draft")


def signed_in() -> Actor | None:
    """The person of this request on a public page, if any."""
    return current_user if current_user.is_authenticated else None


def set_cookie(response: BaseResponse, token: str, *, staff: bool) -> None:
    """Set the session cookie. An empty token deletes it."""
    name, path = (STAFF_COOKIE, "/staff") if staff else (COOKIE, "/")
    if not token:
        response.delete_cookie(name, path=path)
        return
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(name, token, path=path, httponly=True, secure=secure, samesite="Strict" if staff else "Lax")
