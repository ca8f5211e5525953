"""A returned declaration is corrected on a phone: one mark a screen, with and without scripts, down to 360 px."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import expect

from lib.codes import Status
from models import Declaration, db
from services.marks.marks import MarkRequest
from tests.browser import walk
from tests.browser.conftest import SCREENS, Visitor
from tests.support.applicant.filing import returned

NEXT, SAVE = "已修改，下一处", "保存，下一处"


@dataclass
class Thumb:
    """What a person does on a phone, counted: a field takes one tap, a list two, a picture one."""

    visitor: Visitor
    taps: int = 0

    @property
    def width(self) -> int:
        assert self.visitor.page.viewport_size
        return self.visitor.page.viewport_size["width"]

    def press(self, name: str) -> None:
        self.taps += 1
        self.visitor.press(name)

    def fill(self, label: str, text: str) -> None:
        self.taps += 1
        self.visitor.fill(label, text)

    def choose(self, label: str, option: str) -> None:
        self.taps += 2
        self.visitor.choose(label, option)

    def tick(self, group: str, option: str) -> None:
        self.taps += 1
        self.visitor.tick(group, option)

    def picture(self, seed: int) -> None:
        self.taps += 1 if self.visitor.scripts else 2
        walk.send_picture(self.visitor, self.visitor.scripts, seed)

    def print_sheet(self) -> None:
        self.taps += 1
        walk.print_sheet(self.visitor)

    def submit(self) -> None:
        self.taps += 2
        walk.submit(self.visitor, "重新提交")

    def expect_title(self, title: str) -> None:
        expect(self.visitor.page.get_by_role("heading", level=1)).to_have_text(title)


@pytest.fixture
def phone(visit: Callable[..., Visitor]) -> Callable[..., Thumb]:
    """A phone on which the declaration's owner is signed in."""

    def open_phone(declaration: Declaration, width: int, scripts: bool = True) -> Thumb:
        window = visit("phone", java_script_enabled=scripts)
        window.page.set_viewport_size({"width": width, "height": 800})
        return Thumb(window.sign_in(declaration.account))

    return open_phone


def three_marks(make: Any) -> Declaration:
    """A field, a field that opens others, and a paper with a place on its picture."""
    declaration = returned(
        make,
        MarkRequest("postal_address", "incomplete", "请写到门牌号"),
        MarkRequest("qualification", "not_qualification", "证书是中级，请改选"),
        MarkRequest("id_emblem", "blurred", "有效期看不清"),
    )
    mark = next(mark for mark in declaration.revisions[0].marks if mark.target == "id_emblem")
    mark.page, mark.rectangle = 0, [0.4, 0.62, 0.45, 0.2]
    db.session.commit()
    return declaration


def tell_the_certificate(thumb: Thumb) -> None:
    thumb.tick("专业技术资格类型", "会计类")
    thumb.tick("取得方式", "考试")
    thumb.fill("取得时间", "2021-09-05")
    thumb.fill("证书编号", "20210921034219900")


def add_the_papers(thumb: Thumb) -> None:
    """What the corrections require as well: the certificate, and a newly signed sheet."""
    thumb.expect_title("专业技术资格证书")
    thumb.picture(seed=32)
    thumb.press(SAVE)
    thumb.expect_title("重新打印、签名并上传个人基本信息表")
    thumb.print_sheet()
    thumb.picture(seed=33)
    thumb.press(SAVE)


def test_three_marks_are_dealt_with_one_after_the_other(make, phone):
    declaration = three_marks(make)
    thumb = phone(declaration, 360)
    thumb.visitor.also = [SCREENS["phone"]]
    page = thumb.visitor.page
    thumb.visitor.go("/apply")
    thumb.press("开始修改")

    thumb.expect_title("通讯地址")
    assert "请写到门牌号" in thumb.visitor.text()
    assert "第 1 处，共 3 处" in thumb.visitor.text()
    thumb.fill("通讯地址", "辽宁省沈阳市和平区样例路 1 号 203 室")
    thumb.press(NEXT)

    thumb.expect_title("专业技术资格")
    expect(page.get_by_label("证书编号")).to_be_hidden()
    thumb.tick("专业技术资格", "中级")
    expect(page.get_by_label("证书编号")).to_be_visible()
    tell_the_certificate(thumb)
    thumb.press(NEXT)

    thumb.expect_title("居民身份证(国徽面)")
    expect(page.get_by_role("img", name=re.compile("红框处"))).to_be_visible()
    assert "有效期看不清" in thumb.visitor.text()
    assert "第 3 处，共 5 处" in thumb.visitor.text(), "the certificate and the new sheet have joined the list"
    thumb.picture(seed=31)
    assert "原来的审核意见不再适用" in thumb.visitor.text()
    thumb.press(NEXT)

    add_the_papers(thumb)

    thumb.expect_title("已全部改好，请重新提交")
    thumb.submit()
    assert thumb.taps <= 20
    db.session.rollback()
    assert db.session.get_one(Declaration, declaration.id).status == Status.SUBMITTED


