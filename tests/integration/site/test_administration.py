"""管理: the menu of the administration."""

from __future__ import annotations

import re

import pytest

from lib.codes import Role

OWN = {
    Role.MANAGER: {"咨询电话", "原因列表", "我的账号"},
    Role.SYSTEM: {"通知公告", "原因列表", "我的账号"},
    Role.SECURITY: {"我的账号"},
    Role.AUDITOR: {"我的账号"},
}


@pytest.mark.parametrize("role", OWN)
def test_the_menu_has_the_pages_of_a_role_and_every_one_opens(client, make, role):
    client.sign_in(make.staff(role, "210000"))

    menu = re.findall(r'<li><a href="([^"]+)">([^<]+)</a>', client.open("/staff/admin").text)

    assert OWN[role] <= {title for _path, title in menu}
    for path, _title in menu:
        client.open(path)
