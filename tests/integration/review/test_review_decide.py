"""Decisions: marks first, then the verb on the revision that was seen; exactly one of two wins, and nothing is lost."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from lib.codes import MarkState, Role, Status
from lib.database import begin_mode, utcnow
from models import Decision, Mark, Record, Tick, db
from services import workflow
from tests.support.office.review_desk import events_of, form, fresh, holder_id, path, unsent


def decisions(declaration) -> list[str]:
    db.session.rollback()
    query = select(Decision.verb).join(Decision.revision).where(Decision.revision.has(declaration_id=declaration.id))
    return list(db.session.scalars(query.order_by(Decision.id)))


# marks


def test_marks_are_saved_and_stand_on_the_page(browser, held):
    browser.send(path(held, "marks"), form("postal_address", "photo", reason__photo="photo_unfit"))
    assert unsent(held) == {"postal_address": "请核对postal_address", "photo": "请核对photo"}
    page = browser.open(path(held)).text
    assert "已标 <span data-marked>2</span> 处" in page
    assert 'value="postal_address" data-mark aria-label="通讯地址：标记问题" title="标记问题" checked' in page
    assert re.search(r'<option value="photo_unfit" data-advice="[^"]+" selected>', page)


def test_saving_again_makes_the_marks_exactly_these(browser, held):
    browser.send(path(held, "marks"), form("postal_address", "nation"))
    browser.send(path(held, "marks"), form("nation", comment__nation="民族有误", unsigned__nation="yes"))
    assert unsent(held) == {"nation": "民族有误"}
    assert fresh(held).revisions[-1].marks[0].resign is False


@pytest.mark.parametrize(
    "sent",
    [
        {"mark": ["nothing", "account_id", "status", ""]},
        {"mark": ["postal_address"] * 3, "reason-postal_address": "no_such_reason"},
        {"mark": ["postal_address"], "comment-postal_address": "a\x00b\r\nc" + "长" * 400},
        {"mark": [str(number) for number in range(300)]},
    ],
    ids=["targets", "twice", "text", "many"],
)
def test_strange_marks_do_no_harm(browser, held, sent):
    browser.send(path(held, "marks"), {"seen": 1} | sent)
    assert set(unsent(held)) <= {"postal_address"}
    assert all(len(comment) <= 200 and "\x00" not in comment for comment in unsent(held).values())


def test_saving_marks_keeps_the_claim_alive(make, browser, officer):
    declaration, start = make.declaration(Status.SUBMITTED), utcnow()
    with time_machine.travel(start, tick=False):
        browser.send(path(declaration, "claim"))
    with time_machine.travel(start + timedelta(minutes=14), tick=False):
        browser.send(path(declaration, "marks"), form("nation"))
        assert workflow.holder(fresh(declaration), start + timedelta(minutes=43)) is not None


def test_putting_back_keeps_the_marks_for_the_next_holder(browser, another_browser, held, colleague):
    browser.send(path(held, "release"), form("postal_address"))
    assert fresh(held).status == Status.SUBMITTED
    another_browser.send(path(held, "claim"))
    assert "请核对postal_address" in another_browser.open(path(held)).text


# 退回修改


def test_a_return_shows_the_message_first_and_sends_it_when_confirmed(browser, another_browser, held):
    sent = form("postal_address", "photo", reason__photo="photo_unfit", comment__photo="", unsigned__photo="yes")
    page = browser.send(path(held, "return"), sent, expect=200)
    for words in ("申报人将看到", "请核对postal_address", "照片不是近期免冠正面证件照", "确认退回", "无需重新签章"):
        assert words in page.text
    assert fresh(held).status == Status.IN_REVIEW
    assert decisions(held) == []

    browser.send(path(held, "return"), sent | {"confirmed": "yes"})
    assert fresh(held).status == Status.RETURNED
    assert {mark.state for mark in fresh(held).revisions[0].marks} == {MarkState.OPEN}
    shown = another_browser.sign_in(held.account).open("/apply/corrections").text
    assert "请核对postal_address" in shown
    assert "照片不是近期免冠正面证件照" in shown


def test_what_was_shown_is_what_is_sent(browser, held):
    """The confirm page carries the marks: what another window saves meanwhile is not included."""
    page = browser.send(path(held, "return"), form("postal_address"), expect=200)
    browser.send(path(held, "marks"), form("nation"))
    assert 'name="mark" value="postal_address"' in page.text
    browser.send(path(held, "return"), form("postal_address", confirmed="yes"))
    assert [mark.target for mark in fresh(held).revisions[0].marks] == ["postal_address"]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (form(), "退回前请至少标记一处"),
        (form("postal_address", comment__postal_address=""), "请为每一处标记选择原因或填写说明"),
    ],
    ids=["no mark", "no reason"],
)
@pytest.mark.parametrize("confirmed", ["", "yes"])
def test_a_return_that_says_nothing_is_refused_on_the_page(browser, held, sent, message, confirmed):
    page = browser.send(path(held, "return"), sent | {"confirmed": confirmed}, expect=422)
    assert message in page.text
    assert "审核决定" in page.text
    assert fresh(held).status == Status.IN_REVIEW
    assert set(unsent(held)) == set(sent["mark"])


# 审核通过


def test_an_approval_makes_the_record(browser, held):
    assert browser.send(path(held, "approve"), form()).location == "/staff/queue"
    assert fresh(held).status == Status.APPROVED
    assert db.session.scalars(select(Record)).one().revision_id == held.revisions[0].id
    assert "已通过" in browser.open("/staff/queue").text


def test_an_approval_with_marks_left_asks_first(browser, held):
    page = browser.send(path(held, "approve"), form("postal_address", "photo", id_checked="yes"), expect=200)
    assert "仍有 2 处标记，确定通过？" in page.text
    assert 'name="id_checked" value="yes"' in page.text
    assert fresh(held).status == Status.IN_REVIEW
    assert set(unsent(held)) == {"postal_address", "photo"}

    browser.send(path(held, "approve"), form("postal_address", "photo", confirmed="yes"))
    assert fresh(held).status == Status.APPROVED
    assert db.session.scalars(select(Mark)).all() == []


@pytest.mark.parametrize("checked", [True, False])
def test_a_weak_claim_of_an_account_is_made_good_by_the_id_card(make, browser, officer, checked):
    account = make.account(assured=False, claim_factor="archive_no")
    declaration = make.declaration(Status.IN_REVIEW, account, officer=officer)
    assert "已核对身份证件" in browser.open(path(declaration)).text
    browser.send(path(declaration, "approve"), form() | ({"id_checked": "yes"} if checked else {}))
    assert fresh(declaration).account.assured is checked
    assert db.session.scalars(select(Decision)).one().id_checked is checked


def test_an_ordinary_account_is_not_asked_for_the_card(browser, held):
    assert "已核对身份证件" not in browser.open(path(held)).text


# who is too late, and what is kept


@pytest.mark.parametrize("verb", ["marks", "return", "approve", "release"])
def test_after_a_lapse_the_decision_is_refused_and_the_marks_are_kept(make, browser, held, verb):
    make.lapsed(held)
    page = browser.send(path(held, verb), form("postal_address", confirmed="yes"), expect=409)
    assert "您的领取已超过 30 分钟" in page.text
    assert "您刚才的标记已保留" in page.text
    assert decisions(held) == []
    assert set(unsent(held)) == {"postal_address"}


@pytest.mark.parametrize("verb", ["marks", "approve", "release"])
def test_after_a_lapse_ticks_alone_and_a_mark_taken_off_are_kept_too(make, browser, held, verb):
    browser.send(path(held, "marks"), form("postal_address", ticks="sent"))
    make.lapsed(held)
    browser.send(path(held, verb), form(ticks="sent", tick=["nation", "photo"]), expect=409)
    assert unsent(held) == {}
    assert set(db.session.scalars(select(Tick.target))) == {"nation", "photo"}


@pytest.mark.parametrize("verb", ["marks", "return", "approve", "release"])
def test_after_a_take_over_only_the_new_holder_decides(make, browser, another_browser, held, colleague, verb):
    browser.send(path(held, "marks"), form("postal_address"))
    make.lapsed(held)
    another_browser.send(path(held, "claim"))
    another_browser.send(path(held, "marks"), form("postal_address", "nation"))

    page = browser.send(path(held, verb), form("photo", confirmed="yes"), expect=409)
    assert re.search("李审核已于 [-0-9]+ [:0-9]+ 领取这份申报，您的操作没有生效", page.text)
    assert "一寸照片" in page.text
    assert "请核对photo" in page.text
    assert set(unsent(held)) == {"postal_address", "nation"}

    another_browser.send(path(held, "return"), form("nation", confirmed="yes"))
    assert decisions(held) == ["return"]


def test_the_second_decision_is_told_who_decided_and_when(make, browser, another_browser, held, colleague):
    make.lapsed(held)
    another_browser.send(path(held, "claim"))
    another_browser.send(path(held, "return"), form("nation", confirmed="yes"))
    page = browser.send(path(held, "approve"), form(), expect=409)
    assert "李审核已于" in page.text
    assert "退回修改这份申报" in page.text
    assert fresh(held).status == Status.RETURNED


def test_a_decision_on_an_outdated_revision_is_refused(make, browser, officer, held):
    browser.send(path(held, "release"), form())
    workflow.withdraw(held, make.actor(held.account))
    held.postal_address = "样例路 77 号"
    db.session.commit()
    make.signed_sheet(held)
    workflow.submit(held, make.actor(held.account), commitment="1", review_days=10)
    db.session.commit()
    browser.send(path(held, "claim"))
    for verb in ("approve", "return", "marks"):
        browser.send(path(held, verb), form("nation", seen=1, confirmed="yes"), expect=409)
    assert decisions(held) == []
    assert unsent(held) == {}
    browser.send(path(held, "approve"), form(seen=2))
    assert decisions(held) == ["approve"]


@pytest.mark.parametrize("seen", ["", "x", "0", "-1", "9" * 40])
def test_a_decision_that_does_not_say_what_it_saw_is_refused(browser, held, seen):
    browser.send(path(held, "approve"), {"seen": seen}, expect=409)
    assert fresh(held).status == Status.IN_REVIEW


def test_nobody_decides_what_nobody_has_taken(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    for verb in ("approve", "return", "marks", "release"):
        browser.send(path(declaration, verb), form("nation", confirmed="yes"), expect=409)
    assert fresh(declaration).status == Status.SUBMITTED
    assert unsent(declaration) == {}


def test_a_decision_taken_twice_counts_once(browser, held):
    browser.send(path(held, "approve"), form())
    page = browser.send(path(held, "approve"), form(), expect=409)
    assert re.search("您已于 [-0-9]+ [:0-9]+ 审核通过这份申报，这次操作没有生效", page.text)
    assert decisions(held) == ["approve"]


def test_an_officer_whose_number_became_known_cannot_decide_the_own_file(browser, held, officer):
    officer.id_index = held.account.id_index
    db.session.commit()
    browser.send(path(held, "approve"), form(), expect=404)
    assert fresh(held).status == Status.IN_REVIEW


def test_a_manager_reviews_too(make, browser):
    declaration = make.declaration(Status.SUBMITTED)
    browser.sign_in(make.staff(Role.MANAGER))
    browser.send(path(declaration, "claim"))
    browser.send(path(declaration, "approve"), form())
    assert fresh(declaration).status == Status.APPROVED


def test_a_claim_ends_after_thirty_minutes_without_anybody_sweeping(make, browser, another_browser, officer, colleague):
    declaration, start = make.declaration(Status.SUBMITTED), utcnow()
    with time_machine.travel(start, tick=False):
        browser.send(path(declaration, "claim"))
    with time_machine.travel(start + timedelta(minutes=29), tick=False):
        another_browser.sign_in(colleague).send(path(declaration, "claim"), expect=409)
    with time_machine.travel(start + timedelta(minutes=31), tick=False):
        another_browser.sign_in(colleague).send(path(declaration, "claim"))
    assert events_of(declaration, "claim", "lapse") == ["claim", "lapse", "claim"]


def at_once(*calls) -> None:
    """Let the calls start at the same moment, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def run(call) -> None:
        barrier.wait()
        call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    begin_mode.set("DEFERRED")


