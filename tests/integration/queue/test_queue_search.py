"""One search field: by name part, initials, full number, phone tail, employer, 申报编号; within the scope only."""

from __future__ import annotations

import re
from typing import Any
from unittest import mock

import pytest
from sqlalchemy.orm import Session

from lib.codes import Status
from models import db
from services.queue import listing as queue_listing
from services.queue import search as queue_search
from services.records import office_list as office_records
from tests.support.people import WITH_EMPLOYER

OTHER_COUNTY = {"employer_county": "210103", "department_code": "210103"}
SEARCH = {"queue": "/staff/queue/search", "archive": "/staff/archive/search"}


def names(page: Any) -> list[str]:
    return re.findall(r'data-label="姓名"><a href="[^"]*" data-line>([^<]*)<', page.text)


@pytest.fixture
def people(make, browser):
    """Four approved people of 和平区, one of another county; each in the queue's 全部 and in the archive."""
    employed = WITH_EMPLOYER | {"employer_name": "样例县华业机械有限公司"}
    school = WITH_EMPLOYER | {"employer_name": "样例县第二中学（东校区）ABC"}
    made = [
        make.declaration(Status.APPROVED, make.account("单小燕"), mobile="13800131234", **employed),
        make.declaration(Status.APPROVED, make.account("单小虎"), mobile="13800135678", **school),
        make.declaration(Status.APPROVED, make.account("阿卜杜拉·买买提"), mobile="13800131234"),
        make.declaration(Status.APPROVED, make.account("John Smith"), mobile="13800139999"),
        make.declaration(Status.APPROVED, make.account("单小燕"), mobile="13800131234", **(employed | OTHER_COUNTY)),
    ]
    browser.sign_in(make.staff())
    return made


WAYS = [
    ("小", {"单小燕", "单小虎"}),
    ("单小", {"单小燕", "单小虎"}),
    ("单 小 燕", {"单小燕"}),
    ("拉•买", {"阿卜杜拉·买买提"}),
    ("dxy", {"单小燕"}),
    ("SXY", {"单小燕"}),
    ("cx", {"单小燕", "单小虎"}),
    ("abdl", {"阿卜杜拉·买买提"}),
    ("smith", {"John Smith"}),
    ("john", {"John Smith"}),
    ("1234", {"单小燕", "阿卜杜拉·买买提"}),
    ("１２３４", {"单小燕", "阿卜杜拉·买买提"}),
    ("13800135678", {"单小虎"}),
    ("华业", {"单小燕"}),
    ("\u202d机械有限公司\u202c", {"单小燕"}),
    ("⼩燕 机械", {"单小燕"}),
    ("样例县", {"单小燕", "单小虎"}),
    ("样例 华业", {"单小燕"}),
    ("公司 机械 样例县", {"单小燕"}),
    ("小燕 机械", {"单小燕"}),
    ("小虎 机械", set()),
    ("abc", {"单小虎"}),
    ("燕小", set()),
    ("xy", set()),
    ("%", set()),
    ("_小", set()),
    ("·", set()),
    ("\x00", None),
]


@pytest.mark.parametrize("where", list(SEARCH))
def test_each_way_finds_who_is_meant_in_the_own_scope(browser, people, where):
    for typed, expected in WAYS:
        if expected is None:
            browser.send(SEARCH[where], {"q": typed})
        else:
            page = browser.send(SEARCH[where], {"q": typed}, expect=200)
            assert set(names(page)) == expected, typed
            assert page.headers["Cache-Control"] == "no-store"


def test_a_search_needs_no_session_of_the_orm(browser, people):
    browser.send(SEARCH["queue"], {"q": "单小燕"}, expect=200)  # now the reference data is there
    with mock.patch.object(Session, "connection", side_effect=AssertionError("a session connects")):
        assert names(browser.send(SEARCH["queue"], {"q": "单小燕"}, expect=200)) == ["单小燕"]


def test_the_whole_number_finds_one_never_a_part_of_it(browser, people):
    number = people[0].account.id_number
    for typed in (number, number.lower(), f"{number[:6]} {number[6:]}"):
        assert names(browser.send(SEARCH["queue"], {"q": typed}, expect=200)) == ["单小燕"]
    for typed in (number[:17], number[:9], number[-6:-1] + "Y"):
        assert names(browser.send(SEARCH["queue"], {"q": typed}, expect=200)) == [], typed


def test_four_digits_are_a_phones_end_and_the_end_of_a_number_too(make, browser, people):
    number = people[1].number
    page = browser.send(SEARCH["queue"], {"q": number[-4:]}, expect=200)
    assert names(page) == ["单小虎"]
    assert browser.send(SEARCH["queue"], {"q": number}).location == f"/staff/queue?q={number}"


def test_a_phone_number_never_gets_into_an_address(browser, people):
    for typed in ("13800131234", "1234"):
        assert browser.send(SEARCH["queue"], {"q": typed}, expect=200).location == ""
    assert names(browser.open("/staff/queue?q=1234")) == []


def test_the_record_list_finds_only_what_a_record_rests_on(make, browser, people):
    make.declaration(Status.SUBMITTED, make.account("单小明"))
    assert "单小明" in names(browser.send(SEARCH["queue"], {"q": "小"}, expect=200))
    assert set(names(browser.send(SEARCH["archive"], {"q": "小"}, expect=200))) == {"单小燕", "单小虎"}
    assert names(browser.send(SEARCH["archive"], {"q": people[1].number}, expect=200)) == ["单小虎"]
    assert names(browser.send(SEARCH["archive"], {"q": people[1].account.id_number}, expect=200)) == ["单小虎"]


def test_whoever_searches_does_not_find_the_own_file(make, people):
    account = people[0].account
    actor = make.actor(make.staff(id_index=account.id_index))
    for text in ("单小燕", account.id_number, people[0].number, "1234"):
        assert "单小燕" not in [line.name for line in queue_listing.search(actor, text).lines]
        assert "单小燕" not in [line.name for line in office_records.found_by(actor, text).lines]


@pytest.mark.parametrize("where", list(SEARCH))
def test_a_search_says_when_there_are_more(browser, people, monkeypatch, where):
    monkeypatch.setattr(queue_search, "FOUND_AT_MOST", 1)
    page = browser.send(SEARCH[where], {"q": "小"}, expect=200)
    assert len(names(page)) == 1
    assert "还有更多" in page.text
    assert "还有更多" not in browser.send(SEARCH[where], {"q": "小虎"}, expect=200).text


@pytest.mark.parametrize("where", list(SEARCH))
def test_a_part_of_too_many_employers_asks_for_more(browser, people, monkeypatch, where):
    monkeypatch.setattr(queue_search, "EMPLOYERS_AT_MOST", 0)
    assert "符合的单位太多" in browser.send(SEARCH[where], {"q": "样例县"}, expect=200).text
    db.session.rollback()
