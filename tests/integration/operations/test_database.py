"""The database keeps its promises: settings of each connection, transactions that lose nothing, sealed values."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Integer, bindparam, create_engine, event, select, text, update
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm.exc import StaleDataError

from lib import database
from lib.codes import OPEN, Kind, Status
from lib.database import Prebuilt, parameter, prebuilt, sqlite_pragmas, transaction_mode, wal_is_safe
from lib.database.reader import begin_reading, stop_reading
from lib.keyring import Tampered
from models import Account, Counter, Declaration, Draft, ParkedForm, Staff, WebSession, db
from services.workflow import start as workflow_start
from tests.support.applicant.filing import PAGES, filled

PRAGMAS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL: what was acknowledged survives a power cut
    "foreign_keys": 1,
    "busy_timeout": 5000,
    "trusted_schema": 0,
    "cell_size_check": 1,
    "secure_delete": 1,
    "journal_size_limit": 67108864,
    "cache_size": -16000,
}


@pytest.mark.sqlite
def test_every_connection_has_our_settings(app):
    uri = app.config["SQLALCHEMY_DATABASE_URI"]
    engine = create_engine(uri, **database.engine_options(uri))
    database.prepare_engine(engine)
    unhurried = PRAGMAS | {
        "synchronous": 0
    }  # the engine of tests does not wait for the disk (tests/support/site/pool.py)
    for pool, expected in ((engine, PRAGMAS), (db.engine, unhurried)):
        connections = [pool.connect() for _ in range(3)]
        for connection in connections:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in PRAGMAS}
            assert found == expected
        for connection in connections:
            connection.close()
    engine.dispose()


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False),  # Debian 12
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_write_ahead_logging_is_for_versions_with_the_fix(version, safe):
    assert wal_is_safe(version) is safe
    assert ("journal_mode=WAL" in sqlite_pragmas(version)) is safe
    assert ("journal_mode=DELETE" in sqlite_pragmas(version)) is not safe
    assert ("synchronous=EXTRA" in sqlite_pragmas(version)) is not safe
    assert "foreign_keys=ON" in sqlite_pragmas(version)


def test_the_driver_that_is_locked_has_the_fix():
    assert wal_is_safe(database.sqlite_driver.sqlite_version_info)


@pytest.mark.postgres
def test_a_lock_of_postgresql_is_waited_for_as_long(app):
    db.session.execute(text("SELECT 1"))
    db.session.rollback()  # the setting outlives a transaction
    assert db.session.scalar(text("SHOW lock_timeout")) == "5s"


# --- how transactions begin -----------------------------------------------------------------------


@pytest.fixture
def statements(app):
    """The statements that SQLite gets from now on."""
    sent: list[str] = []

    def taken(connection: Any, *_rest: Any) -> None:
        connection.set_trace_callback(sent.append)

    def given_back(connection: Any, *_rest: Any) -> None:
        connection.set_trace_callback(None)

    db.session.remove()  # its connection is seen as well when it is taken again
    db.engine.dispose()  # and one that waits for a reader
    event.listen(db.engine, "checkout", taken)
    event.listen(db.engine, "checkin", given_back)
    yield sent
    event.remove(db.engine, "checkout", taken)
    event.remove(db.engine, "checkin", given_back)


def begins(statements: list[str]) -> list[str]:
    return [statement for statement in statements if statement.startswith("BEGIN")]


def writes(statements: list[str]) -> list[str]:
    return [statement for statement in statements if statement.startswith(("INSERT", "UPDATE", "DELETE"))]


PATHS = ["/", "/apply/notice", *(f"/apply/{slug}" for slug in PAGES), "/apply/check", "/apply/papers", "/apply/status"]


@pytest.mark.sqlite
@pytest.mark.parametrize("path", PATHS)
def test_reading_begins_deferred_and_writes_nothing(make, browser, statements, path):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    browser.open(path)  # the first one keeps the progress
    statements.clear()
    browser.open(path)
    assert begins(statements) == ["BEGIN DEFERRED"]
    assert writes(statements) == []


@pytest.mark.sqlite
def test_a_page_is_read_without_the_write_lock_and_saved_with_it_and_nothing_else(make, browser, statements):
    declaration = make.declaration()
    browser.sign_in(declaration.account)
    sent = filled(declaration, "department", home_address="样例路 9 号")
    statements.clear()
    browser.send("/apply/department", sent)
    assert begins(statements) == ["BEGIN DEFERRED", "BEGIN DEFERRED", "BEGIN IMMEDIATE"]  # session, reading, saving
    locked = statements[statements.index("BEGIN IMMEDIATE") + 1 :]
    did = [statement.split()[0] for statement in locked]
    assert [word for word in did if word != "PRAGMA"] == ["UPDATE", "DELETE", "COMMIT"]  # the answers, the draft


@pytest.mark.sqlite
def test_a_session_reads_on_in_the_readers_transaction_and_writes_in_one_of_its_own(app, statements):
    names = Prebuilt(select(Counter.name))
    with transaction_mode("DEFERRED"):
        begin_reading(db.engine)
        names.rows(db.session)
        db.session.execute(select(Counter))
        db.session.rollback()
        names.rows(db.session)
    with transaction_mode("IMMEDIATE"):
        db.session.execute(select(Counter))
        db.session.rollback()
    stop_reading()
    assert begins(statements) == ["BEGIN DEFERRED", "BEGIN DEFERRED", "BEGIN IMMEDIATE"]


@pytest.mark.sqlite
def test_what_is_read_first_in_a_writing_transaction_is_read_under_its_lock(app, statements):
    with transaction_mode("DEFERRED"):
        begin_reading(db.engine)
    with transaction_mode("IMMEDIATE"):
        Prebuilt(select(Counter.name)).rows(db.session)
        db.session.rollback()
    stop_reading()
    assert begins(statements) == ["BEGIN IMMEDIATE"]


@pytest.mark.sqlite
def test_a_session_is_renewed_in_a_short_transaction_of_its_own(make, browser, statements):
    account = make.account()
    browser.sign_in(account)
    with transaction_mode("IMMEDIATE"):
        db.session.execute(update(WebSession).values(seen_at=database.utcnow() - timedelta(minutes=2)))
        db.session.commit()
    statements.clear()
    browser.open("/")
    assert begins(statements)[:2] == ["BEGIN DEFERRED", "BEGIN IMMEDIATE"]
    assert [statement.split()[1] for statement in writes(statements)] == ["web_session"]


@pytest.mark.sqlite
def test_code_outside_of_a_request_begins_with_the_write_lock(app, statements):
    def work() -> None:
        with app.app_context():
            db.session.execute(select(Counter))
            db.session.rollback()

    thread = threading.Thread(target=work)  # a fresh context, as a command has it
    thread.start()
    thread.join()
    assert begins(statements) == ["BEGIN IMMEDIATE"]


THREADS, TIMES = 8, 30


@pytest.mark.sqlite
def test_eight_writers_that_read_before_they_write_lose_nothing(app):
    with transaction_mode("IMMEDIATE"):
        db.session.add(Counter(name="test", value=0))
        db.session.commit()
    numbers: list[str] = []
    start = threading.Barrier(THREADS)

    def work() -> None:
        start.wait()
        for _ in range(TIMES):
            with app.app_context():
                value = db.session.scalars(select(Counter.value).where(Counter.name == "test")).one()
                db.session.execute(update(Counter).where(Counter.name == "test").values(value=value + 1))
                numbers.append(workflow_start.next_number())
                db.session.commit()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert db.session.scalars(select(Counter.value).where(Counter.name == "test")).one() == THREADS * TIMES
    assert len(set(numbers)) == THREADS * TIMES
    assert sorted(int(number[-7:]) for number in numbers) == list(range(1, THREADS * TIMES + 1))


def test_the_second_of_two_writers_of_one_declaration_fails(app, make):
    declaration = make.declaration()
    seen = declaration.version
    db.session.execute(text("UPDATE declaration SET version = version + 1"))  # another request was faster
    assert declaration.version == seen
    declaration.postcode = "110000"
    with pytest.raises(StaleDataError):
        db.session.flush()
    db.session.rollback()


def test_a_row_without_its_parent_is_refused(app):
    db.session.add(Draft(declaration_id=4711, page="personal", body=[]))
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        db.session.flush()
    db.session.rollback()


# --- sealed values --------------------------------------------------------------------------------


def test_a_sealed_value_is_not_in_the_database_as_it_is(make):
    account = make.account()
    raw = db.session.execute(text("SELECT id_number_sealed, phone_sealed FROM account")).one()
    assert account.id_number.encode() not in bytes(raw[0])
    assert account.phone.encode() not in bytes(raw[1])
    again = make.account()
    again.phone = account.phone
    assert again.phone_sealed != account.phone_sealed


def test_an_empty_value_is_no_value(make):
    account = make.account()
    account.email = ""
    assert account.email_sealed is None
    assert account.email is None


def moved_to_another_row(first: Account, second: Account) -> Any:
    second.id_number_sealed = first.id_number_sealed
    return second.id_number


def moved_to_another_column(first: Account, _second: Account) -> Any:
    first.phone_sealed = first.id_number_sealed
    return first.phone


def renamed_row(first: Account, _second: Account) -> Any:
    first.uid = "AAAAAAAAAAAAAAAA"
    return first.id_number


def changed_bytes(first: Account, _second: Account) -> Any:
    first.id_number_sealed = first.id_number_sealed[:-1] + bytes([first.id_number_sealed[-1] ^ 1])
    return first.id_number


def moved_to_another_table(first: Account, _second: Account) -> Any:
    staff = Staff(uid=first.uid, totp_secret_sealed=first.phone_sealed)
    return staff.totp_secret


@pytest.mark.parametrize(
    "tamper", [moved_to_another_row, moved_to_another_column, renamed_row, changed_bytes, moved_to_another_table]
)
def test_a_sealed_value_is_bound_to_its_row_and_column(make, tamper):
    first, second = make.account(), make.account()
    with db.session.no_autoflush, pytest.raises(Tampered):
        tamper(first, second)
    db.session.rollback()


def test_sealed_lists_are_bound_to_their_row_too(make):
    declaration = make.declaration()
    parked = ParkedForm(account_id=declaration.account_id, path="/apply/personal")
    parked.body = [["name", "value"]]
    draft = Draft(declaration_id=declaration.id, page="personal")
    draft.body = [["other", "value"]]
    assert (parked.body, draft.body) == ([["name", "value"]], [["other", "value"]])
    draft.body_sealed = parked.body_sealed
    with pytest.raises(Tampered):
        _ = draft.body


def test_a_sealed_property_of_the_class_is_itself():
    assert Account.phone is Account.__dict__["phone"]


# --- types of columns -----------------------------------------------------------------------------


def test_moments_are_stored_in_utc_and_come_back_aware(make):
    declaration = make.declaration()
    china = timezone(timedelta(hours=8))
    declaration.submitted_at = datetime(2026, 11, 23, 9, 24, tzinfo=china)
    db.session.commit()
    raw = db.session.execute(text("SELECT submitted_at FROM declaration")).scalar()
    assert str(raw).startswith("2026-11-23 01:24")
    db.session.expire_all()
    assert declaration.submitted_at == datetime(2026, 11, 23, 1, 24, tzinfo=UTC)
    declaration.submitted_at = None
    db.session.commit()
    assert declaration.submitted_at is None


def test_codes_are_stored_as_codes_and_come_back_as_members(make):
    make.declaration()
    assert db.session.execute(text("SELECT status, kind FROM declaration")).one() == ("draft", "first")
    declaration = db.session.scalars(select(Declaration)).one()
    assert (declaration.status, declaration.kind) == (Status.DRAFT, Kind.FIRST)
    assert (declaration.status.label, str(declaration.kind)) == ("未提交", "first")


def test_an_unknown_code_is_not_stored(make):
    make.declaration()
    with pytest.raises(StatementError, match="'nonsense' is not a valid Kind"):
        db.session.execute(update(Declaration).values(kind="nonsense"))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_prebuilt_statement_finds_what_an_ordinary_one_finds(make, count):
    """A moment of another time zone, and lists that are no power of two long."""
    declarations = [make.declaration() for _ in range(6)]
    created = declarations[0].created_at.astimezone(timezone(timedelta(hours=8)))
    since, these = created - timedelta(minutes=1), [one.id for one in declarations[:count]]
    columns = (Declaration.id, Declaration.status, Declaration.created_at)

    statement = select(*columns).where(Declaration.created_at >= since, Declaration.id.in_(these))
    ids: Any = bindparam("these", expanding=True)
    prebuilt = Prebuilt(
        select(*columns).where(
            Declaration.created_at >= parameter("since"), Declaration.id.in_(ids), Declaration.status.in_(OPEN)
        )
    )
    for _ in range(2):  # compiled, and again
        found = prebuilt.rows(db.session, since=since, these=these)
        assert sorted(map(tuple, found)) == sorted(map(tuple, db.session.execute(statement)))
        assert len(found) == count
    assert prebuilt.rows(db.session, since=since + timedelta(hours=1), these=these) == []
    assert prebuilt.rows(db.session, since=since, these=[]) == []


def test_the_limit_of_a_prebuilt_statement_and_its_constants_are_written_and_not_bound(make, monkeypatch):
    """SQLite would plan the statement again each time; a constant next to a column that a partial index tests, too."""
    made = sorted(make.declaration().id for _ in range(4))
    most = bindparam("most", None, type_=Integer, literal_execute=True)
    chosen = Prebuilt(select(Declaration.id).order_by(Declaration.id).limit(most))
    is_open = Declaration.status.in_(OPEN), Declaration.status != Status.DROPPED, Declaration.revision_number < 1
    newest = Prebuilt(select(Declaration.id).where(*is_open).order_by(Declaration.id.desc()).limit(1))
    seen: list[str] = []
    plain = prebuilt.fetched

    def remembered(connection: Any, sql: str, *rest: Any) -> Any:
        seen.append(sql)
        return plain(connection, sql, *rest)

    monkeypatch.setattr(prebuilt, "fetched", remembered)
    for count in (3, 1, 3):
        assert [row.id for row in chosen.rows(db.session, most=count)] == made[:count]
    assert newest.first(db.session).id == made[-1]
    assert [re.findall(r"LIMIT (\S+)", one) for one in seen] == [["3"], ["1"], ["3"], ["1"]]
    assert seen[-1].count("?") + seen[-1].count("%s") <= 1, seen[-1]  # the OFFSET of SQLite, which is always 0
