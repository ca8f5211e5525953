"""What the form of a submission keeps: ticks, places on pictures, offices' own reasons; and what the page counts."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lib.codes import Status
from lib.database import utcnow
from models import Mark, ReturnReason, ReviewMeasure, Tick, db
from services import workflow
from services.departments.reference_data import load_reference_data
from services.marks import marks, return_reasons
from services.papers import pages, papers
from tests.conftest import ROOT
from tests.support.office.review_desk import COMPLETE, form, fresh, path, unsent
from tests.support.people import EMPLOYED


@pytest.fixture
def held(make, officer):
    return make.declaration(Status.IN_REVIEW, officer=officer, **EMPLOYED)


def ticked(declaration) -> set[str]:
    fresh(declaration)
    return set(db.session.scalars(select(Tick.target).where(Tick.declaration_id == declaration.id)))


def opened_at(declaration) -> datetime | None:
    claim = fresh(declaration).claim
    return claim.opened_at if claim else None


def mark_of(declaration, target: str) -> Mark:
    return next(mark for mark in fresh(declaration).revisions[-1].marks if mark.target == target)


# ticks


def test_ticks_are_kept_with_the_marks_and_stand_on_the_page(browser, held):
    sent = form("postal_address", ticks="sent", tick=["nation", "photo", "postal_address", "nothing", "id_number"])
    browser.send(path(held, "marks"), sent)
    assert ticked(held) == {"nation", "photo", "id_number"}
    page = browser.open(path(held)).text
    assert 'value="nation" data-tick aria-label="民族：没问题" title="没问题" checked' in page
    assert 'value="postal_address" data-tick aria-label="通讯地址：没问题" title="没问题">' in page


def test_what_is_marked_loses_its_tick_and_what_is_unticked_too(browser, held):
    browser.send(path(held, "marks"), form(ticks="sent", tick=["nation", "photo", "sex"]))
    browser.send(path(held, "marks"), form("nation", ticks="sent", tick=["photo", "nation"]))
    assert ticked(held) == {"photo"}
    assert set(unsent(held)) == {"nation"}


def test_a_form_that_does_not_speak_of_ticks_leaves_them(browser, held):
    browser.send(path(held, "marks"), form(ticks="sent", tick=["photo"]))
    browser.send(path(held, "marks"), form("nation"))
    assert ticked(held) == {"photo"}


def test_a_confirm_page_carries_the_ticks_along(browser, held):
    page = browser.send(path(held, "return"), form("nation", ticks="sent", tick=["photo"]), expect=200)
    assert '<input type="hidden" name="tick" value="photo">' in page.text


def test_ticks_on_what_stayed_are_still_there_after_the_resubmission(make, browser, held):
    browser.send(path(held, "return"), form("nation", ticks="sent", tick=["photo", "mobile"], confirmed="yes"))
    held = fresh(held)
    held.nation, held.mobile = "02", "13800138888"
    db.session.commit()
    make.signed_sheet(held)
    workflow.submit(held, make.actor(held.account), commitment="1", review_days=10)
    db.session.commit()
    assert ticked(held) == {"photo"}


def test_ticks_of_a_colleague_are_not_taken_away_by_who_held_it_before(make, browser, another_browser, held):
    make.lapsed(held)
    another_browser.sign_in(make.staff(name="李审核"))
    another_browser.send(path(held, "claim"))
    another_browser.send(path(held, "marks"), form(ticks="sent", tick=["sex"]))
    browser.send(path(held, "marks"), form(ticks="sent", tick=["photo"]), expect=409)
    assert ticked(held) == {"sex"}


# places on pictures


@pytest.mark.parametrize(
    ("sent", "rectangle"),
    [
        ({"rect__sheet": "0.1000,0.2000,0.3000,0.2500"}, [0.1, 0.2, 0.3, 0.25]),
        (
            {"rect__sheet__l": "10", "rect__sheet__t": "20", "rect__sheet__w": "30", "rect__sheet__h": "25"},
            [0.1, 0.2, 0.3, 0.25],
        ),
        ({"rect__sheet": "0.9,0.2,0.3,0.25"}, None),
        ({"rect__sheet": "nonsense"}, None),
        ({}, None),
    ],
    ids=["drawn", "typed", "beyond", "nonsense", "none"],
)
def test_a_mark_says_where_on_the_picture(browser, held, sent, rectangle):
    browser.send(path(held, "marks"), form("sheet", **sent))
    mark = mark_of(held, "sheet")
    assert (mark.page, mark.rectangle) == (0, rectangle)


def test_a_place_survives_the_confirm_page(browser, held):
    sent = form("sheet", rect__sheet="0.1000,0.2000,0.3000,0.2500", page__sheet="1")
    page = browser.send(path(held, "return"), sent, expect=200)
    assert "已在第 1 张图片上框出位置" in page.text
    assert '<input type="hidden" name="rect-sheet" value="0.1,0.2,0.3,0.25">' in page.text


@pytest.mark.parametrize("page", ["2", "0", "-3", "x", "9" * 30])
def test_a_page_that_is_not_there_is_no_place(browser, held, page):
    browser.send(path(held, "marks"), form("sheet", page__sheet=page, rect__sheet="0.1,0.2,0.3,0.25"))
    mark = mark_of(held, "sheet")
    assert mark.page in (0, None)
    assert (mark.rectangle is None) == (mark.page is None)


def test_a_question_has_no_place(browser, held):
    browser.send(path(held, "marks"), form("nation", rect__nation="0.1,0.2,0.3,0.25", page__nation="1"))
    assert (mark_of(held, "nation").page, mark_of(held, "nation").rectangle) == (None, None)


# reasons


def reason(make, code: str, office: str, **columns) -> None:
    facts = {"applies_to": "question", "title": f"原因{code}", "advice": f"请按{code}修改", "position": 0}
    db.session.add(ReturnReason(code=code, department_id=make.department(office).id, **(facts | columns)))
    db.session.commit()


def test_the_most_used_reasons_stand_first_and_have_a_digit(make, browser, officer, held):
    db.session.get_one(ReturnReason, "incomplete").uses = 70
    db.session.commit()
    page = browser.open(path(held)).text
    assert re.search(r'<option value="incomplete" data-advice="[^"]+">1 填写不完整</option>', page)
    found = return_reasons.of(make.actor(officer)).question
    assert [choice.digit for choice in found] == list(range(1, len(found) + 1))


def test_a_digit_does_not_move_with_a_few_uses(make, officer):
    before = [choice.code for choice in return_reasons.of(make.actor(officer)).question]
    db.session.get_one(ReturnReason, before[-1]).uses = return_reasons.STEP - 1
    db.session.commit()
    assert [choice.code for choice in return_reasons.of(make.actor(officer)).question] == before


def test_an_office_has_reasons_of_its_own_and_of_those_above(make, officer):
    for office in ("210102", "210100", "210103"):
        reason(make, f"own-{office}", office)
    reason(make, "gone", "210102", retired=True)
    codes = {choice.code for choice in return_reasons.of(make.actor(officer)).question}
    assert {"own-210102", "own-210100"} <= codes
    assert not {"own-210103", "gone"} & codes


@pytest.mark.parametrize("has_employer", ["yes", "no"])
def test_each_row_offers_the_reasons_that_fit_it(make, browser, officer, has_employer):
    """A reason of an office's own fits every question; each reason keeps its digit."""
    reason(make, "own-210102", "210102", position=99)
    declaration = make.declaration(**(COMPLETE if has_employer == "yes" else {}))
    make.papers(declaration)
    for left_out in papers.pages_of(declaration, "work_proof"):
        pages.remove_page(left_out)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    workflow.claim(declaration, make.actor(officer))
    db.session.commit()
    page = browser.open(path(declaration)).text
    offered = {
        target: re.findall(r'<option value="([\w-]+)"', box)
        for target, box in re.findall(r'<select [^>]*name="reason-(\w+)"(.*?)</select>', page, re.DOTALL)
    }
    assert set(offered) == marks.markable(fresh(declaration).revisions[-1])
    own = ["wrong", "own-210102"]
    expected = {
        "applicant_name": ["mismatch", "name_mismatch", *own],
        "postal_address": ["incomplete", *own],
        "mobile": own,
        "birth_date": ["mismatch", "date_wrong", *own],
        "department_code": ["wrong_department", *own],
        "photo": ["blurred", "wrong_paper", "photo_unfit"],
        "sheet": ["blurred", "cut_off", "wrong_paper", *["no_stamp"] * (has_employer == "yes"), "no_signature"],
        "id_emblem": ["blurred", "cut_off", "wrong_paper", "expired"],
    }
    assert {target: offered[target] for target in expected} == expected
    assert offered.get("work_proof", ["not_uploaded"]) == ["not_uploaded"], "there is no picture to find fault with"
    assert '<option value="wrong" data-advice="填写有误，请核对后修改">9 填写有误</option>' in page


