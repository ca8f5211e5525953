"""Pages for everyone in a real browser: accessible, without sideways scrolling, with and without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from lib.database import utcnow
from models import Notice, db

PATHS = ("/", "/notices", "/notices/1", "/guide", "/hotlines", "/hotlines?q=鞍山", "/privacy")
NARROW = {"width": 320, "height": 700}


@pytest.fixture
def notice(app):
    db.session.add(Notice(title="关于开展采集工作的公告" * 4, body="正文", published_at=utcnow() - timedelta(hours=1)))
    db.session.commit()


def test_a_page_that_does_not_exist_says_so_with_manners(visit):
    visitor = visit("phone")
    visitor.go("/nowhere")
    assert visitor.page.locator("h1").inner_text() == "没有找到这个页面"
    visitor.seen.clear()  # it is meant to be a 404


def sideways(visitor) -> int:
    """How far the page can be scrolled to the side, in px, on the narrowest screen."""
    visitor.page.set_viewport_size(NARROW)
    return visitor.page.evaluate("document.documentElement.scrollWidth") - NARROW["width"]


def test_large_text_is_one_press_away_and_fits_the_narrowest_screen(visit, notice):
    visitor = visit("phone")
    visitor.go("/")
    visitor.page.locator("summary[aria-label=更多菜单]").click()
    visitor.page.locator(".menu").get_by_role("link", name="大字版").click()
    for path in PATHS:
        visitor.page.set_viewport_size({"width": 390, "height": 844})
        visitor.go(path)
        assert visitor.page.locator("html.fs-lg").count() == 1
        assert sideways(visitor) <= 0, path


def test_a_phone_number_is_found_without_scripts(visit, site, make):
    make.department("210381").phone = "0412-1234567"
    db.session.commit()
    page = visit("phone", java_script_enabled=False).page  # nothing that needs scripts: not looked at by axe
    page.goto(site + "/")
    page.locator("summary[aria-label=更多菜单]").click()
    page.locator(".menu").get_by_role("link", name="咨询电话").click()

    page.get_by_label("市、县（区）或部门名称").fill("鞍山海城")
    page.get_by_role("button", name="查找").click()

    assert page.get_by_role("link", name="0412-1234567").get_attribute("href") == "tel:04121234567"


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_the_own_record_is_readable_and_its_pictures_load(visit, make, screen):
    record = make.record()
    visitor = visit(screen)
    visitor.go("/login")
    visitor.fill("姓名", record.account.name)
    visitor.fill("证件号码", record.account.id_number)
    visitor.fill("登录密码", "correct horse 电池")
    visitor.press("登录")
    visitor.go("/archive")

    portrait = visitor.page.get_by_alt_text(f"{record.account.name}的一寸照片")
    assert portrait.evaluate("image => image.complete && image.naturalWidth / image.naturalHeight") == pytest.approx(
        5 / 7, abs=0.01
    )
    visitor.page.locator(".menu summary").click()
    visitor.axe()


def test_words_that_are_too_pale_are_found_however_often_the_colour_comes(visit):
    """The tests let axe read each colour once (tests/browser/conftest.py)."""
    visitor = visit()
    styles = ("color: #222", "color: #bbb", "color: rgb(187 187 187)", "color: #222; opacity: 0.3")
    words = "".join(f'<p style="{style}">样例文字 {number}</p>' for number, style in enumerate(styles))
    visitor.page.set_content(f'<html lang="zh-CN"><title>样例</title><main style="background: #fff">{words}</main>')

    with pytest.raises(AssertionError) as told:
        visitor.axe(["color-contrast"])
    assert re.findall(r"样例文字 (\d)", str(told.value).splitlines()[0]) == ["1", "2", "3"]
