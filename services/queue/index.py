"""The officers' list and its counters are kept in step with every move; they show the latest revision.

QueueItem, QueueCount, SearchKey and Employer are derived: ``rebuild`` makes them again from declarations and revisions.
They are written in the transaction of the move, behind the declaration's row lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, bindparam, delete, or_, select, text, update
from sqlalchemy.orm import joinedload, load_only

from lib.codes import Status, YesNo
from lib.database import LARGEST_ID, insert
from lib.identity import mask_number
from lib.names import initials, normalise_name, normalise_text, sort_key
from models import (
    Account,
    Decision,
    Declaration,
    Employer,
    EmployerSuffix,
    QueueCount,
    QueueItem,
    Record,
    Revision,
    SearchKey,
    db,
)
from services.accounts import blind_index
from services.departments import tree as department_tree
from services.departments.tree import DepartmentTree
from services.moves import RETURNING
from services.reports import headcount

OFFICE_TURN = (Status.SUBMITTED, Status.IN_REVIEW)
TAKEN_BACK = (Status.DRAFT, Status.DROPPED)
NO_CLOCK = date(1970, 1, 1)  # in QueueCount, while no clock runs for the office
BATCH = 500
NAME_KEY, INITIALS_KEY = "n", "p"
_KEY_LENGTH, _SUFFIX_LENGTH = 52, 100

#: What one submission counts as: department, status, due date, submitted again, has reminders.
Count = tuple[int, Status, date, bool, bool]
_COUNTED = ("department_id", "status", "due_on", "again", "flagged")
_COUNT_TABLE = cast(Table, QueueCount.__table__)
_DELETE_IF_ZERO = delete(_COUNT_TABLE).where(
    *(_COUNT_TABLE.c[name] == bindparam(f"its_{name}") for name in _COUNTED), _COUNT_TABLE.c.n == 0
)


def sync(declaration: Declaration) -> None:
    """Make list, counters and search keys say what the declaration says now. Called after each move.

    Decisions of the move have to be added before.
    """
    item = _item(declaration.id)
    tree = department_tree.load()
    changed = Counter(dict.fromkeys(_counts(item, tree), -1))
    if not declaration.revision_number or declaration.status in TAKEN_BACK:
        _forget(item)
    else:
        item = _bring_up(item or QueueItem(declaration_id=declaration.id), declaration, tree)
        changed.update(_counts(item, tree))
    _add_counts(changed)


def remind(declaration_id: int, reminders: int) -> None:
    """Keep how many automatic checks of the latest revision ask for a second look. A new revision begins with none."""
    keep_reminders({declaration_id: reminders}, None)


def keep_reminders(counted: Mapping[int, int], at: datetime | None) -> int:
    """The same of many; returns how many changed. ``at``: when. Rows that somebody holds wait for the next time."""
    tree, changed, different = department_tree.load(), Counter[Count](), 0
    query = select(QueueItem).where(QueueItem.declaration_id.in_(counted)).order_by(QueueItem.declaration_id)
    locked = query.with_for_update(skip_locked=at is not None).execution_options(populate_existing=True)
    for item in db.session.scalars(locked).all():
        item.checked_at, reminders = at, counted[item.declaration_id]
        if item.reminders != reminders:
            different += 1
            changed.subtract(_counts(item, tree))
            item.reminders = reminders
            changed.update(_counts(item, tree))
    _add_counts(changed)
    return different


def sync_record(record: Record, tree: DepartmentTree | None = None) -> None:
    """Fill in what the list of records shows, from the approved revision. Its department has to be set before."""
    revision = record.revision
    record.declaration_id = revision.declaration_id
    record.city_id = (tree or department_tree.load()).city_id(record.department_id)
    record.masked_number = mask_number(revision.declaration.account.id_number)
    record.number, record.qualification = revision.declaration.number, revision.answers.get("qualification")
    for column, value in _said(revision.answers).items():
        setattr(record, column, value)
    for column, value in headcount.counted_by(revision.answers).items():
        setattr(record, column, value)
    record.name_key, record.employer_key = sort_key(record.name), sort_key(record.employer)
    # asked for with the row that is written, not before
    record.employer_id = select(Employer.id).where(Employer.name == record.employer).scalar_subquery()


def hand_over(declaration_ids: Sequence[int], department_id: int) -> None:
    """These submissions are handled by another department from now on. The caller holds their rows."""
    tree, changed = department_tree.load(), Counter[Count]()
    query = select(QueueItem).where(QueueItem.declaration_id.in_(declaration_ids)).order_by(QueueItem.declaration_id)
    for item in db.session.scalars(query.with_for_update().execution_options(populate_existing=True)):
        changed.subtract(_counts(item, tree))
        item.department_id, item.city_id = department_id, tree.city_id(department_id)
        changed.update(_counts(item, tree))
    keys_of_them = update(SearchKey).where(SearchKey.declaration_id.in_(declaration_ids))
    db.session.execute(keys_of_them.values(department_id=department_id))
    _add_counts(changed)


def move_below(department_id: int, above_before: Sequence[int]) -> None:
    """A department, with all below it, has come beneath another one: those above it count its submissions.

    ``above_before``: the departments that were above it. The tree is the new one already.
    """
    tree, changed = department_tree.load(), Counter[Count]()
    for row in db.session.scalars(select(QueueCount).where(QueueCount.department_id == department_id)):
        counted = row.status, row.due_on, row.again, row.flagged
        changed.update({(above, *counted): row.n for above in tree.scope(department_id)[:-1]})
        changed.subtract({(above, *counted): row.n for above in above_before})
    _add_counts(changed)
    below = tree.ids_under(tree.by_id[department_id].path)
    for table in (QueueItem, Record):
        inside = update(table).where(table.department_id.in_(below))
        db.session.execute(inside.values(city_id=tree.city_id(department_id)))


def _item(declaration_id: int) -> QueueItem | None:
    """The row as it is in the database, locked: two writers of a counter's difference must not read the same."""
    query = select(QueueItem).where(QueueItem.declaration_id == declaration_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))


