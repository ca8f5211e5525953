"""The officer's hand on the page of one submission: keys, the mouse, and a desk on which nothing moves under it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import select

from lib.codes import Status
from models import Declaration, ReviewMeasure, db
from scripts import keys
from tests.support.office.review_desk import COMPLETE, address, fresh


def sent_marks(declaration: Declaration) -> dict[str, Any]:
    sent = {mark.target: mark for mark in fresh(declaration).revisions[0].marks}
    db.session.rollback()
    return sent


def test_a_return_with_three_marks_takes_twenty_keys_and_one_page(make, desk, officer):
    """As scripts/keys.py counts it. The question before the return is asked in the page."""
    declaration = make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    window = desk()
    window.go(address(declaration))
    opened: list[str] = []
    window.page.on("framenavigated", lambda frame: opened.append(frame.url))
    pressed = keys.counted(window.page, keys.send_back)
    assert pressed <= keys.MOST_RETURN
    assert len(opened) == 1, opened  # what comes after the return
    sent = sent_marks(declaration)
    assert set(sent) == {"nation", "postal_address", "id_portrait"}
    left, top, width, height = sent["id_portrait"].rectangle
    assert (left, top, width, height) == pytest.approx((0, 1 / 3, 1 / 3, 1 / 3), abs=0.001)
    measure = db.session.scalars(select(ReviewMeasure)).one()
    assert measure.keys == pressed
    phases = measure.look_seconds, measure.pictures_seconds, measure.marks_seconds, measure.confirmation_seconds
    told = [seconds for seconds in phases if seconds is not None]
    assert len(told) == len(phases)
    assert 0 < sum(told) <= measure.seconds + 4
    db.session.rollback()


def drag(stage: Locator) -> None:
    box, mouse = stage.bounding_box(), stage.page.mouse
    assert box
    mouse.move(box["x"] + 200, box["y"] + 150)
    mouse.down()
    mouse.move(box["x"] + 320, box["y"] + 220, steps=3)
    mouse.up()


def test_row_and_picture_are_one_thing_by_key_and_by_mouse(make, desk, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    window = desk()
    page = window.page
    window.go(address(declaration))
    at = keys.Hand(page).at
    page.locator("#row-nation").click()
    page.keyboard.press("]")
    at("id_emblem")
    page.locator("[data-thumb][data-kind=work_proof]").click()
    at("work_proof")
    page.keyboard.press("m")
    expect(page.get_by_label("工作证明：原因")).to_be_focused()
    page.locator(".choices button").first.click()
    at("work_proof")
    page.get_by_role("button", name="框选").click()
    drag(page.locator(".stage:not([data-before])"))
    at("work_proof")
    page.get_by_label("毕业院校：标记问题").check()
    page.locator(".choices button").nth(1).click()
    at("full_time_school")
    page.keyboard.press("e")
    page.keyboard.type("jm 请写全称")  # typed in: no key of ours
    page.keyboard.press("Enter")  # and sends nothing
    at("full_time_school")
    page.get_by_role("button", name="退回修改").click()
    dialog = page.get_by_role("dialog", name="退回 单小燕 的申报")
    expect(dialog).to_contain_text("已在第 1 张图片上框出位置")
    expect(dialog).to_contain_text("jm 请写全称")
    window.look()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="退回修改").click()
    page.get_by_role("button", name="确认退回").click()
    expect(page.get_by_text("已退回 单小燕")).to_be_visible()
    assert set(sent_marks(declaration)) == {"work_proof", "full_time_school"}


def test_a_mark_is_taken_off_where_it_was_set_and_a_refusal_leads_to_what_lacks(make, desk, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    window = desk()
    page, board = window.page, window.page.keyboard
    window.go(address(declaration))
    hand = keys.Hand(page)
    hand.jump("gzzm", "work_proof")
    board.press("m")
    expect(page.get_by_label("工作证明：原因")).to_be_focused()
    board.press("m")
    expect(page.get_by_label("工作证明：标记问题")).not_to_be_checked()
    hand.at("work_proof")
    board.press("x")
    expect(page.get_by_text("拖动画框")).to_be_in_viewport()
    board.press("Escape")
    expect(page.get_by_text("已取消框选")).to_have_class("vh")
    hand.jump("by", "full_time_school")
    board.press("m")
    board.press("Escape")
    hand.at("full_time_school")
    for _again in range(2):
        hand.jump("mz", "nation")
        board.press("b")
        expect(page.get_by_label("毕业院校：原因")).to_be_focused()
        expect(page.get_by_role("alert")).to_have_text(re.compile("请为每一处标记选择原因或填写说明"))  # once
    board.press("1")
    board.press("b")
    expect(page.get_by_role("button", name="确认退回")).to_be_focused()
    board.press("Escape")

    page.get_by_role("button", name="不予采集").click()
    dialog, send = page.get_by_role("dialog"), page.get_by_role("button", name="确认不予采集")
    send.click()
    first = dialog.get_by_role("radio").first
    expect(first).to_be_focused()
    expect(first).to_have_accessible_description(re.compile("请选择不予采集的原因"))
    window.look()
    dialog.get_by_label("重复采集").check()
    send.click()
    expect(page.get_by_text("已不予采集")).to_be_visible()


#: Names of rows and words of buttons in more lines than one, a picture's title that is cut off or in a second line; and
#: thumbnails that their strip does not show.
BROKEN = """() => {
  const lines = (element) => new Set([...element.getClientRects()].map((box) => Math.round(box.top))).size;
  const words = (element) => {
    const range = document.createRange();
    range.selectNodeContents(element);
    return range;
  };
  const torn = [...document.querySelectorAll(".fv dt, .dec .btn span:not(.vh)")].filter((one) => lines(words(one)) > 1);
  const strip = document.querySelector(".thumbs").getBoundingClientRect();
  const lost = [...document.querySelectorAll("[data-thumb]")].filter((thumb) => {
    const box = thumb.getBoundingClientRect();
    return box.bottom > strip.bottom + 1 || box.right > strip.right + 1;
  });
  const titles = [...document.querySelectorAll(".vw [data-title-here]")];
  const cut = titles.filter((one) => one.scrollWidth > one.clientWidth);
  const wrapped = [...document.querySelectorAll(".vw .bar")].filter((one) => one.offsetHeight > 45);
  return [...torn, ...lost, ...cut, ...wrapped].map((one) => one.textContent);
}"""
OVERFLOWS = "document.documentElement.scrollHeight > innerHeight"


def box(shown: Locator) -> Mapping[str, Any]:
    found = shown.bounding_box()
    assert found
    return found


def test_the_desk_stays_put_and_shows_all(make, desk, officer, second_look):
    make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    window = desk()
    page = window.page
    page.set_viewport_size({"width": 1280, "height": 800})
    window.wait_longer("said.js", "STAYS_MS = 12_000;")
    window.go(f"{address(second_look)}?all=1")
    expect(page.get_by_role("button", name="框选")).to_be_visible()
    expect(page.get_by_role("button", name="对比上次")).to_be_visible()
    assert page.evaluate(BROKEN) == []
    assert box(page.get_by_role("heading", name="以前的审核"))["y"] < 700
    expect(page.get_by_role("button", name="保存标记")).to_have_count(1)
    before = page.locator("form.rv").bounding_box()
    title = page.locator("[data-title-here]")
    page.locator("[data-thumb][data-kind=sheet]").click()
    expect(title).to_have_text("个人基本信息表")
    assert title.evaluate("title => title.getBoundingClientRect().height < 26"), "one line"
    page.get_by_text("写备注").click()
    assert not page.evaluate(OVERFLOWS)
    page.locator("#row-full_time_school dt").click()
    in_sight = page.locator(".scroll").evaluate("pane => (pane.scrollTop -= 60)")
    page.get_by_role("button", name="保存标记").click()
    said = page.get_by_role("status").filter(has_text="标记已保存")
    expect(said).to_be_visible()
    page.wait_for_load_state()  # with its style sheets
    assert page.locator("form.rv").bounding_box() == before
    keys.Hand(page).at("full_time_school")  # the page comes back where it was left
    assert page.locator(".scroll").evaluate("pane => pane.scrollTop") == in_sight > 0
    said.get_by_role("button", name="关闭提示").click()
    expect(said).to_have_count(0)
    assert keys.counted(page, keys.approve) <= keys.MOST_SECOND_LOOK
    page.wait_for_load_state()
    undo, pictures = box(page.locator(".undo")), box(page.locator(".vw"))
    assert undo["x"] >= pictures["x"] + pictures["width"], "it covers no picture"
    assert page.locator("form.rv").bounding_box() == before
    page.get_by_role("button", name="撤销").click()
    expect(page.get_by_text("已撤销刚才的决定")).to_be_visible()
    page.get_by_role("button", name="审核通过，下一件").click()
    expect(page.get_by_role("button", name="撤销")).to_be_visible()
