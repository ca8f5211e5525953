"""The applicant's answers, read through STEPS: complete or not, in sections, frozen, compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from forms import STEPS
from lib import identity
from lib.clock import today
from lib.codes import IdType, YesNo
from lib.questions.answered import AnsweredPage
from lib.questions.conditions import FormContext
from lib.questions.fields import Question, StepForm
from lib.questions.pages import Step
from lib.questions.validators import problem_of
from models import Account, Declaration
from services.declaration import labels
from services.departments import matching, snapshot

LONGEST_BESIDE = 17  # Han characters


class AnswerRow(NamedTuple):
    """One answered question, in words. ``on_page``: a page asks it; the ID document comes from the account."""

    name: str
    label: str
    text: str
    short: str
    span: int = 0
    on_page: bool = True

    @property
    def is_long(self) -> bool:
        """More than a phone shows beside the label."""
        return len(self.text) > LONGEST_BESIDE


_NONE: Mapping[str, AnswerRow] = {}


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
    from lib.pdf.fonts import missing_characters

    reference = snapshot.current()
    return FormContext(
        facts=facts,
        today=day or today(),
        options=reference.offered,
        titles=reference.titles,
        divisions=divisions_below,
        departments=_candidates,
        unprintable=missing_characters,
    )


@cache
def question_names() -> Sequence[str]:
    return tuple(name for step in STEPS for name in labels.names(step))


@cache
def not_printed() -> frozenset[str]:
    """The questions that are not on the sheet."""
    return frozenset(q.name for step in STEPS for q in labels.unfilled(step).questions if not q.printed)


def stored(declaration: Declaration) -> dict[str, Any]:
    return {name: getattr(declaration, name) for name in question_names()}


def identity_facts(account: Account) -> dict[str, Any]:
    """What the registration says: the ID document, and for some documents sex and birth date."""
    in_number = identity.facts_from_number(account.id_type, account.id_number)
    facts: dict[str, Any] = {"id_type": account.id_type.value, "id_number": account.id_number}
    return facts | ({"number_sex": in_number[0], "number_birth_date": in_number[1]} if in_number else {})


def follow_document(declaration: Declaration, before: Mapping[str, Any]) -> None:
    """What hangs on the ID document, after it became another one than in ``before`` (identity_facts).

    Sex and birth date follow the number. Where only the old number gave them, they are asked for.
    """
    known = identity_facts(declaration.account)
    step = labels.table()["id_number"].step
    assert step
    form = step.form(None, context=asked(declaration))
    for question in form.questions:
        fact = question.derived
        if fact and fact in {**before, **known}:
            setattr(declaration, question.name, known.get(fact))
        elif not form.asks(question):
            setattr(declaration, question.name, None)


def known_name(account: Account, has_record: bool) -> str | None:
    """The name in the legacy or the archived record: a different one needs a proof."""
    return account.name if has_record else account.legacy.name if account.legacy else None


def facts(declaration: Declaration) -> dict[str, Any]:
    """The stored answers of all pages and what is derived from them."""
    return facts_with(declaration, identity_facts(declaration.account), stored(declaration))


def facts_with(declaration: Declaration, known: Mapping[str, Any], answers: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with other ``answers`` than those in the ``known`` ones."""
    found = {**known, **answers}
    name = known_name(declaration.account, declaration.kind == "change")
    differs = name is not None and found["applicant_name"] not in (None, name)
    return found | {"name_differs": YesNo.YES.value if differs else YesNo.NO.value}


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
    return [gap for step in STEPS for gap in step_gaps(step, context)]


def step_gaps(step: Step, context: FormContext) -> list[Gap]:
    """The same on one page."""
    form = step.form(None, context=context)
    if form.checks():
        return []
    return [Gap(step, question.name, problem_of(question)) for question in form.questions if question.errors]


def sections(answers: Mapping[str, Any], context: FormContext | None = None) -> list[AnswerSection]:
    """Answers in words, page by page. ``answers`` holds the facts of a working copy or a revision's frozen answers."""
    return sections_of(pages(answers, context), answers)


def pages(answers: Mapping[str, Any], context: FormContext | None = None) -> list[tuple[Step, AnsweredPage]]:
    """The pages with these answers, to be read."""
    context = context or _asked(answers)
    return [(step, AnsweredPage(step.form, context, answers)) for step in STEPS]


def sections_of(filled: Sequence[tuple[Step, AnsweredPage]], answers: Mapping[str, Any]) -> list[AnswerSection]:
    """The same sections, of pages that are filled already."""
    return [AnswerSection(step, _rows(step, page, answers)) for step, page in filled]


def sections_beside(
    filled: Sequence[tuple[Step, AnsweredPage]],
    answers: Mapping[str, Any],
    shown: Sequence[AnswerSection],
    its: Mapping[str, Any],
) -> list[AnswerSection]:
    """The same for answers that are compared: a row that the other sections say in the same words is not made again."""
    alike = {name: row for name, row in _by_name(shown).items() if its.get(name) == answers.get(name)}
    return [AnswerSection(step, _rows(step, page, answers, alike)) for step, page in filled]


def _rows(
    step: Step, page: AnsweredPage, answers: Mapping[str, Any], alike: Mapping[str, AnswerRow] = _NONE
) -> tuple[AnswerRow, ...]:
    rows = []
    for question in page.asked():
        row = None if page.has_own_choices(question) else alike.get(question.name)
        rows.append(row or answer_row(question, page.say(question, answers.get(question.name))))
        if question.name == step.document_after:
            rows += document_rows(IdType(answers["id_type"]).label, answers["id_number"])
    return tuple(rows)


def answer_row(question: Question, text: str) -> AnswerRow:
    return AnswerRow(question.name, question.label.text, text, question.short, question.span)


def document_rows(*texts: str) -> list[AnswerRow]:
    """Type and number of the ID document, which no page asks for."""
    titles = zip(labels.IDENTITY.items(), texts, strict=True)
    return [AnswerRow(name, label, text, label, on_page=False) for (name, label), text in titles]


def freeze(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as JSON values that never change again: codes, ISO dates, and the document's number as it is today."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in facts.items()}


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Change]:
    """What differs between two frozen sets of answers, by question name, in the order of the pages."""
    return changes_between(old, new, sections(old), sections(new))


def changes_between(
    old: Mapping[str, Any], new: Mapping[str, Any], was_said: Sequence[AnswerSection], said: Sequence[AnswerSection]
) -> dict[str, Change]:
    """The same, with the sections of both."""
    before, after = _by_name(was_said), _by_name(said)
    names = [name for name in (*labels.IDENTITY, *question_names()) if _differs(name, old, new, before, after)]
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
    """Another answer, or one that is on only one side: it was kept while it was not asked for."""
    was, now = before.get(name), after.get(name)
    return old.get(name) != new.get(name) or (was.text if was else "") != (now.text if now else "")


def _by_name(found: Sequence[AnswerSection]) -> dict[str, AnswerRow]:
    return {row.name: row for section in found for row in section.rows}
