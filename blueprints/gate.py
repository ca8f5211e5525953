"""Runs before every view: load the session, check the CSRF token, check the permission.

It also stores a form that is sent after the session has ended.
"""

from __future__ import annotations

from contextlib import suppress
from time import monotonic
from typing import Any

from flask import Flask, Request, Response, abort, current_app, flash, g, redirect, request, session, url_for
from flask.globals import app_ctx, request_ctx
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager
from flask_wtf.csrf import CSRFError
from sqlalchemy import delete
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from blueprints import errors, problems, token_gate, writing
from blueprints.csrf import MaskedCSRF
from lib.database import begin_mode, failure_of
from lib.database.reader import begin_reading, end_reading, stop_reading
from lib.database.transactions import has_session, roll_back
from lib.files import StorageFailure
from lib.http.headers import add_vary
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

VISITOR = AnonymousUserMixin()  # nobody signed in, for templates

csrf = MaskedCSRF()
login_manager = LoginManager()
login_manager.session_protection = None  # the session is a row of ours, not the browser's cookie


class PageCookies(SecureCookieSessionInterface):
    """The page cookie. Every request brings the same one, so its signature is not checked again for some minutes."""

    MOST, SECONDS = 2000, 600

    def __init__(self) -> None:
        self._opened: dict[str, tuple[dict[str, Any], float]] = {}  # cookie -> contents, until when

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        contents, until = self._opened.get(cookie, ({}, 0.0))
        if monotonic() < until:
            return self.session_class(contents)
        opened = super().open_session(app, request)
        if opened and all(isinstance(value, str | int) for value in opened.values()):  # nothing that could be changed
            if len(self._opened) >= self.MOST:
                self._opened.clear()
            self._opened[cookie] = (dict(opened), monotonic() + self.SECONDS)
        return opened

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Most requests change nothing in it: then the answer only says that it differs with the cookie."""
        if not session or session.modified or session.permanent:
            super().save_session(app, session, response)
        elif session.accessed:
            add_vary(response.headers, "Cookie")


def init_app(app: Flask) -> None:
    app.session_interface = PageCookies()
    app.before_request(load_session)
    csrf.init_app(app)
    app.before_request(check_permission)
    app.after_request(drain_request)
    app.teardown_request(stop)
    app.register_error_handler(CSRFError, form_of_another_page)
    app.teardown_appcontext(give_back)
    login_manager.init_app(app, add_context_processor=False)
    app.context_processor(lambda: {"current_user": g.get("actor") or VISITOR})
    login_manager.request_loader(lambda _request: g.get("actor"))


def stop(_error: BaseException | None) -> None:
    reference_version.release()
    stop_reading()


def give_back(_error: BaseException | None) -> None:
    """Before the session is removed: the answer is made, whatever has become of the server of the database."""
    if has_session(db.session):
        roll_back(db.session())


def session_cookie(*, staff: bool) -> tuple[str, str]:
    """The name and the path of the cookie. A name that begins with __Host- demands the path /."""
    prefix = app_ctx.app.config["COOKIE_PREFIX"]
    return (f"{prefix}{STAFF_COOKIE}", "/" if prefix else "/staff") if staff else (f"{prefix}{COOKIE}", "/")


def is_staff_path() -> bool:
    path = request_ctx.request.path
    return path == "/staff" or path.startswith("/staff/")


def load_session() -> None:
    """Load the session. A GET reads on in its transaction, a POST in a new one. Views write inside ``writing()``."""
    sent, ours = request_ctx.request, app_ctx.g  # once: the proxies look for them each time
    ours.actor, ours.ended = None, None
    begin_mode.set("DEFERRED")
    if sent.endpoint == "static":
        return
    if problems.wanted():  # a token passes there, and no cookie
        sent.max_content_length = token_gate.MAX_BODY
        return
    begin_reading(db.engine)
    staff = is_staff_path()
    token = sent.cookies.get(session_cookie(staff=staff)[0], "")
    found = sessions.find(token, staff=staff) if token else None
    if sent.method not in SAFE:
        end_reading()  # what the view reads is as it is when the form has come
        if has_session(db.session):
            db.session.rollback()
    if found and found.actor:
        ours.actor = found.actor
        if found.stale:
            _touch(found.actor.session_id)
    elif found:
        ours.ended = found
    if found is None:
        sent.max_content_length = MAX_VISITOR_BODY
    else:
        reference_version.use(found.reference_mark)
    _use_csrf_secret(found.csrf if found else None)


def _touch(session_id: int) -> None:
    """Write down that the session is in use. On a full disk or under a lock a later request does: reading goes on."""
    try:
        with writing(wait=False):
            sessions.touch(session_id)
            db.session.commit()
    except DBAPIError as error:
        if failure_of(error) in (None, StorageFailure.DAMAGED, StorageFailure.UNREACHABLE):
            raise


def _use_csrf_secret(secret: str | None) -> None:
    """The token of a signed-in person's forms belongs to the session's row; everybody else's to the page cookie."""
    kept = request_ctx.session
    wanted = secret or kept.get("visitor") or sessions.new_token()
    if not secret and kept.get("visitor") != wanted:
        kept["visitor"] = wanted
    if kept.get("csrf_token") != wanted:
        kept["csrf_token"] = wanted


