"""原有会计从业资格证人员: find a record in the old register, prove who one is, claim it once.

The setting LEGACY_CLAIM_FACTORS names the accepted proofs: ``activation_code`` (from the counter, after checking the ID
card), ``sms_on_file`` (a code to the phone of the record), ``archive_no`` (档案号 or 证书编号, and 发证年月),
``id_picture`` (核验申请: services.assistance), ``none``.
Other people may know the archive number. So an account claimed with it sees nothing of the old record until an officer
has seen the ID card.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from lib import identity
from lib.codes import AccountState, CodePurpose, IdType
from lib.database import utcnow
from lib.identity import broken_proof, spelled_alike
from lib.names import normalise_text, plain_date
from models import Account, LegacyHolder, db
from services import audit
from services.accounts import activation_codes, applicants, inbox, sent_codes
from services.accounts.applicants import StepExpired, number_index, phone_index, same_name

BY_PICTURE = "id_picture"
ID_CARD_FACTORS = frozenset({"activation_code", BY_PICTURE})  # an officer has seen the ID card

BY_SMS = "sms_on_file"
ASSURED_BY = ID_CARD_FACTORS | {BY_SMS}  # the old record is shown at once


@dataclass(frozen=True)
class Proof:
    """The values that the person gives. Only those of the chosen factor are used."""

    factor: str
    code: str = ""
    archive_no: str = ""  # 档案号 or 证书编号
    issued_month: str = ""  # YYYY-MM
    sms_code: str = ""


@dataclass(frozen=True)
class ProvenClaim:
    """A correct proof; it allows to set the password once.

    ``holder_uid``: of the record. An import may be undone and made again meanwhile, and ids be given once more.
    """

    holder_uid: str
    factor: str
    code_id: int | None
    sms_code_id: int | None = None
    name: str = ""  # as on the ID document, where an officer compared it; else that of the record
    phone: str = ""  # the same


def find(number: str) -> LegacyHolder | None:
    """The record of a normalised number, claimed or not."""
    return db.session.scalar(select(LegacyHolder).where(LegacyHolder.id_index == number_index(number)))


def claimable(number: str) -> LegacyHolder | None:
    """The record, unless it was claimed or its number has an active account."""
    return _holder_and_account(number)[0]


def _holder_and_account(number: str) -> tuple[LegacyHolder | None, Account | None]:
    """The record that can be claimed, and the active account of its number.

    It always queries both tables, because a faster answer would reveal that a number is unknown.
    """
    holder, account = find(number), applicants.find(number)
    return (holder if holder and holder.claimed_at is None and account is None else None), account


def _placeholder() -> LegacyHolder:
    """A placeholder without a record, so that the same work is done."""
    return LegacyHolder(id=0, uid="", name="", archive_no="", certificate_no="", issued_month="")


def audit_attempt(number: str) -> None:
    """An attempt at an already claimed record is audited: it may come from another person."""
    _holder, account = _holder_and_account(number)
    if account and account.legacy_id:
        audit.record("claim_again", None, account_id=account.id)


def check_proof(number: str, name: str, proof: Proof) -> ProvenClaim | None:
    """The proven claim, or None for any failure. The work is the same in every case."""
    holder = claimable(number)
    person = holder or _placeholder()
    code_id = activation_codes.usable_id(person, proof.code)
    sms_code_id = sent_codes.usable_id(CodePurpose.CLAIM, number, proof.sms_code)
    holds = {
        BY_SMS: sms_code_id is not None,
        "activation_code": code_id is not None,
        "archive_no": _knows_archive(person, proof),
        "none": True,
        BY_PICTURE: False,  # not by this page
    }
    is_right = same_name(name, person.name) and holds[proof.factor]
    if holder is None or not is_right:
        return None
    return ProvenClaim(
        *(holder.uid, proof.factor),
        code_id=code_id if proof.factor == "activation_code" else None,
        sms_code_id=sms_code_id if proof.factor == BY_SMS else None,
    )


def phone_for_code(number: str, name: str) -> str:
    """The mobile phone of a record that can be claimed, or nothing. Nobody learns which."""
    holder = claimable(number)
    phone = (holder.phone or "") if holder and same_name(name, holder.name) else ""
    return "" if identity.phone_problem(phone) else phone


def _knows_archive(holder: LegacyHolder, proof: Proof) -> bool:
    typed = spelled_alike(proof.archive_no).encode()
    numbers = [spelled_alike(number or "").encode() for number in (holder.archive_no, holder.certificate_no)]
    is_known = sum(hmac.compare_digest(typed, number) for number in numbers) > 0  # always compare both
    is_month = hmac.compare_digest(proof.issued_month.encode(), (holder.issued_month or "").encode())
    is_broken = broken_proof(normalise_text(proof.archive_no)) is not None
    return bool(typed) and bool(proof.issued_month) and is_known and is_month and not is_broken


def month_of(text: str) -> str:
    """``2008-06`` from 2008-06, 2008.6, 2008年6月, 2008/06/12, 200806, 20080612; "" when it is none of these."""
    typed = plain_date(text).replace(" ", "")
    parts = re.fullmatch(r"([12][0-9]{3})[-年]?(0?[1-9]|1[0-2])(?:[-月](?:[0-9]{1,2}日?)?|[0-9]{2})?", typed)
    return f"{parts.group(1)}-{int(parts.group(2)):02d}" if parts else ""


def claim(opened: ProvenClaim, password_hash: str, privacy_version: str) -> Account:
    """Create the account for a legacy record. Raises StepExpired when it was claimed meanwhile or the code expired."""
    free = (LegacyHolder.uid == opened.holder_uid, LegacyHolder.claimed_at.is_(None))
    claimed = db.session.execute(update(LegacyHolder).where(*free).values(claimed_at=utcnow()))
    if not claimed.rowcount or (opened.code_id and not activation_codes.redeem(opened.code_id)):  # type: ignore[attr-defined]
        raise StepExpired
    if opened.sms_code_id and not sent_codes.redeem(opened.sms_code_id):
        raise StepExpired
    account = _account_of(db.session.scalars(select(LegacyHolder).where(free[0])).one(), opened)
    account.privacy_version = privacy_version
    try:
        applicants.set_password(account, password_hash)
        db.session.flush()
    except IntegrityError as error:
        raise StepExpired from error
    audit.record("claim_legacy", applicants.actor_of(account), detail=f"by {opened.factor}")
    inbox.tell(account.id, "claimed", link="/apply")
    return account


def _account_of(holder: LegacyHolder, opened: ProvenClaim) -> Account:
    account = Account(
        state=AccountState.ACTIVE,
        id_type=IdType.RESIDENT,
        id_index=holder.id_index,
        name=opened.name or holder.name,
        legacy_id=holder.id,
        claim_factor=opened.factor,
        assured=opened.factor in ASSURED_BY,
    )
    account.id_number = holder.id_number
    phone = opened.phone or holder.phone
    if account.assured and phone:  # old numbers alone must not reveal the phone
        account.phone, account.phone_index = phone, phone_index(phone)
        account.phone_verified_at = utcnow() if opened.factor == BY_SMS else None
    db.session.add(account)
    return account
