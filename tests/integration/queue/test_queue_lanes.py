"""待办: lanes, filters, counters, named views; what waits for an answer and what was done today."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from lib.clock import today
from lib.codes import Role, Status
from lib.database import utcnow
from models import Decision, Declaration, ReviewMeasure, SavedView, db
from services import workflow
from services.queue import index as queue_index
from services.queue import listing as queue_listing
from services.queue import saved_views
from services.queue.filters import Filters

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}


def numbers(page: Any) -> list[str]:
    return re.findall(r'data-label="申报编号">(LN\d{11})<', page.text)


def set_to(declaration: Declaration, *, due: int = 20, reminders: int = 0) -> Declaration:
    declaration.due_on = today() + timedelta(days=due)
    queue_index.sync(declaration)
    queue_index.remind(declaration.id, reminders)
    db.session.commit()
    return declaration


def counts(make: Any, officer: Any) -> queue_listing.Counts:
    db.session.expire_all()
    return queue_listing.counts(make.actor(officer))


def shown(browser: Any, **query: str) -> list[str]:
    return numbers(browser.open("/staff/queue", query_string=query))


@pytest.fixture
def desk_full(make, officer):
    """One submission for each lane; the last one is in the officer's hands."""
    made = {
        "clean": set_to(make.declaration(Status.SUBMITTED)),
        "flagged": set_to(make.declaration(Status.SUBMITTED), reminders=2),
        "soon": set_to(make.declaration(Status.SUBMITTED), due=0),
        "overdue": set_to(make.declaration(Status.SUBMITTED), due=-3),
    }
    made["mine"] = set_to(make.declaration(Status.IN_REVIEW, officer=officer))
    return {lane: declaration.number for lane, declaration in made.items()}


def test_lanes_part_what_is_to_be_done_and_are_counted(make, browser, officer, desk_full):
    plain = {desk_full[lane] for lane in ("clean", "mine")}
    expected = {
        "clean": plain | {desk_full["soon"], desk_full["overdue"]},
        "flagged": {desk_full["flagged"]},
        "again": set(),
        "mine": {desk_full["mine"]},
        "soon": {desk_full["soon"]},
        "overdue": {desk_full["overdue"]},
    }
    found = counts(make, officer)
    assert found.lanes == {lane: len(there) for lane, there in expected.items()}
    assert found.tabs["submitted"] == 4
    for lane, there in expected.items():
        page = browser.open(f"/staff/queue?lane={lane}")
        assert set(numbers(page)) == there, lane
        assert page.text.count(f'lane={lane}" aria-current="page">') == 1, "each is said once"


def test_the_filters_live_in_the_address_and_in_the_form(make, browser, officer, desk_full):
    page = browser.open("/staff/queue?tab=all&kind=first&due=overdue&from=2026-01-01")
    assert numbers(page) == [desk_full["overdue"]]
    assert re.search(r'<option value="first" selected>', page.text)
    assert 'name="from" value="2026-01-01"' in page.text
    assert '<input type="hidden" name="tab" value="all">' in page.text
    assert "清除筛选" in page.text


def test_filters_narrow_by_kind_and_day_of_submission(make, browser, officer):
    record = make.record()
    first = set_to(make.declaration(Status.SUBMITTED))
    change = make.change(record)
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    change.submitted_at = utcnow() - timedelta(days=3)
    queue_index.sync(change)
    db.session.commit()
    day = (today() - timedelta(days=3)).isoformat()
    assert shown(browser, kind="change") == [change.number]
    assert shown(browser, kind="first") == [first.number]
    assert shown(browser, **{"from": today().isoformat()}) == [first.number]
    assert shown(browser, **{"from": day, "to": day}) == [change.number]
    assert shown(browser, to=(today() - timedelta(days=9)).isoformat()) == []
    assert "没有符合筛选条件" in browser.open("/staff/queue?to=2026-01-01").text


@pytest.mark.parametrize(
    "query",
    ["from=x", "to=2026-13-01", "from=0001-01-01&to=9999-12-31", "kind=x", "due=x", "department=%00", "lane=x&tab=x"],
)
def test_what_nobody_offered_counts_as_not_said(make, browser, officer, query):
    declaration = make.declaration(Status.SUBMITTED)
    assert numbers(browser.open(f"/staff/queue?{query}")) == [declaration.number]


