"""What the 系统管理员 changes in the tree of departments: a zone, a name, what is covered, a system of their own.

Codes are never used again: a department is closed, not deleted.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, select

from lib.codes import DepartmentKind
from models import Department, DepartmentDivision, db
from services import audit
from services.access import Actor
from services.departments import office_tree, snapshot, tree
from services.departments.snapshot import DepartmentNode

SUFFIX = re.compile(r"[A-Z][A-Z0-9]{0,4}")
LONGEST_PATH = 60
COVERING = (DepartmentKind.COUNTY, DepartmentKind.ZONE)  # the others take what their level says


class DepartmentRefused(Exception):
    """The change is not possible. ``field``: of the form, to which the message belongs."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class OwnSystem:
    """``used``: the department collects by itself. The address and the words lead people on."""

    used: bool
    url: str = ""
    words: str = ""


def row_of(node: DepartmentNode) -> Department:
    return db.session.get_one(Department, node.id)


def parents() -> dict[str, str]:
    """Departments that a zone may belong to: code -> name."""
    rows = tree.load().rows
    return {row.code: row.name for row in rows if row.active and row.kind != DepartmentKind.ZONE}


def add_zone(actor: Actor | None, name: str, suffix: str, parent_code: str) -> Department:
    """A functional zone. What it covers is chosen afterwards."""
    offices = tree.load()
    if parent_code not in parents():
        raise DepartmentRefused("parent", "请选择上级部门")
    if not SUFFIX.fullmatch(suffix):
        raise DepartmentRefused("suffix", "请填写 1 至 5 个大写字母或数字，以字母开头，例如 KF")
    above, code = offices.by_code[parent_code], f"{parent_code[:6]}-{suffix}"
    if code in offices.by_code:
        raise DepartmentRefused("suffix", f"代码 {code} 已经用过（{offices.by_code[code].name}），请换一个后缀")
    refuse_taken_name(name)
    made = Department(code=code, name=name, kind=DepartmentKind.ZONE, parent_id=above.id)
    made.path, made.own_system = f"{above.path}{code}/", above.own_system
    made.system_url, made.system_words = above.system_url, above.system_words
    db.session.add(made)
    db.session.flush()
    audit.record("department_added", actor, detail=code)
    return made


def refuse_taken_name(name: str, code: str = "") -> None:
    same = (row for row in tree.load().rows if row.name == name and _stands(row) and row.code != code)
    if next(same, None):
        raise DepartmentRefused("name", "已有同名的部门，请换一个名称")


def edit(actor: Actor, department: Department, name: str, system: OwnSystem) -> None:
    """Name and system. A system of its own counts for the departments below, too."""
    refuse_taken_name(name, department.code)
    if department.kind == DepartmentKind.PROVINCE and system.used:
        raise DepartmentRefused("own_system", "省财政厅由本平台受理，不能改为使用自己的采集系统")
    url, words = (system.url or None, system.words or None) if system.used else (None, None)
    if name != department.name:
        department.name = name
        audit.record(audit.RENAMED, actor, detail=department.code)
    if (department.own_system, department.system_url, department.system_words) == (system.used, url, words):
        return
    for row in db.session.scalars(select(Department).where(Department.path.startswith(department.path))):
        row.own_system, row.system_url, row.system_words = system.used, url, words
    audit.record("department_system", actor, detail=f"{department.code}: {'own' if system.used else 'here'}")


def cover(actor: Actor, department: Department, county: str, streets: Collection[str], *, whole: bool) -> None:
    """What a department covers in one county: all of it, or single streets (none: nothing there)."""
    known = snapshot.current().divisions_below.get(("street", county), {})
    if department.kind not in COVERING or not set(streets) <= set(known):
        raise DepartmentRefused("streets", "请选择这个县(区)的街道")
    wanted = {county} if whole else set(streets)
    _refuse_taken(department, wanted)
    mine = DepartmentDivision.department_id == department.id
    db.session.execute(delete(DepartmentDivision).where(mine, DepartmentDivision.division_code.in_((county, *known))))
    db.session.add_all(DepartmentDivision(department_id=department.id, division_code=code) for code in sorted(wanted))
    db.session.flush()
    audit.record("department_covers", actor, detail=f"{department.code} in {county}: {len(wanted)}")


def _refuse_taken(department: Department, wanted: Collection[str]) -> None:
    """A place belongs to one zone, and a whole county to one bureau; a zone takes its streets out of a county."""
    reference, by_code = snapshot.current(), tree.load().by_code
    for division in sorted(wanted):
        for code in reference.covering.get(division, ()):
            other = by_code[code]
            if _stands(other) and other.id != department.id and other.kind == department.kind:
                message = f"{reference.divisions[division]}已由{other.name}负责，请先在该部门取消"
                raise DepartmentRefused("streets", message)


def _stands(row: DepartmentNode) -> bool:
    """In use, or going to be."""
    return row.active or row.reopens_on is not None


def problems() -> list[str]:
    """What is wrong in the tree, for ``flask departments check``: places that nobody covers, bureaus without any."""
    reference, rows = snapshot.current(), tree.load()
    active = {row.code for row in rows.rows if row.active}
    counties = [
        code for (level, _above), found in reference.divisions_below.items() if level == "county" for code in found
    ]
    found = [
        f"{code}：没有部门负责；请在 管理 → 部门 里指定"
        for code in counties
        if not active & set(reference.covering.get(code, ()))
    ]
    for row in rows.rows:
        if _lacks_place(row) and not _is_direct(row):
            found.append(f"{row.code}：不负责任何区划；请指定区划或撤销")
        if row.active and row.parent_id and not rows.by_id[row.parent_id].active:
            found.append(f"{row.code}：上级部门已撤销；请改换上级")
    return found


def notes() -> list[str]:
    """What somebody may still want to do: a zone of the province or of a city (省直, 市直) may go without a place."""
    return [f"{row.code}：还没有负责的区划" for row in tree.load().rows if _lacks_place(row) and _is_direct(row)]


def _lacks_place(row: DepartmentNode) -> bool:
    return row.active and row.kind in COVERING and not office_tree.coverage(row.code)


def _is_direct(row: DepartmentNode) -> bool:
    above = tree.load().by_id.get(row.parent_id or 0)
    return row.kind == DepartmentKind.ZONE and above is not None and above.kind not in COVERING
