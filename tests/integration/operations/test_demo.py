"""``flask demo``: invented people in every state, made by the product's own services."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pyotp
import pytest
from flask import Flask
from sqlalchemy import func, select

from app import create_app
from config import TestConfig
from demo import accounts as demo_accounts
from demo import load as demo_load
from demo.accounts import LEGACY, STAFF
from demo.people import LEADING, Stage, people
from forms import SHEET
from lib.clock import local, today
from lib.codes import AssistanceNeed, Kind, OutboxState, Status
from lib.database import begin_mode
from models import (
    Account,
    ActivationCode,
    AssistanceRequest,
    Declaration,
    Department,
    Event,
    LegacyHolder,
    OutboxMessage,
    Record,
    RegisterImport,
    Staff,
    db,
    store,
)
from services import audit, workflow
from services.accounts import activation_codes, applicants, passwords
from services.administration import staff_accounts
from services.declaration import answers, deadlines
from services.departments import administration
from services.filing.case import DeclarationCase
from services.operations import storage_check
from services.papers.papers import referenced

PEOPLE = len(LEADING) + 2
SECRET = "test"


@pytest.fixture(scope="module")
def told() -> list[str]:
    """What the command printed when it loaded the data."""
    return []


@pytest.fixture(scope="module")
def app(template, tmp_path_factory, told) -> Iterator[Flask]:
    """One demo for all tests here: it takes some seconds."""
    import shutil

    folder = tmp_path_factory.mktemp("demo") / "instance"
    shutil.copytree(template, folder)
    app = create_app(TestConfig(folder))
    done = app.test_cli_runner().invoke(args=["demo", "--people", str(PEOPLE), "--if-empty"])
    assert done.exit_code == 0, done.output
    told.extend(done.stdout.splitlines())
    token = begin_mode.set("DEFERRED")
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    begin_mode.reset(token)


@pytest.fixture(autouse=True)
def _undone(app) -> Iterator[None]:
    yield
    db.session.rollback()


def declarations(stage: Stage) -> list[Declaration]:
    """The newest declaration of each person of a stage."""
    found: list[Declaration] = []
    for person in people(PEOPLE, 0, today()):
        account = applicants.find(person.number)
        if person.stage is stage and account:
            query = select(Declaration).where(Declaration.account_id == account.id).order_by(Declaration.id.desc())
            found += db.session.scalars(query.limit(1)).all()
    return found


def cases(stage: Stage) -> list[DeclarationCase]:
    return [DeclarationCase(declaration) for declaration in declarations(stage)]


STATUS = {
    Stage.STARTED: Status.DRAFT,
    Stage.STUDENT_DRAFT: Status.DRAFT,
    Stage.READY: Status.DRAFT,
    Stage.SUBMITTED: Status.SUBMITTED,
    Stage.OVERDUE: Status.SUBMITTED,
    Stage.DUE_SOON: Status.SUBMITTED,
    Stage.IN_REVIEW: Status.IN_REVIEW,
    Stage.LAPSED: Status.SUBMITTED,
    Stage.RETURNED: Status.RETURNED,
    Stage.RESUBMITTED: Status.SUBMITTED,
    Stage.OFFERED: Status.IN_REVIEW,
    Stage.DECLINED: Status.DECLINED,
    Stage.APPROVED: Status.APPROVED,
    Stage.CHANGING: Status.DRAFT,
    Stage.CHANGE_SUBMITTED: Status.SUBMITTED,
}


@pytest.mark.parametrize("stage", STATUS)
def test_a_person_stands_where_the_list_says(app, stage):
    found = declarations(stage)

    assert found
    assert {workflow.standing_status(declaration) for declaration in found} == {STATUS[stage]}
    is_change = stage in (Stage.CHANGING, Stage.CHANGE_SUBMITTED)
    assert {declaration.kind for declaration in found} == {Kind.CHANGE if is_change else Kind.FIRST}


def test_somebody_has_only_just_registered(app):
    new = next(person for person in people(PEOPLE, 0, today()) if person.stage is Stage.NEW)

    account = applicants.find(new.number)
    assert account is not None
    assert declarations(Stage.NEW) == []


def test_drafts_stop_where_the_list_says(app):
    assert {case.first_unfinished for case in cases(Stage.STARTED)} == {"department"}
    assert {case.first_unfinished for case in cases(Stage.STUDENT_DRAFT)} == {"education"}


def test_who_is_ready_lacks_nothing_but_the_button(app):
    assert not any(workflow.missing_for_submit(case) for case in cases(Stage.READY))


def test_dates_are_in_order_and_no_decision_lies_ahead(app):
    for declaration in db.session.scalars(select(Declaration).where(Declaration.submitted_at.is_not(None))):
        assert declaration.submitted_at is not None
        assert declaration.account.created_at < declaration.created_at < declaration.submitted_at
        assert local(declaration.submitted_at).date() <= today()
        items = audit.history(declaration)
        assert [item.at for item in items] == sorted(item.at for item in items)
        if declaration.status == Status.APPROVED:
            assert declaration.decided_at is not None
            assert declaration.decided_at > declaration.submitted_at


def test_due_dates_follow_from_the_day_of_submission(app):
    calendar = deadlines.calendar()
    for stage in (Stage.SUBMITTED, Stage.OVERDUE, Stage.DUE_SOON):
        for declaration in declarations(stage):
            assert declaration.submitted_at is not None
            submitted = local(declaration.submitted_at).date()
            assert declaration.due_on == deadlines.due_date(submitted, 10, calendar).on
    assert all(deadlines.due_state(declaration, today()).overdue for declaration in declarations(Stage.OVERDUE))
    assert all(deadlines.due_state(declaration, today()).soon for declaration in declarations(Stage.DUE_SOON))


def test_a_return_waits_with_its_marks_and_a_resubmission_shows_what_changed(app):
    for declaration in declarations(Stage.RETURNED):
        assert {view.mark.target for view in DeclarationCase(declaration).untouched} == {"postal_address", "id_emblem"}
    for declaration in declarations(Stage.RESUBMITTED):
        first, second = declaration.revisions
        assert set(answers.changes(first.answers, second.answers)) == {"postal_address"}
        assert first.papers["id_emblem"][0]["address"] != second.papers["id_emblem"][0]["address"]
        assert not DeclarationCase(declaration).signed_is_outdated


def test_records_stand_and_a_change_is_signed_anew(app):
    approved = sum(len(declarations(stage)) for stage in (Stage.APPROVED, Stage.CHANGING, Stage.CHANGE_SUBMITTED))

    assert db.session.scalar(select(func.count()).select_from(Record)) == approved
    changed = declarations(Stage.CHANGE_SUBMITTED)[0]
    assert changed.employer_address == "样例大街 66 号"
    assert [page.sheet_id is not None for page in changed.pages if page.kind == SHEET] == [True]


def test_every_picture_is_in_the_store(app):
    assert storage_check.check(app.extensions["kuaiji.store"], referenced()) == {}


def test_a_claimed_record_and_some_to_claim(app):
    claimed = db.session.scalars(select(Account).where(Account.legacy_id.is_not(None))).one()

    assert (claimed.claim_factor, claimed.assured) == ("archive_no", False)
    free = db.session.scalars(select(LegacyHolder).where(LegacyHolder.claimed_at.is_(None))).all()
    assert len(free) == len(LEGACY)
    assert len(demo_accounts.legacy_lines()) == len(LEGACY)


def test_the_printed_passwords_and_codes_are_the_right_ones(app, told):
    text = "\n".join(told)
    for line in demo_accounts.person_lines(SECRET):
        account = applicants.find(line.number)
        assert account is not None
        assert passwords.is_correct(line.password, account.password_hash)
        assert re.search(rf"{line.name} +{line.number} +{line.password} ", text)
    staff = {row.username: row for row in db.session.scalars(select(Staff))}
    lines = demo_accounts.staff_lines(SECRET)
    assert [line.username for line in lines] == [officer.username for officer in STAFF]
    for officer in lines:
        row = staff[officer.username]
        assert passwords.is_correct(officer.password, row.password_hash)
        assert pyotp.TOTP(row.totp_secret).verify(officer.totp, valid_window=1)
        assert officer.password in text


def test_the_printed_activation_code_opens_the_record(app, told):
    found = re.search(r"激活码\(只显示这一次\): (\S+) (\d{8})", "\n".join(told))
    assert found is not None
    name, code = found.groups()
    holder = db.session.scalars(select(LegacyHolder).where(LegacyHolder.name == name)).one()

    assert activation_codes.usable_id(holder, code) == db.session.scalars(select(ActivationCode.id)).one()


def rows(app: Flask) -> list[int]:
    return [
        db.session.scalar(select(func.count()).select_from(table)) or 0
        for table in (Account, Declaration, Event, Staff)
    ]


def test_a_second_start_adds_nothing_and_prints_the_same_accounts(app, told):
    before = rows(app)

    done = app.test_cli_runner().invoke(args=["demo", "--if-empty"])

    assert done.exit_code == 0
    db.session.rollback()
    assert rows(app) == before
    steady = [line for line in told if re.search(r"2199|-[a-z2-7]{4}$", line)]
    assert set(steady) <= set(done.stdout.splitlines())


def test_a_quiet_start_leaves_the_list_to_the_server(app):
    done = app.test_cli_runner().invoke(args=["demo", "--if-empty", "--quiet"])

    assert (done.exit_code, done.output) == (0, "")


def test_the_administrators_find_something_to_do(app):
    """One of each; the messages are none that would leave by themselves."""
    states = {row.username: (row.active, bool(row.proposed_by), bool(row.last_sign_in_at)) for row in staff_rows()}
    assert [states[name] for name in ("heping-lizhi", "heping-xinren", "shenji-er", "heping")] == [
        (False, False, False),
        (True, False, False),
        (False, True, False),
        (True, False, True),
    ]
    locked = next(row for row in staff_rows() if row.username == "heping-suoding")
    assert staff_accounts.failures(locked) == 5
    job = db.session.scalars(select(RegisterImport)).one()
    told = (job.state, job.counts["imported"], job.counts["left_out"], job.counts["conflicts"], job.counts["differing"])
    assert told == ("checked", 2, 3, 2, 1)
    departments = {row.code: row for row in db.session.scalars(select(Department))}
    assert departments["210124"].closes_on
    assert [one.division_code[:6] for one in departments["210123-KF"].covers] == ["210123"]
    assert administration.problems() == []
    left = db.session.scalars(select(OutboxMessage.state)).all()
    assert set(left) == {OutboxState.SENT, OutboxState.GIVEN_UP}


def staff_rows() -> list[Staff]:
    return list(db.session.scalars(select(Staff)))


def test_a_second_run_adds_only_who_is_missing(app):
    done = app.test_cli_runner().invoke(args=["demo", "--people", str(PEOPLE)])

    assert done.stdout.startswith("已生成 0 人")


def test_nobody_is_added_in_production(app, monkeypatch):
    before = rows(app)
    monkeypatch.setitem(app.config, "ENV", "production")

    done = app.test_cli_runner().invoke(args=["demo"])

    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == "错误：正式环境（KUAIJI_ENV=production）不能生成演示数据；请换一个测试环境\n"
    assert rows(app) == before


def test_another_secret_gives_other_passwords():
    assert demo_accounts.password("a", "x") != demo_accounts.password("b", "x")
    assert demo_accounts.password("a", "x") != demo_accounts.password("a", "y")
    assert demo_accounts.totp_secret("a", "x") != demo_accounts.totp_secret("b", "x")


def test_a_person_keeps_the_planned_day_where_no_day_would_fit(app, monkeypatch):
    late = next(person for person in people(PEOPLE, 0, today()) if person.stage is Stage.OVERDUE)
    monkeypatch.setattr(
        deadlines, "due_date", lambda *_args: deadlines.Due(today() + timedelta(days=200), estimated=True)
    )

    assert demo_load._with_due_day(late, 10) == late


def test_an_answer_that_the_form_refuses_stops_the_play(app):
    with pytest.raises(ValueError, match="personal"):
        demo_load._fill(declarations(Stage.READY)[0], "personal", {"mobile": "1"})


def test_no_code_is_issued_when_everybody_has_claimed(app):
    from lib.database import utcnow

    for holder in db.session.scalars(select(LegacyHolder)):
        holder.claimed_at = utcnow()

    assert demo_accounts.issue_code() is None


def test_an_application_of_each_need_waits_with_its_picture(app):
    found = db.session.scalars(select(AssistanceRequest)).all()
    assert {row.need for row in found} == set(AssistanceNeed)
    assert all(store().get(row.address).startswith(b"\xff\xd8") for row in found if row.address)
