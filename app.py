"""Kuaiji: ``create_app()`` wires settings, database, gate, blueprints, error pages and commands."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from flask import Flask, Request
from flask.globals import app_ctx, request_ctx
from sqlalchemy.exc import DBAPIError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter, IntegerConverter, Map

from config import BadSetting, Config
from lib.codes import Channel
from lib.database import LARGEST_ID, engine_options, is_in_use, note_damage, prepare_engine
from lib.database.reader import HandingPool
from lib.database.replica import Replica
from lib.files import Note, temporary_file_beside
from lib.http import slow_connections
from lib.http.addresses import line_of
from lib.http.bodies import BufferedBodies
from lib.http.compression import compress
from lib.http.form_bodies import FormBodyParser
from lib.http.headers import with_headers
from lib.http.lazily_compiled import CompiledTemplates, LazyRule
from lib.http.static_files import StaticFiles, prepared
from lib.keyring import BadKeyFile, Keyring
from lib.monitoring import logs
from lib.pictures.one_inch import PhotoRule
from lib.questions.pages import Step
from lib.remote.senders import Site
from lib.storage import open_store
from models import db

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
#: For a year, this host only: other hosts of the domain may not be ready for https.
TRANSPORT_SECURITY = {"Strict-Transport-Security": "max-age=31536000"}
RETRY_AFTER = {429: "60", 503: "10"}  # seconds: for programs; people read it on the page


class FormRequest(Request):
    form_data_parser_class = FormBodyParser


class Kuaiji(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """No view or hook of ours is asynchronous. Flask would look at a dozen of them in each request."""
        return func


class RowConverter(IntegerConverter):
    """``<int:...>`` in a URL: a number too large for a row id is a 404, not a database error."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(map, *args, **({"max": LARGEST_ID} | kwargs))


def create_app(config: Config | None = None, *, with_commands: bool = True, with_views: bool = True) -> Flask:
    app = Kuaiji(__name__, static_folder=None)
    app.config.from_object(config or Config())
    _prepare_data(app)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
        note_damage(db.engine, app.extensions["kuaiji.damage"])
    if with_views:
        _add_views(app)
    if with_commands:
        _add_commands(app)
    return app


def _add_views(app: Flask) -> None:
    """Work beside the site needs none (commands/__main__.py): they take half as much memory again."""
    from blueprints import (
        admin,
        api,
        archive,
        auth,
        errors,
        gate,
        preparing,
        proxy,
        public,
        review,
        template_helpers,
        tus,
        watching,
        wizard,
    )

    app.request_class, app.url_rule_class = FormRequest, LazyRule
    app.url_map.converters |= {"step": _step_converter(), "int": RowConverter}
    watching.init_app(app)
    gate.init_app(app)
    tus.init_app(app)
    gate.csrf.exempt(api.bp)  # no cookie says there who somebody is
    app.jinja_environment = template_helpers.TemplateEnvironment
    app.jinja_env.bytecode_cache = CompiledTemplates(app.config["COMPILED_TEMPLATES"])
    template_helpers.add_template_helpers(app)
    pages = public.bp, preparing.bp, auth.bp, wizard.bp, wizard.phone, wizard.print_shop
    for blueprint in (*pages, archive.bp, review.bp, admin.bp, api.bp):
        app.register_blueprint(blueprint)
    errors.init_app(app)
    proxy.init_app(app)
    app.after_request(_finish)
    _add_middleware(app, _headers(app))


def _add_commands(app: Flask) -> None:
    """A worker has none: they bring Alembic and the demo along."""
    from flask_migrate import Migrate
    from flask_migrate.cli import db as migrations

    import commands

    Migrate(app, db, directory=str(Path(__file__).parent / "migrations"), render_as_batch=True)
    commands.init_app(app, migrations)


def _step_converter() -> type[BaseConverter]:
    from forms import STEPS

    class StepConverter(BaseConverter):
        """``<step:step>`` in a URL: an unknown page of the wizard is a 404 before any view runs."""

        regex = "|".join(step.slug for step in STEPS)

        def to_python(self, value: str) -> Step:
            return next(step for step in STEPS if step.slug == value)

        def to_url(self, value: Step | str) -> str:
            return value if isinstance(value, str) else value.slug

    return StepConverter


def create_server(app: Flask) -> BufferedBodies:
    """What ``flask serve`` runs in each process: the application behind the guards against slow clients."""
    from blueprints import watching

    logs.set_up(app.config["LOG_FORMAT"], watching.request_id)
    headers = _headers(app) | {"Cache-Control": "no-store"}
    sender = sender_of(app.config["PROXY_HOPS"])
    served = BufferedBodies(app.wsgi_app, app.config["THREADS"], largest_body, sender, headers.items())
    slow_connections.watch(app.config["PORT"], served.works_for)
    return served


def largest_body(environ: dict[str, Any]) -> int:
    """Before the session is known: only people who are signed in send several pictures, or old registers."""
    from blueprints import gate

    cookies = environ.get("HTTP_COOKIE", "")
    has_session = any(f"{name}=" in cookies for name in (gate.COOKIE, gate.STAFF_COOKIE))
    return Config.MAX_CONTENT_LENGTH if has_session else gate.MAX_VISITOR_BODY


