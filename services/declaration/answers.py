"""The applicant's answers, read through STEPS: complete or not, in sections, frozen, compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from forms import STEPS, Step
from lib import identity
from lib.clock import today
from lib.codes import IdType, YesNo
from lib.csvlist import load
from lib.questions.conditions import FormContext
from lib.questions.fields import Question, StepForm
from models import Account, Declaration, Department, Option, db
from services.departments import matching

DATA = Path(__file__).resolve().parents[2] / "data"
#: Facts about the person that stand among the answers but are no questions: name -> label, after the first question.
IDENTITY = {"id_type": "证件类型", "id_number": "证件号码"}


@dataclass(frozen=True)
class AnswerRow:
    """One answered question, in words. ``markable``: an officer may ask for its correction."""

    name: str
    label: str
    text: str
    short: str
    span: int = 0
    markable: bool = True


@dataclass(frozen=True)
class AnswerSection:
    step: Step
    rows: tuple[AnswerRow, ...]


@dataclass(frozen=True)
class Change:
    """What differs between two frozen sets of answers, in words. An empty side: the question was not asked there."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Gap:
    """One thing that is missing or wrong on a page."""

    step: Step
    name: str
    message: str


@cache
def standard_lists() -> dict[str, dict[str, str]]:
    """The lists that a standard fixes and that are too long for an enum."""
    return {
        "nation": load(DATA / "nations.csv"),
        "industry": load(DATA / "industries.csv"),
        "region": load(DATA / "countries.csv"),
    }


def _option_lists() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    offered, titles = dict(standard_lists()), dict(standard_lists())
    rows = db.session.execute(
        select(Option.list_name, Option.code, Option.title, Option.retired).order_by(Option.position)
    )
    for list_name, code, title, retired in rows:
        titles.setdefault(list_name, {})[code] = title
        if not retired:
            offered.setdefault(list_name, {})[code] = title
    names = db.session.execute(select(Department.code, Department.name))
    titles["department"] = {row.code: row.name for row in names}
    return offered, titles


def divisions_below(parent: str) -> Mapping[str, str]:
    """Cities for the empty string, counties of a city, streets of a county: code -> name."""
    if not parent:
        return matching.cities()
    return matching.counties(parent) if parent.endswith("00") else matching.streets(parent)


def _candidates(facts: Mapping[str, Any]) -> Sequence[matching.DepartmentMatch]:
    side = "employer" if facts.get("has_employer") == YesNo.YES else "home"
    city, county, street = (facts.get(f"{side}_{level}") for level in ("city", "county", "street"))
    if not city or not county:
        return ()
    affiliation = facts.get("affiliation") if side == "employer" else None
    found = matching.match(city, county, street, affiliation)
    if any(candidate.own_system for candidate in found) and affiliation not in ("central", "provincial"):
        return [candidate for candidate in found if candidate.own_system]
    return found


def _asked(facts: Mapping[str, Any], day: date | None = None) -> FormContext:
    from lib.pdf.fonts import missing

    offered, titles = _option_lists()
    return FormContext(
        facts=facts,
        today=day or today(),
        options=offered,
        titles=titles,
        divisions=_Memo(divisions_below),
        departments=_candidates,
        unprintable=missing,
    )


class _Memo(dict[str, Mapping[str, str]]):
    """Divisions asked for once per page."""

    def __init__(self, load_one: Any) -> None:
        self.load_one = load_one

    def __missing__(self, parent: str) -> Mapping[str, str]:
        self[parent] = self.load_one(parent)
        return self[parent]

    def __call__(self, parent: str) -> Mapping[str, str]:
        return self[parent]


def question_names() -> list[str]:
    return [name for step in STEPS for name in _names(step)]


@cache
def _names(step: Step) -> tuple[str, ...]:
    return tuple(step.form(None, asked=FormContext())._fields)


def stored(declaration: Declaration) -> dict[str, Any]:
    return {name: getattr(declaration, name) for name in question_names()}


