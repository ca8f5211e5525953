"""Kuaiji: ``create_app()`` wires settings, database, gate, blueprints, error pages and commands."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from flask import Flask, render_template, request
from flask_migrate import Migrate
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter
from whitenoise import WhiteNoise

import commands
from blueprints import admin, archive, auth, gate, public, review, wizard
from blueprints.pages import add_template_helpers
from config import Config
from forms import STEPS, Step
from lib import crypto
from lib.database import prepare_engine
from lib.storage import Damaged, Folder, Missing
from models import db
from services.workflow import Conflict

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "X-Frame-Options": "DENY",
}
BLUEPRINTS = (public.bp, auth.bp, wizard.bp, archive.bp, review.bp, admin.bp)


class StepConverter(BaseConverter):
    """``<step:step>`` in a URL: an unknown page of the wizard is a 404 before any view runs."""

    regex = "|".join(step.slug for step in STEPS)

    def to_python(self, value: str) -> Step:
        return next(step for step in STEPS if step.slug == value)

    def to_url(self, value: Step | str) -> str:
        return value if isinstance(value, str) else value.slug


def create_app(config: Config | None = None) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config.from_object(config or Config())
    _prepare_data(app)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    Migrate(app, db, directory=str(Path(__file__).parent / "migrations"), render_as_batch=True)
    app.url_map.converters["step"] = StepConverter
    gate.init_app(app)
    add_template_helpers(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    commands.init_app(app)
    _add_error_pages(app)
    app.after_request(_add_headers)
    _add_middleware(app)
    return app


def _prepare_data(app: Flask) -> None:
    """Make what a first start needs: folders, the cookie secret, the keys. Production brings its own (config.py)."""
    data: Path = app.config["DATA"]
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    app.config["UPLOADS"].mkdir(parents=True, exist_ok=True)
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or _kept_secret(data / "secret_key")
    keys_file: Path = app.config["KEYS_FILE"]
    ring = _keyring(keys_file)
    app.extensions["kuaiji.keys"] = ring
    app.extensions["kuaiji.store"] = Folder(app.config["UPLOADS"], ring)
    options: dict[str, Any] = {}
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        import pysqlite3.dbapi2 as sqlite_driver

        options = {"module": sqlite_driver, "connect_args": {"timeout": 10}}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options


def _keyring(path: Path) -> crypto.Keyring:
    """The keys, made on the first start. Of two processes that start at once, the second takes the first one's."""
    if not path.exists():
        try:
            return crypto.Keyring.create(path)
        except FileExistsError:
            pass
    return crypto.Keyring.load(path)


def _kept_secret(path: Path) -> str:
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


ERRORS = {
    400: ("无法处理这个请求", "页面可能已经过期。请返回上一页刷新后再试一次。"),
    403: ("您不能使用这个页面", "您的账号没有使用这个页面的权限。如有疑问,请联系会计管理部门。"),
    404: ("没有找到这个页面", "地址可能写错了,或者内容已经移走。请从首页重新进入。"),
    405: ("不能这样打开这个页面", "请返回上一页,用页面上的按钮操作。"),
    409: ("内容已经被改动", "您打开这个页面之后,内容已经发生变化。请返回刷新后再操作。"),
    413: ("上传的内容太大", "一次上传的文件总共不能超过 64 MB,单张图片不能超过 15 MB。请减少图片后再试。"),
    429: ("操作太频繁", "请稍等几分钟再试。"),
    500: ("系统出错了", "我们已经记录了这个错误。请稍后再试;如果一直出现,请拨打咨询电话。"),
    503: ("系统正忙", "现在办理的人较多。请稍等片刻再试一次,已保存的内容不会丢失。"),
}


def _add_error_pages(app: Flask) -> None:
    def page(code: int, explanation: str = "") -> tuple[str, int]:
        title, advice = ERRORS.get(code, ERRORS[400] if code < 500 else ERRORS[500])
        return render_template("errors/error.html", title=title, advice=explanation or advice, code=code), code

    @app.errorhandler(HTTPException)
    def http_error(error: HTTPException) -> Any:
        if error.code is None or error.code < 400:
            return error
        db.session.rollback()
        return page(error.code)

    @app.errorhandler(Conflict)
    def conflict(error: Conflict) -> Any:
        db.session.rollback()
        return page(409, str(error))

    @app.errorhandler(StaleDataError)
    def stale(_error: StaleDataError) -> Any:
        db.session.rollback()
        return page(409)

    @app.errorhandler(Missing)
    @app.errorhandler(Damaged)
    def lost(error: Exception) -> Any:
        app.logger.error("a stored picture is missing or damaged: %s", error)
        db.session.rollback()
        return page(404, "这张图片的文件已丢失或损坏。请重新上传;如果仍有问题,请拨打咨询电话。")

    @app.errorhandler(crypto.Busy)
    @app.errorhandler(OperationalError)
    def busy(error: Exception) -> Any:
        app.logger.error("database or hashing is busy: %s", type(error).__name__)
        db.session.rollback()
        return page(503)

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> Any:
        app.logger.exception("unexpected error on %s", request.endpoint)
        db.session.rollback()
        if app.config["TESTING"]:
            raise error
        return page(500)


def _add_headers(response: Any) -> Any:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _add_middleware(app: Flask) -> None:
    """Static files by WhiteNoise (under a mark of their contents, compressed beforehand); proxies as configured."""

    def static_headers(headers: Any, _path: str, _url: str) -> None:
        for name, value in HEADERS.items():
            headers[name] = value

    root = Path(app.root_path) / "static"
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=root,
        prefix=app.config["STATIC_PREFIX"],
        immutable_file_test=lambda _path, _url: True,  # the prefix changes with the contents
        add_headers_function=static_headers,
    )
    if hops := app.config["PROXY_HOPS"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