def sender_of(hops: int) -> Callable[[dict[str, Any]], str]:
    """The address that a request is counted for, before ProxyFix has been asked."""

    def sender(environ: dict[str, Any]) -> str:
        told = environ.get("HTTP_X_FORWARDED_FOR", "").split(",") if hops else []
        return line_of(told[-hops].strip() if len(told) >= hops > 0 else environ["REMOTE_ADDR"])

    return sender


def _prepare_data(app: Flask) -> None:
    """Create what a first start needs: folders, the cookie secret, the keys. Production brings its own (config.py)."""
    data: Path = app.config["DATA"]
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or stored_secret(data / "secret_key")
    ring = _keyring(app.config["KEYS_FILE"], app.config["SQLALCHEMY_DATABASE_URI"], app.config["SCHEMA"])
    app.extensions["kuaiji.keys"] = ring
    app.extensions["kuaiji.store"] = open_store(app.config["UPLOADS"], app.config["S3"], ring)
    app.extensions["kuaiji.photo_rule"] = _photo_rule(app)
    app.extensions["kuaiji.replica"] = Replica(app.config["READ_DATABASE_URL"], app.config["SCHEMA"])
    app.extensions["kuaiji.site"] = _site(app.config)
    app.extensions["kuaiji.static"] = prepared(Path(app.root_path) / "static", app.config["STATIC_BUILDS"])
    app.extensions["kuaiji.damage"] = Note(data / "database-damaged")
    app.extensions["kuaiji.proxy"] = Note(data / "proxy-seen")
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        # SQLite would use the umask; -wal and -shm get the mode of the database.
        (data / "kuaiji.db").touch(mode=0o600)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(
        app.config["SQLALCHEMY_DATABASE_URI"], app.config["SCHEMA"]
    ) | {"poolclass": HandingPool, "max_overflow": max(10, app.config["THREADS"])}


def _site(config: Mapping[str, Any]) -> Site:
    urls = {Channel.EMAIL: config["SMTP_URL"], Channel.SMS: config["SMS_URL"]}
    channels = frozenset(channel for channel, url in urls.items() if url)
    return Site(config["SITE_NAME"], config["BASE_URL"], channels, config["NUMBER_PREFIX"])


def _photo_rule(app: Flask) -> PhotoRule:
    least, best, ratio, kilobytes, background = (
        app.config[f"PHOTO_{name}"] for name in ("PIXELS", "LARGER_PIXELS", "RATIO", "KB", "BACKGROUND")
    )
    try:
        return PhotoRule(least, best, ratio, kilobytes * 1000, background)
    except ValueError as error:
        raise BadSetting(f"KUAIJI_PHOTO_*：应使{error}") from error


def _keyring(path: Path, database_url: str, schema: str) -> Keyring:
    """The keys, created on the first start. Of two processes that start at once, the second loads the first one's."""
    if not path.exists():
        _refuse_new_keys(path, database_url, schema)
        try:
            return Keyring.create(path)
        except FileExistsError:
            pass
    try:
        return Keyring.load(path)
    except (OSError, BadKeyFile) as error:
        raise BadSetting(f"KUAIJI_KEYS_FILE：{error}") from error


def _refuse_new_keys(path: Path, database_url: str, schema: str) -> None:
    """New keys next to an old database would open nothing, and hide that the right ones are lost."""
    try:
        if not is_in_use(database_url, schema):
            return
        why = "数据库里的内容只有它能打开，请从备份恢复它"
    except DBAPIError as error:
        why = f"也查不出数据库是否已在使用（{type(error.orig).__name__}），请先检查数据库"
    raise BadSetting(f"KUAIJI_KEYS_FILE：找不到 {path}；{why}（docs/operations.md, Keys）")


def stored_secret(path: Path) -> str:
    """Made whole or not at all: a full disk must not leave an empty one for later starts."""
    if not path.exists():
        with suppress(FileExistsError), temporary_file_beside(path, secrets.token_hex(32).encode()) as temporary:
            os.link(temporary, path)
    return path.read_text().strip()


def _headers(app: Flask) -> dict[str, str]:
    return HEADERS | (TRANSPORT_SECURITY if app.config["HTTPS"] else {})


def _finish(response: Any) -> Any:
    response.headers["Cache-Control"] = "no-store"  # static files bypass this
    if response.status_code in RETRY_AFTER:
        response.headers.setdefault("Retry-After", RETRY_AFTER[response.status_code])
    compress(request_ctx.request, response, has_secrets=app_ctx.g.get("actor") is not None)
    return response


def _add_middleware(app: Flask, headers: Mapping[str, str]) -> None:
    """Static files first; proxies as configured."""
    app.wsgi_app = with_headers(app.wsgi_app, headers)  # type: ignore[method-assign]
    app.wsgi_app = StaticFiles(app.wsgi_app, app.extensions["kuaiji.static"], headers)  # type: ignore[method-assign]
    if hops := app.config["PROXY_HOPS"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
