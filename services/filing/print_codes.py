"""A code for the print shop: a short address at which one printed version can be opened as a PDF (docs/adr/053).

It is good for a day and ten openings, as long as the version still says what the person says. Its owner sees how often
it was used and ends it.
"""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select, update

from lib.codes import AccountState
from lib.crypto import token_hash
from lib.database import utcnow
from lib.sealed import new_uid
from models import Account, Declaration, PrintCode, db, keys
from services import audit
from services.access import Actor
from services.accounts import throttle
from services.accounts.throttle import AttemptSource
from services.filing import printing
from services.filing.case import DeclarationCase
from services.papers.sheet_positions import ALPHABET

LIFE = timedelta(hours=24)
MOST = 10  # openings
LENGTH = 10  # of 5 bits each: with the limit on guesses nobody finds one
KEPT = timedelta(days=1)  # after its end


def begin(actor: Actor, declaration: Declaration) -> PrintCode:
    """【生成打印码】 for what is printed now; an earlier code ends. Raises printing.NotPrintable."""
    db.session.refresh(declaration, with_for_update={"of": Declaration})  # of two presses at once the second waits
    sheet, now = printing.print_sheet(DeclarationCase(declaration)), utcnow()
    db.session.flush()
    end(declaration)
    made = PrintCode(uid=new_uid(), declaration_id=declaration.id, sheet_id=sheet.id, expires_at=now + LIFE)
    made.code_hash = token_hash(code_of(made))
    db.session.add(made)
    audit.record("print_code", actor, declaration_id=declaration.id)
    return made


def code_of(row: PrintCode) -> str:
    """Derived with the key of the installation: who reads the database alone cannot open anything."""
    number = int.from_bytes(keys().mac("print code", row.uid.encode())[:8])
    return "".join(ALPHABET[number >> 5 * at & 31] for at in range(LENGTH))


def in_two(code: str) -> str:
    """As it is shown and typed."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def plain(typed: str) -> str:
    """A typed code as it was made, in any case and width. There is no 1 and no I in codes."""
    folded = unicodedata.normalize("NFKC", typed[:80]).upper().translate(str.maketrans("1I", "LL"))
    return "".join(letter for letter in folded if letter.isalnum())


def is_code(code: str) -> bool:
    return len(code) == LENGTH and set(code) <= set(ALPHABET)


def _is_open() -> tuple[Any, ...]:
    return PrintCode.expires_at > utcnow(), PrintCode.opened < MOST


def current(declaration: Declaration) -> PrintCode | None:
    """The owner's code, if it still opens something."""
    query = select(PrintCode).where(PrintCode.declaration_id == declaration.id, *_is_open())
    row = db.session.scalar(query.order_by(PrintCode.expires_at.desc(), PrintCode.id.desc()).limit(1))
    return row if row and token_hash(code_of(row)) == row.code_hash and _says_the_same(row) else None


def end(declaration: Declaration) -> None:
    """【停用】."""
    mine = update(PrintCode).where(PrintCode.declaration_id == declaration.id, PrintCode.expires_at > utcnow())
    db.session.execute(mine.values(expires_at=utcnow()))


def find(code: str) -> PrintCode | None:
    """What a code opens at this moment."""
    query = select(PrintCode).join(Declaration, Declaration.id == PrintCode.declaration_id)
    query = query.join(Account, Account.id == Declaration.account_id)
    query = query.where(PrintCode.code_hash == token_hash(code), *_is_open(), Account.state == AccountState.ACTIVE)
    row = db.session.scalar(query) if is_code(code) else None
    return row if row and _says_the_same(row) else None


def _says_the_same(row: PrintCode) -> bool:
    """Nobody may print and sign a version that was changed since, or was submitted, even if that was taken back."""
    declaration = row.declaration
    was_sent = declaration.submitted_at is not None and row.created_at <= declaration.submitted_at
    return declaration.is_editable and not was_sent and DeclarationCase(declaration).is_current(row.sheet)


def count_opening(row: PrintCode) -> bool:
    """The PDF is opened. False: it was opened too often, or ended meanwhile."""
    counted: Any = db.session.execute(
        update(PrintCode).where(PrintCode.id == row.id, *_is_open()).values(opened=PrintCode.opened + 1)
    )
    if counted.rowcount:
        account_id = row.declaration.account_id
        audit.record("print_code_opened", None, account_id=account_id, declaration_id=row.declaration_id)
    return bool(counted.rowcount)


def forget_old() -> int:
    """Remove codes that ended a day ago; returns how many. For ``flask tick``."""
    gone: Any = db.session.execute(delete(PrintCode).where(PrintCode.expires_at < utcnow() - KEPT))
    return int(gone.rowcount)


# --- guessing ---------------------------------------------------------------------------------------------------------


def wait(source: AttemptSource) -> int:
    """For how many more minutes an address that tried too many unknown codes gets no answer to any code; 0: it does."""
    return throttle.minutes_blocked(*source.within(throttle.PRINT_ADDRESS))


def missed(source: AttemptSource) -> None:
    """Count a code that opens nothing. The caller commits."""
    throttle.count_attempt(source.within(throttle.PRINT_ADDRESS))
