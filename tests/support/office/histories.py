"""Declarations with a made-up past: rows with times of their own, which the product never lets a person set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from lib.clock import SHANGHAI
from lib.codes import MarkState, Status
from models import Decision, Declaration, Mark, Revision, Staff, db
from tests.support.factory import Make

_serial = count(1)


def at(text: str) -> datetime:
    """``2026-11-23 09:24`` in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@dataclass(frozen=True)
class Step:
    """What happened: ``submit``, a verdict, ``undo``, ``revoke``, ``reopen``; marks are (target, reason) pairs."""

    verb: str
    moment: datetime
    marks: Sequence[tuple[str, str | None]] = ()


def happened(make: Make, officer: Staff, *steps: Step, department: str = "210102", **columns: Any) -> Declaration:
    """One declaration to which all this happened, in this order."""
    handled = make.department(department)
    declaration = Declaration(
        number=f"LN1999{next(_serial):07d}",
        account_id=make.account().id,
        status=Status.APPROVED,
        department_id=handled.id,
        revision_number=sum(step.verb == "submit" for step in steps),
        **columns,
    )
    db.session.add(declaration)
    db.session.flush()
    revision, position = Revision(), 0
    for step in steps:
        if step.verb == "submit":
            number, position = (revision.number or 0) + 1, 0
            revision = Revision(
                declaration_id=declaration.id,
                number=number,
                papers={},
                department_id=handled.id,
                commitment_version="1",
                submitted_at=step.moment,
            )
            revision.answers = {"applicant_name": "单小燕"}
            db.session.add(revision)
        else:
            position += 1
            made = Decision(revision_id=revision.id, position=position, verb=step.verb, at=step.moment)
            made.staff_id, made.department_id = officer.id, officer.department_id
            db.session.add(made)
            db.session.add_all(_mark(revision, officer, *mark) for mark in step.marks)
        db.session.flush()
    db.session.commit()
    return declaration


def _mark(revision: Revision, officer: Staff, target: str, reason: str | None) -> Mark:
    mark = Mark(revision_id=revision.id, target=target, reason_code=reason, reason="请核对", staff_id=officer.id)
    mark.state = MarkState.CLOSED
    return mark
