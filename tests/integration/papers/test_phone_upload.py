"""用手机拍照: a phone uploads one paper. What the token opens, for how long, to whom; and what it never shows."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from lib.codes import Role, Status
from lib.database import utcnow
from models import Attempt, Declaration, Event, PhoneUpload, WebSession, db
from services import workflow
from services.access import Actor
from services.accounts import sessions
from services.papers import phone_upload, resumable_uploads
from tests.conftest import Browser
from tests.support.applicant.filing import file, pages_of, words
from tests.support.applicant.tus_client import Tus, sender
from tests.support.factory import picture
from tests.support.people import EMPLOYED, PASSWORD

LICENCE = "/apply/papers/employer_licence/hand-over"
DEAD = "这个二维码已失效，请在电脑上重新打开"


def handed(browser, tokens, url=LICENCE) -> str:
    """Open the QR code on the computer; returns the phone's address."""
    browser.send(url, expect=200)
    return f"/hand-over/{tokens[-1]}"


def row() -> PhoneUpload:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(PhoneUpload).order_by(PhoneUpload.id.desc())).first()  # type: ignore[return-value]


def is_dead(phone, address, text: str = "") -> bool:
    """Every address that opens nothing gives the very same page."""
    page = phone.open(address, expect=404)
    return DEAD in words(page.text) and (not text or page.text == text)


def test_a_picture_goes_from_the_phone_to_its_paper_without_signing_in(declaration, browser, phone, tokens):
    address = handed(browser, tokens)
    uid = row().uid
    assert browser.open(f"/apply/hand-over/{uid}").response.json == {"state": "waiting"}
    shown = words(phone.open(address).text)
    assert "统一社会信用代码证书(营业执照、事业单位法人证书等)" in shown

    sent = words(phone.send(address, {"file": file()}, expect=200).text)

    assert "已上传" in sent
    assert len(pages_of(declaration, "employer_licence")) == 1
    assert browser.open(f"/apply/hand-over/{uid}").response.json == {"state": "done"}
    assert "统一社会信用代码证书(营业执照、事业单位法人证书等) 已上传" in words(browser.open("/apply/papers").text)
    taken = db.session.scalars(select(Event).where(Event.verb == "phone_upload")).one()
    assert (taken.account_id, taken.declaration_id) == (declaration.account_id, declaration.id)
    assert "由手机拍照上传" in taken.detail


def test_the_code_on_the_computer_leads_to_the_phones_page_and_is_kept_as_a_hash_only(declaration, browser, tokens):
    shown = browser.send(LICENCE, expect=200)
    assert 'src="data:image/svg+xml' in shown.text
    assert tokens[0] not in shown.text
    assert len(row().token_hash) == 32
    assert tokens[0].encode() not in row().token_hash
    assert row().expires_at - row().created_at == timedelta(minutes=5)


def test_the_phones_pages_hold_nothing_of_the_person(make, app, tokens):
    declaration = make.declaration(**EMPLOYED)
    computer, phone = Browser(app).sign_in(declaration.account), Browser(app)
    account = declaration.account
    address = handed(computer, tokens)
    known = [account.name, account.id_number, account.phone, declaration.number, declaration.uid, "财政局", "单位名称"]
    known += [
        value for value in (declaration.employer_name, declaration.employer_code, declaration.postal_address) if value
    ]
    seen = [phone.open(address), phone.send(address, {"file": file(b"text")}, expect=422)]
    seen += [phone.send(address, {"file": file()}, expect=200), phone.open(address, expect=404)]
    for page in seen:
        for value in known:
            assert value not in page.text, value
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"


def test_a_phone_that_is_signed_in_as_somebody_does_not_show_who(make, declaration, browser, phone, tokens):
    phone.sign_in(make.account("欧阳明月"))
    assert "欧阳明月" not in phone.open(handed(browser, tokens)).text


def test_one_picture_and_no_second_one(declaration, browser, phone, tokens):
    address = handed(browser, tokens)
    phone.send(address, {"file": file()}, expect=200)
    assert is_dead(phone, address)
    phone.send(address, {"file": file()}, expect=404)
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_a_refused_picture_costs_nothing_and_says_why(declaration, browser, phone, tokens):
    address = handed(browser, tokens)
    assert "不是 jpg" in words(phone.send(address, {"file": file(b"text")}, expect=422).text)
    assert "请先拍照" in words(phone.send(address, expect=422).text)
    phone.send(address, {"file": file()}, expect=200)
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_advice_is_shown_on_the_phone_at_once(declaration, browser, phone, tokens):
    shown = words(phone.send(handed(browser, tokens), {"file": file(picture(500, 400))}, expect=200).text)
    assert "只有 500×400 像素" in shown