def test_a_city_chooses_one_of_its_counties_or_itself(make, browser, another_browser):
    here, there = make.declaration(Status.SUBMITTED), make.declaration(Status.SUBMITTED, **OTHER_COUNTY)
    own = make.declaration(Status.SUBMITTED, department_code="210100")
    for department in ("210100", "210000"):
        browser.sign_in(make.staff(department=department))
        assert "沈阳市和平区财政局" in browser.open("/staff/queue").text
        assert shown(browser, department="210102") == [here.number]
        assert shown(browser, department="210103") == [there.number]
        assert shown(browser, department="210100_") == [own.number]
        assert len(shown(browser, department="210100")) == 3
        assert shown(browser, department="210300") == shown(browser, department="999999") == []
    another_browser.sign_in(make.staff(department="210102"))
    assert shown(another_browser, department="210102") == [here.number]
    assert shown(another_browser, department="210103") == shown(another_browser, department="210100") == []
    assert 'name="department"' not in another_browser.open("/staff/queue").text


def test_an_office_with_a_zone_below_it_sees_both_in_one_order(make, browser, monkeypatch):
    county = make.department("210102")
    zone = type(county)(code="210102-A", name="样例开发区", kind="zone", parent=county, path=f"{county.path}210102-A/")
    db.session.add(zone)
    db.session.commit()
    made = [set_to(make.declaration(Status.SUBMITTED), due=due) for due in (5, 6, 7, 8)]
    for declaration in made[1::2]:
        declaration.department_id = zone.id
        queue_index.sync(declaration)
    db.session.commit()
    browser.sign_in(make.staff(department="210102"))
    monkeypatch.setattr(queue_listing, "PAGE_SIZE", 3)
    page = browser.open("/staff/queue")
    assert numbers(page) == [item.number for item in made[:3]]
    link = re.search(r'href="([^"]*after=[^"]*)">下一页', page.text)
    assert link
    assert numbers(browser.open(link.group(1).replace("&amp;", "&"))) == [made[3].number]
    assert shown(browser, department="210102_") == [made[0].number, made[2].number]
    assert numbers(browser.open("/staff/queue?tab=all"))[0] == made[3].number


def test_the_last_page_and_the_one_before_it_are_links(make, browser, officer, monkeypatch):
    monkeypatch.setattr(queue_listing, "PAGE_SIZE", 2)
    made = [set_to(make.declaration(Status.SUBMITTED), due=due).number for due in (5, 6, 7)]
    assert "最后一页" in browser.open("/staff/queue").text
    page = browser.open("/staff/queue?after=last")
    assert numbers(page) == made[1:]
    back = re.search(r'href="([^"]*)">(?:<svg.*?</svg>)?上一页', page.text, re.DOTALL)
    assert back
    assert numbers(browser.open(back.group(1).replace("&amp;", "&"))) == made[:1]


# --- who is in which lane ---------------------------------------------------------------------------


def test_counters_follow_lapsed_claims_and_leave_the_own_file_out(make, browser):
    account = make.account()
    make.declaration(Status.SUBMITTED, account)
    lapsed = make.declaration(Status.IN_REVIEW)
    make.lapsed(lapsed)
    officer = make.staff(id_index=account.id_index)
    found = counts(make, officer)
    assert (found.tabs["submitted"], found.tabs["in_review"], found.tabs["all"]) == (1, 0, 1)
    browser.sign_in(officer)
    assert shown(browser) == shown(browser, tab="all") == [lapsed.number]
    assert shown(browser, tab="in_review") == []


def test_an_offer_stands_in_review_there_and_as_incoming_here_until_it_is_accepted(make, browser, another_browser):
    giver, receiver = make.staff(name="王审核"), make.staff(department="210103", name="李审核")
    declaration = make.declaration(Status.IN_REVIEW, officer=giver)
    workflow.offer(declaration, make.actor(giver), 1, make.department("210103"), "地址在那里")
    db.session.commit()
    browser.sign_in(giver)
    another_browser.sign_in(receiver)
    page = browser.open("/staff/queue?tab=in_review")
    assert numbers(page) == [declaration.number]
    assert "待沈阳市沈河区财政局答复" in page.text
    assert shown(browser) == []
    assert shown(another_browser) == []
    assert counts(make, receiver).lanes["incoming"] == 1
    assert "incoming" not in counts(make, giver).lanes
    assert shown(another_browser, lane="incoming") == [declaration.number]
    workflow.answer_offer(declaration, make.actor(receiver), accept=True)
    db.session.commit()
    assert shown(another_browser) == [declaration.number]
    assert "incoming" not in counts(make, receiver).lanes
    assert shown(browser, tab="all") == []
    assert "退回过" not in another_browser.open("/staff/queue").text


def test_a_second_look_waits_for_colleagues_of_the_scope_only(make, browser, another_browser):
    first, second, elsewhere = make.staff(), make.staff(name="李审核"), make.staff(department="210103")
    declaration = make.declaration(Status.IN_REVIEW, officer=first)
    workflow.approve(declaration, make.actor(first), 1, sample=100)
    db.session.commit()
    assert "second" not in counts(make, first).lanes
    assert "second" not in counts(make, elsewhere).lanes
    assert counts(make, second).lanes["second"] == 1
    browser.sign_in(second)
    page = browser.open("/staff/queue?lane=second")
    assert numbers(page) == [declaration.number]
    assert "待复核" in page.text
    another_browser.sign_in(first)
    assert shown(another_browser, lane="second") == shown(another_browser) == []


