"""Accounts of administrators: two people make one, neither can use it, and the last of a role stays."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from lib.codes import Role
from models import InboxMessage, Staff, db
from tests.integration.administration.test_staff_accounts import LIST, NEW, fresh, path, shown, verbs
from tests.support.office.second_factor import code, shown_secret, sign_in
from tests.support.site.command_line import runner

ADMINISTRATOR = NEW | {"username": "wu.an", "name": "武安全", "role": "security", "department": "210000"}
PROPOSE = f"{LIST}/new-administrator"


@pytest.fixture
def security(make):
    return make.staff(Role.SECURITY, "210000", name="甲安全")


@pytest.fixture
def system(make):
    return make.staff(Role.SYSTEM, "210000", name="乙系统")


def proposed(browser, security) -> tuple[Staff, str]:
    slip = browser.sign_in(security).send(PROPOSE, ADMINISTRATOR, expect=200).text
    assert "初始密码" not in slip
    return db.session.scalars(select(Staff).where(Staff.username == "wu.an")).one(), shown_secret(slip)


def test_two_people_make_an_administrator_and_each_knows_one_factor(browser, another_browser, security, system):
    row, secret = proposed(browser, security)
    assert "待确认" in browser.open(path(row)).text
    browser.send(path(row, "decide"), {"action": "confirm"}, expect=404)
    browser.send(path(row, "propose"), {"action": "disable"}, expect=404)
    told = db.session.scalars(select(InboxMessage)).one()
    assert (told.staff_id, told.link) == (system.id, path(row))

    second = another_browser.sign_in(system)
    assert "有 1 个管理员账号等待您确认" in second.open(LIST).text
    assert "武安全" in second.open(f"{LIST}?state=waiting").text
    assert f'action="{path(row, "decide")}"' in second.open(path(row)).text
    assert not fresh(row).active
    slip = second.send(path(row, "decide"), {"action": "confirm"}, expect=200).text
    assert "密钥" not in slip
    second.send(path(row, "totp"), expect=403)
    browser.send(path(row, "password"), expect=403)
    again = second.send(path(row, "decide"), {"action": "confirm"})
    assert "已经处理过" in second.follow(again).text

    sign_in(browser, row, password=shown(slip, "初始密码"), code=code(secret=secret))
    assert browser.open("/staff/admin", expect=302).location == "/staff/account"
    assert verbs() == ["staff_create", "staff_propose", "staff_confirm", "staff_sign_in"]


@pytest.mark.parametrize("who", ["refused", "withdrawn"])
def test_what_is_not_confirmed_stays_disabled_and_can_be_proposed_again(browser, security, system, who):
    row, _secret = proposed(browser, security)
    browser.sign_in(system if who == "refused" else security)
    assert "账号仍为停用" in browser.follow(browser.send(path(row, "decide"), {"action": "refuse"})).text
    assert (fresh(row).active, fresh(row).proposed_by) == (False, None)
    browser.sign_in(security).send(path(row, "propose"))
    assert fresh(row).proposed_by == security.id


def test_a_disabled_administrator_keeps_the_own_password_when_enabled(browser, another_browser, make, security, system):
    row = make.staff(Role.AUDITOR, "210000", name="丙审计")
    make.staff(Role.AUDITOR, "210000")
    sign_in(another_browser, row)
    browser.sign_in(security).send(path(row, "propose"), {"action": "disable"})
    assert another_browser.open("/staff/admin", expect=302).location == "/staff/login"
    browser.send(path(row, "propose"))
    assert "账号已启用" in browser.follow(browser.sign_in(system).send(path(row, "decide"), {"action": "confirm"})).text
    sign_in(another_browser, row, code=code(30))
    assert verbs()[1:-1] == ["staff_disable", "staff_propose", "staff_confirm"]


def test_the_last_administrator_of_a_role_stays_on_the_page_and_by_command(app, browser, make, security, system):
    said = browser.sign_in(security).follow(browser.send(path(system, "propose"), {"action": "disable"})).text
    assert "这是最后一个使用中的系统管理员账号" in said
    flask = runner(app)
    assert flask("staff", "disable", security.username)[0] == 1
    assert flask("staff", "move", security.username, "--role", "auditor")[0] == 1
    assert [fresh(one).active for one in (system, security)] == [True, True]
    make.staff(Role.SYSTEM, "210000", active=False)
    assert flask("staff", "disable", system.username)[0] == 1
    make.staff(Role.SYSTEM, "210000")
    browser.send(path(system, "propose"), {"action": "disable"})
    assert not fresh(system).active


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"role": "reviewer"}, "请从列表中选择角色"),
        ({"username": "X"}, "用户名应为"),
        ({"department": ""}, "请选择部门"),
    ],
)
def test_what_does_not_fit_is_said(browser, security, system, changed, message):
    assert message in browser.sign_in(security).send(PROPOSE, ADMINISTRATOR | changed, expect=422).text
    assert verbs() == []


def test_nothing_is_proposed_that_nobody_could_confirm(browser, make, security):
    make.staff(Role.SYSTEM, "210102")
    assert "没有可以确认的系统管理员" in browser.sign_in(security).send(PROPOSE, ADMINISTRATOR, expect=422).text
    assert verbs() == []
