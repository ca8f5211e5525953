"""The officers' pages in Chromium: at a desk, on a phone, by keyboard, and without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from lib.codes import Status
from models import Declaration, ReviewMeasure, db
from services import workflow
from tests.browser.conftest import PAINTED, SCREENS, Visitor
from tests.support.office.review_desk import address, fresh, holder_id
from tests.support.patience import PATIENCE_S


def walk_to(page: Any, target: str) -> None:
    """Press j until the row of this answer or paper has the focus."""
    for _ in range(70):
        page.keyboard.press("j")
        if page.evaluate("document.activeElement.dataset.row") == target:
            return
    raise AssertionError(f"no row {target}")


#: The phone's pages are looked at at a desk, too. 1600 px has the three panes of 1280 px (the next test sees both).
WIDTHS = [*(pytest.param(width, marks=pytest.mark.soak) for width in (1600, 1280, 1000)), 390]


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_of_a_review_keeps_its_manners(make, desk, officer, second_look, width):
    waiting = make.declaration(Status.SUBMITTED)
    held = make.declaration(Status.IN_REVIEW, officer=make.staff(name="李审核"))
    make.mark(second_look, "sheet", reviewer=make.actor(officer))
    db.session.rollback()
    window = desk("phone" if width == 390 else "desk", also=[SCREENS["desk"]])
    window.page.set_viewport_size({"width": width, "height": 900})
    own = address(second_look)
    for path in (own, f"{own}?all=1", f"{own}?revision=1", address(waiting), address(held)):
        window.go(path)
    for button, words in (("退回修改", "申报人将看到"), ("不予采集", "原因"), ("转交", "接收部门")):
        window.go(own)
        window.press(button, exact=False)
        expect(window.page.get_by_role("dialog")).to_contain_text(words)
        window.look()
    window.go(own)
    window.press("审核通过，下一件", exact=False)
    expect(window.page.get_by_role("dialog")).to_contain_text("仍有 1 处标记")
    window.press("返回")
    window.press("退回修改", exact=False)
    window.page.get_by_role("button", name="确认退回").click()
    expect(window.page.get_by_role("button", name="撤销")).to_be_visible()


def test_panes_stand_beside_each_other_as_the_window_allows(desk, second_look):
    window, columns = desk(), {1280: 3, 1600: 3, 1000: 2, 390: 1}
    window.also = [{"width": width, "height": 900} for width in columns]
    window.go(address(second_look))
    for size in window.also:
        window.page.set_viewport_size(size)
        window.page.evaluate(PAINTED)
        panes = window.page.locator(".rv > *:visible:not([type=hidden])")
        lefts = {round(box["x"]) for box in (panes.nth(at).bounding_box() for at in range(panes.count())) if box}
        assert len(lefts) == columns[size["width"]], size
        assert window.page.get_by_role("button", name="审核通过").is_visible(), size
        scrolls = window.page.evaluate("document.documentElement.scrollHeight > innerHeight + 1")
        assert scrolls is (columns[size["width"]] < 3), size


def test_a_clean_case_takes_two_keys_and_the_next_one_is_there(make, desk, officer):
    first, second = (make.declaration(Status.SUBMITTED, make.account(name)) for name in ("孙立国", "盖丽娜"))
    window = desk()
    page = window.page
    window.go("/staff/queue")
    page.keyboard.press("n")
    expect(page.locator("h1")).to_contain_text("孙立国")
    window.listens()
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="审核通过，下一件")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("盖丽娜")
    expect(page.get_by_text("已通过 孙立国")).to_be_visible()
    assert status_of(first) == Status.APPROVED
    assert holder_id(second) == officer.id
    db.session.rollback()
    (measure,) = db.session.scalars(select(ReviewMeasure))
    assert (measure.keys, measure.clicks) == (2, 0)
    db.session.rollback()

    window.listens()
    page.keyboard.press("z")
    page.keyboard.press("Enter")
    expect(page.get_by_text("已撤销刚才的决定")).to_be_visible()
    assert status_of(first) == Status.IN_REVIEW


def test_ticks_marks_and_changes_by_keys(desk, second_look):
    window = desk()
    page, board = window.page, window.page.keyboard
    window.go(address(second_look))
    school = page.locator("#row-full_time_school")
    expect(page.get_by_label(re.compile("只看变更"))).to_be_checked()
    expect(school).to_be_hidden()
    expect(page.locator("#row-postal_address")).to_contain_text("要求修改")
    board.press("j")
    assert "样例路 99 号" in page.evaluate("document.activeElement.innerText")
    board.press("y")
    expect(page.get_by_label("通讯地址：没问题")).to_be_checked()
    board.press("m")
    expect(page.get_by_label("通讯地址：没问题")).not_to_be_checked()
    page.keyboard.press("Tab")
    page.locator("h1").click()
    board.press("c")
    expect(school).to_be_visible()
    walk_to(page, "full_time_school")
    board.press("y")
    page.get_by_role("button", name="保存标记").first.click()
    expect(page.get_by_text("标记已保存")).to_be_visible()
    expect(page.get_by_label("毕业院校：没问题")).to_be_checked()
    expect(page.get_by_label("通讯地址：标记问题")).to_be_checked()


def test_the_help_lists_the_keys_and_gives_the_focus_back(desk, second_look):
    window = desk()
    page = window.page
    window.go(address(second_look))
    page.keyboard.press("j")
    row = page.evaluate("document.activeElement.id")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="全部快捷键")).to_be_visible()
    window.look()
    page.keyboard.press("j")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement.id") == row


#: The script of the page listens: one of its keys (a note) has moved the focus.
KEYS_WORK = """() => {
  document.body.dispatchEvent(new KeyboardEvent("keydown", {bubbles: true, key: "g"}));
  return document.activeElement !== document.body;
}"""


@pytest.mark.parametrize(
    ("event", "works"),
    [
        ({"key": "ａ"}, True),
        ({"key": "A"}, True),
        ({"key": "a", "isComposing": True}, False),
        ({"key": "Process", "keyCode": 229}, False),
        ({"key": "a", "ctrlKey": True}, False),
        ({"key": "a", "metaKey": True}, False),
        ({"key": "a", "altKey": True}, False),
    ],
    ids=["full width", "capital", "composing", "input method", "ctrl", "cmd", "alt"],
)
def test_keys_work_beside_input_methods_and_leave_the_browser_its_own(desk, second_look, event, works):
    window = desk()
    window.go(address(second_look))
    window.page.wait_for_function(KEYS_WORK, timeout=PATIENCE_S * 1000)
    window.page.evaluate("document.activeElement.blur()")
    window.page.evaluate("e => document.body.dispatchEvent(new KeyboardEvent('keydown', {bubbles: true, ...e}))", event)
    focused = window.page.evaluate("document.activeElement.dataset.key ?? ''")
    assert (focused == "a") is works


def test_marking_on_a_phone_does_not_move_the_page_to_the_pictures(desk, second_look):
    window = desk("phone")
    window.go(f"{address(second_look)}?all=1")
    box = window.page.get_by_label("毕业院校：标记问题")
    box.scroll_into_view_if_needed()
    before = window.page.evaluate("scrollY")
    box.check()
    expect(window.page.locator("[data-title-here]")).to_have_text("全日制学历证书")
    expect(window.page.get_by_label("毕业院校：原因")).to_be_visible()
    assert abs(window.page.evaluate("scrollY") - before) < 200


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_the_full_numbers_come_where_one_was(make, desk, officer, second_look, screen):
    """On the phone among changes only, which the numbers do not belong to."""
    waiting = second_look if screen == "phone" else make.declaration(Status.SUBMITTED)
    if screen == "phone":
        workflow.release(second_look, make.actor(officer))
        db.session.commit()
    number, window = waiting.account.id_number[-4:], desk(screen)
    window.go(address(waiting))
    page, places = window.page, "[scrollY, document.querySelector('.scroll').scrollTop]"
    button = page.get_by_role("button", name="显示完整号码")
    button.scroll_into_view_if_needed()
    page.evaluate("document.querySelector('.scroll').scrollTop = 90, scrollBy(0, 120)")
    before = page.evaluate(places)
    button.click()
    expect(page.locator("#row-id_number")).to_contain_text(number)
    expect(page.locator("#row-id_number")).to_be_visible()
    window.listens()
    assert any(before)
    assert sum(page.evaluate(places)) == pytest.approx(sum(before), abs=30)


def test_keys_do_nothing_when_they_are_switched_off(desk, second_look, officer):
    officer.keys_on = False
    db.session.commit()
    window = desk()
    window.go(address(second_look))
    before = window.page.locator("[data-title-here]").inner_text()
    for key in "jm]aby?c":
        window.page.keyboard.press(key)
    assert window.page.locator("[data-title-here]").inner_text() == before
    assert window.page.evaluate("document.activeElement === document.body")
    assert window.page.locator("[data-mark]:checked, [data-tick]:checked").count() == 0


def test_a_note_is_written_after_one_key(desk, second_look):
    window = desk()
    window.go(address(second_look))
    window.page.keyboard.press("g")
    expect(window.page.get_by_role("textbox", name="内部备注")).to_be_focused()
    window.page.keyboard.type("已电话联系")
    window.press("保存备注")
    assert "已电话联系" in window.text()


def status_of(declaration: Declaration) -> Status:
    found = fresh(declaration).status
    db.session.rollback()
    return found


class Plain:
    """A window without scripts: the page must contain everything."""

    def __init__(self, window: Visitor) -> None:
        self.window, self.page = window, window.page

    def go(self, path: str) -> None:
        self.page.goto(self.window.site + path)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).first.click()

    def says(self, words: str) -> None:
        expect(self.page.get_by_text(words).first).to_be_visible()


@pytest.fixture
def plain(desk):
    return Plain(desk(java_script_enabled=False))


def test_a_return_with_a_place_works_without_scripts(make, plain, officer, second_look):
    page = plain.page
    plain.go(address(second_look))
    page.get_by_role("link", name="显示全部").click()
    page.get_by_label("民族：标记问题").check()
    page.get_by_label("民族：原因").select_option("mismatch")
    page.get_by_label("个人基本信息表：标记问题").check()
    page.get_by_label("个人基本信息表：原因").select_option("no_stamp")
    for side, number in (("左", "10"), ("上", "60.5"), ("宽", "30"), ("高", "20")):
        page.get_by_label(f"个人基本信息表：问题位置，{side}").fill(number)
    page.get_by_label("毕业院校：没问题").check()
    plain.press("保存标记")
    plain.says("标记已保存")
    expect(page.get_by_label("个人基本信息表：问题位置，上")).to_have_value("60.5")
    plain.press("退回修改")
    plain.says("与上传的证件(证书)不一致，请核对后修改")
    plain.says("已在第 1 张图片上框出位置")
    plain.press("确认退回")
    plain.says("已退回")
    sent = {mark.target: mark for mark in fresh(second_look).revisions[-1].marks}
    assert sent["sheet"].rectangle == [0.1, 0.605, 0.3, 0.2]
    db.session.rollback()
    plain.press("撤销")
    plain.says("已撤销刚才的决定")
    assert status_of(second_look) == Status.IN_REVIEW


def test_declining_transferring_and_taking_over_work_without_scripts(make, plain, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    held = make.declaration(Status.IN_REVIEW, officer=make.staff(name="李审核"))
    page = plain.page
    plain.go(address(held))
    plain.press("接手")
    plain.says("李审核于")
    plain.press("接手")
    assert holder_id(held) == officer.id
    plain.press("转交")
    page.get_by_label("接收部门").select_option("210103")
    page.get_by_label("转交原因").fill("单位在沈河区")
    plain.press("确认转交")
    plain.says("等待对方受理")
    plain.go(address(declaration))
    plain.press("不予采集")
    page.get_by_label("重复采集").check()
    plain.press("确认不予采集")
    plain.says("已不予采集")
    assert status_of(declaration) == Status.DECLINED
    plain.press("撤销")
    plain.press("审核通过")
    assert status_of(declaration) == Status.APPROVED
