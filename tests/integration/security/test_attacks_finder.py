"""A stolen data directory, log or temporary file: no number, phone, e-mail or password in it, wherever it was typed."""

from __future__ import annotations

import logging
import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import text

from app import create_app
from config import TestConfig
from lib.codes import Status
from lib.database import copies
from models import Declaration, db
from services import workflow
from services.departments.reference_data import load_reference_data
from tests.support.applicant.filing import filled, stored
from tests.support.factory import Make
from tests.support.people import EMPLOYED, id_number
from tests.support.site.command_line import runner

ROOT = Path(__file__).resolve().parents[3]
NUMBER = id_number(905)
TYPED = {
    "mobile": "13800139051",
    "email": "canary905@example.com",
    "employer_phone": "13800139052",
    "holds_legacy_certificate": "yes",
    "legacy_certificate_no": NUMBER,
}
PASSWORD = "canary-password-905"
CANARIES = [PASSWORD, NUMBER, *(TYPED[name] for name in ("mobile", "email", "employer_phone")), "13800139053"]


def found_in_the_open(app: Flask) -> list[str]:
    db.session.rollback()
    everything = [path for path in Path(app.config["DATA"]).rglob("*") if path.is_file()]
    content = b"".join(path.read_bytes() for path in everything)
    if db.engine.dialect.name == "postgresql":  # its files are another program's: the rows as it gives them
        content += b"".join(copies.dump_postgresql(db.session.connection()))
        db.session.rollback()
    assert "单小燕".encode() in content  # names are searched for, so they are in plain text
    return [canary for canary in CANARIES if canary.encode() in content]


@pytest.mark.parametrize("settings", [{"LOG_REQUESTS": "yes", "LOG_FORMAT": "json"}])
def test_a_whole_filing_leaves_nothing_in_the_open(app, browser, another_browser, make, monkeypatch, tmp_path, caplog):
    """Addresses of pages hold none either: they are in histories and in the logs of proxies."""
    caplog.set_level(logging.DEBUG)
    kept = _keeping_temporary_files(monkeypatch, tmp_path)
    asked = _addresses(app, monkeypatch)
    account = make.account(number=NUMBER)
    declaration = make.declaration(Status.DRAFT, account, **(EMPLOYED | TYPED))
    browser.sign_in(account)
    browser.send("/apply/personal/draft", filled(declaration, "personal", mobile="13800139053"), expect=204)
    browser.send("/apply/personal", filled(stored(declaration), "personal", mobile="13800139053"), expect=422)
    make.papers(stored(declaration))
    workflow.submit(stored(declaration), make.actor(account), commitment="1", review_days=10)
    db.session.commit()
    officer = make.staff()
    another_browser.sign_in(officer)
    another_browser.send("/staff/queue/search", {"q": NUMBER}, expect=200)
    another_browser.send("/staff/counter", {"name": "单小燕", "number": NUMBER}, expect=200)
    another_browser.send(f"/staff/submissions/{declaration.uid}/claim")
    page = another_browser.open(f"/staff/submissions/{declaration.uid}").text
    assert re.sub(r"<[^>]+>|\s", "", page).count(NUMBER) >= 2  # in groups as the ID number, and as the certificate's
    browser.send("/login", {"name": "单小燕", "number": NUMBER, "password": PASSWORD}, expect=422)
    runner(app)("tick")

    assert found_in_the_open(app) == []
    told = [record.getMessage() for record in caplog.records]
    assert any(line.startswith("request view=auth.login") for line in told)
    written = "".join(path.read_text("latin-1") for path in kept())
    for canary in [*CANARIES, "单小燕"]:
        assert canary not in "".join(told), canary
        assert canary not in written, canary
        assert canary not in "".join(map(unquote, asked)), canary


def _keeping_temporary_files(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Callable[[], list[Path]]:
    """Temporary files that have a name are made here and stay; what it returns lists them."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(os, "unlink", lambda *_any, **_more: None)
    return lambda: [path for path in folder.rglob("*") if path.is_file()]


def _addresses(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of all requests and redirects from now on."""
    asked: list[str] = []
    inner = app.wsgi_app

    def watched(environ: Any, start: Any) -> Any:
        def started(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            asked.extend(value for name, value in headers if name == "Location")
            return start(status, headers, *rest)

        asked.append(f"{environ['PATH_INFO'].encode('latin-1').decode()}?{environ['QUERY_STRING']}")
        return inner(environ, started)

    monkeypatch.setattr(app, "wsgi_app", watched)
    return asked


@pytest.fixture
def older(tmp_path) -> Any:
    app = create_app(TestConfig(tmp_path))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_what_stood_in_the_open_is_sealed_by_the_migration_and_opened_by_its_way_back(older):
    folder = str(ROOT / "migrations")
    flask_migrate.upgrade(folder)
    load_reference_data(ROOT / "data")
    declaration = Make(older).declaration(Status.DRAFT, Make(older).account(number=NUMBER), **(EMPLOYED | TYPED))
    uid, told = declaration.uid, {name: TYPED[name] for name in ("email", "employer_phone", "legacy_certificate_no")}
    db.session.remove()
    flask_migrate.downgrade(folder, revision="0001")
    columns = ", ".join(told)
    with db.engine.connect() as connection:
        row = connection.execute(text(f"SELECT {columns} FROM declaration")).one()
    assert dict(row._mapping) == told
    flask_migrate.upgrade(folder)
    again = db.session.query(Declaration).filter_by(uid=uid).one()
    assert {name: getattr(again, name) for name in told} == told
