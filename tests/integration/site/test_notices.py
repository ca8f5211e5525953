"""通知公告: written and published by system administrators."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from lib.codes import Role
from models import Event, Notice, db

TEXT = {"title": "关于开展会计人员信息采集的公告", "body": "各位会计人员：\n\n请登录平台办理。"}


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


def test_an_unknown_notice_is_not_found(writer):
    writer.open("/staff/admin/notices/99", expect=404)


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.MANAGER, Role.SECURITY, Role.AUDITOR])
def test_nobody_else_writes_notices(client, make, role):
    client.sign_in(make.staff(role, "210000"))
    client.open("/staff/admin/notices", expect=403)
    client.send("/staff/admin/notices/new", TEXT, expect=403)
