"""The reference data as one value that never changes: read once in a process, and again when its mark is new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine, select

from lib.codes import AgreedKind, DepartmentKind
from lib.csvlist import load
from lib.workdays import Calendar
from models import (
    CalendarDay,
    Department,
    DepartmentDivision,
    Division,
    FieldHint,
    MessageText,
    Option,
    TextVersion,
    db,
)
from services.departments import reference_version

DATA = Path(__file__).resolve().parents[2] / "data"

Titles = Mapping[str, str]  # code -> title or name


@dataclass(frozen=True)
class DepartmentNode:
    """A department; the fields as in models."""

    id: int
    code: str
    name: str
    kind: DepartmentKind
    parent_id: int | None
    path: str
    own_system: bool
    phone: str
    address: str
    hours: str
    verified_on: date | None
    active: bool
    system_url: str | None
    system_words: str | None
    closes_on: date | None
    reopens_on: date | None
    successor_id: int | None

    @property
    def is_planned(self) -> bool:
        """Made, but not opened for the first time."""
        return not self.active and self.closes_on is None

    @property
    def title(self) -> str:
        """The name, for lists that hold closed ones, too."""
        return self.name if self.active else f"{self.name}（{'未启用' if self.is_planned else '已撤并'}）"


@dataclass(frozen=True)
class AgreedText:
    """A published 阅读须知 or 承诺函. ``promise``: of the 承诺函, what is printed on the sheet."""

    kind: AgreedKind
    version: str
    body: str
    promise: str
    starts_at: datetime


@dataclass(frozen=True)
class OfficeHint:
    """填写提示; the fields as in models.FieldHint."""

    id: int
    target: str
    department_id: int | None
    text: str
    starts_at: datetime
    published_at: datetime


@dataclass(frozen=True, eq=False)
class ReferenceData:
    """``departments`` in the order of the tree. ``titles`` of the lists have the retired options too."""

    departments: tuple[DepartmentNode, ...]
    covering: Mapping[str, tuple[str, ...]]  # division -> codes of the departments that cover it
    divisions: Titles
    divisions_below: Mapping[tuple[str, str], Titles]  # (level, division above) -> divisions; cities: ("city", "")
    offered: Mapping[str, Titles]
    titles: Mapping[str, Titles]
    calendar: Calendar
    texts: Mapping[str, tuple[str, str, str]]  # of messages that the province has worded: title, body, SMS
    agreed: tuple[AgreedText, ...]  # in the order in which they come into force
    hints: tuple[OfficeHint, ...]  # likewise


def current() -> ReferenceData:
    mark = reference_version.current()
    return _loaded(db.engine, mark) if mark else _load()


@lru_cache(maxsize=4)
def _loaded(_database: Engine, _mark: str) -> ReferenceData:
    """A process has one database; tests have several."""
    return _load()


def _load() -> ReferenceData:
    departments = _departments()
    offered, titles = _options()
    names = {"department": MappingProxyType({row.code: row.name for row in departments})}
    divisions, below = _divisions()
    days = db.session.execute(select(CalendarDay.day, CalendarDay.kind, CalendarDay.source)).all()
    return ReferenceData(
        departments=departments,
        covering=_covering(),
        divisions=divisions,
        divisions_below=below,
        offered=MappingProxyType({**standard_lists(), **offered}),
        titles=MappingProxyType({**standard_lists(), **titles, **names}),
        calendar=Calendar.of(days),
        texts=_texts(),
        agreed=_agreed(),
        hints=_hints(),
    )


@cache
def standard_lists() -> Mapping[str, Titles]:
    """The lists that a standard fixes and that are too long for an enum."""
    files = {"nation": "nations.csv", "industry": "industries.csv", "region": "countries.csv"}
    return {name: MappingProxyType(load(DATA / file)) for name, file in files.items()}


def _departments() -> tuple[DepartmentNode, ...]:
    columns = [getattr(Department, name) for name in DepartmentNode.__dataclass_fields__]
    return tuple(DepartmentNode(*row) for row in db.session.execute(select(*columns).order_by(Department.path)))


def _texts() -> Mapping[str, tuple[str, str, str]]:
    query = select(MessageText.name, MessageText.title, MessageText.body, MessageText.sms)
    return MappingProxyType({name: (title, body, sms) for name, title, body, sms in db.session.execute(query)})


def _agreed() -> tuple[AgreedText, ...]:
    columns = [getattr(TextVersion, name) for name in AgreedText.__dataclass_fields__]
    query = select(*columns).order_by(TextVersion.starts_at, TextVersion.id)
    return tuple(AgreedText(*row) for row in db.session.execute(query))


def _hints() -> tuple[OfficeHint, ...]:
    columns = [getattr(FieldHint, name) for name in OfficeHint.__dataclass_fields__]
    query = select(*columns).order_by(FieldHint.starts_at, FieldHint.id)
    return tuple(OfficeHint(*row) for row in db.session.execute(query))


def _covering() -> Mapping[str, tuple[str, ...]]:
    query = select(DepartmentDivision.division_code, Department.code).join(DepartmentDivision.department)
    found: dict[str, tuple[str, ...]] = {}
    for division, department in db.session.execute(query.order_by(Department.code)):
        found[division] = (*found.get(division, ()), department)
    return MappingProxyType(found)


def _divisions() -> tuple[Titles, Mapping[tuple[str, str], Titles]]:
    names: dict[str, str] = {}
    below: dict[tuple[str, str], dict[str, str]] = {}
    query = select(Division.code, Division.name, Division.level, Division.parent_code).order_by(Division.code)
    for code, name, level, parent in db.session.execute(query):
        names[code] = name
        below.setdefault((level, "" if level == "city" else parent or ""), {})[code] = name
    return MappingProxyType(names), _read_only(below)


def _options() -> tuple[Mapping[str, Titles], Mapping[str, Titles]]:
    """The lists that the province edits: what is offered now, and all titles."""
    offered: dict[str, dict[str, str]] = {}
    titles: dict[str, dict[str, str]] = {}
    query = select(Option.list_name, Option.code, Option.title, Option.retired).order_by(Option.position)
    for list_name, code, title, retired in db.session.execute(query):
        titles.setdefault(list_name, {})[code] = title
        if not retired:
            offered.setdefault(list_name, {})[code] = title
    return _read_only(offered), _read_only(titles)


def _read_only(lists: Mapping[Any, dict[str, str]]) -> Mapping[Any, Titles]:
    return MappingProxyType({key: MappingProxyType(titles) for key, titles in lists.items()})
