"""操作日志 of the 审计管理员: searching by everything, paging, export, verification, the head for printing."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select, text

from lib.codes import Role, Status
from lib.database import transaction_mode
from lib.identity import mask_number
from models import Event, Staff, db
from services import audit
from services.administration import audit_seals, audit_search
from tests.support.rules import house
from tests.support.rules.append_only import without_guards

ROOT = Path(__file__).resolve().parents[3]
RECORDS = re.compile(r'audit\.record\(\s*"([a-z_]+)"')
SEARCH, EXPORT = "/staff/admin/audit/search", "/staff/admin/audit/export"


@pytest.fixture
def auditor(browser, make):
    row = make.staff(Role.AUDITOR, "210000", name="审计甲")
    browser.sign_in(row)
    return row


def lines(page: str) -> list[list[str]]:
    """The cells of each row of the list."""
    rows = re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)[1:]
    return [[re.sub(r"<[^>]+>", "", cell).strip() for cell in re.findall(r"<t[dh].*?</t[dh]>", row)] for row in rows]


def found(browser, **wanted) -> list[list[str]]:
    return lines(browser.send(SEARCH, wanted, expect=200).text)


def test_each_condition_finds_its_events_and_both_find_what_fits_both(browser, auditor, make):
    officer, other = make.staff(), make.staff(department="210381", name="李审核")
    declaration = make.declaration(Status.APPROVED, officer=officer)
    audit.record("staff_sign_in", make.actor(other))
    for person in (officer, other):
        audit.record("reveal", make.actor(person), account_id=declaration.account_id)
    db.session.commit()
    number, username = declaration.number, officer.username
    account = declaration.account.id_number
    masked = mask_number(account)

    everything = found(browser)
    assert len(everything) == 7
    assert {row[4] for row in found(browser, declaration=number.lower())} == {number}
    assert len(found(browser, declaration=number)) == 4
    assert {row[5] for row in found(browser, number=account)} == {masked}
    assert {row[2] for row in found(browser, username=username)} == {f"王审核（{username}）"}
    assert {row[3] for row in found(browser, office="210381")} == {other.department.name}
    assert [row[1] for row in found(browser, verb="approve")] == ["审核通过"]
    assert len(found(browser, verb="reveal", office="210381")) == 1
    assert found(browser, verb="approve", office="210381") == []
    assert len(found(browser, number=account, username=username, verb="reveal")) == 1
    assert account not in browser.send(SEARCH, {"number": account}, expect=200).text.replace(f'value="{account}"', "")
    told = db.session.scalars(select(Event.detail).where(Event.verb == "audit_search")).all()
    assert told == ["by ID number"] * 3


def test_every_verb_of_the_trail_has_words():
    written = {
        verb
        for source in house.project_files()
        if source.path.startswith(("services/", "blueprints/", "commands/"))
        for verb in re.findall(r'audit\.record\(\s*"(\w+)"', source.text)
    }
    assert len(written) > 20
    assert written - audit_search.TITLES.keys() == set()


def test_a_span_of_days_counts_in_local_time(browser, auditor):
    for at in ("2026-11-22 15:59:59", "2026-11-22 16:00:00", "2026-11-23 15:59:59", "2026-11-23 16:00:00"):
        audit.record("notice", None, detail=at).at = datetime.fromisoformat(at).replace(tzinfo=UTC)
    db.session.commit()
    rows = found(browser, since="2026-11-23", until="2026-11-23")
    assert [row[0] for row in rows] == ["2026-11-23 23:59", "2026-11-23 00:00"]
    late = {"until": "9999-12-31"}
    for wrong in ({"since": "2026-11-23", "until": "2026-11-22"}, {"since": "1999-01-01"}, {"since": "x"}, late):
        assert browser.send(SEARCH, wrong, expect=422)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"username": "nobody"}, "没有这个用户名"),
        ({"declaration": "LN20260000999"}, "没有这个申报编号"),
        ({"number": "219900199003070011"}, "没有这个证件号码的账号"),
        ({"office": "999999"}, "请从列表中选择部门"),
        ({"verb": "nothing"}, "请从列表中选择操作"),
    ],
)
def test_what_does_not_exist_is_said_at_its_field(browser, auditor, wanted, message):
    for path in (SEARCH, EXPORT):
        assert message in browser.send(path, wanted, expect=422).text


def test_pages_lead_on_and_rare_events_are_found_behind_many_others(browser, auditor, make, monkeypatch):
    officer = make.actor(make.staff())
    audit.record("reason", officer, detail="the rare one")
    for number in range(120):
        audit.record("view", officer, detail=f"row {number}")
    db.session.commit()
    page, seen = browser.open("/staff/admin/audit").text, []
    while True:
        seen += lines(page)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.rpartition('class="pager"')[2]))
        following = re.search(r'name="after" value="([^"]+)"', page)
        if not following:
            break
        page = browser.send(SEARCH, hidden | {"after": html.unescape(following[1])}, expect=200).text
    assert [row[6] for row in seen] == [f"row {number}" for number in reversed(range(120))] + ["the rare one"]
    monkeypatch.setattr("services.queue.keyset_pages.EXAMINED", 100)
    rare = {"verb": "reason", "office": "210102", "username": ""}
    first = browser.send(SEARCH, rare | {"username": officer_name(officer)}, expect=200).text
    assert "继续查找" in first
    following = re.search(r'name="after" value="([^"]+)"', first)
    assert following
    rest = browser.send(SEARCH, rare | {"username": officer_name(officer), "after": following[1]}, expect=200).text
    assert [row[6] for row in lines(rest)] == ["the rare one"]


def officer_name(officer) -> str:
    return db.session.get_one(Staff, officer.id).username


def test_an_export_has_every_row_harms_no_spreadsheet_and_is_itself_in_the_trail(browser, auditor, make, monkeypatch):
    for detail in ("=1+1", "@x", "plain"):
        audit.record("reason", make.actor(make.staff()), detail=detail)
    db.session.commit()
    rows = list(csv.reader(io.StringIO(exported(browser))))
    assert [row[7] for row in rows] == ["说明", "plain", "'@x", "'=1+1"]
    last = db.session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
    assert (last.verb, last.detail, last.staff_id) == ("audit_export", "3 rows", auditor.id)
    monkeypatch.setattr(audit_search, "EXPORTED_AT_MOST", 2)
    monkeypatch.setattr(audit_search, "_AT_ONCE", 2)
    assert "还有更早的记录没有导出" in exported(browser).splitlines()[-1]


def exported(browser) -> str:
    page = browser.send(EXPORT, {"verb": "reason"}, expect=200)
    assert page.response.mimetype == "text/csv"
    page.response.close()
    return page.data.decode("utf-8-sig")


def test_an_auditor_of_a_city_reads_what_its_own_office_did(browser, make):
    browser.sign_in(make.staff(Role.AUDITOR, "210100"))
    for office in ("210100", "210102", "210381"):
        audit.record("reason", make.actor(make.staff(department=office)), detail=office)
    db.session.commit()
    assert [row[6] for row in lines(browser.open("/staff/admin/audit").text)] == ["210100"]
    assert [row[6] for row in found(browser, office="210102")] == ["210102"]
    assert "请从列表中选择部门" in browser.send(SEARCH, {"office": "210381"}, expect=422).text


def test_the_page_verifies_the_chain_and_prints_its_head(app, browser, auditor):
    audit.record("notice", None)
    db.session.commit()
    with transaction_mode("IMMEDIATE"):
        audit_seals.seal()
        db.session.commit()
    printed = audit_seals.head().printed
    assert f"flask audit verify --head {printed}" in browser.open("/staff/admin/audit/head").text
    page = browser.follow(browser.send("/staff/admin/audit/verify")).text
    assert "已核对 1 条，内容和顺序与写入时一致" in page
    assert "核对 1 条，一致" in page
    with transaction_mode("IMMEDIATE"):
        without_guards("event")
        db.session.execute(text("UPDATE event SET detail = 'x' WHERE verb = 'notice'"))
        db.session.commit()
    assert "核对不一致：第 1 号记录被修改" in browser.follow(browser.send("/staff/admin/audit/verify")).text


@pytest.mark.sqlite  # asks for its query plan
def test_a_page_asks_little_of_the_database_and_reads_an_index(app, auditor):
    plans = []
    for first in ("", *audit_search._INDEXED):
        query = audit_search._statement(first).order_by(Event.at.desc(), Event.id.desc()).limit(51)
        sql = query.compile(db.engine, compile_kwargs={"render_postcompile": True})
        rows = db.session.connection().exec_driver_sql(
            f"EXPLAIN QUERY PLAN {sql}", tuple(1 for _ in sql.positiontup or ())
        )
        plans.append(" ".join(str(row[3]) for row in rows))
    assert all("USING INDEX ix_event" in plan for plan in plans), plans
    assert [("TEMP B-TREE" in plan) for plan in plans] == [False, True, *[False] * 4], plans


def test_every_verb_that_is_recorded_has_words(app):
    sources = [path.read_text("utf-8") for path in ROOT.glob("services/**/*.py")]
    recorded = {verb for source in sources for verb in RECORDS.findall(source)}
    assert {"staff_sign_in", "calendar"} <= recorded
    assert recorded - set(audit_search.TITLES) == set()
