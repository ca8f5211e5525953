"""Pages by key: forwards, backwards, from the end, over several ranges; and filters that few rows pass."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import insert, select

from models import CalendarDay, Counter, db
from services.queue import keyset_pages
from services.queue.keyset_pages import Cursor, Order, Range

#: Any table with two columns that order it serves.
ORDER = Order(Counter.value, Counter.value, str)


@pytest.fixture
def numbers(app) -> list[Range]:
    """0 to 9 in two ranges: the even and the odd ones."""
    db.session.execute(insert(Counter), [{"name": f"{'eo'[n % 2]}{n}", "value": n} for n in range(10)])
    return [Range(select(Counter.name, Counter.value).where(Counter.name.startswith(sign))) for sign in "eo"]


def read(text: str) -> Cursor:
    return Cursor.read(text, int)


def values(page: keyset_pages.KeysetPage) -> list[int]:
    return [row.value for row in page.rows]


@pytest.mark.parametrize("descending", [False, True])
def test_all_pages_forwards_and_back_again_show_every_row_once(numbers, descending):
    order = Order(Counter.value, Counter.value, str, descending)
    expected = sorted(range(10), reverse=descending)
    pages, after = [], ""
    while True:
        page = keyset_pages.page(numbers, order, read(after), size=4)
        pages.append(values(page))
        if not page.after:
            break
        after = page.after
    assert pages == [expected[:4], expected[4:8], expected[8:]]
    assert page.before
    back = keyset_pages.page(numbers, order, read(page.before), size=4)
    assert values(back) == expected[4:8]
    first = keyset_pages.page(numbers, order, read(back.before), size=4)
    assert (values(first), first.before) == (expected[:4], "")
    assert values(keyset_pages.page(numbers, order, read(first.after), size=4)) == expected[4:8]


def test_the_last_page_is_full_and_leads_back(numbers):
    last = keyset_pages.page(numbers, ORDER, read("last"), size=4)
    assert (values(last), last.after) == ([6, 7, 8, 9], "")
    assert values(keyset_pages.page(numbers, ORDER, read(last.before), size=4)) == [2, 3, 4, 5]


def test_single_rows_stand_in_their_place_among_the_ranges(numbers):
    (extra,) = db.session.execute(numbers[1].statement.where(Counter.value == 5)).all()
    page = keyset_pages.page(numbers[:1], ORDER, read(""), more=[extra], size=4)
    assert values(page) == [0, 2, 4, 5]
    assert values(keyset_pages.page(numbers[:1], ORDER, read(page.after), more=[extra], size=4)) == [6, 8]


def test_many_rows_are_fetched_in_growing_chunks_without_loss(numbers):
    found = list(keyset_pages.merged(numbers, ORDER, read(""), first_chunk=1))
    assert [row.value for row in found] == list(range(10))


def test_a_page_that_looked_at_enough_says_so_and_goes_on_from_there(numbers, monkeypatch):
    monkeypatch.setattr(keyset_pages, "EXAMINED", 4)
    page = keyset_pages.page(numbers, ORDER, read(""), keeps=lambda row: row.value in (1, 9), size=4)
    assert (values(page), page.unfinished) == ([1], True)
    page = keyset_pages.page(numbers, ORDER, read(page.after), keeps=lambda row: row.value in (1, 9), size=4)
    assert (values(page), page.unfinished) == ([], True)
    page = keyset_pages.page(numbers, ORDER, read(page.after), keeps=lambda row: row.value in (1, 9), size=4)
    assert (values(page), page.unfinished, page.after) == ([9], False, "")


def test_nothing_leads_nowhere(app):
    assert keyset_pages.page([], ORDER, read("")) == keyset_pages.KeysetPage([])
    assert keyset_pages.page([], ORDER, read("last")) == keyset_pages.KeysetPage([])


@pytest.mark.parametrize("text", ["", "x", "1", "1,", ",1", "1,x", "1,²", f"1,{'9' * 19}", "2026-01-01,1"])
def test_a_broken_cursor_begins_anew(text):
    assert read(text) == Cursor()


def test_a_cursor_is_written_as_it_is_read(app):
    order = Order(CalendarDay.day, Counter.value, date.isoformat)

    class Row:
        day, value = date(2026, 11, 23), 7

    assert Cursor.read(order.written(Row()), date.fromisoformat) == Cursor((Row.day, 7))
    assert Cursor.read(order.written(Row(), backwards=True), date.fromisoformat) == Cursor((Row.day, 7), True)
