"""A computer and a phone side by side: the picture that the phone takes appears on the computer by itself."""

from __future__ import annotations

import base64
import re

import pytest
from playwright.sync_api import expect

from forms import SHEET
from models import db
from services.papers import phone_upload
from tests.browser.walk import photo
from tests.integration.papers.test_phone_papers import signed
from tests.support.applicant.filing import add_photo, pages_of
from tests.support.people import EMPLOYED

KIND = "employer_licence"


@pytest.fixture
def tokens(monkeypatch):
    made: list[str] = []
    original = phone_upload.new_token
    monkeypatch.setattr(phone_upload, "new_token", lambda: made.append(original()) or made[-1])  # type: ignore[func-returns-value]
    return made


def test_what_the_phone_takes_appears_on_the_page_that_is_open(visit, make, tokens):
    declaration = make.declaration(**EMPLOYED)
    computer, phone = visit("desk"), visit("phone")
    computer.sign_in(declaration.account)
    computer.go("/apply/papers")
    row = computer.page.locator(f"#paper-{KIND}")
    row.get_by_role("button", name="用手机拍照").click()
    dialog = computer.page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile("还有 4:[0-5][0-9]"))
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


#: What a browser does when files are let go over an element, or pasted.
BROUGHT = """([target, type, files]) => {
  const data = new DataTransfer();
  for (const [name, text] of files) {
    data.items.add(new File([Uint8Array.from(atob(text), (one) => one.charCodeAt(0))], name, { type: "image/jpeg" }));
  }
  const options = { bubbles: true, cancelable: true, dataTransfer: data, clipboardData: data };
  const Kind = type === "paste" ? ClipboardEvent : DragEvent;
  document.querySelector(target).dispatchEvent(new Kind(type, options));
}"""


def bring(page, target: str, kind: str, *files: tuple[str, bytes]) -> None:
    page.evaluate(BROUGHT, [target, kind, [(name, base64.b64encode(data).decode()) for name, data in files]])


def printed(computer) -> bytes:
    """The sheet as a PDF."""
    computer.go("/apply/check")
    form = computer.page.locator("form[action$=print]")
    token = form.locator("[name=csrf_token]").input_value()
    return computer.page.request.post(f"{computer.site}/apply/check/print", form={"csrf_token": token}).body()


def test_one_code_for_all_papers_then_files_dropped_and_pasted_find_their_rows(visit, make, tokens):
    declaration = make.declaration(**EMPLOYED)
    add_photo(declaration)
    computer, phone = visit("desk"), visit("phone")
    computer.sign_in(declaration.account)
    sheet = signed(printed(computer))
    computer.go("/apply/papers")
    computer.page.get_by_role("button", name="用手机拍全部附件").click()
    dialog = computer.page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile("还有 19:[0-5][0-9]"))
    computer.look()
    phone.go(f"/hand-over/{tokens[-1]}")
    for kind in ("id_portrait", "id_emblem"):
        phone.page.locator(f"#paper-{kind} input[type=file]").set_input_files(photo("照片.jpg", 3, 500, 400))
        expect(phone.page.locator(f"#paper-{kind}.ok")).to_contain_text("只有 500×400 像素")
        expect(computer.page.locator(f"#paper-{kind}")).to_contain_text("已上传")
    phone.look()
    expect(dialog).to_contain_text("已收到：居民身份证(人像面)、居民身份证(国徽面)")
    phone.press("拍完了，结束")
    expect(phone.page.get_by_role("heading", level=1)).to_have_text("已结束")
    expect(dialog).to_be_hidden()

    page, small = computer.page, photo("x", 4)["buffer"]
    bring(page, "[data-drop]", "drop", ("IMG_1.jpg", small), ("IMG_2.jpg", sheet), ("毕业证.jpg", small))
    expect(page.locator("[data-total]")).to_contain_text("共 3 张，已存入 3 张")
    for kind in ("employer_licence", "sheet", "full_time_diploma"):
        expect(computer.page.locator(f"#paper-{kind}")).to_contain_text("已上传")
    expect(computer.page.locator("#paper-sheet")).to_contain_text("单位盖章处没有发现红色印章")
    computer.look()
    bring(page, "body", "paste", ("image.png", small))
    expect(page.locator("[data-total]")).to_contain_text("共 4 张，已存入 4 张")
    page.get_by_label("粘贴的图片.png 是哪一项附件").select_option("work_proof")
    expect(computer.page.locator("#paper-work_proof")).to_contain_text("已上传")
    bring(page, "#paper-employer_licence", "drop", ("b.jpg", small))
    expect(computer.page.locator("#paper-employer_licence")).to_contain_text("共 2 张")
    db.session.rollback()
    assert len(pages_of(declaration, SHEET)) == 1
