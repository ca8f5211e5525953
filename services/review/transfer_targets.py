"""转交: to which departments a submission can be offered, those that match the person's address first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from lib.codes import YesNo
from models import Declaration, Department, Revision, db
from services.departments import matching
from services.departments.snapshot import DepartmentNode


@dataclass(frozen=True)
class TransferTargets:
    """A part of the list. The first part is what matches the address, as far as it is another department."""

    title: str
    departments: Sequence[DepartmentNode]


def offices(declaration: Declaration, revision: Revision) -> list[TransferTargets]:
    """Departments in use other than the handling one, without those that collect by themselves."""
    groups = [
        TransferTargets(group.name, [office for office in group.departments if _takes(office, declaration)])
        for group in matching.phone_book()
    ]
    by_code = {office.code: office for group in groups for office in group.departments}
    fitting = [by_code[code] for code in _for_address(revision.answers) if code in by_code]
    return [group for group in (TransferTargets("与申报人所填地址相符", fitting), *groups) if group.departments]


def office(declaration: Declaration, revision: Revision, code: str) -> Department | None:
    """The row of one of them; None for any other code."""
    codes = {office.code for group in offices(declaration, revision) for office in group.departments}
    return db.session.scalar(select(Department).where(Department.code == code)) if code in codes else None


def _takes(office: DepartmentNode, declaration: Declaration) -> bool:
    return not office.own_system and office.id != declaration.department_id


def _for_address(answers: Mapping[str, Any]) -> list[str]:
    side = "employer" if answers.get("has_employer") == YesNo.YES else "home"
    affiliation = answers["affiliation"] if side == "employer" else None
    place = answers[f"{side}_city"], answers[f"{side}_county"], answers.get(f"{side}_street")
    return [candidate.code for candidate in matching.match(*place, affiliation)]
