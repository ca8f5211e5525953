"""采集证明: a person's certificate of the record as it is now, and what its check code tells whoever holds it.

A code belongs to one approved revision. What has become of that revision is looked up each time. docs/adr/048
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import exists, func, select

from forms import PHOTO
from lib.clock import local, today
from lib.codes import AccountState
from lib.database import insert
from lib.identity import mask_number
from lib.storage import FileDamaged, FileMissing, Store
from models import Account, Certificate, Decision, Declaration, Department, Record, Revision, db
from services import audit
from services.access import Actor
from services.declaration import answers
from services.declaration.answers import AnswerRow
from services.filing import verification
from services.papers.sheet_positions import ALPHABET, CODE_LENGTH
from services.records.certificate_pdf import CertificateData
from services.reports import standing_decisions

#: What the certificate says of the answers; what was not asked is left out.
SAID = (
    *("employer_name", "person_status", "full_time_level", "full_time_degree", "part_time_level"),
    *("qualification", "qualification_kind", "qualification_on", "qualification_no", "technical_post"),
)

#: ``outdated``: a later version was approved; ``revoked``: the approval was taken back; ``closed``: 注销;
#: ``suspended``: the account is frozen.
Standing = Literal["valid", "outdated", "revoked", "closed", "suspended"]


class NoCertificate(Exception):
    """The record is closed; the message says so."""


@dataclass(frozen=True)
class VerifiedCertificate:
    """A genuine certificate. ``name`` is masked; ``department`` handled the file, as the certificate says."""

    name: str
    number: str
    department: str
    approved_at: datetime
    standing: Standing


def said(revision: Revision) -> Sequence[AnswerRow]:
    """The answers that the certificate shows, in words."""
    rows = {row.name: row for section in answers.sections(revision.answers) for row in section.rows}
    return [rows[name] for name in SAID if name in rows and rows[name].text]


def issue(actor: Actor, record: Record) -> None:
    """Keep a code for what the record says now; the same content keeps its code. Raises NoCertificate."""
    if record.closed_at:
        raise NoCertificate("您的人员档案已注销或调出，不能开具证明。有疑问的，请联系会计管理部门")
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    row = insert(db.session, Certificate).values(revision_id=record.revision_id, code=code)
    if db.session.execute(row.on_conflict_do_nothing(index_elements=["revision_id"])).rowcount:  # type: ignore[attr-defined]
        audit.record("certificate", actor, declaration_id=record.revision.declaration_id)


def of_record(record: Record) -> Certificate | None:
    """The certificate of the record as it is now, if it was issued."""
    query = select(Certificate).where(Certificate.revision_id == record.revision_id)
    return None if record.closed_at else db.session.scalar(query)


def data(record: Record, issued: Certificate, store: Store, *, base_url: str, site: str) -> CertificateData:
    """The content of the certificate. Drawing it needs no database."""
    revision, account = record.revision, record.account
    name, document = revision.answers["applicant_name"], account.id_type.label
    approved = f"{local(_approved_at(revision)):%Y-%m-%d}"
    rows = [
        ("姓名", name),
        (document, mask_number(account.id_number)),
        ("申报编号", revision.declaration.number),
        ("审核部门", (revision.declaration.department or revision.department).name),
        ("审核通过", approved),
        *((row.short, row.text) for row in said(revision)),
    ]
    return CertificateData(
        site=site,
        code=issued.code,
        link=f"{base_url}/verify/{issued.code}",
        address=f"{base_url}/verify",
        sentence=f"兹证明{name}已在本平台完成会计人员信息采集，审核通过。经审核的信息如下：",
        rows=rows,
        photo=_photo(revision, store),
        issued_on=f"{today():%Y-%m-%d}",
    )


def _photo(revision: Revision, store: Store) -> bytes | None:
    """A certificate without its photo is better than none."""
    try:
        return store.get(revision.papers[PHOTO][0]["address"])
    except (KeyError, FileMissing, FileDamaged):
        return None


def verify(typed: str) -> VerifiedCertificate | None:
    """The certificate behind a check code; None: there is no such certificate."""
    code = verification.plain(typed)
    found = db.session.execute(_FOUND.where(Certificate.code == code)).first() if verification.is_code(code) else None
    if found is None:
        return None
    revision, declaration, office, account, record, stands = found
    return VerifiedCertificate(
        name=verification.masked(revision.answers["applicant_name"]),
        number=declaration.number,
        department=office.name,
        approved_at=_approved_at(revision),
        standing=_standing(revision, account, record, stands),
    )


_FOUND = (
    select(
        *(Revision, Declaration, Department, Account, Record),
        exists().where(Decision.revision_id == Revision.id, standing_decisions.approves(Decision)).label("stands"),
    )
    .select_from(Certificate)
    .join(Revision, Revision.id == Certificate.revision_id)
    .join(Declaration, Declaration.id == Revision.declaration_id)
    .join(Account, Account.id == Declaration.account_id)
    .outerjoin(Record, Record.account_id == Account.id)
    .join(Department, Department.id == func.coalesce(Declaration.department_id, Revision.department_id))
)


def _approved_at(revision: Revision) -> datetime:
    query = select(Decision.at).where(Decision.revision_id == revision.id, Decision.verb == "approve")
    return db.session.scalars(query.order_by(Decision.at.desc()).limit(1)).one()


def _standing(revision: Revision, account: Account, record: Record | None, stands: bool) -> Standing:
    if record is None or not stands:
        return "revoked"
    if record.closed_at:
        return "closed"
    if account.state == AccountState.FROZEN:
        return "suspended"
    return "valid" if record.revision_id == revision.id else "outdated"
