"""须知和承诺函: versions of what applicants read and agree to, from the draft to a sheet printed years later."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from pypdf import PdfReader
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from lib.clock import today
from lib.codes import AgreedKind, Role, Status
from lib.database import utcnow
from models import Event, Revision, Sheet, TextVersion, db
from services.site import agreed_texts
from tests.support.applicant.filing import sent_by, words

PAGE = "/staff/admin/agreed-texts"
BODY = "本人作出以下承诺：\n1. 填写的内容真实；\n2. 附件与原件一致。"
PROMISE = "本人承诺：新的文字。"


@pytest.fixture
def officer(client, make):
    return client.sign_in(make.staff(Role.SYSTEM, "210000"))


def publish(officer, kind: str = "commitment", expect: int = 302, **sent: str):
    """Save a draft, look at it, publish it as the page offers."""
    draft = {"body": BODY, "action": "preview"} | ({"promise": PROMISE} if kind == "commitment" else {})
    preview = officer.follow(officer.send(f"{PAGE}/{kind}", draft))
    return officer.send(f"{PAGE}/{kind}/preview", sent_by(preview, None) | sent, expect=expect)


def agreed_by(page) -> dict[str, object]:
    return sent_by(page, "/apply/submit") | {"agree": "yes"}


def text_of(pdf: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(BytesIO(pdf)).pages).split())


def test_a_new_commitment_is_agreed_to_anew_and_the_old_one_stays_with_what_was_signed(officer, make, browser):
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account)
    shown_before = browser.open("/apply/papers")

    publish(officer)

    told = words(browser.send("/apply/submit", agreed_by(shown_before), expect=422).text)
    assert "承诺函或者阅读须知已更新，请阅读新的内容，再勾选同意" in told
    assert "填写的内容真实" in told
    new = browser.open("/apply/papers")
    assert "signed" not in new.text
    assert "需重新打印" not in new.text
    assert browser.send("/apply/submit", agreed_by(new)).location == "/apply/done"

    revision = db.session.scalars(select(Revision)).one()
    assert (revision.commitment_version, revision.notice_version) == ("2026-2", "2026-1")
    assert "（承诺函2026-1版）" in text_of(browser.open("/apply/sheet.pdf").data)  # as it was signed


def test_a_sheet_printed_after_a_new_promise_is_another_version(officer, make, browser):
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account)
    publish(officer)

    browser.send("/apply/check/print")
    again = text_of(browser.open("/apply/sheet.pdf").data)
    browser.send("/apply/check/print")

    sheets = db.session.scalars(select(Sheet).order_by(Sheet.version)).all()
    assert [sheet.commitment_version for sheet in sheets] == ["2026-1", "2026-2"]
    assert "本人承诺：新的文字。（承诺函2026-2版）" in again


def test_the_office_and_the_person_read_what_was_agreed_to(officer, make, browser, another_browser):
    declaration = make.declaration(Status.SUBMITTED)
    publish(officer)
    another_browser.sign_in(make.staff(department=declaration.department_code))

    page = another_browser.open(f"/staff/submissions/{declaration.uid}")

    link = re.search(r'href="(/texts/commitment/[^"]+)"', page.text)
    assert link
    assert link[1].endswith("/2026-1")
    old = browser.open(link[1])
    assert "六、本人妥善保管登录密码和验证码" in old.text
    assert "现在使用" in old.text
    assert "六、本人妥善保管登录密码和验证码" in text_of(browser.open(f"{link[1]}.pdf").data)
    assert "填写的内容真实" in words(browser.open("/texts/commitment/2026-2").text)


def test_a_version_of_a_later_day_comes_into_force_by_itself(officer, browser, make):
    account = make.declaration().account
    browser.sign_in(account)
    publish(officer, "notice", starts_on=(today() + timedelta(days=3)).isoformat())

    assert "填写的内容真实" not in browser.open("/apply/notice").text
    browser.open("/texts/notice/2026-2", expect=404)
    assert "将启用" in officer.open(PAGE).text
    next_one = officer.follow(officer.send(f"{PAGE}/notice", {"body": "另一种写法", "action": "preview"}))
    assert "2026-2 版已定于" in next_one.text
    with time_machine.travel(utcnow() + timedelta(days=3)):
        browser.sign_in(account)
        assert "填写的内容真实" in browser.open("/apply/notice").text
        assert "《阅读须知》有新的版本" in browser.open("/apply/papers").text


def test_a_version_says_what_changed_and_never_changes_itself(officer):
    publish(officer, "notice")
    row = db.session.scalars(select(TextVersion)).first()
    assert row

    page = words(officer.open(f"{PAGE}/notice/{row.version}").text)
    assert "与 2026-1 版相比" in page
    assert "删去： 【谁需要申报】" in page

    row.body = "别的文字"
    with pytest.raises(DBAPIError):
        db.session.flush()
    db.session.rollback()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"body": "好<b>的</b>"}, "不能使用 HTML 标记"),
        ({"body": "长" * 2001}, "最多 2000 个字，现在是 2001 个"),
        ({"promise": "长" * 151}, "最多 150 个字，现在是 151 个"),
        ({"body": " \n "}, "请填写"),
        ({"promise": "好\U0001f600"}, "有打印不出的字符"),
    ],
)
def test_a_text_that_page_or_sheet_cannot_show_is_not_kept(officer, changed, message):
    sent = {"body": BODY, "promise": PROMISE, "action": "preview"} | changed
    page = officer.send(f"{PAGE}/commitment", sent, expect=422)

    assert message in page.text
    assert agreed_texts.draft(AgreedKind.COMMITMENT) is None


def test_a_draft_that_somebody_else_has_changed_is_not_published_unseen(officer):
    draft = {"body": BODY, "promise": PROMISE, "action": "preview"}
    preview = officer.follow(officer.send(f"{PAGE}/commitment", draft))
    assert text_of(officer.open(f"{PAGE}/commitment/preview.pdf").data).startswith("关于本人信息真实准确承诺函")
    assert "新的文字" in text_of(officer.open(f"{PAGE}/commitment/preview.pdf?sheet=1").data)
    officer.send(f"{PAGE}/commitment", draft | {"promise": "别的文字。", "action": "keep"})

    told = officer.follow(officer.send(f"{PAGE}/commitment/preview", sent_by(preview, None)))

    assert "草稿已被修改，请重新预览后再发布" in told.text
    assert db.session.scalars(select(TextVersion)).all() == []
    details = db.session.scalars(select(Event.detail).where(Event.verb == "agreed_text")).all()
    assert details == ["commitment draft", "commitment draft"]
