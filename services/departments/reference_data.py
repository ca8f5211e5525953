"""Reference data of a province: divisions, departments, option lists, reasons of return, calendar. Safe to load again.

What people may have edited since (titles, phones, retired options) is never overwritten; what is new is added.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from lib.codes import DepartmentKind
from lib.csvlist import calendar_days, rows
from lib.workdays import Calendar
from models import CalendarDay, Department, DepartmentDivision, Division, Option, ReturnReason, db
from services.departments import reference_version

DATA = Path(__file__).resolve().parents[2] / "data"  # what is the same in every province


def load_reference_data(folder: Path) -> dict[str, int]:
    """Load the lists; returns how many rows were new, by table. The caller commits.

    ``folder``: those of the province. ``departments.csv`` has what does not follow from the divisions: functional zones
    (an administrator adds their streets), and who collects by itself, with all below it.

    The version is new in any case: running processes then also see what was changed by SQL.
    """
    reference_version.renew(db.session())
    return {
        "divisions": _load_divisions(folder),
        "departments": _load_departments(folder),
        "options": _load_options(DATA),
        "return reasons": _load_reasons(DATA),
        "calendar days": _load_calendar(DATA),
    }


def _add_new(model: Any, key: tuple[str, ...], wanted: Iterable[dict[str, Any]]) -> int:
    columns = [getattr(model, name) for name in key]
    known = {tuple(row) for row in db.session.execute(select(*columns))}
    new = [values for values in wanted if tuple(values[name] for name in key) not in known]
    db.session.add_all([model(**values) for values in new])
    db.session.flush()
    return len(new)


def _load_divisions(folder: Path) -> int:
    wanted = (
        {"code": row["code"], "name": row["name"], "level": row["level"], "parent_code": row["parent"] or None}
        for row in rows(folder / "divisions.csv")
    )
    return _add_new(Division, ("code",), wanted)


def _load_departments(folder: Path) -> int:
    """省财政厅 → city bureaus → county bureaus → zones."""
    special = {row["code"]: row for row in rows(folder / "departments.csv")}
    query = select(Division).where(Division.level != "street").order_by(Division.code)
    by_code = {department.code: department for department in db.session.scalars(select(Department))}
    before = len(by_code)
    for division in db.session.scalars(query).all():
        if division.code not in by_code:
            parent = by_code.get(division.parent_code or "")
            made = by_code[division.code] = _department(division.code, _name(division), division.level, parent)
            made.own_system |= special.get(division.code, {}).get("own_system") == "1"
    for code, row in special.items():
        if code not in by_code:
            by_code[code] = _department(code, row["name"], "zone", by_code[row["parent"]])
    return len(by_code) - before


def _department(code: str, name: str, level: str, parent: Department | None) -> Department:
    kind = DepartmentKind(level)
    path = f"{parent.path if parent else ''}{code}/"
    own = bool(parent and parent.own_system)
    department = Department(code=code, name=name, kind=kind, parent=parent, path=path, own_system=own)
    db.session.add(department)
    db.session.flush()
    if level == "county":
        db.session.add(DepartmentDivision(department_id=department.id, division_code=code))
    return department


def _name(division: Division) -> str:
    """Names of districts repeat (铁西区 twice), so their city comes first; 海城市 and 康平县 exist only once."""
    if division.level == "province":
        return f"{division.name}财政厅"
    city = db.session.get(Division, division.parent_code)
    front = city.name if city and division.level == "county" and division.name.endswith("区") else ""
    return f"{front}{division.name}财政局"


def _load_options(folder: Path) -> int:
    wanted = (
        {
            "list_name": row["list_name"],
            "code": row["code"],
            "title": row["title"],
            "position": int(row["position"]),
            "locked": row["locked"] == "1",
        }
        for row in rows(folder / "options.csv")
    )
    return _add_new(Option, ("list_name", "code"), wanted)


def _load_reasons(folder: Path) -> int:
    wanted = ({**row, "position": int(row["position"])} for row in rows(folder / "return_reasons.csv"))
    return _add_new(ReturnReason, ("code",), wanted)


def _load_calendar(folder: Path) -> int:
    """A year whose notice was entered keeps its days: what the law alone gives is not added to them."""
    known = Calendar.of(db.session.execute(select(CalendarDay.day, CalendarDay.kind, CalendarDay.source))).known_years
    wanted = (
        {"day": day, "kind": kind, "source": source}
        for day, kind, source in calendar_days(folder / "calendar.csv")
        if day.year not in known
    )
    return _add_new(CalendarDay, ("day",), wanted)
