"""Where a person continues after signing in, and by 我的申报."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from forms import STEPS
from lib.codes import OPEN, Status
from lib.database import utcnow
from models import ParkedForm, db
from services import access
from services.access import Actor
from services.declaration.drafts import PARKED_FOR
from services.filing.case import DeclarationCase

_CORRECTION = re.compile(r"/apply/corrections/[A-Za-z0-9_-]{1,40}\Z")
_SUBMISSION = re.compile(r"/staff/submissions/[A-Za-z0-9_-]{1,24}(?=/|\Z)")

#: Names between single slashes: two slashes in a row could be read as another host.
_OWN_PATH = re.compile(r"/(?:[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*/?)?\Z")
MAX_PATH = 200  # characters

Place = tuple[str, dict[str, Any]]  # an endpoint and the values of its URL


def own_path(text: str) -> str:
    """``text`` if it is a plain path of this site, else nothing."""
    return text if len(text) <= MAX_PATH and _OWN_PATH.match(text) else ""


def after_sign_in(actor: Actor) -> Place:
    """Corrections when returned, the first unfinished page of a draft, else progress, the record, or 阅读须知."""
    declaration = access.latest_declaration(actor)
    if declaration and declaration.status == Status.RETURNED:
        return "wizard.corrections", {}
    if declaration and declaration.status == Status.DRAFT:
        return _page(DeclarationCase(declaration).first_unfinished)
    if declaration and declaration.status in OPEN:
        return "wizard.status", {}
    if access.own_record(actor):
        return "archive.own", {}
    return ("wizard.status", {}) if declaration else _page("notice")


def _page(slug: str) -> Place:
    """The pages around the questions, 阅读须知 and 核对信息, have endpoints of their own."""
    return (f"wizard.{slug}", {}) if slug in ("notice", "check") else ("wizard.step", {"step": slug})


def parked_path(actor: Actor) -> str:
    """The path of the newest form that came after the end of this person's session, if a page can restore it."""
    owner = ParkedForm.staff_id == actor.id if actor.is_staff else ParkedForm.account_id == actor.id
    query = select(ParkedForm.path).where(owner, ParkedForm.at > utcnow() - PARKED_FOR)
    paths = db.session.scalars(query.order_by(ParkedForm.at.desc(), ParkedForm.id.desc())).all()
    return next(filter(None, (giving_page(path, staff=actor.is_staff) for path in paths)), "")


def giving_page(path: str, *, staff: bool) -> str:
    """The page that can restore a late form of this path, if any. Others are not kept: some carry passwords."""
    return _staff_page(path) if staff else _wizard_page(path)


def _wizard_page(path: str) -> str:
    is_step = path in {f"/apply/{step.slug}" for step in STEPS}
    return path if is_step or _CORRECTION.match(path) else ""


def _staff_page(path: str) -> str:
    """The submission that the form was about: decisions themselves are only ever posted."""
    found = _SUBMISSION.match(path)
    return found.group() if found else ""
