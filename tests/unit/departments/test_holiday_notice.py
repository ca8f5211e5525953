"""Reading the yearly notice on holidays."""

from __future__ import annotations

from pathlib import Path

import pytest

from lib import csvlist
from services.departments import holiday_notice
from services.departments.holiday_notice import NoticeUnreadable

DATA = Path(__file__).parents[3] / "data" / "calendar.csv"

#: The days of two real years in the manner of their notices.
REAL = {
    2025: """关于2025年部分节假日安排的通知
        一、元旦：1月1日（周三）放假1天，不调休。
        二、春节：1月28日（农历除夕、周二）至2月4日（农历正月初七、周二）放假调休，共8天。1月26日（周日）、2月8日（周六）上班。
        三、清明节：4月4日（周五）至6日（周日）放假，共3天。
        四、劳动节：5月1日（周四）至5日（周一）放假调休，共5天。4月27日（周日）上班。
        五、端午节：5月31日（周六）至6月2日（周一）放假，共3天。
        六、国庆节、中秋节：10月1日（周三）至8日（周三）放假调休，共8天。9月28日（周日）、10月11日（周六）上班。
        2024年11月12日""",
    2026: """关于2026年部分节假日安排的通知
        一、元旦：1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班。
        二、春节：2月15日（农历腊月二十八、周日）至23日（农历正月初七、周一）放假调休，共9天。2月14日（周六）、2月28日（周六）上班。
        三、清明节：4月4日（周六）至6日（周一）放假，共3天。
        四、劳动节：5月1日（周五）至5日（周二）放假调休，共5天。5月9日（周六）上班。
        五、端午节：6月19日（周五）至21日（周日）放假，共3天。
        六、中秋节：9月25日（周五）至27日（周日）放假，共3天。
        七、国庆节：10月1日（周四）至7日（周三）放假调休，共7天。9月20日（周日）、10月10日（周六）上班。""",
}


@pytest.mark.parametrize("year", REAL)
def test_a_notice_gives_the_days_that_the_published_calendar_has(year: int) -> None:
    wanted = {day: kind for day, kind, _source in csvlist.calendar_days(DATA) if day.year == year}

    notice = holiday_notice.read(REAL[year])

    assert notice.year == year
    assert notice.kinds == wanted


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("（周四）至3日（周六）", "至3日"),
        ("9月20日（周日）、10月10日（周六）上班", "9月20日上班。10月10日上班"),
        ("5月1日（周五）至5日（周二）放假调休，共5天。", "5月1日(星期五)至5月5日(星期二)放假调休,共5天;"),
        ("6月19日（周五）至21日（周日）放假，共3天。", "6月19日放假，与周末连休。"),
        ("共9天。", "共9天，鼓励安排职工在2月13日休息。"),
        ("2月14日（周六）、2月28日", "２月１４日、28日"),
    ],
)
def test_the_same_days_may_be_written_otherwise(written: str, instead: str) -> None:
    assert written in REAL[2026]
    assert holiday_notice.read(REAL[2026].replace(written, instead)).kinds == holiday_notice.read(REAL[2026]).kinds


def test_a_holiday_may_begin_in_the_year_before() -> None:
    text = REAL[2026].replace("1月1日（周四）至3日（周六）", "2025年12月31日（周三）至2026年1月2日（周五）")

    kinds = holiday_notice.read(text.replace("1月4日（周日）上班", "")).kinds

    assert [day.isoformat() for day in kinds][:3] == ["2025-12-31", "2026-01-01", "2026-01-02"]


@pytest.mark.parametrize(
    ("written", "instead", "problem"),
    [
        ("关于2026年", "关于2025年", "「1月1日」写的是周四，2025 年的这一天是周三，请核对年份和日期"),
        ("关于2026年部分节假日", "关于部分节假日", "没有找到年份"),
        ("共9天", "共8天", "是 9 天，通知写的是共 8 天"),
        ("10月10日（周六）上班", "10月12日上班", "「10月12日」上班：这一天是周一，不是休息日"),
        ("9月20日（周日）、10月10日", "10月4日、10月10日", "「10月4日」又放假又上班"),
        ("五、端午节：6月19日（周五）至21日（周日）放假，共3天。", "", "没有找到「端午」的放假安排"),
        ("10月1日（周四）至7日（周三）放假调休，共7天", "10月3日至9日放假", "10月1日是法定节假日，通知里却没有放假"),
        ("2月28日（周六）", "2月30日", "「2月30日」不是一个日期"),
        ("9月25日（周五）至27日（周日）放假，共3天", "9月25日至10月27日放假", "起止日期不对"),
    ],
)
def test_what_cannot_be_right_is_named(written: str, instead: str, problem: str) -> None:
    assert written in REAL[2026]
    with pytest.raises(NoticeUnreadable, match=r"\S") as refused:
        holiday_notice.read(REAL[2026].replace(written, instead))
    assert any(problem in said for said in refused.value.problems)