def check_permission() -> BaseResponse | None:
    """Refuse views without a declaration of roles, and people without one of the roles."""
    sent, ours = request_ctx.request, app_ctx.g
    if sent.endpoint is None or sent.endpoint == "static":
        return None
    view = app_ctx.app.view_functions[sent.endpoint]
    if not hasattr(view, "roles"):
        abort(403)
    if view.roles is None:
        return None
    if problems.wanted():
        token_gate.check(view.roles)
        return None
    if ours.actor is None:
        return abort(401) if _expects_data() else _redirect_to_sign_in()
    if sent.method not in SAFE:
        _ = sent.form  # read the form here, so that a body that is too large is refused before the view runs
    if ours.actor.role not in view.roles:
        abort(403)
    if ours.actor.password_due and sent.endpoint != "auth.staff_account":
        flash("请先设置自己的登录密码，再使用其他页面", "y")
        return redirect(url_for("auth.staff_account"))
    return None


def _expects_data() -> bool:
    """A script that cannot use the sign-in page: uploads (tus), and callers that accept only JSON."""
    return "Tus-Resumable" in request.headers or request.accept_mimetypes.to_header() == "application/json"


def form_of_another_page(_error: CSRFError) -> ResponseReturnValue:
    """A form whose token is not this session's: the cookie has gone, or the person has signed in again elsewhere.

    The token was given to the pages of one person only. So the form is kept for that person, and for nobody else.
    """
    view = current_app.view_functions.get(request.endpoint or "")
    if getattr(view, "roles", None) is None or g.ended or problems.wanted():
        return errors.page(400)
    whose = sessions.of_csrf(csrf.secret_of_form())
    if g.actor is None:
        g.ended = whose
        return errors.page(401) if _expects_data() else _redirect_to_sign_in()
    place = next_page.giving_page(_page_path(), staff=is_staff_path())
    if whose and place and g.actor.id == (whose.staff_id if g.actor.is_staff else whose.account_id):
        g.ended = whose
        if _park_form():
            flash("您重新登录过，刚才的页面已经过期。填写的内容还在下面，请核对后再提交。", "y")
            return redirect(place)
    return errors.page(400)


def drain_request(response: Response) -> Response:
    """Read the rest of a short body. Else the server closes the connection, and a browser that is still sending
    never reads the response: a refused upload would look like a network failure."""
    sent = request_ctx.request
    if sent.method not in SAFE and 0 < (sent.content_length or 0) <= MAX_DRAINED:
        with suppress(OSError, ClientDisconnected, RequestEntityTooLarge):
            while sent.stream.read(65536):
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
    elif g.ended and "_flashes" not in session:  # else a script has asked already, and what it sent is kept
        flash("登录已超时，请重新登录。", "y")
    elif request.method not in SAFE:
        flash("登录已失效，刚才填写的内容没有保留。请重新登录后再填写。", "y")
    if is_staff_path():
        return redirect(url_for("auth.staff_login"))
    returns = g.ended and g.ended.timed_out and request.method == "GET"
    back = next_page.own_path(request.path) if returns else ""
    return redirect(url_for("auth.login", next=back or None))


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
    actor: Actor | None = g.get("actor")
    return actor


def set_cookie(response: BaseResponse, token: str, *, staff: bool) -> None:
    """Set the session cookie. An empty token deletes it."""
    name, path = session_cookie(staff=staff)
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    if not token:
        response.delete_cookie(name, path=path, secure=secure)  # without Secure a browser keeps a __Host- cookie
        return
    response.set_cookie(name, token, path=path, httponly=True, secure=secure, samesite="Strict" if staff else "Lax")
