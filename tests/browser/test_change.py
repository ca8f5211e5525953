"""A new employer on a phone: what has changed, one code, three pages."""

from __future__ import annotations

from stdnum.cn import uscc

from lib.codes import Kind, Status
from models import Declaration, db
from tests.support.people import EMPLOYED

BODY = "91219900MA0ABCDF1"
OTHER = BODY + uscc.calc_check_digit(BODY)


def test_a_new_employer_on_a_phone_is_its_code_and_three_pages(make, visit):
    new = {"employer_name": "样例新单位有限公司", "employer_code": OTHER, "employer_address": "样例大街 77 号"}
    make.declaration(Status.APPROVED, make.account("孙立国"), **EMPLOYED | new | {"unit_type": "state_owned"})
    owner = make.declaration(Status.APPROVED, **EMPLOYED).account
    person = visit("phone")
    person.sign_in(owner)
    page = person.page
    person.go("/archive")
    page.get_by_role("link", name="申请变更").click()
    person.look()
    page.get_by_label("工作单位、岗位或人员状态").check()
    page.get_by_role("button", name="下一步").click()
    person.listens()
    page.get_by_label("统一社会信用代码").fill(OTHER)
    page.get_by_text("已按代码填入单位信息").wait_for()
    page.get_by_label("单位详细地址").fill("样例大街 78 号")
    page.get_by_role("button", name="下一步").click()
    page.wait_for_url("**/apply/check")
    others = page.locator("details.fold").filter(has_text="没有修改的内容")
    assert not others.locator("dt").first.is_visible()
    others.locator("summary").click()
    others.locator("dt", has_text="通讯地址").wait_for()
    person.look()
    page.get_by_role("link", name="下一步").click()
    page.get_by_text("沿用档案里的图片，不用重新上传").wait_for()
    person.look()
    db.session.expire_all()
    change = db.session.query(Declaration).filter_by(kind=Kind.CHANGE).one()
    assert (change.employer_name, change.employer_code) == (new["employer_name"], OTHER)
    assert (change.unit_type, change.employer_address) == ("state_owned", "样例大街 78 号")
