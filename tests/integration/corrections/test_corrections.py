"""修改: marks at fields and papers, what counts as dealt with, what the officer sees of it, the days that are left."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
import time_machine
from sqlalchemy import select

from lib.codes import MarkState, Status
from models import Declaration, Mark, Revision, db
from services.declaration import answers
from services.filing.case import DeclarationCase
from services.marks.marks import MarkRequest
from services.papers import papers
from tests.support.applicant.filing import (
    add_photo,
    correct,
    filled,
    pages_of,
    returned,
    send_back,
    stored,
    submit,
    upload,
    words,
)
from tests.support.factory import picture
from tests.support.people import COMPLETE, EMPLOYED, WITHOUT_EMPLOYER

ADDRESS = "辽宁省沈阳市和平区样例路 2 号"
TO_DO = "审核人员要求修改，请修改或说明情况"


@pytest.fixture
def declaration(make, browser) -> Declaration:
    """Returned with one question and one paper marked, neither needing a new signature; its owner is signed in."""
    declaration = returned(
        make,
        MarkRequest("postal_address", "mismatch", "与户口簿核对", resign=False),
        MarkRequest("id_emblem", "blurred", resign=False),
    )
    browser.sign_in(declaration.account)
    return declaration


def change(browser, declaration: Declaration, slug: str = "personal", **changed) -> None:
    browser.send(f"/apply/{slug}", filled(stored(declaration), slug, **changed))


def mark_uid(target: str) -> str:
    db.session.rollback()
    return db.session.scalars(select(Mark.uid).where(Mark.target == target)).one()


def explain(browser, target: str, explanation: str, expect: int = 302) -> str:
    """Answer a mark in words; returns where it leads, or what the page says."""
    page = correct(browser, target, expect=expect, explanation=explanation)
    return page.location or words(page.text)


def refused(browser) -> str:
    """Press 【提交】; it must not work. What the page says."""
    return words(browser.send("/apply/submit", {"agree": "yes"}, expect=422).text)


# --- where the marks are shown ------------------------------------------------------------------------------


def test_a_marked_page_leads_back_to_the_corrections_and_another_one_on(declaration, browser):
    sent = {
        slug: browser.send(f"/apply/{slug}", filled(stored(declaration), slug)) for slug in ("personal", "education")
    }
    assert sent["personal"].location == "/apply/corrections"
    assert sent["education"].location == "/apply/qualification"


def test_the_way_leads_to_the_corrections(declaration, browser):
    assert browser.open("/apply", expect=302).location == "/apply/corrections"
    shown = words(browser.open("/apply/corrections").text)
    assert "只需处理下面 2 处，其他内容不用重填" in shown
    assert "您的修改还没有提交" in shown
    assert "1. 通讯地址 待修改" in shown
    assert "与上传的证件(证书)不一致，请核对后修改（与户口簿核对）" in shown
    assert "2. 居民身份证(国徽面) 待修改" in shown


def test_the_progress_shows_the_reasons_and_the_way(declaration, browser):
    shown = words(browser.open("/apply/status").text)
    for part in ("已退回", "轮到您办理", "有 2 处需要修改", "通讯地址", "图片放大后文字看不清", "修改并重新提交"):
        assert part in shown


def test_a_mark_stands_at_its_field_and_at_its_paper(declaration, browser):
    personal = browser.open("/apply/personal").text
    field = personal.partition('id="q-postal_address"')[2].partition('id="q-postcode"')[0]
    assert "审核人员要求修改： 与上传的证件(证书)不一致" in words(field)
    assert words(personal).count("审核人员要求修改") == 1

    shown = browser.open("/apply/papers").text
    paper = shown.partition('id="paper-id_emblem"')[2].partition('<div class="up')[0]
    assert "审核人员要求修改： 图片放大后文字看不清" in words(paper)
    assert words(shown).count("审核人员要求修改") == 1
    assert "审核人员要求修改" not in browser.open("/apply/education").text


def test_every_mark_leads_to_a_place_that_exists(make, browser):
    declaration = make.declaration(Status.SUBMITTED, **EMPLOYED)
    frozen = declaration.revisions[0].answers
    questions = [row.name for section in answers.sections(frozen) for row in section.rows]
    wanted = [*questions, *(paper.kind for paper in papers.wanted(frozen))]
    send_back(make, declaration, *(MarkRequest(target, "", "请核对") for target in wanted))

    found = re.findall(r'<li id="[^"]+" class="todo">\s*<a href="([^"]+)"', page_with_marks(browser, declaration))
    assert len(found) == len(wanted)
    for number, path in enumerate(found, 1):
        shown = browser.open(path).text
        assert f"第 {number} 处，共 {len(wanted)} 处" in words(shown)
        assert words(shown).count("审核人员要求修改") == 1
        asked = re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', shown)
        typed = [name for name in asked if name not in ("csrf_token", "seen", "asked", "explanation")]
        assert typed or "由证件号码得出" in shown, f"{path} asks nothing"


def page_with_marks(browser, declaration: Declaration) -> str:
    return browser.sign_in(declaration.account).open("/apply/corrections").text


def test_what_is_dealt_with_is_shown_as_such_with_the_old_value(declaration, browser):
    change(browser, declaration, postal_address=ADDRESS)
    shown = words(browser.open("/apply/corrections").text)
    assert "1. 通讯地址 已处理" in shown
    assert "还有 1 处没有处理" in shown
    assert f"上次填写 {COMPLETE['postal_address']}" in words(
        browser.open(f"/apply/corrections/{mark_uid('postal_address')}").text
    )
    assert "已按要求处理" in browser.open("/apply/personal").text


def test_other_pages_stay_open_for_changes(declaration, browser):
    change(browser, declaration, political_status="01")
    assert stored(declaration).political_status == "01"


@pytest.mark.parametrize("status", [Status.DRAFT])
def test_without_a_return_there_is_nothing_to_correct(make, browser, status):
    declaration = make.declaration(status)
    assert browser.sign_in(declaration.account).open("/apply/corrections", expect=302).location == "/apply"


# --- what counts as dealt with ------------------------------------------------------------------------------


def test_an_untouched_mark_stands_in_the_way_of_the_resubmission(declaration, browser):
    shown = refused(browser)
    assert f"通讯地址：{TO_DO}" in shown
    assert f"居民身份证(国徽面)：{TO_DO}" in shown

    change(browser, declaration, postal_address=ADDRESS)
    shown = refused(browser)
    assert f"通讯地址：{TO_DO}" not in shown
    assert f"居民身份证(国徽面)：{TO_DO}" in shown

    upload(browser, picture(1000, 720), kind="id_emblem")
    submit(browser)
    assert stored(declaration).status == Status.SUBMITTED
    assert {mark.state for mark in db.session.scalars(select(Mark))} == {MarkState.CLOSED}


def test_the_same_answer_written_otherwise_is_not_a_change(declaration, browser):
    change(browser, declaration, postal_address=f"  {COMPLETE['postal_address'].replace(' 1 ', '  1  ')} ")
    assert f"通讯地址：{TO_DO}" in refused(browser)


def test_the_same_picture_again_is_not_a_change(declaration, browser):
    upload(browser, picture(1000, 700), kind="id_emblem")
    assert f"居民身份证(国徽面)：{TO_DO}" in refused(browser)


def test_turning_a_picture_is_a_change(declaration, browser):
    (page,) = pages_of(declaration, "id_emblem")
    browser.send(f"/apply/pages/{page.uid}/rotate")
    assert f"居民身份证(国徽面)：{TO_DO}" not in refused(browser)


def test_an_answer_changed_back_is_untouched_again(declaration, browser):
    change(browser, declaration, postal_address=ADDRESS)
    change(browser, declaration, postal_address=COMPLETE["postal_address"])
    assert f"通讯地址：{TO_DO}" in refused(browser)


def test_an_explanation_counts_instead_of_a_change(declaration, browser):
    explain(browser, "postal_address", "  户口簿上   就是这样写的 ")
    assert explain(browser, "id_emblem", "原件磨损") == "/apply/corrections"
    shown = words(browser.open("/apply/corrections").text)
    assert "已全部改好，请重新提交" in shown
    assert "您的修改还没有提交" in shown
    assert "户口簿上 就是这样写的" in browser.open("/apply/personal").text
    submit(browser)
    said = {mark.target: mark.explanation for mark in db.session.scalars(select(Mark))}
    assert said == {"postal_address": "户口簿上 就是这样写的", "id_emblem": "原件磨损"}


def test_an_explanation_can_be_taken_away_again_and_has_a_longest_length(declaration, browser):
    explain(browser, "postal_address", "字" * 500)
    db.session.expire_all()
    assert len(db.session.scalars(select(Mark.explanation).where(Mark.target == "postal_address")).one()) == 300
    assert "这一处还没有修改" in explain(browser, "postal_address", "   ", expect=422)
    assert f"通讯地址：{TO_DO}" in refused(browser)


def test_nobody_explains_somebody_elses_mark(declaration, make, another_browser):
    other = returned(make, MarkRequest("mobile", "", "请核对"))
    another_browser.sign_in(other.account)
    for uid in (mark_uid("postal_address"), "nothing"):
        another_browser.send(f"/apply/corrections/{uid}", {"explanation": "x"}, expect=404)
    assert not db.session.scalars(select(Mark).where(Mark.explanation == "x")).all()


def test_a_mark_that_no_longer_applies_closes_by_itself_and_comes_back_with_the_question(make, browser):
    given = {name: value for name, value in EMPLOYED.items() if name.startswith(("employer", "has_emp", "category"))}
    declaration = returned(make, MarkRequest("employer_name", "", "请写全称"), **EMPLOYED)
    browser.sign_in(declaration.account)
    change(browser, declaration, "department", **WITHOUT_EMPLOYER)
    shown = words(browser.open("/apply/corrections").text)
    assert "单位名称 已不再需要" in shown
    assert "1. 重新打印、签名并上传个人基本信息表 待补充" in shown
    assert "单位名称" not in refused(browser)

    back = {name: EMPLOYED[name] for name in ("affiliation", "unit_type", "industry", "accounting_posts")}
    change(browser, declaration, "department", **given, **back, administrative_post="none")
    assert f"单位名称：{TO_DO}" in refused(browser)


def test_a_mark_on_a_paper_that_is_no_longer_asked_for_closes_too(make, browser):
    declaration = returned(make, MarkRequest("employer_licence", "", "看不清"), **EMPLOYED)
    browser.sign_in(declaration.account)
    change(browser, declaration, "department", **WITHOUT_EMPLOYER)
    make.signed_sheet(stored(declaration))
    submit(browser)
    assert stored(declaration).status == Status.SUBMITTED


# --- what the officer sees ------------------------------------------------------------------------------


def test_the_officer_sees_old_and_new_of_what_changed_and_nothing_else(declaration, browser):
    change(browser, declaration, postal_address=ADDRESS, political_status="01")
    upload(browser, picture(1000, 720), kind="id_emblem")
    make_signed(declaration, browser)
    submit(browser)

    db.session.expire_all()
    old, new = db.session.scalars(select(Revision).order_by(Revision.number)).all()
    changed = answers.changes(old.answers, new.answers)

    assert list(changed) == ["political_status", "postal_address"]  # in the order of the page
    assert (changed["postal_address"].before, changed["postal_address"].after) == (COMPLETE["postal_address"], ADDRESS)
    assert (changed["political_status"].before, changed["political_status"].after) == ("群众", "中共党员")
    differing = [
        kind for kind in new.papers if papers.addresses(old.papers[kind]) != papers.addresses(new.papers[kind])
    ]
    assert sorted(differing) == ["id_emblem", "sheet"]


def make_signed(declaration: Declaration, browser) -> None:
    browser.send("/apply/check/print")
    for page in pages_of(declaration, "sheet"):
        browser.send(f"/apply/pages/{page.uid}/delete")
    upload(browser, picture(800, 1100, 99), kind="sheet")


def test_a_second_return_shows_its_own_marks_only(declaration, make, browser):
    explain(browser, "postal_address", "无误")
    explain(browser, "id_emblem", "无误")
    submit(browser)
    send_back(make, stored(declaration), MarkRequest("photo", "photo_unfit", resign=False))
    shown = words(browser.open("/apply/corrections").text)
    assert "只需处理下面 1 处" in shown
    assert "1. 一寸照片 待修改" in shown
    add_photo(stored(declaration), seed=3)
    submit(browser)
    assert stored(declaration).revision_number == 3


# --- the days that are left ------------------------------------------------------------------------------


def on(month: int, day: int) -> time_machine.travel:
    """Nine in the morning in China."""
    return time_machine.travel(datetime(2026, month, day, 1, tzinfo=UTC))


#: submitted, returned (both in November or December 2026), working days left, resubmitted, due again
ROUNDS = [
    ((11, 23), (11, 26), 7, (12, 10), date(2026, 12, 21)),
    ((11, 23), (12, 3), 2, (12, 4), date(2026, 12, 9)),  # at least three days
    ((11, 23), (12, 7), 0, (12, 8), date(2026, 12, 11)),
    ((11, 23), (12, 9), -2, (12, 10), date(2026, 12, 15)),  # it was overdue
]


@pytest.mark.parametrize(("first", "back", "left", "again", "due"), ROUNDS, ids=["seven", "two", "none", "overdue"])
def test_a_resubmission_has_the_days_that_were_left_but_at_least_three(make, browser, first, back, left, again, due):
    with on(*first):
        declaration = make.declaration(Status.SUBMITTED)
        assert declaration.due_on == date(2026, 12, 7)
    with on(*back):
        send_back(make, declaration, MarkRequest("id_emblem", "blurred"))
        assert declaration.days_left == left
    with on(*again):
        browser.sign_in(declaration.account)
        shown = words(browser.open("/apply/status").text)
        assert "轮到您办理" in shown
        assert "前审核完毕" not in shown, "no clock runs while the ball is with the applicant"
        explain(browser, "id_emblem", "无误")
        submit(browser)
        assert stored(declaration).due_on == due
        assert stored(declaration).days_left is None


def test_marks_of_an_open_return_are_in_the_order_of_the_pages(make):
    declaration = returned(
        make, *(MarkRequest(t, "", "请核对") for t in ("sheet", "abacus", "photo", "has_employer", "mobile"))
    )
    order = [view.mark.target for view in DeclarationCase(declaration).open_views]
    assert order == ["mobile", "has_employer", "abacus", "photo", "sheet"]
