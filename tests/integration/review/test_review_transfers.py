"""接手, 转交, 复核 and 内部备注 as the pages offer them."""

from __future__ import annotations

import errno
import re

import pytest
from sqlalchemy import select

from lib.codes import Status
from models import Department, InternalNote, db
from services import workflow
from services.review import transfer_targets
from tests.support.office.review_desk import events_of, form, fresh, holder_id, match, path, unsent
from tests.support.people import EMPLOYED

SHENHE = "210103"  # 沈河区


def office_of(declaration) -> str:
    office = fresh(declaration).department
    return office.code if office else ""


@pytest.fixture
def receiver(make, another_browser):
    receiver = make.staff(department=SHENHE, name="孙接收")
    another_browser.sign_in(receiver)
    return receiver


@pytest.fixture
def held(make, officer):
    return make.declaration(Status.IN_REVIEW, make.account("单小燕"), officer=officer)


def notes_of(declaration) -> list[str]:
    query = select(InternalNote).where(InternalNote.declaration_id == fresh(declaration).id)
    return [note.text for note in db.session.scalars(query.order_by(InternalNote.id))]


# 接手


def test_a_take_over_names_the_holder_first_and_keeps_the_marks(browser, another_browser, held, colleague):
    browser.send(path(held, "marks"), form("nation"))
    assert "接手" in another_browser.open(path(held)).text
    page = another_browser.send(path(held, "take-over"), {"seen": 1}, expect=200).text
    assert "王审核于" in page
    assert holder_id(held) != colleague.id
    another_browser.send(path(held, "take-over"), {"seen": 1, "confirmed": "yes"})
    assert holder_id(held) == colleague.id
    assert events_of(held, "take_over") == ["take_over"]
    assert "请核对nation" in another_browser.open(path(held)).text
    browser.send(path(held, "approve"), form(), expect=409)
    assert set(unsent(held)) == {"nation"}


def test_what_nobody_holds_is_claimed_and_not_taken_over(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    browser.send(path(declaration, "take-over"), {"seen": 1, "confirmed": "yes", "note": "已电话联系"})
    page = browser.open(path(declaration)).text
    assert "可以直接领取" in page
    assert "现在没有人在审核这份申报" in page, "the page as it is now"
    assert "已电话联系" in page
    assert holder_id(declaration) is None


# 转交


def offered(browser, held) -> None:
    browser.send(path(held, "transfer"), form("nation", confirmed="yes", department=SHENHE, why="单位在沈河区"))


def test_a_transfer_is_offered_on_a_page_and_accepted_by_the_other_department(
    make, browser, another_browser, held, receiver
):
    due = held.due_on
    another_browser.open(path(held), expect=404)
    page = browser.send(path(held, "transfer"), form("nation"), expect=200).text
    assert f'<option value="{SHENHE}">' in page
    assert '<option value="210102">' not in page
    assert '<option value="210200">' not in page
    offered(browser, held)
    assert fresh(held).status == Status.IN_REVIEW
    assert holder_id(held) is None

    page = another_browser.open(path(held)).text
    assert "单位在沈河区" in page
    assert "受理" in page
    assert 'name="mark"' not in page
    another_browser.send(path(held, "transfer/answer"), {"accept": "yes"})
    held = fresh(held)
    assert (held.status, office_of(held), held.due_on) == (Status.SUBMITTED, SHENHE, due)
    another_browser.send(path(held, "claim"))
    assert "请核对nation" in another_browser.open(path(held)).text
    browser.open(path(held), expect=404)


def test_a_refused_transfer_comes_back_with_the_reason(browser, another_browser, held, receiver):
    offered(browser, held)
    page = another_browser.send(path(held, "transfer/answer"), {"accept": "no", "note": "已电话联系"}, expect=422).text
    assert "错误：审核" in page
    assert re.search(
        r'for="why">退还原因</label>\s*<textarea[^>]* id="why"[^>]* aria-describedby="why-e" autofocus>', page
    )
    assert re.search('(?s)id="why-e"[^>]*>.*请填写退还原因', page), "at the field"
    assert "已电话联系</textarea>" in page, "what was typed is not lost"
    another_browser.send(path(held, "transfer/answer"), {"accept": "no", "why": "应由和平区办理", "note": "单位在和平"})
    assert (fresh(held).status, office_of(held)) == (Status.SUBMITTED, "210102")
    another_browser.open(path(held), expect=404)
    page = browser.open(path(held)).text
    assert "转交未成" in page
    assert "应由和平区办理" in page
    assert "单位在和平" in page, "written by somebody who may not open it any more"


def test_a_transfer_is_taken_back_until_it_is_answered(browser, another_browser, officer, held, receiver):
    offered(browser, held)
    assert "收回转交" in browser.open(path(held)).text
    browser.send(path(held, "transfer/take-back"))
    assert holder_id(held) == officer.id
    another_browser.send(path(held, "transfer/answer"), {"accept": "yes"}, expect=404)
    offered(browser, held)
    another_browser.send(path(held, "transfer/answer"), {"accept": "yes"})
    browser.send(path(held, "transfer/take-back"), expect=404)
    assert office_of(held) == SHENHE


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"department": "", "why": "不归我们"}, "请选择接收部门"),
        ({"department": "210102", "why": "不归我们"}, "请选择接收部门"),
        ({"department": "210202", "why": "不归我们"}, "请选择接收部门"),
        ({"department": "999999", "why": "不归我们"}, "请选择接收部门"),
        ({"department": SHENHE, "why": " "}, "请填写转交原因"),
    ],
    ids=["none", "own", "own system", "unknown", "no reason"],
)
def test_a_transfer_that_lacks_something_is_asked_for_again(browser, held, sent, problem):
    page = browser.send(path(held, "transfer"), form("nation", confirmed="yes", **sent), expect=422)
    field = "why" if "原因" in problem else "department"
    assert re.search(rf'<(select|textarea)[^>]* id="{field}"[^>]* aria-describedby="{field}-e" autofocus>', page.text)
    assert re.search(f'(?s)id="{field}-e"[^>]*>.*{problem}', page.text)
    assert workflow.waiting_transfer(fresh(held)) is None
    assert set(unsent(held)) == {"nation"}