def _forget(item: QueueItem | None) -> None:
    if item is not None:
        db.session.execute(delete(SearchKey).where(SearchKey.declaration_id == item.declaration_id))
        db.session.delete(item)


def _bring_up(item: QueueItem, declaration: Declaration, tree: DepartmentTree) -> QueueItem:
    came_from, times = item.department_id, item.times
    for column, value in _stands(declaration, tree).items():
        setattr(item, column, value)
    has_turn = declaration.status in OFFICE_TURN and declaration.revision_number > 1
    item.returned_by = _returned_by([declaration.id]).get(declaration.id) if has_turn else None
    if times != declaration.revision_number:
        answers = declaration.revisions[-1].answers
        for column, value in _line(answers).items():
            setattr(item, column, value)
        item.employer_id, item.reminders, item.checked_at = _employer_id(item.employer), 0, None
        db.session.add(item)
        _keep_keys(item, _keys_of(answers), is_new=times is None)
    elif came_from != item.department_id:
        moved = update(SearchKey).where(SearchKey.declaration_id == item.declaration_id)
        db.session.execute(moved.values(department_id=item.department_id))
    return item


def _stands(declaration: Declaration, tree: DepartmentTree) -> dict[str, Any]:
    """What moves change, and what never changes."""
    assert declaration.department_id is not None
    return {
        "uid": declaration.uid,
        "number": declaration.number,
        "account_id": declaration.account_id,
        "department_id": declaration.department_id,
        "city_id": tree.city_id(declaration.department_id),
        "status": declaration.status,
        "kind": declaration.kind,
        "due_on": declaration.due_on or NO_CLOCK,
        "due_estimated": declaration.due_estimated,
        "times": declaration.revision_number,
        "submitted_at": declaration.submitted_at,
        "masked_number": mask_number(declaration.account.id_number),  # as corrected, whatever the submission says
    }


def _said(answers: Mapping[str, Any]) -> dict[str, str]:
    """What a submission says, never the working copy."""
    employed = answers.get("has_employer") == YesNo.YES
    return {
        "name": answers["applicant_name"],
        "employer": (employed and answers.get("employer_name")) or "",
    }


def _line(answers: Mapping[str, Any]) -> dict[str, str]:
    return _said(answers) | {"qualification": answers.get("qualification") or ""}


def _returned_by(declaration_ids: Sequence[int]) -> dict[int, int]:
    """Who returned a declaration last, for those whose return still stands. Kept while the office has its turn only."""
    query = select(Revision.declaration_id, Decision.verb, Decision.staff_id).join(Revision)
    query = query.where(Revision.declaration_id.in_(declaration_ids)).order_by(Decision.at, Decision.id)
    standing: dict[int, list[tuple[str, int]]] = {}
    for declaration_id, verb, staff_id in db.session.execute(query):
        decisions = standing.setdefault(declaration_id, [])
        if verb == "undo":
            del decisions[-1:]
        elif verb in RETURNING:
            decisions.append((verb, staff_id))
        else:
            decisions.append((verb, 0))
    returns = {which: [staff for _verb, staff in decisions if staff] for which, decisions in standing.items()}
    return {which: staff[-1] for which, staff in returns.items() if staff}


