"""What the officers' list is narrowed to: tab, lane and filters, all of them in the address. Nothing personal is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from lib.clock import SHANGHAI
from lib.codes import Kind, QualificationLevel, Status

OFFICE_TURN = (Status.SUBMITTED, Status.IN_REVIEW)
#: The value of ?tab= in the address, and the text of the tab.
TABS = {
    "submitted": Status.SUBMITTED.label,
    "in_review": Status.IN_REVIEW.label,
    "returned": Status.RETURNED.label,
    "approved": Status.APPROVED.label,
    "declined": Status.DECLINED.label,
    "all": "全部",
}
NEWEST_FIRST = ("returned", "approved", "declined", "all")  # no due date runs: looked up from the end
#: ?sort=: the orders that an index carries.
SORTS = {
    "due": "先到期的在前",
    "-due": "后到期的在前",
    "sent": "先提交的在前",
    "-sent": "最近提交的在前",
}
#: ?lane=: parts of what the office has to do.
LANES = {
    "clean": "无提醒",
    "flagged": "有提醒",
    "again": "退回重提",
    "mine": "我的",
    "soon": "即将到期",
    "overdue": "超期",
    "incoming": "转入",
    "second": "待复核",
    "today": "今日已审",
}
DUE = {"soon": "即将到期", "overdue": "已超期"}
#: Of a department: itself and all below it, or with this sign after its code itself alone.
ITSELF = "_"
_KINDS, _QUALIFICATIONS = Kind.choices(), QualificationLevel.choices()
_DEPARTMENT = re.compile(r"[0-9]{6}[0-9A-Z-]{0,6}_?\Z")
_NAMES = {"since": "from", "until": "to"}  # how a field is called in the address, where the names differ


@dataclass(frozen=True)
class Filters:
    """``department``: a code, see ITSELF. ``since``, ``until``: days of the submission, both included."""

    tab: str = "submitted"
    lane: str = ""
    department: str = ""
    kind: str = ""
    qualification: str = ""
    due: str = ""
    since: date | None = None
    until: date | None = None
    sort: str = ""

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> Filters:
        """From an address or a form. A value that was never offered is ignored."""
        department = sent.get("department", "")
        return cls(
            tab=_one_of(TABS, sent.get("tab"), "submitted"),
            lane=_one_of(LANES, sent.get("lane")),
            department=department if _DEPARTMENT.match(department) else "",
            kind=_one_of(_KINDS, sent.get("kind")),
            qualification=_one_of(_QUALIFICATIONS, sent.get("qualification")),
            due=_one_of(DUE, sent.get("due")),
            since=_day(sent.get("from")),
            until=_day(sent.get("to")),
            sort=_one_of(SORTS, sent.get("sort")),
        )

    def address(self) -> dict[str, str]:
        """The part of the address that differs from the plain list."""
        said = {name: value for name, value in vars(self).items() if value != _PLAIN[name]}
        return {_NAMES.get(name, name): str(value) for name, value in said.items()}

    @property
    def narrowed(self) -> bool:
        """Is more said than which tab or lane, in which order?"""
        return self != Filters(tab=self.tab, lane=self.lane, sort=self.sort)

    @property
    def statuses(self) -> tuple[Status, ...]:
        """A lane shows what the office has to do, even if a colleague holds it; a due date counts only there, too."""
        if self.lane:
            return OFFICE_TURN
        shown = OFFICE_STATUSES if self.tab == "all" else (Status(self.tab),)
        return tuple(status for status in shown if not self.due or status in OFFICE_TURN)

    @property
    def by_due_only(self) -> bool:
        """Is it a range of due dates? An index in another order would be read far to find it."""
        return bool({self.lane, self.due} & {"soon", "overdue"})

    @property
    def order(self) -> str:
        """One of SORTS: as asked for, if that can be; else by due date while one runs, and then by submission."""
        if self.by_due_only:
            return self.sort if self.sort.endswith("due") else "due"
        return self.sort or ("-sent" if not self.lane and self.tab in NEWEST_FIRST else "due")

    def sorts(self, column: str) -> str:
        """What a click on the head of this column sorts by; "" where it cannot: the other way round where it does."""
        if self.by_due_only and column != "due":
            return ""
        return f"-{column}" if self.order == column else column

    def tests(self, days: Days) -> list[Callable[[Any], bool]]:
        """What a row of the queue has to pass; the range of statuses and departments is the caller's."""
        return [*self._lane_tests(days), *self._tests(days)]

    def _lane_tests(self, days: Days) -> list[Callable[[Any], bool]]:
        tests: dict[str, Callable[[Any], bool]] = {
            "clean": lambda row: not row.reminders,
            "flagged": lambda row: row.reminders > 0,
            "again": lambda row: row.times > 1,
            "soon": lambda row: days.is_soon(row.due_on),
            "overdue": lambda row: days.is_overdue(row.due_on),
        }
        return [tests[which] for which in dict.fromkeys((self.lane, self.due)) if which in tests]

    def _tests(self, days: Days) -> list[Callable[[Any], bool]]:
        tests: list[Callable[[Any], bool]] = []
        begin, end = self._moments()
        if self.kind:
            tests.append(lambda row: row.kind == self.kind)
        if self.qualification:
            tests.append(lambda row: row.qualification == self.qualification)
        if begin:
            tests.append(lambda row: row.submitted_at >= begin)
        if end:
            tests.append(lambda row: row.submitted_at <= end)
        return tests

    def _moments(self) -> tuple[datetime | None, datetime | None]:
        """The first and the last moment of the days of submission."""
        begin = datetime.combine(self.since, time(), SHANGHAI) if self.since else None
        return begin, datetime.combine(self.until, time.max, SHANGHAI) if self.until else None

    def between(self, days: Days) -> tuple[date | None, date | None]:
        """Of the column that sorts, the values that can pass, both included: the part that is read at all.

        Nothing is due before it was submitted.
        """
        if self.order.endswith("sent"):
            return self._moments()
        wanted = {self.lane, self.due}
        firsts = [self.since, days.today if "soon" in wanted else None]
        lasts = [days.soon_until if "soon" in wanted else None, days.yesterday if "overdue" in wanted else None]
        return max(filter(None, firsts), default=None), min(filter(None, lasts), default=None)


_PLAIN = vars(Filters())


@dataclass(frozen=True)
class Days:
    """Today, and the last day that counts as due soon."""

    today: date
    soon_until: date

    @property
    def yesterday(self) -> date:
        return self.today - timedelta(days=1)

    def is_soon(self, due_on: date) -> bool:
        return self.today <= due_on <= self.soon_until

    def is_overdue(self, due_on: date) -> bool:
        return due_on < self.today


#: All that the office may see.
OFFICE_STATUSES = tuple(Status(tab) for tab in TABS if tab != "all")


def _one_of(choices: Mapping[str, str], text: str | None, default: str = "") -> str:
    return text if text and text in choices else default


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 2000 <= day.year < 2100 else None