def test_what_could_not_be_saved_is_not_said_to_be_done(browser, held, monkeypatch):
    def full() -> None:
        raise OSError(errno.ENOSPC, "no space")

    with monkeypatch.context() as patched:
        patched.setattr(db.session, "commit", full)
        page = browser.send(
            path(held, "transfer"), form(confirmed="yes", department=SHENHE, why="单位在沈河区"), expect=507
        ).text
    assert "已将" not in page
    assert "已将" not in browser.open(path(held)).text
    assert workflow.waiting_transfer(fresh(held)) is None


def test_who_holds_it_no_more_is_told_so_before_anything_that_lacks(make, browser, held):
    make.lapsed(held)
    page = browser.send(path(held, "transfer"), form(confirmed="yes", department="", why=""), expect=409).text
    assert "请选择接收部门" not in page
    assert workflow.waiting_transfer(fresh(held)) is None


def test_the_departments_that_match_the_address_stand_first(make, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer, **EMPLOYED)
    declaration.department = make.department(SHENHE)
    db.session.commit()
    first = transfer_targets.offices(declaration, declaration.revisions[0])[0]
    assert first.title == "与申报人所填地址相符"
    assert [office.code for office in first.departments] == ["210102", "210100", "210000"]


def test_a_department_out_of_use_is_not_offered(make, held):
    db.session.scalars(select(Department).where(Department.code == SHENHE)).one().active = False
    db.session.commit()
    assert transfer_targets.office(held, held.revisions[0], SHENHE) is None


# 复核


@pytest.fixture
def sampled(make, app, browser, colleague, held):
    """An approval that waits for a second officer."""
    app.config["SECOND_LOOK_PERCENT"] = 100
    answer = browser.send(path(held, "approve"), form())
    assert "被抽中复核" in browser.follow(answer).text
    return held


def test_a_second_officer_agrees_and_the_approval_takes_effect(browser, another_browser, sampled):
    page = browser.open(path(sampled)).text
    assert "收回复核" in page
    assert "同意，审核通过" not in page
    assert "王审核的决定为" in another_browser.open(path(sampled)).text
    assert fresh(sampled).status == Status.IN_REVIEW
    another_browser.send(path(sampled, "second-look"), {"seen": 1, "agree": "yes"})
    assert fresh(sampled).status == Status.APPROVED
    assert "复核同意" in browser.open(path(sampled)).text


def test_who_does_not_agree_says_why_and_goes_on_with_it(another_browser, sampled, colleague):
    assert "等待复核</span>" in another_browser.open(path(sampled)).text
    page = another_browser.send(path(sampled, "second-look"), {"seen": 1, "agree": "no"}, expect=422).text
    assert re.search('(?s)id="why-e"[^>]*>.*请填写不同意的原因', page)
    another_browser.send(path(sampled, "second-look"), {"seen": 1, "agree": "no", "why": "照片不符"})
    assert fresh(sampled).status == Status.IN_REVIEW
    assert holder_id(sampled) == colleague.id
    page = another_browser.open(path(sampled)).text
    assert "复核不同意" in page
    assert "照片不符" in page


def test_nobody_looks_a_second_time_at_the_own_decision(browser, sampled, officer):
    refused = browser.send(path(sampled, "second-look"), {"seen": 1, "agree": "yes"}, expect=422)
    assert "需要由另一位工作人员复核" in refused.text
    assert fresh(sampled).status == Status.IN_REVIEW
    browser.send(path(sampled, "transfer/take-back"))
    assert holder_id(sampled) == officer.id


def test_while_it_waits_a_late_form_changes_no_marks(browser, sampled):
    browser.send(path(sampled, "marks"), form("nation"), expect=409)
    assert unsent(sampled) == {}