# --- search ---------------------------------------------------------------------------------------


def phone_key(tail: str) -> str:
    return blind_index.of_tail(tail)


def name_key(part: str) -> str:
    return (NAME_KEY + normalise_name(part).lower())[:_KEY_LENGTH]


def employer_key(part: str) -> str:
    return normalise_text(part).lower()[:_SUFFIX_LENGTH]


def search_keys(name: str, mobile: str) -> set[str]:
    """All by which a submission is found: each suffix of the name, its initials in every reading, the phone's tail."""
    name = normalise_name(name)
    found = {name_key(name[start:]) for start in range(len(name))} - {NAME_KEY}
    found |= {(INITIALS_KEY + one)[:_KEY_LENGTH] for one in initials(name)}
    return found | {phone_key(mobile[-4:])} if len(mobile) >= 4 else found


def suffixes(employer: str) -> set[str]:
    return {employer_key(employer[start:]) for start in range(len(employer))} - {""}


def _keys_of(answers: Mapping[str, Any]) -> set[str]:
    return search_keys(answers["applicant_name"], answers.get("mobile") or "")


def _keep_keys(item: QueueItem, wanted: set[str], *, is_new: bool) -> None:
    if not is_new:
        mine = SearchKey.declaration_id == item.declaration_id
        standing = db.session.execute(select(SearchKey.department_id, SearchKey.key).where(mine))
        if {tuple(row) for row in standing} == {(item.department_id, key) for key in wanted}:
            return
        db.session.execute(delete(SearchKey).where(mine))
    _insert_keys(item.declaration_id, item.department_id, wanted)


def _insert_keys(declaration_id: int, department_id: int, wanted: Iterable[str]) -> None:
    row = {"declaration_id": declaration_id, "department_id": department_id}
    db.session.execute(insert(db.session, SearchKey), [row | {"key": key} for key in sorted(wanted)])


def _employer_id(name: str) -> int | None:
    """The row of an employer's name; a new name is written with its suffixes."""
    if not name:
        return None
    # not looked up first: another transaction may write it at the same moment
    added = db.session.scalar(
        insert(db.session, Employer).values(name=name).on_conflict_do_nothing().returning(Employer.id)
    )
    if added is None:
        return db.session.scalars(select(Employer.id).where(Employer.name == name)).one()
    rows = [{"suffix": suffix, "employer_id": added} for suffix in sorted(suffixes(name))]
    db.session.execute(insert(db.session, EmployerSuffix), rows)
    return added


# --- counters -------------------------------------------------------------------------------------


def _counts(item: QueueItem | None, tree: DepartmentTree) -> Iterator[Count]:
    """Where a line counts: at its department and at each one above."""
    if item is not None:
        due_on = item.due_on if item.status in OFFICE_TURN else NO_CLOCK
        for department_id in tree.scope(item.department_id):
            yield department_id, item.status, due_on, item.times > 1, item.reminders > 0


def _add_counts(changed: Mapping[Count, int]) -> None:
    """Add the differences, always in the same order: PostgreSQL locks row by row. Rows of zero are deleted."""
    db.session.flush()
    different = sorted((key, n) for key, n in changed.items() if n)
    rows: list[dict[str, Any]] = [dict(zip(_COUNTED, key, strict=True), n=n) for key, n in different]
    if not rows:
        return
    # row by row, so that the statements are compiled once, however many rows there are
    added = insert(db.session, _COUNT_TABLE)
    more = {"n": _COUNT_TABLE.c.n + added.excluded.n}
    db.session.execute(added.on_conflict_do_update(index_elements=_COUNTED, set_=more), rows)
    lessened = [{f"its_{name}": value for name, value in row.items()} for row in rows if row["n"] < 0]
    if lessened:
        db.session.execute(_DELETE_IF_ZERO, lessened)


# --- rebuilding -----------------------------------------------------------------------------------------


