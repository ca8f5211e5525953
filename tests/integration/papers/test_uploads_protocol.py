"""The rules of tus 1.0.0 that we claim to keep, one test each: core, creation, termination, expiration."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest
import time_machine
from sqlalchemy import func, select

from lib.database import utcnow
from lib.pictures.images import MAX_BYTES
from models import Upload, UploadPart, db
from services.papers import resumable_uploads
from tests.support.applicant.tus_client import CONTENT, Tus, metadata, sender
from tests.support.factory import picture
from tests.support.people import EMPLOYED

DATA = picture(1000, 700)


@pytest.fixture
def declaration(make):
    return make.declaration(**EMPLOYED)


@pytest.fixture
def tus(declaration, browser) -> Tus:
    return Tus(sender(browser.sign_in(declaration.account)))


@pytest.fixture
def begun(tus) -> str:
    """The address of an upload of DATA that has just begun."""
    return tus.begin(len(DATA)).headers["Location"]


def offset(tus: Tus, path: str) -> int:
    return int(tus.ask("HEAD", path).headers["Upload-Offset"])


def count(table) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


# --- core -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/apply/uploads", "/apply/uploads/x", "/hand-over/x/uploads", "/hand-over/x/uploads/x"]
)
def test_options_tells_version_extensions_and_the_largest_size_also_before_a_sign_in(another_browser, path):
    answer = sender(another_browser)("OPTIONS", path, {}, b"")  # a client must not send its version here
    assert answer.status == 204
    assert answer.headers["Tus-Resumable"] == answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,creation-with-upload,termination,expiration"
    assert answer.headers["Tus-Max-Size"] == str(MAX_BYTES)


def test_every_answer_names_the_version(tus, begun, another_browser):
    asked = [("POST", "", 400), ("HEAD", begun, 200), ("PATCH", begun, 415), ("HEAD", f"{begun}x", 404)]
    asked += [("PUT", begun, 405), ("GET", begun, 405), ("GET", "", 405), ("POST", begun, 405), ("DELETE", begun, 204)]
    for method, path, status in asked:
        answer = tus.ask(method, path)
        assert (answer.status, answer.headers["Tus-Resumable"]) == (status, "1.0.0"), (method, path)
    answer = Tus(sender(another_browser)).ask("HEAD", begun)
    assert (answer.status, answer.headers["Tus-Resumable"]) == (401, "1.0.0")


def test_a_page_whose_token_is_an_old_one_is_told_so_by_an_answer_of_the_protocol(app, tus):
    app.config["WTF_CSRF_ENABLED"] = True
    answer = tus.begin(10)
    assert (answer.status, answer.headers["Tus-Resumable"]) == (400, "1.0.0")
    assert answer.headers["Content-Type"].startswith("text/html"), (
        "what views answer is plain text: scripts tell by that"
    )


def test_a_line_that_lets_only_post_through_overrides_the_method(tus, begun):
    assert tus.ask("POST", begun, X_HTTP_Method_Override="HEAD").headers["Upload-Offset"] == "0"
    fits = {"Upload_Offset": 0, "Content_Type": CONTENT}
    answer = tus.ask("POST", begun, DATA[:1000], X_HTTP_Method_Override="PATCH", **fits)
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, "1000")
    assert tus.ask("POST", begun, X_HTTP_Method_Override="PUT").status == 405
    assert tus.ask("HEAD", begun, X_HTTP_Method_Override="DELETE").status == 200, "a safe method stays what it is"
    assert tus.ask("POST", begun, X_HTTP_Method_Override="DELETE").status == 204
    assert tus.ask("HEAD", begun).status == 404


def test_head_tells_the_metadata_as_they_were_given(tus):
    told = metadata(kind="employer_licence", filename="执照.jpg", mark="m1") + ",is_confidential"
    path = tus.ask("POST", Upload_Length=10, Upload_Metadata=told).headers["Location"]
    assert tus.ask("HEAD", path).headers["Upload-Metadata"] == told


def test_another_version_is_refused_with_412_and_changes_nothing(tus, begun):
    fits = {"Upload-Offset": "0", "Content-Type": CONTENT}
    for version in ({}, *({"Tus-Resumable": text} for text in ("", "0.2.2", "1.0.1", "2.0.0"))):
        answer = tus.send("PATCH", begun, fits | version, DATA)
        assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0"), version
    assert offset(tus, begun) == 0


def test_head_tells_offset_and_length_and_is_not_to_be_cached(tus, begun):
    tus.patch(begun, 0, DATA[:100])
    answer = tus.ask("HEAD", begun)
    assert answer.status == 200
    assert (answer.headers["Upload-Offset"], answer.headers["Upload-Length"]) == ("100", str(len(DATA)))
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
def test_an_unknown_upload_is_404_without_an_offset(tus, method):
    answer = tus.ask(method, "/apply/uploads/none", b"", Upload_Offset=0, Content_Type=CONTENT)
    assert answer.status == 404
    assert "Upload-Offset" not in answer.headers


def test_patch_answers_204_with_the_new_offset(tus, begun):
    answer = tus.patch(begun, 0, DATA[:1000])
    assert (answer.status, answer.headers["Upload-Offset"], answer.text) == (204, "1000", "")
    answer = tus.patch(begun, 1000, DATA[1000:])
    assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(len(DATA)))


def test_patch_at_another_offset_is_409_and_changes_nothing(tus, begun):
    tus.patch(begun, 0, DATA[:1000])
    assert [tus.patch(begun, start, DATA[1000:]).status for start in (0, 1, 999, 1001, 10**9)] == [409] * 5
    assert offset(tus, begun) == 1000
    assert count(UploadPart) == 1


def test_patch_with_another_content_type_is_415(tus, begun):
    for kind in ("application/octet-stream", "image/jpeg", "multipart/form-data; boundary=x", ""):
        assert tus.ask("PATCH", begun, DATA, Upload_Offset=0, Content_Type=kind).status == 415
    assert offset(tus, begun) == 0


def test_an_offset_that_is_no_whole_number_is_400(tus, begun):
    for start in ("", "-1", "+0", "0x0", "1.0", "1e3", "９".encode().decode("latin-1"), "9" * 30, "0 0", "NaN"):
        assert tus.ask("PATCH", begun, DATA, Upload_Offset=start, Content_Type=CONTENT).status == 400, start
    assert offset(tus, begun) == 0


def test_patch_without_an_offset_is_400(tus, begun):
    assert tus.ask("PATCH", begun, DATA, Content_Type=CONTENT).status == 400


def test_bytes_past_the_announced_length_are_413_and_none_of_them_is_kept(tus, begun):
    answer = tus.patch(begun, 0, DATA + b"x")
    assert (answer.status, answer.headers["Tus-Max-Size"]) == (413, str(MAX_BYTES))
    assert offset(tus, begun) == 0


def test_an_empty_patch_changes_nothing(tus, begun):
    assert tus.patch(begun, 0, b"").headers["Upload-Offset"] == "0"
    assert count(UploadPart) == 0


def test_a_finished_upload_still_tells_its_offset(tus, begun):
    tus.patch(begun, 0, DATA)
    tus.take(begun)
    assert offset(tus, begun) == len(DATA)


# --- creation ---------------------------------------------------------------------------------------------------------


def test_creation_answers_201_with_the_address(tus):
    answer = tus.begin(len(DATA))
    assert answer.status == 201
    assert answer.headers["Location"].startswith("/apply/uploads/")
    assert offset(tus, answer.headers["Location"]) == 0


def test_a_length_that_no_picture_has_is_refused(tus):
    for length in ("", "-1", "0", "abc", "1.5", "1e9", "9" * 40):
        told = metadata(kind="employer_licence")
        assert tus.ask("POST", Upload_Length=length, Upload_Metadata=told).status == 400, length
    assert count(Upload) == 0


def test_a_length_over_the_largest_size_is_413_with_words(tus):
    answer = tus.begin(MAX_BYTES + 1)
    assert (answer.status, answer.headers["Tus-Max-Size"]) == (413, str(MAX_BYTES))
    assert "超过 15 MB" in answer.text
    assert tus.begin(MAX_BYTES).status == 201


def test_a_length_to_be_told_later_is_not_offered(tus):
    told = metadata(kind="employer_licence")
    assert tus.ask("POST", Upload_Defer_Length=1, Upload_Metadata=told).status == 400


def test_metadata_that_is_not_base64_is_400_or_names_no_paper(tus):
    for told in ("kind", "kind ???", "kind  ", "kind 4pyT4pyT4p", "kind /w==", "kind YQ== YQ=="):
        assert tus.ask("POST", Upload_Length=10, Upload_Metadata=told).status in (400, 403), told
    answer = tus.begin(10, filename="x" * 4000)
    assert (answer.status, answer.text) == (400, "Upload-Metadata: at most 4000 characters")
    assert count(Upload) == 0


def test_the_file_name_is_kept_sealed_only(tus, app):
    tus.begin(10, filename="张三的身份证.jpg")
    upload = db.session.scalars(select(Upload)).one()
    assert upload.facts["filename"] == "张三的身份证.jpg"
    sealed = upload.facts_sealed or b""
    assert sealed
    assert "身份证".encode() not in sealed
    assert b"filename" not in sealed


def test_creation_may_bring_the_first_bytes_along(tus):
    told = metadata(kind="employer_licence")
    answer = tus.ask("POST", "", DATA[:5000], Upload_Length=len(DATA), Upload_Metadata=told, Content_Type=CONTENT)
    assert (answer.status, answer.headers["Upload-Offset"]) == (201, "5000")
    assert offset(tus, answer.headers["Location"]) == 5000


def test_creation_with_more_bytes_than_announced_is_413(tus):
    told = metadata(kind="employer_licence")
    assert tus.ask("POST", "", DATA, Upload_Length=100, Upload_Metadata=told, Content_Type=CONTENT).status == 413
    assert count(Upload) == 0


def test_creation_asked_twice_for_the_same_file_leads_to_one_upload(tus):
    """The answer to the first request may have been lost: the second resumes where that one stopped."""
    first = tus.begin(len(DATA), mark="m1").headers["Location"]
    tus.patch(first, 0, DATA[:100])
    again = tus.begin(len(DATA), mark="m1")
    assert (again.headers["Location"], again.headers["Upload-Offset"]) == (first, "100")
    assert tus.begin(len(DATA), mark="m2").headers["Location"] != first
    assert tus.begin(len(DATA) - 1, mark="m1").headers["Location"] != first
    assert tus.begin(len(DATA), "work_proof", mark="m1").headers["Location"] != first
    assert tus.begin(len(DATA)).headers["Location"] != tus.begin(len(DATA)).headers["Location"]


# --- termination ------------------------------------------------------------------------------------------------------


def test_delete_answers_204_and_nothing_is_left(tus, begun):
    tus.patch(begun, 0, DATA[:100])
    assert tus.ask("DELETE", begun).status == 204
    assert (count(Upload), count(UploadPart)) == (0, 0)
    assert tus.ask("HEAD", begun).status == 404
    assert tus.patch(begun, 100, DATA[100:]).status == 404


# --- expiration -------------------------------------------------------------------------------------------------------


def test_every_piece_moves_the_end_by_two_days(begun):
    now = utcnow()
    for hours in (0, 30, 60):
        with time_machine.travel(now + timedelta(hours=hours), tick=False):
            upload = db.session.scalars(select(Upload)).one()
            resumable_uploads.append(upload, hours, bytes(30))
            db.session.commit()
            assert resumable_uploads.expires_at(upload) == utcnow() + resumable_uploads.KEPT


def test_the_end_is_told_in_the_form_of_http(tus, begun):
    for answer in (tus.begin(10), tus.patch(begun, 0, DATA[:100]), tus.ask("HEAD", begun)):
        told = parsedate_to_datetime(answer.headers["Upload-Expires"])
        assert answer.headers["Upload-Expires"].endswith(" GMT")
        assert abs(told - utcnow() - resumable_uploads.KEPT) < timedelta(minutes=1)


def test_abandoned_uploads_are_swept_after_two_days_with_their_parts(tus, begun):
    tus.patch(begun, 0, DATA[:100])
    with time_machine.travel(utcnow() + timedelta(hours=47)):
        assert resumable_uploads.forget_abandoned() == 0
    with time_machine.travel(utcnow() + timedelta(hours=49)):
        assert resumable_uploads.forget_abandoned() == 1
        db.session.commit()
    assert (count(Upload), count(UploadPart)) == (0, 0)
    assert tus.ask("HEAD", begun).status == 404
