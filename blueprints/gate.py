"""The gate in front of every view: who asks, may they, and what becomes of a form that comes too late.

Runs in this order: find the session, check the CSRF token, check the right to use the view.
"""

from __future__ import annotations

from contextlib import suppress

from flask import Flask, Response, abort, current_app, flash, g, redirect, request, session, url_for
from flask_login import LoginManager, current_user
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import delete
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from lib.database import begin_mode, beginning
from models import ParkedForm, db
from services.access import Actor
from services.accounts import sessions
from services.departments import reference_version
from services.filing import next_page

COOKIE, STAFF_COOKIE = "kuaiji", "kuaiji_staff"
SAFE = ("GET", "HEAD", "OPTIONS")
PARKED_LIMIT = 200_000  # characters of a form's body that are kept
VISITORS_MOST = 17 * 1024 * 1024  # bytes of a body: one picture; batches of them come from people who are signed in
READ_TO_END = 1024 * 1024  # bytes

csrf = CSRFProtect()
login_manager = LoginManager()


def init_app(app: Flask) -> None:
    app.before_request(find_person)
    csrf.init_app(app)
    app.before_request(check_right)
    app.after_request(read_to_end)
    app.teardown_request(lambda _error: reference_version.release())
    login_manager.init_app(app)
    login_manager.request_loader(lambda _request: g.get("actor"))


def for_staff() -> bool:
    return request.path == "/staff" or request.path.startswith("/staff/")


def find_person() -> None:
    """Load the session in a short transaction of its own; afterwards POST requests begin with the write lock."""
    g.actor, g.ended = None, None
    begin_mode.set("DEFERRED")
    if request.endpoint == "static":
        return
    token = request.cookies.get(STAFF_COOKIE if for_staff() else COOKIE, "")
    found = sessions.find(token, staff=for_staff()) if token else None
    db.session.rollback()
    if found and found.actor:
        g.actor = found.actor
        if found.stale:
            with beginning("IMMEDIATE"):
                sessions.touch(found.actor.session_id)
                db.session.commit()
    elif found:
        g.ended = found
    if found is None:
        request.max_content_length = VISITORS_MOST
    else:
        reference_version.use(found.reference_mark)
    _use_csrf_secret(found.csrf if found else None)
    if request.method not in SAFE:
        begin_mode.set("IMMEDIATE")


def _use_csrf_secret(secret: str | None) -> None:
    """The token of a signed-in person's forms belongs to the session's row; everybody else's to the page cookie."""
    wanted = secret or session.get("visitor") or sessions.new_token()
    if not secret and session.get("visitor") != wanted:
        session["visitor"] = wanted
    if session.get("csrf_token") != wanted:
        session["csrf_token"] = wanted


def check_right() -> BaseResponse | None:
    """Refuse every view that does not say who may use it, and everybody it does not name."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    view = current_app.view_functions[request.endpoint]
    if not hasattr(view, "roles"):
        abort(403)
    if view.roles is None:
        return None
    if g.actor is None:
        return abort(401) if _asks_for_data() else _to_sign_in()
    if request.method not in SAFE:
        _ = request.form  # a body that is too large is refused here, not in the middle of a view or of its error page
    return None if g.actor.role in view.roles else abort(403)


def _asks_for_data() -> bool:
    """A script that would mistake the sign-in page for an answer: uploads (tus), and a caller that takes JSON only."""
    return "Tus-Resumable" in request.headers or request.accept_mimetypes.to_header() == "application/json"


def read_to_end(response: Response) -> Response:
    """Read what is left of a short body. The server would close the line on it, and the browser, still sending, would
    never read the answer: a refused piece of an upload would look like a network that is down."""
    if request.method not in SAFE and 0 < (request.content_length or 0) <= READ_TO_END:
        with suppress(OSError, ClientDisconnected, RequestEntityTooLarge):
            while request.stream.read(65536):
                pass
    return response


def _to_sign_in() -> Response | BaseResponse:
    if g.ended and request.method not in SAFE and next_page.giving_page(_page_path(), staff=for_staff()):
        kept = (
            "您刚才填写的内容已保留，请重新登录后继续。"
            if _park()
            else "您刚才填写的内容太长，没有保留，请重新登录后再填写。"
        )
        flash(f"登录已超时。{kept}", "y")
    elif g.ended:
        flash("登录已超时，请重新登录。", "y")
    return redirect(url_for("auth.staff_login" if for_staff() else "auth.login"))


def _park() -> bool:
    """Keep what was typed (not the files) for the same person, who has up to a day to sign in again.

    The newest form of a page takes the place of earlier ones: an ended cookie, perhaps a copy, must not fill the table.
    """
    body = [[name, value] for name, value in request.form.items(multi=True) if name != "csrf_token"]
    if sum(len(name) + len(value) for name, value in body) > PARKED_LIMIT:
        return False
    whose = {"account_id": g.ended.account_id, "staff_id": g.ended.staff_id, "path": _page_path()}
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
    """Hand the browser its session token. An empty token removes it."""
    name, path = (STAFF_COOKIE, "/staff") if staff else (COOKIE, "/")
    if not token:
        response.delete_cookie(name, path=path)
        return
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    response.set_cookie(name, token, path=path, httponly=True, secure=secure, samesite="Strict" if staff else "Lax")
