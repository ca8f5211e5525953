"""Where a person goes on after signing in, and by 我的申报 (rules of a declaration's life)."""

from __future__ import annotations

from typing import Any

from lib.codes import OPEN, Status
from services import access, answers
from services.access import Actor

Place = tuple[str, dict[str, Any]]  # an endpoint and the values of its URL


def landing(actor: Actor) -> Place:
    """Corrections when returned, the first unfinished page of a draft, else progress, the record, or 阅读须知."""
    declaration = access.latest_declaration(actor)
    if declaration and declaration.status == Status.RETURNED:
        return "wizard.corrections", {}
    if declaration and declaration.status == Status.DRAFT:
        return _page(answers.first_unfinished(declaration))
    if declaration and declaration.status in OPEN:
        return "wizard.status", {}
    if access.own_record(actor):
        return "archive.own", {}
    return ("wizard.status", {}) if declaration else _page("notice")


def _page(slug: str) -> Place:
    """The pages around the questions, 阅读须知 and 核对信息, have endpoints of their own."""
    return (f"wizard.{slug}", {}) if slug in ("notice", "check") else ("wizard.step", {"step": slug})
