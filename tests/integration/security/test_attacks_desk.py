"""The review desk as an attacker meets it: odd values, other offices' files, views without a trace, dodged samples."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from lib.codes import Status
from models import Decision, InternalNote, Record, ReturnReason, SecondLook, db
from services import workflow
from services.review.case import ReviewCase
from tests.support.office.review_desk import events_of, form, fresh, path

ODD_NUMBERS = ("", "-1", "7", "9" * 30)


# --- odd values -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seen", ODD_NUMBERS)
def test_a_revocation_that_names_no_revision_is_refused_with_a_page(make, another_browser, manager, seen):
    declaration = make.declaration(Status.APPROVED)
    sent = form("nation", confirmed="yes", why="材料有误") | {"seen": seen}
    another_browser.send(path(declaration, "revoke"), sent, expect=422)
    assert fresh(declaration).status == Status.APPROVED


@pytest.mark.parametrize("seen", ODD_NUMBERS)
@pytest.mark.parametrize("agree", ["yes", "no"])
def test_a_second_look_that_names_no_revision_is_refused_with_a_page(make, browser, officer, seen, agree):
    declaration = make.declaration(Status.IN_REVIEW)
    assert declaration.claim
    workflow.approve(declaration, make.actor(declaration.claim.staff), 1, sample=100)
    db.session.commit()
    sent = {"seen": seen, "agree": agree, "why": "照片不清"}
    browser.send(path(declaration, "second-look"), sent, expect=409)
    assert fresh(declaration).status == Status.IN_REVIEW


@pytest.mark.parametrize(
    "days",
    [
        {"until": "9999-12-31"},
        {"since": "0001-01-01"},
        {"since": "0001-01-01", "until": "0001-01-01"},
        {"until": "0001-01-01"},
    ],
)
def test_the_ends_of_the_calendar_are_no_error_of_ours(browser, officer, days):
    sent = {"office": "210102", "source": "records", "form": "xlsx", "reason": "核对全县人数", **days}
    answer = browser.client.post("/staff/roster", data=sent)
    assert answer.status_code in (302, 422)


# --- other offices ----------------------------------------------------------------------------------------------------


def test_a_record_that_falls_back_stays_with_the_county_though_a_city_officer_approved_it(
    make, another_browser, manager
):
    city = make.staff(department="210100")
    first = make.declaration(Status.APPROVED, officer=city)
    record = db.session.scalars(select(Record)).one()
    county = record.department_id
    change = make.change(record)
    change.postal_address = "沈阳市沈河区文化路 99 号"
    make.signed_sheet(change)
    make._advance(change, Status.APPROVED, None)
    db.session.commit()
    sent = form("postal_address", confirmed="yes", why="地址有误")
    another_browser.send(path(change, "revoke"), sent)
    db.session.expire_all()
    assert (record.revision.declaration_id, record.department_id) == (first.id, county)
    another_browser.open(f"/staff/archive/{record.uid}")


@pytest.fixture
def moved(make, browser, officer):
    """Returned here, handled elsewhere since, and offered from there to a third county."""
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    make.mark(declaration, "nation", reviewer=make.actor(officer))
    workflow.send_back(declaration, make.actor(officer), 1)
    there, third = make.department("210103"), make.department("210104")
    declaration.department = there
    colleague = make.staff(department="210103", name="钱审核")
    declaration.status = Status.SUBMITTED
    db.session.commit()
    workflow.claim(declaration, make.actor(colleague))
    workflow.offer(declaration, make.actor(colleague), 1, third, "夫妻两人都在第三县")
    workflow.take_back_offer(declaration, make.actor(colleague))
    db.session.commit()
    return declaration


def test_the_office_before_does_not_read_what_others_write_to_each_other(browser, moved):
    assert "夫妻两人都在第三县" not in browser.open(path(moved)).text


def test_the_office_before_writes_no_notes_into_a_file_that_it_only_reads(browser, moved):
    browser.send(path(moved, "notes"), form(note="插一句") | {"seen": 1}, expect=409)
    assert db.session.scalars(select(InternalNote)).all() == []


def test_another_offices_reason_is_none_for_a_decline(make, browser, officer):
    held = make.declaration(Status.IN_REVIEW, officer=officer)
    there = make.department("210103")
    texts = {"title": "外县", "advice": "外县的话", "position": 1}
    db.session.add(ReturnReason(code="own-there", applies_to="decline", department_id=there.id, **texts))
    db.session.commit()
    sent = form(confirmed="yes", decline_reason="own-there")
    browser.send(path(held, "decline"), sent, expect=422)
    assert fresh(held).status == Status.IN_REVIEW


def test_an_officer_who_was_moved_sees_nothing_of_the_county_before(make, browser, officer):
    make.declaration(Status.IN_REVIEW, make.account("孙立国"), officer=officer)
    officer.department_id = make.department("210103").id
    db.session.commit()
    assert "孙立国" not in browser.open("/staff/queue?lane=mine").text


# --- views ------------------------------------------------------------------------------------------------------------


def test_a_picture_of_a_record_is_a_look_of_its_own(make, browser, officer):
    record = make.record()
    browser.open(f"/staff/archive/{record.uid}/pictures/photo/0")
    assert events_of(record.revision.declaration, "view_record") == ["view_record"]


def test_a_picture_on_the_page_of_a_record_is_no_look_of_its_own(make, browser, officer):
    record = make.record()
    browser.open(f"/staff/archive/{record.uid}")
    browser.open(f"/staff/archive/{record.uid}/pictures/photo/0")
    assert events_of(record.revision.declaration, "view_record", "view_picture") == ["view_record"]


def test_the_page_of_a_refused_verb_is_a_look(make, browser, another_browser, officer, manager):
    held, approved = make.declaration(Status.IN_REVIEW, officer=officer), make.declaration(Status.APPROVED)
    browser.send(path(held, "return"), form(), expect=422)
    assert events_of(held, "view", "reveal") == ["view", "reveal"]
    another_browser.send(path(approved, "reopen"), form(), expect=422)
    assert events_of(approved, "view") == ["view"]


# --- the second look --------------------------------------------------------------------------------------------------


def test_who_was_contradicted_does_not_approve_alone_once_the_colleague_has_put_it_back(make):
    first, second = (make.actor(make.staff(name=name)) for name in ("王审核", "李审核"))
    declaration = make.declaration(Status.SUBMITTED)
    workflow.claim(declaration, first)
    assert isinstance(workflow.approve(declaration, first, 1, sample=100), SecondLook)
    workflow.answer_second_look(declaration, second, 1, agree=False, comment="照片不清")
    workflow.release(declaration, second)
    workflow.claim(declaration, first)
    assert isinstance(workflow.approve(declaration, first, 1, sample=100), SecondLook)


def test_who_gave_the_second_look_decides_alone(make):
    first, second = (make.actor(make.staff(name=name)) for name in ("王审核", "李审核"))
    declaration = make.declaration(Status.SUBMITTED)
    workflow.claim(declaration, first)
    workflow.approve(declaration, first, 1, sample=100)
    workflow.answer_second_look(declaration, second, 1, agree=False, comment="照片不清")
    assert isinstance(workflow.approve(declaration, second, 1, sample=100), Decision)


# --- what was taken back ----------------------------------------------------------------------------------------------


def approved_by_mistake(make, change, officer) -> None:
    """Approved, taken back within the minute, and declined."""
    workflow.claim(change, officer)
    workflow.approve(change, officer, 1)
    db.session.commit()
    workflow.undo(change, officer)
    workflow.decline(change, officer, 1, reason_code="", comment="单位不在本省")
    db.session.commit()


def test_what_was_approved_and_undone_is_no_version_of_the_record_nor_what_is_new_measured_against(
    make, browser, officer
):
    record, changes = make.record(), []
    for _ in range(2):  # the same change twice: once declined, once sent again
        change = make.change(record)
        change.postal_address = "沈阳市沈河区文化路 99 号"
        make.signed_sheet(change)
        make._advance(change, Status.SUBMITTED, None)
        db.session.commit()
        changes.append(change)
        if len(changes) == 1:
            approved_by_mistake(make, change, make.actor(officer))
    page = browser.open(f"/staff/archive/{record.uid}").text
    assert changes[0].number not in page
    compared = ReviewCase(changes[1].revisions[0], make.actor(officer)).compared
    assert compared
    assert compared.id == record.revision_id
