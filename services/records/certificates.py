"""采集证明: a person's certificate of the record as it is now, and what its check code tells whoever holds it.

A code belongs to one approved revision. What has become of that revision is looked up each time. docs/adr/048
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import joinedload

from forms import PHOTO
from lib.clock import local, today
from lib.codes import AccountAct
from lib.identity import mask_number
from lib.storage import FileDamaged, FileMissing, Store
from models import Account, AccountChange, Certificate, Decision, Declaration, Record, Revision, db
from services import access, audit
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

#: ``outdated``: a later version was approved; ``corrected``: the ID number was corrected since; ``revoked``: the
#: approval was taken back; ``closed``: 注销 or 调出; ``suspended``: the account is frozen.
Standing = Literal["valid", "outdated", "corrected", "revoked", "closed", "suspended"]


class NoCertificate(Exception):
    """The record is closed; the message says so."""


@dataclass(frozen=True)
class VerifiedCertificate:
    """A genuine certificate. ``name`` is masked; ``department`` approved it, wherever the record is now.

    ``since``: when the version was approved that took its place.
    """

    name: str
    number: str
    department: str
    renamed: bool
    approved_at: datetime
    standing: Standing
    since: datetime | None


def said(revision: Revision) -> Sequence[AnswerRow]:
    """The answers that the certificate shows, in words."""
    rows = {row.name: row for section in answers.sections(revision.answers) for row in section.rows}
    return [rows[name] for name in SAID if name in rows and rows[name].text]


def issue(actor: Actor, record: Record) -> None:
    """Keep a code for what the record says now; the same content keeps its code. Raises NoCertificate."""
    if not access.lock_record(record):
        raise NoCertificate("您的人员档案刚刚有变动，请查看后再开具证明")
    if record.closed_at:
        raise NoCertificate("您的人员档案已注销或调出，不能开具证明。有疑问的，请联系会计管理部门")
    if of_record(record) is None:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        db.session.add(Certificate(revision_id=record.revision_id, code=code))
        audit.record("certificate", actor, declaration_id=record.revision.declaration_id)


def of_record(record: Record) -> Certificate | None:
    """The certificate of the record as it is now, if it was issued."""
    query = select(Certificate).where(Certificate.revision_id == record.revision_id)
    query = query.where(~_corrected(record.account_id)).order_by(Certificate.issued_at.desc(), Certificate.id.desc())
    return None if record.closed_at else db.session.scalar(query)


def _corrected(account_id: Any) -> ColumnElement[bool]:
    """The condition that the number on a certificate was corrected after it was issued."""
    acts = (AccountAct.CORRECT_NUMBER, AccountAct.OWN_NUMBER)
    change = exists().where(AccountChange.account_id == account_id, AccountChange.act.in_(acts))
    return change.where(AccountChange.at >= Certificate.issued_at)


def data(record: Record, issued: Certificate, store: Store, *, base_url: str, site: str) -> CertificateData:
    """The content of the certificate. Drawing it needs no database."""
    revision, account = record.revision, record.account
    name, document = revision.answers["applicant_name"], account.id_type.label
    approval = _approval(revision)
    rows = [
        ("姓名", name),
        (document, mask_number(account.id_number)),
        ("申报编号", revision.declaration.number),
        ("审核部门", approval.department.name),
        ("审核通过", f"{local(approval.at):%Y-%m-%d}"),
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
    issued_at, revision, declaration, account, record, stands, corrected = found
    approval, standing = _approval(revision), _standing(revision, account, record, stands, corrected)
    return VerifiedCertificate(
        name=verification.masked(revision.answers["applicant_name"]),
        number=declaration.number,
        department=approval.department.name,
        renamed=audit.department_renamed(approval.department.code, issued_at),
        approved_at=approval.at,
        standing=standing,
        since=record.approved_at if record and standing == "outdated" else None,
    )


_FOUND = (
    select(
        Certificate.issued_at,
        *(Revision, Declaration, Account, Record),
        exists().where(Decision.revision_id == Revision.id, standing_decisions.approves(Decision)).label("stands"),
        _corrected(Account.id).label("corrected"),
    )
    .select_from(Certificate)
    .join(Revision, Revision.id == Certificate.revision_id)
    .join(Declaration, Declaration.id == Revision.declaration_id)
    .join(Account, Account.id == Declaration.account_id)
    .outerjoin(Record, Record.account_id == Account.id)
)


def _approval(revision: Revision) -> Decision:
    query = select(Decision).where(Decision.revision_id == revision.id, Decision.verb == "approve")
    query = query.options(joinedload(Decision.department)).order_by(Decision.position.desc()).limit(1)
    return db.session.scalars(query).one()


def _standing(revision: Revision, account: Account, record: Record | None, stands: bool, corrected: bool) -> Standing:
    if record is None or not stands:
        return "revoked"
    if withdrawn := verification.withdrawn(account, record):
        return withdrawn
    if record.revision_id != revision.id:
        return "outdated"
    return "corrected" if corrected else "valid"
