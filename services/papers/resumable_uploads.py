"""Files that are being uploaded: begun, resumed, added or given up (docs/adr/011).

An upload belongs to a declaration and the paper it is meant for. One that a phone sends also belongs to the phone's
code. Its bytes are sealed in the database, so any process or machine can resume it where it stopped. Each piece and the
new offset are written in one transaction, which fails when another request wrote at the same offset. So acknowledged
bytes are stored, and none are stored twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update

from forms import PAPER
from lib.database import Prebuilt, advisory_lock, parameter, utcnow
from lib.pictures.images import MAX_BYTES
from lib.questions.pages import Paper
from models import Declaration, PhoneUpload, Upload, UploadPart, db, keys
from services.declaration import answers

KEPT = timedelta(hours=48)  # after the last piece: "I continue tomorrow evening" must work
MOST_OPEN = 20  # unfinished files of one declaration
MOST_BYTES = 4 * MAX_BYTES  # of all of them together, as announced
MIB = 1024 * 1024
ALL_PAPERS = "all"  # what a phone was let in for, in the place of one paper's kind


class NotAccepted(Exception):
    """The file, or this piece of it, cannot be taken; the message tells the person why and what to do."""


class TooLarge(NotAccepted):
    """More bytes than a picture may have, or than were announced."""


class TooMany(NotAccepted):
    """So many unfinished files that there is no room for another."""


class NotAsked(NotAccepted):
    """The answers ask for no such paper, or the phone was let in for another one."""


class NotComplete(NotAccepted):
    """Some of its bytes are still missing."""


class Unknown(Exception):
    """No such upload of this owner: never begun, given up, swept, or another person's."""


class Elsewhere(Exception):
    """The bytes do not continue where the last ones ended; ``arrived`` says where that is."""

    def __init__(self, arrived: int) -> None:
        super().__init__(f"{arrived} bytes have arrived")
        self.arrived = arrived


@dataclass(frozen=True)
class Owner:
    """Whose uploads: a declaration's, or only those of one phone that was let in."""

    declaration: Declaration
    phone_upload: PhoneUpload | None = None

    def paper(self, kind: str) -> Paper:
        """A paper that the answers ask for now (and that was handed over). Raises NotAsked."""
        paper = PAPER.get(kind)
        handed = self.phone_upload is None or self.phone_upload.kind in (kind, ALL_PAPERS)
        if paper is None or not handed or not paper.asked(answers.facts(self.declaration)):
            raise NotAsked("根据现在填写的内容，不需要这项附件")
        return paper


@dataclass(frozen=True)
class Unfinished:
    """An upload that stopped, as its owner's page shows it."""

    uid: str
    kind: str
    name: str  # of the file
    mark: str  # by which the browser knows the same file again
    arrived: int
    length: int
    touched_at: datetime

    @property
    def percent(self) -> int:
        return self.arrived * 100 // self.length


def begin(owner: Owner, kind: str, length: int, facts: Mapping[str, Any]) -> Upload:
    """Make room for a file. One that was begun before and has not ended is resumed: the same ``mark`` and length
    mean the same bytes, so a second request for it, or a second window, leads to the same upload.

    Raises NotAsked, TooLarge or TooMany.
    """
    paper = owner.paper(kind)
    if length > MAX_BYTES:
        raise TooLarge(f"图片 {length / MIB:.1f} MB，超过 15 MB。请用手机相机重新拍一张，或压缩后再上传")
    advisory_lock(db.session, keys().mac("uploads of", owner.declaration.uid.encode()))
    waiting = _waiting(owner.declaration)
    for upload in waiting:
        if _same(upload, owner, paper.kind, length, facts.get("mark")):
            return upload
    if not _room(waiting, length) and not _room(_without_stuck(owner.declaration, waiting), length):
        raise TooMany("没有传完的图片太多。请先把它们传完，或者点【放弃】，再上传新的图片")
    upload = Upload(declaration_id=owner.declaration.id, kind=paper.kind, length=length, arrived=0)
    upload.phone_upload_id = owner.phone_upload.id if owner.phone_upload else None
    upload.facts = dict(facts)
    db.session.add(upload)
    db.session.flush()
    return upload


def _waiting(declaration: Declaration) -> Sequence[Upload]:
    """Every upload of a declaration that was not settled, phones' included; oldest first."""
    query = select(Upload).where(Upload.declaration_id == declaration.id, Upload.outcome.is_(None))
    return db.session.scalars(query.order_by(Upload.created_at, Upload.id)).all()


_ANY_WAITING = Prebuilt(
    select(Upload.id).where(Upload.declaration_id == parameter("declaration"), Upload.outcome.is_(None)).limit(1)
)


def _room(waiting: Sequence[Upload], length: int) -> bool:
    return len(waiting) < MOST_OPEN and length + sum(upload.length for upload in waiting) <= MOST_BYTES


