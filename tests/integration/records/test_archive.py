"""人员档案: the approved record, its pictures, its versions, and how a change begins."""

from __future__ import annotations

import io
import re

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from forms import PHOTO
from lib.codes import Kind, Role, Status
from models import Declaration, Event, db
from services import workflow
from services.records import own as own_record

REVISED = "沈阳市和平区样例路 99 号 3 单元"


@pytest.fixture
def record(make):
    return make.record()


@pytest.fixture
def owner(client, record):
    return client.sign_in(record.account)


def approve_change(make, record, **changed) -> Declaration:
    """A change of the record that the office has approved."""
    declaration = make.change(record)
    for name, value in changed.items():
        setattr(declaration, name, value)
    db.session.commit()
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(record.account), commitment="1", review_days=10)
    officer = make.actor(make.staff())
    workflow.claim(declaration, officer)
    workflow.approve(declaration, officer, declaration.revision_number)
    db.session.commit()
    return declaration


def picture_of(version: own_record.OwnVersion, kind: str = PHOTO, number: int = 0) -> str:
    return f"/archive/versions/{version.revision.uid}/{kind}/{number}.jpg"


def test_the_record_shows_answers_photo_papers_and_who_approved(owner, record):
    page = owner.open("/archive")

    answers = record.revision.answers
    for words in (
        answers["applicant_name"],
        answers["postal_address"],
        "审核通过",
        "沈阳市和平区财政局",
        "居民身份证(人像面)",
    ):
        assert words in page.text
    assert f"/archive/versions/{record.revision.uid}/photo/0.jpg" in page.text
    for button in ("打印", "申请变更"):
        assert button in page.text


def test_the_number_is_masked_and_the_own_phone_is_open(owner, record):
    page = owner.open("/archive")

    assert record.account.id_number not in page.text
    assert f"{record.account.id_number[:3]}*" in page.text
    assert record.revision.answers["mobile"] in page.text


def test_without_a_record_the_way_leads_to_the_declaration(client, make):
    client.sign_in(make.account())

    for path in ("/archive", "/archive/print.pdf", "/archive/versions/nothing"):
        assert client.open(path, expect=302).location.startswith("/apply")
    assert client.send("/archive/change").location.startswith("/apply")


def test_the_pictures_come_out_of_the_approved_revision(owner, record):
    photo = owner.open(f"/archive/versions/{record.revision.uid}/photo/0.jpg")
    small = owner.open(f"/archive/versions/{record.revision.uid}/id_portrait/0.jpg?small=1")

    assert photo.data.startswith(b"\xff\xd8")
    assert photo.headers["Cache-Control"] == "no-store"
    assert "sandbox" in photo.headers["Content-Security-Policy"]
    assert len(small.data) < len(owner.open(f"/archive/versions/{record.revision.uid}/id_portrait/0.jpg").data)


@pytest.mark.parametrize("place", ["photo/1", "nothing/0", "passport/0"])
def test_a_picture_that_is_not_there_is_not_found(owner, record, place):
    assert owner.open(f"/archive/versions/{record.revision.uid}/{place}.jpg", expect=404).status == 404


def test_a_lost_file_is_a_missing_picture_and_no_fault(owner, record, app):
    page = record.revision.papers[PHOTO][0]
    next(app.config["UPLOADS"].rglob(page["address"])).unlink()

    owner.open(f"/archive/versions/{record.revision.uid}/photo/0.jpg", expect=404)
    assert record.account.name in owner.open("/archive").text


def test_somebody_elses_record_looks_like_one_that_does_not_exist(client, make, record):
    other = make.record(make.account("钱某某"))
    client.sign_in(other.account)

    def body(place: str) -> str:
        """Without the form's token, which carries the second of its making."""
        return re.sub(r'(csrf_token" value=|csrf-token" content=)"[^"]*"', "", client.open(place, expect=404).text)

    for place in (f"versions/{record.revision.uid}", f"versions/{record.revision.uid}/photo/0.jpg"):
        assert body(f"/archive/{place}") == body("/archive/versions/x")


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SYSTEM])
def test_staff_have_no_record_of_their_own_here(client, make, record, role):
    client.sign_in(make.staff(role))
    assert client.open("/archive", expect=302).location == "/login"


def test_a_submitted_revision_is_not_part_of_the_record_before_it_is_approved(client, make):
    declaration = make.declaration(Status.SUBMITTED)
    client.sign_in(declaration.account)
    refused = client.open(f"/archive/versions/{declaration.revisions[0].uid}/photo/0.jpg", expect=404)
    assert refused.headers["Content-Type"].startswith("text/html")


def test_printing_gives_the_sheet_that_was_approved(owner, record):
    page = owner.open("/archive/print.pdf")

    text = "".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(page.data)).pages).replace(" ", "")
    assert page.headers["Content-Type"] == "application/pdf"
    assert record.revision.declaration.number in text
    assert record.account.name in text


def test_asking_for_a_change_begins_a_copy_and_leads_to_it(owner, record):
    assert owner.send("/archive/change", {"topic": ["contact"]}).location == "/apply"

    change = db.session.scalars(select(Declaration).where(Declaration.kind == Kind.CHANGE)).one()
    assert (change.status, change.postal_address) == (Status.DRAFT, record.revision.answers["postal_address"])
    assert db.session.scalars(select(Event).where(Event.declaration_id == change.id)).one().verb == "create"
    page = owner.open("/archive")
    assert change.number in page.text
    assert "申请变更" not in page.text


def test_a_second_change_is_not_begun(owner, record):
    owner.send("/archive/change", {"topic": ["contact"]})
    answer = owner.send("/archive/change", {"topic": ["contact"]})

    assert answer.location == "/apply/status"
    assert len(db.session.scalars(select(Declaration).where(Declaration.kind == Kind.CHANGE)).all()) == 1


def test_after_a_change_both_versions_are_there_with_what_differs(owner, make, record):
    before = record.revision.answers["postal_address"]
    first = own_record.own_versions(make.actor(record.account))[0]
    approve_change(make, record, postal_address=REVISED)

    page = owner.open("/archive")
    assert REVISED in page.text
    assert f'<del><span class="vh">原为：</span>{before}</del>' in page.text
    old = owner.open(f"/archive/versions/{first.revision.uid}")
    assert before in old.text
    assert REVISED not in old.text
    assert "已被后来的版本代替" in old.text
    assert "申请变更" not in old.text
    owner.open(picture_of(first))


def test_versions_are_listed_newest_first(make, record):
    approve_change(make, record, postal_address=REVISED)

    versions = own_record.own_versions(make.actor(record.account))

    assert [version.declaration.kind for version in versions] == [Kind.CHANGE, Kind.FIRST]
    assert own_record.version_before(versions, versions[0]) == versions[1]
    assert own_record.version_before(versions, versions[1]) is None
