"""What a monitor asks: figures, readiness; and the number by which the log tells one request from another."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text, update

from blueprints import watching
from lib.codes import Status
from lib.database import utcnow
from lib.monitoring import logs, metrics
from models import Heartbeat, db
from services.operations import readiness
from tests.conftest import Browser
from tests.support.applicant.filing import upload, words
from tests.support.factory import picture
from tests.support.people import EMPLOYED
from tests.support.rules.house import ROOT
from tests.support.site.command_line import runner


def figures(browser: Browser, **headers: str) -> dict[str, float]:
    """Name and labels -> number."""
    text = browser.open("/metrics", headers=headers).text
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(number) for name, number in lines}


def test_the_monitor_sees_requests_the_queue_and_refused_pictures(app, make, browser):
    make.declaration(Status.SUBMITTED, make.account())
    browser.sign_in(make.declaration(**EMPLOYED).account)
    before = figures(Browser(app))
    upload(browser, b"GIF89a", expect=422)
    upload(browser, picture(900, 700))
    browser.open("/nowhere", expect=404)

    after = figures(Browser(app))

    def more(name: str) -> float:
        return after[name] - before.get(name, 0)

    assert after['kuaiji_queue_items{due="later",status="submitted"}'] == 1
    assert more('kuaiji_pictures_refused_total{reason="format"}') == 1
    assert more('kuaiji_requests_total{endpoint="",status="404"}') == 1
    assert more('kuaiji_requests_total{endpoint="public.metrics",status="200"}') == 1
    assert (more("kuaiji_lock_wait_seconds_count") > 0) == (db.engine.dialect.name == "sqlite")
    assert more('kuaiji_decoding_jobs_total{end="ok",job="paper"}') == 2
    assert after['kuaiji_free_bytes{folder="data"}'] > 0


def test_strangers_find_no_figures(app):
    browser = Browser(app)
    nothing = browser.open("/nothing-here", expect=404).text
    assert browser.open("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.9"}, expect=404).text == nothing
    for header in ("X-Forwarded-For", "Forwarded", "Via"):  # a proxy on this machine passes strangers on
        browser.open("/metrics", headers={header: "203.0.113.9"}, expect=404)


@pytest.mark.parametrize("settings", [{"METRICS_TOKEN": "a-long-token-of-the-monitor"}])
def test_with_a_token_the_monitor_may_be_anywhere_and_nobody_else(app):
    browser = Browser(app)
    browser.open("/metrics", expect=404)
    browser.open("/metrics", headers={"Authorization": "Bearer 另一个"}, expect=404)
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    known = {"Authorization": "Bearer a-long-token-of-the-monitor"}
    assert "kuaiji_requests_total" in browser.open("/metrics", headers=known, environ_base=elsewhere).text


def test_the_figures_of_all_workers_are_told_by_each(tmp_path):
    """As ``flask serve`` runs them: each keeps its own in the folder."""
    code = """
import sys
from lib.monitoring import metrics
metrics.picture_refused("small")
sys.stdout.buffer.write(metrics.exposition([]))
"""
    assert b'kuaiji_pictures_refused_total{reason="small"} 1.0' in counting(code, tmp_path)
    assert b'kuaiji_pictures_refused_total{reason="small"} 2.0' in counting(code, tmp_path)


def counting(code: str, folder: Path) -> bytes:
    """What a process says that keeps its figures in this folder."""
    env = {"PATH": os.defpath, metrics.FOLDER: str(folder)}
    return subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT, capture_output=True, check=True).stdout


FULL = """
import os, resource, sys
most = resource.getrlimit(resource.RLIMIT_FSIZE)
def no_room(): resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most[1]))
def room(): resource.setrlimit(resource.RLIMIT_FSIZE, most)
"""


def test_a_worker_on_a_full_disk_goes_on_without_figures_until_there_is_room(tmp_path):
    code = """
from lib.monitoring import metrics
no_room()
if not os.fork():
    metrics.answered("public.home", 507, 0.1)
    metrics.waited_for_lock(0.1)
    metrics.picture_refused("small")
    metrics.job_ended("paper", "ok", 0.1)
    room()
    metrics.picture_refused("small")
    os._exit(0)
