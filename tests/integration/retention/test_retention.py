"""What is kept about applicants and how long, with a moved clock; their rights: export, closing, ending sessions."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from lib.clock import today
from lib.codes import AccountAct, AccountState, IdType, Role, Status
from lib.database import transaction_mode, utcnow
from models import Account, Draft, Event, InboxMessage, LegacyHolder, PaperPage, PrintJob, Sheet, db
from services import audit, workflow
from services.accounts import account_changes, applicants
from services.accounts.account_changes import Grounds
from services.declaration import answers
from services.records import record_transfers
from services.retention import closing, own_data, untouched
from services.sheet import batch_print
from services.workflow import NotAllowed
from tests.support.office.printing import draw
from tests.support.people import PASSWORD, id_number

SECRET = {"current": PASSWORD}


def after(**time: float) -> time_machine.travel:
    return time_machine.travel(utcnow() + timedelta(**time), tick=False)


def tick() -> tuple[int, int]:
    """The two jobs as flask tick does them: how many were announced, how many removed."""
    done = []
    for job in (untouched.announce, untouched.remove):
        with transaction_mode("IMMEDIATE"):
            done.append(job())
            db.session.commit()
    db.session.expire_all()
    return done[0], done[1]


def told(account: Account) -> list[str]:
    query = select(InboxMessage.title).where(InboxMessage.account_id == account.id).order_by(InboxMessage.id)
    return list(db.session.scalars(query))


def counted(mapped: Any, **where: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(mapped).filter_by(**where)) or 0


# --- untouched drafts -------------------------------------------------------------------------------------------------


def test_an_untouched_draft_is_announced_and_a_month_later_emptied(make, browser):
    draft = make.declaration()
    make.papers(draft)
    account, number = draft.account, draft.number
    before = draft.touched_at
    with after(days=334):
        assert tick() == (0, 0)
    with after(days=336):
        assert tick() == (1, 0)
        assert tick() == (0, 0)
        assert draft.touched_at == before
    with after(days=365, hours=23):
        assert tick() == (0, 0)
    with after(days=367):
        assert tick() == (0, 1)
        assert tick() == (0, 0)

        assert (draft.number, draft.status) == (number, Status.DROPPED)
        assert {name: said for name, said in answers.stored(draft).items() if said} == {}
        assert [counted(one, declaration_id=draft.id) for one in (PaperPage, Sheet, Draft)] == [0, 0, 0]
        assert told(account) == ["未提交的申报将被删除", "未提交的申报已删除"]
        assert counted(Event, declaration_id=draft.id, verb="create") == 1
        browser.sign_in(account)
        browser.open("/inbox")
        assert browser.follow(browser.open("/apply", expect=302)).status == 200


def test_whoever_goes_on_keeps_the_draft(make):
    """An answer, or words that were typed and not saved: both begin the year anew."""
    saved, typed = make.declaration(), make.declaration()
    with after(days=336):
        assert tick() == (2, 0)
    with after(days=350):
        saved.postal_address = "样例街 9 号"
        words = Draft(declaration_id=typed.id, page="personal")
        words.body = [["postal_address", "样例街 9 号"]]
        db.session.add(words)
        db.session.commit()
    with after(days=370):
        assert tick() == (0, 0)
    with after(days=350 + 336):
        assert tick()[1] == 0
        assert "未提交的申报将被删除" in told(saved.account)[-1:]
        assert saved.postal_address == "样例街 9 号"


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED, Status.APPROVED])
def test_what_the_office_has_or_has_decided_is_never_removed(make, status):
    declaration = make.declaration(status)
    with after(days=800):
        assert tick() == (0, 0)
        with after(days=40):
            assert tick() == (0, 0)
    assert (declaration.status, declaration.postal_address) == (
        status,
        declaration.revisions[0].answers["postal_address"],
    )


def test_a_change_that_was_begun_goes_and_the_record_stays(make):
    record = make.record()
    begun = make.change(record)
    revision = record.revision_id
    with after(days=336):
        assert tick() == (1, 0)
    with after(days=370):
        assert tick() == (0, 1)
    assert (begun.status, record.revision_id) == (Status.DROPPED, revision)
    assert record.revision.answers["postal_address"]


def test_only_a_batch_is_done_at_a_time(make, monkeypatch):
    monkeypatch.setattr(untouched, "BATCH", 2)
    for _one in range(3):
        make.declaration()
    with after(days=336):
        assert [tick()[0] for _run in range(3)] == [2, 1, 0]


# --- closing the account ----------------------------------------------------------------------------------------------


def test_a_person_closes_the_account_and_can_begin_anew(make, browser, another_browser):
    holder = make.legacy()
    account = make.account(legacy_id=holder.id, email=None)
    holder.claimed_at = utcnow()
    draft = make.declaration(account=account)
    number, name, account_id = account.id_number, account.name, account.id
    another_browser.sign_in(account)
    browser.sign_in(account)
    assert "没有提交的申报内容" in browser.open("/account/close").text
    assert "登录密码不正确" in browser.send("/account/close", {"current": "错误的密码 1"}, expect=422).text
    assert "账号已注销" in browser.follow(browser.send("/account/close", SECRET)).text

    db.session.expire_all()
    account = db.session.get_one(Account, account_id)
    assert (account.state, account.name, account.phone, account.phone_index) == (
        AccountState.CLOSED,
        "已注销",
        None,
        None,
    )
    assert account.id_number != number
    assert (draft.status, draft.postal_address, draft.applicant_name) == (Status.DROPPED, None, None)
    assert applicants.find(number) is None
    assert db.session.scalar(select(LegacyHolder.claimed_at)) is None
    assert counted(Event, verb="account_closed", account_id=account_id) == 1
    for other in (browser, another_browser):
        assert other.open("/account", expect=302).location == "/login"
    refused = browser.send("/login", {"name": name, "number": number, "password": PASSWORD}, expect=422)
    assert "已注销" not in refused.text
    make.account(number=number)


def test_what_was_submitted_stays_for_the_office(make, browser, officer, manager, another_browser):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    workflow.decline(declaration, make.actor(officer), 1, reason_code="", comment="不属于采集范围")
    db.session.commit()
    said = declaration.revisions[0].answers
    with after(minutes=5):
        browser.sign_in(declaration.account)
        browser.follow(browser.send("/account/close", SECRET))
        db.session.expire_all()
        assert declaration.status == Status.DECLINED
        assert declaration.revisions[0].answers == said
        assert declaration.postal_address is None
        another_browser.open(f"/staff/submissions/{declaration.uid}")
        with pytest.raises(NotAllowed, match="已注销账号"):
            workflow.rules.can_reopen(declaration, make.actor(manager))


@pytest.mark.parametrize("verb", ["decline", "send_back", "approve"])
def test_in_the_minute_of_an_undo_the_page_says_what_it_said_before_the_decision(make, browser, officer, verb):
    """Else the officer would have the file of a closed account in hand, and the person would read of the result."""
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    make.mark(declaration, "nation", reviewer=make.actor(officer))
    said = {"reason_code": "", "comment": "不属于采集范围"} if verb == "decline" else {}
    getattr(workflow, verb)(declaration, make.actor(officer), 1, **said)
    db.session.commit()
    browser.sign_in(declaration.account)
    assert "正在审核" in browser.send("/account/close", SECRET, expect=200).text
    assert workflow.undoable(declaration, make.actor(officer))
    with after(seconds=61):
        assert "正在审核" not in browser.open("/account/close").text


@pytest.mark.parametrize(
    ("status", "says"),
    [(Status.SUBMITTED, "正在审核"), (Status.IN_REVIEW, "正在审核"), (Status.APPROVED, "已有人员档案")],
)
def test_an_account_with_a_record_or_a_submission_stays(make, browser, status, says):
    declaration = make.declaration(status)
    account = declaration.account
    if status == Status.APPROVED:
        declaration.decided_at = utcnow() - workflow.UNDO_TIME
        db.session.commit()
    browser.sign_in(account)
    assert says in browser.open("/account/close").text
    assert says in browser.send("/account/close", SECRET, expect=200).text
    db.session.expire_all()
    assert account.state == AccountState.ACTIVE
    who = applicants.known(account)
    assert who
    with transaction_mode("IMMEDIATE"), pytest.raises(closing.CannotClose):
        closing.close(who, make.actor(account))


# --- 导出我的信息 -----------------------------------------------------------------------------------------------------


def test_a_person_exports_everything_and_the_link_ends_after_a_day(make, app, browser, another_browser):
    officer = make.staff()
    declaration = make.declaration(Status.RETURNED, officer=officer)
    account = declaration.account
    with after(minutes=2):
        another_browser.sign_in(officer)
        another_browser.open(f"/staff/submissions/{declaration.uid}")
        browser.sign_in(account)
        assert browser.send("/account/data", {"current": "错误的密码 1"}, expect=422)
        asked = browser.follow(browser.send("/account/data", SECRET))
        assert "正在生成" in asked.text
        browser.follow(browser.send("/account/data", SECRET))
        assert counted(PrintJob) == 1
        assert browser.open("/account/data/file", expect=302).location == "/account/data"
        assert draw(app).exit_code == 0
        assert "下载 ZIP 文件" in browser.open("/account/data").text
        packed = zipfile.ZipFile(io.BytesIO(browser.open("/account/data/file").data))

        told_all = packed.read("我的信息.json").decode()
        found = json.loads(told_all)
        assert found["账号"]["证件号码"] == account.id_number
        assert found["申报"][0]["状态"] == "审核中"  # the result is opened on its own page
        assert found["谁查看过我的信息"][0]["部门"] == officer.department.name
        assert found["申报"][0]["提交"][0]["内容"]["通讯地址"] == declaration.revisions[0].answers["postal_address"]
        assert "postal_address" not in told_all
        pictures = [name for name in packed.namelist() if name.startswith("附件/")]
        assert all(packed.read(name)[:2] == b"\xff\xd8" for name in pictures)
        assert {"第1次提交", "填写中"} <= {name.split("/")[2] for name in pictures}

        other = make.account()
        another_browser.sign_in(other)
        assert another_browser.open("/account/data/file", expect=302).location == "/account/data"
    with after(hours=25):
        with transaction_mode("IMMEDIATE"):
            assert batch_print.forget_old(app.extensions["kuaiji.store"]) == 1
            db.session.commit()
        browser.sign_in(account)
        assert browser.open("/account/data/file", expect=302).location == "/account/data"


def test_what_the_office_did_to_account_and_record_is_in_the_export(make):
    record = make.record()
    account, actor = record.account, make.actor(make.staff(Role.MANAGER))
    before = account.id_number
    record_transfers.note_origin(record, actor, place="吉林省样例市财政局", on=today(), reason="有转出证明")
    grounds = Grounds("照身份证更正", "已当面核对身份证件原件")
    account_changes.correct_number(account, IdType.RESIDENT, id_number(903), actor, grounds)
    audit.record("open_result", make.actor(account), account_id=account.id, declaration_id=record.declaration_id)
    db.session.commit()
    found = own_data._plain(own_data.collected(account))
    (correction,), (transfer,) = found["账号的更正和冻结"], found["人员档案"]["档案调转"]
    assert correction["事项"] == AccountAct.CORRECT_NUMBER.label
    assert grounds.reason not in str(found)
    assert (found["账号"]["证件号码"], correction["更正前的证件号码"]) == (id_number(903), before)
    assert (transfer["从"], transfer["结果"]) == ("吉林省样例市财政局", "已调转")


def test_exports_are_limited_to_three_a_day(make, app, browser):
    browser.sign_in(make.account())
    for _day in range(3):
        browser.send("/account/data", SECRET)
        draw(app)
    assert "一天最多导出 3 次" in browser.follow(browser.send("/account/data", SECRET)).text


# --- sessions ---------------------------------------------------------------------------------------------------------


def test_a_person_ends_one_session_and_no_session_of_others(make, browser, another_browser):
    account, other = make.account(), make.account()
    another_browser.sign_in(other)
    foreign = sessions_of(other)[0]
    another_browser.sign_in(account)
    theirs = sessions_of(account)[0]
    browser.sign_in(account)
    assert f"/account/devices/{theirs}" in browser.open("/account").text
    browser.send(f"/account/devices/{foreign}", expect=404)
    browser.follow(browser.send(f"/account/devices/{theirs}"))
    assert another_browser.open("/account", expect=302).location == "/login"
    browser.open("/account")


def sessions_of(account: Account) -> list[int]:
    db.session.rollback()
    return [device.id for device in applicants.devices(account.id)]
