"""我的信息 in a browser: export and close the account, looked at by axe, wide and narrow."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from models import db
from tests.support.office.printing import draw
from tests.support.people import PASSWORD


@pytest.mark.parametrize("screen", [pytest.param("desk", marks=pytest.mark.soak), "phone"])
def test_a_person_exports_and_then_closes_the_account(make, app, visit, screen):
    account = make.declaration().account
    visitor, page = (visited := visit(screen)), visited.page
    visitor.sign_in(account)
    db.session.rollback()
    visitor.go("/account")
    visitor.press("导出我的信息")
    visitor.fill("登录密码", PASSWORD)
    visitor.press("导出")
    expect(page.get_by_text("正在生成")).to_be_visible()
    assert draw(app).exit_code == 0
    visitor.go("/account/data")
    expect(page.get_by_text("下载 ZIP 文件")).to_be_visible()
    visitor.go("/account")
    visitor.press("注销账号")
    visitor.fill("登录密码", PASSWORD)
    visitor.press("注销账号")
    expect(page.get_by_text("账号已注销")).to_be_visible()
