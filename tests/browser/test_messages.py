"""A code by SMS in a browser, from 原有用户设置密码 to signing in; the administrator's pages of messages on a phone."""

from __future__ import annotations

from typing import Any

import pytest

from commands import messages
from lib.codes import Channel, Role
from lib.database import transaction_mode
from models import db
from tests.integration.messages.test_outbox import Recorder
from tests.integration.messages.test_sent_codes import code_of
from tests.support.people import PASSWORD

pytestmark = pytest.mark.parametrize("settings", [{"SMTP_URL": "console:", "SMS_URL": "console:"}], ids=["both"])


def test_a_record_is_claimed_with_a_code_by_sms(visit: Any, make: Any) -> None:
    holder = make.legacy("孙立国")
    holder.phone, number = "13800130444", holder.id_number
    db.session.commit()
    system = make.staff(Role.SYSTEM, "210000", name="钱系统")
    visitor, phone = visit("phone"), Recorder()
    visitor.go("/claim")
    visitor.fill("姓名", "孙立国")
    visitor.fill("身份证号", number)
    visitor.press("登录")
    visitor.press("获取短信验证码")
    assert "验证码会在一分钟左右发到该手机" in visitor.text()
    with transaction_mode("IMMEDIATE"):
        messages.send_due(5, {Channel.SMS: phone})
    visitor.fill("短信验证码", code_of(phone.got[0]))
    visitor.press("下一步")
    visitor.fill("登录密码", PASSWORD)
    visitor.fill("确认密码", PASSWORD)
    visitor.press("确定")
    assert "设置成功，请重新登录" in visitor.text()

    office = visit("phone")
    office.sign_in(system)
    office.go("/staff/admin/messages")
    assert "138****0444" in office.text()
    office.go("/staff/admin/texts")
    office.press("验证码：原有用户设置密码")
    office.fill("短信", "您的码")
    office.press("预览")
    assert "请写上「{验证码}」" in office.text()
    office.fill("短信", "验证码 {验证码}")
    office.press("预览")
    assert "验证码 12345678" in office.text()
