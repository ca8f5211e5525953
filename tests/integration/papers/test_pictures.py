"""Pictures of papers: who may see them, how they are sent, and what is on the disk."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from lib.codes import Status
from lib.sandbox import client as sandbox
from models import PaperPage, db
from services.papers import papers
from tests.support.applicant.filing import pages_of, store, stored, upload
from tests.support.applicant.image_samples import colours, corner_card, encoded
from tests.support.factory import picture


def test_somebody_elses_picture_is_like_one_that_does_not_exist(declaration, make, browser, another_browser):
    upload(browser, picture(1000, 700))
    uid = pages_of(declaration, "employer_licence")[0].uid
    another_browser.sign_in(make.declaration().account)

    for suffix, method in ((".jpg", "open"), (".jpg?small=1", "open"), ("/rotate", "send"), ("/delete", "send")):
        theirs, none = (
            getattr(another_browser, method)(f"/apply/pages/{name}{suffix}", expect=404)
            for name in (uid, "A" * len(uid))
        )
        shown = without_token(theirs.text).replace(uid, "A" * len(uid))  # the address itself is on the page
        assert shown == without_token(none.text)
        assert without_cookie(theirs.headers) == without_cookie(none.headers)
    assert len(pages_of(declaration, "employer_licence")) == 1


def without_token(page: str) -> str:
    """The token of the page's forms carries the second of its making."""
    return re.sub(r'name="csrf_token" value="[^"]*"', "", page)


def without_cookie(headers) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name not in ("Set-Cookie", "Date")]


def test_nobody_sees_a_picture_without_signing_in(declaration, browser, another_browser):
    upload(browser, picture(1000, 700))
    uid = pages_of(declaration, "employer_licence")[0].uid
    assert another_browser.open(f"/apply/pages/{uid}.jpg", expect=302).location == "/login"


def test_pictures_lie_encrypted_under_names_that_tell_nothing(declaration, browser):
    upload(browser, picture(1000, 700))
    files = [path for path in store().root.rglob("*") if path.is_file() and path.stat().st_size]
    assert len(files) >= 2  # picture and thumbnail
    for path in files:
        content = path.read_bytes()
        assert content[:3] != b"\xff\xd8\xff"
        for mark in (b"JFIF\0\x01", b"\x89PNG\r\n\x1a\n"):  # long enough not to occur by chance
            assert mark not in content
        assert not {"jpg", "licence", declaration.uid} & set(path.name.split("."))


def test_the_same_picture_twice_is_kept_once(declaration, browser):
    upload(browser, picture(1000, 700), picture(1000, 700))
    first, second = pages_of(declaration, "employer_licence")
    assert (first.address, first.sha256) == (second.address, second.sha256)
    browser.send(f"/apply/pages/{first.uid}/delete")
    (left,) = pages_of(declaration, "employer_licence")
    assert browser.open(f"/apply/pages/{left.uid}.jpg").status == 200


def test_thumbnails_are_small_and_of_the_same_picture(declaration, browser):
    upload(browser, encoded(corner_card(1600, 1200), quality=90))
    (page,) = pages_of(declaration, "employer_licence")
    small, large = (browser.open(f"/apply/pages/{page.uid}.jpg{mode}").data for mode in ("?small=1", ""))
    assert Image.open(io.BytesIO(small)).size == (320, 240)
    assert Image.open(io.BytesIO(large)).size == (1600, 1200)
    assert colours(small) == colours(large) == "RGBW"


