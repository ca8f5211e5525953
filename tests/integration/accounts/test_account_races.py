"""Two requests at the very same moment: one number, one record, one code, one second factor, five attempts."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from lib.codes import AccountState
from models import Account, LegacyHolder, WebSession, db
from services.accounts import activation_codes
from tests.support.factory import TOTP_SECRET
from tests.support.people import PASSWORD, STAFF_PASSWORD, id_number

NUMBER = id_number(901)
FIRST = {"password": PASSWORD, "confirm": PASSWORD}


@pytest.fixture
def at_once(app) -> Any:
    """Send forms at the same moment, each from a client of its own (or the given ones); their status and place."""

    def send(url, forms, clients=()) -> Counter:
        barrier = threading.Barrier(len(forms))

        def one(client, form) -> tuple[int, str]:
            barrier.wait()
            response = client.post(url, data=form)
            return response.status_code, response.headers.get("Location", "")

        db.session.rollback()
        with ThreadPoolExecutor(len(forms)) as pool:
            return Counter(pool.map(one, clients or [app.test_client() for _ in forms], forms))

    return send


def test_many_browsers_register_one_number_and_one_gets_it(app, at_once):
    forms = [
        {"id_type": "resident_id", "number": NUMBER, "name": "单小燕", "phone": f"1380013090{n}", "privacy": "yes"}
        for n in range(3)
    ]
    clients = [app.test_client() for _ in forms]
    assert at_once("/register", forms, clients) == {(302, "/register/password"): 3}
    assert at_once("/register/password", [FIRST] * 3, clients) == {(302, "/login"): 1, (409, ""): 2}
    assert Counter(db.session.scalars(select(Account.state))) == {AccountState.ACTIVE: 1, AccountState.RESERVED: 2}


def test_many_browsers_claim_one_record_and_one_gets_it(app, at_once, make):
    make.legacy(number=NUMBER)
    proof = {"factor": "archive_no", "archive_no": "LN20080001", "issued": "2008-06"}
    clients = [app.test_client() for _ in range(4)]
    for client in clients:
        client.post("/claim", data={"name": "孙立国", "number": NUMBER})
        assert client.post("/claim/proof", data=proof).status_code == 302
    assert at_once("/claim/password", [FIRST] * 4, clients) == {(302, "/login"): 1, (302, "/claim"): 3}
    assert db.session.scalar(select(func.count()).select_from(Account)) == 1
    assert db.session.scalars(select(LegacyHolder.claimed_at)).one()


def test_one_code_replaces_a_password_once(app, at_once, make):
    person = make.account(number=NUMBER)
    code = activation_codes.issue(person, None)
    db.session.commit()
    clients = [app.test_client() for _ in range(4)]
    for client in clients:
        client.post("/forgot", data={"name": person.name, "number": NUMBER})
        assert client.post("/forgot/code", data={"code": code}).status_code == 302
    assert at_once("/forgot/password", [FIRST] * 4, clients) == {(302, "/login"): 1, (302, "/forgot"): 3}


def test_of_twenty_guesses_at_once_five_reach_the_password(at_once, make):
    person = make.account(number=NUMBER)
    guess = {"name": person.name, "number": NUMBER, "password": "wrong"}
    assert at_once("/login", [guess] * 20) == {(422, ""): 5, (429, ""): 15}
    assert at_once("/login", [guess | {"password": PASSWORD}]) == {(429, ""): 1}


def test_of_twelve_guesses_at_a_code_at_once_five_are_looked_at(app, at_once, make):
    person = make.account(number=NUMBER)
    activation_codes.issue(person, None)
    db.session.commit()
    clients = [app.test_client() for _ in range(12)]
    for client in clients:
        client.post("/forgot", data={"name": person.name, "number": NUMBER})
    assert at_once("/forgot/code", [{"code": "x"}] * 12, clients) == {(422, ""): 5, (429, ""): 7}


def test_one_second_factor_opens_one_session(at_once, make):
    officer = make.staff()
    form = {"username": officer.username, "password": STAFF_PASSWORD, "code": pyotp.TOTP(TOTP_SECRET).now()}
    assert at_once("/staff/login", [form] * 4) == {(302, "/staff/queue"): 1, (422, ""): 3}
    assert db.session.scalar(select(func.count()).select_from(WebSession)) == 1
