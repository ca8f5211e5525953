"""调转: between departments by agreement, out of the platform, and in from outside."""

from __future__ import annotations

import pytest

from lib.codes import AccountState, ClosingReason, Role, Status
from lib.database import utcnow
from models import Declaration, Event, InboxMessage, QueueItem, Record, RecordTransfer, SearchKey, Staff, db
from services import workflow
from services.accounts import inbox
from services.departments import tree
from services.departments.administration import DepartmentRefused
from services.queue import index as queue_index
from services.records import record_transfers
from services.workflow import department_closing
from services.workflow.state import record_in_transfer
from tests.integration.records.test_review_records import approved, names
from tests.support.office.derived import everything

LIST = "/staff/archive/transfers"
THERE = "210103"


@pytest.fixture
def receiver(make) -> Staff:
    return make.staff(Role.MANAGER, THERE, name="沈河管理")


def titles(account_id: int = 0, staff: Staff | None = None) -> list[str]:
    db.session.rollback()
    found = inbox.messages(staff_id=staff.id) if staff else inbox.messages(account_id)
    return [message.title for message in found]


def sent(uid: str, browser, **said):
    form = {"to": THERE, "reason": "单位在沈河区"} | said
    return browser.send(f"/staff/archive/{uid}/transfer", form, expect=(302, 422))


def waiting() -> RecordTransfer:
    db.session.rollback()
    return db.session.query(RecordTransfer).filter(RecordTransfer.answered_at.is_(None)).one()


def answered(browser, how: str, reason: str = "", expect: int = 302):
    return browser.send(f"{LIST}/{waiting().uid}/answer", {"answer": how, "reason": reason}, expect=expect)


def test_a_record_moves_when_the_other_department_agrees(make, browser, another_browser, manager, receiver):
    record = approved(make, "孙立国")
    begun = make.change(record)
    browser.sign_in(manager)
    another_browser.sign_in(receiver)
    assert "调往" in sent(record.uid, browser, to="").text
    assert sent(record.uid, browser).status == 302
    assert "正在从" in sent(record.uid, browser).text
    assert "等待对方答复" in browser.open(LIST).text
    assert titles(staff=receiver) == ["人员档案等待调转"]
    assert names(another_browser.open("/staff/archive")) == []
    assert "孙立国" in another_browser.open(LIST).text
    assert "请填写退回原因" in answered(another_browser, "return", expect=422).text
    browser.send(f"{LIST}/{waiting().uid}/answer", {"answer": "accept"}, expect=422)
    answered(another_browser, "accept")
    db.session.expire_all()
    there = make.department(THERE)
    assert (record.department_id, record.city_id) == (there.id, tree.load().city_id(there.id))
    assert names(another_browser.open("/staff/archive")) == ["孙立国"]
    assert names(another_browser.send("/staff/archive/search", {"q": "立国"}, expect=200)) == ["孙立国"]
    assert names(browser.open("/staff/archive")) == []
    filed = record.revision.declaration
    assert {one.department_id for one in (db.session.get_one(QueueItem, filed.id), filed)} == {there.id}
    assert {key.department_id for key in db.session.query(SearchKey).filter_by(declaration_id=filed.id)} == {there.id}
    derived = everything()
    queue_index.rebuild()
    assert everything() == derived
    db.session.rollback()
    assert "单位在沈河区" in another_browser.open(f"/staff/archive/{record.uid}").text
    assert titles(staff=manager) == ["人员档案调转有答复"]
    assert titles(record.account_id)[0] == "人员档案已调转"
    assert db.session.get_one(Declaration, begun.id).status == Status.DRAFT
    assert "已调转" in browser.open(LIST).text
    browser.sign_in(record.account)
    assert f"档案现在由{there.name}管理" in browser.open("/archive").text
    details = db.session.query(Event.verb, Event.detail).filter(Event.verb.startswith("record_transfer")).all()
    moved = f"210102 to {THERE}"
    assert sorted(map(tuple, details)) == [("record_transfer", moved), ("record_transfer_asked", moved)]


