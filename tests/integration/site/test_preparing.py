"""准备材料: three questions before signing in give one's own papers, department and date, and fill the wizard."""

from __future__ import annotations

import pytest

from forms import PAPERS
from lib.clock import today
from lib.codes import HeldCertificate, Situation
from models import Account, Declaration, db
from services.declaration import deadlines
from services.site import preparing
from services.site.preparing import PreparingAnswers
from tests.conftest import Page
from tests.support.applicant.filing import words
from tests.support.people import PASSWORD, id_number

EMPLOYED = {"id_type": "resident_id", "situation": "employed", "county": "210102"}
NAME, PHONE = "单小燕", "13800130001"


def answer(browser, **changed) -> Page:
    return browser.send("/prepare", EMPLOYED | changed)


def test_one_reads_the_own_list_the_department_and_the_date(browser, make):
    assert "三个问题" in browser.open("/prepare").text
    assert answer(browser, certificates=["diploma", "qualification"]).location == "/prepare#list"
    shown = words(browser.open("/prepare").text)
    assert "您要准备的 7 项材料" in shown
    for paper in ("居民身份证(国徽面)", "统一社会信用代码证书", "全日制学历证书", "专业技术资格证书"):
        assert paper in shown
    for paper in ("学位证书 ", "护照资料页", "学生证", "如适用"):
        assert paper not in shown.partition("修改回答")[0]
    assert "沈阳市和平区财政局" in shown
    assert f"{deadlines.due_date(today(), 10, deadlines.calendar()).on}" in shown


@pytest.mark.parametrize("missing", ["id_type", "situation", "county"])
def test_what_was_not_answered_is_asked_at_its_place(browser, missing):
    page = browser.send("/prepare", EMPLOYED | {missing: "nothing"}, expect=422)
    assert "请从列表中选择" in page.text
    assert "您要准备的" not in page.text


def test_the_list_is_what_the_wizard_will_ask_for():
    """Whoever holds everything is asked for every paper that one situation asks for."""
    everything = tuple(HeldCertificate.choices())
    lists = [
        preparing.papers(PreparingAnswers("resident_id", one, "210102", everything)) for one in Situation.choices()
    ]
    lists += [preparing.papers(PreparingAnswers(one, "employed", "210102")) for one in ("passport", "foreign_pr")]
    assert {paper.kind for found in lists for paper in found} == {paper.kind for paper in PAPERS} - {"name_change"}
    bare = preparing.papers(PreparingAnswers("resident_id", "employed", "210102"))
    assert [paper.kind for paper in bare if paper.required] == [
        *("photo", "sheet", "id_portrait", "id_emblem", "employer_licence")
    ]


def test_the_answers_fill_the_declaration_after_the_registration(browser):
    answer(browser, certificates=["diploma", "part_time"])
    page = browser.open("/register")
    assert '<option value="resident_id" selected>' in page.text
    sent = {"id_type": "resident_id", "number": id_number(1), "name": NAME, "phone": PHONE, "privacy": "yes"}
    browser.send("/register", sent)
    browser.send("/register/password", {"password": PASSWORD, "confirm": PASSWORD})
    browser.send("/login", {"name": NAME, "number": id_number(1), "password": PASSWORD})
    notice = words(browser.open("/apply/notice").text)
    assert "按您在 准备材料 中的回答" in notice
    assert "非全日制学历证书" in notice
    assert "专业技术资格证书" not in notice.partition("需要准备的资料")[2]
    browser.send("/apply/notice")
    declaration = db.session.query(Declaration).one()
    assert (declaration.has_employer, declaration.employer_county) == ("yes", "210102")
    assert (declaration.has_part_time, declaration.qualification) == ("yes", "none")
    assert (declaration.full_time_level, declaration.person_status, declaration.department_code) == (None, None, None)
    assert db.session.query(Account).one().prepared is None
    assert "您要准备的" not in browser.open("/prepare").text


def test_a_student_without_anything_is_known_as_one(make, browser):
    account = make.account()
    account.prepared = PreparingAnswers("resident_id", "student", "210103").to_keep()
    db.session.commit()
    browser.sign_in(account).send("/apply/notice")
    declaration = db.session.query(Declaration).one()
    assert (declaration.has_employer, declaration.person_status, declaration.home_county) == ("no", "student", "210103")
    assert (declaration.full_time_level, declaration.qualification, declaration.abacus) == ("junior", "none", "none")


def test_the_notice_asks_whoever_has_not_answered(make, browser):
    browser.sign_in(make.account())
    notice = browser.open("/apply/notice").text
    assert 'href="/prepare"' in notice
    assert "如适用" not in notice
    answer(browser)  # signed in
    assert "按您在 准备材料 中的回答" in words(browser.open("/apply/notice").text)


def test_no_cookie_grows_with_what_is_sent(browser):
    def size() -> int:
        return sum(len(cookie.value) for cookie in browser.client._cookies.values())

    answer(browser, certificates=list(HeldCertificate.choices()))
    most = size()
    browser.send("/prepare", EMPLOYED | {"certificates": ["x" * 500] * 50}, expect=422)
    browser.send("/prepare", EMPLOYED | {"situation": "x" * 5000, "more": "y" * 5000}, expect=422)
    answer(browser, certificates=["diploma"] * 200)
    assert size() <= most < 1000


@pytest.mark.parametrize("kept", [None, "text", {}, EMPLOYED | {"county": "1"}])
def test_what_is_no_longer_offered_counts_for_nothing(app, kept):
    assert preparing.of(kept) is None


def test_who_is_signed_in_finds_the_way_on(make, browser):
    browser.sign_in(make.account())
    answer(browser)
    own_list = browser.open("/prepare").text.partition('id="list"')[2].partition("修改回答")[0]
    assert 'class="btn btn-primary" href="/apply"' in own_list
    assert "立即注册" not in own_list
