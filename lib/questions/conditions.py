"""Conditions as data: when a question or a paper is asked. Shared by Python, HTML and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol


@dataclass(frozen=True)
class When:
    """A condition on one answer: it is one of ``values``; with ``unless`` it is answered and none of them."""

    question: str
    values: tuple[str, ...]
    unless: bool = False

    def holds(self, facts: Mapping[str, Any]) -> bool:
        answer = facts.get(self.question)
        return answer not in (None, "") and (answer in self.values) is not self.unless

    @property
    def parts(self) -> tuple[When, ...]:
        return (self,)


@dataclass(frozen=True)
class All:
    """Every one of the conditions holds."""

    conditions: tuple[When, ...]

    def holds(self, facts: Mapping[str, Any]) -> bool:
        return all(condition.holds(facts) for condition in self.conditions)

    @property
    def parts(self) -> tuple[When, ...]:
        return self.conditions


Condition = When | All


def unless(question: str, *values: str) -> When:
    return When(question, tuple(values), unless=True)


def both(first: Condition, second: Condition) -> All:
    return All(first.parts + second.parts)


def read_by(condition: Condition) -> tuple[str, ...]:
    """The facts that a condition looks at."""
    return tuple(part.question for part in condition.parts)


class DerivedFact(Protocol):
    """How a page works out a fact from the answers. ``source``: the question on the page that it depends on.

    ``reads``: the facts that it looks at.
    """

    @property
    def source(self) -> str: ...

    @property
    def reads(self) -> tuple[str, ...]: ...

    def value(self, facts: Mapping[str, Any]) -> str | None: ...


@dataclass(frozen=True)
class Computed:
    """What a function makes of one answer."""

    source: str
    compute: Callable[[str | None], str]

    @property
    def reads(self) -> tuple[str, ...]:
        return (self.source,)

    def value(self, facts: Mapping[str, Any]) -> str | None:
        return self.compute(facts.get(self.source))


@dataclass(frozen=True)
class FixedWhile:
    """A fixed value while a condition holds, which depends on ``source``; otherwise unknown."""

    source: str
    condition: Condition
    fixed: str

    @property
    def reads(self) -> tuple[str, ...]:
        return read_by(self.condition)

    def value(self, facts: Mapping[str, Any]) -> str | None:
        return self.fixed if self.condition.holds(facts) else None


class DepartmentChoice(Protocol):
    """A department that an applicant may choose (services.departments)."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def own_system(self) -> bool: ...


@dataclass(frozen=True)
class FormContext:
    """What a page needs and cannot know. ``facts``: the stored answers of all pages and what is derived from them."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    today: date = field(default_factory=date.today)
    #: List -> code -> title, without retired options.
    options: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: The same with the retired ones.
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: Empty string -> cities, city -> counties, county -> streets.
    divisions: Callable[[str], Mapping[str, str]] = lambda parent: {}
    departments: Callable[[Mapping[str, Any]], Sequence[DepartmentChoice]] = lambda facts: ()
    unprintable: Callable[[str], Sequence[str]] = lambda text: ()


class FormWithFacts(Protocol):
    """What a condition needs of a form."""

    def facts(self) -> Mapping[str, Any]: ...


class FormWithContext(FormWithFacts, Protocol):
    """A page of the declaration, as far as the validators need to know it."""

    context: FormContext


class FactsOnPage(Mapping[str, Any]):
    """The facts as the form on a page has them at the moment; validators ask for single ones a hundred times."""

    def __init__(self, form: Any) -> None:
        self._form = form

    def __getitem__(self, name: str) -> Any:
        form = self._form
        if name in form.derived and (value := form.derived[name].value(self)) is not None:
            return value
        return form._fields[name].data if name in form._fields else form.context.facts[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._form.context.facts, **self._form._fields, **self._derived()})

    def __len__(self) -> int:
        return sum(1 for _name in self)

    def _derived(self) -> dict[str, Any]:
        found = {name: derived.value(self) for name, derived in self._form.derived.items()}
        return {name: value for name, value in found.items() if value is not None}
