"""What the list of records is narrowed to. It may stand in an address: employers as row numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lib.clock import SHANGHAI, today
from lib.codes import QualificationLevel

STATES = {"standing": "在册", "closed": "已注销或调出", "moved": "已调出"}
SORTS = {
    "": "最近变更的在前",
    "oldest": "最早变更的在前",
    "first": "最近建档的在前",
    "first_oldest": "最早建档的在前",
    "name": "姓名（拼音）",
    "employer": "工作单位（拼音）",
    "department": "会计管理部门",
}
FIRST_YEAR = 2019  # no record is older than the collection itself
EMPLOYERS_AT_MOST = 20
_DEPARTMENT = re.compile(r"[0-9]{6}[0-9A-Z-]{0,6}_?\Z")
_EMPLOYERS = re.compile(r"[0-9]{1,15}(?:-[0-9]{1,15}){0,19}\Z")


@dataclass(frozen=True)
class RecordFilters:
    """``department``: a code, as in services.queue.filters. ``employers``: rows of models.Employer."""

    department: str = ""
    employers: tuple[int, ...] = ()
    qualification: str = ""
    year: int = 0
    state: str = ""
    sort: str = ""

    @classmethod
    def read(cls, sent: Mapping[str, str]) -> RecordFilters:
        """From an address or a form. A value that was never offered is ignored."""
        department, employers = sent.get("department", ""), sent.get("employers", "")
        year = sent.get("year", "")
        return cls(
            department=department if _DEPARTMENT.match(department) else "",
            employers=tuple(map(int, employers.split("-"))) if _EMPLOYERS.match(employers) else (),
            qualification=_one_of(QualificationLevel.choices(), sent.get("qualification")),
            year=int(year) if year in map(str, years()) else 0,
            state=_one_of(STATES, sent.get("state")),
            sort=_one_of(SORTS, sent.get("sort")),
        )

    def address(self) -> dict[str, Any]:
        """The part of the address that differs from the plain list."""
        said = {name: value for name, value in vars(self).items() if value}
        if self.employers:
            said["employers"] = "-".join(map(str, self.employers))
        return {name: str(value) for name, value in said.items()}

    @property
    def narrowed(self) -> bool:
        return self != RecordFilters(sort=self.sort)

    @property
    def by_approval(self) -> bool:
        """In an order that the filters have indexes for."""
        return self.sort in ("", "oldest")

    def values(self) -> dict[str, Any]:
        """The parameters of the list's statement (services.records.office_list), but place and employer."""
        found: dict[str, Any] = {}
        if self.qualification:
            found["qualification"] = self.qualification
        if self.year:
            found["since"], found["until"] = (datetime(self.year + n, 1, 1, tzinfo=SHANGHAI) for n in (0, 1))
        return found


ALL = RecordFilters()


def years() -> range:
    """The years that are offered, the latest first."""
    return range(today().year, FIRST_YEAR - 1, -1)


def _one_of(known: Mapping[str, str], value: str | None) -> str:
    return value if value and value in known else ""
