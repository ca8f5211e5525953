"""A computer and a phone side by side: the picture that the phone takes appears on the computer by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from models import db
from services.papers import phone_upload
from tests.browser.walk import photo
from tests.support.applicant.filing import pages_of
from tests.support.people import EMPLOYED

KIND = "employer_licence"


@pytest.fixture
def tokens(monkeypatch):
    made: list[str] = []
    original = phone_upload.new_token
    monkeypatch.setattr(phone_upload, "new_token", lambda: made.append(original()) or made[-1])  # type: ignore[func-returns-value]
    return made


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_what_the_phone_takes_appears_on_the_page_that_is_open(visit, make, tokens, screen):
    declaration = make.declaration(**EMPLOYED)
    computer, phone = visit(screen), visit("phone")
    computer.sign_in(declaration.account)
    computer.go("/apply/papers")
    row = computer.page.locator(f"#paper-{KIND}")
    row.get_by_role("button", name="用手机拍照").click()
    dialog = computer.page.get_by_role("dialog")
    expect(dialog).to_contain_text("还有 4:5")
    computer.look()

    phone.go(f"/hand-over/{tokens[-1]}")
    assert declaration.account.name not in phone.page.content()
    phone.page.locator("input[type=file]").set_input_files(photo("照片.jpg", 3, 500, 400))
    expect(phone.page.get_by_role("heading", name="已上传")).to_be_visible()
    expect(phone.page.locator("main")).to_contain_text("只有 500×400 像素")
    phone.look()

    expect(row).to_contain_text("已上传")
    expect(dialog).to_be_hidden()
    expect(computer.page.locator("[data-uploaded]")).to_have_text("1")
    expect(row).to_contain_text("只有 500×400 像素")
    computer.page.bring_to_front()
    expect(row.get_by_role("button", name="用手机拍照")).to_be_focused()
    db.session.rollback()  # what this test has read is outdated
    assert len(pages_of(declaration, KIND)) == 1
    phone.page.reload()
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("二维码已失效")


def test_without_scripts_on_both_sides(visit, make, tokens):
    declaration = make.declaration(**EMPLOYED)
    computer, phone = visit("desk", java_script_enabled=False), visit("phone", java_script_enabled=False)
    computer.sign_in(declaration.account)
    computer.go("/apply/papers")
    computer.page.locator(f"#paper-{KIND}").get_by_role("button", name="用手机拍照").click()
    computer.look()
    phone.go(f"/hand-over/{tokens[-1]}")
    phone.page.locator("input[type=file]").set_input_files(photo())
    phone.press("上传")
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("已上传")
    computer.press("刷新")
    expect(computer.page.locator(f"#paper-{KIND}")).to_contain_text("已上传")


def test_without_scripts_what_was_typed_beside_the_photo_is_kept(visit, make, tokens):
    computer = visit("desk", java_script_enabled=False)
    computer.sign_in(make.declaration(**EMPLOYED).account)
    computer.go("/apply/personal")
    computer.fill("通讯地址", "还没有保存的地址")
    computer.press("用手机拍照")
    expect(computer.page.get_by_role("heading", level=1)).to_have_text("用手机拍照：一寸照片")
    assert tokens
    computer.press("刷新")
    expect(computer.page.get_by_label("通讯地址")).to_have_value("还没有保存的地址")


def test_cancelling_ends_the_code_and_gives_the_focus_back(visit, make, tokens):
    declaration = make.declaration(**EMPLOYED)
    computer, phone = visit("desk"), visit("phone")
    computer.sign_in(declaration.account)
    computer.go("/apply/papers")
    button = computer.page.locator(f"#paper-{KIND}").get_by_role("button", name="用手机拍照")
    button.focus()
    computer.page.keyboard.press("Enter")
    expect(computer.page.get_by_role("dialog")).to_be_visible()
    with computer.page.expect_response(re.compile("/cancel$")):
        computer.page.keyboard.press("Escape")
    expect(button).to_be_focused()
    phone.page.goto(f"{phone.site}/hand-over/{tokens[-1]}")
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("二维码已失效")


def test_the_photo_is_taken_by_a_phone_from_its_own_page(visit, make, tokens):
    declaration = make.declaration(**EMPLOYED)
    computer, phone = visit("desk"), visit("phone")
    computer.sign_in(declaration.account)
    computer.go("/apply/personal")
    computer.page.get_by_role("button", name="用手机拍照").click()
    expect(computer.page.get_by_role("dialog")).to_be_visible()
    phone.go(f"/hand-over/{tokens[-1]}")
    expect(phone.page.locator(".note")).to_contain_text("正对镜头，头部居中")
    expect(phone.page.locator(".note")).not_to_contain_text("证件")
    phone.page.locator("input[type=file]").set_input_files(photo())
    expect(phone.page.get_by_role("heading", name="已上传")).to_be_visible()
    expect(computer.page.get_by_role("img", name="已上传的一寸照片")).to_be_visible()
