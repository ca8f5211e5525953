"""The whole journey in a real browser: registration to archive with a return in between, at a desk by keyboard alone,
on a phone with a thumb and without scripts; and the claim of a legacy record."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from lib.codes import Role, Status
from models import db
from scripts import taps
from tests.browser import walk
from tests.browser.conftest import Visitor
from tests.browser.keyboard import Keyboard
from tests.support.people import WITH_EMPLOYER, id_number

#: Each run has both sizes with scripts, and one of them without: what is laid out otherwise is seen with scripts.
WAYS = [
    pytest.param("desk", True, id="desk"),
    pytest.param("phone", True, id="phone"),
    pytest.param("desk", False, id="desk-without-scripts", marks=pytest.mark.soak),
    pytest.param("phone", False, id="phone-without-scripts"),
]


def file_with_a_thumb(person: Visitor) -> None:
    """The same as a person with a phone does it, as scripts/taps.py counts it; the employer has filed before."""
    thumb = taps.Thumb(person.page, person.look)
    taps.walk(thumb, person.site)
    assert thumb.total[0] <= taps.MOST_TAPS, "\n".join(taps.table(thumb))
    assert thumb.total[1] <= taps.MOST_KEYS, "\n".join(taps.table(thumb))


def file_and_submit(person: Visitor, name: str, number: str, scripts: bool) -> None:
    """From the home page to 申报告知."""
    walk.register(person, name, number)
    walk.sign_in_with_new_password(person, name, number)
    walk.read_notice(person)
    expect(person.page.get_by_text("填写的内容会自动保存")).to_be_visible(visible=scripts)  # only scripts do that
    walk.fill_personal(person, scripts)
    walk.fill_employer(person, scripts)
    walk.fill_education(person, scripts)
    walk.fill_qualification(person, scripts)
    expect(person.page.get_by_role("heading", level=1)).to_have_text("核对信息")
    assert walk.print_sheet(person).startswith(b"%PDF")
    person.press("下一步")
    walk.upload_all(person, scripts)
    assert re.fullmatch(r"LN[0-9]{11}", walk.submit(person))


def correct_and_resubmit(person: Visitor, scripts: bool) -> None:
    """From the marks over the marked page and a newly signed sheet to 申报告知."""
    person.go("/apply")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("修改")
    assert "请写到门牌号" in person.text()
    person.press("开始修改")
    person.fill("通讯地址", "辽宁省沈阳市和平区样例路 1 号 203 室")
    person.press("已修改，下一处")
    expect(person.page.get_by_role("heading", level=1)).to_have_text("重新打印、签名并上传个人基本信息表")
    walk.print_sheet(person)
    walk.send_picture(person, scripts, seed=7)
    person.press("保存，下一处")
    walk.submit(person, "重新提交")


@pytest.mark.parametrize(("screen", "scripts"), WAYS)
def test_registration_to_archive_with_a_return_in_between(visit, make, totp, screen, scripts):
    officer = make.staff(Role.REVIEWER, "210102")
    thumb = screen == "phone" and scripts
    person = visit(screen, java_script_enabled=scripts, has_touch=thumb, is_mobile=thumb)
    name = taps.NAME if thumb else "李𬭎"
    if thumb:
        make.declaration(Status.APPROVED, **WITH_EMPLOYER)
        file_with_a_thumb(person)
    else:
        if scripts:
            person = Keyboard(**vars(person))
        file_and_submit(person, name, id_number(131), scripts)

    office = visit("desk", java_script_enabled=scripts)
    walk.staff_sign_in(office, officer.username, totp)
    office.press("领取下一件")
    assert name in office.text()
    walk.mark(office, "通讯地址", "请写到门牌号")
    office.press("退回修改", exact=False)
    office.page.get_by_role("button", name="确认退回").click()
    office.page.get_by_role("button", name="撤销").wait_for()

    correct_and_resubmit(person, scripts)

    office.go("/staff/queue")
    office.press("领取下一件")
    assert "样例路 1 号 203 室" in office.text()
    expect(office.page.locator("del", has_text=re.compile("样例路 ?1 ?号")).first).to_be_visible()
    office.press("审核通过", exact=False)

    person.go("/apply")
    expect(person.page.get_by_role("heading", level=1)).to_contain_text("人员档案")
    person.page.locator("summary", has_text="个人信息").click()
    assert "样例路 1 号 203 室" in person.text()


def test_a_legacy_holder_claims_the_record_with_a_code_from_the_counter(visit, make, totp):
    officer = make.staff(Role.REVIEWER, "210102")
    legacy = make.legacy("孙立国", employer="样例县华业机械有限公司")
    counter = visit("desk")
    walk.staff_sign_in(counter, officer.username, totp)
    counter.press("窗口")
    counter.fill("姓名", legacy.name)
    counter.fill("证件号码", legacy.id_number)
    counter.press("查询")
    counter.page.get_by_label("我已当面核对身份证件").check()
    counter.page.get_by_role("button", name=re.compile("激活码")).click()
    code = re.search(r"\b[0-9]{4} ?[0-9]{4}\b", counter.text())
    assert code

    person = visit("phone")
    person.go("/")
    person.press("原有用户设置密码", exact=False)
    person.fill("姓名", "孙立国")
    person.fill("身份证号", legacy.id_number)
    person.press("登录")
    person.page.get_by_role("radio", name=re.compile("激活码")).check()
    person.fill("激活码", code.group())
    person.press("下一步")
    walk.set_password(person)
    walk.sign_in_with_new_password(person, "孙立国", legacy.id_number)
    walk.read_notice(person)

    expect(person.page.get_by_role("radio", name="是", exact=True).first).to_be_checked()
    assert "LN20080001" in person.page.get_by_label("会计从业资格证书档案号(证书编号)").input_value()


def test_one_presses_submit_twice_and_gets_one_revision(visit, make):
    declaration = make.declaration(Status.DRAFT)
    make.papers(declaration)
    person = visit("phone").sign_in(declaration.account)
    person.go("/apply/papers")
    person.page.get_by_label("我已阅读并同意《关于本人信息真实准确承诺函》").check()

    person.page.get_by_role("button", name="提交").dblclick()

    expect(person.page.get_by_role("heading", level=1)).to_have_text("提交成功")
    db.session.expire_all()
    assert declaration.revision_number == 1
    person.page.go_back()
    person.page.wait_for_load_state()
    expect(person.page.get_by_role("heading", level=1)).to_have_text("申报进度")
