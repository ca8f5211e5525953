"""核验申请 in a real browser, for each of the three needs: from the page that leads there to signing in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import walk
from tests.browser.conftest import Visitor
from tests.support.people import id_number

NUMBER, RIGHT = id_number(941), id_number(943)
NAME = "单小燕"


def occupied(person: Visitor) -> None:
    """「证件号被占用」: somebody else has mistyped the number."""
    person.go("/register")
    person.fill("证件号码", NUMBER)
    person.fill("姓名", NAME)
    person.fill("手机号码", "13800139401")
    person.page.get_by_label("我已阅读并同意《个人信息告知》").check()
    person.press("注册")
    assert "该证件号被占用" in person.text()
    person.press("提交核验申请")


def no_proof(person: Visitor) -> None:
    person.go("/claim")
    person.fill("姓名", NAME)
    person.fill("身份证号", NUMBER)
    person.press("登录")
    person.page.get_by_role("radio", name=re.compile("提交核验申请")).check()
    person.press("下一步")
    person.fill("手机号码", "13800139401")


def forgotten(person: Visitor) -> None:
    person.go("/forgot")
    person.fill("姓名", NAME)
    person.fill("证件号码", NUMBER)
    person.press("下一步")
    person.page.locator("main p").get_by_role("link", name="提交核验申请").first.click()
    person.page.wait_for_load_state()
    person.look()
    person.fill("手机号码", "13800139401")


def apply(person: Visitor) -> str:
    """The rest of the form, whose name and number are filled in already; returns the receipt."""
    assert person.page.get_by_label("证件号码", exact=True).input_value() == NUMBER
    person.fill("情况说明", "请核对证件照片")
    person.page.get_by_label("会计管理部门", exact=True).select_option("210102")
    person.page.get_by_label("证件照片").set_input_files(walk.photo("证件.jpg"))
    person.page.get_by_label("我已阅读并同意《个人信息告知》").check()
    person.press("提交")
    receipt = person.page.locator(".receipt").inner_text()
    person.press("我已保存，查看办理情况")
    assert "正在核验" in person.text()
    return receipt


def decide(office: Visitor, outcome: str) -> None:
    office.go("/staff/queue")
    office.press("核验")
    office.press(NAME)
    if office.scripts:
        expect(office.page.locator("[data-viewer] .stage img")).to_be_visible()
    office.tick("办理结果", outcome)
    if outcome == "他人填错号码":
        office.fill("该账号正确的证件号码", RIGHT)
        office.fill("原因", "注册时末位填错")
        office.fill("核实依据", "已电话联系账号本人")
    office.press("办理")
    assert "已办理" in office.text()


@pytest.mark.parametrize(
    ("way", "screen", "scripts", "outcome"),
    [
        pytest.param(occupied, "phone", True, "他人填错号码", id="occupied"),
        pytest.param(no_proof, "desk", False, "是本人", id="no-proof-without-scripts"),
        pytest.param(forgotten, "phone", False, "是本人", id="forgotten-without-scripts"),
    ],
)
def test_the_department_says_yes_and_the_person_signs_in(
    visit, desk, make, way: Callable[[Visitor], None], screen, scripts, outcome
):
    stands: dict[Any, Any] = {
        occupied: ("马建军", make.account),
        no_proof: (NAME, make.legacy),
        forgotten: (NAME, make.account),
    }
    name, made = stands[way]
    made(name, NUMBER)
    person = visit(screen, java_script_enabled=scripts)
    way(person)
    receipt = apply(person)

    decide(desk(screen, java_script_enabled=scripts), outcome)

    later = visit(screen, java_script_enabled=scripts)
    later.go("/assistance/return")
    later.fill("回执编号", receipt)
    later.fill("证件号码", NUMBER)
    later.press("查看")
    later.press("设置登录密码")
    walk.set_password(later)
    walk.sign_in(later, NAME, NUMBER)
    expect(later.page.get_by_role("heading", level=1)).to_have_text("阅读须知")
