"""人员档案 of the office: scope, search, one record with its versions."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from forms import PAPER
from lib.clock import local, today
from lib.codes import Status
from models import Decision, Event, Record, db
from services import workflow
from services.papers import pages, papers, preparation
from services.queue import keyset_pages
from services.records import office_list as office_records
from tests.support.factory import picture
from tests.support.people import WITH_EMPLOYER

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}


def names(page) -> list[str]:
    return re.findall(r'data-label="姓名"><a href="[^"]*" data-line>([^<]*)<', page.text)


def record_of(declaration) -> Record:
    return db.session.scalars(select(Record).where(Record.account_id == declaration.account_id)).one()


def approved(make, name: str, **answers) -> Record:
    return record_of(make.declaration(Status.APPROVED, make.account(name), **answers))


def looks(record: Record) -> list[str]:
    query = select(Event.verb).where(Event.account_id == record.account_id, Event.actor == "staff")
    return list(db.session.scalars(query.where(Event.verb.in_(["view_record", "reveal"])).order_by(Event.id)))


@pytest.fixture
def changed(make, officer) -> Record:
    """A record after an approved change of an address and of a paper."""
    record = make.record()
    change = make.change(record)
    change.postal_address = "样例路 77 号"
    page = papers.pages_of(change, "id_emblem")[0]
    pages.remove_page(page)
    store = make.app.extensions["kuaiji.store"]
    pages.add_page(change, PAPER["id_emblem"], preparation.prepare(store, picture(800, 600, 3)))
    db.session.commit()
    make.papers(change)
    reviewer = make.actor(officer)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    workflow.claim(change, reviewer)
    workflow.approve(change, reviewer, 1)
    db.session.commit()
    return record


def test_the_list_shows_the_scope_with_the_latest_approval_first(make, browser, officer):
    approved(make, "孙立国", **WITH_EMPLOYER)
    approved(make, "盖丽娜")
    other = approved(make, "贺敏", **OTHER_COUNTY)
    page = browser.open("/staff/archive")
    assert names(page) == ["盖丽娜", "孙立国"]
    assert "样例县华业机械有限公司" in page.text
    assert "219*************" in page.text
    for address in (f"/staff/archive/{other.uid}", f"/staff/archive/{other.uid}/pictures/photo/0"):
        browser.open(address, expect=404)
    browser.send(f"/staff/archive/{other.uid}/reveal", expect=404)


def test_pages_follow_each_other(make, browser, officer, monkeypatch):
    monkeypatch.setattr(office_records, "PAGE_SIZE", 2)
    for name in ("甲一", "乙二", "丙三", "丁四", "戊五"):
        approved(make, name)
    seen: list[str] = []
    address = "/staff/archive"
    while address and len(seen) < 9:
        page = browser.open(address)
        seen += names(page)
        link = re.search(r'href="([^"]*after=[^"]*)">下一页', page.text)
        address = link.group(1).replace("&amp;", "&") if link else ""
    assert seen == ["戊五", "丁四", "丙三", "乙二", "甲一"]


ORDERS = {
    "": "丁四 戊五 丙三 乙二 甲一",  # the latest approval: 丁四's is moved
    "oldest": "甲一 乙二 丙三 戊五 丁四",
    "first": "戊五 丁四 丙三 乙二 甲一",
    "first_oldest": "甲一 乙二 丙三 丁四 戊五",
    "name": "丙三 丁四 甲一 戊五 乙二",
    "employer": "乙二 丙三 甲一 丁四 戊五",
    "department": "甲一 丙三 戊五 乙二 丁四",
}


def walked(browser, address: str, way: str) -> tuple[list[list[str]], str]:
    """The pages that follow by links of these words, and the address of the last one."""
    found: list[list[str]] = []
    while len(found) < 9:
        page = browser.open(address)
        found.append(names(page))
        link = re.search(rf'href="([^"]*after=[^"]*)">(?:<[^>]*>|\s)*{way}', page.text)
        if link is None:
            return found, address
        address = link.group(1).replace("&amp;", "&")
    raise AssertionError(found)


def test_every_order_pages_both_ways_and_names_no_one_in_an_address(make, browser, monkeypatch):
    monkeypatch.setattr(office_records, "PAGE_SIZE", 2)
    works = {"甲一": "甲公司", "乙二": "安公司", "丙三": "北公司"}
    for n, name in enumerate(("甲一", "乙二", "丙三", "丁四", "戊五")):
        work = WITH_EMPLOYER | {"employer_name": works[name]} if name in works else {}
        record = approved(make, name, **work)
        record.department_id = make.department("210103" if n in (1, 3) else "210102").id
    db.session.commit()
    moved = db.session.scalars(select(Record).where(Record.name == "丁四")).one()
    moved.approved_at += timedelta(hours=1)
    db.session.commit()
    browser.sign_in(make.staff(department="210000"))
    for sort in ("name", "department"):
        forth, _last = walked(browser, f"/staff/archive?sort={sort}", "下一页")
        assert [name for page in forth for name in page] == ORDERS[sort].split()
    browser.sign_in(make.staff(department="210100"))
    for sort, wanted in ORDERS.items():
        forth, last = walked(browser, f"/staff/archive?sort={sort}", "下一页")
        assert [name for page in forth for name in page] == wanted.split(), sort
        back, _first = walked(browser, last, "上一页")
        assert back == forth[::-1], sort
        assert not re.search("%E|[a-z]{3,}%", last), "a name in an address"
    monkeypatch.setattr(keyset_pages, "EXAMINED", 2)
    looked, _last = walked(browser, "/staff/archive?sort=name&state=closed", "继续查找")
    assert len(looked) >= 3
    assert not any(looked)
    assert names(browser.open("/staff/archive?sort=name&after=,999999")) == ["丙三", "丁四"]


@pytest.mark.parametrize("after", ["x", "2026-99-01T00:00:00,1", "2026-01-01T00:00:00.000000,99999999999999999999"])
def test_a_broken_cursor_begins_anew(make, browser, officer, after):
    approved(make, "孙立国")
    assert names(browser.open(f"/staff/archive?after={after}")) == ["孙立国"]


def test_search_finds_a_name_part_or_the_whole_number_never_a_part_of_it(make, browser, officer):
    record, _other = approved(make, "孙立国"), approved(make, "盖丽娜")
    number = record.account.id_number
    approved(make, "孙大国", **OTHER_COUNTY)
    for typed in ("立国", " 孙立", number, number.lower(), f"{number[:6]} {number[6:]}"):
        assert names(browser.send("/staff/archive/search", {"q": typed}, expect=200)) == ["孙立国"]
    for typed in (number[:17], number[-6:], "%", "没有"):
        assert "没有找到" in browser.send("/staff/archive/search", {"q": typed}, expect=200).text
    assert browser.send("/staff/archive/search", {"q": " "}).location == "/staff/archive"
    browser.open("/staff/archive/search", expect=302)
    assert office_records.found_by(make.actor(officer), " ").lines == []


def test_a_record_shows_answers_photo_and_papers_with_masked_numbers(make, browser, officer):
    record = approved(make, "孙立国", **WITH_EMPLOYER)
    page = browser.open(f"/staff/archive/{record.uid}")
    for words in ("孙立国", "样例县华业机械有限公司", "一寸照片", "居民身份证(人像面)", "首次采集", "当前"):
        assert words in page.text
    assert record.account.id_number not in page.text
    assert record.account.phone not in page.text
    for address in re.findall(r'src="(/staff/archive/[^"]*)"', page.text):
        assert browser.open(address.replace("&amp;", "&")).headers["Content-Type"] == "image/jpeg"


def test_looking_at_a_record_is_logged_once_and_showing_the_number_each_time(make, browser, officer):
    record = approved(make, "孙立国")
    for nothing in ("nothing/0", "id_emblem/7", "id_emblem/0?version=nothing"):
        browser.open(f"/staff/archive/{record.uid}/pictures/{nothing}", expect=404)
    assert looks(record) == []
    for _ in range(3):
        browser.open(f"/staff/archive/{record.uid}")
    assert looks(record) == ["view_record"]
    for _ in range(2):
        assert record.account.id_number in browser.send(f"/staff/archive/{record.uid}/reveal", expect=200).text
    assert looks(record) == ["view_record", "reveal", "reveal"]
    assert record.account.id_number not in browser.open(f"/staff/archive/{record.uid}").text


def test_a_record_shows_what_each_version_changed(browser, changed):
    page = browser.open(f"/staff/archive/{changed.uid}")
    assert page.text.index("信息变更") < page.text.index("首次采集")
    versions = page.text.partition("档案版本")[2]
    assert "样例路 1 号</del> → 样例路 77 号" in versions
    assert "居民身份证(国徽面)" in versions
    assert "居民身份证(人像面)" not in versions


def test_after_a_move_the_old_county_keeps_its_decision_and_the_new_one_has_the_record(
    make, browser, another_browser, officer
):
    record = approved(make, "孙立国")
    first = record.revision.declaration
    change = make.change(record)
    change.home_county, change.department_code = "210103", "210103"
    db.session.commit()
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    new_officer = make.staff(department="210103")
    workflow.claim(change, make.actor(new_officer))
    workflow.approve(change, make.actor(new_officer), 1)
    db.session.commit()

    browser.open(f"/staff/archive/{record.uid}", expect=404)
    assert "审核通过" in browser.open(f"/staff/submissions/{first.uid}").text
    page = another_browser.sign_in(new_officer).open(f"/staff/archive/{record.uid}")
    assert first.number in page.text
    assert f"/staff/submissions/{first.uid}" not in page.text
    assert f"/staff/submissions/{change.uid}" in page.text


def test_nobody_meets_the_own_record(make, browser):
    record = approved(make, "孙立国")
    browser.sign_in(make.staff(id_index=record.account.id_index))
    assert names(browser.open("/staff/archive")) == []
    browser.open(f"/staff/archive/{record.uid}", expect=404)


def test_a_record_is_read_as_of_a_day_and_any_two_versions_are_compared(make, browser, officer, changed, monkeypatch):
    first = today() - timedelta(days=3)
    begun = db.session.scalars(select(Decision.at).order_by(Decision.id)).first()
    monkeypatch.setattr(office_records, "local", lambda at: local(at - timedelta(days=3) if at == begun else at))
    page = browser.open(f"/staff/archive/{changed.uid}?on={first:%Y-%m-%d}").text
    assert "已被后来的版本代替" in page
    assert "样例路 77 号" not in page.split('id="h-versions"')[0]
    old = re.findall(r"version=([^&\"]+)", page)[0]
    now, then = (
        browser.open(f"/staff/archive/{changed.uid}/pictures/id_emblem/0{query}").data
        for query in ("", f"?version={old}")
    )
    assert now != then
    browser.open(f"/staff/archive/{changed.uid}/pictures/id_emblem/0?version=nothing", expect=404)
    page = browser.open(f"/staff/archive/{changed.uid}?compare={old}").text
    place = re.findall(r'action="(/staff/archive/[^"]+/reveal[^"]*)"', page)[0]
    shown = browser.send(place, expect=200).text
    assert changed.account.id_number in shown
    for text in (page, shown):
        compared = text.split('id="h-compared"')[1].split("</section>")[0]
        assert "样例路 77 号" in compared
        assert "图片不同" in compared
    assert "还没有审核通过的档案" in browser.open(f"/staff/archive/{changed.uid}?on=2001-01-01").text
