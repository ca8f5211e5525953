"""待办 and 人员档案 in Chromium: at a desk, on a phone, by keyboard, and without scripts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from lib.clock import today
from lib.codes import Status
from models import Declaration, Staff, db
from services.queue import index as queue_index
from services.queue import saved_views
from services.queue.filters import Filters
from tests.browser.conftest import SCREENS
from tests.support.people import WITH_EMPLOYER


@pytest.fixture
def waiting(make: Any, officer: Staff) -> list[Declaration]:
    """Overdue, due soon, later; the first with reminders. And one in the officer's hands, one record."""
    made = []
    for name, days in (("区家慧", -3), ("仇志强", 0), ("解晓东", 30)):
        declaration = make.declaration(Status.SUBMITTED, make.account(name), **WITH_EMPLOYER)
        declaration.due_on = today() + timedelta(days=days)
        queue_index.sync(declaration)
        queue_index.remind(declaration.id, 2 if days < 0 else 0)
        made.append(declaration)
    make.declaration(Status.IN_REVIEW, officer=officer)
    make.record()
    saved_views.save(make.actor(officer), "本周变更", Filters(kind="change"))
    db.session.commit()
    return made


def test_the_lists_keep_their_manners_on_every_screen(desk, waiting):
    window = desk("phone", also=[SCREENS["desk"]])
    for path in ("/staff/queue", "/staff/queue?lane=overdue&kind=first", "/staff/queue?tab=approved", "/staff/archive"):
        window.go(path)
    window.page.get_by_label("姓名、拼音首字母", exact=False).fill("ojh")
    window.press("查找")
    expect(window.page.get_by_role("heading", level=1)).to_be_attached()
    window.go("/staff/queue")
    window.page.get_by_text("我的视图").click()
    window.look()
    window.page.get_by_label("姓名、拼音首字母", exact=False).fill("ojh")
    window.press("查找")
    expect(window.page.get_by_role("link", name="区家慧")).to_be_visible()


def test_the_first_files_are_in_sight(make, desk, waiting):
    for _one in range(8):
        make.declaration(Status.SUBMITTED, **WITH_EMPLOYER)
    db.session.commit()
    for screen, size, lines in (("desk", (1280, 800), 8), ("phone", (390, 844), 0)):
        window = desk(screen)
        window.page.set_viewport_size({"width": size[0], "height": size[1]})
        window.go("/staff/queue")
        tops = [line.bounding_box() for line in window.page.locator("[data-lines] tbody tr").all()[: lines or 1]]
        ends = [top["y"] + top["height"] for top in tops] if lines else [tops[0]["y"] + 40]
        assert max(ends) <= size[1], screen


def test_what_is_overdue_is_red(desk, waiting):
    window = desk()
    window.go("/staff/queue")
    tag = window.page.locator("tr", has_text="区家慧").locator(".tag.r")
    expect(tag).to_contain_text("已超期")
    assert window.page.locator("tr", has_text="解晓东").locator(".tag.r").count() == 0


def test_by_keyboard_from_line_to_line_into_the_search_and_to_the_next_one(desk, waiting):
    window = desk()
    page = window.page
    window.go("/staff/queue")
    for key, name in (("j", "区家慧"), ("j", "仇志强"), ("j", "解晓东"), ("j", "解晓东"), ("k", "仇志强")):
        page.keyboard.press(key)
        expect(page.get_by_role("link", name=name)).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/staff/submissions/*")
    page.go_back()
    window.listens()
    page.keyboard.press("/")
    field = page.locator("header input[name=q]")
    expect(field).to_be_focused()
    page.keyboard.type("njk")
    expect(field).to_have_value("njk")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("n")
    page.wait_for_url("**/staff/submissions/*")
    assert "区家慧" in page.inner_text("h1")


def test_keys_that_are_switched_off_do_nothing(desk, waiting, officer):
    officer.keys_on = False
    db.session.commit()
    window = desk()
    window.go("/staff/queue")
    for key in ("j", "/", "n"):
        window.page.keyboard.press(key)
    assert window.page.evaluate("document.activeElement === document.body")
    assert window.page.url.endswith("/staff/queue")


def test_without_scripts_everything_is_a_form_or_a_link(desk, waiting):
    window = desk(java_script_enabled=False)
    page = window.page
    window.go("/staff/queue")
    page.get_by_text("筛选", exact=True).first.click()
    page.get_by_role("combobox", name="审核期限").select_option(label="已超期")
    window.press("筛选")
    assert "due=overdue" in page.url
    assert page.get_by_role("link", name="区家慧").count() == 1
    assert page.get_by_role("link", name="解晓东").count() == 0
    page.get_by_text("我的视图").click()
    page.get_by_label("把当前筛选保存为").fill("超期的")
    window.press("保存视图")
    assert "已保存视图" in window.text()
    window.press("领取10件")
    assert "已领取 1 件" in window.text()
    assert page.url.endswith("?lane=mine")
    assert page.get_by_role("link", name="区家慧").count() == 1