def test_a_record_stays_when_it_is_returned_or_taken_back(make, browser, another_browser, manager, receiver):
    record = approved(make, "孙立国")
    browser.sign_in(manager)
    another_browser.sign_in(receiver)
    sent(record.uid, browser)
    answered(another_browser, "return", "单位不在本区")
    assert "单位不在本区" in browser.open(f"/staff/archive/{record.uid}").text
    assert titles(record.account_id)[0] == "人员档案没有调转"
    sent(record.uid, browser)
    another_browser.send(f"{LIST}/{waiting().uid}/take-back", expect=422)
    uid = waiting().uid
    browser.send(f"{LIST}/{uid}/take-back")
    another_browser.send(f"{LIST}/{uid}/answer", {"answer": "accept"}, expect=422)
    db.session.expire_all()
    assert record.department.code == "210102"


def test_the_receiving_manager_asks_by_number_and_name(make, browser, another_browser, manager, receiver):
    record = approved(make, "孙立国")
    number = record.account.id_number
    another_browser.sign_in(receiver)
    for wrong in ({"name": "孙立民"}, {"number": make.account().id_number}):
        said = {"name": "孙立国", "number": number, "reason": "已到本区工作"} | wrong
        assert "没有找到" in another_browser.send(LIST, said, expect=422).text
    another_browser.send(LIST, {"name": "孙立国", "number": number, "reason": "已到本区工作"})
    assert titles(staff=manager) == ["人员档案等待调转"]
    assert "已到本区工作" in browser.sign_in(manager).open(LIST).text
    answered(browser, "accept")
    db.session.expire_all()
    assert record.department.code == THERE
    assert db.session.query(Event).filter_by(verb="record_look_up").count() == 3
    browser.sign_in(record.account)
    assert "申请调入时按号码和姓名查找档案" in browser.open("/account").text
    for _again in range(record_transfers.LOOK_UPS.most):
        another_browser.send(LIST, {"name": "孙立民", "number": number, "reason": "调入"}, expect=422)
    said = another_browser.send(LIST, {"name": "孙立国", "number": number, "reason": "调入"}, expect=422)
    assert "次数太多" in said.text


def test_what_stands_in_the_way_is_asked_again_with_the_answer(make, browser, another_browser, manager, receiver):
    record = approved(make, "孙立国")
    browser.sign_in(manager)
    another_browser.sign_in(receiver)
    sent(record.uid, browser)
    closing = {"reason": "left", "text": "改行"}
    assert "正在调转" in browser.send(f"/staff/archive/{record.uid}/close", closing, expect=422).text
    filed = record.revision.declaration
    make.mark(filed, "nation", reviewer=make.actor(manager))
    with pytest.raises(workflow.NotAllowed, match="正在调转"):
        workflow.revoke(filed, make.actor(manager), 1, comment="有误")
    db.session.rollback()
    record.account.state = AccountState.FROZEN
    db.session.commit()
    assert "冻结" in answered(another_browser, "accept", expect=422).text
    record.account.state = AccountState.ACTIVE
    change = make.change(record)
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    db.session.commit()
    assert "请先办结" in answered(another_browser, "accept", expect=422).text
    assert "正在从" in sent(record.uid, browser).text
    change.department_id = make.department("210104").id
    db.session.commit()
    officer = make.actor(make.staff(department="210104"))
    workflow.claim(change, officer)
    workflow.approve(change, officer, 1)
    db.session.commit()
    made = db.session.query(RecordTransfer).one()
    assert (made.accepted, made.answer) == (False, "档案已随信息变更转到其他部门")


def test_who_asked_for_a_record_is_told_when_a_change_has_moved_it_elsewhere(make, manager):
    record = approved(make, "孙立国")
    asking = make.staff(Role.MANAGER, "210106", name="钱主管")
    record_transfers.request(make.actor(asking), record.account.id_number, "孙立国", "单位已迁来")
    change = make.change(record)
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    change.department_id = make.department("210104").id
    db.session.commit()
    officer = make.actor(make.staff(department="210104"))
    workflow.claim(change, officer)
    workflow.approve(change, officer, 1)
    told = db.session.query(InboxMessage).filter_by(staff_id=asking.id).one()
    assert "原来的调转不再办理" in told.body
    assert told.visible_at
    assert told.visible_at > utcnow(), "it waits until the approval cannot be undone"
    workflow.undo(change, officer)
    db.session.commit()
    waiting = record_in_transfer(record.account_id)
    assert waiting
    assert (waiting.accepted, waiting.answer, waiting.destination) == (None, "", make.department("210106").name)
    assert db.session.query(InboxMessage).filter_by(staff_id=asking.id).count() == 0


