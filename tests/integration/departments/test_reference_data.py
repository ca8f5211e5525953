"""Reference data is kept in memory: a change is seen at once, also when another process made it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text, update

from app import create_app
from config import TestConfig
from lib.codes import Role
from lib.database import transaction_mode
from models import CalendarDay, Department, DepartmentDivision, Division, Option, ReferenceVersion, db
from services.declaration import answers, deadlines
from services.departments import matching, reference_version, snapshot, tree
from services.departments.reference_data import load_reference_data
from tests.support.rules.statements import counted
from tests.support.site.second_process import SecondProcess

ROOT = Path(__file__).resolve().parents[3]
HEPING, PHONE = "210102", "024-86123456"
HOLIDAY = date(2031, 5, 6)
TABLES = (
    "division",
    "department",
    "department_division",
    "option",
    "calendar_day",
    "message_text",
    "text_version",
    "field_hint",
)


@pytest.fixture
def other(app: Flask) -> Iterator[SecondProcess]:
    process = SecondProcess(app.config["DATA"], app.config["DATABASE_URL"])
    yield process
    process.end()


def department(code: str = HEPING) -> Department:
    return db.session.scalars(select(Department).where(Department.code == code)).one()


def phone(code: str = HEPING) -> str:
    return tree.load().by_code[code].phone


def about_reference(statements: list[str]) -> list[str]:
    """Those that read a table of the snapshot, not its version."""
    return [text for text in statements if any(f"FROM {name}" in text or f'FROM "{name}"' in text for name in TABLES)]


# --- two processes ----------------------------------------------------------------------------------------------------


def test_what_another_process_changes_counts_at_the_next_request(other, browser, make):
    browser.sign_in(make.declaration().account)
    assert PHONE not in browser.open("/hotlines").text
    assert "样例类型" not in browser.open("/apply/department").text
    assert deadlines.due_date(date(2031, 5, 5), 1, deadlines.calendar()).on == HOLIDAY
    db.session.rollback()

    other.ask(f"do setattr(db.session.scalars(select(Department)).first(), 'phone', '{PHONE}')")
    other.ask("do db.session.add(Option(list_name='unit_type', code='sample', title='样例类型', position=99))")
    other.ask(f"do db.session.add(CalendarDay(day={HOLIDAY!r}, kind='holiday', source='test'))")

    assert PHONE in browser.open("/hotlines").text
    assert "样例类型" in browser.open("/apply/department").text
    assert deadlines.due_date(date(2031, 5, 5), 1, deadlines.calendar()).on == date(2031, 5, 7)


def test_a_running_process_sees_what_a_manager_changes_and_what_a_command_loads(other, app, browser, make):
    has_option = "do 'other' in snapshot.current().offered['unit_type']"
    db.session.execute(delete(Option).where(Option.list_name == "unit_type", Option.code == "other"))
    db.session.commit()
    assert PHONE not in other.ask("page /hotlines")
    assert other.ask(has_option) == "False"

    browser.sign_in(make.staff(Role.MANAGER, "210100"))
    browser.send(f"/staff/admin/departments/{HEPING}", {"phone": PHONE})
    load_reference_data(ROOT / "data")  # as flask init does
    db.session.commit()

    assert PHONE in other.ask("page /hotlines")
    assert other.ask(has_option) == "True"


# --- one process ------------------------------------------------------------------------------------------------------


def test_a_change_that_is_rolled_back_is_not_seen_and_not_remembered(app):
    assert phone() == ""
    department().phone = PHONE
    db.session.flush()
    assert phone() == PHONE, "the transaction itself sees it"
    db.session.rollback()
    assert phone() == ""


def test_a_change_in_a_savepoint_that_is_rolled_back_is_not_seen(app):
    department().phone = PHONE
    db.session.flush()
    kept = reference_version.current()
    with db.session.begin_nested() as savepoint:
        department().phone = "024-86999999"
        db.session.flush()
        assert phone() == "024-86999999"
        savepoint.rollback()
    assert (phone(), reference_version.current()) == (PHONE, kept)


def test_the_same_contents_are_the_same_object_until_something_changes(app):
    first = snapshot.current()
    db.session.commit()
    assert snapshot.current() is first
    department().phone = PHONE
    db.session.commit()
    assert snapshot.current() is not first


def street() -> Division:
    return Division(code="210102999", name="样例街道", level="street", parent_code=HEPING)


WRITES = {
    "a new division": lambda: db.session.add(street()),
    "a covered division": lambda: db.session.add(
        DepartmentDivision(department_id=department().id, division_code="210102001")
    ),
    "a retired option": lambda: setattr(db.session.scalars(select(Option)).first(), "retired", True),
    "a day that is gone": lambda: db.session.delete(db.session.scalars(select(CalendarDay)).first()),
    "an update of many": lambda: db.session.execute(update(Department).values(hours="工作日")),
    "an insert of many": lambda: db.session.execute(
        insert(CalendarDay), [{"day": HOLIDAY, "kind": "holiday", "source": "test"}]
    ),
    "a delete of many": lambda: db.session.execute(delete(DepartmentDivision)),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_every_way_to_write_gives_a_new_version(app, write):
    before = reference_version.current()
    db.session.rollback()
    write()
    db.session.commit()
    assert reference_version.current() != before


def test_loading_the_files_again_also_shows_what_was_changed_by_sql(app):
    assert phone() == ""
    db.session.execute(
        text("UPDATE department SET phone = :phone WHERE code = :code"), {"phone": PHONE, "code": HEPING}
    )
    db.session.commit()
    assert phone() == "", "the scar: SQL by hand is not noticed"
    load_reference_data(ROOT / "data")
    db.session.commit()
    assert phone() == PHONE


def test_rows_that_are_touched_but_not_changed_keep_the_version(app, make):
    before = reference_version.current()
    department().phone = ""
    make.account()
    assert reference_version.current() == before


def test_a_table_of_the_snapshot_is_one_that_renews_the_version():
    assert {table.__tablename__ for table in reference_version.TABLES} == set(TABLES)


def test_without_a_version_everything_is_read_each_time(app):
    db.session.execute(delete(ReferenceVersion))
    db.session.commit()
    assert reference_version.current() == ""
    assert snapshot.current() is not snapshot.current()
    department().phone = PHONE
    db.session.commit()
    assert (phone(), reference_version.current() != "") == (PHONE, True)


def test_two_databases_of_one_process_do_not_mix(app, template, tmp_path):
    shutil.copytree(template, tmp_path / "second")
    second = create_app(TestConfig(tmp_path / "second"))
    department().phone = PHONE
    db.session.commit()
    assert phone() == PHONE
    with second.app_context():
        assert phone() == ""
        db.session.remove()
        db.engine.dispose()


# --- statements -------------------------------------------------------------------------------------------------------


def test_a_page_of_reference_data_asks_for_its_version_only(browser):
    browser.open("/hotlines")
    with counted() as asked:
        browser.open("/hotlines")
    assert len(asked) == 1
    assert "FROM reference_version" in asked[0]


def test_a_signed_in_person_reads_the_version_with_the_session(browser, make):
    browser.sign_in(make.declaration().account)
    browser.open("/apply/department")
    with counted() as asked:
        browser.open("/apply/divisions?parent=210100")
    assert len(asked) == 1
    assert "FROM web_session" in asked[0]
    with counted() as asked:
        browser.open("/apply/department")
    assert about_reference(asked) == []


def test_the_version_is_read_once_in_a_request_that_has_two_transactions(browser, make):
    browser.sign_in(make.staff(Role.MANAGER, "210100"))
    browser.open("/staff/roster")
    with counted() as asked:
        browser.open("/staff/roster")
    assert sum("reference_version" in text for text in asked) == 1
    assert about_reference(asked) == []


def test_a_request_that_changes_the_data_sees_its_own_change(app):
    with transaction_mode("IMMEDIATE"):
        reference_version.use(reference_version.current())
        db.session.rollback()
        department().phone = PHONE
        db.session.commit()
        assert phone() == PHONE
        reference_version.release()


def test_sections_and_gaps_of_a_declaration_ask_for_no_lists(make):
    declaration = make.declaration()
    context = answers.asked(declaration)
    with counted() as asked:
        answers.gaps(context)
        answers.sections(context.facts, context)
    assert about_reference(asked) == []


def test_what_is_kept_cannot_be_changed(app):
    kept = snapshot.current()
    for titles in (kept.offered["unit_type"], kept.titles["department"], kept.divisions, matching.counties("210100")):
        with pytest.raises(TypeError):
            titles["new"] = "新"  # type: ignore[index]