def test_one_mark_that_needs_no_new_signature_takes_five_taps(make, phone):
    declaration = returned(make, MarkRequest("postal_address", "incomplete", resign=False))
    thumb = phone(declaration, 390)
    thumb.visitor.go("/apply")
    thumb.press("开始修改")
    thumb.fill("通讯地址", "辽宁省沈阳市和平区样例路 1 号 203 室")
    thumb.press(NEXT)
    thumb.submit()
    assert thumb.taps == 5


def hand_over_at_a_desk(thumb) -> None:
    """【用手机拍照】 is not offered on the phone itself; then back to the page."""
    page = thumb.visitor.page
    here, button = page.url, page.get_by_role("button", name="用手机拍照")
    assert button.is_hidden()
    page.set_viewport_size({"width": 1280, "height": 900})
    button.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("用手机拍照：居民身份证(国徽面)")
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(here)


def test_the_same_without_scripts(make, phone):
    declaration = three_marks(make)
    thumb = phone(declaration, 360, scripts=False)
    page = thumb.visitor.page
    thumb.visitor.go("/apply")
    thumb.press("开始修改")
    thumb.fill("通讯地址", "")
    thumb.press(NEXT)
    assert "请填写通讯地址" in thumb.visitor.text()
    thumb.fill("通讯地址", "辽宁省沈阳市和平区样例路 1 号 203 室")
    page.get_by_label("通讯地址").press("Enter")  # presses 【已修改，下一处】, not 【返回】
    page.wait_for_load_state()

    thumb.expect_title("专业技术资格")
    thumb.tick("专业技术资格", "中级")
    assert page.get_by_label("证书编号").is_hidden()
    thumb.press(NEXT)
    expect(page.get_by_label("证书编号")).to_be_visible()
    tell_the_certificate(thumb)
    thumb.press(NEXT)

    thumb.expect_title("居民身份证(国徽面)")
    thumb.press("先跳过")
    add_the_papers(thumb)

    thumb.expect_title("居民身份证(国徽面)")
    page.locator("summary", has_text="写明情况").click()
    thumb.fill("情况说明", "原件就是这样，无法拍得更清")
    hand_over_at_a_desk(thumb)
    assert "原件就是这样，无法拍得更清" in page.get_by_label("情况说明").input_value()
    thumb.press("上一处")
    thumb.press(NEXT)
    assert "原件就是这样，无法拍得更清" in page.get_by_label("情况说明").input_value()
    thumb.press(NEXT)
    thumb.expect_title("已全部改好，请重新提交")
    thumb.submit()


def test_every_screen_keeps_its_manners_at_a_desk(make, phone):
    targets = ("photo", "sex", "department_code", "home_city", "accounting_started", "applicant_name", "sheet")
    declaration = returned(make, *(MarkRequest(target, "", "请核对") for target in targets))
    thumb = phone(declaration, 1280)
    thumb.visitor.go("/apply/corrections")
    for path in [link.get_attribute("href") for link in thumb.visitor.page.locator(".fixes a").all()]:
        thumb.visitor.go(str(path))
    for path in ("/account", "/", "/inbox", "/apply/status", "/apply/papers", "/apply/education"):
        thumb.visitor.go(path)
        said = thumb.visitor.page.locator("body").inner_text()
        assert "重新提交" in said, path


@pytest.mark.parametrize("scripts", [True, False])
def test_enter_in_a_field_presses_the_main_button(make, phone, scripts):
    thumb = phone(returned(make, MarkRequest("nation", "", "请核对")), 390, scripts)
    page = thumb.visitor.page
    thumb.visitor.go("/apply/personal")
    page.get_by_label("通讯地址").fill("辽宁省沈阳市和平区样例路 9 号")
    page.get_by_label("通讯地址").press("Enter")
    page.wait_for_url("**/apply/corrections")  # 【上一步】 would lead to 阅读须知
    thumb.visitor.go("/apply/personal")
    assert page.get_by_label("通讯地址").input_value() == "辽宁省沈阳市和平区样例路 9 号"
