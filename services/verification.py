"""信息表验真: what anybody who holds a printed sheet may learn from its check code."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from models import Declaration, Department, Revision, Sheet, db
from services.sheets import ALPHABET, CODE_LENGTH


@dataclass(frozen=True)
class Verified:
    """A genuine sheet. ``name`` is masked; ``submitted``: a signed picture of this version was submitted last."""

    number: str
    version: int
    name: str
    department: str
    status: str
    submitted: bool
    newest: bool  # no later version was printed


def verify(code: str) -> Verified | None:
    """The sheet behind a check code, with or without hyphens and in any case; None: no such sheet was printed."""
    plain = code.replace("-", "").replace(" ", "").upper()
    if len(plain) != CODE_LENGTH or not set(plain) <= set(ALPHABET):
        return None
    query = select(Sheet, Declaration).join(Declaration, Declaration.id == Sheet.declaration_id)
    found = db.session.execute(query.where(Sheet.code == plain)).first()
    if found is None:
        return None
    sheet, declaration = found
    last = select(Revision.sheet_id).where(Revision.declaration_id == declaration.id).order_by(Revision.number.desc())
    newest = select(Sheet.version).where(Sheet.declaration_id == declaration.id).order_by(Sheet.version.desc())
    office = select(Department.name).where(Department.code == sheet.answers.get("department_code"))
    return Verified(
        number=declaration.number,
        version=sheet.version,
        name=masked(sheet.answers["applicant_name"]),
        department=db.session.scalar(office) or "",
        status=declaration.status.label,
        submitted=db.session.scalar(last.limit(1)) == sheet.id,
        newest=db.session.scalar(newest.limit(1)) == sheet.version,
    )


def masked(name: str) -> str:
    """``张*``, ``阿*******``: enough to compare with the paper in one's hand."""
    return name[:1] + "*" * (len(name) - 1)
