"""Uploads on PostgreSQL: at the same moment one piece is written, one upload begun, one page made."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from models import PaperPage, Upload, UploadPart, db
from tests.conftest import Browser
from tests.support.applicant.tus_client import CONTENT, Tus, metadata, sender
from tests.support.factory import Make, picture
from tests.support.people import EMPLOYED

pytestmark = pytest.mark.postgres
DATA = picture(1000, 700)


def count(table) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_at_the_same_moment_there_is_one_upload_one_piece_and_one_page(app):
    account = Make(app).declaration(**EMPLOYED).account
    browser = Browser(app).sign_in(account)
    found = browser.client.get_cookie("kuaiji")
    assert found
    cookie = found.value
    db.session.rollback()

    def ask(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> tuple[int, str, str]:
        client = app.test_client()
        client.set_cookie("kuaiji", cookie)
        answer = client.open(path, method=method, headers={"Tus-Resumable": "1.0.0"} | headers, data=body)
        return answer.status_code, answer.headers.get("Location", ""), answer.get_data(as_text=True)

    told = {"Upload-Length": str(len(DATA)), "Upload-Metadata": metadata(kind="employer_licence", mark="m")}
    piece = {"Upload-Offset": "0", "Content-Type": CONTENT}
    with ThreadPoolExecutor(8) as pool:
        begun = {path for _status, path, _text in pool.map(lambda _n: ask("POST", "/apply/uploads", told), range(16))}
        (path,) = begun
        written = sorted(pool.map(lambda _n: ask("PATCH", path, piece, DATA)[0], range(16)))
        taken = list(pool.map(lambda _n: ask("POST", f"{path}/take", {}), range(8)))

    assert written == [204] + [409] * 15
    assert count(Upload) == 1
    assert count(UploadPart) == 0
    assert count(PaperPage) == 1
    assert {json.loads(text)["ok"] for status, _path, text in taken if status == 200} == {True}
    assert {status for status, _path, _text in taken} <= {200, 409}, "409: to be asked again"
    assert Tus(sender(browser)).outcome(path)["ok"]
