"""Pages of a paper: their order, the document cropped and straightened, advice next to each."""

from __future__ import annotations

import json

import pytest

from lib.codes import Status
from models import db
from services import checks, workflow
from services.papers import picture_advice
from tests.support.applicant.filing import pages_of, upload, words
from tests.support.applicant.image_samples import colours, decoded
from tests.support.applicant.paper_photos import taken
from tests.support.factory import picture

KIND = "employer_licence"


def heights(declaration) -> list[int]:
    return [page.height for page in pages_of(declaration, KIND)]


def move(browser, declaration, which: int, expect: int = 302, **where: int):
    page = pages_of(declaration, KIND)[which]
    return browser.send(f"/apply/pages/{page.uid}/move", where, expect=expect)


def test_pages_are_moved_earlier_later_and_to_a_place(declaration, browser):
    upload(browser, *(picture(1000, 700 + step) for step in range(4)))
    assert move(browser, declaration, 3, by=-1).location == f"/apply/papers#paper-{KIND}"
    assert heights(declaration) == [700, 701, 703, 702]
    move(browser, declaration, 0, by=1)
    assert heights(declaration) == [701, 700, 703, 702]
    move(browser, declaration, 3, to=0)
    assert heights(declaration) == [702, 701, 700, 703]
    move(browser, declaration, 0, by=-1)
    move(browser, declaration, 3, by=1)
    move(browser, declaration, 1, to=99)
    assert heights(declaration) == [702, 700, 703, 701]
    move(browser, declaration, 0, expect=400)
    upload(browser, picture(1000, 704))
    assert heights(declaration) == [702, 700, 703, 701, 704]


def test_the_order_is_what_is_submitted(make, declaration, browser):
    upload(browser, picture(1000, 700), picture(1000, 701))
    move(browser, declaration, 1, to=0)
    make.papers(declaration)
    revision = workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    assert [page["height"] for page in revision.papers[KIND]] == [701, 700]


def test_somebody_elses_pages_are_neither_moved_nor_cut(make, declaration, browser, another_browser):
    upload(browser, picture(1000, 700), picture(1000, 701))
    uid = pages_of(declaration, KIND)[1].uid
    another_browser.sign_in(make.declaration().account)
    another_browser.send(f"/apply/pages/{uid}/move", {"to": 0}, expect=404)
    another_browser.open(f"/apply/pages/{uid}/crop", expect=404)
    another_browser.open(f"/apply/pages/{uid}/source.jpg", expect=404)
    another_browser.send(f"/apply/pages/{uid}/crop", {"how": "whole"}, expect=404)
    assert heights(declaration) == [700, 701]


@pytest.mark.parametrize("status", [Status.SUBMITTED, Status.IN_REVIEW])
def test_nothing_is_moved_or_cut_while_the_office_has_the_file(make, browser, status):
    declaration = make.declaration(status)
    browser.sign_in(declaration.account)
    uid = pages_of(declaration, "id_portrait")[0].uid
    assert browser.send(f"/apply/pages/{uid}/move", {"to": 0}).location == "/apply/status"
    assert browser.send(f"/apply/pages/{uid}/crop", {"how": "whole"}).location == "/apply/status"


# --- the document cut out -------------------------------------------------------------------------------------------


def crop(browser, declaration, expect: int = 302, **sent):
    return browser.send(f"/apply/pages/{pages_of(declaration, KIND)[0].uid}/crop", sent, expect=expect)


def test_the_corners_that_were_found_cut_and_straighten_and_the_whole_comes_back(declaration, browser):
    photo = taken(2)
    upload(browser, photo.jpeg())
    (page,) = pages_of(declaration, KIND)
    uncut, (width, height) = page.address, (page.width, page.height)
    proposed = (page.measures or {})["document"]["corners"]
    assert proposed == pytest.approx(photo.corners, abs=0.02)
    assert ",".join(map(str, proposed)) in browser.open(f"/apply/pages/{page.uid}/crop").text
    assert browser.client.head(f"/apply/pages/{page.uid}/crop").status_code == 200

    back = crop(browser, declaration, how="corners", corners=",".join(map(str, proposed)))
    assert back.location == f"/apply/papers#paper-{KIND}"

    (page,) = pages_of(declaration, KIND)
    assert page.source_address == uncut != page.address
    assert page.crop == pytest.approx(proposed)
    assert page.width * page.height < width * height
    assert browser.open(f"/apply/pages/{page.uid}/source.jpg").data != browser.open(f"/apply/pages/{page.uid}.jpg").data

    crop(browser, declaration, how="whole")
    (page,) = pages_of(declaration, KIND)
    assert (page.address, page.source_address, page.crop) == (uncut, None, None)
    assert (page.width, page.height) == (width, height)


