"""通知公告: written and published by system administrators."""

from __future__ import annotations

import re
import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from sqlalchemy import select

from lib.clock import day_begins, today
from lib.codes import Role
from lib.database import utcnow
from models import Event, Notice, NoticeFile, db
from services.papers import papers

TEXT = {"title": "关于开展会计人员信息采集的公告", "body": "各位会计人员：\n\n请登录平台办理。"}
LINE = re.compile(r'/notices/\d+">(?:<span[^>]*>置顶</span>)?([^<]+)</a>')
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture
def writer(client, make):
    return client.sign_in(make.staff(Role.SYSTEM, "210000"))


def test_a_published_notice_is_public_at_once(writer, another_browser):
    page = writer.follow(writer.send("/staff/admin/notices/new", TEXT | {"action": "publish"}))

    assert "公告已发布" in page.text
    assert TEXT["title"] in another_browser.open("/notices").text
    assert db.session.scalars(select(Event.detail).where(Event.verb == "notice")).all() == ["notice 1 published"]


def test_a_notice_may_be_long(writer, another_browser):
    writer.send("/staff/admin/notices/new", TEXT | {"body": "办理说明。" * 400, "action": "publish"}, expect=302)

    notice = db.session.scalars(select(Notice)).one()
    assert "办理说明。" * 400 in another_browser.open(f"/notices/{notice.id}").text


def test_a_draft_is_seen_by_those_who_write_only(writer, another_browser):
    page = writer.follow(writer.send("/staff/admin/notices/new", TEXT | {"action": "keep"}))

    assert "未公开" in page.text
    assert TEXT["title"] not in another_browser.open("/notices").text


def test_a_correction_keeps_the_date_and_taking_back_hides_it(writer, another_browser):
    writer.send("/staff/admin/notices/new", TEXT | {"action": "publish"})
    notice = db.session.scalars(select(Notice)).one()
    published_at = notice.published_at

    writer.send(f"/staff/admin/notices/{notice.id}", TEXT | {"title": "改过的标题", "action": "publish"})
    db.session.expire_all()
    assert (notice.title, notice.published_at) == ("改过的标题", published_at)

    writer.send(f"/staff/admin/notices/{notice.id}", TEXT | {"action": "keep"})
    another_browser.open(f"/notices/{notice.id}", expect=404)


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"title": " "}, "请填写标题"), ({"body": "\n"}, "请填写正文"), ({"title": "长" * 101}, "标题最多 100 个字")],
)
def test_an_incomplete_notice_is_not_saved(writer, changed, message):
    page = writer.send("/staff/admin/notices/new", TEXT | changed | {"action": "publish"}, expect=422)

    assert message in page.text
    assert db.session.scalars(select(Notice)).all() == []


@pytest.mark.parametrize(("field", "day"), [("starts_on", "0001-01-01"), ("ends_on", "9999-12-31")])
def test_a_day_that_cannot_be_counted_from_is_said_at_its_field(writer, field, day):
    page = writer.send("/staff/admin/notices/new", TEXT | {field: day, "action": "publish"}, expect=422)
    assert "2000 年至 2099 年" in page.text
    assert f'value="{day}"' in page.text


def test_a_refused_attachment_leaves_the_notice_as_it_is(writer):
    writer.send("/staff/admin/notices/new", TEXT | {"pinned": "yes", "action": "publish"})
    notice = db.session.scalars(select(Notice)).one()
    sent = {"file": (BytesIO(b"no document"), "a.txt")}
    page = writer.send(f"/staff/admin/notices/{notice.id}/files", sent, expect=422)
    assert re.search(r'name="pinned"[^>]* checked', page.text)


def test_an_unknown_notice_is_not_found(writer):
    assert "<form" not in writer.open("/staff/admin/notices/99", expect=404).text.partition("<main")[2]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.MANAGER, Role.SECURITY, Role.AUDITOR])
