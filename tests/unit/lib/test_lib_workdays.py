"""Working days by the State Council's calendar, and what is known of it."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import csvlist
from lib.workdays import Calendar, add_workdays, is_estimated, is_workday, workdays_between

CALENDAR = Calendar.of(csvlist.calendar_days(Path(__file__).parents[3] / "data" / "calendar.csv"))
DAYS = st.dates(date(2024, 1, 1), date(2035, 12, 31))


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 23), True),  # a plain Monday
        (date(2026, 11, 22), False),  # a plain Sunday
        (date(2026, 10, 1), False),  # 国庆节
        (date(2026, 10, 10), True),  # a Saturday made a working day
        (date(2026, 10, 8), True),
        (date(2027, 2, 5), False),  # 除夕 of a year without a notice
        (date(2027, 2, 9), False),  # in lieu of 初一, a Saturday
        (date(2027, 2, 11), True),
        (date(2027, 2, 14), False),  # no make-up days are guessed
        (date(2036, 1, 1), True),  # a year of which nothing is known: the week's pattern
    ],
)
def test_holidays_and_make_up_days(day: date, works: bool) -> None:
    assert is_workday(day, CALENDAR) is works


@pytest.mark.parametrize(
    ("start", "count", "due"),
    [
        (date(2026, 11, 23), 10, date(2026, 12, 7)),
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # the make-up Saturday counts
        (date(2026, 11, 21), 1, date(2026, 11, 23)),  # handed in on a Saturday
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
    ],
)
def test_due_dates(start: date, count: int, due: date) -> None:
    assert add_workdays(start, count, CALENDAR) == due


def test_counting_backwards_is_refused() -> None:
    with pytest.raises(ValueError):
        add_workdays(date(2026, 1, 1), -1, CALENDAR)


@settings(deadline=None)
@given(DAYS, st.integers(0, 60))
def test_adding_and_counting_agree(start: date, count: int) -> None:
    end = add_workdays(start, count, CALENDAR)
    assert workdays_between(start, end, CALENDAR) == count
    assert workdays_between(end, start, CALENDAR) == -count
    assert count == 0 or is_workday(end, CALENDAR)


@settings(deadline=None)
@given(DAYS, DAYS, DAYS)
def test_stretches_add_up(first: date, second: date, third: date) -> None:
    first, second, third = sorted((first, second, third))
    whole = workdays_between(first, third, CALENDAR)
    assert whole == workdays_between(first, second, CALENDAR) + workdays_between(second, third, CALENDAR)


def test_the_years_with_a_notice_are_known() -> None:
    assert CALENDAR.known_years == {2024, 2025, 2026}


@pytest.mark.parametrize(
    ("start", "end", "estimated"),
    [
        (date(2026, 12, 1), date(2026, 12, 31), False),
        (date(2026, 12, 28), date(2027, 1, 4), True),
        (date(2026, 12, 31), date(2027, 1, 4), True),
        (date(2025, 12, 31), date(2026, 1, 5), False),
        (date(2023, 12, 31), date(2024, 1, 5), False),  # no day of 2023 is counted
        (date(2026, 5, 5), date(2026, 5, 5), False),
    ],
)
def test_a_result_that_leans_on_an_unknown_year_is_an_estimate(start: date, end: date, estimated: bool) -> None:
    assert is_estimated(start, end, CALENDAR) is estimated


def test_single_days_do_not_make_a_year_known() -> None:
    rows = [
        (date(2027, 1, 4), "workday", "国办发明电"),
        (date(2027, 10, 1), "holiday", "statutory"),
        (date(2028, 10, 9), "workday", "国办发明电"),
        (date(2029, 10, 5), "holiday", "国办发明电"),
    ]
    assert Calendar.of(rows).known_years == {2029}


@pytest.mark.parametrize(
    ("year", "days"),
    [
        (2027, "01-01 02-05 02-08 02-09 02-10 04-05 05-03 05-04 06-09 09-15 10-01 10-04 10-05"),
        (2028, "01-03 01-25 01-26 01-27 01-28 04-04 05-01 05-02 05-29 10-02 10-03 10-04"),
        (2032, "01-01 02-10 02-11 02-12 02-13 04-05 05-03 05-04 06-14 09-20 10-01 10-04 10-05"),
    ],
)
def test_of_a_year_without_a_notice_the_statutory_days_and_those_in_lieu_are_off(year: int, days: str) -> None:
    off = [day for day in CALENDAR.kinds if day.year == year]
    assert [f"{day:%m-%d}" for day in off] == days.split()
