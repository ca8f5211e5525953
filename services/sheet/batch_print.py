"""批量打印: sheets of a selection as one PDF. A job is a row; another process draws it (ADR 014).

waiting -> drawing -> done or failed. A drawer says every few sheets that it is alive; one that is silent for a minute
is taken over, three times at the most. To cancel a job is to remove its row: the drawer notices and stops.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.orm import joinedload

from lib.clock import local
from lib.database import utcnow
from lib.sandbox.background import BackgroundProcesses
from lib.sealed import new_uid
from lib.storage import Blob, Store
from models import Declaration, PrintJob, Record, Revision, Staff, db
from services import access, audit
from services.access import OFFICERS, Actor
from services.accounts.staff import actor_of
from services.sheet import content as sheet_content
from services.sheet.data import SheetData

LIMIT = 1000  # sheets of one job
STALE = timedelta(seconds=60)
KEPT = timedelta(hours=24)
TRIES = 3
MOST_DRAWERS = 2  # of one server process: one may be about to end
#: Why a job failed: PrintJob.problem -> what its maker reads. ``photo`` is followed by the declaration's id.
PROBLEMS = {
    "nothing": "所选的信息表现在都不在您的管辖范围内，没有生成文件。",
    "rights": "您的账号已停用或不再有审核权限，没有生成文件。",
    "storage": "服务器的存储空间已满或者不能写入，没有生成文件。请稍后重新打印；仍然失败的，请联系系统管理员。",
    "photo": "编号 {number} 的一寸照片文件已丢失或损坏，没有生成文件。请去掉这一份再打印，并请系统管理员检查。",
    "list": "没有符合条件的人员，没有生成文件。",
    "broken": "生成时出错，没有生成文件。请重新打印；仍然失败的，请联系系统管理员。",
}


class PrintingBusy(Exception):
    """The officer's last job is still waiting or being drawn; ``uid`` says which."""

    def __init__(self, uid: str) -> None:
        super().__init__(uid)
        self.uid = uid


# --- what is chosen -------------------------------------------------------------------------------


def of_declarations(actor: Actor, which: Sequence[Any], *, by: Any = Declaration.uid) -> list[int]:
    """The latest revisions of these submissions, in this order, as far as they are handled in the officer's scope."""
    latest = and_(Revision.declaration_id == Declaration.id, Revision.number == Declaration.revision_number)
    query = access.office_declarations(actor).join(Revision, latest).where(by.in_(which))
    return _in_order(which, query.with_only_columns(by, Revision.id, maintain_column_froms=True))


def of_records(actor: Actor, which: Sequence[Any], *, by: Any = Record.uid) -> list[int]:
    """The approved revisions of these records, in this order, as far as they are kept in the officer's scope."""
    query = access.office_records(actor).where(by.in_(which))
    return _in_order(which, query.with_only_columns(by, Record.revision_id, maintain_column_froms=True))


def _in_order(which: Sequence[Any], query: Any) -> list[int]:
    found: Mapping[Any, int] = {one: revision for one, revision in db.session.execute(query)}  # noqa: C416
    return [found[one] for one in dict.fromkeys(which) if one in found]


def still_allowed(actor: Actor, revision_ids: Sequence[int]) -> list[int]:
    """Those of the revisions whose submission or record is in the officer's scope now, in their order."""
    submissions = access.office_declarations(actor).join(Revision, Revision.declaration_id == Declaration.id)
    submissions = submissions.where(Revision.id.in_(revision_ids))
    records = access.office_records(actor).where(Record.revision_id.in_(revision_ids))
    allowed = set(db.session.scalars(submissions.with_only_columns(Revision.id, maintain_column_froms=True)))
    allowed.update(db.session.scalars(records.with_only_columns(Record.revision_id, maintain_column_froms=True)))
    return [one for one in revision_ids if one in allowed]


# --- the maker's side -----------------------------------------------------------------------------


def create(actor: Actor, revision_ids: Sequence[int], reason: str) -> PrintJob:
    """Ask for these sheets. Writes down who asked, why, and whose sheets they are. Raises Busy."""
    refuse_busy(actor)
    job = PrintJob(staff_id=actor.id, revisions=list(revision_ids[:LIMIT]), total=len(revision_ids[:LIMIT]))
    db.session.add(job)
    event = audit.record("print_sheets", actor, detail=f"{job.total} 份信息表。事由：{reason}")
    members = audit.Members()
    owners = select(Declaration.account_id).join(Revision, Revision.declaration_id == Declaration.id)
    for account_id in db.session.scalars(owners.where(Revision.id.in_(job.revisions))):
        members.add(account_id)
    audit.record_members(event, actor.department_id, members)
    return job


