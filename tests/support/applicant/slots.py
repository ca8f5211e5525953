"""The places that take a picture, each as one function: it sends a case by HTTP and returns the result."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from blueprints.tus import LONGEST_NAME
from models import Declaration, Mark, PaperPage, db
from services.marks.marks import MarkRequest
from services.papers import phone_upload
from services.papers.pages import remove_page
from tests.support.applicant.filing import page as personal_page
from tests.support.applicant.filing import pages_of, returned, words
from tests.support.applicant.tus_client import Tus, sender
from tests.support.attacks.hostile import Case
from tests.support.people import EMPLOYED

BOUNDARY = "kj-boundary"


@dataclass
class Outcome:
    said: str  # what the person reads when it was refused, else ""
    page: PaperPage | None


Send = Callable[[Case], Outcome]


def body(fields: dict[str, Any], name: str, case: Case) -> bytes:
    """A form with one file, written by hand: a client that is no browser puts anything into a file's name."""
    filename = case.filename.replace('"', "%22").encode("utf-8", "surrogatepass")
    parts = [
        b'Content-Disposition: form-data; name="%s"\r\n\r\n%s' % (key.encode(), str(value).encode())
        for key, values in fields.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    kind = b"\r\nContent-Type: %s" % case.mime.encode() if case.mime else b""
    head = b'Content-Disposition: form-data; name="%s"; filename="%s"%s' % (name.encode(), filename, kind)
    parts.append(head + b"\r\n\r\n" + case.data)
    line = b"--" + BOUNDARY.encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


def _emptied(declaration: Declaration, kind: str) -> None:
    for page in pages_of(declaration, kind):
        remove_page(page)
    db.session.commit()


def _newest(declaration: Declaration, kind: str) -> PaperPage | None:
    return next(iter(pages_of(declaration, kind)), None)


def _by_form(
    browser: Any, declaration: Declaration, kind: str, address: str, fields: Callable[[], Any], name: str
) -> Send:
    def send(case: Case) -> Outcome:
        _emptied(declaration, kind)
        answer = browser._request(
            "POST",
            address,
            (302, 422),
            data=body(fields(), name, case),
            content_type=f"multipart/form-data; boundary={BOUNDARY}",
        )
        page = _newest(declaration, kind)
        return Outcome(words(answer.text) if answer.status == 422 else "", page)

    return send


def papers(make: Any, browser: Any) -> Send:
    """【附件上传】."""
    declaration = make.declaration(**EMPLOYED)
    browser.sign_in(declaration.account)
    address = "/apply/papers/employer_licence"
    return _by_form(browser, declaration, "employer_licence", address, dict, "file")


def photo(make: Any, browser: Any) -> Send:
    """一寸照片, on the page of 个人信息."""
    declaration = make.declaration()
    browser.sign_in(declaration.account)

    def fields() -> dict[str, Any]:
        return personal_page(declaration, "personal") | {"action": "photo"}

    return _by_form(browser, declaration, "photo", "/apply/personal", fields, "photo")


def corrections(make: Any, browser: Any) -> Send:
    """A picture that an officer wants again."""
    declaration = returned(make, MarkRequest("id_emblem", "blurred", resign=False))
    browser.sign_in(declaration.account)
    uid = db.session.scalar(select(Mark.uid).where(Mark.target == "id_emblem"))
    address = f"/apply/corrections/{uid}"
    return _by_form(browser, declaration, "id_emblem", address, lambda: {"action": "upload"}, "file")


def pieces(make: Any, browser: Any) -> Send:
    """The resumable upload, as static/js/upload.js begins it: with no more than the beginning of a long name."""
    declaration = make.declaration(**EMPLOYED)
    tus = Tus(sender(browser.sign_in(declaration.account)))

    def send(case: Case) -> Outcome:
        _emptied(declaration, "employer_licence")
        begun = tus.begin(len(case.data), filename=case.filename[:LONGEST_NAME], filetype=case.mime)
        if begun.status != 201:
            return Outcome(words(begun.text), None)
        path = begun.headers["Location"]
        if case.data:
            assert tus.go_on(path, case.data).status == 204
        outcome = json.loads(tus.take(path).text)
        return Outcome(outcome.get("problem", ""), _newest(declaration, "employer_licence"))

    return send


def phone(make: Any, browser: Any) -> Send:
    """The page that a computer's QR code opens, on a phone that is signed in nowhere."""
    declaration = make.declaration(**EMPLOYED)
    browser.sign_in(declaration.account)
    other = type(browser)(browser.app)
    kind, tokens, new_token = "employer_licence", list[str](), phone_upload.new_token

    def kept() -> str:
        tokens.append(new_token())
        return tokens[-1]

    def send(case: Case) -> Outcome:
        _emptied(declaration, kind)
        with patch.object(phone_upload, "new_token", kept):
            browser.send(f"/apply/papers/{kind}/hand-over", expect=200)
        address = f"/hand-over/{tokens[-1]}"
        other.open(address)
        form = {"data": body({}, "file", case), "content_type": f"multipart/form-data; boundary={BOUNDARY}"}
        answer = other._request("POST", address, (200, 422), **form)
        return Outcome(words(answer.text) if answer.status == 422 else "", _newest(declaration, kind))

    return send


SLOTS = {"phone": phone, "papers": papers, "photo": photo, "corrections": corrections, "pieces": pieces}