def test_nobody_else_writes_notices(client, make, role):
    client.sign_in(make.staff(role, "210000"))
    client.open("/staff/admin/notices", expect=403)
    client.send("/staff/admin/notices/new", TEXT, expect=403)
    assert db.session.scalars(select(Notice)).all() == []


# --- schedule, pin, attachments ---------------------------------------------------------------------------------------


def test_a_scheduled_notice_is_public_from_its_day_until_its_last_one(writer, browser):
    day = today() + timedelta(days=2)
    told = writer.follow(
        writer.send("/staff/admin/notices/new", TEXT | {"starts_on": day, "ends_on": day, "action": "publish"})
    )
    assert "公告将在发布日期公开" in told.text

    seen = []
    for moment in (day_begins(day) - SECOND, day_begins(day), day_begins(day + DAY) - SECOND, day_begins(day + DAY)):
        with time_machine.travel(moment, tick=False):
            shown = [TEXT["title"] in browser.open(page).text for page in ("/", "/notices")]
            browser.open("/notices/1", expect=200 if all(shown) else 404)
            seen.append(shown)

    assert seen == [[False, False], [True, True], [True, True], [False, False]]


def test_a_pinned_notice_comes_first_and_older_ones_follow_on_pages_of_their_own(writer, browser):
    now = utcnow()
    old = [Notice(title=f"公告{n}", body="文字", published_at=now - DAY * n) for n in range(2, 30)]
    db.session.add_all([*old, Notice(title="置顶的旧公告", body="文字", published_at=now - DAY * 90, pinned=True)])
    db.session.commit()

    titles = [LINE.findall(browser.open(page).text) for page in ("/", "/notices")]
    assert [found[:3] for found in titles] == [["置顶的旧公告", "公告2", "公告3"]] * 2
    older = re.search(r'href="(/notices\?after=\d+)"', browser.open("/notices").text)
    assert older
    assert "置顶" not in browser.open(older[1]).text
    assert "公告29" in browser.open(older[1]).text


def test_an_attachment_is_judged_by_its_content_and_handed_out_as_a_download(writer, browser):
    writer.send("/staff/admin/notices/new", TEXT | {"action": "publish"})

    def attach(data: bytes, name: str, expect: int = 302):
        return writer.send("/staff/admin/notices/1/files", {"file": (BytesIO(data), name)}, expect=expect)

    assert "只能添加 PDF" in attach(b"<script>1</script>", "通知.pdf", expect=422).text
    assert "含有宏" in attach(packed("[Content_Types].xml", "word/vbaProject.bin"), "表.docx", expect=422).text
    attach(b"%PDF-1.7 ...", "../../<通知>.html")
    attach(packed("[Content_Types].xml", "xl/workbook.xml"), "名单.xlsx")

    page = browser.open("/notices/1")
    (address,) = re.findall(r'href="(/notices/1/files/[^"]+)">_通知_.pdf<', page.text)
    file = browser.open(address)
    assert file.data == b"%PDF-1.7 ..."
    sent = {name: file.headers[name] for name in ("Content-Type", "X-Content-Type-Options", "Content-Security-Policy")}
    assert sent == {
        "Content-Type": "application/pdf",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    assert file.headers["Content-Disposition"].startswith("attachment; filename=attachment.pdf;")
    stored = db.session.scalars(select(NoticeFile)).all()
    assert {one.address for one in stored} <= papers.referenced()

    writer.send(f"/staff/admin/notices/1/files/{stored[0].uid}/remove")
    browser.open(address, expect=404)
    writer.send("/staff/admin/notices/1", TEXT | {"action": "keep"})
    browser.open(f"/notices/1/files/{stored[1].uid}", expect=404)
    details = db.session.scalars(select(Event.detail).where(Event.verb == "notice").order_by(Event.id)).all()
    assert [detail.removeprefix("notice 1 ").partition(":")[0] for detail in details if detail] == [
        *("published", "file added", "file added", "file removed", "withdrawn"),
    ]


def packed(*names: str) -> bytes:
    """A zip archive with these empty files."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return out.getvalue()
