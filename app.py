"""Kuaiji: ``create_app()`` wires settings, database, gate, blueprints, error pages and commands."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import BaseConverter, IntegerConverter, Map

from blueprints import admin, archive, auth, errors, gate, public, review, wizard
from blueprints.template_helpers import add_template_helpers
from config import BadSetting, Config
from forms import STEPS
from lib import crypto
from lib.database import prepare_engine
from lib.pictures.one_inch import PhotoRule
from lib.questions.pages import Step
from lib.static_files import StaticFiles, prepared
from lib.storage import Folder
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
LARGEST_ROW = 2**31 - 1
BLUEPRINTS = (public.bp, auth.bp, wizard.bp, wizard.phone, archive.bp, review.bp, admin.bp)


class StepConverter(BaseConverter):
    """``<step:step>`` in a URL: an unknown page of the wizard is a 404 before any view runs."""

    regex = "|".join(step.slug for step in STEPS)

    def to_python(self, value: str) -> Step:
        return next(step for step in STEPS if step.slug == value)

    def to_url(self, value: Step | str) -> str:
        return value if isinstance(value, str) else value.slug


class RowConverter(IntegerConverter):
    """``<int:...>`` in a URL: a number too large for a row id is a 404, not a database error."""

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(map, *args, **({"max": LARGEST_ROW} | kwargs))


def create_app(config: Config | None = None, *, with_commands: bool = True) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config.from_object(config or Config())
    _prepare_data(app)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)
    app.url_map.converters |= {"step": StepConverter, "int": RowConverter}
    gate.init_app(app)
    add_template_helpers(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    if with_commands:
        _add_commands(app)
    errors.init_app(app)
    app.after_request(_add_headers)
    _add_middleware(app)
    return app


def _add_commands(app: Flask) -> None:
    """A worker has none: they bring Alembic and the demo along."""
    from flask_migrate import Migrate

    import commands

    Migrate(app, db, directory=str(Path(__file__).parent / "migrations"), render_as_batch=True)
    commands.init_app(app)


def _prepare_data(app: Flask) -> None:
    """Create what a first start needs: folders, the cookie secret, the keys. Production brings its own (config.py)."""
    data: Path = app.config["DATA"]
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    app.config["UPLOADS"].mkdir(parents=True, exist_ok=True, mode=0o700)
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or _stored_secret(data / "secret_key")
    keys_file: Path = app.config["KEYS_FILE"]
    ring = _keyring(keys_file)
    app.extensions["kuaiji.keys"] = ring
    app.extensions["kuaiji.store"] = Folder(app.config["UPLOADS"], ring)
    app.extensions["kuaiji.photo_rule"] = _photo_rule(app)
    app.extensions["kuaiji.static"] = prepared(Path(app.root_path) / "static", app.config["STATIC_BUILDS"])
    options: dict[str, Any] = {"pool_pre_ping": True}
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        import pysqlite3.dbapi2 as sqlite_driver

        # SQLite would use the umask; -wal and -shm get the mode of the database.
        (data / "kuaiji.db").touch(mode=0o600)
        options = {"module": sqlite_driver, "connect_args": {"timeout": 10}}
    # Parameters of a failed statement are personal data and must not be logged.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options | {"hide_parameters": True}


def _photo_rule(app: Flask) -> PhotoRule:
    least, best, ratio, kilobytes, background = (
        app.config[f"PHOTO_{name}"] for name in ("PIXELS", "LARGER_PIXELS", "RATIO", "KB", "BACKGROUND")
    )
    try:
        return PhotoRule(least, best, ratio, kilobytes * 1000, background)
    except ValueError as error:
        raise BadSetting(f"KUAIJI_PHOTO_*: expected {error}") from error


def _keyring(path: Path) -> crypto.Keyring:
    """The keys, created on the first start. Of two processes that start at once, the second loads the first one's."""
    if not path.exists():
        try:
            return crypto.Keyring.create(path)
        except FileExistsError:
            pass
    return crypto.Keyring.load(path)


def _stored_secret(path: Path) -> str:
    try:
        with open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_hex(32))
    except FileExistsError:
        pass
    return path.read_text().strip()


def _add_headers(response: Any) -> Any:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Cache-Control"] = "no-store"  # static files bypass this
    return response


def _add_middleware(app: Flask) -> None:
    """Static files first; proxies as configured."""
    app.wsgi_app = StaticFiles(app.wsgi_app, app.extensions["kuaiji.static"], HEADERS)  # type: ignore[method-assign]
    if hops := app.config["PROXY_HOPS"]:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
