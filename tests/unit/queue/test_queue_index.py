"""The officers' list follows every move: what a line says, how it is counted, what finds it, and the rebuild."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, select, update

from lib.codes import Role, Status
from models import (
    Declaration,
    Employer,
    EmployerSuffix,
    QueueCount,
    QueueItem,
    Record,
    SearchKey,
    db,
)
from services import workflow
from services.queue import index as queue_index
from tests.support.people import WITH_EMPLOYER, WITHOUT_EMPLOYER


def item(declaration: Declaration) -> QueueItem | None:
    db.session.expire_all()
    return db.session.get(QueueItem, declaration.id)


def keys_of(declaration: Declaration) -> set[tuple[int, str]]:
    query = select(SearchKey.department_id, SearchKey.key).where(SearchKey.declaration_id == declaration.id)
    return {(row.department_id, row.key) for row in db.session.execute(query)}


def counted(office: Any) -> dict[tuple[str, bool, bool], int]:
    """The counters of a department, over all due dates."""
    found: dict[tuple[str, bool, bool], int] = {}
    for row in db.session.scalars(select(QueueCount).where(QueueCount.department_id == office.id)):
        key = (row.status.value, row.again, row.flagged)
        found[key] = found.get(key, 0) + row.n
    return found


# --- the line -------------------------------------------------------------------------------------


@pytest.fixture
def filed(make):
    """Submitted to 和平区 by somebody with an employer; the checks have nothing to say."""
    declaration = make.declaration(Status.SUBMITTED, make.account("单小燕"), **WITH_EMPLOYER)
    queue_index.remind(declaration.id, 0)
    db.session.commit()
    return declaration


def test_a_line_says_what_was_submitted_never_what_is_typed_since(make, filed):
    workflow.withdraw(filed, make.actor(filed.account))
    assert item(filed) is None
    assert keys_of(filed) == set()
    declaration = make.declaration(Status.RETURNED, make.account("孙立国"), **WITH_EMPLOYER)
    declaration.applicant_name, declaration.employer_name = "孙大国", "另一家有限公司"
    queue_index.sync(declaration)
    db.session.commit()
    line = item(declaration)
    assert line is not None
    assert (line.name, line.employer) == ("孙立国", "样例县华业机械有限公司")
    assert line.masked_number.startswith("219*")
    assert declaration.account.id_number not in line.masked_number


def test_an_employer_that_is_kept_but_not_asked_for_is_not_shown(make):
    declaration = make.declaration(Status.DRAFT, **WITH_EMPLOYER)
    make.papers(declaration)
    for name, value in WITHOUT_EMPLOYER.items():
        setattr(declaration, name, value)
    db.session.commit()
    make.papers(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    line = item(declaration)
    assert line is not None
    assert (line.employer, line.employer_id) == ("", None)


def test_a_change_that_is_given_up_leaves_no_line(make):
    change = make.change(make.record())
    workflow.drop(change, make.actor(change.account))
    db.session.commit()
    assert item(change) is None


def test_each_office_above_counts_it_too_and_the_clock_counts_while_it_runs(make, filed):
    scopes = [make.department(code) for code in ("210000", "210100", "210102")]
    assert [counted(office) for office in scopes] == [{("submitted", False, False): 1}] * 3
    assert counted(make.department("210103")) == {}
    assert set(db.session.scalars(select(QueueCount.due_on))) == {filed.due_on}
    officer = make.actor(make.staff())
    workflow.claim(filed, officer)
    make.mark(filed, "postal_address", reviewer=officer)
    workflow.send_back(filed, officer, 1)
    db.session.commit()
    assert [counted(office) for office in scopes] == [{("returned", False, False): 1}] * 3
    assert set(db.session.scalars(select(QueueCount.due_on))) == {queue_index.NO_CLOCK}


def test_what_comes_to_nothing_leaves_no_counter(make, filed):
    workflow.withdraw(filed, make.actor(filed.account))
    db.session.commit()
    assert db.session.scalars(select(QueueCount)).all() == []


def test_reminders_are_counted_once_and_begin_anew_with_a_new_revision(make, filed, monkeypatch):
    office = make.department("210102")
    for _ in range(2):
        queue_index.remind(filed.id, 3)
        db.session.commit()
        assert counted(office) == {("submitted", False, True): 1}
    officer = make.actor(make.staff())
    workflow.claim(filed, officer)
    make.mark(filed, "postal_address", reviewer=officer)
    workflow.send_back(filed, officer, 1)
    db.session.commit()
    assert counted(office) == {("returned", False, True): 1}
    filed.postal_address = "样例路 9 号"
    make.papers(filed)
    monkeypatch.setattr(queue_index, "remind", lambda *_args: None)  # what the checks say of the new one comes later
    workflow.submit(filed, make.actor(filed.account), commitment="1", review_days=10)
    db.session.commit()
    assert counted(office) == {("submitted", True, False): 1}


def test_reminders_of_what_was_taken_back_are_nobodys(make, filed):
    workflow.withdraw(filed, make.actor(filed.account))
    queue_index.remind(filed.id, 3)
    db.session.commit()
    assert item(filed) is None
    assert db.session.scalars(select(QueueCount)).all() == []


def test_after_a_transfer_line_counters_and_search_keys_stand_at_the_new_department(make, filed):
    old, new = make.department("210102"), make.department("210103")
    officer, receiver = make.actor(make.staff()), make.actor(make.staff(department="210103"))
    keys = {key for _office, key in keys_of(filed)}
    workflow.claim(filed, officer)
    workflow.offer(filed, officer, 1, new, "地址在那里")
    db.session.commit()
    assert (counted(old), counted(new)) == ({("in_review", False, False): 1}, {})
    workflow.answer_offer(filed, receiver, accept=True)
    db.session.commit()
    line = item(filed)
    assert line is not None
    assert (line.department_id, line.status) == (new.id, Status.SUBMITTED)
    assert (counted(old), counted(new)) == ({}, {("submitted", False, False): 1})
    assert counted(make.department("210100")) == {("submitted", False, False): 1}
    assert keys_of(filed) == {(new.id, key) for key in keys}


def test_who_returned_it_last_is_remembered_from_the_resubmission_to_the_decision(make, filed):
    officer = make.actor(make.staff())

    def returned_by() -> int | None:
        db.session.commit()
        line = item(filed)
        assert line is not None
        return line.returned_by

    def resubmit() -> None:
        filed.postal_address += "1 单元"
        db.session.commit()
        make.papers(filed)
        workflow.submit(filed, make.actor(filed.account), commitment="1", review_days=10)

    workflow.claim(filed, officer)
    make.mark(filed, "postal_address", reviewer=officer)
    workflow.send_back(filed, officer, 1)
    workflow.undo(filed, officer)
    assert returned_by() is None
    workflow.send_back(filed, officer, 1)
    assert returned_by() is None
    resubmit()
    assert returned_by() == officer.id
    workflow.claim(filed, officer)
    workflow.approve(filed, officer, 2)
    assert returned_by() is None
    other = make.actor(make.staff(Role.MANAGER, name="李主任"))
    make.mark(filed, "postal_address", reviewer=other)
    workflow.revoke(filed, other, 2, comment="批错了")
    resubmit()
    assert returned_by() == other.id


# --- what it is found by --------------------------------------------------------------------------


def test_keys_are_suffixes_initials_and_a_keyed_hash_of_the_phones_end(app):
    keys = queue_index.search_keys("单小燕", "13800130001")
    assert {"n单小燕", "n小燕", "n燕", "pdxy", "psxy", "pcxy"} < keys
    (phone,) = [key for key in keys if key.startswith("t")]
    assert phone == queue_index.phone_key("0001")
    assert phone != queue_index.phone_key("0002")
    assert "0001" not in phone
    assert len(keys) == 7


def test_latin_names_are_found_in_lower_case_and_long_names_have_keys_that_fit(app):
    assert {"njohn smith", "nsmith", "pjohnsmith"} < queue_index.search_keys("John Smith", "")
    assert max(map(len, queue_index.search_keys("阿卜杜热依木" * 8 + "艾拜", "13800130001"))) <= 52
    assert not any(key.startswith("t") for key in queue_index.search_keys("单小燕", ""))


def test_an_employer_is_written_once_with_each_end_of_its_name(make):
    for name in ("单小燕", "孙立国"):
        make.declaration(Status.SUBMITTED, make.account(name), **WITH_EMPLOYER)
    (employer,) = db.session.scalars(select(Employer)).all()
    suffixes = set(db.session.scalars(select(EmployerSuffix.suffix)))
    assert {"样例县华业机械有限公司", "华业机械有限公司", "公司", "司"} < suffixes
    assert len(suffixes) == len(employer.name)
    assert set(db.session.scalars(select(QueueItem.employer_id))) == {employer.id}


# --- rebuild --------------------------------------------------------------------------------------


def test_tables_are_missing_when_there_are_submissions_without_lines_or_bare_records(make, filed):
    assert not queue_index.is_missing()
    db.session.execute(delete(QueueItem))
    assert queue_index.is_missing()
    queue_index.rebuild()
    assert not queue_index.is_missing()
    db.session.commit()
    make.record()
    assert not queue_index.is_missing()
    db.session.execute(update(Record).values(declaration_id=None))
    assert queue_index.is_missing()


def test_an_empty_house_misses_nothing_and_is_rebuilt_to_nothing(app):
    assert not queue_index.is_missing()
    assert queue_index.rebuild() == (0, 0)


def test_a_rebuild_drops_what_does_not_belong_and_keeps_the_reminders(make, filed):
    queue_index.remind(filed.id, 2)
    db.session.add(
        QueueCount(department_id=1, status=Status.RETURNED, due_on=queue_index.NO_CLOCK, again=True, flagged=True, n=7)
    )
    db.session.add(SearchKey(department_id=1, key="n谁", declaration_id=999))
    db.session.commit()
    assert queue_index.rebuild(batch=1) == (1, 0)
    db.session.commit()
    line = item(filed)
    assert line is not None
    assert line.reminders == 2
    assert counted(make.department("210000")) == {("submitted", False, True): 1}
    assert not [key for key in db.session.scalars(select(SearchKey.declaration_id)) if key == 999]


def test_a_record_shows_what_was_approved(make):
    record = make.record(make.account("孙立国"))
    declaration = record.revision.declaration
    assert (record.declaration_id, record.name, record.employer) == (declaration.id, "孙立国", "")
    assert record.city_id == make.department("210100").id
    assert record.masked_number.startswith("219*")
