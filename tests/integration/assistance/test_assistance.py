"""核验申请 through HTTP: each need and each outcome, from the application to signing in."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from blueprints.auth.sign_in import FROZEN, WRONG
from lib.codes import AccountState, AssistanceState, Role, Status
from lib.database import transaction_mode, utcnow
from models import Account, AccountChange, InboxMessage, QueueItem, Record, db
from services.queue import index as queue_index
from tests.conftest import Browser
from tests.support.applicant.assistance import (
    CORRECTED,
    GROUNDS,
    NUMBER,
    OTHER,
    account_of,
    address,
    apply,
    come_back,
    decide,
    in_force,
    set_password,
    sign_in,
    the_request,
)
from tests.support.people import PASSWORD


@pytest.fixture
def desk(make, another_browser) -> Browser:
    return another_browser.sign_in(make.staff())


def test_a_lost_password_is_set_again_after_the_departments_yes(app, browser, desk, make):
    person = make.account(number=NUMBER, assured=False)
    elsewhere = Browser(app).sign_in(person)
    receipt = apply(browser, need="password")
    assert "正在核验" in browser.open("/assistance/answer").text

    page = desk.open(address())
    assert "姓名相同" in page.text
    assert NUMBER not in page.text
    decide(desk, "same_person", answer="请尽快设置")

    fresh = Browser(app)
    assert "请尽快设置" in come_back(fresh, receipt.replace(" ", "").lower()).text
    set_password(fresh)
    elsewhere.open("/account", expect=302)
    sign_in(fresh, password=PASSWORD, expect=422)
    sign_in(fresh)
    assert db.session.scalars(select(InboxMessage.title)).all() == ["核验申请已通过", "登录密码已修改"]
    assert the_request().state == AssistanceState.USED
    account = account_of(person.id)
    assert (account.phone, account.assured) == ("13800137001", True)
    assert fresh.open("/assistance/password", expect=302).location == "/assistance/answer"


def test_an_old_record_is_claimed_by_the_picture_and_nothing_is_hidden(browser, desk, make):
    holder = make.legacy("孙?国", number=NUMBER, employer="样例县华业机械有限公司")
    browser.send("/claim", {"name": "孙立国", "number": NUMBER})
    sent = browser.send("/claim/proof", {"factor": "id_picture"})
    assert NUMBER in browser.follow(sent).text
    apply(browser, need="record", name="孙立国")

    assert "与申请人姓名不同" in desk.open(address()).text
    decide(desk, "same_person")
    set_password(browser)
    sign_in(browser, "孙立国")
    account = db.session.scalars(select(Account)).one()
    assert (account.legacy_id, account.claim_factor, account.assured) == (holder.id, "id_picture", True)
    assert account.phone == "13800137001"


def test_a_number_that_somebody_else_mistyped_goes_back_to_its_owner(app, browser, desk, make):
    declaration = make.declaration(Status.APPROVED, account=make.account("马建军", number=NUMBER))
    file, other_id = declaration.number, declaration.account_id
    before = db.session.scalars(select(Record)).one().revision.answers_sealed
    receipt = apply(browser)
    assert "与申请人姓名不同" in desk.open(address()).text
    decide(desk, "same_person", 422)
    assert "请填写原因" in decide(desk, "mistyped", 422, **(CORRECTED | {"reason": ""})).text
    decide(desk, "mistyped", **CORRECTED)

    assert account_of(other_id).id_number == OTHER
    change = db.session.scalars(select(AccountChange)).one()
    assert (change.number_before, change.reason, change.evidence) == (NUMBER, *GROUNDS.values())
    for _again in range(2):
        shown = {db.session.scalars(select(table.masked_number)).one() for table in (QueueItem, Record)}
        assert shown == {"219*************" + OTHER[-2:]}
        with transaction_mode("IMMEDIATE"):
            queue_index.rebuild()
            db.session.commit()
    assert db.session.scalars(select(Record)).one().revision.answers_sealed == before
    assert "号码已更正" in Browser(app).sign_in(account_of(other_id)).open("/inbox").text
    assert file in desk.send("/staff/queue/search", {"q": OTHER}, 200).text
    assert file not in desk.send("/staff/queue/search", {"q": NUMBER}, 200).text

    come_back(browser, receipt)
    set_password(browser)
    sign_in(browser)
    sign_in(Browser(app), "马建军", OTHER, PASSWORD)


def test_who_used_anothers_number_is_frozen_and_told_after_the_right_password_only(app, browser, desk, make):
    thief = make.account("马建军", number=NUMBER)
    signed_in = Browser(app).sign_in(thief)
    apply(browser)
    decide(desk, "misuse", **GROUNDS)

    assert signed_in.open("/account", expect=302).location == "/login"
    somebody = {"id_type": "resident_id", "number": NUMBER, "name": "马建军", "phone": "13800137009", "privacy": "yes"}
    Browser(app).send("/register", somebody, expect=409)
    set_password(browser)
    sign_in(browser)
    assert FROZEN in sign_in(Browser(app), "马建军", password=PASSWORD, expect=422).text
    for name, password in (("马建军", "wrong"), ("别人", PASSWORD)):
        assert WRONG in sign_in(Browser(app), name, password=password, expect=422).text
    assert [account.name for account in in_force(thief.id_index)] == ["单小燕"]


def test_a_record_that_a_stranger_claimed_is_claimed_again_by_its_owner(browser, desk, make):
    holder = make.legacy("孙立国", number=NUMBER, claimed_at=utcnow())
    thief = make.account("孙立国", number=NUMBER, legacy_id=holder.id, claim_factor="archive_no", assured=False)
    apply(browser, name="孙立国")
    decide(desk, "misuse", **GROUNDS)
    set_password(browser)
    mine = in_force(holder.id_index)
    assert [(account.legacy_id, account.id == thief.id) for account in mine] == [(holder.id, False)]


def test_a_refusal_has_a_reason_and_opens_nothing(browser, desk, make):
    make.account(number=NUMBER)
    apply(browser)
    assert "请写明不予通过的原因" in decide(desk, "refused", 422).text
    decide(desk, "refused", answer="照片看不清，请重新拍照后再申请")
    assert "照片看不清" in browser.open("/assistance/answer").text
    assert browser.open("/assistance/password", expect=302).location == "/assistance/answer"


def test_a_manager_unfreezes_as_long_as_the_number_has_no_other_account(app, browser, desk, make):
    person = make.account("马建军", number=NUMBER)
    elsewhere = Browser(app).sign_in(person)
    apply(browser)
    decide(desk, "misuse", **GROUNDS)
    desk.send(address("/unfreeze"), {"reason": "查实为误判"}, expect=403)
    manager = Browser(app).sign_in(make.staff(Role.MANAGER))
    assert "解除冻结" in manager.open(address()).text
    manager.send(address("/unfreeze"), {"reason": ""}, expect=422)
    manager.send(address("/unfreeze"), {"reason": "查实为误判"})
    assert account_of(person.id).state == AccountState.ACTIVE
    elsewhere.open("/account", expect=302)
    sign_in(Browser(app), "马建军", password=PASSWORD)
    assert "现在有账号在使用" in browser.open("/assistance/answer").text
    acts = [change.act.value for change in db.session.scalars(select(AccountChange).order_by(AccountChange.id))]
    assert acts == ["freeze", "unfreeze"]


def test_a_frozen_account_stays_frozen_when_its_number_has_an_account_again(app, browser, desk, make):
    person = make.account("马建军", number=NUMBER)
    apply(browser)
    decide(desk, "misuse", **GROUNDS)
    set_password(browser)
    manager = Browser(app).sign_in(make.staff(Role.MANAGER))
    assert "已有其他账号" in manager.send(address("/unfreeze"), {"reason": "查实为误判"}, expect=422).text
    assert account_of(person.id).state == AccountState.FROZEN


def test_a_corrected_number_must_be_free_and_another_one(browser, desk, make):
    person = make.account("马建军", number=NUMBER)
    make.account("单大燕", number=OTHER)
    apply(browser)
    assert "已有账号" in decide(desk, "mistyped", 422, **CORRECTED).text
    assert "与现在的相同" in decide(desk, "mistyped", 422, **(CORRECTED | {"number": NUMBER})).text
    decide(desk, "mistyped", 422, **(CORRECTED | {"number": "21990019900307"}))
    assert account_of(person.id).id_number == NUMBER
    assert the_request().state == AssistanceState.WAITING
    assert db.session.scalars(select(AccountChange)).all() == []


def test_a_yes_ends_after_thirty_days(browser, desk, make):
    make.account(number=NUMBER)
    receipt = apply(browser)
    decide(desk, "same_person")
    with time_machine.travel(utcnow() + timedelta(days=31), tick=False):
        assert "请重新提交申请" in come_back(browser, receipt).text
        assert browser.open("/assistance/password", expect=302).location == "/assistance/answer"