def test_two_phones_scan_the_code_and_the_first_that_sends_has_it(app, declaration, browser, tokens):
    first, second, address = Browser(app), Browser(app), handed(browser, tokens)
    first.open(address)
    second.open(address)
    first.send(address, {"file": file(b"text")}, expect=422)
    assert is_dead(second, address)
    second.send(address, {"file": file()}, expect=404)
    first.send(address, {"file": file()}, expect=200)
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_a_program_that_only_asks_whether_the_page_is_there_does_not_take_the_code(app, declaration, browser, tokens):
    """Chat programs ask with HEAD about an address before they show it."""
    address = handed(browser, tokens)
    assert Browser(app).client.head(address).status_code == 200
    assert row().device_hash is None
    Browser(app).send(address, {"file": file()}, expect=200)
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_a_new_code_for_the_paper_ends_the_earlier_one_and_others_live_on(declaration, browser, phone, tokens):
    earlier = handed(browser, tokens)
    other = handed(browser, tokens, "/apply/papers/id_portrait/hand-over")
    later = handed(browser, tokens)
    assert is_dead(phone, earlier)
    phone.open(other)
    phone.open(later)


def end_by_time(browser, _declaration):
    row().expires_at = utcnow() - timedelta(seconds=1)
    db.session.commit()


def end_by_cancel(browser, _declaration):
    assert browser.send(f"/apply/hand-over/{row().uid}/cancel").location == "/apply/papers#paper-employer_licence"


def end_by_sign_out(browser, _declaration):
    browser.send("/logout")


def end_by_idleness(browser, _declaration):
    db.session.scalars(select(WebSession)).one().seen_at = utcnow() - sessions.APPLICANT_IDLE
    db.session.commit()


def end_by_age(browser, _declaration):
    db.session.scalars(select(WebSession)).one().expires_at = utcnow()
    db.session.commit()


def end_by_password(browser, declaration):
    new = "Ein-neues-Kennwort-2026"
    browser.send("/account", {"current": PASSWORD, "password": new, "confirm": new})


def end_by_other_devices(browser, declaration):
    browser.send("/account/devices")


def end_by_submitting(browser, declaration):
    workflow.submit(declaration, _actor(declaration), commitment="1", review_days=10)
    db.session.commit()


def end_by_answers(browser, declaration):
    declaration.has_employer = "no"
    db.session.commit()


def _actor(declaration: Declaration) -> Actor:
    return Actor(Role.APPLICANT, declaration.account_id, declaration.account.name, 0, "")


ENDS = [end_by_time, end_by_cancel, end_by_sign_out, end_by_idleness, end_by_age, end_by_password]
ENDS += [end_by_other_devices, end_by_submitting, end_by_answers]


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_a_code_that_has_ended_gives_the_same_page_as_one_that_never_was(
    make, declaration, browser, phone, tokens, end
):
    if end is end_by_submitting:
        make.papers(declaration)
    address = handed(browser, tokens)
    phone.open(address)
    before = len(pages_of(declaration, "employer_licence"))
    end(browser, declaration)
    unknown = phone.open("/hand-over/" + "A" * 43, expect=404).text
    assert is_dead(phone, address, unknown)
    assert phone.send(address, {"file": file()}, expect=404).text == unknown
    assert len(pages_of(declaration, "employer_licence")) == before


@pytest.mark.parametrize("token", ["x", "%00", "..%2f..%2fetc", "a/b/c", "%F0%9F%98%80", "A" * 4000, "'; drop table--"])
def test_a_garbled_token_gives_that_page_too(phone, declaration, token):
    assert is_dead(phone, f"/hand-over/{token}", phone.open("/hand-over/" + "A" * 43, expect=404).text)


def test_a_code_is_only_for_papers_that_are_asked_for_and_for_who_may_change_them(make, declaration, browser, app):
    browser.send("/apply/papers/student_card/hand-over", expect=404)
    browser.send("/apply/papers/nothing/hand-over", expect=404)
    submitted = Browser(app).sign_in(make.declaration(Status.SUBMITTED).account)
    assert submitted.send("/apply/papers/id_portrait/hand-over").location == "/apply/status"


def test_nobody_else_sees_or_cancels_a_phone_upload_not_even_another_session_of_the_same_person(
    make, app, declaration, browser, tokens
):
    handed(browser, tokens)
    uid = row().uid
    for person in (make.declaration().account, declaration.account):
        other = Browser(app).sign_in(person)
        other.open(f"/apply/hand-over/{uid}", expect=404)
        other.send(f"/apply/hand-over/{uid}/cancel", expect=404)
    assert phone_upload.state(row()) == "waiting"


def test_who_guesses_locks_out_nobody_behind_the_same_address_and_writes_nothing(declaration, browser, phone, tokens):
    address = handed(browser, tokens)
    for guess in range(70):
        phone.open(f"/hand-over/guess{guess}", expect=404)
    assert phone.open(address).status == 200
    assert db.session.scalars(select(Attempt).where(Attempt.kind != "sign_in")).all() == []


def test_the_photo_is_handed_over_too_and_becomes_a_one_inch_photo(declaration, browser, phone, tokens):
    address = handed(browser, tokens, "/apply/papers/photo/hand-over")
    phone.send(address, {"file": file(picture())}, expect=200)
    (photo,) = pages_of(declaration, "photo")
    assert photo.width / photo.height == pytest.approx(5 / 7, abs=0.01)


