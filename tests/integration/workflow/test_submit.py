"""提交: what is missing is named, one revision however often the button is pressed, the number and the due date."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from blueprints.gate import COOKIE
from forms import PAPERS
from lib.codes import Status
from lib.database import transaction_mode
from models import Declaration, Draft, Event, InboxMessage, Revision, db
from services.accounts import sessions
from services.declaration import answers
from services.marks.marks import MarkRequest
from services.papers import pages, papers
from services.site import built_in_texts
from services.workflow import start as workflow_start
from tests.support.applicant.filing import filled, pages_of, returned, stored, submit, words
from tests.support.people import EMPLOYED

AGREED = {"agree": "yes"}
PROMISE = "请阅读并勾选同意《关于本人信息真实准确承诺函》"


@pytest.fixture
def ready(make, browser) -> Declaration:
    """Everything is filled in and uploaded; its owner is signed in."""
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account)
    return declaration


def revisions() -> list[Revision]:
    db.session.expire_all()
    return list(db.session.scalars(select(Revision).order_by(Revision.id)))


# --- what is missing ------------------------------------------------------------------------------------------------


def test_every_missing_paper_is_named(make, browser):
    declaration = make.declaration(**EMPLOYED)
    shown = words(browser.sign_in(declaration.account).send("/apply/submit", AGREED, expect=422).text)

    wanted = papers.wanted(answers.facts(declaration))
    for paper in wanted:
        assert (f"请上传{paper.title}" in shown) is paper.required
    assert f"还不能提交，请先处理以下 {sum(paper.required for paper in wanted)} 处" in shown
    assert PROMISE not in shown
    assert revisions() == []


def test_an_optional_paper_may_be_missing(make, browser):
    declaration = make.declaration(**EMPLOYED)
    make.papers(declaration)
    optional = [paper.kind for paper in PAPERS if not paper.required]
    for kind in optional:
        for picture in papers.pages_of(declaration, kind):
            pages.remove_page(picture)
    db.session.commit()
    submit(browser.sign_in(declaration.account))
    assert set(optional) & set(revisions()[0].papers) == set()


@pytest.mark.parametrize("sent", [{}, {"agree": ""}, {"agree": "no"}])
def test_the_commitment_must_be_ticked(ready, browser, sent):
    shown = words(browser.send("/apply/submit", sent, expect=422).text)
    assert shown.count(PROMISE) == 2  # in the summary and next to the box
    assert "还不能提交，请先处理以下 1 处" in shown
    assert revisions() == []


def test_a_missing_paper_and_the_unticked_commitment_are_told_together(ready, browser):
    for picture in pages_of(ready, "id_emblem"):
        browser.send(f"/apply/pages/{picture.uid}/delete")
    shown = words(browser.send("/apply/submit", expect=422).text)
    assert "请上传居民身份证(国徽面)" in shown
    assert PROMISE in shown


def test_a_missing_answer_is_named_with_its_page(ready, browser):
    ready.technical_post = None
    db.session.commit()
    shown = words(browser.send("/apply/submit", AGREED, expect=422).text)
    assert "专业技术资格：请选择会计技术职务" in shown
    assert "个人基本信息表：信息已修改，请重新打印、签名后上传" in shown


def test_what_is_missing_leads_to_the_place_where_it_is_mended(make, browser):
    declaration = make.declaration(**(EMPLOYED | {"postal_address": None}))
    shown = browser.sign_in(declaration.account).send("/apply/submit", expect=422).text

    for place in (
        "/apply/personal#postal_address",
        "/apply/personal#photo",
        "#paper-sheet",
        "#paper-id_emblem",
        "#agree",
    ):
        assert f'<li><a href="{place}">' in shown
    assert 'id="paper-sheet"' in shown


def test_an_outdated_signed_sheet_is_no_signed_sheet(ready, browser):
    browser.send("/apply/personal", filled(ready, "personal", postal_address="样例路 9 号"))
    shown = words(browser.send("/apply/submit", AGREED, expect=422).text)
    assert "个人基本信息表：信息已修改，请重新打印、签名后上传" in shown
    assert stored(ready).status == Status.DRAFT


# --- one revision ---------------------------------------------------------------------------------------------------


def test_submitting_freezes_answers_and_papers(ready, browser):
    expected = answers.freeze(answers.facts(ready))
    submit(browser)

    (revision,) = revisions()
    now = stored(ready)
    assert (now.status, now.revision_number, revision.number) == (Status.SUBMITTED, 1, 1)
    assert revision.answers == expected
    assert {kind: papers.addresses(pages) for kind, pages in revision.papers.items()} == {
        kind: papers.current_addresses(now, kind) for kind in {page.kind for page in now.pages}
    }
    assert (revision.commitment_version, revision.notice_version) == (built_in_texts.VERSION, built_in_texts.VERSION)
    assert revision.sheet
    assert revision.sheet.version == 1
    assert revision.department_id == now.department_id
    assert revision.department.code == "210102"


def test_submitting_tells_the_person_and_the_audit_trail(ready, browser):
    submit(browser)
    event = db.session.scalars(select(Event).where(Event.verb == "submit")).one()
    assert (event.from_status, event.to_status, event.actor) == (Status.DRAFT, Status.SUBMITTED, "applicant")
    assert (event.account_id, event.revision_number) == (ready.account_id, 1)
    message = db.session.scalars(select(InboxMessage)).one()
    assert ready.number in message.body
    assert ready.account.id_number not in message.body


def test_what_was_typed_and_not_saved_is_forgotten_with_the_submission(ready, browser):
    browser.send("/apply/education/draft", {"full_time_school": "x"}, expect=204)
    submit(browser)
    assert db.session.scalars(select(Draft)).all() == []


def test_pressing_twice_makes_one_revision(ready, browser):
    submit(browser)
    submit(browser)
    assert [revision.number for revision in revisions()] == [1]
    assert "提交成功" in words(browser.open("/apply/done").text)


def test_a_double_click_makes_one_revision(ready, app, monkeypatch):
    """Two requests at the same moment; the first one takes its time in the middle of its work."""
    freeze = papers.freeze

    def slowly(*arguments):
        time.sleep(0.2)
        return freeze(*arguments)

    monkeypatch.setattr(papers, "freeze", slowly)
    with transaction_mode("IMMEDIATE"):
        tokens = [sessions.start(account=ready.account) for _ in range(2)]
        db.session.commit()
    gate, answered = threading.Barrier(2), []

    def press(token: str) -> None:
        client = app.test_client()
        client.set_cookie(COOKIE, token)
        gate.wait()
        sent = client.post("/apply/submit", data=AGREED)
        shown = client.get(sent.location)
        answered.append((sent.status_code, sent.location, shown.status_code, "提交成功" in shown.text))

    threads = [threading.Thread(target=press, args=(token,)) for token in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answered == [(302, "/apply/done", 200, True)] * 2
    assert [revision.number for revision in revisions()] == [1]
    assert db.session.query(Event).filter_by(verb="submit").count() == 1


@pytest.mark.parametrize("table", ["revision", "decision", "event"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET id = id", "DELETE FROM {0}"])
def test_the_database_refuses_to_change_what_was_submitted_decided_and_recorded(make, table, statement):
    make.declaration(Status.APPROVED)
    with pytest.raises(DBAPIError, match=f"{table} rows are only ever added"):
        db.session.execute(text(statement.format(table)))


def test_a_revision_stays_as_it_was_when_the_working_copy_changes(make, browser):
    declaration = returned(make, MarkRequest("postal_address", "", "请核对"))
    before = revisions()[0].answers
    browser.sign_in(declaration.account)
    browser.send("/apply/personal", filled(declaration, "personal", postal_address="样例路 9 号"))
    assert stored(declaration).postal_address == "样例路 9 号"
    assert revisions()[0].answers == before


def test_the_back_button_after_submitting_leads_to_the_progress(ready, browser):
    before = filled(ready, "personal", postal_address="样例路 9 号")
    submit(browser)
    for path in ("/apply/personal", "/apply/check", "/apply/papers", "/apply/corrections"):
        back = browser.open(path, expect=302)
        assert back.location == "/apply/status"
        assert "您的申报已经提交，不能再修改" in words(browser.follow(back).text)
    assert browser.send("/apply/personal", before).location == "/apply/status"
    assert stored(ready).postal_address != "样例路 9 号"


# --- number and due date --------------------------------------------------------------------------------------------


def test_numbers_are_given_once_and_in_a_row(make, app):
    with time_machine.travel(datetime(2026, 11, 23, 1, tzinfo=UTC)):
        given = [make.declaration().number for _ in range(3)]
    assert given == ["LN20260000001", "LN20260000002", "LN20260000003"]
    assert all(re.fullmatch(r"LN[0-9]{11}", number) for number in given)


def test_each_year_counts_anew_and_begins_at_midnight_in_china(app):
    with time_machine.travel(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)):
        assert workflow_start.next_number() == "LN20260000001"
    with time_machine.travel(datetime(2026, 12, 31, 16, 1, tzinfo=UTC)):
        assert workflow_start.next_number() == "LN20270000001"


def test_no_two_declarations_have_the_same_number(make):
    first, second = make.declaration(), make.declaration()
    second.number = first.number
    with pytest.raises(DBAPIError, match=r"(?i)unique"):
        db.session.flush()
    db.session.rollback()


#: Submitted at (UTC), ten working days later, is that still an estimate?
DUE = [
    (datetime(2026, 11, 23, 1, tzinfo=UTC), date(2026, 12, 7), False),
    (datetime(2026, 9, 28, 2, tzinfo=UTC), date(2026, 10, 16), False),  # 国庆 1-7, 10 October is worked
    (datetime(2026, 9, 28, 17, tzinfo=UTC), date(2026, 10, 19), False),  # already the 29th in China
    (datetime(2026, 10, 9, 17, tzinfo=UTC), date(2026, 10, 23), False),  # on a Saturday that is worked
    (datetime(2026, 12, 21, 2, tzinfo=UTC), date(2027, 1, 5), True),  # no notice for 2027 yet
]


@pytest.mark.parametrize(("at", "due", "estimated"), DUE, ids=[f"{at:%m-%d %H}" for at, _due, _estimated in DUE])
def test_the_due_date_is_ten_working_days_after_the_day_of_submission(make, browser, at, due, estimated):
    with time_machine.travel(at):
        declaration = make.declaration()
        make.papers(declaration)
        submit(browser.sign_in(declaration.account))
        now = stored(declaration)
        assert (now.due_on, now.due_estimated) == (due, estimated)

        for page in ("/apply/done", "/apply/status"):
            shown = words(browser.open(page).text)
            assert f"{'预计' if estimated else '应'}在 {due} 前审核完毕" in shown
            assert shown.count("预计") == estimated, "once, and only where it is one"


@pytest.mark.parametrize("settings", [{"REVIEW_DAYS": "3"}])
def test_the_number_of_days_is_a_setting(make, browser):
    with time_machine.travel(datetime(2026, 11, 23, 1, tzinfo=UTC)):
        declaration = make.declaration()
        make.papers(declaration)
        submit(browser.sign_in(declaration.account))
        assert stored(declaration).due_on == date(2026, 11, 26)
        assert "3 个工作日" in browser.open("/apply/notice").text


@pytest.mark.parametrize("path", ["/apply/done", "/apply/status"])
def test_the_receipt_and_the_progress_tell_number_due_date_department_and_phone(ready, make, browser, path):
    submit(browser)
    due = stored(ready).due_on
    shown = words(browser.open(path).text)
    for part in (ready.number, f"{due}", "沈阳市和平区财政局", "暂未公布"):
        assert part in shown

    make.department().phone = "024-00000000"
    db.session.commit()
    shown = words(browser.open(path).text)
    assert "024-00000000" in shown
    assert "暂未公布" not in shown


def test_the_progress_says_whose_turn_it_is_and_what_has_happened(ready, browser):
    before = words(browser.open("/apply/status").text)
    assert "轮到您办理" in before
    assert "您的申报还没有提交" in before
    submit(browser)
    after = words(browser.open("/apply/status").text)
    assert "轮到会计管理部门审核" in after
    assert "待审核" in after
    assert after.index("开始填写") < after.index("提交申报")
    assert "提交申报 下一步 会计管理部门审核 之后 通过后进入人员档案 之后" in before, "and what is still to come"
    assert "会计管理部门审核 下一步 通过后进入人员档案 之后" in after


def test_before_submitting_there_is_no_receipt(ready, browser):
    assert browser.open("/apply/done", expect=302).location == "/apply/papers"
