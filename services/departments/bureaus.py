"""A new bureau of a city or a county, from the day on which it opens. Zones: services.departments.administration."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from lib.clock import today
from lib.codes import DepartmentKind
from models import Department, DepartmentDivision, db
from services import audit
from services.access import Actor
from services.departments import matching, snapshot, tree
from services.departments.administration import LONGEST_PATH, DepartmentRefused, refuse_taken_name
from services.departments.snapshot import DepartmentNode

CODE = re.compile(r"[0-9]{6}")
ABOVE = (DepartmentKind.PROVINCE, DepartmentKind.CITY)


@dataclass(frozen=True)
class NewBureau:
    """``code``: of the division, six digits; a city's ends in 00. What it covers is chosen afterwards."""

    code: str
    name: str
    parent_code: str
    opens_on: date
    phone: str = ""
    address: str = ""
    hours: str = ""

    @property
    def kind(self) -> DepartmentKind:
        return DepartmentKind.CITY if self.code.endswith("00") else DepartmentKind.COUNTY


def parents() -> dict[str, str]:
    """Departments that a bureau may belong to: code -> name."""
    return {row.code: row.name for row in tree.load().rows if row.active and row.kind in ABOVE}


def add(actor: Actor | None, new: NewBureau) -> Department:
    """A county's bureau covers the county of its code, if nobody does yet. Raises DepartmentRefused."""
    if new.parent_code not in parents():
        raise DepartmentRefused("parent", "请选择上级部门")
    above = tree.load().by_code[new.parent_code]
    _refuse_code(new, above)
    refuse_taken_name(new.name)
    if new.opens_on < today():
        raise DepartmentRefused("opens_on", "启用日期不能早于今天")
    opens_now = new.opens_on == today()
    made = Department(code=new.code, name=new.name, kind=new.kind, parent_id=above.id)
    made.path, made.own_system = f"{above.path}{new.code}/", above.own_system
    made.system_url, made.system_words = above.system_url, above.system_words
    made.phone, made.address, made.hours = new.phone, new.address, new.hours
    made.active, made.reopens_on = opens_now, None if opens_now else new.opens_on
    db.session.add(made)
    db.session.flush()
    if _is_free_county(new):
        db.session.add(DepartmentDivision(department_id=made.id, division_code=new.code))
        db.session.flush()
    audit.record("department_bureau_added", actor, detail=f"{new.code} on {new.opens_on}")
    return made


def _refuse_code(new: NewBureau, above: DepartmentNode) -> None:
    known, is_city = tree.load().by_code, new.kind == DepartmentKind.CITY
    if not CODE.fullmatch(new.code) or new.code[:2] != above.code[:2] or new.code[2:4] == "00":
        raise DepartmentRefused("code", f"请填写以 {above.code[:2]} 开头的 6 位行政区划代码，例如 {above.code[:2]}0102")
    if new.code in known:
        message = f"代码 {new.code} 已经用过（{known[new.code].name}），不能再用"
        raise DepartmentRefused("code", message)
    if is_city and above.kind != DepartmentKind.PROVINCE:
        raise DepartmentRefused("parent", "代码以 00 结尾的是市级部门，上级部门应为省财政厅")
    if above.kind == DepartmentKind.CITY and new.code[:4] != above.code[:4]:
        raise DepartmentRefused("code", f"代码的前四位应与上级部门一致，即 {above.code[:4]}")
    if len(f"{above.path}{new.code}/") > LONGEST_PATH:
        raise DepartmentRefused("parent", "这个部门的层级太深，请选择其他上级部门")


def _is_free_county(new: NewBureau) -> bool:
    is_county = new.code in snapshot.current().divisions and new.kind == DepartmentKind.COUNTY
    return is_county and matching.responsible(new.code) is None
