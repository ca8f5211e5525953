"""How a picture is accepted, in two halves: ``prepare`` is slow and needs no database, ``add`` writes in a transaction.

The file is in the store before its row is: a row never lacks its file, and a file without a row is swept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from forms import PAPER, PHOTO
from lib.pictures.images import PictureRefused
from lib.pictures.one_inch import Crop, PhotoRule
from lib.questions.pages import Paper
from lib.sandbox import client as sandbox
from lib.storage import Store
from models import Declaration, PaperPage, Upload, db
from services.filing import signed_sheet
from services.filing.case import DeclarationCase
from services.papers import pages, papers, preparation, resumable_uploads, virus_scan
from services.papers.pages import PageNotAdded
from services.papers.preparation import Prepared
from services.papers.resumable_uploads import NotComplete, Owner
from services.papers.virus_scan import Scanner

Outcome = dict[str, Any]
After = Callable[[Owner, str], None]
Pictures = Sequence[Prepared]  # of one file
#: The picture is not at fault: the same upload can be added later.
NOT_NOW = (sandbox.SandboxBusy, sandbox.SandboxUnavailable, virus_scan.Unchecked)


@dataclass(frozen=True)
class IntakeSettings:
    """What a picture is checked, made and stored with."""

    store: Store
    photo_rule: PhotoRule
    scanner: Scanner


def crop_of(texts: Sequence[str]) -> Crop | None:
    """The frame of a photo from its four fractions of the upright picture; None when they are no frame inside it."""
    try:
        left, top, width, height = (float(text) for text in texts)
    except ValueError:
        return None
    inside = 0 <= left < 1 and 0 <= top < 1 and 0 < width <= 1 and 0 < height <= 1
    return (left, top, min(width, 1 - left), min(height, 1 - top)) if inside else None


def prepare(settings: IntakeSettings, kind: str, data: bytes, account_id: int, crop: Crop | None = None) -> Pictures:
    """Scan, clean and store the pictures of a file: one, or a PDF's pages. Raises PictureRefused with what to do."""
    virus_scan.check(data, settings.scanner)
    person = str(account_id)
    if kind == PHOTO:
        return [preparation.prepare_photo(settings.store, data, crop, settings.photo_rule, person)]
    return preparation.prepare_pages(settings.store, data, kind, person, PAPER[kind].max_pages)


def shows_sheet(settings: IntakeSettings, data: bytes, account_id: int) -> bool:
    """Is it a picture of a printed sheet? Its code says so. Raises one of NOT_NOW when nobody can look at present."""
    try:
        virus_scan.check(data, settings.scanner)
        return preparation.shows_sheet(data, str(account_id))
    except NOT_NOW:
        raise
    except PictureRefused:
        return False  # why, is said where it is added


def add(declaration: Declaration, paper: Paper, pictures: Pictures, replaced: str = "") -> PaperPage:
    """Add the pictures of a file to its paper, in the place of the page of the uid ``replaced``, if there is one.

    Returns the page of the first one. Raises PageNotAdded, perhaps after others were: the caller rolls back.
    """
    there = papers.pages_of(declaration, paper.kind)
    old = next((page for page in there if page.uid == replaced), None)
    if old:
        pages.remove_page(old)
    added = [signed_sheet.add_page(DeclarationCase(declaration), paper, prepared) for prepared in pictures]
    for place, page in enumerate(added if old else (), there.index(old) if old else 0):
        db.session.flush()
        pages.move_page(declaration, page, place)
    return added[0]


# --- uploads that arrive piece by piece ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrived:
    """A file whose last byte is there."""

    kind: str
    data: bytes
    account_id: int
    crop: Crop | None


def arrived(owner: Owner, uid: str) -> Arrived | Outcome:
    """The whole file of an upload, or what became of it when it was asked for before. Raises NotComplete, NotAsked."""
    upload = resumable_uploads.find(owner, uid)
    if upload.outcome:
        return upload.outcome
    if not resumable_uploads.is_complete(upload):
        raise NotComplete("图片还没有传完，请接着上传")
    kind, crop = owner.paper(upload.kind).kind, upload.facts.get("crop")
    frame = (crop[0], crop[1], crop[2], crop[3]) if crop else None
    return Arrived(kind, resumable_uploads.assembled(upload), owner.declaration.account_id, frame)


def prepare_arrived(settings: IntakeSettings, file: Arrived) -> Pictures | str:
    """Prepare a file that has arrived; why it was refused, when it is no good.

    Raises one of NOT_NOW when it can be prepared later.
    """
    try:
        return prepare(settings, file.kind, file.data, file.account_id, file.crop)
    except NOT_NOW:
        raise
    except PictureRefused as error:
        return str(error)


def settle(owner: Owner, uid: str, prepared: Pictures | str, after: After | None = None) -> Outcome:
    """Write what became of a file: ``ok``, the uid of its ``page``, or the ``problem``. The first request that writes
    wins; all others get its answer. ``after`` runs when the page was added, with the kind of its paper."""
    upload = resumable_uploads.find(owner, uid, lock=True)
    if upload.outcome:
        return upload.outcome
    problem, page = (prepared, None) if isinstance(prepared, str) else _added(owner, upload, prepared)
    outcome: Outcome = {"ok": True, "page": page.uid} if page else {"ok": False, "problem": problem}
    if page and after:
        after(owner, upload.kind)
    resumable_uploads.settle(upload, outcome)
    return outcome


def _added(owner: Owner, upload: Upload, prepared: Pictures) -> tuple[str, PaperPage | None]:
    """Why the picture was not added, or its page."""
    try:
        with db.session.begin_nested():
            page = add(owner.declaration, owner.paper(upload.kind), prepared, upload.facts.get("replaced", ""))
    except PageNotAdded as error:
        return str(error), None
    db.session.flush()
    return "", page