# 内部备注


def test_notes_are_read_in_the_scope_only_and_cost_no_marks(make, browser, another_browser, held, colleague):
    browser.send(path(held, "notes"), form("nation", note="已电话联系\n本人"))
    assert set(unsent(held)) == {"nation"}
    assert "已电话联系 本人" in another_browser.open(path(held)).text
    another_browser.send(path(held, "notes"), {"seen": 1, "note": "知道了"})
    assert set(unsent(held)) == {"nation"}
    page = browser.open(path(held)).text
    assert page.index("知道了") < page.index("已电话联系")
    applicant = another_browser.sign_in(fresh(held).account)
    assert "电话联系" not in applicant.open("/apply/status").text


def test_a_note_on_a_file_that_was_put_back_leaves_its_marks_alone(browser, held):
    """The page of a file that one does not hold has no marks to send; they are not taken off for that."""
    browser.send(path(held, "release"), form("nation"))
    browser.send(path(held, "notes"), {"seen": 1, "note": "明天补交"})
    assert set(unsent(held)) == {"nation"}


def test_a_note_that_was_not_saved_goes_along_with_what_is_pressed(browser, held):
    asked = browser.send(path(held, "return"), form("nation", note="已电话联系"), expect=200)
    assert notes_of(held) == []
    assert match('name="note" value="([^"]+)"', asked) == "已电话联系"
    back = match('<form id="back" method="post" action="([^"]+)"', asked)
    assert "已电话联系</textarea>" in browser.send(back, {"note": "已电话联系"}, expect=200).text, "返回 keeps it"
    assert notes_of(held) == []
    browser.send(path(held, "return"), form("nation", note="已电话联系", confirmed="yes"))
    assert notes_of(held) == ["已电话联系"]
    refused = browser.send(path(held, "marks"), form("nation", note="再次联系"), expect=409)
    assert notes_of(held) == ["已电话联系"]
    assert "<b>内部备注</b>：再次联系" in refused.text


@pytest.mark.parametrize(("verb", "status"), [("reveal", 200), ("return", 422)])
def test_a_page_that_answers_at_once_keeps_what_was_typed(browser, held, verb, status):
    """显示完整号码, and a verdict that is refused: the marks are saved, and the note waits in its field."""
    page = browser.send(path(held, verb), form("nation", comment__nation="", note="已电话联系"), expect=status)

    assert "已电话联系</textarea>" in page.text
    assert set(unsent(held)) == {"nation"}
    assert notes_of(held) == []


def test_a_note_goes_along_with_what_is_no_verdict(make, browser, another_browser, held, colleague):
    another_browser.send(path(held, "take-over"), {"seen": 1, "note": "甲休假"}, expect=200)
    another_browser.send(path(held, "take-over"), {"seen": 1, "note": "甲休假", "confirmed": "yes"})
    another_browser.send(path(held, "release"), {"seen": 1})
    browser.send(path(held, "claim"), {"seen": 1, "note": "我来办"})
    assert notes_of(held) == ["甲休假", "我来办"]


def test_a_note_stays_when_a_colleague_has_decided_before_it_is_claimed(
    make, browser, another_browser, officer, colleague
):
    declaration = make.declaration(Status.SUBMITTED)
    another_browser.send(path(declaration, "claim"), {"seen": 1})
    another_browser.send(path(declaration, "approve"), form())
    answer = browser.send(path(declaration, "claim"), {"seen": 1, "note": "我来办"})
    assert "当前状态为「审核通过」，不能领取" in browser.follow(answer).text
    assert notes_of(declaration) == ["我来办"]


def test_an_empty_note_is_none_and_a_long_one_is_cut(browser, held):
    answer = browser.send(path(held, "notes"), {"seen": 1, "note": " \n\x00"})
    assert "请先写备注" in browser.follow(answer).text
    browser.send(path(held, "notes"), {"seen": 1, "note": "长" * 900})
    db.session.rollback()
    (note,) = db.session.scalars(select(InternalNote))
    assert note.text == "长" * 500


def test_a_department_that_gave_it_away_reads_no_notes_of_the_other(make, browser, another_browser, officer, receiver):
    """It may still read what it decided before, but nothing later."""
    declaration = make.declaration(Status.RETURNED, officer=officer)
    declaration.postal_address = "样例路 99 号"
    db.session.commit()
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    browser.send(path(declaration, "claim"))
    browser.send(path(declaration, "transfer"), form(seen=2, confirmed="yes", department=SHENHE, why="单位在沈河区"))
    another_browser.send(path(declaration, "transfer/answer"), {"accept": "yes"})
    another_browser.send(path(declaration, "notes"), {"seen": 2, "note": "沈河区的备注"})
    page = browser.open(path(declaration)).text
    assert "这是第 1 次提交的内容，只能查看" in page
    assert "沈河区的备注" not in page
    assert "样例路 99 号" not in page
    assert "历次提交" not in page