def _without_stuck(declaration: Declaration, waiting: Sequence[Upload]) -> list[Upload]:
    """Discard what can neither be resumed nor given up by its owner: of a phone whose code has ended, or for a paper
    that is not asked for any more. It would take the room of others for two days."""
    facts, kept = answers.facts(declaration), []
    for upload in waiting:
        handed = db.session.get(PhoneUpload, upload.phone_upload_id) if upload.phone_upload_id else None
        ended = handed is not None and (handed.used_at is not None or handed.expires_at <= utcnow())
        if ended or not PAPER[upload.kind].asked(facts):
            discard(upload)
        else:
            kept.append(upload)
    return kept


def _same(upload: Upload, owner: Owner, kind: str, length: int, mark: object) -> bool:
    whose = owner.phone_upload.id if owner.phone_upload else None
    alike = (upload.phone_upload_id, upload.kind, upload.length) == (whose, kind, length)
    return bool(mark) and alike and upload.facts.get("mark") == mark


def redirect(owner: Owner, uid: str, kind: str) -> None:
    """It turned out to be another paper than it was begun for. Raises Unknown or NotAsked."""
    upload = find(owner, uid, lock=True)
    if upload.outcome is None:
        upload.kind = owner.paper(kind).kind


def find(owner: Owner, uid: str, *, lock: bool = False) -> Upload:
    """An upload of this owner; raises Unknown. ``lock``: no other request settles it before this transaction ends."""
    phone_upload_id = owner.phone_upload.id if owner.phone_upload else None
    query = select(Upload).where(Upload.uid == uid, Upload.declaration_id == owner.declaration.id)
    query = query.where(Upload.phone_upload_id.is_not_distinct_from(phone_upload_id))
    query = query.execution_options(populate_existing=True)
    upload = db.session.scalar(query.with_for_update() if lock else query)
    if upload is None:
        raise Unknown
    return upload


def append(upload: Upload, start: int, data: bytes) -> int:
    """Add a piece; returns how many bytes have arrived now. Raises Elsewhere or TooLarge, and then nothing changed."""
    if start + len(data) > upload.length:
        raise TooLarge("收到的内容比文件还长，请重新选择图片")
    if not data:
        return start
    here = (Upload.id == upload.id, Upload.arrived == start, Upload.outcome.is_(None))
    moved: Any = db.session.execute(update(Upload).where(*here).values(arrived=start + len(data), touched_at=utcnow()))
    if not moved.rowcount:
        db.session.refresh(upload)
        raise Elsewhere(upload.arrived)
    part = UploadPart(upload_id=upload.id, start=start, sealed=keys().seal(data, place_of_part(upload.uid, start)))
    db.session.add(part)
    db.session.flush()
    return start + len(data)


def place_of_part(uid: str, start: int) -> str:
    """Binds a part to its upload and its place in it: parts cannot be exchanged on the disk."""
    return f"upload_part|{uid}|{start}"


def expires_at(upload: Upload) -> datetime:
    return upload.touched_at + KEPT


def is_complete(upload: Upload) -> bool:
    return upload.arrived == upload.length


def assembled(upload: Upload) -> bytes:
    """The whole file. Raises Elsewhere while some of it is missing."""
    query = select(UploadPart).where(UploadPart.upload_id == upload.id).order_by(UploadPart.start)
    data = bytearray()
    for part in db.session.scalars(query):
        if part.start != len(data):
            break
        data += keys().open(part.sealed, place_of_part(upload.uid, part.start))
    if len(data) != upload.length:
        raise Elsewhere(len(data))
    return bytes(data)


def settle(upload: Upload, outcome: Mapping[str, Any]) -> None:
    """Keep what became of a file, in case it is asked for again, and delete its bytes."""
    upload.outcome, upload.touched_at = dict(outcome), utcnow()
    db.session.execute(delete(UploadPart).where(UploadPart.upload_id == upload.id))


def discard(upload: Upload) -> None:
    """【放弃】: the upload and its bytes are gone."""
    db.session.execute(delete(Upload).where(Upload.id == upload.id))


def unfinished(declaration: Declaration) -> dict[str, list[Unfinished]]:
    """Interrupted uploads, by paper, without those of a phone: only that phone can resume them."""
    found: dict[str, list[Unfinished]] = {}
    for upload in _waiting(declaration) if _ANY_WAITING.rows(db.session, declaration=declaration.id) else ():
        if upload.phone_upload_id is None:
            facts = upload.facts or {}
            name, mark = str(facts.get("filename", "")), str(facts.get("mark", ""))
            item = Unfinished(upload.uid, upload.kind, name, mark, upload.arrived, upload.length, upload.touched_at)
            found.setdefault(upload.kind, []).append(item)
    return found


def forget_abandoned() -> int:
    """Remove uploads that were not resumed for two days, and outcomes that are that old."""
    gone: Any = db.session.execute(delete(Upload).where(Upload.touched_at < utcnow() - KEPT))
    return int(gone.rowcount)
