"""The option lists of the questions, as the province edits them: an option is retired, never deleted."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from sqlalchemy import func, select

from forms import STEPS
from lib.questions.fields import ChoiceQuestion
from models import Option, db
from services import audit
from services.access import Actor
from services.declaration import answers


class OptionRefused(ValueError):
    """The change would break a list; the message says what to do."""


@dataclass(frozen=True)
class OptionList:
    """``asked_by``: the questions that offer it, as applicants read them. ``options``: those in use first."""

    name: str
    title: str
    asked_by: str
    options: Sequence[Option]

    @property
    def offered(self) -> int:
        return sum(not option.retired for option in self.options)


@cache
def _labels() -> Mapping[str, Sequence[str]]:
    """List -> the labels of its questions, in the order of the pages."""
    found: dict[str, list[str]] = {}
    context = answers.asked_for({})
    for step in STEPS:
        for question in step.form(None, context=context).questions:
            if isinstance(question, ChoiceQuestion) and question.listed:
                found.setdefault(question.listed, []).append(question.label.text)
    return found


def lists() -> list[OptionList]:
    """In the order in which applicants meet them."""
    order = (Option.list_name, Option.retired, Option.position, Option.code)
    rows = db.session.scalars(select(Option).order_by(*order)).all()
    names = [name for name in _labels() if any(row.list_name == name for row in rows)]
    return [_list(name, [row for row in rows if row.list_name == name]) for name in names]


def one(name: str) -> OptionList | None:
    return next((found for found in lists() if found.name == name), None)


def _list(name: str, options: Sequence[Option]) -> OptionList:
    labels = _labels()[name]
    return OptionList(name, labels[0], "、".join(labels), options)


def add(actor: Actor, found: OptionList, title: str, position: int | None) -> Option:
    """Raises OptionRefused for a title that the list has."""
    _refuse_double(found, title, "")
    last = db.session.scalar(select(func.max(Option.position)).where(Option.list_name == found.name)) or 0
    option = Option(list_name=found.name, code=f"own-{secrets.token_hex(8)}", title=title)
    option.position = last + 1 if position is None else position
    db.session.add(option)
    _record(actor, option, "added")
    return option


def edit(actor: Actor, found: OptionList, option: Option, title: str, position: int | None) -> None:
    """Answers keep the code, so they show the new title too. Raises OptionRefused."""
    _refuse_double(found, title, option.code)
    option.title, option.position = title, option.position if position is None else position
    _record(actor, option, "edited")


def retire(actor: Actor, found: OptionList, option: Option) -> None:
    """No longer offered; whoever has chosen it keeps it. Raises OptionRefused."""
    if option.locked:
        raise OptionRefused(f"「{option.title}」决定后面问哪些问题，不能停用")
    if found.offered <= 1:
        raise OptionRefused("至少要保留一个选项，请先添加新的选项")
    option.retired = True
    _record(actor, option, "retired")


def restore(actor: Actor, found: OptionList, option: Option) -> None:
    """Raises OptionRefused when another one has its title meanwhile."""
    _refuse_double(found, option.title, option.code)
    option.retired = False
    _record(actor, option, "put back")


def _refuse_double(found: OptionList, title: str, code: str) -> None:
    for other in found.options:
        if other.title == title and other.code != code:
            how = "已经停用，请恢复使用，不必再添加" if other.retired else "已在列表中，请换一个名称"
            raise OptionRefused(f"「{title}」{how}")


def _record(actor: Actor, option: Option, what: str) -> None:
    audit.record("option", actor, detail=f"{option.list_name} {option.code} {what}")
