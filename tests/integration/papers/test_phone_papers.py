"""One QR code for all papers of the declaration: the phone is its camera for twenty minutes; and papers sorted by what
they are."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, update

from blueprints.wizard import sorting
from forms import SHEET
from lib.codes import Role
from lib.database import utcnow
from models import Event, PaperPage, db
from services.papers import phone_upload
from services.site import hints
from tests.conftest import Browser
from tests.integration.papers.test_phone_upload import (
    end_by_cancel,
    end_by_sign_out,
    end_by_submitting,
    end_by_time,
    is_dead,
    row,
)
from tests.support.applicant import photographed
from tests.support.applicant.filing import add_photo, file, pages_of, words
from tests.support.applicant.tus_client import Tus, sender
from tests.support.factory import picture

ENDS = [end_by_time, end_by_cancel, end_by_sign_out, end_by_submitting]
ALL = "/apply/papers/all/hand-over"
SIGN = (150.0, 259.0)


@pytest.fixture
def address(declaration, browser, tokens) -> str:
    """What the QR code on the computer leads to."""
    assert "用手机拍照：全部附件" in words(browser.send(ALL, expect=200).text)
    return f"/hand-over/{tokens[-1]}"


def signed(pdf: bytes) -> bytes:
    """A picture of the printed sheet after it was signed."""
    return photographed.photograph(photographed.sign(photographed.paper(pdf), Random(1), SIGN), 1)


def printed_and_signed(browser, declaration) -> bytes:
    add_photo(declaration)
    return signed(browser.follow(browser.send("/apply/check/print")).data)


def test_one_code_brings_several_papers_and_the_computer_sees_each(declaration, browser, phone, address):
    uid = row().uid
    assert row().expires_at - row().created_at == timedelta(minutes=20)
    shown = words(phone.open(address).text)
    assert "居民身份证(人像面) 未上传" in shown
    assert "已上传 0 项" in shown
    assert "请先在电脑上打印个人基本信息表" in shown
    assert browser.open(f"/apply/hand-over/{uid}").response.json == {"state": "waiting", "pictures": {}}

    for kind in ("id_portrait", "employer_licence", "employer_licence"):
        sent = words(phone.send(address, {"kind": kind, "file": file()}, expect=200).text)
        assert "已上传：" in sent
    assert "共 2 张" in sent
    tus = Tus(sender(phone), f"{address}/uploads")
    assert tus.outcome(tus.upload(picture(), "photo"))["ok"]

    state = browser.open(f"/apply/hand-over/{uid}").response.json
    assert state["state"] == "sending"
    assert {kind: len(uids) for kind, uids in state["pictures"].items()} == {
        "id_portrait": 1,
        "employer_licence": 2,
        "photo": 1,
    }
    details = db.session.scalars(select(Event.detail).where(Event.verb == "phone_upload")).all()
    assert sorted(details) == sorted(
        f"{kind} 由手机拍照上传" for kind in ("id_portrait", "employer_licence", "employer_licence", "photo")
    )
    assert "身份证(人像面) 已上传" in words(phone.open(f"{address}?row=id_portrait").text)
    assert "已结束" in words(phone.send(address, {"action": "finish"}, expect=200).text)
    assert browser.open(f"/apply/hand-over/{uid}").response.json["state"] == "done"
    assert is_dead(phone, address)


def test_it_shows_no_picture_and_nothing_of_the_person_and_takes_only_what_is_asked_for(
    declaration, browser, phone, address
):
    seen = [phone.open(address), phone.send(address, {"kind": "id_portrait", "file": file(b"text")}, expect=422)]
    assert "不是 jpg" in words(seen[-1].text)
    seen.append(phone.send(address, {"kind": "id_portrait", "file": file()}, expect=200))
    known = [declaration.account.name, declaration.account.id_number, declaration.account.phone, declaration.number]
    known += [declaration.employer_name, declaration.employer_code, "财政局", "/apply/pages", "<img"]
    for page in seen:
        assert [value for value in known if value in page.text] == []
    for kind in ("student_card", "nothing", ""):
        phone.send(address, {"kind": kind, "file": file()}, expect=404)
    assert Tus(sender(phone), f"{address}/uploads").begin(100, "student_card").status == 403
    phone.open(f"{address}?row=student_card", expect=404)


def test_the_phone_shows_what_the_office_says_at_each_paper(make, declaration, browser, phone, address, tokens):
    office = make.actor(make.staff(Role.MANAGER, "210102"))
    hints.publish(office, "id_emblem", "有效期限要看得清", None)
    db.session.commit()
    cards = phone.open(address).text.split('<section class="up')
    assert [card for card in cards if "有效期限要看得清" in card] == [
        card for card in cards if 'id="paper-id_emblem"' in card
    ]
    browser.send("/apply/papers/id_emblem/hand-over", expect=200)
    assert "有效期限要看得清" in phone.open(f"/hand-over/{tokens[-1]}").text


def test_the_first_phone_that_sends_keeps_it_to_the_end(app, declaration, browser, phone, address):
    other = Browser(app)
    other.open(address)
    phone.send(address, {"kind": "id_portrait", "file": file()}, expect=200)
    assert is_dead(other, address)
    other.send(address, {"kind": "id_emblem", "file": file()}, expect=404)
    other.send(address, {"action": "finish"}, expect=404)
    phone.send(address, {"kind": "id_emblem", "file": file()}, expect=200)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_it_ends_as_the_code_of_one_paper_does(make, declaration, browser, phone, address, end):
    if end.__name__ == "end_by_cancel":
        assert browser.send(f"/apply/hand-over/{row().uid}/cancel").location == "/apply/papers"
    else:
        if end.__name__ == "end_by_submitting":
            make.papers(declaration)
        end(browser, declaration)
    assert is_dead(phone, address, phone.open("/hand-over/" + "A" * 43, expect=404).text)
    phone.send(address, {"kind": "id_portrait", "file": file()}, expect=404)


def test_a_picture_that_is_on_its_way_when_the_time_is_over_has_ten_minutes_more(declaration, browser, phone, address):
    row().expires_at = utcnow() + timedelta(seconds=30)
    db.session.commit()
    assert Tus(sender(phone), f"{address}/uploads").begin(100, "id_portrait").status == 201
    assert timedelta(minutes=9) < row().expires_at - utcnow() <= phone_upload.SENDING


# --- papers that come together are sorted by what they are -----------------------------------------------------------


def test_the_printed_sheet_is_known_by_its_code_and_the_others_keep_their_order(declaration, browser):
    sheet = printed_and_signed(browser, declaration)
    files = [file(picture(1000, 701), "IMG_1.jpg"), file(sheet, "IMG_2.jpg"), file(picture(1000, 702), "IMG_3.jpg")]
    browser.send("/apply/papers", {"file": files})
    assert pages_of(declaration, SHEET)[0].reading["read"]  # type: ignore[index]
    assert [pages_of(declaration, kind)[0].height for kind in ("id_portrait", "id_emblem")] == [701, 702]


def test_why_many_files_were_refused_fits_into_a_cookie(declaration, browser):
    chance = Random(3)
    names = ["".join(chr(chance.randrange(0x4E00, 0x9FA5)) for _letter in range(80)) for _file in range(20)]
    sent = browser.send("/apply/papers", {"file": [file(b"no picture", f"{name}.jpg") for name in names]})
    assert all(len(cookie) < 2500 for cookie in sent.headers.getlist("Set-Cookie"))
    shown = words(browser.follow(sent).text)
    assert f"{names[5][:40]}…：" in shown
    assert names[6][:40] not in shown
    assert "另有 14 张也没有存入" in shown


def test_a_script_asks_which_picture_is_the_sheet_before_it_says_where_each_goes(declaration, browser):
    asked = "/apply/papers/places?name=a.jpg&name=毕业证.jpg&name=b.jpg"
    assert browser.open(asked).response.json == {
        "kinds": ["sheet", "full_time_diploma", "id_portrait"],
        "sure": [False, True, False],
        "look": True,
    }
    assert browser.open(f"{asked}&sheet=2").response.json["kinds"] == ["id_portrait", "full_time_diploma", "sheet"]

    sheet, tus = printed_and_signed(browser, declaration), Tus(sender(browser))
    (first, other) = (tus.upload(data, "id_portrait") for data in (sheet, picture(1000, 700)))
    assert [tus.ask("POST", f"{path}/look").text for path in (first, other)] == [
        '{"sheet":true}\n',
        '{"sheet":false}\n',
    ]
    taken = tus.ask("POST", f"{first}/take", b"kind=sheet", Content_Type="application/x-www-form-urlencoded")
    assert '"ok":true' in taken.text
    assert pages_of(declaration, SHEET)[0].reading["ink"] == "found"  # type: ignore[index]
    refused = tus.ask("POST", f"{other}/take", b"kind=student_card", Content_Type="application/x-www-form-urlencoded")
    assert refused.status == 403
    assert pages_of(declaration, "id_portrait") == []


def test_a_picture_that_was_moved_meanwhile_does_not_become_the_sheet_unread(make, browser, monkeypatch):
    declaration, write = make.declaration(), sorting._write
    make.papers(declaration)
    browser.sign_in(declaration.account)
    (page,) = pages_of(declaration, SHEET)

    def after_another_request(uid, kind, prepared) -> None:
        db.session.execute(update(PaperPage).where(PaperPage.uid == uid).values(kind="id_emblem", sheet_id=None))
        write(uid, kind, prepared)

    monkeypatch.setattr(sorting, "_write", after_another_request)
    assert browser.send(f"/apply/pages/{page.uid}/to", {"kind": SHEET}, expect=409).status == 409
