"""What a phone may upload by a token in a QR code: one picture of one paper within five minutes (docs/adr/012), or all
papers of the declaration for twenty minutes (docs/adr/047).

The token ends with the session that asked for it, with the declaration's being editable, and with the paper's being
asked for. The device that sends first keeps it: another one that knows the address finds nothing from then on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from forms import PHOTO
from lib.codes import AccountState
from lib.crypto import new_token, token_hash
from lib.database import utcnow
from models import Account, Declaration, PaperPage, PhoneUpload, WebSession, db
from services import audit
from services.access import Actor
from services.accounts.sessions import APPLICANT_IDLE
from services.papers import picture_advice
from services.papers.picture_advice import PictureNote
from services.papers.resumable_uploads import ALL_PAPERS, NotAsked, Owner

LIFE, LIFE_OF_ALL = timedelta(minutes=5), timedelta(minutes=20)
SENDING = timedelta(minutes=10)  # from the first byte on, so that a thin line can bring the rest
KEPT = timedelta(days=1)  # after its end


def begin(actor: Actor, declaration: Declaration, kind: str) -> tuple[PhoneUpload, str]:
    """A new token for one paper or ALL_PAPERS; an earlier one for the same ends. Returns the row, and the token."""
    if kind != ALL_PAPERS:
        Owner(declaration).paper(kind)
    now, token = utcnow(), new_token()
    earlier = (PhoneUpload.declaration_id == declaration.id, PhoneUpload.kind == kind, PhoneUpload.expires_at > now)
    db.session.execute(update(PhoneUpload).where(*earlier, PhoneUpload.used_at.is_(None)).values(expires_at=now))
    made = PhoneUpload(
        token_hash=token_hash(token),
        session_id=actor.session_id,
        declaration_id=declaration.id,
        kind=kind,
        created_at=now,
        expires_at=now + (LIFE_OF_ALL if kind == ALL_PAPERS else LIFE),
    )
    db.session.add(made)
    audit.record("hand_over", actor, declaration_id=declaration.id, detail=kind)
    db.session.flush()
    return made, token


def find(token: str, device: bytes, *, used: bool = False, lock: bool = False) -> Owner | None:
    """The declaration and the paper that a token opens to this device, if it opens anything at this moment.

    ``used``: also one that this device has used, which may ask again what became of the picture.
    """
    now = utcnow()
    query = select(PhoneUpload).join(WebSession, WebSession.id == PhoneUpload.session_id)
    query = query.join(Declaration, Declaration.id == PhoneUpload.declaration_id)
    query = query.join(Account, Account.id == WebSession.account_id)
    query = query.where(
        PhoneUpload.token_hash == token_hash(token),
        PhoneUpload.expires_at > now,
        or_(PhoneUpload.device_hash.is_(None), PhoneUpload.device_hash == device),
        WebSession.ended_at.is_(None),
        WebSession.expires_at > now,
        WebSession.seen_at > now - APPLICANT_IDLE,
        Account.state == AccountState.ACTIVE,
        Declaration.account_id == Account.id,
    )
    query = query.execution_options(populate_existing=True)
    row = db.session.scalar(query.with_for_update(of=PhoneUpload) if lock else query)
    if row is None or not (row.used_at is None or (used and row.device_hash == device)):
        return None
    return _still_wanted(Owner(row.declaration, row))


def _still_wanted(owner: Owner) -> Owner | None:
    kind = owner.phone_upload.kind if owner.phone_upload else ""
    try:
        if kind != ALL_PAPERS:
            owner.paper(kind)
    except NotAsked:
        return None
    return owner if owner.declaration.is_editable and owner.declaration.notice_read_at else None


def bind_device(row: PhoneUpload, device: bytes) -> bool:
    """From its first byte on a phone upload belongs to one device; False: to another one already, or it has just ended.

    What ended meanwhile (【取消】, a changed password) must not begin again with the time for sending.
    """
    free = and_(
        or_(PhoneUpload.device_hash.is_(None), PhoneUpload.device_hash == device),
        PhoneUpload.expires_at > utcnow(),
        PhoneUpload.used_at.is_(None),
    )
    values: dict[str, Any] = {"device_hash": device}
    if row.opened_at is None:
        values |= {"opened_at": utcnow(), "expires_at": max(row.expires_at, utcnow() + SENDING)}
    bound: Any = db.session.execute(update(PhoneUpload).where(PhoneUpload.id == row.id, free).values(**values))
    return bool(bound.rowcount)


def added(row: PhoneUpload, kind: str) -> bool:
    """A picture is added, in this transaction: the token of one paper has done its work. False: it has ended."""
    if not _change_open(row, {"opened_at": PhoneUpload.opened_at} if row.kind == ALL_PAPERS else {"used_at": utcnow()}):
        return False
    detail = f"{kind} 由手机拍照上传"
    account_id, declaration_id = row.declaration.account_id, row.declaration_id
    audit.record("phone_upload", None, account_id=account_id, declaration_id=declaration_id, detail=detail)
    return True


def finish(row: PhoneUpload) -> None:
    """【拍完了】 on the phone: the token opens nothing any more."""
    _change_open(row, {"used_at": utcnow()})


def _change_open(row: PhoneUpload, values: dict[str, Any]) -> bool:
    """Write a row that has not ended meanwhile; False: it has."""
    still = (PhoneUpload.id == row.id, PhoneUpload.used_at.is_(None), PhoneUpload.expires_at > utcnow())
    changed: Any = db.session.execute(update(PhoneUpload).where(*still).values(**values))
    return bool(changed.rowcount)


def own(actor: Actor, uid: str) -> PhoneUpload | None:
    """One that this very session asked for."""
    return db.session.scalar(
        select(PhoneUpload).where(PhoneUpload.uid == uid, PhoneUpload.session_id == actor.session_id)
    )


def cancel(row: PhoneUpload) -> None:
    """【取消】: the token opens nothing any more."""
    row.expires_at = min(row.expires_at, utcnow())


def state(row: PhoneUpload, now: datetime | None = None) -> str:
    """What the page on the computer says: ``waiting``, ``sending``, ``done`` or ``over``."""
    if row.used_at:
        return "done"
    if row.expires_at <= (now or utcnow()):
        return "over"
    return "sending" if row.opened_at else "waiting"


def pictures(row: PhoneUpload) -> dict[str, list[str]]:
    """The pictures there are now, by paper: what the page on the computer compares with what it shows."""
    query = select(PaperPage.kind, PaperPage.uid).where(PaperPage.declaration_id == row.declaration_id)
    found: dict[str, list[str]] = {}
    for kind, uid in db.session.execute(query.order_by(PaperPage.position, PaperPage.id)):
        found.setdefault(kind, []).append(uid)
    return found


def notes_on(page_uid: str) -> list[PictureNote]:
    """What to improve about a picture that a phone has just sent."""
    page = db.session.scalar(select(PaperPage).where(PaperPage.uid == page_uid))
    return picture_advice.notes(page.measures) if page and page.kind != PHOTO else []


def forget_old() -> int:
    """Remove rows that ended a day ago; returns how many. For ``flask tick``."""
    gone: Any = db.session.execute(delete(PhoneUpload).where(PhoneUpload.expires_at < utcnow() - KEPT))
    return int(gone.rowcount)
