"""The files of 名册: parts in the store, and a disk that has no room for them."""

from __future__ import annotations

import os
from datetime import timedelta

from commands import tick
from models import db
from services.papers import papers
from services.reports import exports, roster
from tests.integration.reports.test_roster import approved, ask, exports_kept
from tests.support.applicant.filing import store
from tests.support.office.printing import drawn, job_at
from tests.support.site import faults


def test_a_large_file_is_stored_and_sent_in_parts_which_all_go_after_a_day(make, browser, officer, monkeypatch):
    monkeypatch.setattr(exports, "PART", 1000)
    approved(make)
    job = drawn(browser.app, job_at(ask(browser, form="csv").location))
    parts = job.parts or []
    assert len(parts) == -(-(job.size or 0) // 1000) > 1
    page = browser.open(f"/staff/print/{job.uid}/file")
    assert page.headers["Content-Length"] == str(len(page.data)) == str(job.size)
    assert "单小燕" in page.data.decode("utf-8-sig")
    assert set(parts) <= papers.referenced()
    store().discard(parts[1], 0)
    browser.open(f"/staff/print/{job.uid}/file", expect=404)
    job = job_at(job.uid)
    job.created_at -= timedelta(hours=25)
    db.session.commit()
    for kept in store().addresses():
        os.utime(store()._path(kept), (0, 0))
    tick.tick()
    assert not set(parts) & set(store().addresses())


def test_a_list_that_the_disk_has_no_room_for_is_refused_before_it_is_made(make, browser, officer, monkeypatch):
    approved(make)
    page = ask(browser).location
    monkeypatch.setitem(roster.ROOM_OF_A_CELL, "xlsx", 1 << 50)
    assert drawn(browser.app, job_at(page)).problem == "storage"
    assert "存储空间已满" in browser.open(page).text
    assert "存储空间不够" in ask(browser, expect=422).text
    assert exports_kept() == []


def test_a_list_whose_file_is_damaged_is_a_page_and_no_broken_answer(make, browser, officer, caplog):
    approved(make)
    job = drawn(browser.app, job_at(ask(browser, form="csv").location))
    (part,) = job.parts or []
    faults.change_last_byte(store()._path(part))
    browser.open(f"/staff/print/{job.uid}/file", expect=404)
    assert f"a part of a list is filedamaged: {part}" in caplog.text