@pytest.mark.parametrize("code", ["own-210103", "photo_unfit", "out_of_scope", "nothing"])
def test_a_reason_of_another_office_or_for_something_else_is_left_out(make, browser, held, code):
    reason(make, "own-210103", "210103")
    browser.send(path(held, "marks"), form("nation", reason__nation=code))
    assert mark_of(held, "nation").reason_code is None


def test_a_reason_that_was_retired_meanwhile_stays_where_it_was_chosen(browser, held):
    browser.send(path(held, "marks"), form("nation", reason__nation="mismatch", comment__nation=""))
    db.session.get_one(ReturnReason, "mismatch").retired = True
    db.session.commit()
    page = browser.open(path(held)).text
    assert re.search(r'<option value="mismatch" data-advice="[^"]+" selected>', page)
    browser.send(path(held, "marks"), form("nation", reason__nation="mismatch", comment__nation=""))
    assert mark_of(held, "nation").reason_code == "mismatch"


def test_a_reason_of_the_office_that_marked_it_stays_with_who_has_the_submission_now(
    make, browser, another_browser, held
):
    """An office's own reason is on no list above that office: who takes over does not lose it, and cannot choose it."""
    reason(make, "own-210102", "210102")
    browser.send(path(held, "marks"), form("nation", reason__nation="own-210102", comment__nation=""))
    another_browser.sign_in(make.staff(department="210100", name="周市局"))
    another_browser.send(path(held, "take-over"), {"seen": 1, "confirmed": "yes"})

    sent = {"reason-nation": "own-210102", "comment-nation": "", "reason-sex": "own-210102"}
    another_browser.send(path(held, "marks"), form("nation", "sex") | sent)

    assert (mark_of(held, "nation").reason_code, mark_of(held, "nation").reason) == (
        "own-210102",
        "请按own-210102修改",
    )
    assert mark_of(held, "sex").reason_code is None
    another_browser.send(path(held, "return"), form("nation", confirmed="yes") | sent)
    assert fresh(held).status == Status.RETURNED


