"""名册: who is in it, what its cells are, and that it is logged for each person in it."""

from __future__ import annotations

import csv
import os
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from sqlalchemy import select

from commands import tick
from forms import STEPS
from lib.clock import today
from lib.codes import Role, Status
from lib.questions.fields import ConfirmQuestion
from models import Event, Record, RosterExport, db
from services import audit
from services.declaration import answers, labels
from services.records import entries, record_transfers
from services.reports import exports, roster, xlsx
from tests.conftest import Browser, Page
from tests.support.office.printing import draw, drawn, job_at
from tests.support.office.spreadsheets import Table, tables
from tests.support.people import EMPLOYED, QUALIFIED

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}
REASON = "核对全区会计人员人数"


def approved(make, name: str = "单小燕", **answered):
    return make.declaration(Status.APPROVED, make.account(name), **answered)


def ask(browser: Browser, *, expect: Any = 302, **sent: Any) -> Page:
    """Send the form only."""
    sent = {"office": "210102", "source": "records", "form": "xlsx", "reason": REASON} | sent
    return browser.send("/staff/roster", sent, expect)


def export(browser: Browser, **sent: Any) -> Page:
    """Ask for the list, let it be made, fetch it, forget the job."""
    page = ask(browser, **sent)
    job = drawn(browser.app, job_at(page.location))
    assert job.state == "done", job.problem
    return browser.open(f"/staff/print/{job.uid}/file")


def exported(browser, **sent) -> Table:
    return tables(export(browser, **sent).data)[0]


def exports_kept() -> list[Event]:
    db.session.rollback()
    return list(db.session.scalars(select(Event).where(Event.verb == "export_roster").order_by(Event.id)))


def test_the_list_has_a_row_for_each_record_and_a_column_for_each_question(make, browser, officer):
    declaration = approved(make, **EMPLOYED | {"applicant_name": "单小燕"})

    table = exported(browser)

    asked = [question for step in STEPS for question in step.form(None, context=answers.asked_for({}))]
    ticks = {question.label.text for question in asked if isinstance(question, ConfirmQuestion)}
    questions = [question.label.text for question in asked]
    assert table.head[:4] == ["申报编号", "档案所在部门", "审核通过日期", "档案状态"]
    assert set(questions) - set(table.head) == ticks
    assert len(table.head) == len(questions) - 1 + 4 + len(labels.IDENTITY)
    assert [row["申报编号"].text for row in table.rows] == [declaration.number]
    assert table.column("审核通过日期") == [today().isoformat()]


def test_codes_stand_as_titles_and_say_what_the_check_page_says(make, browser, officer):
    declaration = approved(make, **EMPLOYED | {"employer_street": "210102010", "applicant_name": "单小燕"})
    frozen = declaration.revisions[-1].answers
    said = {row.label: row.text for section in answers.sections(frozen) for row in section.rows if row.text}

    row = exported(browser).rows[0]

    assert {label: row[label].text for label in said} == said


@pytest.mark.parametrize("begin", "=+-@\t")
def test_a_text_stays_a_text_whatever_it_begins_with(tmp_path, begin):
    """Straight through the writer: typing refuses most of these already."""
    with xlsx.Book(tmp_path) as book:
        book.sheet("表", [xlsx.Column("内容")]).add([f"{begin}HYPERLINK(1)"])
        with book.finish() as file:
            cell = tables(file.read())[0].rows[0]["内容"]

    assert (cell.kind, cell.text.lstrip("\t")) == ("inlineStr", f"{begin}HYPERLINK(1)".lstrip("\t"))


def test_formulas_links_and_long_numbers_that_people_typed_stay_texts(make, browser, officer):
    typed = {
        "postal_address": "=HYPERLINK(1)&样例路",
        "employer_name": "https://example.org/样例公司",
        "full_time_diploma_no": "101731201205001122",
        "applicant_name": "单小燕",
    }
    declaration = approved(make, **EMPLOYED | typed)

    row = exported(browser).rows[0]

    number = declaration.account.id_number
    wanted = {"通讯地址": typed["postal_address"], "单位名称": typed["employer_name"], "证件号码": number}
    wanted |= {"毕业院校": "东北样例大学", "学历证书编号": typed["full_time_diploma_no"]}
    assert {label: row[label].text for label in wanted} == wanted
    assert len(number) == 18
    assert {cell.kind for cell in row.values()} == {"inlineStr", "d"}


