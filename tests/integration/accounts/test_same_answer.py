"""With a gateway for SMS: no page, header, length or statement tells whether a number is known, nor does a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from commands import messages
from lib.codes import AccountState, Channel
from lib.database import utcnow
from models import OutboxMessage, db
from tests.conftest import Browser, Page
from tests.integration.messages.test_outbox import Recorder
from tests.support.applicant.assistance import asked
from tests.support.people import id_number
from tests.support.rules.statements import counted
from tests.support.site.message_servers import SmsServer

pytestmark = pytest.mark.parametrize("settings", [{"SMTP_URL": "console:", "SMS_URL": "console:"}], ids=["sms"])
NAME, NOW = "单小燕", "2026-11-23T01:00:00Z"
VERIFIED, ACCOUNT, FROZEN, RECORD, CLAIMED, UNKNOWN, ANOTHER = map(id_number, range(821, 835, 2))
BY_SMS = {"factor": "sms_on_file", "sms_code": "00000001"}
BY_NUMBER = {"factor": "archive_no", "archive_no": "LN00000001", "issued": "2008-06"}
REGISTRATION = {"id_type": "resident_id", "phone": "13800130821", "privacy": "yes"}

#: Path, and what is sent besides name and number; SENT: the messages that wait are sent.
SENT: tuple[str, dict[str, Any]] = ("", {})
WAYS: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "sign in": [("/login", {"password": "wrong password"})] * 2,
    "forgotten": [("/forgot", {}), ("/forgot/sms", {}), SENT, *[("/forgot/code", {"code": "00000001"})] * 2],
    "claim": [("/claim", {}), ("/claim/sms", {}), SENT, ("/claim/proof", BY_SMS), ("/claim/proof", BY_NUMBER)],
    "register": [("/register", REGISTRATION)],
    "assistance": [("/assistance", {}), SENT],
}


@pytest.fixture
def gateway() -> Iterator[SmsServer]:
    with SmsServer() as server:
        yield server


@pytest.fixture
def people(make) -> None:
    make.account(number=VERIFIED, phone_verified_at=utcnow())
    make.account(number=ACCOUNT)
    make.account(number=FROZEN).state = AccountState.FROZEN
    make.legacy(NAME, RECORD, phone="13800130827")
    make.legacy(NAME, CLAIMED, claimed_at=utcnow())
    db.session.commit()


@pytest.mark.parametrize("way", WAYS)
def test_a_known_number_is_answered_as_an_unknown_one(app, people, gateway, way):
    """Registration has to say that a number is taken: there all those that are taken are alike."""
    numbers = [VERIFIED, RECORD] if way == "assistance" else [VERIFIED, ACCOUNT, FROZEN, RECORD, CLAIMED]
    numbers += [] if way == "register" else [UNKNOWN]
    with time_machine.travel(NOW, tick=False):
        walk(Browser(app), gateway, way, ANOTHER)  # what a process reads once is read now
        seen = {number: walk(Browser(app), gateway, way, number) for number in numbers}
    for number in numbers[1:]:
        assert seen[number] == seen[VERIFIED]
    waiting = db.session.scalar(select(func.count()).select_from(OutboxMessage).where(OutboxMessage.sent_at.is_(None)))
    assert (waiting, len(gateway.got)) == (0, way in ("forgotten", "claim")), "only who has such a phone gets a code"


def walk(browser: Browser, gateway: SmsServer, way: str, number: str) -> list[Any]:
    found: list[Any] = []
    address = {"REMOTE_ADDR": f"203.0.113.{number[-3:-1]}"}
    for path, more in WAYS[way]:
        if not path:
            messages.send_due(5, {Channel.SMS: gateway.sender(), Channel.EMAIL: Recorder()})
            continue
        sent = asked(number=number) if path == "/assistance" else {"name": NAME, "number": number, **more}
        with counted() as statements:
            page = browser._request("POST", path, (302, 409, 422), data=sent, environ_overrides=address)
        found.append((bare(page, number), statements))
        if page.location:
            found.append(bare(browser.follow(page), number))
    return found


def bare(page: Page, number: str) -> tuple[Any, ...]:
    """Without what is drawn for each request: the token, the receipt, the sealed cookie."""
    words = re.sub(r'name="csrf_token" value="[^"]*"|receipt num">[0-9A-Z ]{19}|219\*+\d\d', "", page.text)
    headers = [(name, re.sub(r"=[^;]*;", ";", value, count=1)) for name, value in page.headers]
    return page.status, words.replace(number, "N"), len(page.data), headers
