"""撤并: the work of a closed department goes to its successor, people are told, and it may be opened again."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from lib.clock import today
from lib.codes import Role, Status
from models import Declaration, Department, Event, InboxMessage, Record, Staff, db
from services import workflow
from services.access import Actor
from services.departments import matching
from services.queue import index as queue_index
from services.workflow import department_closing
from tests.conftest import Browser
from tests.support.applicant.filing import page, stored
from tests.support.factory import Make
from tests.support.office.derived import everything
from tests.support.office.review_desk import fresh

SETUP = "/staff/admin/departments/210102"
CLOSE = f"{SETUP}/close"
HEPING, SHENHE = "210102", "210103"


@pytest.fixture
def system(client, make):
    return client.sign_in(make.staff(Role.SYSTEM, "210000", name="系统员"))


def closing(days: int = 0, successor: str = SHENHE, **more: str) -> dict[str, str]:
    on = (today() + timedelta(days=days)).isoformat()
    return {"on": on, "successor": successor, "officers": "move"} | more


def told(declaration: Declaration) -> list[str]:
    query = select(InboxMessage.body).where(InboxMessage.declaration_id == declaration.id)
    return list(db.session.scalars(query.order_by(InboxMessage.id.desc())))


def office_of(declaration: Declaration) -> str:
    found = fresh(declaration).department
    assert found
    return found.code


class Work:
    """One file of every kind that a department has, two offers, and a zone below it."""

    def __init__(self, make: Make, system: Browser) -> None:
        self.officer = make.staff(Role.REVIEWER, HEPING, name="王审核")
        officer, other = make.actor(self.officer), make.actor(make.staff(Role.REVIEWER, "210104"))
        self.record, self.draft = make.record(), make.declaration()
        self.returned = make.declaration(Status.RETURNED, officer=self.officer)
        self.waiting, self.held, self.back = (make.declaration(Status.SUBMITTED) for _one in range(3))
        self.offered = make.declaration(Status.SUBMITTED, home_county="210104", department_code="210104")
        workflow.claim(self.held, officer)
        self._offer(self.offered, other, make.department(HEPING))
        self._offer(self.back, officer, make.department(SHENHE))
        system.send("/staff/admin/departments/new", {"name": "样例开发区财政局", "suffix": "KF", "parent": HEPING})
        self.in_zone = make.declaration(Status.SUBMITTED)
        self.in_zone.department_id = make.department("210102-KF").id
        db.session.commit()
        queue_index.rebuild()
        db.session.commit()

    def _offer(self, declaration: Declaration, actor: Actor, office: Department) -> None:
        workflow.claim(declaration, actor)
        workflow.offer(declaration, actor, 1, office, "住在那里")
        db.session.commit()


def rebuilt_is_the_same() -> bool:
    before = everything()
    queue_index.rebuild()
    db.session.commit()
    return everything() == before


def test_a_county_is_merged_with_work_of_every_kind(make, system):
    """Claims end, offers and records follow, people are told, counters are right, the successor reads the history."""
    work = Work(make, system)
    shown = system.open(CLOSE).text
    assert all(words in shown for words in ("王审核", "样例开发区财政局", "4 件"))

    system.send(CLOSE, closing())

    moved = work.waiting, work.returned, work.held, work.back
    assert all("已撤并" in told(one)[0] for one in (*moved, work.draft))
    assert [office_of(one) for one in moved] == [SHENHE] * 4
    states = [fresh(one).status for one in (*moved, work.offered)]
    assert states == [Status.SUBMITTED, Status.RETURNED, Status.SUBMITTED, Status.SUBMITTED, Status.IN_REVIEW]
    assert fresh(work.held).claim is None
    offer = workflow.waiting_transfer(fresh(work.offered))
    assert offer
    assert offer.to_department.code == SHENHE
    record = db.session.get_one(Record, work.record.id)
    assert record.department.code == SHENHE
    assert db.session.get_one(Staff, work.officer.id).department.code == SHENHE
    paths = {row.code: row.path for row in db.session.scalars(select(Department))}
    assert paths["210102-KF"] == "210000/210100/210103/210102-KF/"
    assert paths[HEPING] == "210000/210100/210103/210102/"
    assert matching.match("210100", HEPING, None)[0].code == SHENHE
    assert rebuilt_is_the_same()

    reader = system.sign_in(make.staff(Role.REVIEWER, SHENHE))
    decided = db.session.get_one(Declaration, record.declaration_id)
    for file in (work.waiting, work.returned, work.in_zone, decided):
        reader.open(f"/staff/submissions/{file.uid}")


def test_the_applicant_of_a_draft_chooses_again(make, system, browser):
    draft = make.declaration()
    system.send(CLOSE, closing())

    browser.sign_in(draft.account)
    assert "请重新选择会计管理部门" in browser.open("/inbox").text
    shown = browser.send("/apply/department", page(draft, "department"), expect=422)
    assert "请选择会计管理部门" in shown.text
    browser.send("/apply/department", page(draft, "department", department_code=SHENHE))
    assert stored(draft).department_code == SHENHE


def test_a_day_that_comes(make, system):
    """Nothing changes before the day; work that came meanwhile goes along; a plan can be cancelled."""
    system.send(CLOSE, closing(3))
    assert "将于" in system.open(f"{SETUP}/setup").text
    assert department_closing.carry_out() == 0
    waiting = make.declaration(Status.SUBMITTED)
    office = make.department(HEPING)
    assert office.active

    system.send(f"{SETUP}/reopen", {"action": "cancel"})
    assert make.department(HEPING).closes_on is None
    system.send(CLOSE, closing(3))
    make.department(HEPING).closes_on = today()
    db.session.commit()
    assert department_closing.carry_out()
    db.session.commit()

    assert not make.department(HEPING).active
    assert office_of(waiting) == SHENHE
    assert department_closing.carry_out() == 0


def test_open_work_needs_a_successor_also_when_it_comes_before_the_day(make, system):
    system.send(CLOSE, closing(1, successor="", officers="disable"))
    waiting = make.declaration(Status.SUBMITTED)
    refused = system.send(CLOSE, closing(0, successor=""), expect=422)
    assert "请选择接办部门" in refused.text
    make.department(HEPING).closes_on = today()
    db.session.commit()

    assert department_closing.carry_out() == 0
    assert make.department(HEPING).active
    assert office_of(waiting) == HEPING
    assert "请指定接办部门" in system.open(f"{SETUP}/setup").text


def test_a_department_is_opened_again_at_its_old_place(make, system):
    officer = make.staff(Role.REVIEWER, HEPING)
    waiting = make.declaration(Status.SUBMITTED)
    system.send(CLOSE, closing(officers="disable"))
    assert not db.session.get_one(Staff, officer.id).active
    assert "已撤并" in system.open("/staff/admin/departments").text

    system.send(f"{SETUP}/reopen", {"on": today().isoformat()})

    office = make.department(HEPING)
    assert (office.active, office.path, office.successor_id) == (True, "210000/210100/210102/", None)
    assert [one.code for one in matching.match("210100", HEPING, None)] == [HEPING, "210100", "210000"]
    assert [one.division_code for one in make.department(SHENHE).covers] == [SHENHE]
    assert office_of(waiting) == SHENHE
    assert rebuilt_is_the_same()
    verbs = list(db.session.scalars(select(Event.verb).where(Event.verb.startswith("department_")).order_by(Event.id)))
    assert verbs == ["department_closing", "department_closed", "department_reopening", "department_reopened"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"successor": "210202"}, "请从列表中选择接办部门"),
        ({"successor": HEPING}, "请从列表中选择接办部门"),
        ({"on": "2020-01-01"}, "撤并日期不能早于今天"),
        ({"on": "明天"}, "请按 2026-11-23 的样子填写日期"),
        ({"officers": "shoot"}, "请选择"),
    ],
)
def test_what_cannot_be_is_refused(make, system, changed, message):
    page_again = system.send(CLOSE, closing() | changed, expect=422)
    assert message in page_again.text
    assert make.department(HEPING).active


def test_officers_go_along_only_with_a_successor_and_nobody_disables_the_own_account(make, system):
    make.staff(Role.REVIEWER, HEPING)
    assert "没有接办部门" in system.send(CLOSE, closing(successor=""), expect=422).text

    system.sign_in(make.staff(Role.SYSTEM, HEPING))
    assert "您自己的账号" in system.send(CLOSE, closing(officers="disable"), expect=422).text
    system.send(CLOSE, closing(2))
    assert 'value="move" checked' in system.open(CLOSE).text


def test_the_province_and_a_successor_to_be_stay(make, system):
    system.open("/staff/admin/departments/210000/close", expect=404)
    system.send(CLOSE, closing(3))
    refused = system.send("/staff/admin/departments/210103/close", closing(successor="210104"), expect=422)
    assert "将由这个部门接办" in refused.text


def test_a_closed_department_is_history_and_offered_nowhere(make, system, browser):
    """Its figures stay with its name, also before everything is handed over; filters and exports offer it no more."""
    make.declaration(Status.APPROVED, officer=make.staff(Role.REVIEWER, HEPING))
    system.send(CLOSE, closing())
    late = make.declaration(Status.SUBMITTED, home_county=SHENHE, department_code=SHENHE)
    late.department_id = make.department(HEPING).id  # reached it after the closing
    db.session.commit()
    queue_index.rebuild()
    db.session.commit()

    manager = browser.sign_in(make.staff(Role.MANAGER, "210100"))
    whole = manager.open("/staff/statistics").text
    assert ">沈阳市和平区财政局（已撤并）</option>" in whole
    assert "沈阳市和平区财政局（已撤并）</a>" not in whole
    own = manager.open(f"/staff/statistics?office={HEPING}").text
    assert "这里统计它审核过的申报" in own
    assert re.search(r"<dt>审核通过</dt><dd><b>1</b>|<dt>办结</dt><dd><b>1</b>", own), own[3000:6000]
    for place in ("/staff/queue", "/staff/archive", "/staff/roster"):
        assert not re.search("沈阳市和平区财政局[^<]*</option>", manager.open(place).text), place
    assert "（已撤并）" in manager.open("/staff/admin/staff").text
    below = browser.sign_in(make.staff(Role.MANAGER, SHENHE)).open("/staff/statistics").text
    assert "沈阳市和平区财政局（已撤并）</a>" in below
    browser.open(f"/staff/admin/departments/{HEPING}", expect=404)