def test_the_signed_sheet_needs_a_printed_one_also_from_a_phone(declaration, browser, phone, tokens):
    address = handed(browser, tokens, "/apply/papers/sheet/hand-over")
    assert "请先打印个人基本信息表" in words(phone.send(address, {"file": file()}, expect=422).text)


# --- piece by piece --------------------------------------------------------------------------------------------------


def test_a_phone_sends_piece_by_piece_and_is_told_what_to_improve_but_not_where_the_picture_is(
    declaration, browser, phone, tokens
):
    address = handed(browser, tokens)
    tus = Tus(sender(phone), f"{address}/uploads", piece=4000)
    path = tus.upload(picture(500, 400))
    assert phone_upload.state(row()) == "sending"

    outcome = tus.outcome(path)

    assert outcome["ok"]
    assert "只有 500×400 像素" in outcome["notes"][0]
    (page,) = pages_of(declaration, "employer_licence")
    assert page.uid not in str(outcome)
    assert phone_upload.state(row()) == "done"
    assert tus.outcome(path) == outcome, "an answer that was lost is given again"
    assert tus.begin(100).status == 404
    assert is_dead(phone, address)


def test_a_phone_cannot_send_for_another_paper(declaration, browser, phone, tokens):
    tus = Tus(sender(phone), f"{handed(browser, tokens)}/uploads")
    assert tus.begin(100, kind="id_portrait").status == 403
    assert tus.begin(100, kind="photo").status == 403
    assert tus.begin(100).status == 201


@pytest.mark.parametrize("ended", [{"expires_at": utcnow}, {"used_at": utcnow}], ids=["cancelled", "used"])
def test_a_code_that_ends_while_a_phone_begins_to_send_stays_ended(declaration, browser, tokens, ended):
    """On PostgreSQL it can end between the look at it and the writing."""
    handed(browser, tokens)
    found = row()
    values = {name: value() for name, value in ended.items()}
    db.session.execute(update(PhoneUpload).values(**values).execution_options(synchronize_session=False))
    assert not phone_upload.bind_device(found, b"d" * 32)
    db.session.commit()
    assert phone_upload.state(row()) in ("over", "done")


def test_what_a_phone_left_behind_does_not_keep_the_computer_from_uploading(declaration, browser, phone, tokens):
    address = handed(browser, tokens)
    left, own = Tus(sender(phone), f"{address}/uploads"), Tus(sender(browser))
    for _ in range(resumable_uploads.MOST_OPEN):
        assert left.begin(100).status == 201
    assert own.begin(100).status == 429, "the phone may still go on"
    browser.send(f"/apply/hand-over/{row().uid}/cancel")
    assert own.begin(100).status == 201


def test_another_device_can_neither_go_on_nor_take(app, declaration, browser, phone, tokens):
    data = picture(1000, 700)
    address = handed(browser, tokens)
    tus = Tus(sender(phone), f"{address}/uploads")
    path = tus.begin(len(data)).headers["Location"]
    other = Tus(sender(Browser(app)), f"{address}/uploads")
    assert other.ask("HEAD", path).status == 404
    assert other.patch(path, 0, data).status == 404
    assert other.take(path).status == 404
    assert other.begin(100).status == 404
    tus.go_on(path, data)
    assert tus.outcome(path)["ok"]


def test_signing_out_stops_what_is_on_its_way(declaration, browser, phone, tokens):
    data = picture(1000, 700)
    tus = Tus(sender(phone), f"{handed(browser, tokens)}/uploads")
    path = tus.begin(len(data)).headers["Location"]
    tus.patch(path, 0, data[:4000])
    browser.send("/logout")
    assert tus.patch(path, 4000, data[4000:]).status == 404
    assert tus.take(path).status == 404
    assert pages_of(declaration, "employer_licence") == []


def test_of_two_files_of_one_phone_one_is_taken(declaration, browser, phone, tokens):
    tus = Tus(sender(phone), f"{handed(browser, tokens)}/uploads")
    first, second = (tus.upload(picture(1000, 700 + more)) for more in (0, 1))
    assert tus.outcome(first)["ok"]
    assert tus.take(second).status == 404
    assert [page.height for page in pages_of(declaration, "employer_licence")] == [700]


def test_the_old_phone_uploads_are_swept(declaration, browser, tokens):
    handed(browser, tokens)
    row().expires_at = utcnow() - timedelta(days=2)
    db.session.commit()
    assert phone_upload.forget_old() == 1
    db.session.commit()
    assert row() is None


def test_the_page_without_scripts_has_a_form_a_way_back_and_no_address_in_clear(declaration, browser, tokens):
    shown = browser.send(LICENCE, expect=200)
    assert re.search(r'href="/apply/papers#paper-employer_licence"[^>]*>刷新', shown.text)
    assert "换一个二维码" in words(shown.text)
    part = browser.send(LICENCE, {"part": "yes"}, expect=200)
    assert "<html" not in part.text