def test_a_cut_page_that_is_turned_is_cut_anew_from_its_turned_source(declaration, browser):
    from tests.support.applicant.image_samples import corner_card, encoded

    upload(browser, encoded(corner_card(800, 600), quality=95))
    crop(browser, declaration, how="margins", top="50", right="0", bottom="0", left="0")
    (page,) = pages_of(declaration, KIND)
    assert (page.width, page.height) == (800, 300)
    browser.send(f"/apply/pages/{page.uid}/rotate")
    (page,) = pages_of(declaration, KIND)
    assert (page.width, page.height) == (300, 800)
    assert page.crop == pytest.approx([0, 0, 0.5, 0, 0.5, 1, 0, 1])
    assert colours(browser.open(f"/apply/pages/{page.uid}/source.jpg").data) == "BRWG"
    crop(browser, declaration, how="whole")
    assert decoded(browser.open(f"/apply/pages/{page.uid}.jpg").data).size == (600, 800)


BAD = [
    ({"corners": ""}, "要填数字"),
    ({"corners": "0,0,1,0,1,1"}, "四个角的位置不对"),
    ({"corners": "nan,0,1,0,1,1,0,1"}, "四个角的位置不对"),
    ({"corners": "0,0,1,1,1,0,0,1"}, "四个角的位置不对"),
    ({"corners": "1,0,0,0,0,1,1,1"}, "四个角的位置不对"),
    ({"corners": "0,0,9,0,9,9,0,9"}, "四个角的位置不对"),
    ({"corners": "0,0,.1,0,.1,.2,0,.2"}, "太小"),
    ({"how": "margins", "left": "x"}, "要填数字"),
    ({"how": "margins", "left": "60", "right": "60"}, "四个角的位置不对"),
]


@pytest.mark.parametrize(("sent", "said"), BAD)
def test_corners_of_nothing_are_refused_in_words_and_nothing_changes(declaration, browser, sent, said):
    upload(browser, picture(1000, 700))
    before = pages_of(declaration, KIND)[0].address
    assert said in words(crop(browser, declaration, expect=422, **({"how": "corners"} | sent)).text)
    assert pages_of(declaration, KIND)[0].address == before


def test_a_cut_page_is_submitted_with_its_source_and_a_change_has_both(make, declaration, browser):
    upload(browser, taken(2).jpeg())
    crop(browser, declaration, how="margins", top="10", right="10", bottom="10", left="10")
    make.papers(declaration)
    revision = workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    (frozen,) = revision.papers[KIND]
    assert frozen["source_address"]
    assert frozen["crop"] == pytest.approx([0.1, 0.1, 0.9, 0.1, 0.9, 0.9, 0.1, 0.9])
    json.dumps(frozen)


def test_the_one_inch_photo_is_not_cut_here(make, declaration, browser):
    make.papers(declaration)
    (photo,) = pages_of(declaration, "photo")
    assert browser.open(f"/apply/pages/{photo.uid}/crop", expect=404).status == 404
    assert browser.send(f"/apply/pages/{photo.uid}/move", {"to": 0}, expect=400).status == 400


# --- advice ---------------------------------------------------------------------------------------------------------


def test_advice_stands_beside_the_picture_and_the_officer_reads_the_same(make, declaration, browser):
    upload(browser, taken(5, cut="right", light=0.22).jpeg(), kind="id_portrait")
    shown = words(browser.open("/apply/papers").text)
    notes = picture_advice.notes(pages_of(declaration, "id_portrait")[0].measures)
    assert [note.words for note in notes] == ["太暗", "可能没有拍全(右边)"]
    for note in notes:
        assert f"{note.words}。{note.advice}" in shown
        assert note.words in words(browser.open("/apply/papers/id_portrait/row").text)
    make.papers(declaration)
    revision = workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    reasons = [result.reason for result in checks.run(revision) if result.state == "look"]
    for note in notes:
        assert any(note.words in reason for reason in reasons)


def test_a_good_picture_is_praised_and_a_missing_one_is_not(declaration, browser):
    upload(browser, taken(2).jpeg())
    assert "1600×1200 像素，清晰度良好" in words(browser.open(f"/apply/papers/{KIND}/row").text)
    assert "清晰度" not in words(browser.open("/apply/papers/id_portrait/row").text)
