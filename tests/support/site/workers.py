"""Applicants and officers who work without a break on a server that is killed again and again.

Each keeps a ledger of what was answered, and of the one request that was on its way at the end: nobody knows whether
that was done. The ledger is compared with the database and the files while the server is down.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any

from sqlalchemy import select

from blueprints.gate import COOKIE, STAFF_COOKIE
from forms import SHEET
from lib.storage import FileDamaged, FileMissing, Folder
from models import Account, Claim, Decision, Declaration, PaperPage, Revision, Staff, db
from services.papers import papers
from tests.support.applicant.filing import names
from tests.support.factory import picture
from tests.support.people import EMPLOYED, as_form
from tests.support.site.visitor import NoAnswer, Refused, Visitor

FORM, PIECES = "id_portrait", "id_emblem"  # of one page each: sent with a form, and piece by piece
KINDS = (FORM, PIECES, SHEET)

Stored = Callable[[bytes], str]  # the address under which a picture is stored, once it is cleaned


class Worker(ABC):
    """One person at one browser. ``done`` counts what was answered, ``unavailable`` the pages of 503."""

    def __init__(self, port: int, cookies: Mapping[str, str], seed: int) -> None:
        self.visitor = Visitor(port, cookies=cookies)
        self.chance = Random(seed)
        self.done = self.unavailable = 0
        self.failure: BaseException | None = None

    def live(self, ended: threading.Event | None = None) -> None:
        """Work until the server is gone, or ``ended``, or there is a page of 503 while that may be.

        Being too late is no failure, an error of the server is.
        """
        try:
            while not (ended and ended.is_set()):
                try:
                    self.work()
                except Refused as error:
                    if ended and error.status == 503:
                        self.unavailable += 1
                        return
                    if error.status >= 500:
                        raise
        except NoAnswer:
            return
        except BaseException as error:
            self.failure = error
        finally:
            self.visitor.close()

    @abstractmethod
    def work(self) -> None:
        """One round of what the person does. Raises NoAnswer when the server is gone."""

    @abstractmethod
    def problems(self) -> list[str]:
        """What was answered and is not stored; then what is stored becomes the ledger."""


class Applicant(Worker):
    """Changes an answer, prints, sends pictures, submits; when returned again, and after an approval as a change."""

    def __init__(self, port: int, account: Account, token: str, address_of: Stored) -> None:
        super().__init__(port, {COOKIE: token}, account.id)
        self.account_id, self.mobile, self.address_of = account.id, account.phone, address_of
        self.pictures = count(account.id * 1_000_000)
        self.stored: dict[str, str | None] = dict.fromkeys(("postal_address", *KINDS))
        self.pending: dict[str, str] = {}
        self.submitted: list[dict[str, str | None]] = []
        self.submitting = False

    def work(self) -> None:
        place = self.visitor.get("/apply").location
        if place.startswith("/archive"):
            self.visitor.get(place)
            self.stored[SHEET] = None  # a change begins without one
            self.visitor.send("/archive/change", {"topic": ["contact", "employer"]})
        elif place in ("/apply/status", "/apply/done"):
            time.sleep(0.02)  # the office has it
        else:
            self._read_notice(place)
            for change in self.chance.sample([self._answer, self._send_form, self._send_pieces], 3):
                change()
            self.visitor.get("/apply/check")
            self.visitor.send("/apply/check/print")
            self._send_form(SHEET)
            self._submit()

    def _read_notice(self, place: str) -> None:
        if place == "/apply/notice":
            self.visitor.get(place)
            self.visitor.send(place)

    def _answered(self, where: str, wanted: str | tuple[str, ...]) -> None:
        """An answer that leads elsewhere is a refusal."""
        if not where.startswith(wanted):
            raise Refused(302, f"led to {where}")
        self.stored |= self.pending
        self.pending = {}
        self.done += 1

    def _answer(self) -> None:
        self.visitor.get("/apply/personal")
        wanted = f"样例路 {self.chance.randrange(10**6)} 号"
        told = EMPLOYED | {"postal_address": wanted, "mobile": self.mobile}
        self.pending = {"postal_address": wanted}
        reply = self.visitor.send("/apply/personal", {**as_form(told, names("personal")), "action": "next"})
        self._answered(reply.location, ("/apply/department", "/apply/corrections"))

    def _picture(self) -> tuple[bytes, str]:
        """One that nobody has sent before, and where it will be stored."""
        data = picture.__wrapped__(700, 500, next(self.pictures))
        return data, self.address_of(data)

    def _send_form(self, kind: str = FORM) -> None:
        data, address = self._picture()
        self.visitor.get("/apply/papers")
        self.pending = {kind: address}
        self._answered(self.visitor.send(f"/apply/papers/{kind}", files={"file": data}).location, "/apply/papers")

    def _send_pieces(self, kind: str = PIECES) -> None:
        data, address = self._picture()
        always = {"Tus-Resumable": "1.0.0", "X-CSRFToken": self.visitor.hidden["csrf_token"]}
        told = {"Upload-Length": str(len(data)), "Upload-Metadata": f"kind {base64.b64encode(kind.encode()).decode()}"}
        path = self.visitor.ask("POST", "/apply/uploads", b"", always | told).location
        piece = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        self.visitor.ask("PATCH", path, data, always | piece)
        self.pending = {kind: address}
        outcome = json.loads(self.visitor.ask("POST", f"{path}/take", b"", always).text)
        self._answered(path, "/apply/uploads" if outcome["ok"] else outcome["problem"])

    def _submit(self) -> None:
        self.visitor.get("/apply/papers")
        self.submitting = True
        if self.visitor.send("/apply/submit", {"agree": "yes"}).location == "/apply/done":
            self.submitted.append(dict(self.stored))
            self.done += 1
        self.submitting = False

    def problems(self) -> list[str]:
        filed = list(
            db.session.scalars(select(Declaration).filter_by(account_id=self.account_id).order_by(Declaration.id))
        )
        latest, found = filed[-1], []
        now = {"postal_address": latest.postal_address} | {kind: _one(papers.pages_of(latest, kind)) for kind in KINDS}
        for name, value in now.items():
            if self.stored[name] is not None and value not in (self.stored[name], self.pending.get(name)):
                found.append(f"applicant {self.account_id}: {name} is {value}, not {self.stored[name]}")
        before, self.stored, self.pending = self.submitted, now, {}
        self.submitted = [_sent(revision) for declaration in filed for revision in declaration.revisions]
        unknown = self.submitted[len(before) :]
        if self.submitted[: len(before)] != before or len(unknown) > self.submitting:
            found.append(f"applicant {self.account_id}: submitted {before}, stored {self.submitted}")
        self.submitting = False
        return found


def _one(pages: Sequence[PaperPage]) -> str:
    return " ".join(page.address for page in pages)


def _sent(revision: Revision) -> dict[str, str | None]:
    kept = {kind: " ".join(papers.addresses(revision.papers.get(kind))) for kind in KINDS}
    return {"postal_address": revision.answers["postal_address"], **kept}


class Officer(Worker):
    """Takes what is next and returns or approves it."""

    def __init__(self, port: int, staff: Staff, token: str) -> None:
        super().__init__(port, {STAFF_COOKIE: token}, staff.id)
        self.staff_id = staff.id
        self.decided: list[tuple[str, int, str]] = []  # declaration, revision, verb
        self.deciding: tuple[str, int, str] | None = None
        self.held: list[str] = []  # when the server ended

    def work(self) -> None:
        self.visitor.get("/staff/queue")
        place = (
            f"/staff/submissions/{self.held.pop()}" if self.held else self.visitor.send("/staff/queue/next").location
        )
        while place.startswith("/staff/submissions/"):
            self.visitor.get(place)
            place = self._decide(place.partition("?")[0])
        time.sleep(0.02)  # nothing to do

    def _decide(self, path: str) -> str:
        verb, seen = self.chance.choice(("approve", "return", "return")), self.visitor.hidden["seen"]
        marks = {"mark": "postal_address", "comment-postal_address": "请核对"} if verb == "return" else {}
        self.deciding = path.rpartition("/")[2], int(seen), verb
        place = self.visitor.send(f"{path}/{verb}", {**marks, "confirmed": "yes"}).location
        self.decided.append(self.deciding)
        self.deciding = None
        self.done += 1
        return place

    def problems(self) -> list[str]:
        query = select(Declaration.uid, Revision.number, Decision.verb).join(
            Revision, Decision.revision_id == Revision.id
        )
        query = query.join(Declaration, Declaration.id == Revision.declaration_id).where(
            Decision.staff_id == self.staff_id
        )
        now = [(uid, number, verb) for uid, number, verb in db.session.execute(query.order_by(Decision.id))]
        fits = now in (self.decided, [*self.decided, self.deciding])
        found = [] if fits else [f"officer {self.staff_id}: decided {self.decided}, stored {now}"]
        holding = select(Declaration.uid).join(Claim).where(Claim.staff_id == self.staff_id)
        self.decided, self.deciding, self.held = now, None, list(db.session.scalars(holding))
        return found


def missing_files(store: Folder) -> list[str]:
    """The addresses in rows under which there is no whole file."""
    pages: list[Mapping[str, Any]] = [
        {"address": page.address, "thumb": page.thumb_address, "source": page.source_address}
        for page in db.session.scalars(select(PaperPage))
    ]
    frozen = [
        page for revision in db.session.scalars(select(Revision)) for kept in revision.papers.values() for page in kept
    ]
    pages += [{name: page[name] for name in ("address", "thumb_address", "source_address")} for page in frozen]
    wanted = {address for page in pages for address in page.values() if address}
    return [address for address in sorted(wanted) if not _whole(store, address)]


def _whole(store: Folder, address: str) -> bool:
    with suppress(FileMissing, FileDamaged):
        return bool(store.get(address))
    return False
