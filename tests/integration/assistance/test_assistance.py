"""核验申请 through HTTP: each need and each outcome from the application to signing in; no oracle; limits."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, text

from blueprints.auth.sign_in import FROZEN, WRONG
from lib.codes import AccountState, AssistanceOutcome, AssistanceState, Role, Status
from lib.database import transaction_mode, utcnow
from models import Account, AccountChange, AssistanceRequest, Event, InboxMessage, QueueItem, Record, db
from services.accounts.account_changes import ChangeRefused
from services.assistance import decisions
from services.assistance.decisions import AssistanceVerdict
from services.queue import index as queue_index
from tests.conftest import Browser, Page
from tests.support.factory import picture
from tests.support.people import PASSWORD, id_number

NUMBER, OTHER = id_number(701), id_number(703)
NEW = "另一个 password 更好"


def asked(**changed: Any) -> dict[str, Any]:
    """The form, filled in."""
    form: dict[str, Any] = {
        "need": "occupied",
        "id_type": "resident_id",
        "number": NUMBER,
        "name": "单小燕",
        "phone": "13800137001",
        "story": "注册时说号码被占用，我没有注册过",
        "office": "210102",
        "privacy": "yes",
        "document": (io.BytesIO(picture()), "证件.jpg"),
    }
    return {name: value for name, value in (form | changed).items() if value is not None}


def apply(browser: Browser, **changed: Any) -> str:
    """File an application; returns the receipt."""
    sent = browser.send("/assistance", asked(**changed))
    assert sent.location == "/assistance/receipt"
    return receipt_on(browser.follow(sent))


def receipt_on(page: Page) -> str:
    return re.findall(r'receipt num">([0-9A-Z ]{19})<', page.text)[0]


def the_request() -> AssistanceRequest:
    db.session.expire_all()
    return db.session.scalars(select(AssistanceRequest).order_by(AssistanceRequest.id.desc())).first()


def address(more: str = "") -> str:
    return f"/staff/assistance/{the_request().uid}{more}"


def decide(officer: Browser, outcome: str, expect: int = 302, **more: str) -> Page:
    return officer.send(address("/decide"), {"outcome": outcome} | more, expect=expect)


GROUNDS = {"reason": "两人号码混淆", "evidence": "已核对双方身份证件"}
CORRECTED = GROUNDS | {"id_type": "resident_id", "number": OTHER}


def come_back(browser: Browser, receipt: str) -> Page:
    sent = browser.send("/assistance/return", {"receipt": receipt, "number": NUMBER})
    assert sent.location == "/assistance/answer"
    return browser.follow(sent)


def set_password(browser: Browser) -> None:
    assert browser.send("/assistance/password", {"password": NEW, "confirm": NEW}).location == "/login"


def sign_in(
    browser: Browser, name: str = "单小燕", number: str = NUMBER, password: str = NEW, expect: int = 302
) -> Page:
    return browser.send("/login", {"name": name, "number": number, "password": password}, expect=expect)


def in_force(number_index: bytes) -> list[Account]:
    active = (Account.id_index == number_index, Account.state == AccountState.ACTIVE)
    return list(db.session.scalars(select(Account).where(*active)))


def account_of(account_id: int) -> Account:
    db.session.expire_all()
    return db.session.get_one(Account, account_id)


@pytest.fixture
def desk(make, another_browser) -> Browser:
    return another_browser.sign_in(make.staff())


# --- the outcomes ---------------------------------------------------------------------------------------------------


def test_a_lost_password_is_set_again_after_the_departments_yes(app, browser, desk, make):
    person = make.account(number=NUMBER)
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


# --- the office -----------------------------------------------------------------------------------------------------


def test_the_list_is_the_offices_own_oldest_due_first_with_its_figures(app, browser, desk, make):
    with time_machine.travel("2026-11-02T01:00:00Z", tick=False):
        apply(browser, name="早先来", number=id_number(711))
    with time_machine.travel("2026-11-20T01:00:00Z", tick=False):
        apply(browser, name="后来到", number=id_number(713))
        apply(browser, name="别处人", number=id_number(715), office="210300")
    with time_machine.travel("2026-11-23T01:00:00Z", tick=False):
        page = Browser(app).sign_in(make.staff()).open("/staff/assistance").text
    assert page.index("早先来") < page.index("后来到")
    assert "别处人" not in page
    assert "已逾期" in page
    assert [int(n) for n in re.findall(r"<dd><b>(\d+)</b>", page)] == [2, 0, 1]


def test_another_office_and_the_person_concerned_find_nothing(app, browser, make):
    apply(browser)
    own = make.staff(id_index=app.extensions["kuaiji.keys"].index("id_number", NUMBER))
    for officer in (make.staff(department="210300"), own):
        desk = Browser(app).sign_in(officer)
        assert "单小燕" not in desk.open("/staff/assistance").text
        for more in ("", "/document", "/photo"):
            desk.open(address(more), expect=404)
        decide(desk, "refused", 404, answer="不行")


def test_numbers_are_masked_until_they_are_revealed_and_the_owner_reads_of_it(app, browser, desk, make):
    person = make.account(number=NUMBER)
    apply(browser)
    for _ in range(2):
        assert NUMBER not in desk.open(address()).text
    assert NUMBER in desk.send(address("/reveal"), expect=200).text
    verbs = db.session.scalars(select(Event.verb).where(Event.account_id == person.id, Event.staff_id.is_not(None)))
    assert verbs.all() == ["view_assistance", "reveal"]
    assert "办理核验申请时查看账号情况" in Browser(app).sign_in(person).open("/account").text


def test_the_document_and_the_photo_of_the_account_are_shown_side_by_side(browser, desk, make):
    declaration = make.declaration(account=make.account(number=NUMBER))
    make.papers(declaration)
    apply(browser)
    page = desk.open(address()).text
    for more in ("/document", "/document?thumb=1", "/photo"):
        assert address(more) in page
        shown = desk.open(address(more))
        assert shown.data.startswith(b"\xff\xd8")
        assert shown.headers["Cache-Control"] == "no-store"


def test_of_two_officers_the_second_reads_what_the_first_decided(app, browser, desk, make):
    person = make.account("马建军", number=NUMBER)
    apply(browser)
    second = Browser(app).sign_in(make.staff(name="李审核"))
    second.open(address())
    decide(desk, "refused", answer="照片看不清")
    assert "已由其他工作人员办理" in decide(second, "misuse", 409, **GROUNDS).text
    assert account_of(person.id).state == AccountState.ACTIVE
    assert the_request().answer == "照片看不清"


# --- no oracle, limits ----------------------------------------------------------------------------------------------


def bare(page: Page) -> tuple[Any, ...]:
    """A page and its headers without what is drawn for each request: a sealed cookie has no length of its own."""
    words = re.sub(r'name="csrf_token" value="[^"]*"|receipt num">[0-9A-Z ]{19}|219\*+\d\d', "", page.text)
    headers = {name: re.sub(r"=[^;]*;", ";", value, count=1) for name, value in page.headers}
    return page.status, words, len(page.data), headers


def test_known_and_unknown_numbers_have_the_same_pages_headers_and_statements(app, make):
    from tests.support.rules.statements import counted

    make.account(number=id_number(721))
    frozen = make.account("马建军", number=id_number(723))
    frozen.state = AccountState.FROZEN
    make.legacy("单小燕", number=id_number(725))
    db.session.commit()
    seen, work = set(), set()
    with time_machine.travel("2026-11-23T01:00:00Z", tick=False):
        for n in (721, 723, 725, 727):
            browser, pages = Browser(app), []
            pages.append(browser.send("/assistance", asked(number=id_number(n), document=None), expect=422))
            with counted() as statements:
                pages.append(browser.send("/assistance", asked(number=id_number(n))))
            pages += [browser.follow(pages[-1]), browser.open("/assistance/answer")]
            pages.append(browser.send("/assistance/return", {"receipt": "ABCD", "number": id_number(n)}, expect=422))
            seen.add(repr([bare(page) for page in pages]).replace(id_number(n), ""))
            work.add(repr(statements))
    assert len(seen) == len(work) == 1


def test_a_receipt_needs_its_number_and_guesses_are_limited(browser, make):
    receipt = apply(browser)
    for _ in range(20):
        browser.send("/assistance/return", {"receipt": receipt, "number": OTHER}, expect=422)
    browser.send("/assistance/return", {"receipt": receipt, "number": NUMBER}, expect=429)


def test_the_receipt_is_shown_once_and_never_stored(browser):
    receipt = apply(browser).replace(" ", "")
    assert browser.open("/assistance/receipt", expect=302).location == "/assistance/return"
    stored = db.session.execute(text("SELECT * FROM assistance_request")).one()
    assert receipt not in repr(stored)


def test_three_a_day_for_a_number_and_a_bad_picture_is_none(browser):
    for _ in range(4):
        page = browser.send("/assistance", asked(document=(io.BytesIO(b"GIF89a"), "a.jpg")), expect=422)
        assert 'href="#document"' in page.text
    for _ in range(3):
        apply(browser)
    assert "凭回执编号查询" in browser.send("/assistance", asked(), expect=429).text
    apply(browser, number=OTHER)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"need": "money"}, "请从列表中选择需要办理"),
        ({"office": "210200"}, "请从列表中选择会计管理部门"),  # 大连 collects by itself
        ({"number": "219900199003070111"}, "证件号码"),
        ({"document": None}, "请选择证件照片"),
        ({"story": "长" * 201}, "最多 200 个字"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_kept(browser, changed, said):
    assert said in browser.send("/assistance", asked(**changed), expect=422).text
    assert db.session.scalars(select(AssistanceRequest)).all() == []


@pytest.mark.parametrize("settings", [{"LEGACY_CLAIM_FACTORS": "activation_code"}])
def test_where_pictures_are_no_proof_old_records_are_not_claimed_this_way(browser):
    assert 'value="record"' not in browser.open("/assistance?need=record").text
    browser.send("/assistance", asked(need="record"), expect=422)


def test_a_frozen_persons_submission_says_so_to_its_reviewer(browser, desk, make):
    declaration = make.declaration(Status.SUBMITTED, account=make.account("马建军", number=NUMBER))
    place = f"/staff/submissions/{declaration.uid}"
    assert "账号已被冻结" not in desk.open(place).text
    apply(browser)
    decide(desk, "misuse", **GROUNDS)
    assert "账号已被冻结" in desk.open(place).text


def test_the_rule_of_names_holds_for_a_page_that_is_out_of_date(app, browser, make):
    """The page offered 是本人 while the number had no account; then a stranger registered it."""
    apply(browser)
    make.account("马建军", number=NUMBER)
    verdict = AssistanceVerdict(AssistanceOutcome.SAME_PERSON)
    with pytest.raises(ChangeRefused, match="姓名不同"):
        decisions.decide(the_request(), make.actor(make.staff()), verdict)
