"""人员档案: the approved revisions of one person, and the pictures they show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from forms import PAPERS, PHOTO
from lib.questions.pages import Paper
from models import Decision, Declaration, Revision, db
from services.access import Actor
from services.reports import standing_decisions


@dataclass(frozen=True)
class OwnVersion:
    """One approved state of the record."""

    revision: Revision
    declaration: Declaration
    approved_at: datetime
    office: str


def own_versions(actor: Actor) -> list[OwnVersion]:
    """Every approved state of the person's own record, newest first. Withdrawn approvals do not count."""
    query = select(Decision).join(Revision).join(Declaration).where(Declaration.account_id == actor.id)
    query = query.where(standing_decisions.approves(Decision)).order_by(Decision.at.desc(), Decision.id.desc())
    load = (joinedload(Decision.revision).joinedload(Revision.declaration), joinedload(Decision.department))
    return [
        OwnVersion(decision.revision, decision.revision.declaration, decision.at, decision.department.name)
        for decision in db.session.scalars(query.options(*load))
    ]


def own_version(actor: Actor, uid: str) -> OwnVersion | None:
    """One of them by its revision's public name. Another person's is not found."""
    return next((version for version in own_versions(actor) if version.revision.uid == uid), None)


def approved_revision(account_id: int, uid: str) -> Revision | None:
    """A revision of the person's by its public name, if it is an approved state."""
    query = select(Revision).join(Decision).join(Declaration).where(Declaration.account_id == account_id)
    return db.session.scalar(query.where(Revision.uid == uid, standing_decisions.approves(Decision)))


def version_before(versions: list[OwnVersion], version: OwnVersion) -> OwnVersion | None:
    """The approved state before this one."""
    older = [other for other in versions if other.approved_at < version.approved_at]
    return older[0] if older else None


def papers_of(revision: Revision) -> list[tuple[Paper, list[dict[str, Any]]]]:
    """The papers of a revision without the photo, in the order of PAPERS, each with its pages."""
    return [
        (paper, revision.papers[paper.kind])
        for paper in PAPERS
        if paper.kind != PHOTO and revision.papers.get(paper.kind)
    ]


def page_of(revision: Revision, kind: str, number: int) -> dict[str, Any] | None:
    """One picture of a revision: its frozen data (``address``, ``thumb_address`` ...)."""
    pages = revision.papers.get(kind, [])
    return pages[number] if 0 <= number < len(pages) else None
