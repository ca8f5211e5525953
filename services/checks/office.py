"""The employer and the department that is responsible."""

from __future__ import annotations

from sqlalchemy import select

from lib import identity
from lib.codes import Status, YesNo
from lib.database import Prebuilt, parameter
from models import Declaration, db
from services.checks.case import Case, Outcome, look, passed, unknown
from services.departments import matching, snapshot

#: In these the working copy is what was submitted last.
AS_SUBMITTED = (Status.SUBMITTED, Status.IN_REVIEW, Status.APPROVED)
ENOUGH = 20  # of other people's files; the page shows fewer


def employer_code(case: Case) -> Outcome | None:
    if case.get("has_employer") != YesNo.YES:
        return None
    code = case.get("employer_code") or ""
    if problem := identity.uscc_problem(code):
        return look(problem, "employer_code")
    if identity.uscc_check_ok(code):
        return passed("统一社会信用代码的校验位正确", "employer_code")
    return look("统一社会信用代码的校验位不对，申报人已确认与证照一致，请核对证照", "employer_code")


_OTHER_NAMES = Prebuilt(
    select(Declaration.id)
    .where(Declaration.employer_code == parameter("code"), Declaration.employer_name != parameter("name"))
    .where(Declaration.status.in_(AS_SUBMITTED), Declaration.account_id != parameter("account_id"))
    .limit(ENOUGH)
)


def employer_name(case: Case) -> Outcome | None:
    """Does anybody else state another name for the same code? Range of an index; the same name is not read."""
    code, name = case.get("employer_code"), case.get("employer_name")
    if case.get("has_employer") != YesNo.YES or not code:
        return None
    here = {"code": code, "name": name, "account_id": case.declaration.account_id}
    others = [row.id for row in _OTHER_NAMES.rows(db.session, **here)]
    if not others:
        return passed("没有其他人用同一代码填写别的单位名称", "employer_code", "employer_name")
    return look("其他人用同一代码填写了别的单位名称", "employer_name", "employer_code", others=others)


def area(case: Case) -> Outcome:
    """Is the chosen department the one that address and affiliation lead to first?"""
    side = "employer" if case.get("has_employer") == YesNo.YES else "home"
    city, county, street = (case.get(f"{side}_{level}") for level in ("city", "county", "street"))
    if not city or not county:
        return unknown("没有填写所在县(区)", "department_code")
    affiliation = case.get("affiliation") if side == "employer" else None
    found, chosen = matching.match(city, county, street, affiliation), case.get("department_code")
    targets = ("department_code", f"{side}_county")
    if not found:
        return unknown("没有找到管辖所填地址的部门", *targets)
    if chosen == found[0].code:
        return passed("会计管理部门与所填地址相符", *targets)
    reason = next((candidate.reason for candidate in found if candidate.code == chosen), "")
    if not reason:
        return look(f"{_name(chosen)}不管辖所填地址，应为{found[0].name}", *targets)
    return look(f"按所填地址应为{found[0].name}，申报人选了{_name(chosen)}({reason})", *targets)


def _name(code: str | None) -> str:
    return snapshot.current().titles["department"].get(code or "", "所选部门")