def refuse_busy(actor: Actor) -> None:
    open_one = _own(actor).where(PrintJob.state.in_(("waiting", "drawing"))).limit(1)
    if job := db.session.scalar(open_one):
        raise PrintingBusy(job.uid)


def _own(actor: Actor) -> Any:
    return select(PrintJob).where(PrintJob.staff_id == actor.id)


def mine(actor: Actor) -> Sequence[PrintJob]:
    """The officer's jobs of the last day, newest first."""
    return db.session.scalars(_own(actor).order_by(PrintJob.created_at.desc()).limit(50)).all()


def one(actor: Actor, uid: str) -> PrintJob | None:
    return db.session.scalar(_own(actor).where(PrintJob.uid == uid))


def cancel(job: PrintJob) -> None:
    """Forget a job. Its drawer stops at the next check; a finished file goes with ``forget_old`` or the sweep."""
    db.session.delete(job)


@dataclass(frozen=True)
class PrintState:
    """A job as its page shows it."""

    job: PrintJob
    ahead: int  # jobs that wait before it
    sheets: int  # in the finished file
    left_out: int
    out_of_scope: bool  # a printed sheet has left the scope since: the file is not handed out

    @property
    def state(self) -> str:
        return self.job.state

    @property
    def problem(self) -> str:
        name, _, declaration_id = (self.job.problem or "").partition(" ")
        if name == "photo":
            number = db.session.scalar(select(Declaration.number).where(Declaration.id == int(declaration_id)))
            return PROBLEMS[name].format(number=number)
        return PROBLEMS.get(name, PROBLEMS["broken"])

    @property
    def until(self) -> datetime:
        return until(self.job)


def standing(actor: Actor, job: PrintJob) -> PrintState:
    sheets = job.done if job.export else len(job.revisions)
    waiting = select(func.count()).select_from(PrintJob).where(_open(), PrintJob.id < job.id)
    return PrintState(
        job,
        ahead=(db.session.scalar(waiting) or 0) if job.state == "waiting" else 0,
        sheets=sheets,
        left_out=0 if job.export else job.total - sheets,
        out_of_scope=job.state == "done" and not may_fetch(actor, job),
    )


def may_fetch(actor: Actor, job: PrintJob) -> bool:
    """Is it finished, and is every sheet in it still in the scope?"""
    if job.export and not job.export["path"].startswith(actor.path):
        return False
    return job.address is not None and len(still_allowed(actor, job.revisions)) == len(job.revisions)


def until(job: PrintJob) -> datetime:
    """When its file is removed."""
    return local(job.created_at + KEPT)


def file_name(job: PrintJob) -> str:
    return f"信息表-{len(job.revisions)}份-{local(job.created_at):%Y%m%d-%H%M}.pdf"


# --- the drawer's side ----------------------------------------------------------------------------


def _open() -> ColumnElement[bool]:
    return PrintJob.state.in_(("waiting", "drawing"))


def _free(now: datetime) -> ColumnElement[bool]:
    """Waiting, or left by a drawer that is silent."""
    silent = and_(PrintJob.state == "drawing", or_(PrintJob.alive_at.is_(None), PrintJob.alive_at < now - STALE))
    return or_(PrintJob.state == "waiting", silent)


def is_waited_for() -> bool:
    return db.session.scalar(select(PrintJob.id).where(_free(utcnow())).limit(1)) is not None


def take(drawer: str) -> PrintJob | None:
    """The oldest free job, now this drawer's. One that three drawers could not finish has failed."""
    now = utcnow()
    spent = update(PrintJob).where(_free(now), PrintJob.tries >= TRIES)
    db.session.execute(spent.values(state="failed", problem="broken", drawer=None))
    oldest = select(PrintJob.id).where(_free(now)).order_by(PrintJob.created_at, PrintJob.id).limit(1)
    while (job_id := db.session.scalar(oldest)) is not None:
        mark = (
            update(PrintJob)
            .where(PrintJob.id == job_id, _free(now))
            .values(state="drawing", drawer=drawer, alive_at=now, done=0, tries=PrintJob.tries + 1)
        )
        if _changed(mark):
            return db.session.get_one(PrintJob, job_id, populate_existing=True)
    return None


