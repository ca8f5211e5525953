"""The chain over the audit trail (docs/adr/028): ``flask tick`` adds its links, a verification finds the first bad row.

Nobody who records an event waits for the chain. Its latest link is also kept in a file next to the keys and can be
printed, so that the end of the trail cannot be cut off unseen.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Row, Select, func, insert, select, true

from lib import crypto
from lib.database import advisory_lock, transaction_mode
from lib.files import temporary_file_beside
from models import Event, EventSeal, db, keys

AT_ONCE = 2000  # rows that one run seals: 40 ms of the write lock
#: A transaction on PostgreSQL may become visible late: so many links back, rows that were not there yet are looked for.
LOOKED_BACK = 20_000
VERIFIED_ON_PAGE = 20_000  # the latest rows: half a second
HEAD_FILE = "audit-head"

_ROW = (Event.id, Event.mac, *(getattr(Event, name) for name in Event.HASHED))


@dataclass(frozen=True)
class ChainHead:
    """A link of the chain: the latest one unless something else is said. Position 0: nothing is sealed yet."""

    position: int = 0
    digest: bytes = crypto.CHAIN_BEGINNING
    event_id: int = 0
    at: datetime | None = None  # of the event

    @property
    def printed(self) -> str:
        """As people compare it: ``12345:0f3a...``."""
        return f"{self.position}:{self.digest.hex()}"


@dataclass(frozen=True)
class Verification:
    """``problem``: the first bad row; empty when all is as it was written. ``waiting``: rows without a link yet."""

    checked: int
    waiting: int
    problem: str = ""

    @property
    def summary(self) -> str:
        """For the log, which auditors read."""
        return self.problem or f"核对 {self.checked} 条，一致"


def head() -> ChainHead:
    query = select(EventSeal.position, EventSeal.digest, EventSeal.event_id, Event.at)
    query = query.outerjoin(Event, Event.id == EventSeal.event_id).order_by(EventSeal.position.desc()).limit(1)
    found = db.session.execute(query).first()
    return ChainHead(*found) if found else ChainHead()


# --- sealing ----------------------------------------------------------------------------------------------------------


def seal() -> int:
    """Add links for events that have none, at most ``AT_ONCE``; returns how many. For ``flask tick``."""
    advisory_lock(db.session, b"audit seals")
    last = head()
    rows = db.session.execute(_without_seal(last).limit(AT_ONCE)).all()
    ring, digest, made = keys(), last.digest, []
    for position, (event_id, mac) in enumerate(rows, last.position + 1):
        digest = crypto.chain_link(ring, digest, event_id, mac)
        made.append({"position": position, "event_id": event_id, "digest": digest})
    if made:
        db.session.execute(insert(EventSeal.__table__), made)  # type: ignore[arg-type]
    return len(made)


def _without_seal(last: ChainHead) -> Select[int, bytes | None]:
    since = last.event_id  # on SQLite, where transactions come one after the other
    if db.session.get_bind().dialect.name == "postgresql":
        first = last.position - LOOKED_BACK
        oldest = select(func.min(EventSeal.event_id)).where(EventSeal.position > first)
        since = (db.session.scalar(oldest) or 0) if first > 0 else 0
    query = select(Event.id, Event.mac).outerjoin(EventSeal, EventSeal.event_id == Event.id)
    return query.where(Event.id >= since, EventSeal.position.is_(None)).order_by(Event.id)


def keep_head(data: Path) -> int:
    """Write the latest link into the file, after ``seal`` was committed; nobody waits for the disk meanwhile."""
    with transaction_mode("DEFERRED"):
        last = head()
        db.session.rollback()
    file = data / HEAD_FILE
    if last.position > read_head(file).position:
        content = json.dumps({"position": last.position, "digest": last.digest.hex(), "event": last.event_id})
        with temporary_file_beside(file, content.encode() + b"\n") as temporary:
            os.replace(temporary, file)
    return 0


def read_head(file: Path) -> ChainHead:
    """The link that the file remembers."""
    try:
        content = json.loads(file.read_text())
        return ChainHead(content["position"], bytes.fromhex(content["digest"]), content["event"])
    except FileNotFoundError:
        return ChainHead()


def parse_head(text: str) -> ChainHead:
    """A printed head. Raises ValueError."""
    position, _, digest = "".join(text.split()).partition(":")
    return ChainHead(int(position), bytes.fromhex(digest))


# --- verifying --------------------------------------------------------------------------------------------------------


def verify(known: ChainHead, step: Callable[[int], None] = lambda _rows: None) -> Verification:
    """Every row of the trail, against the chain and against a link that is ``known`` from elsewhere."""
    checked, fault = 0, ""
    for fault in _links(ChainHead(), known):
        checked += 1
        step(1)
        if fault:
            break
    waiting, put_in = _unsealed()
    return Verification(checked, waiting, fault or put_in or _doubled() or _shortened(known, checked))


def verify_latest(known: ChainHead, most: int = VERIFIED_ON_PAGE) -> Verification:
    """The same for the latest rows, quickly enough for a page."""
    last = head()
    before = _link_at(last.position - most) if last.position > most else ChainHead()
    checked, fault = 0, ""
    for fault in _links(before, known):
        checked += 1
        if fault:
            break
    waiting, put_in = _unsealed(before.event_id)
    return Verification(checked, waiting, fault or put_in or _shortened(known, last.position))


def _link_at(position: int) -> ChainHead:
    """Without it the next link cannot be right, which is then reported."""
    query = select(EventSeal.digest, EventSeal.event_id).where(EventSeal.position == position)
    return ChainHead(position, *(db.session.execute(query).first() or ()))


def _links(before: ChainHead, known: ChainHead) -> Iterator[str]:
    """What is wrong with each row behind ``before``, in the order of the chain; empty for nothing."""
    query = select(EventSeal.position, EventSeal.event_id, EventSeal.digest, *_ROW)
    query = query.outerjoin(Event, Event.id == EventSeal.event_id).where(EventSeal.position > before.position)
    digest, ring = before.digest, keys()
    # Closed also when the reader stops at a fault.
    with db.session.execute(query.order_by(EventSeal.position).execution_options(yield_per=1000)) as found:
        for expected, row in enumerate(found, before.position + 1):
            digest = crypto.chain_link(ring, digest, row.event_id, row.mac)
            yield _fault(row, expected, digest, known)


def _fault(row: Row[Any], expected: int, digest: bytes, known: ChainHead) -> str:
    which = row.event_id
    if row.position != expected:
        return f"第 {which} 号记录之前缺少第 {expected} 个链节"
    if row.id is None:
        return f"第 {which} 号记录被删除"
    if not crypto.is_row_genuine(keys(), row[5:], row.mac):
        return f"第 {which} 号记录被修改"
    if row.digest != digest:
        return f"第 {which} 号记录不是原来的记录，或者顺序被改动"
    if row.position == known.position and row.digest != known.digest:
        return f"第 {which} 号记录及以前的校验链被重新生成"
    return ""


def _unsealed(since: int = 0) -> tuple[int, str]:
    """How many rows have no link: they are new, or were put in by somebody who does not know the key."""
    query = select(*_ROW).outerjoin(EventSeal, EventSeal.event_id == Event.id)
    query = query.where(EventSeal.position.is_(None), Event.id >= since if since else true()).order_by(Event.id)
    ring, count, fault = keys(), 0, ""
    for row in db.session.execute(query.execution_options(yield_per=1000)):
        count += 1
        if not fault and not crypto.is_row_genuine(ring, row[2:], row.mac):
            fault = f"第 {row.id} 号记录是插入的，或者被修改"
    return count, fault


def _doubled() -> str:
    """A copy of a genuine row is genuine, too."""
    query = select(func.max(Event.id)).group_by(Event.mac).having(func.count() > 1)
    found = db.session.scalar(query.order_by(func.max(Event.id)).limit(1))
    return f"第 {found} 号记录是复制的" if found else ""


def _shortened(known: ChainHead, last: int) -> str:
    if known.position <= last:
        return ""
    return f"校验链只有 {last} 节，原来有 {known.position} 节：末尾的记录被删除，或者恢复了较早的备份"