@pytest.mark.parametrize(("code", "place"), [("210200", ""), ("elsewhere", "吉林省样例市财政局")])
def test_a_record_that_leaves_is_kept_and_locked(make, browser, manager, code, place):
    record = approved(make, "孙立国")
    begun = make.change(record)
    dalian = make.department("210200")
    dalian.system_url = "https://dalian.example.org"
    db.session.commit()
    browser.sign_in(manager)
    if place:
        assert "省份和部门" in sent(record.uid, browser, to=code).text
    assert "不能晚于今天" in sent(record.uid, browser, to=code, place=place, moved_on="2090-01-01").text
    sent(record.uid, browser, to=code, place=place, moved_on="2026-01-05")
    db.session.expire_all()
    assert record.closed_reason == ClosingReason.MOVED
    assert db.session.get_one(Declaration, begun.id).status == Status.DROPPED
    made = db.session.query(RecordTransfer).one()
    assert (made.destination, str(made.moved_on), made.accepted) == (place or dalian.name, "2026-01-05", True)
    assert names(browser.open("/staff/archive?state=moved")) == ["孙立国"]
    assert names(browser.open("/staff/archive?state=standing")) == []
    assert "已调出" in browser.open(f"/staff/archive/{record.uid}").text
    assert "已注销或调出" in sent(record.uid, browser).text
    letter = inbox.messages(record.account_id)[0]
    assert letter.title == "人员档案已调出"
    assert ("dalian.example.org" in letter.body) == (not place)
    browser.sign_in(record.account)
    assert "调入地" in browser.open("/archive").text
    browser.sign_in(manager).send(f"/staff/archive/{record.uid}/reopen", {"text": "本人返回"})
    assert names(browser.open("/staff/archive?state=moved")) == []


def test_where_a_person_came_from_is_noted(make, browser, another_browser, manager):
    record = approved(make, "孙立国")
    another_browser.sign_in(make.staff())
    another_browser.open(f"/staff/archive/{record.uid}/transfer", expect=403)
    browser.sign_in(manager)
    said = {"in-place": "", "in-reason": "原部门转出证明"}
    browser.send(f"/staff/archive/{record.uid}/origin", said, expect=422)
    browser.send(f"/staff/archive/{record.uid}/origin", said | {"in-place": "吉林省样例市财政局"})
    assert "吉林省样例市财政局 →" in browser.open(f"/staff/archive/{record.uid}").text
    assert titles(record.account_id)[0] == "人员档案已登记调入"
    assert db.session.query(Record).one().closed_at is None


def test_between_a_department_and_its_successor_there_is_nothing_to_move_and_the_person_is_told(make, manager):
    record = approved(make, "孙立国")
    asked = record_transfers.send(
        record, make.actor(manager), THERE, place="", on=department_closing.today(), reason="x"
    )
    system, there = make.actor(make.staff(Role.SYSTEM, "210000")), make.department(THERE)
    department_closing.plan(system, there, department_closing.today(), "210102", moves_staff=True)
    db.session.commit()
    db.session.expire_all()
    assert (asked.accepted, record.department.code) == (False, "210102")
    assert titles(record.account_id)[0] == "人员档案不需要调转"


def test_a_transfer_that_waits_goes_on_with_the_successor(make, browser, manager, receiver):
    record = approved(make, "孙立国")
    browser.sign_in(manager)
    sent(record.uid, browser)
    system, there, on = (
        make.actor(make.staff(Role.SYSTEM, "210000")),
        make.department(THERE),
        department_closing.today(),
    )
    with pytest.raises(DepartmentRefused, match="等待答复"):  # nobody could answer it
        department_closing.plan(system, there, on, "", moves_staff=False)
    db.session.rollback()
    department_closing.plan(system, there, on, "210104", moves_staff=True)
    db.session.commit()
    to = waiting().to_department
    assert to
    assert to.code == "210104"