@pytest.mark.parametrize("name", ["𠮷田𬭊", "阿依古丽·买买提", "㛃䶮"])
def test_rare_characters_are_as_they_were_typed(make, browser, officer, name):
    approved(make, name)
    assert exported(browser).column("申报人姓名") == [name]


def test_the_header_is_frozen_and_filters(make, browser, officer):
    approved(make)
    xml = exported(browser).xml
    assert 'state="frozen"' in xml
    assert re.search(r'<autoFilter ref="A1:[A-Z]+2"', xml)


def test_another_countys_people_are_not_in_it(make, browser, officer):
    approved(make, "单小燕")
    approved(make, "孙立国", **OTHER_COUNTY)

    assert exported(browser).column("申报人姓名") == ["单小燕"]
    ask(browser, expect=422, office="210103")


def test_a_city_takes_its_counties_all_or_one(make, browser):
    browser.sign_in(make.staff(Role.MANAGER, "210100"))
    for name, answered in (("单小燕", {}), ("孙立国", OTHER_COUNTY)):
        approved(make, name, **answered)

    assert exported(browser, office="210100").column("申报人姓名") == ["单小燕", "孙立国"]
    assert exported(browser, office="210103").column("申报人姓名") == ["孙立国"]


def test_nobodys_own_file_is_in_it(make, browser):
    declaration = approved(make)
    browser.sign_in(make.staff(id_index=declaration.account.id_index))
    assert ask(browser).location == "/staff/roster"


@pytest.mark.parametrize(
    ("since", "until", "rows"), [(0, 0, 1), (None, 0, 1), (0, None, 1), (None, -1, 0), (-3, -1, 0)]
)
def test_the_days_of_approval_bound_it(make, browser, officer, since, until, rows):
    approved(make)
    days = {
        name: (today() + timedelta(days=shift)).isoformat()
        for name, shift in (("since", since), ("until", until))
        if shift is not None
    }
    assert ("/print/" in ask(browser, **days).location) is bool(rows)


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED])
def test_submissions_of_one_state(make, browser, officer, status):
    wanted = make.declaration(status, make.account("单小燕"))
    approved(make, "孙立国")

    table = exported(browser, source=status.value)

    assert table.head[1:3] == ["受理部门", "提交日期"]
    assert table.column("申报编号") == [wanted.number]


def test_a_returned_one_is_listed_as_it_was_submitted(make, browser, officer):
    declaration = make.declaration(Status.RETURNED)
    submitted = declaration.postal_address
    declaration.postal_address = "样例路 99 号，还没有提交"
    db.session.commit()
    assert exported(browser, source="returned").column("通讯地址") == [submitted]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"reason": ""}, "请填写导出事由"),
        ({"reason": "核对"}, "导出事由应为 4 至 100 个字"),
        ({"reason": "核对219900199003070000"}, "请不要填写证件号码"),
        ({"source": "draft"}, "请从列表中选择内容"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "结束日期不能早于开始日期"),
        ({"since": "2999-01-01"}, "开始日期不能晚于今天"),
        ({"since": "昨天"}, "请按 2021-09-05 的样子填写"),
    ],
)
def test_what_is_missing_or_wrong_is_said_at_its_field(make, browser, officer, sent, message):
    approved(make)
    assert message in ask(browser, expect=422, **sent).text
    assert exports_kept() == []


def test_an_export_is_written_down_with_reason_and_count_and_without_names(make, browser, officer):
    approved(make, "单小燕")
    export(browser, since=today().isoformat())

    (event,) = exports_kept()
    assert event.staff_id == officer.id
    assert event.detail == f"210102 审核通过的人员档案 {today()}～：1 人。事由：{REASON}"
    assert event.account_id is None