def test_only_nine_reasons_have_a_digit(make, officer):
    for number in range(12):
        reason(make, f"own-{number}", "210102")
    digits = [choice.digit for choice in return_reasons.of(make.actor(officer)).question]
    assert digits[:9] == list(range(1, 10))
    assert not any(digits[9:])


def test_words_that_were_written_to_several_people_are_offered_to_their_officer(
    make, browser, another_browser, officer
):
    for words in ({"nation": "请写全称"}, {"email": "请写全称", "nation": "请王某来电"}):
        one = make.declaration(Status.IN_REVIEW, officer=officer)
        said = {f"comment-{target}": comment for target, comment in words.items()}
        browser.send(path(one, "return"), form(*words, confirmed="yes") | said)
    assert browser.open("/staff/phrases").response.json == {"phrases": ["请写全称"]}
    another_browser.sign_in(make.staff(name="李审核"))
    assert another_browser.open("/staff/phrases").response.json == {"phrases": []}


def test_the_reasons_for_declining_come_with_the_reference_data(app):
    load_reference_data(ROOT / "data")
    found = db.session.scalars(select(ReturnReason.title).where(ReturnReason.applies_to == "decline"))
    assert {"不属于采集范围", "重复采集", "不属于本省管理"} <= set(found)


# what a decision takes


@pytest.mark.parametrize(
    ("sent", "counted"),
    [({"keys": "2", "clicks": "0"}, (2, 0)), ({}, (None, None)), ({"keys": "-1", "clicks": "9" * 20}, (None, None))],
    ids=["counted", "no script", "made up"],
)
def test_a_decision_is_measured_from_the_holders_first_look(make, browser, officer, sent, counted):
    declaration, start = make.declaration(Status.SUBMITTED), utcnow()
    with time_machine.travel(start, tick=False):
        browser.send(path(declaration, "claim"))
    for seconds in (10, 30):
        with time_machine.travel(start + timedelta(seconds=seconds), tick=False):
            browser.open(path(declaration))
    with time_machine.travel(start + timedelta(seconds=57), tick=False):
        browser.send(path(declaration, "approve"), form(**sent))
    db.session.rollback()
    (measure,) = db.session.scalars(select(ReviewMeasure))
    assert measure.seconds == 47
    assert (measure.keys, measure.clicks) == counted


def test_a_colleagues_look_does_not_start_the_clock(make, browser, another_browser, held):
    another_browser.sign_in(make.staff(name="李审核")).open(path(held))
    assert opened_at(held) is None
    browser.open(path(held))
    assert opened_at(held) is not None