def test_todays_own_decisions_are_counted_with_their_time_without_what_was_undone(make, browser, officer):
    actor = make.actor(officer)
    approved, returned = (make.declaration(status, officer=officer) for status in (Status.APPROVED, Status.RETURNED))
    make.declaration(Status.APPROVED, officer=make.staff(name="李审核"))
    for decision in db.session.scalars(select(Decision).where(Decision.staff_id == officer.id)).all():
        measured = {"decision_id": decision.id, "staff_id": officer.id, "department_id": officer.department_id}
        db.session.add(ReviewMeasure(**measured, seconds=112))
    db.session.commit()
    found = counts(make, officer)
    assert (found.today, found.seconds) == (2, 112)
    page = browser.open("/staff/queue?lane=today")
    assert set(numbers(page)) == {approved.number, returned.number}
    assert "今日我已审（平均 1 分 52 秒）" in re.sub("<.*?>", "", page.text)
    workflow.undo(returned, actor)
    db.session.commit()
    assert counts(make, officer).today == 1
    assert shown(browser, lane="today") == [approved.number]


def test_decisions_of_yesterday_do_not_count(make, officer, monkeypatch):
    make.declaration(Status.APPROVED, officer=officer)
    assert counts(make, officer).today == 1
    monkeypatch.setattr(queue_listing, "today", lambda: today() + timedelta(days=1))
    assert counts(make, officer).today == 0


def test_a_resubmission_shows_who_returned_it_as_long_as_that_officer_is_there(make, browser, another_browser):
    first, second = make.staff(name="王审核"), make.staff(name="李审核")
    declaration = make.declaration(Status.RETURNED, officer=first)
    declaration.postal_address = "样例路 9 号"
    make.papers(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    assert "我退回过" in browser.sign_in(first).open("/staff/queue?lane=again").text
    assert "王审核退回过" in another_browser.sign_in(second).open("/staff/queue").text
    db.session.execute(update(type(first)).where(type(first).id == first.id).values(active=False))
    db.session.commit()
    assert "退回过" not in another_browser.open("/staff/queue").text


# --- named views ----------------------------------------------------------------------------------


def test_a_view_keeps_the_filters_under_a_name(make, browser, officer):
    sent = {"name": " 本周  变更 ", "tab": "all", "kind": "change", "due": "soon", "q": "单小燕"}
    answer = browser.send("/staff/queue/views", sent)
    assert answer.location == "/staff/queue?tab=all&kind=change&due=soon"
    page = browser.follow(answer)
    assert "本周 变更" in page.text
    assert '<a href="/staff/queue?tab=all&amp;kind=change&amp;due=soon">本周 变更</a>' in page.text
    browser.send("/staff/queue/views", {"name": "本周 变更", "lane": "overdue"})
    (kept,) = db.session.scalars(select(SavedView)).all()
    assert kept.query == "lane=overdue"


@pytest.mark.parametrize(
    ("name", "words"), [("  ", "请填写视图名称"), ("很" * 21, "最多 20 个字"), ("a\ue000b", "电脑自造的字")]
)
def test_a_view_without_a_good_name_is_not_kept(browser, officer, name, words):
    assert words in browser.follow(browser.send("/staff/queue/views", {"name": name})).text
    assert db.session.scalar(select(func.count()).select_from(SavedView)) == 0


def test_an_officer_keeps_twenty_views_and_no_more(make, browser, officer):
    for number in range(saved_views.AT_MOST):
        saved_views.save(make.actor(officer), f"视图{number}", Filters())
    db.session.commit()
    assert "最多保存 20 个视图" in browser.follow(browser.send("/staff/queue/views", {"name": "又一个"})).text
    assert "已保存" in browser.follow(browser.send("/staff/queue/views", {"name": "视图3"})).text


def test_views_are_ones_own_and_can_be_dropped(make, browser, another_browser, officer):
    browser.send("/staff/queue/views", {"name": "超期"})
    (kept,) = db.session.scalars(select(SavedView)).all()
    address = f"/staff/queue/views/{kept.id}/delete"
    another_browser.sign_in(make.staff(Role.MANAGER))
    assert "超期</a>" not in another_browser.open("/staff/queue").text
    another_browser.send(address, expect=404)
    another_browser.send("/staff/queue/views/99999999999999999999/delete", expect=404)
    assert "已删除视图" in browser.follow(browser.send(address)).text
    browser.send(address, expect=404)