def test_everybody_in_it_can_see_who_exported_it_and_nobody_else(make, browser, another_browser, officer):
    inside = approved(make, "单小燕").account
    waiting = make.declaration(Status.SUBMITTED, make.account("李未审")).account
    elsewhere = approved(make, "孙立国", **OTHER_COUNTY).account
    export(browser)

    told = {
        account.name: "export_roster" in [look.verb for look in audit.accesses(account.id)]
        for account in (inside, waiting, elsewhere)
    }

    assert told == {"单小燕": True, "李未审": False, "孙立国": False}
    page = another_browser.sign_in(inside).open("/account")
    assert "导出名册，其中有您的资料" in page.text
    assert officer.department.name in page.text


def test_a_person_who_moved_away_still_sees_the_old_offices_export(make, browser, officer):
    record = make.record(make.account("单小燕"))
    export(browser)
    record.department_id = make.department("210103").id
    db.session.commit()
    assert audit.accesses(record.account_id)[0].verb == "export_roster"


def test_looks_and_exports_stand_in_one_order(make, browser, officer):
    declaration = approved(make)
    export(browser)
    browser.open(f"/staff/submissions/{declaration.uid}")
    export(browser)
    verbs = [look.verb for look in audit.accesses(declaration.account_id, limit=3)]
    assert verbs == ["export_roster", "view", "export_roster"]


@pytest.mark.parametrize("ids", [[], [1], [7, 8, 9, 4096, 2_000_000]])
def test_a_packed_set_tells_its_members_and_no_others(ids):
    members = audit.Members()
    for number in ids:
        members.add(number)
    packed = members.packed()
    near = {number + shift for number in ids for shift in (-1, 0, 1)} | {5, 3_000_000}
    assert {number for number in near if audit.is_member(packed, number)} == set(ids)


def test_what_was_exported_cannot_be_taken_out_of_the_log(make, browser, officer):
    approved(make)
    export(browser)
    kept = db.session.scalars(select(RosterExport)).one()
    kept.members = audit.Members().packed()
    with pytest.raises(Exception, match="only ever added"):
        db.session.flush()
    db.session.rollback()


def test_the_file_is_named_after_department_and_day_and_is_not_kept(make, browser, officer):
    approved(make)
    page = export(browser)
    disposition = unquote(page.headers["Content-Disposition"])
    assert f"filename*=UTF-8''名册 {officer.department.name} {today()}.xlsx" in disposition
    assert page.headers["Cache-Control"] == "no-store"
    assert list((browser.app.config["DATA"] / "exports").iterdir()) == []


def test_nobody_there_makes_no_file_and_no_event(browser, officer):
    page = browser.follow(ask(browser))
    assert "没有符合条件的人员" in page.text
    assert exports_kept() == []


def test_a_second_export_of_the_same_officer_waits(make, browser, officer):
    approved(make)
    first = ask(browser).location
    assert ask(browser).location == first
    assert "还没有生成好" in browser.open(first).text


def test_nothing_is_written_down_when_the_job_was_cancelled_or_nobody_is_left(make, app, browser, officer):
    record = make.record()
    page = ask(browser).location
    browser.send(f"{page}/cancel")
    draw(app)
    page = ask(browser).location
    record.department_id = make.department("210103").id
    db.session.commit()
    assert drawn(app, job_at(page)).problem == "list"
    assert "没有符合条件的人员" in browser.open(page).text
    assert exports_kept() == []


def test_columns_are_chosen_kept_under_a_name_and_stand_in_the_order_of_the_pages(make, browser, officer):
    approved(make)
    sent = {"column": ["mobile", "applicant_name", "nonsense"], "name": "通讯录", "qualification": "none"}
    kept = browser.send("/staff/roster/columns", sent).location
    assert "qualification=none" in kept
    page = browser.open(kept).text
    assert page.count(" checked") == 2
    assert exported(browser, column=["mobile", "applicant_name"]).head[4:] == ["申报人姓名", "手机号码"]
    browser.send("/staff/roster/columns", sent | {"column": ["mobile"]})
    (again,) = exports.kept_columns(make.actor(officer))
    assert again.columns == ["mobile"]
    assert "至少选择一个栏目" in browser.send("/staff/roster/columns", {"name": "空"}, expect=422).text
    assert browser.open("/staff/roster?set=national").text.count(" checked") == len(roster.NATIONAL)
    assert set(roster.NATIONAL) < set(roster.columns_to_choose())
    browser.send(f"/staff/roster/columns/{again.id}/drop")
    assert exports.kept_columns(make.actor(officer)) == []


