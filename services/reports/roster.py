"""名册: the people of a scope as one spreadsheet, row by row, so that memory does not grow with their number.

It carries full ID numbers: the officer gives a reason, the export is an event, and each person in it can see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Row, and_, func, select
from sqlalchemy.orm import load_only

from forms import STEPS
from lib.clock import SHANGHAI, local, today
from lib.codes import ClosingReason, IdType, Status
from lib.questions.fields import ConfirmQuestion, DayQuestion, DepartmentQuestion, DivisionQuestion, Question
from models import Account, Declaration, Department, Record, Revision, db, replica
from services import access, audit
from services.access import Actor
from services.declaration import answers, labels
from services.departments import matching, snapshot
from services.departments.snapshot import DepartmentNode
from services.reports import csv_book, xlsx
from services.reports.csv_book import CsvBook
from services.reports.xlsx import Book, Cell, Column

RECORDS = "records"
#: Which rows: the approved records, or the submissions in one state.
SOURCES = {RECORDS: "审核通过的人员档案"} | {
    status.value: f"{status.label}的申报"
    for status in (Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED, Status.DECLINED)
}
AT_ONCE = 500  # rows in memory
COUNTED_AT_MOST = 10_000  # before it is made: a request does not count a province
#: Bytes on the disk while a cell is written, with the finished file: a workbook is XML first, and packed in the end.
ROOM_OF_A_CELL = {"xlsx": 120, "csv": 40}
#: What the national platform asks for, as far as it is known: docs/national-fields.md.
NATIONAL = (
    *("applicant_name", "id_type", "id_number", "sex", "birth_date", "region", "nation", "political_status", "mobile"),
    *("email", "postal_address", "work_started", "accounting_started", "employer_name", "employer_code", "unit_type"),
    *("industry", "employer_address", "employer_phone", "accounting_posts", "administrative_post"),
    *("full_time_level", "full_time_degree", "full_time_school", "full_time_major", "full_time_graduated"),
    *("full_time_diploma_no", "full_time_degree_no", "part_time_level", "part_time_degree", "part_time_school"),
    *("part_time_major", "part_time_graduated", "part_time_diploma_no", "part_time_degree_no"),
    *("qualification", "qualification_kind", "qualification_route", "qualification_on", "qualification_no"),
    *("technical_post", "technical_post_on"),
)
#: Characters: what does not fit is cut off where the next cell is filled.
_WIDE = {
    **dict.fromkeys(("employer_name", "employer_address", "home_address", "postal_address"), 34),
    **dict.fromkeys(("school", "full_time_school", "part_time_school", "department_code", "email"), 26),
    **dict.fromkeys(("full_time_diploma_no", "full_time_degree_no", "part_time_diploma_no", "part_time_degree_no"), 22),
    **dict.fromkeys(("id_number", "employer_code", "qualification_no", "accounting_posts", "industry"), 22),
    "applicant_name": 12,
}

Say = Callable[[Any], Cell]


@dataclass(frozen=True)
class RosterRequest:
    """What to list. ``office``: its people and those below it, or ``itself`` alone.

    ``since``, ``until``: days of approval or submission. ``qualification``, ``employers`` (rows of models.Employer),
    ``state`` and ``record`` (one by its public name) narrow records only. ``columns``: their
    names, none for all.
    """

    office: DepartmentNode
    source: str = RECORDS
    since: date | None = None
    until: date | None = None
    itself: bool = False
    qualification: str = ""
    employers: tuple[int, ...] = ()
    state: str = ""
    record: str = ""
    columns: tuple[str, ...] = ()
    form: str = "xlsx"


@dataclass(frozen=True)
class Roster:
    """The finished file, at its beginning (the caller closes it), how many rows it has, and who is in it."""

    file: IO[bytes]
    count: int
    members: audit.Members

    @property
    def size(self) -> int:
        """In bytes."""
        end = self.file.seek(0, 2)
        self.file.seek(0)
        return end


def write(
    actor: Actor, wanted: RosterRequest, folder: Path, alive: Callable[[int], None] = lambda done: None
) -> Roster:
    """Make the file under ``folder``. Reads only; slow, so call it in no transaction that writes.

    ``alive`` gets the count after every AT_ONCE rows, and may raise to stop it.
    """
    members = audit.Members()
    columns = [found for found in _columns() if not wanted.columns or found[0] in wanted.columns]
    first = ["申报编号", "档案所在部门", "审核通过日期", "档案状态"]
    first = first if wanted.source == RECORDS else ["申报编号", "受理部门", "提交日期"]
    heads = [Column(title, 26 if at == 1 else 16, names_row=at == 0) for at, title in enumerate(first)]
    with (Book if wanted.form == "xlsx" else CsvBook)(folder) as book:
        sheet = book.sheet("名册", heads + [column for _name, column, _say in columns])
        for row in _rows(actor, wanted):
            if sheet.count % AT_ONCE == 0:
                alive(sheet.count)
            told: Mapping[str, Any] = row.Revision.answers | _identity(row.Account)
            begin: list[Cell] = [row.number, row.department, local(row.at).date()]
            begin += [_standing(row)] if wanted.source == RECORDS else []
            sheet.add(begin + [say(told.get(name)) for name, _column, say in columns])
            members.add(row.account_id)
        return Roster(book.finish(), sheet.count, members)


def count(actor: Actor, wanted: RosterRequest, most: int | None = None) -> int:
    """How many rows it would have; up to ``most``, if that is given."""
    query = _query(actor, wanted).with_only_columns(Account.id, maintain_column_froms=True).order_by(None)
    return db.session.scalar(select(func.count()).select_from(query.limit(most).subquery())) or 0


def room_of_a_row(wanted: RosterRequest) -> int:
    """In bytes, at most."""
    columns = len(wanted.columns) or len(_columns())
    return (columns + 4) * ROOM_OF_A_CELL[wanted.form]


def log(actor: Actor, wanted: RosterRequest, made: Roster, reason: str) -> None:
    """Write the export down, with everybody who is in it. Before the file is handed out."""
    days = f" {wanted.since or ''}～{wanted.until or ''}" if wanted.since or wanted.until else ""
    office = wanted.office.code + ("（本级）" if wanted.itself else "")
    detail = f"{office} {SOURCES[wanted.source]}{days}：{made.count} 人。事由：{reason}"
    event = audit.record("export_roster", actor, detail=detail)
    audit.record_members(event, wanted.office.id, made.members)


def file_name(wanted: RosterRequest) -> str:
    return f"名册 {wanted.office.name} {today()}.{wanted.form}"


def type_of(wanted: RosterRequest) -> str:
    return xlsx.TYPE if wanted.form == "xlsx" else csv_book.TYPE


def columns_to_choose() -> dict[str, str]:
    """Name -> heading of every column that can be left out."""
    return {name: column.title for name, column, _say in _columns()}


def _rows(actor: Actor, wanted: RosterRequest) -> Iterator[Row[Any]]:
    load = (load_only(Revision.uid, Revision.answers_sealed), load_only(Account.uid, *_IDENTITY_COLUMNS))
    query = _query(actor, wanted).options(*load).execution_options(yield_per=AT_ONCE)
    rows: Iterator[Row[Any]] = db.session.execute(query, bind_arguments=replica())
    return rows


def _query(actor: Actor, wanted: RosterRequest) -> Any:
    query = (
        _narrowed(_records(actor), wanted) if wanted.source == RECORDS else _submissions(actor, Status(wanted.source))
    )
    moment = query.selected_columns["at"]
    offices = [wanted.office] if wanted.itself else matching.below(wanted.office)
    query = query.where(Department.id.in_([office.id for office in offices]))
    if wanted.since:
        query = query.where(moment >= _midnight(wanted.since))
    if wanted.until:
        query = query.where(moment < _midnight(wanted.until + timedelta(days=1)))
    return query


def _narrowed(query: Any, wanted: RosterRequest) -> Any:
    if wanted.record:
        query = query.where(Record.uid == wanted.record)
    if wanted.qualification:
        query = query.where(Record.qualification == wanted.qualification)
    if wanted.employers:
        query = query.where(Record.employer_id.in_(wanted.employers))
    if wanted.state:
        closed = Record.closed_at.is_not(None)
        query = query.where(Record.closed_at.is_(None) if wanted.state == "standing" else closed)
    if wanted.state == "moved":
        query = query.where(Record.closed_reason == ClosingReason.MOVED)
    return query


_IDENTITY_COLUMNS = (Account.id_type, Account.id_number_sealed)


def _records(actor: Actor) -> Any:
    """In the order of the index that both the department and the day of approval are found by."""
    query = access.office_records(actor).join(Revision, Revision.id == Record.revision_id)
    query = query.join(Declaration, Declaration.id == Revision.declaration_id)
    shown = _shown(query, Record.account_id, Record.approved_at, Record.closed_at, Record.closed_reason)
    return shown.order_by(Record.department_id, Record.approved_at, Record.id)


def _submissions(actor: Actor, status: Status) -> Any:
    latest = and_(Revision.declaration_id == Declaration.id, Revision.number == Declaration.revision_number)
    query = access.office_declarations(actor).join(Revision, latest).where(Declaration.status == status)
    shown = _shown(query, Declaration.account_id, Revision.submitted_at)
    return shown.order_by(Declaration.department_id, Declaration.id)


def _shown(query: Any, whose: Any, moment: Any, *more: Any) -> Any:
    columns = (whose, moment.label("at"), Declaration.number, Department.name.label("department"), Revision, Account)
    return query.with_only_columns(*columns, *more, maintain_column_froms=True)


def _standing(record: Any) -> str:
    """A list of records has those that were closed, too."""
    if record.closed_at is None:
        return "在册"
    return "已调出" if record.closed_reason == ClosingReason.MOVED else "已注销"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _identity(account: Account) -> dict[str, Any]:
    """The document as it is today: a number that the office corrected stands right in the list, too."""
    return {"id_type": account.id_type.value, "id_number": account.id_number}


def _columns() -> list[tuple[str, Column, Say]]:
    """Every question of every page, its heading, and how its stored answer reads. Once: forms are slow to build."""
    context = answers.asked_for({})
    names = snapshot.current().divisions
    found = []
    for step in STEPS:
        for question in step.form(None, context=context, data={}).questions:
            if isinstance(question, ConfirmQuestion):
                continue  # a tick that a warning was read: nothing about the person
            found.append((question.name, _column(question.name, question.label.text), _say(question, names)))
            if question.name == "applicant_name":
                found.append(
                    ("id_type", _column("id_type", labels.IDENTITY["id_type"]), lambda code: IdType(code).label)
                )
                found.append(("id_number", _column("id_number", labels.IDENTITY["id_number"]), str))
    return found


def _column(name: str, title: str) -> Column:
    width = _WIDE.get(name) or min(max(2 * len(title) + 2, 12), 24)
    return Column(title, width, names_row=name == "applicant_name")


def _say(question: Question, divisions: Mapping[str, str]) -> Say:
    """What the check page says, without asking the database for each person: all places are known."""
    if isinstance(question, DivisionQuestion):
        return lambda code: divisions.get(code, str(code)) if code else ""
    if isinstance(question, DepartmentQuestion):
        titles = question._form.context.titles["department"]
        return lambda code: titles.get(code, str(code)) if code else ""
    return question.kept if isinstance(question, DayQuestion) else question.say  # a day stays a day
