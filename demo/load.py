"""Demo data: invented people in every state, staff of two counties, a city and the province, legacy holders to claim.

All changes use the services of the product; only times are shifted back, so that queues have a past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import event, select

from demo import assistance, office, public_texts
from demo import drawings as demo_drawings
from demo import papers as demo_papers
from demo.accounts import STAFF, load_register, load_staff, password, register
from demo.papers import Words
from demo.people import HAICHENG, DemoPerson, Stage, people
from forms import PAPER, PHOTO, SHEET, STEPS
from lib.clock import SHANGHAI, local, today
from lib.codes import Role, YesNo
from lib.crypto import hash_password
from lib.database import UTCDateTime, transaction_mode, utcnow
from lib.identity import facts_from_number
from lib.storage import Store
from lib.workdays import workdays_between
from models import Claim, Declaration, Department, Record, RecordTransfer, Staff, db, keys
from services import access, workflow
from services.accounts import applicants
from services.accounts.staff import actor_of
from services.declaration import answers, deadlines
from services.filing import printing, signed_sheet
from services.filing.case import DeclarationCase
from services.marks import internal_notes, marks, ticks
from services.papers import pages, papers, preparation
from services.queue import index as queue_index
from services.records import record_transfers
from services.site import built_in_texts
from services.workflow import start as workflow_start

DAY = timedelta(days=1)
Pictures = dict[str, preparation.Prepared]  # paper kind -> its picture, already in the store

#: Groups of states.
UNDECIDED = (Stage.SUBMITTED, Stage.OVERDUE, Stage.DUE_SOON)
DRAFTS = {Stage.STARTED: 1, Stage.STUDENT_DRAFT: 2, Stage.READY: len(STEPS)}  # completed pages
SENT_BACK = (Stage.RETURNED, Stage.RESUBMITTED)
SPOILED = "id_emblem"  # the unreadable paper, and the place on it
FRAME = (0.21, 0.66, 0.42, 0.13)
ARCHIVED = (Stage.APPROVED, Stage.CHANGING, Stage.CHANGE_SUBMITTED)


@dataclass(frozen=True)
class Demo:
    """The configuration of a run: the secret key, the store, and the working days for decisions."""

    secret: str
    store: Store
    review_days: int
    assistance_days: int = 5
    base_url: str = "http://localhost"  # in the QR codes of the signed sheets


# --- the past -------------------------------------------------------------------------------------------------------


@contextmanager
def in_the_past(shift: timedelta) -> Iterator[None]:
    """Shift current times of all written rows back by ``shift``.

    Times in the future do not change, so that claims and reservations stay in force.
    """
    start = utcnow()

    def turn_back(session: Any, _context: Any, _instances: Any) -> None:
        for row in (*session.new, *session.dirty):
            for column in row.__table__.columns:
                if isinstance(column.type, UTCDateTime):
                    _shift_back(row, column, session, start, shift)

    event.listen(db.session, "before_flush", turn_back)
    try:
        yield
        db.session.flush()
    finally:
        event.remove(db.session, "before_flush", turn_back)


def _shift_back(row: Any, column: Any, session: Any, start: Any, shift: timedelta) -> None:
    value, now = getattr(row, column.key), utcnow()
    is_new = value is None and column.default and row in session.new
    if is_new or (column.onupdate and row in session.dirty and session.is_modified(row)):
        value = now  # as the database layer would write
    if value is not None and start <= value <= now:
        setattr(row, column.key, value - shift)


# --- preparing people -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _PreparedPerson:
    """A person with hashed password and drawn pictures."""

    person: DemoPerson
    password_hash: str
    pictures: Pictures


def load(demo: Demo, count: int, seed: int, progress: Callable[[int], None] = lambda _steps: None) -> int:
    """Add staff, legacy holders and up to ``count`` people who are missing; returns how many people.

    Pictures are drawn and passwords hashed before the first row is written. ``progress`` is called twice for each
    person. The caller commits.
    """
    with transaction_mode("DEFERRED"):
        wanted = [_with_due_day(person, demo.review_days) for person in people(count, seed, today())]
        new = [(person, _answers_in_words(person)) for person in wanted if applicants.find(person.number) is None]
        db.session.rollback()
        drawn = assistance.draw(demo.store, wanted)
    attached, pepper = public_texts.draw(demo.store), keys().pepper
    with ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(copy_context().run, _prepare_person, demo, person, words, pepper) for person, words in new]
        ready = []
        for job in jobs:
            ready.append(job.result())
            progress(1)
    with in_the_past(timedelta(days=90)):
        staff = load_staff(demo.secret)
        load_register([person for person, _words in new if person.archive_no])
    for one in ready:
        _DemoStory(demo, one, staff).perform()
        progress(1)
    with in_the_past(timedelta(days=1)):
        assistance.load(drawn, demo.assistance_days)
        _offer_a_record(staff)
        public_texts.load(attached)
    if not office.is_loaded():
        with in_the_past(timedelta(days=1)):
            office.load(demo.store, staff)
        office.lock_out()
    return len(ready)


def _offer_a_record(staff: dict[str, Staff]) -> None:
    """档案调转: one of 海城 waits for 沈阳市和平区 to agree."""
    if db.session.scalar(select(RecordTransfer.id).limit(1)):
        return
    query = select(Record).join(Department).where(Department.code == HAICHENG.code).order_by(Record.id)
    actor = actor_of(staff["haicheng-zhuren"])
    for record in db.session.scalars(query).all():
        with suppress(record_transfers.TransferRefused):
            record_transfers.send(record, actor, "210102", place="", on=today(), reason="已到和平区的单位工作")
            return


def _with_due_day(person: DemoPerson, review_days: int) -> DemoPerson:
    """For an overdue or nearly overdue person: find the matching day of submission in the calendar."""
    fits = {Stage.OVERDUE: lambda left: left < 0, Stage.DUE_SOON: lambda left: 0 <= left <= deadlines.SOON}
    if person.stage not in fits:
        return person
    days_off, now = deadlines.calendar(), today()
    for days in range(person.days, person.days + 3 * review_days + 30):
        due = deadlines.due_date(now - timedelta(days=days), review_days, days_off).on
        if fits[person.stage](workdays_between(now, due, days_off)):
            return replace(person, days=days)
    return person


def _since(person: DemoPerson) -> timedelta:
    """How long ago the person submitted: on the required day, at a different time in office hours."""
    minutes = int(person.number[-5:-1]) % 540
    moment = datetime.combine(today() - person.days * DAY, time(8), SHANGHAI) + timedelta(minutes=minutes)
    return max(utcnow() - moment, timedelta(minutes=10))


def _at_work(since: timedelta) -> timedelta:
    """The next time in office hours, as a time that is past."""
    moment = local(utcnow() - since)
    if 8 <= moment.hour < 17:
        return since
    later = (moment + (DAY if moment.hour >= 17 else timedelta())).replace(hour=9 + moment.hour % 7)
    return max(since - (later - moment), timedelta(minutes=5))


def _facts(person: DemoPerson) -> dict[str, Any]:
    """The facts that decide which papers are needed, before there is an account."""
    derived = facts_from_number(person.id_type, person.number)
    facts = {"id_type": person.id_type.value, "id_number": person.number, "name_differs": YesNo.NO.value}
    return facts | person.answers | ({"sex": derived[0], "birth_date": derived[1]} if derived else {})


def _answers_in_words(person: DemoPerson) -> Words:
    return {row.name: row.text for section in answers.sections(_facts(person)) for row in section.rows}


def _prepare_person(demo: Demo, person: DemoPerson, words: Words, pepper: bytes) -> _PreparedPerson:
    kinds = [paper.kind for paper in papers.wanted(_facts(person)) if paper.kind != SHEET]
    if DRAFTS.get(person.stage, len(STEPS)) < len(STEPS) or person.stage is Stage.NEW:
        kinds = [PHOTO]
    drawn = {kind: demo_papers.draw(kind, person, words) for kind in kinds}
    if person.stage in SENT_BACK:
        drawn[SPOILED] = demo_drawings.blurred(drawn[SPOILED])
    pictures = {kind: _prepared(demo.store, kind, picture) for kind, picture in drawn.items()}
    return _PreparedPerson(
        person, hash_password(password(demo.secret, person.number), staff=False, pepper=pepper), pictures
    )


#: The drawn people are small: a frame in which most heads are large enough.
NEAR = (0.11, 0.07, 0.78, 0.78)


def _prepared(store: Store, kind: str, picture: bytes) -> preparation.Prepared:
    return preparation.prepare_photo(store, picture, NEAR) if kind == PHOTO else preparation.prepare(store, picture)


# --- stories --------------------------------------------------------------------------------------------------------


class _DemoStory:
    """Performs one person's actions up to the state."""

    def __init__(self, demo: Demo, ready: _PreparedPerson, staff: dict[str, Staff]) -> None:
        self.demo, self.person, self.pictures = demo, ready.person, ready.pictures
        self.since = _since(self.person)
        with in_the_past(self.since + DAY):
            self.account = register(self.person, ready.password_hash)
        self.actor = applicants.actor_of(self.account)
        self.officer = actor_of(_reviewer(self.person, staff))

    def perform(self) -> None:
        stage = self.person.stage
        if stage is Stage.NEW:
            return
        with in_the_past(self.since):
            declaration = self._draft()
            if stage in DRAFTS:
                return
            self._submit(declaration, self.since)
        if stage in ARCHIVED:
            self._approve_and_change(declaration)
        elif stage not in UNDECIDED:
            self._review(declaration)

    def _draft(self) -> Declaration:
        declaration = workflow_start.start(self.actor, self.account)
        declaration.notice_read_at = utcnow()
        filled = DRAFTS.get(self.person.stage, len(STEPS))
        for step in STEPS[:filled]:
            _fill(declaration, step.slug, self.person.answers)
        self._upload(declaration, *self.pictures)
        if filled == len(STEPS):
            self._sign(declaration)
        return declaration

    def _upload(self, declaration: Declaration, *kinds: str) -> None:
        for kind in kinds:
            pages.add_page(declaration, PAPER[kind], self.pictures[kind])
        db.session.flush()

    def _sign(self, declaration: Declaration) -> None:
        """Print the sheet, and upload the picture of the signed one."""
        sheet = printing.print_sheet(DeclarationCase(declaration))
        db.session.flush()
        facts = sheet.answers
        rows = [(row.short, row.text) for section in answers.sections(facts) for row in section.rows]
        head = {"申报编号": declaration.number, "版本": f"第 {sheet.version} 版", "校验码": sheet.code}
        seal = facts["employer_name"] if facts["has_employer"] == YesNo.YES else ""
        address = f"{self.demo.base_url}/verify/{sheet.code}"
        signed = demo_drawings.Signed(address, head, self.person.name, seal)
        drawn = demo_drawings.signed_sheet(signed, rows, self.person.look)
        for page in papers.pages_of(declaration, SHEET):
            pages.remove_page(page)
        prepared = preparation.prepare(self.demo.store, drawn, SHEET)
        signed_sheet.add_page(DeclarationCase(declaration), PAPER[SHEET], prepared)
        db.session.flush()

    def _submit(self, declaration: Declaration, shift: timedelta) -> None:
        """Submit at that time in the past; the due date counts from that day."""
        workflow.submit(declaration, self.actor, commitment=built_in_texts.VERSION, review_days=self.demo.review_days)
        declaration.due_from, declaration.due_days = local(utcnow() - shift).date(), self.demo.review_days
        due = deadlines.due_date(declaration.due_from, declaration.due_days, deadlines.calendar())
        declaration.due_on, declaration.due_estimated = due.on, due.estimated
        queue_index.sync(declaration)

    def _review(self, declaration: Declaration) -> None:
        stage = self.person.stage
        if stage in (Stage.IN_REVIEW, Stage.LAPSED):
            _age_claim(workflow.claim(declaration, self.officer), hours=3 if stage is Stage.LAPSED else 0)
            return
        with in_the_past(_at_work(self.since / 2)):
            {Stage.DECLINED: self._decline, Stage.OFFERED: self._offer}.get(stage, self._send_back)(declaration)
        if stage is Stage.RESUBMITTED:
            with in_the_past(min(DAY, self.since / 4)):
                self._correct(declaration)

    def _send_back(self, declaration: Declaration) -> None:
        workflow.claim(declaration, self.officer)
        wanted = (
            marks.MarkRequest("postal_address", "incomplete", "请写到门牌号"),
            marks.MarkRequest(SPOILED, "blurred", "有效期限看不清", resign=False, page=0, rectangle=FRAME),
        )
        revision = declaration.revisions[-1]
        marks.save(revision, self.officer, wanted)
        ticks.save(revision, self.officer, ("applicant_name", "sex", "birth_date", "nation", "id_portrait"))
        internal_notes.add(declaration, self.officer, "已电话提醒申报人重新拍摄国徽面。")
        db.session.flush()
        workflow.send_back(declaration, self.officer, declaration.revision_number)

    def _decline(self, declaration: Declaration) -> None:
        workflow.claim(declaration, self.officer)
        said = {"reason_code": "other_province", "comment": "您的户籍和居住地都在外省"}
        workflow.decline(declaration, self.officer, declaration.revision_number, **said)

    def _offer(self, declaration: Declaration) -> None:
        workflow.claim(declaration, self.officer)
        office = db.session.scalars(select(Department).where(Department.code == HAICHENG.code)).one()
        workflow.offer(declaration, self.officer, declaration.revision_number, office, "申报人现在海城市工作")

    def _correct(self, declaration: Declaration) -> None:
        """Correct what was marked, sign again and submit again."""
        address = f"{self.person.answers['postal_address']} 2 单元 301 室"
        _fill(declaration, "personal", {"postal_address": address})
        self.pictures[SPOILED] = preparation.prepare(self.demo.store, demo_papers.draw(SPOILED, self.person, {}))
        self._upload(declaration, SPOILED)
        self._sign(declaration)
        workflow.submit(declaration, self.actor, commitment=built_in_texts.VERSION, review_days=self.demo.review_days)

    def _approve_and_change(self, declaration: Declaration) -> None:
        stage = self.person.stage
        with in_the_past(_at_work(self.since * 2 / 3)):
            workflow.claim(declaration, self.officer)
            workflow.approve(declaration, self.officer, declaration.revision_number, id_checked=True)
        if stage is Stage.APPROVED:
            return
        with in_the_past(2 * DAY):
            record = access.own_record(self.actor)
            assert record is not None
            change = self._change(record)
            if stage is Stage.CHANGE_SUBMITTED:
                self._sign(change)
                self._submit(change, 2 * DAY)

    def _change(self, record: Record) -> Declaration:
        """信息变更: another employer's address and phone."""
        change = workflow_start.start_change(self.actor, record, ("employer",))
        change.notice_read_at = utcnow()
        moved = {"employer_address": "样例大街 66 号", "employer_phone": "13800130000"}
        _fill(change, "department", moved)
        return change


def _reviewer(person: DemoPerson, staff: dict[str, Staff]) -> Staff:
    at_home = (o for o in STAFF if o.department == person.place.code and o.role is Role.REVIEWER)
    return staff[next(at_home).username]


def _fill(declaration: Declaration, slug: str, changed: dict[str, Any]) -> None:
    """Fill in one page by the form that the page shows. Raises ValueError when the form refuses an answer."""
    step = next(step for step in STEPS if step.slug == slug)
    context = answers.asked(declaration)
    form = step.form(None, context=context, data={**context.facts, **changed})
    if not form.checks():
        raise ValueError(f"{slug}: {form.errors}")
    answers.save(declaration, form)
    db.session.flush()


def _age_claim(claim: Claim, hours: float) -> None:
    """Shift a claim some hours back."""
    claim.claimed_at -= timedelta(hours=hours)
    claim.expires_at -= timedelta(hours=hours)
    db.session.flush()
