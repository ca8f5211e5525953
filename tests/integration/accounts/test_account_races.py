"""Two requests at the very same moment: one number, one record, one code, one second factor, five attempts."""

from __future__ import annotations

import io
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from lib.codes import AccountState
from models import Account, AccountChange, AssistanceRequest, LegacyHolder, WebSession, db
from services.accounts import activation_codes
from tests.support.factory import TOTP_SECRET, picture
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


def application(client) -> AssistanceRequest:
    """核验申请 of this client, just filed."""
    form = {"need": "occupied", "id_type": "resident_id", "number": NUMBER, "name": "单小燕", "phone": "13800130901"}
    form |= {"story": "号码被占用", "office": "210102", "privacy": "yes"}
    client.post("/assistance", data=form | {"document": (io.BytesIO(picture()), "a.jpg")})
    return db.session.scalars(select(AssistanceRequest)).one()


def test_of_officers_who_decide_at_once_one_wins(app, at_once, make, browser, another_browser):
    """The account is frozen, or its number corrected, or nothing: never two of these."""
    make.account("马建军", number=NUMBER)
    uid = application(app.test_client()).uid
    officers = [one.sign_in(make.staff()).client for one in (browser, another_browser)]
    grounds = {"reason": "核实", "evidence": "已核对", "id_type": "resident_id", "number": id_number(903)}
    forms = [grounds | {"outcome": outcome} for outcome in ("misuse", "mistyped")]
    done = at_once(f"/staff/assistance/{uid}/decide", forms, officers)
    assert done == {(302, f"/staff/assistance/{uid}"): 1, (409, ""): 1}
    assert db.session.scalar(select(func.count()).select_from(AccountChange)) == 1


def test_the_granted_number_has_one_account_however_often_the_password_is_sent(app, at_once, make, browser):
    client = app.test_client()
    uid = application(client).uid
    browser.sign_in(make.staff()).send(f"/staff/assistance/{uid}/decide", {"outcome": "same_person"})
    stranger = app.test_client()
    form = {"id_type": "resident_id", "number": NUMBER, "name": "马建军", "phone": "13800130902", "privacy": "yes"}
    assert stranger.post("/register", data=form).status_code == 302
    clients = [client, client, client]
    places = at_once("/assistance/password", [FIRST] * 3, clients)
    assert places[(302, "/login")] == 1
    assert stranger.post("/register/password", data=FIRST).status_code == 409
    states = Counter(db.session.scalars(select(Account.state)))
    assert states == {AccountState.ACTIVE: 1, AccountState.RESERVED: 1}