def is_missing() -> bool:
    """Was the database made before these tables, or filled without them?"""
    sent = select(Declaration.id).where(Declaration.revision_number > 0, Declaration.status.not_in(TAKEN_BACK))
    has_lines = db.session.scalar(select(QueueItem.declaration_id).limit(1))
    bare = select(Record.id).where(or_(Record.declaration_id.is_(None), Record.unit_type.is_(None)))
    older = select(QueueItem.declaration_id).where(QueueItem.qualification.is_(None))
    gaps = (bare.limit(1), older.limit(1), *(() if has_lines else (sent.limit(1),)))
    return any(db.session.scalar(gap) for gap in gaps)


def rebuild(batch: int = BATCH) -> tuple[int, int]:
    """Make all of it again from declarations and revisions, and fill the records. Returns how many lines and records.

    Reminders are kept: they come from checks that are not repeated here. Moves wait meanwhile.
    """
    if db.session.get_bind().dialect.name == "postgresql":
        db.session.execute(text("LOCK TABLE queue_item IN EXCLUSIVE MODE"))
    tree, counted = department_tree.load(), Counter[Count]()
    db.session.execute(delete(QueueCount))
    lines = 0
    for last, upto in _batches(Declaration.id, batch):
        rows = _rebuild_between(last, upto, tree)
        for row in rows:
            counted.update(_counts(QueueItem(**row), tree))
        lines += len(rows)
    _add_counts(counted)
    return lines, _fill_records(batch, tree)


def _batches(column: Any, batch: int) -> Iterator[tuple[int, int]]:
    """Ranges of ids that hold ``batch`` rows each; the last one reaches beyond every id."""
    last = 0
    while True:
        ids = db.session.scalars(select(column).where(column > last).order_by(column).limit(batch)).all()
        upto = ids[-1] if len(ids) == batch else LARGEST_ID
        yield last, upto
        if len(ids) < batch:
            return
        last = upto


def _rebuild_between(last: int, upto: int, tree: DepartmentTree) -> list[dict[str, Any]]:
    """The lines of the declarations after ``last`` up to ``upto``."""
    mine = QueueItem.declaration_id > last, QueueItem.declaration_id <= upto
    kept = db.session.execute(select(QueueItem.declaration_id, QueueItem.reminders).where(*mine))
    reminders: dict[int, int] = {which: n for which, n in kept}  # noqa: C416 - rows are no pairs to the type checker
    db.session.execute(delete(QueueItem).where(*mine))
    db.session.execute(delete(SearchKey).where(SearchKey.declaration_id > last, SearchKey.declaration_id <= upto))
    found = db.session.execute(_sent_between(last, upto)).all()
    returned_by = _returned_by(
        [declaration.id for declaration, _revision in found if declaration.status in OFFICE_TURN]
    )
    rows = []
    for declaration, revision in found:
        answers = revision.answers
        row = {"declaration_id": declaration.id} | _stands(declaration, tree) | _line(answers)
        row |= {"reminders": reminders.get(declaration.id, 0), "returned_by": returned_by.get(declaration.id)}
        rows.append(row | {"employer_id": _employer_id(str(row["employer"]))})
        _insert_keys(declaration.id, row["department_id"], _keys_of(answers))
    if rows:
        db.session.execute(insert(db.session, QueueItem), rows)
    return rows


def _sent_between(last: int, upto: int) -> Any:
    """Declarations that the office has, each with its latest revision; of the working copy only what lists need."""
    latest = (Revision.declaration_id == Declaration.id) & (Revision.number == Declaration.revision_number)
    query = select(Declaration, Revision).join(Revision, latest).order_by(Declaration.id)
    query = query.where(Declaration.id > last, Declaration.id <= upto, Declaration.status.not_in(TAKEN_BACK))
    few = (Declaration.uid, Declaration.number, Declaration.account_id, Declaration.department_id, Declaration.status)
    more = (Declaration.kind, Declaration.due_on, Declaration.due_estimated, Declaration.submitted_at)
    return query.options(
        load_only(*few, *more, Declaration.revision_number, Declaration.version),
        joinedload(Declaration.account).load_only(Account.uid, Account.id_number_sealed),
        load_only(Revision.uid, Revision.answers_sealed),
    )


def _fill_records(batch: int, tree: DepartmentTree) -> int:
    filled = 0
    for last, upto in _batches(Record.id, batch):
        query = select(Record).where(Record.id > last, Record.id <= upto).order_by(Record.id)
        whose = joinedload(Record.revision).joinedload(Revision.declaration).joinedload(Declaration.account)
        records = db.session.scalars(query.options(whose)).all()
        for record in records:
            sync_record(record, tree)
        db.session.flush()
        filled += len(records)
    return filled
