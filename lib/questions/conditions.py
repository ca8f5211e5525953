"""Conditions as data: when a question or a paper is asked. Shared by Python, HTML and tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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
    options: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # list -> code -> title, retired ones left out
    titles: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # the same with the retired ones
    divisions: Callable[[str], Mapping[str, str]] = (
        lambda parent: {}
    )  # "" -> cities, city -> counties, county -> streets
    departments: Callable[[Mapping[str, Any]], Sequence[DepartmentChoice]] = lambda facts: ()
    unprintable: Callable[[str], Sequence[str]] = lambda text: ()