def new_drawer() -> str:
    return new_uid()


def _changed(statement: Any, session: Any = None) -> bool:
    result: Any = (session or db.session).execute(statement.execution_options(synchronize_session=False))
    return bool(result.rowcount)


def _held(job_id: int, drawer: str) -> Any:
    return update(PrintJob).where(PrintJob.id == job_id, PrintJob.drawer == drawer, PrintJob.state == "drawing")


def beat(job_id: int, drawer: str, session: Any = None, **said: int) -> bool:
    """Still alive; ``said``: so far ``done``, of so many in ``total``. False: the job was cancelled or is another's.

    ``session``: of another connection, while this one's is reading.
    """
    return _changed(_held(job_id, drawer).values(alive_at=utcnow(), **said), session)


def finish(job_id: int, drawer: str, revisions: Sequence[int], blob: Blob) -> bool:
    """Also needs the job still to be this drawer's."""
    values: dict[str, Any] = {"revisions": list(revisions), "address": blob.address, "size": blob.size}
    return close(job_id, drawer, done=len(revisions), **values)


def close(job_id: int, drawer: str, **values: Any) -> bool:
    """The file can be fetched. False: the job was cancelled or is another's."""
    return _changed(_held(job_id, drawer).values(state="done", drawer=None, alive_at=utcnow(), **values))


def fail(job_id: int, drawer: str, problem: str) -> bool:
    return _changed(_held(job_id, drawer).values(state="failed", problem=problem, drawer=None))


def maker(job: PrintJob) -> Actor | None:
    """Who asked for it, with the rights of now. None: no officer any more."""
    staff = db.session.get(Staff, job.staff_id or 0, options=[joinedload(Staff.department)])
    if staff is None or not staff.active or staff.role not in OFFICERS:
        return None
    return actor_of(staff)


def printable(actor: Actor, revision_ids: Sequence[int]) -> list[int]:
    """Those that may and can be printed: in scope now, and with a sheet that was printed."""
    allowed = still_allowed(actor, revision_ids)
    query = select(Revision.id).where(Revision.id.in_(allowed), Revision.sheet_id.is_not(None))
    printed = set(db.session.scalars(query))
    return [one for one in allowed if one in printed]


def sheets_of(revision_ids: Iterable[int], store: Store, *, base_url: str, site: str) -> Iterator[SheetData]:
    """Each sheet as it was printed for its revision. Reads only."""
    load = (joinedload(Revision.sheet), joinedload(Revision.declaration))
    ids = list(revision_ids)
    rows = db.session.scalars(select(Revision).where(Revision.id.in_(ids)).options(*load)).all()
    by_id = {revision.id: revision for revision in rows}
    for one in ids:
        revision = by_id[one]
        assert revision.sheet
        yield sheet_content.sheet_data(revision.declaration, revision.sheet, store, base_url=base_url, site=site)


_drawers = BackgroundProcesses(MOST_DRAWERS)


def start_drawer(root: Path) -> None:
    """Start ``flask print`` next to the server, with its environment. It ends by itself when no job is left.

    Few run at a time: one of them draws, and asking and cancelling again and again must not fill the machine.
    Should they end without having seen the job, ``flask tick`` starts another.
    """
    command = (sys.executable, "-m", "flask", "print")
    _drawers.start(command, root, {"FLASK_APP": "app", "FLASK_SKIP_DOTENV": "1"})


def is_started() -> bool:
    """Has this process started a drawer that has not ended yet?"""
    return _drawers.is_running()


# --- what time brings -----------------------------------------------------------------------------


def forget_old(store: Store) -> int:
    """Jobs and files of yesterday. The same bytes may belong to a newer job: then they stay."""
    before = utcnow() - KEPT
    newer = db.session.scalars(select(PrintJob).where(PrintJob.created_at >= before)).all()
    needed = {address for job in newer for address in addresses(job)}
    old = db.session.scalars(select(PrintJob).where(PrintJob.created_at < before)).all()
    for job in old:
        for address in set(addresses(job)) - needed:
            store.discard(address, KEPT.total_seconds() / 2)
        db.session.delete(job)
    return len(old)


def addresses(job: PrintJob) -> list[str]:
    """Where the finished file lies, in the order of its parts."""
    return job.parts or ([job.address] if job.address else [])
