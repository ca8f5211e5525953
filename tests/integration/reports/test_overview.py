"""部门概览: what is open where, who holds what, what waits; for managers."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from lib.clock import today
from lib.codes import Role, Status
from lib.database import utcnow
from models import SecondLook, Transfer, db
from services.queue import index as queue_index
from services.queue import manager_overview
from tests.support.applicant.filing import words
from tests.support.office.histories import Step, happened

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}


@pytest.fixture
def manager(make, browser):
    manager = make.staff(Role.MANAGER, "210100", name="赵主管")
    browser.sign_in(manager)
    return manager


def found(make, manager) -> manager_overview.Overview:
    db.session.rollback()
    return manager_overview.overview(make.actor(manager))


def due(declaration, days: int):
    """Let a submission be due in so many days."""
    declaration.due_on = today() + timedelta(days=days)
    queue_index.sync(declaration)
    db.session.commit()
    return declaration


def test_the_counts_of_departments_add_up_to_the_total(make, manager):
    due(make.declaration(Status.SUBMITTED), -1)
    due(make.declaration(Status.SUBMITTED), 0)
    due(make.declaration(Status.IN_REVIEW, **OTHER_COUNTY), 60)
    due(make.declaration(Status.SUBMITTED, department_code="210100"), -3)
    make.declaration(Status.APPROVED)

    seen = found(make, manager)

    assert (seen.total.open, seen.total.overdue, seen.total.soon) == (4, 2, 1)
    rows = {row.filter: (row.open, row.overdue, row.soon) for row in seen.standings}
    assert rows["210102"] == (2, 1, 1)
    assert rows["210103"] == (1, 0, 0)
    assert rows["210100_"] == (1, 1, 0)
    assert sum(row[0] for row in rows.values()) == seen.total.open


def test_a_county_has_no_table_of_departments(make, browser):
    browser.sign_in(make.staff(Role.MANAGER, "210102"))
    due(make.declaration(Status.SUBMITTED), 60)
    page = browser.open("/staff/overview")
    assert "按部门" not in words(page.text.partition("<main")[2])


def test_officers_stand_in_the_order_of_their_names_with_counts_and_no_times(make, browser, manager):
    first, second = make.staff(name="王审核"), make.staff(name="李审核", department="210103")
    for officer in (first, first, second):
        happened(make, officer, Step("submit", utcnow()), Step("approve", utcnow()))
    happened(make, first, Step("submit", utcnow()), Step("return", utcnow()), Step("undo", utcnow()))
    happened(make, second, Step("submit", utcnow()), Step("approve", utcnow() - timedelta(days=2)))
    make.declaration(Status.IN_REVIEW, officer=second, **OTHER_COUNTY)
    make.lapsed(make.declaration(Status.IN_REVIEW, officer=first))
    make.staff(name="周在外", department="210103")  # elsewhere, and without anything

    seen = found(make, manager).officers

    assert [(row.name, row.held, row.decided) for row in seen] == [
        ("李审核", 1, 1),
        ("王审核", 0, 2),
        ("赵主管", 0, 0),
    ]
    section = browser.open("/staff/overview").text.partition('id="by-officer"')[2].partition("</section>")[0]
    assert re.findall(r'scope="col"[^>]*>([^<]*)<', section) == [
        "姓名",
        "部门",
        "正在审核",
        "其中超期",
        "今天办结",
        "安排",
    ]


def test_officers_and_submissions_of_another_city_are_not_there(make, manager):
    stranger = make.staff(name="孙外地", department="210302")
    elsewhere = {"home_city": "210300", "home_county": "210302", "department_code": "210302"}
    due(make.declaration(Status.IN_REVIEW, officer=stranger, **elsewhere), -5)
    seen = found(make, manager)
    assert seen.total.open == 0
    assert "孙外地" not in [row.name for row in seen.officers]
    assert seen.overdue == ()


def test_overdue_ones_are_listed_the_oldest_first_and_lead_to_their_files(make, browser, manager):
    late = [due(make.declaration(Status.SUBMITTED), -days) for days in (1, 9, 4)]
    page = browser.open("/staff/overview")
    links = re.findall(r'/staff/submissions/([\w-]+)"', page.text)
    assert links == [late[1].uid, late[2].uid, late[0].uid]


def test_more_overdue_ones_than_fit_lead_to_the_list(make, browser, manager, monkeypatch):
    monkeypatch.setattr(manager_overview, "OVERDUE_AT_MOST", 1)
    for days in (1, 2):
        due(make.declaration(Status.SUBMITTED), -days)
    page = browser.open("/staff/overview")
    assert "查看全部 2 份超期的申报" in page.text
    assert len(re.findall("/staff/submissions/", page.text)) == 1


def test_transfers_and_second_looks_that_wait_are_listed(make, browser, manager):
    officer = make.staff(name="王审核")
    offered, looked = (make.declaration(Status.IN_REVIEW, officer=officer) for _ in range(2))
    transfer = Transfer(declaration_id=offered.id, reason="不在本区", staff_id=officer.id)
    transfer.from_department_id, transfer.to_department_id = officer.department_id, make.department("210103").id
    look = SecondLook(declaration_id=looked.id, verb="approve", staff_id=officer.id)
    look.revision_id = looked.revisions[-1].id
    db.session.add_all([transfer, look])
    db.session.commit()

    seen = found(make, manager)

    assert [(row.number, row.to) for row in seen.transfers] == [(offered.number, make.department("210103").name)]
    assert [(row.number, row.by) for row in seen.second_looks] == [(looked.number, "王审核")]
    text = words(browser.open("/staff/overview").text)
    assert "等待答复的转交" in text
    assert "等待复核" in text


def test_what_was_answered_does_not_wait(make, manager):
    officer = make.staff()
    offered = make.declaration(Status.IN_REVIEW, officer=officer)
    transfer = Transfer(declaration_id=offered.id, reason="x", staff_id=officer.id, accepted=False)
    transfer.from_department_id, transfer.to_department_id = officer.department_id, make.department("210103").id
    transfer.answered_at, transfer.answered_by = utcnow(), officer.id
    db.session.add(transfer)
    db.session.commit()
    assert found(make, manager).transfers == []


def test_ones_own_file_is_in_no_list(make, browser):
    declaration = due(make.declaration(Status.SUBMITTED), -2)
    browser.sign_in(make.staff(Role.MANAGER, "210100", id_index=declaration.account.id_index))
    assert declaration.number not in browser.open("/staff/overview").text


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SYSTEM, Role.AUDITOR])
def test_the_overview_is_the_managers(make, browser, role):
    refused = browser.sign_in(make.staff(role)).open("/staff/overview", expect=403)
    assert "部门概览" not in refused.text
