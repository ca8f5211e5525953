"""Who moves: the places that a department takes over on a coming day, and the people there who chose the one before.

What was submitted is finished where it is; a record follows with the person's next change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from lib.codes import Status, YesNo
from models import Declaration, Department, Record, db
from services.accounts import inbox
from services.departments import matching, office_tree, snapshot, tree
from services.departments.snapshot import DepartmentNode

OPEN_WORK = (Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED)
CHOOSING = (Status.DRAFT, Status.RETURNED)  # the person may choose a department (again)


@dataclass(frozen=True)
class PlaceChange:
    """``open``: submitted to the department before; ``choosing``: chose it and has not submitted (again)."""

    on: date
    county: str  # codes
    streets: Sequence[str]  # none: the whole county
    before: DepartmentNode
    after: DepartmentNode
    open: int
    choosing: int
    records: int

    @property
    def place(self) -> str:
        names = snapshot.current().divisions
        return names[self.county] + ("：" + "、".join(names[code] for code in self.streets) if self.streets else "")


def coming(code: str = "") -> Sequence[PlaceChange]:
    """What changes hands when a department opens (again): of one, or of all that have a day for it."""
    rows = [row for row in tree.load().rows if not row.active and row.reopens_on and code in ("", row.code)]
    return [change for row in rows for change in _changes(row)]


def _changes(after: DepartmentNode) -> Iterator[PlaceChange]:
    for county, streets in office_tree.coverage(after.code).items():
        by_department: dict[DepartmentNode, list[str]] = {}
        for street in streets or ("",):
            if before := matching.responsible(county, street):
                by_department.setdefault(before, []).extend([street] if street else [])
        for before, some in by_department.items():
            yield _counted(after, before, county, some)


def _counted(after: DepartmentNode, before: DepartmentNode, county: str, streets: Sequence[str]) -> PlaceChange:
    there, files = _lives_in(county, streets), select(func.count(Declaration.id))
    open_ = files.where(there, Declaration.department_id == before.id, Declaration.status.in_(OPEN_WORK))
    records = select(func.count(Record.id)).join(Declaration, Declaration.id == Record.declaration_id)
    records = records.where(there, Record.department_id == before.id)
    choosing = files.where(*_chose(before.code, there))
    numbers = (db.session.scalar(query) or 0 for query in (open_, choosing, records))
    assert after.reopens_on
    return PlaceChange(after.reopens_on, county, streets, before, after, *numbers)


def _lives_in(county: str, streets: Sequence[str]) -> ColumnElement[bool]:
    """By the address that decides: of the employer, if there is one."""
    employed = Declaration.has_employer == YesNo.YES
    if streets:
        return case((employed, Declaration.employer_street), else_=Declaration.home_street).in_(streets)
    return case((employed, Declaration.employer_county), else_=Declaration.home_county) == county


def _chose(code: str, there: ColumnElement[bool]) -> tuple[Any, ...]:
    return there, Declaration.department_code == code, Declaration.status.in_(CHOOSING)


def tell_choosing(department: Department) -> None:
    """Before it opens for the first time: who chose the one before for these places is asked to choose again."""
    for change in coming(department.code):
        query = select(Declaration.id, Declaration.account_id, Declaration.number)
        chose = _chose(change.before.code, _lives_in(change.county, change.streets))
        for row in db.session.execute(query.where(*chose)).all():
            body = (
                f"您在申报 {row.number} 中填写的地址改由{department.name}受理。请重新选择会计管理部门，保存后再提交。"
            )
            inbox.send(row.account_id, "请重新选择会计管理部门", body, "/apply/department", declaration_id=row.id)