def pressing(browser, address: str, sent: dict, answers: list[int]):
    """A press on a button from another thread: only the status is looked at."""

    def press() -> None:
        answers.append(browser.client.post(address, data=sent).status_code)

    return press


ATTEMPTS = [0, 1, *(pytest.param(attempt, marks=pytest.mark.soak) for attempt in range(2, 20))]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_of_opposite_decisions_at_the_same_moment_exactly_one_wins(make, app, browser, another_browser, attempt):
    officer = make.staff(name="王审核")
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    for window in (browser, another_browser):
        window.sign_in(officer)
    answers: list[int] = []
    at_once(
        pressing(browser, path(declaration, "approve"), form(), answers),
        pressing(another_browser, path(declaration, "return"), form("nation", confirmed="yes"), answers),
    )
    assert sorted(answers) == [302, 409]
    (verb,) = decisions(declaration)
    assert fresh(declaration).status == {"approve": Status.APPROVED, "return": Status.RETURNED}[verb]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_of_two_officers_who_take_it_at_the_same_moment_exactly_one_holds_it(
    make, browser, another_browser, officer, colleague, attempt
):
    declaration = make.declaration(Status.SUBMITTED)
    answers: list[int] = []
    at_once(*(pressing(window, path(declaration, "claim"), {}, answers) for window in (browser, another_browser)))
    assert sorted(answers) == [302, 409]
    assert events_of(declaration, "claim") == ["claim"]


def test_officers_who_press_for_the_next_at_the_same_moment_get_different_ones(
    make, browser, another_browser, officer, colleague
):
    made = [make.declaration(Status.SUBMITTED) for _ in range(2)]
    answers: list[int] = []
    at_once(*(pressing(window, "/staff/queue/next", {}, answers) for window in (browser, another_browser)))
    assert answers == [302, 302]
    assert {holder_id(declaration) for declaration in made} == {officer.id, colleague.id}
    assert db.session.scalar(select(func.count()).select_from(Decision)) == 0