def identity_facts(account: Account) -> dict[str, Any]:
    """What the registration tells: document, and for some documents sex and birth date."""
    told = identity.facts_from_number(account.id_type, account.id_number)
    facts: dict[str, Any] = {"id_type": account.id_type.value, "id_number": account.id_number}
    return facts | ({"number_sex": told[0], "number_birth_date": told[1]} if told else {})


def known_name(account: Account, has_record: bool) -> str | None:
    """The name in the legacy or the archived record: a different one needs a proof."""
    return account.name if has_record else account.legacy.name if account.legacy else None


def facts(declaration: Declaration) -> dict[str, Any]:
    """The stored answers of all pages and what is derived from them."""
    answers = stored(declaration)
    known = known_name(declaration.account, declaration.kind == "change")
    differs = known is not None and answers["applicant_name"] not in (None, known)
    return (
        identity_facts(declaration.account) | answers | {"name_differs": YesNo.YES.value if differs else YesNo.NO.value}
    )


def asked(declaration: Declaration, day: date | None = None) -> FormContext:
    return _asked(facts(declaration), day)


def asked_for(frozen: Mapping[str, Any]) -> FormContext:
    """The same for a revision's or a sheet's frozen answers."""
    return _asked(frozen)


def save(declaration: Declaration, form: StepForm) -> None:
    """Store a valid page: each question in its column, one that is not asked as NULL."""
    for name, answer in form.answers().items():
        setattr(declaration, name, answer)


def gaps(context: FormContext) -> list[Gap]:
    """What is missing or wrong on all pages, by the same forms that take the answers."""
    return [gap for step in STEPS for gap in _step_gaps(step, context)]


def _step_gaps(step: Step, context: FormContext) -> list[Gap]:
    form = step.form(None, asked=context)
    if form.checks():
        return []
    return [Gap(step, question.name, question.errors_text[0]) for question in form.questions if question.errors]


def sections(answers: Mapping[str, Any], context: FormContext | None = None) -> list[AnswerSection]:
    """Answers in words, page by page. ``answers`` holds the facts of a working copy or a revision's frozen answers."""
    context = context or _asked(answers)
    return [AnswerSection(step, tuple(_rows(step.form(None, asked=context, data=answers), answers))) for step in STEPS]


def _rows(form: StepForm, answers: Mapping[str, Any]) -> list[AnswerRow]:
    rows = [_row(question, answers) for question in form.questions if form.asks(question)]
    if form.questions[0].name != "applicant_name":
        return rows
    titles = {"id_type": IdType(answers["id_type"]).label, "id_number": answers["id_number"]}
    known = [AnswerRow(name, label, titles[name], label, markable=False) for name, label in IDENTITY.items()]
    return rows[:1] + known + rows[1:]


def _row(question: Question, answers: Mapping[str, Any]) -> AnswerRow:
    return AnswerRow(
        question.name, question.label.text, question.say(answers.get(question.name)), question.short, question.span
    )


def freeze(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as JSON values that never change again: codes, ISO dates, and the document's number as it is today."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Change]:
    """What differs between two frozen sets of answers, by question name, in the order of the pages."""
    before, after = _by_name(sections(old)), _by_name(sections(new))
    names = [name for name in (*IDENTITY, *question_names()) if _differs(name, old, new, before, after)]
    rows = ((name, before.get(name), after.get(name)) for name in names)
    return {
        name: Change(name, (now or was).label, was.text if was else "", now.text if now else "")  # type: ignore[union-attr]
        for name, was, now in rows
        if was or now
    }


def _differs(
    name: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    before: Mapping[str, AnswerRow],
    after: Mapping[str, AnswerRow],
) -> bool:
    """Another answer, or one that stands on only one side: it was kept while it was not asked for."""
    was, now = (rows[name].text if name in rows else "" for rows in (before, after))
    return old.get(name) != new.get(name) or was != now


def _by_name(found: list[AnswerSection]) -> dict[str, AnswerRow]:
    return {row.name: row for section in found for row in section.rows}
