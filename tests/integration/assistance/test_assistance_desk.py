"""核验申请 at the office: the list, what stands next to it, scope, two officers, pictures, and the rules beneath."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import delete, func, select, text

from lib.codes import AccountState, AssistanceOutcome, IdType, Role, Status
from lib.database import utcnow
from models import AssistanceRequest, CalendarDay, Event, Staff, db
from services.accounts import account_changes
from services.accounts.account_changes import ChangeRefused, Grounds
from services.accounts.applicants import StepExpired
from services.assistance import answers, decisions, requests
from services.assistance.decisions import AssistanceVerdict
from services.operations import storage_check
from services.papers.papers import referenced
from tests.conftest import Browser
from tests.support.applicant.assistance import (
    GROUNDS,
    NUMBER,
    OTHER,
    account_of,
    address,
    apply,
    decide,
    request_of,
    the_request,
)
from tests.support.applicant.filing import store
from tests.support.people import id_number


@pytest.fixture
def desk(make, another_browser) -> Browser:
    return another_browser.sign_in(make.staff())


def test_the_list_is_the_offices_own_oldest_due_first_with_its_figures(app, browser, desk, make):
    with time_machine.travel("2026-11-02T01:00:00Z", tick=False):
        apply(browser, name="早先来", number=id_number(711))
    with time_machine.travel("2026-11-20T01:00:00Z", tick=False):
        apply(browser, name="后来到", number=id_number(713))
        apply(browser, name="别处人", number=id_number(715), office="210300")
    with time_machine.travel("2026-11-23T01:00:00Z", tick=False):
        page = Browser(app).sign_in(make.staff()).open("/staff/assistance").text
    assert page.index("早先来") < page.index("后来到")
    assert "别处人" not in page
    assert "已逾期" in page
    assert [int(n) for n in re.findall(r"<dd><b>(\d+)</b>", page)] == [2, 0, 1]
    desk.send(f"/staff/assistance/{request_of('后来到').uid}/decide", {"outcome": "same_person"})
    decided = desk.open("/staff/assistance?tab=decided").text
    assert "后来到" in decided
    assert "早先来" not in decided


def test_another_office_and_the_person_concerned_find_nothing(app, browser, make):
    apply(browser)
    own = make.staff(id_index=app.extensions["kuaiji.keys"].index("id_number", NUMBER))
    for officer in (make.staff(department="210300"), own):
        desk = Browser(app).sign_in(officer)
        assert "单小燕" not in desk.open("/staff/assistance").text
        for more in ("", "/document", "/photo"):
            desk.open(address(more), expect=404)
        decide(desk, "refused", 404, answer="不行")


def test_numbers_are_masked_until_they_are_revealed_and_the_owner_reads_of_it(app, browser, desk, make):
    person = make.account(number=NUMBER)
    apply(browser)
    for _ in range(2):
        assert NUMBER not in desk.open(address()).text
    assert NUMBER in desk.send(address("/reveal"), expect=200).text
    verbs = db.session.scalars(select(Event.verb).where(Event.account_id == person.id, Event.staff_id.is_not(None)))
    assert verbs.all() == ["view_assistance", "reveal"]
    assert "办理核验申请时查看账号情况" in Browser(app).sign_in(person).open("/account").text


def test_the_document_and_the_photo_of_the_account_are_shown_side_by_side(browser, desk, make):
    declaration = make.declaration(account=make.account(number=NUMBER))
    apply(browser)
    desk.open(address("/photo"), expect=404)
    views = select(func.count()).where(Event.verb == "view_assistance")
    assert db.session.scalar(views) == 0, "what is not there was not seen"
    make.papers(declaration)
    page = desk.open(address()).text
    for more in ("/document", "/document?thumb=1", "/photo"):
        assert address(more) in page
        shown = desk.open(address(more))
        assert shown.data.startswith(b"\xff\xd8")
        assert shown.headers["Cache-Control"] == "no-store"


def test_of_two_officers_the_second_reads_what_the_first_decided(app, browser, desk, make):
    person = make.account("马建军", number=NUMBER)
    apply(browser)
    second = Browser(app).sign_in(make.staff(name="李审核"))
    second.open(address())
    decide(desk, "refused", answer="照片看不清")
    assert "已由其他工作人员办理" in decide(second, "misuse", 409, **GROUNDS).text
    assert account_of(person.id).state == AccountState.ACTIVE
    assert the_request().answer == "照片看不清"


def test_a_frozen_persons_submission_says_so_to_its_reviewer(browser, desk, make):
    declaration = make.declaration(Status.SUBMITTED, account=make.account("马建军", number=NUMBER))
    place = f"/staff/submissions/{declaration.uid}"
    assert "账号已被冻结" not in desk.open(place).text
    apply(browser)
    decide(desk, "misuse", **GROUNDS)
    assert "账号已被冻结" in desk.open(place).text


def test_the_rule_of_names_holds_for_a_page_that_is_out_of_date(app, browser, make):
    """The page offered 是本人 while the number had no account; then a stranger registered it."""
    apply(browser)
    make.account("马建军", number=NUMBER)
    verdict = AssistanceVerdict(AssistanceOutcome.SAME_PERSON)
    with pytest.raises(ChangeRefused, match="姓名不同"):
        decisions.decide(the_request(), make.actor(make.staff()), verdict)


def test_the_picture_of_a_document_is_kept_while_it_is_needed_and_forgotten_after_180_days(app, browser, desk):
    apply(browser)
    apply(browser, number=OTHER)
    addresses = {the_request().address, the_request().thumb_address}
    decide(desk, "refused", answer="照片看不清")
    assert addresses <= referenced()
    with time_machine.travel(utcnow() + timedelta(days=181), tick=False):
        assert app.test_cli_runner().invoke(args=["tick"]).exit_code == 0
        kept = db.session.scalars(select(AssistanceRequest.address).order_by(AssistanceRequest.id)).all()
        later = Browser(app).sign_in(db.session.scalars(select(Staff)).one())
        assert "已删除" in later.open(address()).text
        later.open(address("/document"), expect=404)
    assert [bool(one) for one in kept] == [True, False]


def test_a_damaged_picture_is_said_to_be_damaged(app, browser, desk):
    apply(browser)
    for path in store().root.glob("??/??/*"):
        path.write_bytes(b"x" * 60)
    assert desk.open(address("/document"), expect=404).text == "附件损坏"
    bad = storage_check.check(store(), [the_request().address or ""])
    assert [where for where, _at in storage_check.rows_naming(bad)] == [f"核验申请 {the_request().uid}"]


def test_a_yes_is_used_once_and_the_database_keeps_two_accounts_apart(browser, desk, make, monkeypatch):
    apply(browser)
    decide(desk, "same_person")
    make.account("马建军", number=NUMBER)
    monkeypatch.setattr(answers, "in_force", lambda _index: None)  # as a registration at the same moment is not seen
    with pytest.raises(StepExpired):
        answers.set_password(the_request().id, "hash")
    db.session.rollback()
    db.session.execute(text("UPDATE account SET state = 'frozen'"))
    answers.set_password(the_request().id, "hash")
    db.session.commit()
    with pytest.raises(StepExpired):
        answers.set_password(the_request().id, "hash")
    db.session.rollback()


def test_what_needs_an_account_is_refused_without_one(browser, make):
    apply(browser)
    officer = make.actor(make.staff(Role.MANAGER))
    for outcome in (AssistanceOutcome.MISTYPED, AssistanceOutcome.MISUSE):
        with pytest.raises(ChangeRefused, match="没有账号"):
            decisions.decide(the_request(), officer, AssistanceVerdict(outcome))
    with pytest.raises(ChangeRefused, match="没有涉及账号"):
        decisions.unfreeze(the_request(), officer, Grounds("误判"))


def test_an_account_is_changed_only_from_the_state_that_the_act_needs(app, make):
    person, officer = make.account("马建军", number=NUMBER), make.staff()
    actor = make.actor(officer)
    with pytest.raises(ChangeRefused, match="没有被冻结"):
        account_changes.unfreeze(person, actor, Grounds("误判"))
    own = replace(actor, id_index=app.extensions["kuaiji.keys"].index("id_number", OTHER))
    with pytest.raises(ChangeRefused, match="与本人有关"):
        account_changes.correct_number(person, IdType.RESIDENT, OTHER, own, Grounds("核实"))
    person.state = AccountState.FROZEN
    with pytest.raises(ChangeRefused, match="不能冻结"):
        account_changes.freeze(person, actor, Grounds("冒用"))
    with pytest.raises(ChangeRefused, match="不能更正"):
        account_changes.correct_number(person, IdType.RESIDENT, OTHER, actor, Grounds("核实"))
    db.session.rollback()


@pytest.mark.parametrize("claimed", [False, True])
def test_an_unfrozen_account_gets_its_old_record_back_unless_it_was_claimed(make, claimed):
    holder = make.legacy("孙立国", number=NUMBER, claimed_at=utcnow())
    person = make.account("孙立国", number=NUMBER, legacy_id=holder.id, claim_factor="archive_no")
    actor = make.actor(make.staff())
    account_changes.freeze(person, actor, Grounds("冒用"))
    db.session.flush()
    db.session.refresh(holder)
    assert (holder.claimed_at, person.legacy_id) == (None, None)
    holder.claimed_at = utcnow() if claimed else None
    db.session.flush()
    account_changes.unfreeze(person, actor, Grounds("误判"))
    assert person.legacy_id == (None if claimed else holder.id)
    db.session.commit()


def test_a_promised_day_follows_the_calendar_but_not_into_the_past(browser):
    with time_machine.travel("2026-11-23T01:00:00Z", tick=False):
        apply(browser)
        assert the_request().due_on == date(2026, 11, 30)
        assert requests.reckon_again() == 0
        db.session.add(CalendarDay(day=date(2026, 11, 30), kind="holiday", source="test"))
        db.session.commit()
        assert requests.reckon_again() == 1
        assert the_request().due_on == date(2026, 12, 1)
        db.session.commit()
    db.session.execute(delete(CalendarDay).where(CalendarDay.source == "test"))
    db.session.commit()
    with time_machine.travel("2026-12-01T01:00:00Z", tick=False):
        requests.reckon_again()
        assert the_request().due_on == date(2026, 12, 1)
    db.session.commit()
