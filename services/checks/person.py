"""Number, age and dates of the person."""

from __future__ import annotations

from datetime import date

from lib import identity
from lib.clock import today
from lib.codes import IdType, Sex
from services.checks.case import Case, Outcome, look, passed, unknown, verdict
from services.declaration import labels
from services.queue.filters import OFFICE_TURN

AGES = (16, 70)
INTERNSHIP = 1  # years that a person may have worked before the full-time diploma
#: Earlier, later: both are dates or months, the coarser of the two decides.
ORDER = (
    ("work_started", "accounting_started"),
    ("accounting_started", "technical_post_on"),
    ("qualification_on", "technical_post_on"),
)
SINCE_16 = ("work_started", "accounting_started", "qualification_on", "technical_post_on")
PAST = (*SINCE_16, "birth_date", "full_time_graduated", "part_time_graduated")


def number(case: Case) -> Outcome:
    """Check character, birth date and sex of the number against the answers."""
    kind, digits = case.get("id_type"), case.get("id_number")
    if problem := identity.number_problem(kind, digits, case.day):
        return look(problem, "id_number")
    if digits != case.account.id_number:
        return look("证件号码在提交之后更正过", "id_number")
    facts = identity.facts_from_number(kind, digits)
    if facts is None:
        return unknown(f"{IdType(kind).label}的号码里没有出生日期和性别，请对照证件图片", "birth_date", "sex")
    problems = []
    if facts[0] != case.get("sex"):
        problems.append(("sex", f"号码里的性别是{Sex(facts[0]).label}，与填写的不同"))
    if facts[1].isoformat() != case.get("birth_date"):
        problems.append(("birth_date", f"号码里的出生日期是 {facts[1]}，与填写的不同"))
    return verdict(problems, "证件号码的校验位、出生日期、性别一致")


def age(case: Case) -> Outcome:
    born, day = date.fromisoformat(case.get("birth_date")), case.day
    years = day.year - born.year - ((day.month, day.day) < (born.month, born.day))
    if AGES[0] <= years <= AGES[1]:
        return passed(f"年龄 {years} 岁，在 {AGES[0]} 至 {AGES[1]} 岁之间", "birth_date")
    return look(f"年龄 {years} 岁，不在 {AGES[0]} 至 {AGES[1]} 岁之间", "birth_date")


def card(case: Case) -> Outcome | None:
    """Is the resident identity card valid: today while the office has the submission, later on the day it was sent?"""
    last = case.get("id_expires_on")
    if not last or case.get("id_type") != IdType.RESIDENT:
        return None
    if last < case.day.isoformat():
        return look(f"身份证有效期至 {last}，提交时已经过期，请对照国徽面", "id_expires_on", "id_emblem")
    if case.declaration.status in OFFICE_TURN and last < today().isoformat():
        return look(f"身份证有效期至 {last}，提交以后过期，请对照国徽面", "id_expires_on", "id_emblem")
    return passed(f"身份证有效期至 {last}，没有过期", "id_expires_on")


def dates(case: Case) -> Outcome:
    """Nothing ahead, nothing before 16, and one after the other. Full-time studies may overlap with work by a year."""
    sent, born = case.day.isoformat(), str(case.get("birth_date"))
    problems = [(name, f"{_said(case, name)}晚于提交日期") for name in PAST if _before(sent, case.get(name))]
    sixteen = f"{int(born[:4]) + 16}{born[4:]}"
    problems += [
        (name, f"{_said(case, name)}早于年满 16 周岁") for name in SINCE_16 if _before(case.get(name), sixteen)
    ]
    for earlier, later in ORDER:
        if _before(case.get(later), case.get(earlier)):
            problems += [(later, f"{_said(case, later)}早于{_said(case, earlier)}"), (earlier, "")]
    problems += _studies(case)
    found = [(target, words) for target, words in problems if words]
    outcome = verdict(found, "各项日期的先后合理")
    targets = tuple(dict.fromkeys(target for target, _words in problems))
    return Outcome(outcome.state, outcome.reason, targets)


def _studies(case: Case) -> list[tuple[str, str]]:
    graduated, started = case.get("full_time_graduated"), case.get("work_started") or case.get("accounting_started")
    if not graduated or not started:
        return []
    name = "work_started" if case.get("work_started") else "accounting_started"
    if not _before(started, f"{int(graduated[:4]) - INTERNSHIP}{graduated[4:]}"):
        return []
    return [("full_time_graduated", f"{_said(case, name)}比{_said(case, 'full_time_graduated')}早一年以上"), (name, "")]


def _said(case: Case, name: str) -> str:
    return f"{labels.short(name)}({case.get(name)})"


def _before(first: str | None, second: str | None) -> bool:
    """Is the first earlier, as far as both tell?"""
    if not first or not second:
        return False
    length = min(len(first), len(second))
    return first[:length] < second[:length]
