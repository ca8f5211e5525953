"""Applications that tests share: each process makes one for each set of settings and puts it back after each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import event

from app import create_app
from config import TestConfig
from lib.database import begin_mode
from models import db

#: What a test may add to an application: attributes that are tables of lists of functions.
HOOKS = (
    "before_request_funcs",
    "after_request_funcs",
    "teardown_request_funcs",
    "template_context_processors",
)


def _unhurried(connection: Any, _record: Any) -> None:
    """No test needs to survive a power cut, and waiting for the disk takes a third of its time."""
    connection.execute("PRAGMA synchronous=OFF")


class _Kept:
    """One application, and how it was before the first test touched it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.config = dict(app.config)
        self.extensions = dict(app.extensions)
        self.jinja_globals = dict(app.jinja_env.globals)
        self.views = dict(app.view_functions)
        self.rules = len(list(app.url_map.iter_rules()))
        self.hooks = {name: _copied(getattr(app, name)) for name in HOOKS}

    def put_back(self) -> bool:
        """Undo what the last test changed. False when it cannot be undone: a test has added a route."""
        app = self.app
        if len(list(app.url_map.iter_rules())) != self.rules:
            return False
        for table, before in (
            (app.config, self.config),
            (app.extensions, self.extensions),
            (app.jinja_env.globals, self.jinja_globals),
            (app.view_functions, self.views),
        ):
            table.clear()
            table.update(before)
        for name, before in self.hooks.items():
            table = getattr(app, name)
            table.clear()
            table.update(_copied(before))
        app.debug = False
        app._got_first_request = False  # a test may add hooks before its own first request
        return True


def _copied(table: dict[Any, list[Any]]) -> dict[Any, list[Any]]:
    return {key: list(functions) for key, functions in table.items()}


class Pool:
    """The applications of this process. Only the test that has taken one uses it."""

    def __init__(self, home: Path, template: Path) -> None:
        self.home = home
        self.template = template
        self.kept: dict[frozenset[tuple[str, str]], _Kept] = {}

    def take(self, **settings: str) -> Flask:
        """An application with these settings and the template's data, as if it had just been made."""
        key = frozenset(settings.items())
        kept = self.kept.get(key)
        folder = self.home / f"instance{len(self.kept)}" if kept is None else kept.config["DATA"]
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.template, folder)
        if kept is None or not kept.put_back():
            kept = self.kept[key] = _Kept(self._made(folder, settings))
        return kept.app

    def _made(self, folder: Path, settings: dict[str, str]) -> Flask:
        app = create_app(TestConfig(folder, **settings))
        app.config["WTF_CSRF_ENABLED"] = False  # tests/integration/security/test_csrf.py turns it on
        with app.app_context():
            if db.engine.dialect.name == "sqlite":
                event.listen(db.engine, "connect", _unhurried)
        return app


def lent(app: Flask) -> Iterator[Flask]:
    """The application in a context, as tests get it; its connections are closed afterwards."""
    token = begin_mode.set("DEFERRED")
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    begin_mode.reset(token)
