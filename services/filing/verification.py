"""信息表验真: what the holder of a printed sheet may learn from its check code."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select

from lib.codes import AccountState
from models import Account, Declaration, Department, Record, Revision, Sheet, db
from services import audit
from services.accounts import throttle
from services.accounts.throttle import AttemptSource
from services.filing.case import DeclarationCase
from services.papers.sheet_positions import ALPHABET, CODE_LENGTH

#: ``submitted``: it came with the last submission; ``current``: printed last, and still what the person says;
#: ``outdated``: printed again since, or an answer changed.
SheetState = Literal["submitted", "current", "outdated"]
#: What takes an approval its effect: the record was closed (注销 or 调出), or the account is frozen.
Withdrawn = Literal["closed", "suspended"]


@dataclass(frozen=True)
class Verified:
    """A genuine sheet. ``name`` is masked; ``department`` as it is called now, ``renamed`` since it was printed."""

    number: str
    version: int
    name: str
    department: str
    renamed: bool
    status: str
    withdrawn: Withdrawn | None
    standing: SheetState


def plain(typed: str) -> str:
    """A code as it is stored, from what was typed: in any case and width, with blanks and dashes, or the address.

    There is no 1 and no I in codes, so a 1 or I that is read means L; 0 and O could be several letters and stay.
    """
    code = unicodedata.normalize("NFKC", typed).upper()
    code = code.rpartition("/VERIFY/")[2].partition("#")[0].partition("?")[0]
    return re.sub(r"[\W_]+", "", code)[: 4 * CODE_LENGTH].translate(str.maketrans("1I", "LL"))


def is_code(code: str) -> bool:
    return len(code) == CODE_LENGTH and set(code) <= set(ALPHABET)


def verify(typed: str) -> Verified | None:
    """The sheet behind a check code; None: no such sheet was printed."""
    code = plain(typed)
    query = select(Sheet, Declaration).join(Declaration, Declaration.id == Sheet.declaration_id)
    found = db.session.execute(query.where(Sheet.code == code)).first() if is_code(code) else None
    if found is None:
        return None
    sheet, declaration = found
    office = select(Department.name).where(Department.code == sheet.answers.get("department_code"))
    return Verified(
        number=declaration.number,
        version=sheet.version,
        name=masked(sheet.answers["applicant_name"]),
        department=db.session.scalar(office) or "",
        renamed=audit.department_renamed(sheet.answers.get("department_code", ""), sheet.printed_at),
        status=declaration.status.label,
        withdrawn=withdrawn(declaration.account, _record(declaration)),
        standing=_standing(sheet, declaration),
    )


def _standing(sheet: Sheet, declaration: Declaration) -> SheetState:
    submitted = select(Revision.sheet_id).where(Revision.declaration_id == declaration.id)
    if db.session.scalar(submitted.order_by(Revision.number.desc()).limit(1)) == sheet.id:
        return "submitted"
    case = DeclarationCase(declaration)
    if case.printed is None or case.printed.id != sheet.id or (declaration.is_editable and not case.is_current(sheet)):
        return "outdated"
    return "current"


def _record(declaration: Declaration) -> Record | None:
    return db.session.scalar(select(Record).where(Record.account_id == declaration.account_id))


def withdrawn(account: Account, record: Record | None) -> Withdrawn | None:
    """Of a person; None: what was approved has its effect, or nothing was approved yet."""
    if record and record.closed_at:
        return "closed"
    return "suspended" if account.state != AccountState.ACTIVE else None


def masked(name: str) -> str:
    """``张*``, ``阿*******``: enough to compare with the paper in one's hand."""
    return name[:1] + "*" * (len(name) - 1)


# --- guessing ---------------------------------------------------------------------------------------------------------


def wait(source: AttemptSource) -> int:
    """For how many more minutes an address that asked for too many unknown codes gets no answer; 0: it does.

    Codes that exist are answered all the time: a whole office shares an address, and one of 80 bits cannot be guessed.
    """
    return throttle.minutes_blocked(*source.within(throttle.VERIFY_ADDRESS))


def missed(source: AttemptSource) -> None:
    """Count a well-formed code that does not exist. The caller commits."""
    throttle.count_attempt(source.within(throttle.VERIFY_ADDRESS))