def test_the_headers_of_a_picture_let_nothing_run_and_nobody_keep_it(declaration, browser):
    upload(browser, picture(1000, 700))
    (page,) = pages_of(declaration, "employer_licence")
    headers = browser.open(f"/apply/pages/{page.uid}.jpg").headers
    expected = {
        "Content-Type": "image/jpeg",
        "Content-Disposition": 'inline; filename="employer_licence.jpg"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    assert {name: headers[name] for name in expected} == expected


def test_a_location_in_the_picture_is_not_kept(declaration, browser):
    exif = Image.Exif()
    exif.get_ifd(0x8825)[2] = (41.0, 48.0, 12.0)
    exif[0x010F] = "CANARY-PHONE"
    upload(browser, encoded(corner_card(), exif=exif))
    (page,) = pages_of(declaration, "employer_licence")
    kept = store().get(page.address)
    assert b"CANARY" not in kept
    assert not Image.open(io.BytesIO(kept)).getexif()


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_picture_whose_file_is_lost_is_not_found_and_the_page_still_opens(declaration, browser, damage, caplog):
    upload(browser, picture(1000, 700))
    (page,) = pages_of(declaration, "employer_licence")
    path = next(path for path in store().root.rglob(page.address))
    path.unlink() if damage == "missing" else path.write_bytes(b"not what was written")

    browser.open(f"/apply/pages/{page.uid}.jpg", expect=404)

    assert "missing or damaged" in caplog.text
    assert browser.open("/apply/papers").status == 200


@pytest.mark.parametrize("damage", ["missing", "damaged"])
def test_a_picture_whose_file_is_lost_cannot_be_turned_and_says_so(declaration, browser, damage):
    upload(browser, picture(1000, 700))
    (page,) = pages_of(declaration, "employer_licence")
    path = next(path for path in store().root.rglob(page.address))
    path.unlink() if damage == "missing" else path.write_bytes(b"not what was written")
    assert browser.send(f"/apply/pages/{page.uid}/rotate", expect=404).status == 404


def test_every_file_that_a_row_names_is_referenced_and_nothing_else(declaration, browser):
    upload(browser, picture(1000, 700), picture(1000, 701))
    first = pages_of(declaration, "employer_licence")[0]
    gone = {first.address, first.thumb_address}
    browser.send(f"/apply/pages/{first.uid}/delete")

    named = papers.referenced()

    assert set(store().addresses()) - named == gone
    rows = db.session.query(PaperPage).all()
    assert {row.address for row in rows} <= named


def test_the_revision_keeps_a_picture_that_the_working_copy_no_longer_has(make, browser):
    declaration = make.declaration(Status.RETURNED)
    (page,) = pages_of(declaration, "id_emblem")
    address = page.address
    browser.sign_in(declaration.account).send(f"/apply/pages/{page.uid}/delete")
    assert pages_of(declaration, "id_emblem") == []
    assert address in papers.referenced()
    assert stored(declaration).revisions[0].papers["id_emblem"][0]["address"] == address


# --- a decoder that was taken over says what it likes ---------------------------------------------------------------

LIES = {
    "no size": ("size", None),
    "a size in words": ("size", ["1", "2"]),
    "a size that no column takes": ("size", [2**40, 1]),
    "too few sizes": ("original", [1, 2]),
    "no figures": ("measures", []),
    "figures without light": ("measures.contrast", None),
    "a miniature of another size": ("measures.miniature", "AAAA"),
    "a look of too many bits": ("measures.look", "f" * 40),
    "sides that are none": ("measures.document", {"cut": 5}),
    "a screen that is none": ("measures.screen", 1),
    "a portrait that is none": ("measures.portrait", {"faces": "x"}),
}


@pytest.mark.parametrize(("where", "lie"), LIES.values(), ids=LIES)
def test_facts_that_would_break_pages_and_checks_are_refused(declaration, browser, monkeypatch, where, lie):
    """Its figures are compared with other people's: theirs would break as well."""
    run = sandbox.run

    def lying(job: str, data: bytes, **options: Any) -> Any:
        facts, blobs = run(job, data, **options)
        *path, last = where.split(".")
        place = facts[path[0]] if path else facts
        place[last] = lie
        return facts, blobs

    monkeypatch.setattr(sandbox, "run", lying)
    page = upload(browser, picture(1000, 700), expect=422)
    assert "图片内容异常，无法处理" in page.text
    assert pages_of(declaration, "employer_licence") == []
