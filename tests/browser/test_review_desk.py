"""The officers' pages in Chromium: at a desk, on a phone, by keyboard, and without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from blueprints.gate import STAFF_COOKIE
from lib.clock import today
from lib.codes import Status
from lib.database import beginning
from models import Declaration, Staff, db
from services import sessions, workflow
from tests.browser.conftest import Visitor
from tests.people import QUALIFIED, UNIVERSITY, WITH_EMPLOYER

COMPLETE = WITH_EMPLOYER | UNIVERSITY | QUALIFIED


@pytest.fixture
def officer(make: Any) -> Staff:
    return make.staff(name="王审核")


@pytest.fixture
def second_look(make: Any, officer: Staff) -> Declaration:
    """A resubmission in the officer's hands: one answer corrected, one paper still as it was."""
    declaration = make.declaration(Status.RETURNED, officer=officer, **COMPLETE)
    declaration.postal_address = "辽宁省沈阳市和平区样例路 99 号 6 单元"
    db.session.commit()
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    workflow.claim(declaration, make.actor(officer))
    db.session.commit()
    return declaration


@pytest.fixture
def desk(visit: Callable[..., Visitor], officer: Staff) -> Callable[..., Visitor]:
    """A window in which the officer is signed in."""

    def open_desk(screen: str = "desk", **options: Any) -> Visitor:
        window = visit(screen, **options)
        with beginning("IMMEDIATE"):
            token = sessions.start(staff=officer)
            db.session.commit()
        cookie = {"name": STAFF_COOKIE, "value": token, "domain": "127.0.0.1", "path": "/staff"}
        window.page.context.add_cookies([cookie])  # type: ignore[list-item]
        return window

    return open_desk


def address(declaration: Declaration) -> str:
    path = f"/staff/submissions/{declaration.uid}"
    db.session.rollback()
    return path


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_every_page_of_the_office_keeps_its_manners(make, desk, officer, second_look, screen):
    for days in (-3, 0, 9):
        waiting = make.declaration(Status.SUBMITTED)
        waiting.due_on = today() + timedelta(days=days)
    db.session.commit()
    record = make.record()
    pages = ["/staff/queue", "/staff/queue?tab=all", "/staff/queue?q=1", "/staff/archive", address(second_look)]
    pages += [f"{address(second_look)}?revision=1", address(waiting), f"/staff/archive/{record.uid}"]
    db.session.rollback()
    window = desk(screen)
    for path in pages:
        window.go(path)
    window.go(address(second_look))
    window.press("退回修改")
    assert "退回前请至少标记一处" in window.text()
    window.page.get_by_label("通讯地址：标记问题").check()
    window.page.get_by_label("通讯地址：说明").fill("请写到门牌号")
    window.look()
    window.press("审核通过")
    assert "仍有 1 处标记" in window.text()
    window.press("返回")
    window.press("退回修改")
    window.press("确认退回")
    assert "已退回" in window.text()


@pytest.mark.parametrize(("width", "columns"), [(1400, 3), (1000, 2), (390, 1)])
def test_panes_stand_beside_each_other_as_the_window_allows(desk, second_look, width, columns):
    window = desk()
    window.page.set_viewport_size({"width": width, "height": 900})
    window.go(address(second_look))
    panes = window.page.locator(".rv > *:visible:not([type=hidden])")
    lefts = {round(box["x"]) for box in (panes.nth(at).bounding_box() for at in range(panes.count())) if box}
    assert len(lefts) == columns
    assert window.page.get_by_role("button", name="审核通过").is_visible()


def test_an_officer_works_by_keys_alone(desk, second_look):
    window = desk()
    page = window.page
    window.go(address(second_look))
    title = page.locator("[data-title-here]")
    row = page.locator("[data-row]", has_text="毕业院校")
    for _ in range(60):
        page.keyboard.press("j")
        if row.evaluate("row => row === document.activeElement"):
            break
    expect(title).to_have_text("全日制学历证书")
    expect(page.locator("[data-caption-here]")).to_have_text(re.compile(r"1000×700 · .* 上传"))
    page.keyboard.press("]")
    expect(title).to_have_text("全日制学位证书")
    page.keyboard.press("m")
    expect(page.get_by_label("毕业院校：标记问题")).to_be_checked()
    page.get_by_label("毕业院校：说明").fill("jkab[]?")
    expect(title).to_have_text("全日制学历证书")  # what stands in the row brings its proof; typing moves nothing
    expect(page.get_by_label("毕业院校：说明")).to_have_value("jkab[]?")
    page.get_by_label("毕业院校：说明").blur()
    page.keyboard.press("b")
    expect(page.get_by_role("button", name="退回修改")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_load_state()
    expect(page.get_by_role("button", name="确认退回")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("已退回 LN")).to_be_visible()


def test_only_the_changes_can_be_shown(desk, second_look):
    window = desk()
    window.go(address(second_look))
    row = window.page.locator("[data-row]", has_text="毕业院校")
    expect(row).to_be_visible()
    window.page.get_by_label(re.compile("只看变更")).check()
    expect(row).to_be_hidden()
    expect(window.page.locator("[data-row]", has_text="样例路 99 号")).to_be_visible()
    window.page.keyboard.press("Tab")
    window.page.locator("h1").click()
    window.page.keyboard.press("j")
    assert "样例路 99 号" in window.page.evaluate("document.activeElement.innerText")


def test_marking_on_a_phone_does_not_move_the_page_to_the_pictures(desk, second_look):
    window = desk("phone")
    window.go(address(second_look))
    box = window.page.get_by_label("毕业院校：标记问题")
    box.scroll_into_view_if_needed()
    before = window.page.evaluate("scrollY")
    box.check()
    expect(window.page.locator("[data-title-here]")).to_have_text("全日制学历证书")
    expect(window.page.get_by_label("毕业院校：原因")).to_be_visible()
    assert abs(window.page.evaluate("scrollY") - before) < 200


def test_keys_do_nothing_when_they_are_switched_off(desk, second_look, officer):
    officer.keys_on = False
    db.session.commit()
    window = desk()
    window.go(address(second_look))
    before = window.page.locator("[data-title-here]").inner_text()
    for key in "jm]ab":
        window.page.keyboard.press(key)
    assert window.page.locator("[data-title-here]").inner_text() == before
    assert window.page.evaluate("document.activeElement === document.body")
    assert window.page.locator("[data-mark]:checked").count() == 0


def test_everything_works_without_scripts(desk, second_look):
    window = desk(java_script_enabled=False)
    page = window.page
    page.goto(window.site + address(second_look))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="全日制学历证书").click()
    assert opened.value.url.endswith("/pictures/2/full_time_diploma/0")
    page.get_by_label("民族：标记问题").check()
    page.get_by_label("民族：原因").select_option(label="与附件不一致")
    page.get_by_role("button", name="保存标记").first.click()
    expect(page.get_by_text("标记已保存")).to_be_visible()
    expect(page.get_by_label("民族：标记问题")).to_be_checked()
    page.get_by_role("button", name="退回修改").click()
    expect(page.get_by_text("与上传的证件(证书)不一致，请核对后修改")).to_be_visible()
    page.get_by_role("button", name="确认退回").click()
    expect(page.get_by_text("已退回 LN")).to_be_visible()