assert os.wait()[1] == 0
sys.stdout.buffer.write(metrics.exposition([]))
"""
    assert b'kuaiji_pictures_refused_total{reason="small"} 1.0' in counting(FULL + code, tmp_path)
    assert not list(tmp_path.glob("*.new"))


def test_a_process_that_starts_on_a_full_disk_tells_its_own_figures(tmp_path):
    code = """
no_room()
from lib.monitoring import metrics
metrics.picture_refused("small")
sys.stdout.buffer.write(metrics.exposition([]))
"""
    assert b'kuaiji_pictures_refused_total{reason="small"} 1.0' in counting(FULL + code, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_files_of_figures_have_all_of_their_room_from_the_start(app, tmp_path):
    """One that grows while it is written ends the process when the disk is full: nothing can catch that."""
    views = [(view, status) for view in app.view_functions for status in (200, 302, 403, 404, 409, 422, 503, 507)]
    code = f"from lib.monitoring import metrics\nfor view, status in {views}: metrics.answered(view, status, 0.1)"
    counting(code, tmp_path)
    found = [file.stat() for file in tmp_path.iterdir()]
    assert [(file.st_size, file.st_blocks * 512 >= metrics.ROOM) for file in found] == [(metrics.ROOM, True)] * 2


def test_readiness_tells_of_the_tick_and_of_a_database_that_is_behind(app, browser):
    assert "warning: tick: not done for ten minutes" in browser.open("/readyz").text.splitlines()
    runner(app)("tick")
    assert "tick" not in browser.open("/readyz").text
    db.session.execute(update(Heartbeat).values(at=utcnow() - timedelta(minutes=11)))
    db.session.commit()
    assert "warning: tick: not done for ten minutes" in browser.open("/readyz").text.splitlines()

    db.session.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    db.session.commit()
    assert browser.open("/readyz", expect=503).text == "database: not at the newest migration\n"


def test_the_newest_migration_is_known_without_alembic():
    assert readiness.newest_migration() == ScriptDirectory(str(ROOT / "migrations")).get_current_head()


def test_an_error_page_and_the_log_name_the_same_request(app, browser, monkeypatch, capsys):
    app.config["TESTING"] = False
    monkeypatch.setattr("blueprints.public.notices.newest", lambda _most: 1 / 0)
    before = list(logging.getLogger().handlers), logging.getLogger().level
    logs.set_up("json", watching.request_id)
    try:
        page = browser.open("/", expect=500)
    finally:
        app.config["TESTING"] = True
        logging.basicConfig(handlers=before[0], level=before[1], force=True)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (record,) = [record for record in told if record["level"] == "ERROR"]
    assert record["request_id"] == page.request_id
    assert page.request_id in words(page.text)
    assert "ZeroDivisionError" in record["traceback"]


@pytest.mark.parametrize("settings", [{"LOG_REQUESTS": "yes", "PROXY_HOPS": "1"}])
def test_a_request_is_logged_under_the_number_that_the_proxy_gave_it_without_its_address(app, browser, caplog):
    caplog.set_level(logging.INFO)
    given = {"X-Request-ID": "proxy-12345678", "X-Forwarded-For": "203.0.113.9"}
    page = browser.open("/notices?name=canary", headers=given)
    assert page.request_id == "proxy-12345678"
    (line,) = [record.getMessage() for record in caplog.records if record.getMessage().startswith("request ")]
    assert re.fullmatch(r"request view=public\.notices method=GET status=200 milliseconds=[0-9.]+ role=", line)
    assert browser.open("/", headers={"X-Request-ID": "a b"}).request_id != "a b"


DEPLOY = ROOT / "deploy"


@pytest.mark.parametrize("name", ["alerts.yml", "grafana-dashboard.json"])
def test_alerts_and_dashboard_ask_for_figures_that_there_are(app, browser, name):
    browser.open("/")
    db.session.add(Heartbeat(name="tick", at=utcnow()))
    db.session.commit()
    told = browser.open("/metrics").text
    known = set(re.findall(r"^(?:# TYPE )?(kuaiji_\w+)", told, re.MULTILINE))
    asked = set(re.findall(r"kuaiji_\w+", (DEPLOY / name).read_text()))
    assert asked
    assert asked <= known
