"""What happens to a file that arrived piece by piece, and who may do what with it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import func, select

from commands.tick import tick
from forms import PAPERS
from lib.codes import Status
from lib.database import utcnow
from lib.keyring import Tampered
from lib.pictures.images import MAX_BYTES
from lib.sandbox import client as sandbox
from lib.sealed import new_uid
from models import PhoneUpload, Upload, UploadPart, WebSession, db
from services.papers import preparation, resumable_uploads, virus_scan
from services.papers.resumable_uploads import Owner
from tests.support.applicant.filing import pages_of, stored, submit, words
from tests.support.applicant.tus_client import CONTENT, Tus, sender
from tests.support.factory import picture
from tests.support.people import EMPLOYED

DATA = picture(1000, 700)


@pytest.fixture
def declaration(make):
    return make.declaration(**EMPLOYED)


@pytest.fixture
def tus(declaration, browser) -> Tus:
    return Tus(sender(browser.sign_in(declaration.account)), piece=4000)


@pytest.fixture
def theirs(make, another_browser) -> Tus:
    """Another person, with a declaration of their own."""
    return Tus(sender(another_browser.sign_in(make.declaration(**EMPLOYED).account)), piece=4000)


def count(table) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


# --- taking -----------------------------------------------------------------------------------------------------------


def test_a_picture_in_pieces_becomes_a_page_like_any_other(tus, declaration):
    path = tus.upload(DATA, filename="营业执照.jpg")
    assert count(UploadPart) == -(-len(DATA) // 4000)

    outcome = tus.outcome(path)

    (page,) = pages_of(declaration, "employer_licence")
    assert outcome == {"ok": True, "page": page.uid}
    assert (page.width, page.height, page.original_size) == (1000, 700, len(DATA))
    assert count(UploadPart) == 0, "its bytes lie in the store now"


def test_asking_again_gives_the_same_answer_and_no_second_page(tus, declaration):
    path = tus.upload(DATA)
    outcomes = [tus.outcome(path) for _time in range(3)]
    assert outcomes[0] == outcomes[1] == outcomes[2]
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_a_file_that_is_no_picture_is_told_why_and_its_bytes_are_gone(tus, declaration):
    path = tus.upload(b"not a picture" * 100)
    outcome = tus.outcome(path)
    assert outcome["ok"] is False
    assert outcome["problem"].startswith("文件不是 jpg")
    assert "这是文本" in outcome["problem"]
    assert tus.outcome(path) == outcome
    assert (count(UploadPart), pages_of(declaration, "employer_licence")) == (0, [])
    assert resumable_uploads.unfinished(stored(declaration)) == {}


@pytest.mark.parametrize("trouble", [sandbox.SandboxBusy, sandbox.SandboxUnavailable, virus_scan.Unchecked])
def test_trouble_that_is_not_the_pictures_leaves_it_to_be_taken_later(tus, declaration, monkeypatch, trouble):
    path = tus.upload(DATA)
    with monkeypatch.context() as patched:
        patched.setattr(preparation, "prepare", lambda *_any: (_ for _ in ()).throw(trouble("请稍后再试")))
        answer = tus.take(path)
    assert (answer.status, answer.text) == (503, "请稍后再试")
    assert tus.outcome(path)["ok"]
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_a_paper_with_all_its_pages_says_so(tus, declaration):
    for number in range(6):
        tus.outcome(tus.upload(picture(900, 700 + number)))
    outcome = tus.outcome(tus.upload(DATA))
    assert "最多上传 6 张" in outcome["problem"]


def test_the_sheet_that_was_never_printed_is_refused(tus):
    assert "请先打印个人基本信息表" in tus.outcome(tus.upload(DATA, "sheet"))["problem"]


def test_the_photo_is_cut_by_the_frame_that_came_with_it(tus, declaration):
    path = tus.upload(picture(1500, 1500), "photo", crop="0.1,0.2,0.5,0.7")
    assert tus.outcome(path)["ok"]
    (photo,) = pages_of(declaration, "photo")
    assert photo.crop == pytest.approx([0.1, 0.2, 0.5, 0.7])
    assert photo.width * 7 == pytest.approx(photo.height * 5, abs=7)


@pytest.mark.parametrize("crop", ["1,2,3", "0,0,0,1", "nan,0,1,1", "-1,0,1,1", "a,b,c,d", "0,0,inf,1"])
def test_a_frame_outside_the_picture_is_refused(tus, crop):
    assert tus.begin(len(DATA), "photo", crop=crop).status == 400


def test_a_page_is_replaced_in_its_place(tus, declaration):
    for number in range(3):
        tus.outcome(tus.upload(picture(900, 700 + number)))
    middle = pages_of(declaration, "employer_licence")[1]
    tus.outcome(tus.upload(DATA, replaced=middle.uid))
    assert [page.width for page in pages_of(declaration, "employer_licence")] == [900, 1000, 900]


def test_a_half_upload_cannot_be_taken(tus, declaration):
    path = tus.begin(len(DATA)).headers["Location"]
    tus.patch(path, 0, DATA[:-1])
    answer = tus.take(path)
    assert answer.status == 409
    assert "还没有传完" in answer.text
    assert pages_of(declaration, "employer_licence") == []


def test_a_complete_one_that_nobody_took_is_taken_the_next_day(tus, browser, declaration):
    path = tus.upload(DATA, filename="执照.jpg")
    (item,) = resumable_uploads.unfinished(stored(declaration))["employer_licence"]
    assert (item.name, item.percent) == ("执照.jpg", 100)
    with time_machine.travel(utcnow() + timedelta(hours=30)):
        browser.sign_in(declaration.account)
        assert tus.outcome(path)["ok"]


def test_the_same_pieces_in_another_order_of_rows_are_put_together_by_their_place(tus, declaration):
    path = tus.upload(DATA)
    db.session.rollback()
    upload = db.session.scalars(select(Upload)).one()
    assert resumable_uploads.assembled(upload) == DATA
    parts = db.session.scalars(select(UploadPart).order_by(UploadPart.start)).all()
    parts[0].sealed, parts[1].sealed = parts[1].sealed, parts[0].sealed
    with pytest.raises(Tampered):
        resumable_uploads.assembled(upload)
    db.session.rollback()
    assert tus.outcome(path)["ok"]


def test_pieces_that_do_not_fit_change_nothing(declaration):
    upload = resumable_uploads.begin(Owner(declaration), "employer_licence", 10, {})
    assert resumable_uploads.append(upload, 0, b"") == 0
    assert resumable_uploads.append(upload, 0, b"12345") == 5
    with pytest.raises(resumable_uploads.TooLarge):
        resumable_uploads.append(upload, 5, b"123456")
    with pytest.raises(resumable_uploads.Elsewhere, match="5 bytes"):
        resumable_uploads.append(upload, 4, b"1")
    assert (upload.arrived, resumable_uploads.is_complete(upload)) == (5, False)
    db.session.rollback()


def test_a_part_that_is_gone_leaves_no_whole_file(tus):
    tus.upload(DATA)
    upload = db.session.scalars(select(Upload)).one()
    db.session.delete(db.session.get_one(UploadPart, (upload.id, 4000)))
    with pytest.raises(resumable_uploads.Elsewhere, match="4000 bytes"):
        resumable_uploads.assembled(upload)
    db.session.rollback()


# --- whose it is ------------------------------------------------------------------------------------------------------


def test_somebody_elses_upload_does_not_exist(tus, theirs, declaration):
    path = tus.begin(len(DATA)).headers["Location"]
    asked = [
        theirs.ask("HEAD", path),
        theirs.patch(path, 0, DATA),
        theirs.ask("DELETE", path),
        theirs.take(path),
    ]
    assert [answer.status for answer in asked] == [404] * 4
    assert tus.ask("HEAD", path).headers["Upload-Offset"] == "0"


def test_a_phone_uploads_upload_is_only_its_own(declaration, tus):
    session = db.session.scalars(select(WebSession)).one()
    handed = [
        PhoneUpload(token_hash=bytes([number]) * 32, session_id=session.id, declaration_id=declaration.id, kind=kind)
        for number, kind in enumerate(("employer_licence", "work_proof"))
    ]
    for phone_upload in handed:
        phone_upload.expires_at = utcnow() + timedelta(minutes=5)
    db.session.add_all(handed)
    db.session.flush()
    mine, other = (Owner(declaration, phone_upload) for phone_upload in handed)
    upload = resumable_uploads.begin(mine, "employer_licence", 10, {"mark": "m"})
    assert resumable_uploads.find(mine, upload.uid) is upload
    for owner in (other, Owner(declaration)):
        with pytest.raises(resumable_uploads.Unknown):
            resumable_uploads.find(owner, upload.uid)
    with pytest.raises(resumable_uploads.NotAsked):
        resumable_uploads.begin(mine, "work_proof", 10, {})
    assert resumable_uploads.begin(Owner(declaration), "employer_licence", 10, {"mark": "m"}).uid != upload.uid
    assert upload.uid not in [
        item.uid for items in resumable_uploads.unfinished(declaration).values() for item in items
    ]
    db.session.commit()


@pytest.mark.parametrize("kind", ["", "nothing", "passport", "card_back", "../sheet", "employer_licence "])
def test_a_paper_that_is_not_asked_for_is_refused(tus, kind):
    assert tus.begin(len(DATA), kind).status == 403
    assert count(Upload) == 0


def test_a_paper_that_is_not_asked_for_any_more_is_not_taken(tus, declaration):
    path = tus.upload(DATA)
    stored(declaration).has_employer = "no"
    db.session.commit()
    assert tus.take(path).status == 403
    assert pages_of(declaration, "employer_licence") == []


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW, Status.APPROVED])
def test_nothing_arrives_for_what_is_submitted(make, browser, status):
    declaration = make.declaration(status, **EMPLOYED)
    tus = Tus(sender(browser.sign_in(declaration.account)))
    assert tus.begin(len(DATA)).status == 403
    assert count(Upload) == 0


def test_an_upload_that_began_before_the_submission_stops(make, browser):
    declaration = make.declaration(Status.SUBMITTED, **EMPLOYED)
    upload = resumable_uploads.begin(Owner(declaration), "employer_licence", len(DATA), {})
    db.session.commit()
    tus = Tus(sender(browser.sign_in(declaration.account)))
    path = f"/apply/uploads/{upload.uid}"
    assert [tus.patch(path, 0, DATA).status, tus.take(path).status, tus.ask("HEAD", path).status] == [403] * 3


def test_nobody_submits_with_half_an_upload(make, browser):
    declaration = make.declaration(**EMPLOYED)
    make.papers(declaration)
    tus = Tus(sender(browser.sign_in(declaration.account)))
    path = tus.begin(len(DATA)).headers["Location"]
    shown = words(browser.send("/apply/submit", {"agree": "yes"}, expect=422).text)
    assert "有 1 张图片没有传完，请接着传完，或点【放弃】" in shown
    tus.ask("DELETE", path)
    submit(browser)


def test_without_a_session_a_script_is_told_401(app, another_browser):
    tus = Tus(sender(another_browser))
    assert [tus.begin(10).status, tus.ask("HEAD", "/apply/uploads/x").status] == [401, 401]


# --- quotas -----------------------------------------------------------------------------------------------------------


def test_unfinished_uploads_of_a_declaration_are_bounded(tus, declaration):
    for _number in range(resumable_uploads.MOST_OPEN):
        path = tus.begin(10).headers["Location"]
    answer = tus.begin(10)
    assert answer.status == 429
    assert "没有传完的图片太多" in answer.text
    tus.ask("DELETE", path)
    assert tus.begin(10).status == 201


def test_half_uploads_of_a_paper_that_is_not_asked_for_any_more_make_room(tus, declaration):
    for _number in range(resumable_uploads.MOST_OPEN):
        assert tus.begin(100).status == 201
    declaration.has_employer = "no"
    db.session.commit()
    assert tus.begin(100, kind="id_portrait").status == 201


def test_their_bytes_are_bounded_as_announced(tus):
    for _number in range(4):
        assert tus.begin(MAX_BYTES).status == 201
    assert tus.begin(1).status == 429


def test_taken_ones_do_not_count(tus):
    for number in range(resumable_uploads.MOST_OPEN + 2):
        assert tus.outcome(tus.upload(b"text %d" % number))["ok"] is False


# --- at the same moment -----------------------------------------------------------------------------------------------


def test_of_sixty_pieces_at_the_same_offset_one_is_taken(app, browser, declaration, tus):
    path = tus.begin(len(DATA)).headers["Location"]
    cookie = browser.client.get_cookie("kuaiji").value

    def write(number: int) -> int:
        client = app.test_client()
        client.set_cookie("kuaiji", cookie)
        headers = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": CONTENT}
        return client.patch(path, headers=headers, data=bytes([number]) * 1000).status_code

    with ThreadPoolExecutor(12) as pool:
        found = sorted(pool.map(write, range(60)))

    assert found == [204] + [409] * 59
    assert tus.ask("HEAD", path).headers["Upload-Offset"] == "1000"
    assert count(UploadPart) == 1


def test_of_ten_takings_at_once_there_is_one_page(app, browser, declaration, tus):
    path = tus.upload(DATA)
    cookie = browser.client.get_cookie("kuaiji").value

    def take(_number: int) -> str:
        client = app.test_client()
        client.set_cookie("kuaiji", cookie)
        return client.post(f"{path}/take", headers={"Tus-Resumable": "1.0.0"}).get_data(as_text=True)

    with ThreadPoolExecutor(5) as pool:
        said = set(pool.map(take, range(10)))

    (page,) = pages_of(declaration, "employer_licence")
    assert [json.loads(text) for text in said] == [{"ok": True, "page": page.uid}]


# --- the sweep, and pages without scripts -----------------------------------------------------------------------------


def test_the_minutes_work_sweeps_what_nobody_went_on_with(tus, declaration):
    tus.begin(10)
    with time_machine.travel(utcnow() + timedelta(days=3)):
        done, failed = tick()
    assert (done["放弃的上传"], failed) == (1, {})
    assert count(Upload) == 0


def test_giving_up_without_scripts(tus, browser, another_browser, theirs):
    path = tus.begin(10).headers["Location"]
    another_browser.send(f"{path}/drop", expect=404)
    assert browser.send(f"{path}/drop").location == "/apply/papers#paper-employer_licence"
    assert count(Upload) == 0
    browser.send(f"/apply/uploads/{new_uid()}/drop", expect=404)


def test_every_paper_that_is_asked_for_can_be_uploaded_so(tus, make, declaration):
    make.papers(declaration)
    facts_asked = [paper for paper in PAPERS if asked(declaration, paper)]
    for paper in facts_asked:
        assert tus.outcome(tus.upload(picture(1200, 900), paper.kind))["ok"], paper.kind
    assert len(facts_asked) > 4


def asked(declaration, paper) -> bool:
    try:
        return bool(Owner(stored(declaration)).paper(paper.kind))
    except resumable_uploads.NotAsked:
        return False
