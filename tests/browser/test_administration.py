"""The administration in a browser: accounts of officers, looked at by axe, wide and narrow."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from lib.codes import Role
from models import db
from tests.browser.conftest import SCREENS


def test_a_manager_makes_an_account_and_hands_over_the_slip(make, visit):
    boss = make.staff(Role.MANAGER, "210100", name="钱主管")
    visitor = visit("phone", also=[SCREENS["desk"]])
    visitor.sign_in(boss)
    db.session.rollback()
    visitor.go("/staff/admin")
    visitor.press("工作人员账号")
    visitor.press("新建账号")
    visitor.fill("姓名", "孙审核")
    visitor.fill("用户名", "Sun.Shen")
    visitor.choose("角色", "审核员")
    visitor.choose("部门", "沈阳市和平区财政局")
    visitor.press("新建账号")
    expect(visitor.page.get_by_role("img", name="二维码")).to_be_visible()
    expect(visitor.page.locator("#password")).to_have_text(re.compile(r"(\w{4}-){3}\w{4}"))
    visitor.press("已经交给本人")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("孙审核")
    expect(visitor.page.get_by_text("初始密码还没有修改")).to_be_visible()
