"""管理: the menu of the administration."""

from __future__ import annotations

import re

import pytest

from lib.codes import Role

OWN = {
    Role.MANAGER: {"部门和咨询电话", "工作人员账号", "核验申请", "原因列表", "消息", "我的账号"},
    Role.SYSTEM: {"通知公告", "工作日历", "选项列表", "消息文字", "原持证人名册", "工作人员账号", "我的账号"},
    Role.SECURITY: {"工作人员账号", "我的账号"},
    Role.AUDITOR: {"操作日志", "工作人员账号", "我的账号"},
}


@pytest.mark.parametrize("role", OWN)
def test_the_menu_has_the_pages_of_a_role_and_every_one_opens(client, make, role):
    client.sign_in(make.staff(role, "210000"))

    menu = re.findall(r'<li><a href="([^"]+)">([^<]+)</a>', client.open("/staff/admin").text)

    assert OWN[role] <= {title for _path, title in menu}
    for path, _title in menu:
        client.open(path)
