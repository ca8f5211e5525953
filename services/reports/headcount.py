"""人数统计: how many people have a record here on a day and a year before, by what a bureau is asked for.

- A person counts from the first approval until 注销 or 调转, under the department that keeps the record now.
- What is said of a person is the approved record of today, for the year before too; the age is of that day's year.
- It reads one index and no file, so a province takes seconds at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, case, func, or_, select

from lib.clock import SHANGHAI
from lib.codes import QualificationLevel, YesNo
from models import Record, db, replica
from services.departments import matching, snapshot
from services.departments.snapshot import DepartmentNode

NOT_SAID = "未填写"
AGES = (
    (0, 29, "29 岁及以下"),
    (30, 39, "30 至 39 岁"),
    (40, 49, "40 至 49 岁"),
    (50, 59, "50 至 59 岁"),
    (60, 200, "60 岁及以上"),
)


@dataclass
class Group:
    """``people``, ``before``: on the day and a year earlier, by title in the order of the list."""

    name: str
    title: str
    people: Counter[str] = field(default_factory=Counter)
    before: Counter[str] = field(default_factory=Counter)
    titles: Sequence[str] = ()
    codes: Sequence[str] = ()

    @property
    def shown(self) -> list[str]:
        """Those of the list that somebody is in."""
        return [title for title in self.titles if self.people[title] or self.before[title]]


@dataclass(frozen=True)
class Headcount:
    office: DepartmentNode
    on: date
    total: int
    before: int
    groups: Sequence[Group]


def counted_by(answers: Mapping[str, Any]) -> dict[str, Any]:
    """What an approved record is counted by: kept in models.Record."""
    levels = [answers.get("full_time_level"), answers.get("part_time_level")]
    higher = list(snapshot.current().titles["education_level"])  # the highest first
    born = str(answers.get("birth_date") or "")[:4]
    return {
        "education": min(
            filter(None, levels), key=lambda code: higher.index(code) if code in higher else 99, default=""
        ),
        "birth_year": int(born) if born else None,
        "unit_type": (answers.get("has_employer") == YesNo.YES and answers.get("unit_type")) or "",
    }


def year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def headcount(office: DepartmentNode, on: date) -> Headcount:
    """Of a department with those below it. ``office`` has to be in the asker's scope."""
    below = matching.below(office)
    groups = [
        *([_by_department(office, below, on)] if len(below) > 1 else []),
        _by_list("qualification", "按专业技术资格", Record.qualification, QualificationLevel.choices(), below, on),
        _by_list("education", "按最高学历", Record.education, _titles("education_level"), below, on),
        _by_age(below, on),
        _by_list("unit", "按单位类型", Record.unit_type, _titles("unit_type") | {"": "无工作单位"}, below, on),
    ]
    return Headcount(office, on, groups[-1].people.total(), groups[-1].before.total(), groups)


def _titles(listed: str) -> dict[str, str]:
    return dict(snapshot.current().titles[listed])


def _by_department(office: DepartmentNode, below: Sequence[DepartmentNode], on: date) -> Group:
    depth = office.path.count("/") + 1
    parts = {row.path: row for row in below if row.path.count("/") == depth}
    own = f"{office.name}（本级）"
    group = Group("departments", "按部门", titles=[own, *(row.title for row in parts.values())])
    paths = {row.id: row.path for row in below}

    def titled(department_id: int, _year: int) -> str:
        head = "/".join(paths[department_id].split("/")[:depth]) + "/"
        return parts[head].title if head in parts else own

    group.codes = ["", *(row.code for row in parts.values())]
    return _counted(group, Record.department_id, titled, below, on)


def _by_list(
    name: str, title: str, column: Any, titles: dict[str, str], below: Sequence[DepartmentNode], on: date
) -> Group:
    group = Group(name, title, titles=[*dict.fromkeys(titles.values()), NOT_SAID])
    return _counted(group, column, lambda code, _year: titles.get(code or "", NOT_SAID), below, on)


def _by_age(below: Sequence[DepartmentNode], on: date) -> Group:
    group = Group("ages", "按年龄", titles=[*(words for _first, _last, words in AGES), NOT_SAID])

    def titled(born: int | None, year: int) -> str:
        return next((words for first, last, words in AGES if born and first <= year - born <= last), NOT_SAID)

    return _counted(group, Record.birth_year, titled, below, on)


def _counted(
    group: Group, column: Any, titled: Callable[[Any, int], str], below: Sequence[DepartmentNode], on: date
) -> Group:
    earlier = year_before(on)
    for value, now, before in _rows(column, below, on, earlier):
        group.people[titled(value, on.year)] += now
        group.before[titled(value, earlier.year)] += before
    return group


def _rows(column: Any, below: Sequence[DepartmentNode], on: date, earlier: date) -> Iterator[Any]:
    sums = [func.sum(case((_there(day), 1), else_=0)) for day in (on, earlier)]
    query = select(column, *sums).where(Record.department_id.in_([row.id for row in below])).group_by(column)
    return iter(db.session.execute(query, bind_arguments=replica()).all())


def _there(day: date) -> Any:
    """At the end of the day."""
    end = datetime.combine(day + timedelta(days=1), time(), SHANGHAI)
    return and_(Record.first_approved_at < end, or_(Record.closed_at.is_(None), Record.closed_at >= end))
