"""Reads the yearly notice on holidays (关于…年部分节假日安排的通知) as it is published: plain text, a festival a line.

What is read is checked against the calendar itself: a day of the week that is named must be right, ``共 3 天`` must be
the length of the holiday, a make-up day must be a weekend, and no festival may be missing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from lib.workdays import HOLIDAY, WORKDAY

FESTIVALS = ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")
WEEKDAYS = "一二三四五六日"
LONGEST = 20  # days of one holiday; a longer one is a wrong date

_YEAR = re.compile(r"(20[0-9]{2})\s*年")
_OF_HOLIDAYS = re.compile(r"(20[0-9]{2})\s*年\s*(?:部分)?节假日")
_DAY = r"(?:(20[0-9]{2})年)?(?:([0-9]{1,2})月)?([0-9]{1,2})日(?:\(([^)]*)\))?"
_SPAN = re.compile(rf"{_DAY}(?:(?:至|到|-|—|~){_DAY})?")
_VERB = re.compile(r"放假|上班|休息")
_COUNT = re.compile(r"放[^。]*?共([0-9]{1,2})天")
_WEEKDAY = re.compile(r"(?:周|星期|礼拜)([一二三四五六日天])")


class NoticeUnreadable(Exception):
    """The text is no notice that can be relied on. ``problems``: each a sentence for the person who pasted it."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("；".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Holiday:
    first: date
    last: date

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


@dataclass(frozen=True)
class HolidayNotice:
    """``kinds``: the days that differ from the week's pattern, as in ``lib.workdays.Calendar``."""

    year: int
    holidays: tuple[Holiday, ...]
    make_up_days: tuple[date, ...]

    @property
    def kinds(self) -> Mapping[date, str]:
        off = {day: HOLIDAY for holiday in self.holidays for day in holiday.days if day.weekday() < 5}
        return dict(sorted((off | dict.fromkeys(self.make_up_days, WORKDAY)).items()))


def read(text: str) -> HolidayNotice:
    """Raises NoticeUnreadable with everything that is wrong."""
    plain = re.sub(r"[ \t\u3000]+", "", unicodedata.normalize("NFKC", text))
    found = _OF_HOLIDAYS.search(plain) or _YEAR.search(plain)
    if found is None:
        raise NoticeUnreadable(["没有找到年份，请连同标题「关于某某年部分节假日安排的通知」一起粘贴"])
    reader = _Reader(int(found.group(1)))
    for sentence in re.split(r"[。;\n]", plain):
        reader.take(sentence)
    reader.problems += _missing(plain, reader)
    if reader.problems:
        raise NoticeUnreadable(reader.problems)
    return HolidayNotice(reader.year, tuple(reader.holidays), tuple(sorted(reader.make_up_days)))


class _Reader:
    """Collects what the sentences say. A month or a year that a date leaves out is that of the date before it."""

    def __init__(self, year: int) -> None:
        self.year = year
        self.holidays: list[Holiday] = []
        self.make_up_days: set[date] = set()
        self.problems: list[str] = []

    def take(self, sentence: str) -> None:
        """A date belongs to the verb that comes next: 「…放假」 or 「…上班」. Others, as 「…休息」, are advice only."""
        month = 0
        for span in _SPAN.finditer(sentence):
            verb = _VERB.search(sentence, span.end())
            first = self._date(span.groups()[:4], month)
            last = self._date(span.groups()[4:], first.month) if first and span.group(7) else first
            month = last.month if last else month
            if verb is None or verb.group() == "休息" or first is None or last is None:
                continue
            self._add(verb.group(), first, last, span.group(), sentence)

    def _date(self, parts: tuple[str | None, ...], month: int) -> date | None:
        year, named_month, day, note = parts
        try:
            found = date(int(year or self.year), int(named_month or month), int(day or 0))
        except ValueError:
            self.problems.append(f"「{named_month or month}月{day}日」不是一个日期，请核对")
            return None
        weekday = _WEEKDAY.search(note or "")
        if weekday and WEEKDAYS.index(weekday.group(1).replace("天", "日")) != found.weekday():
            right = f"{found.year} 年的这一天是周{WEEKDAYS[found.weekday()]}"
            self.problems.append(
                f"「{found.month}月{found.day}日」写的是周{weekday.group(1)}，{right}，请核对年份和日期"
            )
        return found

    def _add(self, verb: str, first: date, last: date, words: str, sentence: str) -> None:
        length = (last - first).days + 1
        if not 1 <= length <= LONGEST:
            self.problems.append(f"「{words}」的起止日期不对，请核对")
        elif verb == "放假":
            self.holidays.append(Holiday(first, last))
            said = _COUNT.search(sentence)
            if said and int(said.group(1)) != length:
                self.problems.append(f"「{words}」是 {length} 天，通知写的是共 {said.group(1)} 天，请核对")
        else:
            days = Holiday(first, last).days
            self.make_up_days.update(days)
            self.problems += [_on_weekday(day) for day in days if day.weekday() < 5]


def _on_weekday(day: date) -> str:
    return f"「{day.month}月{day.day}日」上班：这一天是周{WEEKDAYS[day.weekday()]}，不是休息日，请核对"


def _missing(plain: str, reader: _Reader) -> Iterator[str]:
    """Festivals that are not named, days that the law gives and the notice does not, and days that are both."""
    yield from (f"没有找到「{name}」的放假安排，请粘贴通知的全文" for name in FESTIVALS if name not in plain)
    off = {day for holiday in reader.holidays for day in holiday.days}
    year = reader.year
    for month, day in ((1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)):
        if date(year, month, day) not in off:
            yield f"{month}月{day}日是法定节假日，通知里却没有放假，请核对年份和全文"
    yield from (f"「{day.month}月{day.day}日」又放假又上班，请核对" for day in sorted(off & reader.make_up_days))