def test_a_csv_of_the_filtered_records(make, browser, officer):
    approved(make, "单小燕", **EMPLOYED | QUALIFIED | {"postal_address": "=样例路 1 号"})
    approved(make, "孙立国")
    data = export(browser, form="csv", qualification=QUALIFIED["qualification"], state="standing").data
    rows = list(csv.DictReader(data.decode("utf-8-sig").splitlines()))
    assert [(row["申报人姓名"], row["通讯地址"]) for row in rows] == [("单小燕", "'=样例路 1 号")]
    assert "/print/" not in ask(browser, state="closed").location
    one = db.session.scalars(select(Record).where(Record.name == "孙立国")).one()
    assert f"record={one.uid}" in browser.open(f"/staff/archive/{one.uid}").text
    assert exported(browser, record=one.uid).column("申报人姓名") == ["孙立国"]


def test_who_is_not_kept_any_more_is_told_apart(make, browser, officer, manager):
    for name in ("单小燕", "孙立国", "赵淑兰"):
        approved(make, name)
    kept = {record.name: record for record in db.session.scalars(select(Record))}
    entries.close(kept["孙立国"], make.actor(manager), "left", "有证明")
    outside: Any = {"place": "吉林省样例市财政局", "on": today(), "reason": "有转出证明"}
    record_transfers.send(kept["赵淑兰"], make.actor(manager), record_transfers.ELSEWHERE, **outside)
    db.session.commit()
    rows = exported(browser, column=["applicant_name"]).rows
    told = {row["申报人姓名"].text: row["档案状态"].text for row in rows}
    assert told == {"单小燕": "在册", "孙立国": "已注销", "赵淑兰": "已调出"}


def test_a_long_list_goes_on_on_the_next_sheet(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx, "ROWS_AT_MOST", 3)
    with xlsx.Book(tmp_path) as book:
        sheet = book.sheet("名册", [xlsx.Column("序号"), xlsx.Column("姓名")])
        for number in range(7):
            sheet.add([number, f"人{number}"])
        with book.finish() as file:
            found = tables(file.read())

    assert sheet.count == 7
    assert [(table.name, table.column("姓名")) for table in found] == [
        ("名册", ["人0", "人1", "人2"]),
        ("名册 2", ["人3", "人4", "人5"]),
        ("名册 3", ["人6"]),
    ]
    assert [cell.kind for cell in found[0].rows[0].values()] == ["n", "inlineStr"]
    assert all("<autoFilter" in table.xml for table in found)


def test_a_failure_half_way_leaves_nothing_on_the_disk(tmp_path):
    with xlsx.Book(tmp_path) as book:
        book.sheet("名册", [xlsx.Column("姓名")]).add(["单小燕"])
        assert list(tmp_path.iterdir())
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def left_behind(app) -> list[Path]:
    """What an old and a recent process left."""
    old, recent = (app.config["DATA"] / xlsx.FOLDER / name for name in ("xlsx-old", "xlsx-new"))
    for folder in (old, recent):
        folder.mkdir(parents=True)
        (folder / "sheet").write_text("单小燕")
    os.utime(old, (0, 0))
    return [old, recent]


def test_what_a_killed_process_left_is_removed_by_the_next_export(make, browser, officer, left_behind):
    approved(make)
    export(browser)
    assert [folder.exists() for folder in left_behind] == [False, True]


def test_or_by_the_clock_if_nobody_exports_again(app, left_behind):
    assert tick.tick()[0]["中断的导出"] == 1
    assert [folder.exists() for folder in left_behind] == [False, True]


def test_days_are_those_of_shanghai():
    begins = roster._midnight(date(2026, 11, 23))
    assert begins.utcoffset() == timedelta(hours=8)
