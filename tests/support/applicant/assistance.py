"""核验申请 as tests go through it: the person's form, the receipt, the officer's decision, the password."""

from __future__ import annotations

import io
import re
from typing import Any

from sqlalchemy import select

from lib.codes import AccountState
from models import Account, AssistanceRequest, db
from tests.conftest import Browser, Page
from tests.support.factory import picture
from tests.support.people import id_number

NUMBER, OTHER = id_number(701), id_number(703)
NEW = "另一个 password 更好"


def asked(**changed: Any) -> dict[str, Any]:
    """The form, filled in."""
    form: dict[str, Any] = {
        "need": "occupied",
        "id_type": "resident_id",
        "number": NUMBER,
        "name": "单小燕",
        "phone": "13800137001",
        "story": "注册时说号码被占用，我没有注册过",
        "office": "210102",
        "privacy": "yes",
        "document": (io.BytesIO(picture()), "证件.jpg"),
    }
    return {name: value for name, value in (form | changed).items() if value is not None}


def apply(browser: Browser, **changed: Any) -> str:
    """File an application; returns the receipt."""
    sent = browser.send("/assistance", asked(**changed))
    assert sent.location == "/assistance/receipt"
    return receipt_on(browser.follow(sent))


def receipt_on(page: Page) -> str:
    return re.findall(r'receipt num">([0-9A-Z ]{19})<', page.text)[0]


def the_request() -> AssistanceRequest:
    db.session.expire_all()
    return db.session.scalars(select(AssistanceRequest).order_by(AssistanceRequest.id.desc()).limit(1)).one()


def request_of(name: str) -> AssistanceRequest:
    return db.session.scalars(select(AssistanceRequest).where(AssistanceRequest.name == name)).one()


def address(more: str = "") -> str:
    return f"/staff/assistance/{the_request().uid}{more}"


def decide(officer: Browser, outcome: str, expect: int = 302, **more: str) -> Page:
    return officer.send(address("/decide"), {"outcome": outcome} | more, expect=expect)


GROUNDS: dict[str, Any] = {"reason": "两人号码混淆", "evidence": "已核对双方身份证件"}
CORRECTED: dict[str, Any] = GROUNDS | {"id_type": "resident_id", "number": OTHER}


def come_back(browser: Browser, receipt: str) -> Page:
    sent = browser.send("/assistance/return", {"receipt": receipt, "number": NUMBER})
    assert sent.location == "/assistance/answer"
    return browser.follow(sent)


def set_password(browser: Browser) -> None:
    assert browser.send("/assistance/password", {"password": NEW, "confirm": NEW}).location == "/login"


def sign_in(
    browser: Browser, name: str = "单小燕", number: str = NUMBER, password: str = NEW, expect: int = 302
) -> Page:
    return browser.send("/login", {"name": name, "number": number, "password": password}, expect=expect)


def in_force(number_index: bytes) -> list[Account]:
    active = (Account.id_index == number_index, Account.state == AccountState.ACTIVE)
    return list(db.session.scalars(select(Account).where(*active)))


def account_of(account_id: int) -> Account:
    db.session.expire_all()
    return db.session.get_one(Account, account_id)
