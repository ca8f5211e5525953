"""信息变更: it starts from the record, asks for a new signature, and moves the record only with the approval."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from forms import SHEET
from lib.codes import Kind, Status
from models import Declaration, Record, db
from services import workflow
from services.declaration import answers
from services.marks.marks import MarkRequest
from services.papers import papers
from tests.conftest import Browser
from tests.support.applicant.filing import add_photo, filled, pages_of, send_back, stored, submit, upload, words
from tests.support.factory import picture
from tests.support.people import EMPLOYED, PASSWORD

NAME_CHANGE = "姓名变更证明"


@pytest.fixture
def record(make) -> Record:
    """The approved record of a person with an employer."""
    declaration = make.declaration(Status.APPROVED, **EMPLOYED)
    return db.session.scalars(select(Record).where(Record.account_id == declaration.account_id)).one()


@pytest.fixture
def change(record, browser) -> Declaration:
    """A change that its owner has just begun in a browser."""
    browser.sign_in(record.account).send("/archive/change", {"topic": ["employer", "name", "contact"]})
    assert browser.open("/apply", expect=302).location == "/apply/personal"
    return db.session.scalars(select(Declaration).where(Declaration.kind == Kind.CHANGE)).one()


def answer(browser, declaration: Declaration, slug: str, **changed) -> None:
    browser.send(f"/apply/{slug}", filled(stored(declaration), slug, **changed))


def approve(make, declaration: Declaration, department: str = "210102") -> None:
    officer = make.actor(make.staff(department=department))
    declaration = stored(declaration)
    workflow.claim(declaration, officer)
    workflow.approve(declaration, officer, declaration.revision_number)
    db.session.commit()


def test_it_starts_with_the_answers_of_the_record(change, record):
    assert change.number != record.revision.declaration.number
    now, approved = answers.freeze(answers.facts(change)), record.revision.answers
    assert {name: now[name] for name in answers.question_names()} == {
        name: approved[name] for name in answers.question_names()
    }
    assert change.qualification_on == date(2021, 9, 5)
    assert change.accounting_posts == EMPLOYED["accounting_posts"]
    assert answers.gaps(answers.asked(change)) == []


def test_it_starts_with_the_papers_of_the_record_but_the_signed_sheet(change, record, browser):
    kinds = {page.kind for page in change.pages}
    assert kinds == set(record.revision.papers) - {SHEET}
    for kind in kinds:
        assert papers.current_addresses(change, kind) == papers.addresses(record.revision.papers[kind])
    (licence,) = pages_of(change, "employer_licence")
    assert browser.open(f"/apply/pages/{licence.uid}.jpg").status == 200
    assert licence.uid != record.revision.papers["employer_licence"][0]["uid"]


def test_the_photo_can_be_cut_anew_from_its_old_source(change, browser):
    before = papers.photo_address(change)
    browser.send("/apply/personal/crop", {"crop_x": "0", "crop_y": "0", "crop_w": "0.8", "crop_h": "0.8"})
    assert papers.photo_address(stored(change)) != before


def test_it_asks_for_a_new_signature(change, browser, make):
    shown = words(browser.send("/apply/submit", {"agree": "yes"}, expect=422).text)
    assert "还不能提交，请先处理以下 1 处" in shown
    assert "请上传个人基本信息表" in shown
    upload(browser, kind=SHEET, expect=422)
    make.signed_sheet(stored(change))
    submit(browser)


def test_deleting_a_copied_picture_leaves_the_records_own(change, record, browser):
    (page,) = pages_of(change, "employer_licence")
    browser.send(f"/apply/pages/{page.uid}/delete")
    assert browser.open(f"/archive/versions/{record.revision.uid}/employer_licence/0.jpg").status == 200


def test_the_record_stays_valid_until_the_approval_and_moves_with_it(change, record, make, browser):
    old_revision, old_department = record.revision_id, record.department_id
    answer(browser, change, "department", employer_county="210103", employer_street=None, department_code="210103")
    make.signed_sheet(stored(change))
    submit(browser)
    db.session.expire_all()
    assert (record.revision_id, record.department_id) == (old_revision, old_department)
    assert stored(change).department_id == make.department("210103").id

    approve(make, change, "210103")

    db.session.expire_all()
    assert record.revision.declaration_id == change.id
    assert record.department_id == make.department("210103").id
    assert db.session.query(Record).count() == 1
    assert "沈阳市沈河区财政局" in words(browser.open("/archive").text)


def test_a_returned_change_leaves_the_record_as_it_was(change, record, make, browser):
    revision = record.revision_id
    answer(browser, change, "personal", postal_address="样例路 9 号")
    make.signed_sheet(stored(change))
    submit(browser)
    send_back(make, stored(change), MarkRequest("postal_address", "", "请核对"))
    db.session.expire_all()
    assert record.revision_id == revision
    assert browser.open("/apply", expect=302).location == "/apply/corrections"


def test_only_one_declaration_is_open_at_a_time(change, make, browser):
    make.signed_sheet(stored(change))
    submit(browser)
    assert browser.send("/archive/change").location == "/apply/status"
    assert db.session.query(Declaration).filter_by(kind=Kind.CHANGE).count() == 1


def test_the_same_name_needs_no_proof(change, browser):
    assert NAME_CHANGE not in words(browser.open("/apply/papers").text)


def test_a_new_name_asks_for_a_proof_and_opens_the_door_only_after_the_approval(change, record, make, browser):
    account, number = record.account, record.account.id_number
    old_name, new_name = account.name, "单晓燕"
    answer(browser, change, "personal", applicant_name=new_name)
    assert f"{NAME_CHANGE} 未上传" in words(browser.open("/apply/papers").text)
    shown = words(browser.send("/apply/submit", {"agree": "yes"}, expect=422).text)
    assert f"请上传{NAME_CHANGE}" in shown

    upload(browser, picture(1000, 700), kind="name_change")
    make.signed_sheet(stored(change))
    submit(browser)

    def opens(name: str) -> bool:
        sent = {"name": name, "number": number, "password": PASSWORD}
        db.session.rollback()
        return Browser(browser.app).client.post("/login", data=sent).status_code == 302

    assert (opens(old_name), opens(new_name)) == (True, False)
    assert (account.name, stored(change).applicant_name) == (old_name, new_name)
    approve(make, change)
    assert (opens(old_name), opens(new_name)) == (False, True)


def test_a_changed_name_of_a_holder_of_an_old_certificate_asks_for_a_proof_too(make, browser):
    legacy = make.legacy("孙立国")
    account = make.account("孙立国", legacy_id=legacy.id)
    declaration = make.declaration(account=account, applicant_name="孙立国")
    browser.sign_in(account)
    add_photo(declaration)
    assert NAME_CHANGE not in words(browser.open("/apply/papers").text)
    answer(browser, declaration, "personal", applicant_name="孙丽国")
    assert NAME_CHANGE in words(browser.open("/apply/papers").text)


def test_a_new_person_may_spell_the_name_as_it_is(make, browser):
    declaration = make.declaration(applicant_name="单小雁")
    browser.sign_in(declaration.account)
    assert NAME_CHANGE not in words(browser.open("/apply/papers").text)
