"""Automatic checks (自动检查): what an officer should look at again. They sort, they never decide.

Each row of ``CHECKS`` is one function of a Case that answers with an Outcome, or None where it does not apply; a new
check is one function and its row.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select

from lib.codes import Status
from lib.database import Prebuilt
from models import Account, Declaration, Department, Revision, db
from services.access import Actor
from services.checks import office, others, person, pictures, proofs, signed
from services.checks.case import STATES, Case, Check, Outcome, State
from services.declaration import labels

__all__ = ["CHECKS", "CheckResult", "Match", "Outcome", "reminders", "run"]

#: Name, what it is about, how.
CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("number", "证件号码、出生日期和性别", person.number),
    ("number_again", "证件号码重复", others.number),
    ("age", "年龄", person.age),
    ("card", "身份证有效期", person.card),
    ("dates", "日期先后", person.dates),
    ("name", "姓名", proofs.name),
    ("phone_again", "手机号码重复", others.phone),
    ("picture_again", "图片重复", others.picture),
    ("employer_code", "统一社会信用代码", office.employer_code),
    ("employer_name", "同一代码的单位名称", office.employer_name),
    ("area", "会计管理部门与地址", office.area),
    ("diplomas", "学历、学位证书编号", proofs.diplomas),
    ("qualification", "资格证书编号", proofs.qualification),
    ("legacy", "会计从业资格证", proofs.legacy),
    ("marks", "退回的各处", proofs.marks),
    ("sheet", "个人基本信息表的版本", signed.sheet),
    ("signature", "申报人签名", signed.signature),
    ("stamp", "单位盖章", signed.stamp),
    ("portrait", "一寸照片", pictures.portrait),
    ("resolution", "图片像素", pictures.resolution),
    ("sharpness", "图片清晰度", pictures.sharpness),
    ("light", "图片明暗", pictures.light),
    ("edges", "图片拍全", pictures.edges),
    ("screen", "图片是否截屏", pictures.screen_shot),
)
SHOWN = 5  # of the submissions that a check has found
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Match:
    """A submission that a check has found. Outside the reader's scope it is only a department, and ``uid`` is empty."""

    text: str
    uid: str = ""


@dataclass(frozen=True)
class CheckResult:
    """``links``: (target, label) of the rows that it is about."""

    name: str
    title: str
    state: State
    reason: str
    links: Sequence[tuple[str, str]] = ()
    matches: Sequence[Match] = ()
    more: int = 0  # further matches that are not shown


def run(revision: Revision, actor: Actor | None = None) -> list[CheckResult]:
    """All results that apply, those to look at first. Without an actor no other submission is mentioned."""
    if db.session.registry.has():
        db.session.flush()  # outside the checks: what the caller wrote may fail
    case = Case(revision)
    found = [(name, title, outcome) for name, title, outcome in _outcomes(case) if outcome]
    found.sort(key=lambda one: STATES.index(one[2].state))
    seen = matches([each for _name, _title, outcome in found for each in outcome.others[:SHOWN]], actor)
    return [_result(name, title, outcome, seen) for name, title, outcome in found]


def reminders(revision: Revision) -> int:
    """How many checks ask for a second look."""
    return sum(result.state == "look" for result in run(revision))


def counted(revision: Revision) -> tuple[int, set[int]]:
    """How many checks ask for a second look, and the submissions that they found."""
    found = [outcome for _name, _title, outcome in _outcomes(Case(revision)) if outcome and outcome.state == "look"]
    return len(found), {other for outcome in found for other in outcome.others}


@contextmanager
def _may_fail() -> Iterator[None]:
    """When a statement inside fails, the transaction goes on. PostgreSQL needs a savepoint for that, SQLite nothing."""
    if db.engine.dialect.name == "sqlite":
        yield
        return
    with db.session.connection().begin_nested():  # the connection's: checks only read
        yield


def _outcomes(case: Case) -> list[tuple[str, str, Outcome | None]]:
    """All of them together; when one fails, each for itself."""
    try:
        with _may_fail():
            return [(name, title, check(case)) for name, title, check in CHECKS]
    except Exception:
        return [(name, title, _outcome(name, check, case)) for name, title, check in CHECKS]


def _outcome(name: str, check: Check, case: Case) -> Outcome | None:
    """A check that fails says so; it never stops a submission or a page."""
    try:
        with _may_fail():
            return check(case)
    except Exception as error:
        log.error("check %s: %s", name, type(error).__name__)  # the message may hold answers
        return Outcome("unknown", "这项检查没有完成，请自行核对")


def _result(name: str, title: str, outcome: Outcome, seen: dict[int, Match]) -> CheckResult:
    links = [(target, labels.short(target)) for target in outcome.targets if target in labels.table()]
    matches = list(dict.fromkeys(seen[each] for each in outcome.others[:SHOWN] if each in seen))
    more = max(0, len(outcome.others) - SHOWN) if matches else 0
    return CheckResult(name, title, outcome.state, outcome.reason, links, matches, more)


_OTHERS = Prebuilt(
    select(
        *(Declaration.id, Declaration.uid, Declaration.number, Declaration.status, Declaration.revision_number),
        *(Account.name, Account.id_index, Department.name.label("office"), Department.path),
    )
    .join(Account, Account.id == Declaration.account_id)
    .outerjoin(Department, Department.id == Declaration.department_id)
    .where(Declaration.id.in_(bindparam("these", expanding=True)))
)


def matches(declaration_ids: Sequence[int], actor: Actor | None) -> dict[int, Match]:
    """What the reader may know of each: name and number inside the scope, else only the department."""
    if actor is None or not declaration_ids:
        return {}
    rows = _OTHERS.rows(db.session, these=list(declaration_ids))
    return {row.id: _match(row, actor) for row in rows}


def _match(row: Any, actor: Actor) -> Match:
    """As access.office_declarations: submitted and not taken back, in the own scope, and not the officer's own file."""
    is_sent = row.revision_number > 0 and row.status not in (Status.DRAFT, Status.DROPPED)
    is_own = bool(actor.id_index) and row.id_index == actor.id_index
    if is_sent and not is_own and (row.path or "").startswith(actor.path):
        return Match(f"{row.name} {row.number}", row.uid)
    return Match(f"{row.office or '其他部门'}的一份申报")
