"""待办: who sees what, in which order, and how two officers take their next."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from lib.clock import today
from lib.codes import Role, Status
from models import Declaration, db
from services import workflow
from services.queue import filters as queue_filters
from services.queue import index as queue_index
from services.queue import listing as queue_listing
from tests.support.office.review_desk import holder_id, path
from tests.support.people import QUALIFIED, WITH_EMPLOYER

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}


def numbers(page) -> list[str]:
    """The 申报编号 of the lines on a page, in their order."""
    return re.findall(r'data-label="申报编号">(LN\d{11})<', page.text)


def due(declaration: Declaration, days: int) -> Declaration:
    declaration.due_on = today() + timedelta(days=days)
    queue_index.sync(declaration)
    db.session.commit()
    return declaration


def test_an_officer_sees_the_submissions_of_the_own_county_only(make, browser, officer):
    own, other, draft = (
        make.declaration(Status.SUBMITTED),
        make.declaration(Status.SUBMITTED, **OTHER_COUNTY),
        make.declaration(Status.DRAFT),
    )
    page = browser.open("/staff/queue?tab=all")
    assert numbers(page) == [own.number]
    assert other.number not in page.text
    assert draft.number not in page.text


def test_the_city_and_the_province_see_what_lies_below_them(make, browser, another_browser):
    declarations = [make.declaration(Status.SUBMITTED), make.declaration(Status.SUBMITTED, **OTHER_COUNTY)]
    for department in ("210100", "210000"):
        browser.sign_in(make.staff(Role.MANAGER, department))
        assert sorted(numbers(browser.open("/staff/queue"))) == [item.number for item in declarations]
    another_browser.sign_in(make.staff(department="210300"))
    assert numbers(another_browser.open("/staff/queue")) == []


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.SECURITY, Role.AUDITOR])
def test_other_staff_see_no_persons_file(make, browser, role):
    declaration = make.declaration(Status.SUBMITTED)
    browser.sign_in(make.staff(role, "210000"))
    for address in ("/staff/queue", "/staff/archive", path(declaration)):
        browser.open(address, expect=403)
    browser.send("/staff/queue/next", expect=403)
    assert browser.open("/staff", expect=302).location == "/staff/admin"


def test_an_applicant_is_sent_to_the_staff_sign_in(make, browser):
    browser.sign_in(make.account())
    assert browser.open("/staff/queue", expect=302).location == "/staff/login"


def test_staff_begin_at_the_queue(browser, officer):
    assert browser.open("/staff", expect=302).location == "/staff/queue"


def test_a_line_tells_what_an_officer_needs_and_masks_the_number(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED, make.account("欧阳建华"), **WITH_EMPLOYER)
    page = browser.open("/staff/queue")
    for words in ("欧阳建华", "首次采集", "样例县华业机械有限公司", "沈阳市和平区财政局", "剩 10 个工作日"):
        assert words in page.text
    assert declaration.account.id_number not in page.text
    assert "219*************" in page.text


@pytest.mark.parametrize(
    ("days", "words", "tone"),
    [(-9, "已超期", "r"), (0, "今天到期", "y"), (40, "个工作日", "")],
    ids=["overdue", "today", "later"],
)
def test_the_deadline_is_red_when_it_is_over(make, browser, officer, days, words, tone):
    due(make.declaration(Status.SUBMITTED), days)
    shown = browser.open("/staff/queue").text
    assert words in shown
    assert (f'<span class="tag {tone}">' in shown) == bool(tone)


def test_what_is_due_first_stands_first(make, browser, officer):
    later, sooner, same = (due(make.declaration(Status.SUBMITTED), days) for days in (9, 2, 9))
    assert numbers(browser.open("/staff/queue")) == [sooner.number, later.number, same.number]


def test_tabs_part_the_states_and_a_lapsed_claim_counts_as_waiting(make, browser, officer):
    found = {status: make.declaration(status) for status in (Status.SUBMITTED, Status.RETURNED, Status.APPROVED)}
    held = make.declaration(Status.IN_REVIEW)
    lapsed = make.declaration(Status.IN_REVIEW)
    make.lapsed(lapsed)
    shown = {tab: set(numbers(browser.open(f"/staff/queue?tab={tab}"))) for tab in queue_filters.TABS}
    assert shown == {
        "submitted": {found[Status.SUBMITTED].number, lapsed.number},
        "in_review": {held.number},
        "returned": {found[Status.RETURNED].number},
        "approved": {found[Status.APPROVED].number},
        "declined": set(),
        "all": {item.number for item in (*found.values(), held, lapsed)},
    }
    assert "待审核" in browser.open("/staff/queue?tab=all").text


def test_an_unknown_tab_or_a_broken_cursor_begins_anew(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    for query in ("tab=nothing", "after=x", "after=2026-13-45,1", "after=2026-01-01,99999999999999999999", "tab=%00"):
        assert numbers(browser.open(f"/staff/queue?{query}")) == [declaration.number]


@pytest.mark.parametrize(("tab", "descending"), [("submitted", False), ("all", True)])
def test_pages_follow_each_other_without_loss_or_repetition(make, browser, officer, monkeypatch, tab, descending):
    monkeypatch.setattr(queue_listing, "PAGE_SIZE", 2)
    made = [due(make.declaration(Status.SUBMITTED), days) for days in (3, 1, 2, 1, 3)]
    by = "submitted_at" if descending else "due_on"  # what the office is done with is looked up from its end
    ordered = sorted(made, key=lambda item: (getattr(item, by), item.id), reverse=descending)
    expected = [item.number for item in ordered]
    seen: list[str] = []
    address = f"/staff/queue?tab={tab}"
    while address and len(seen) < 9:
        page = browser.open(address)
        seen += numbers(page)
        link = re.search(r'href="([^"]*after=[^"]*)">下一页', page.text)
        address = link.group(1).replace("&amp;", "&") if link else ""
    assert seen == expected
    assert "回到第一页" in page.text


@pytest.mark.parametrize("sort", [*queue_filters.SORTS])
def test_the_heads_of_columns_sort_and_pages_follow_in_that_order(make, browser, officer, monkeypatch, sort):
    monkeypatch.setattr(queue_listing, "PAGE_SIZE", 2)
    made = [due(make.declaration(Status.SUBMITTED), days) for days in (3, 1, 2)]
    by = "submitted_at" if sort.endswith("sent") else "due_on"
    first, *rest = sorted(made, key=lambda item: (getattr(item, by), item.id), reverse=sort[0] == "-")
    page = browser.open(f"/staff/queue?sort={sort}")
    assert numbers(page) == [first.number, rest[0].number]
    assert page.text.count("aria-sort=") == 1
    assert queue_filters.SORTS[sort] in page.text
    (following,) = re.findall(r'href="([^"]*after=[^"]*)">下一页', page.text)
    assert numbers(browser.open(following.replace("&amp;", "&"))) == [rest[1].number]


def test_an_officer_keeps_the_columns_that_are_looked_at(make, browser, another_browser, officer):
    declaration = make.declaration(Status.SUBMITTED, **WITH_EMPLOYER | QUALIFIED)
    assert 'data-label="资格">中级<' in browser.open("/staff/queue").text
    sent = {"column": ["qualification", "due", "nonsense"], "tab": "all", "sort": "due"}
    answer = browser.send("/staff/queue/columns", sent)
    assert answer.location == "/staff/queue?tab=all&sort=due"
    page = browser.follow(answer)
    assert 'data-label="资格">中级<' in page.text
    assert 'data-label="工作单位"' not in page.text
    assert declaration.account.name in page.text
    another_browser.sign_in(make.staff(name="李审核"))
    assert 'data-label="工作单位"' in another_browser.open("/staff/queue").text


def test_a_level_of_qualification_narrows_the_list(make, browser, officer):
    qualified, other = make.declaration(Status.SUBMITTED, **QUALIFIED), make.declaration(Status.SUBMITTED)
    page = browser.open(f"/staff/queue?qualification={QUALIFIED['qualification']}")
    assert numbers(page) == [qualified.number]
    assert "<summary>筛选：中级</summary>" in page.text
    assert other.number in browser.open("/staff/queue").text


@pytest.mark.parametrize("typed", ["{number}", "{lower}", " {number} ", "{digits}", "1"])
def test_a_number_is_searched_by_address(make, browser, officer, typed):
    declaration = make.declaration(Status.SUBMITTED)
    make.declaration(Status.SUBMITTED)
    number = declaration.number
    text = typed.format(number=number, lower=number.lower(), digits=number[2:])
    answer = browser.send("/staff/queue/search", {"q": text})
    assert answer.location.startswith("/staff/queue?q=")
    assert numbers(browser.follow(answer)) == [number]


def test_a_number_of_another_county_is_not_found(make, browser, officer):
    other = make.declaration(Status.SUBMITTED, **OTHER_COUNTY)
    assert "没有找到" in browser.open(f"/staff/queue?q={other.number}").text


@pytest.mark.parametrize(
    ("typed", "found"),
    [("买买提", True), ("阿卜杜拉•买买提", True), (" 阿卜杜拉", True), ("李", False), ("%", False), ("_", False)],
)
def test_a_name_part_is_searched_in_the_body_of_a_request(make, browser, officer, typed, found):
    declaration = make.declaration(Status.SUBMITTED, make.account("阿卜杜拉·买买提"))
    page = browser.send("/staff/queue/search", {"q": typed}, expect=200)
    assert numbers(page) == ([declaration.number] if found else [])
    assert page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("typed", ["", "   ", "\x00"])
def test_an_empty_search_leads_back_to_the_queue(browser, officer, typed):
    assert browser.send("/staff/queue/search", {"q": typed}).location == "/staff/queue"
    assert browser.open("/staff/queue/search", expect=302).location == "/staff/queue"


def test_an_address_finds_numbers_only_and_an_empty_name_finds_nobody(make, browser, officer):
    make.declaration(Status.SUBMITTED, make.account("单小燕"))
    for typed in ("单小燕", "LN2026", "LN99999999999"):
        assert "没有找到" in browser.open(f"/staff/queue?q={typed}").text
    assert queue_listing.search(make.actor(officer), " ").lines == []


def test_what_the_applicant_types_after_a_return_does_not_show(make, browser, officer):
    declaration = make.declaration(Status.RETURNED, make.account("单小燕"), **WITH_EMPLOYER)
    declaration.applicant_name, declaration.employer_name = "单大燕", "另一家有限公司"
    db.session.commit()
    shown = browser.open("/staff/queue?tab=returned").text
    assert "单小燕" in shown
    assert "样例县华业机械有限公司" in shown
    assert "单大燕" not in shown
    assert "另一家" not in shown


def test_nobody_meets_the_own_file(make, browser):
    account = make.account()
    declaration = make.declaration(Status.SUBMITTED, account)
    browser.sign_in(make.staff(id_index=account.id_index))
    assert numbers(browser.open("/staff/queue?tab=all")) == []
    browser.open(path(declaration), expect=404)
    browser.send(path(declaration, "claim"), expect=404)
    assert "没有等待审核的申报" in browser.follow(browser.send("/staff/queue/next")).text


# 【领取下一件】


def test_the_next_one_is_what_is_due_first_and_in_nobodys_hands(make, browser, officer):
    late, soon = due(make.declaration(Status.SUBMITTED), 9), due(make.declaration(Status.SUBMITTED), 1)
    held = due(make.declaration(Status.IN_REVIEW), 0)
    assert browser.send("/staff/queue/next").location == path(soon)
    assert browser.send("/staff/queue/next").location == path(late)
    assert "没有等待审核的申报" in browser.follow(browser.send("/staff/queue/next")).text
    assert holder_id(soon) == officer.id
    assert holder_id(held) != officer.id


def test_two_officers_never_get_the_same_one(make, browser, another_browser, officer):
    another_browser.sign_in(make.staff(name="李审核"))
    first, second = (due(make.declaration(Status.SUBMITTED), days) for days in (1, 2))
    assert browser.send("/staff/queue/next").location == path(first)
    assert another_browser.send("/staff/queue/next").location == path(second)


def test_whoever_is_a_moment_too_late_tries_the_next(make, browser, officer, monkeypatch):
    declaration = make.declaration(Status.SUBMITTED)
    claim, tries = workflow.claim, []

    def too_late_at_first(found, actor):
        tries.append(found)
        if len(tries) < 3:
            raise workflow.Conflict("somebody else was faster")
        return claim(found, actor)

    monkeypatch.setattr(workflow, "claim", too_late_at_first)
    assert browser.send("/staff/queue/next").location == path(declaration)
    assert len(tries) == 3


def test_after_five_conflicts_the_officer_is_asked_to_press_again(make, browser, officer, monkeypatch):
    make.declaration(Status.SUBMITTED)

    def always_too_late(found, actor):
        raise workflow.Conflict("somebody else was faster")

    monkeypatch.setattr(workflow, "claim", always_too_late)
    assert "请再按一次" in browser.follow(browser.send("/staff/queue/next")).text


def test_the_list_says_who_holds_what(make, browser, officer):
    browser.send(path(make.declaration(Status.SUBMITTED), "claim"))
    make.declaration(Status.IN_REVIEW, officer=make.staff(name="李审核"))
    shown = browser.open("/staff/queue?tab=in_review").text
    assert "<b>我</b>" in shown
    assert "李审核" in shown


def test_a_due_date_in_a_year_without_a_notice_is_estimated(make, browser, officer):
    declaration = make.declaration(Status.SUBMITTED)
    declaration.due_on, declaration.due_estimated = date(2031, 1, 6), True
    queue_index.sync(declaration)
    db.session.commit()
    assert "（预计）" in browser.open("/staff/queue").text


def resubmitted(make, officer, days: int = 40, **answers) -> Declaration:
    """Returned by the officer and handed in again."""
    declaration = make.declaration(Status.RETURNED, officer=officer, **answers)
    declaration.postal_address = "样例路 9 号"
    make.papers(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    return due(declaration, days)


def test_what_one_returned_before_comes_first(make, browser, officer):
    urgent, own = due(make.declaration(Status.SUBMITTED), 1), resubmitted(make, officer)
    assert browser.send("/staff/queue/next").location == path(own)
    assert browser.send("/staff/queue/next").location == path(urgent)


def test_what_a_colleague_returned_waits_for_the_colleague_while_there_is_time(make, browser, officer):
    kept = resubmitted(make, make.staff(name="李审核"), 30)
    other = due(make.declaration(Status.SUBMITTED), 40)
    assert browser.send("/staff/queue/next").location == path(other)
    assert browser.send("/staff/queue/next").location == path(kept)  # nothing else is left


@pytest.mark.parametrize("days", [-2, 0], ids=["overdue", "soon"])
def test_what_a_colleague_returned_waits_no_longer_when_it_is_urgent(make, browser, officer, days):
    urgent = resubmitted(make, make.staff(name="李审核"), days)
    due(make.declaration(Status.SUBMITTED), 40)
    assert browser.send("/staff/queue/next").location == path(urgent)


def test_what_somebody_returned_who_has_left_waits_for_nobody(make, browser, officer):
    gone = make.staff(name="李审核")
    free = resubmitted(make, gone, 30)
    due(make.declaration(Status.SUBMITTED), 40)
    gone.active = False
    db.session.commit()
    assert browser.send("/staff/queue/next").location == path(free)


def test_the_next_one_keeps_to_the_filters_of_the_page(make, browser, officer):
    due(make.declaration(Status.SUBMITTED), 1)
    flagged = due(make.declaration(Status.SUBMITTED), 5)
    for declaration in db.session.scalars(select(Declaration)).all():
        queue_index.remind(declaration.id, 3 if declaration is flagged else 0)
    db.session.commit()
    page = browser.open("/staff/queue?lane=flagged&kind=first")
    assert page.text.count('<input type="hidden" name="lane" value="flagged">') == 6
    sent = {"lane": "flagged", "kind": "first"}
    assert browser.send("/staff/queue/next", sent).location == path(flagged) + "?lane=flagged&kind=first"
    answer = browser.send("/staff/queue/next", sent)
    assert answer.location == "/staff/queue?lane=flagged&kind=first"
    assert "所选范围内没有等待审核的申报" in browser.follow(answer).text


def test_a_lapsed_one_is_taken_like_any_other(make, browser, officer):
    lapsed = make.declaration(Status.IN_REVIEW)
    make.lapsed(lapsed)
    assert browser.send("/staff/queue/next").location == path(lapsed)
    assert holder_id(lapsed) == officer.id
