"""接口令牌: two administrators make a token, it is shown once, and either of them revokes it."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from lib.codes import ApiScope, Role
from models import ApiToken, Event, db

LIST, NEW = "/staff/admin/api-tokens", "/staff/admin/api-tokens/new"
FORM = {"name": "样例平台", "department": "210100", "scopes": ["records"], "per_minute": "30", "days": "30"}


@pytest.fixture
def security(make, browser):
    return browser.sign_in(make.staff(Role.SECURITY, "210000"))


@pytest.fixture
def system(make, another_browser):
    return another_browser.sign_in(make.staff(Role.SYSTEM, "210000"))


def made() -> ApiToken:
    db.session.rollback()
    return db.session.scalars(select(ApiToken)).one()


def status(app, token: str) -> int:
    db.session.rollback()
    answer = app.test_client().get("/api/v1/records", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


def test_a_token_works_once_the_second_administrator_agrees_and_until_it_is_revoked(app, security, system):
    (token,) = re.findall(r"kj_[\w-]{43}", security.send(NEW, FORM, expect=200).text)
    assert token not in security.open(LIST).text
    assert status(app, token) == 401
    decide = f"{LIST}/{made().uid}/decide"
    security.send(decide, expect=404)
    system.send(decide)
    assert status(app, token) == 200
    security.send(decide, {"action": "revoke"})
    assert status(app, token) == 401
    assert "不在等待确认" in system.follow(system.send(decide)).text
    verbs = db.session.scalars(select(Event.verb).where(Event.verb.startswith("api_token")).order_by(Event.id)).all()
    assert verbs == ["api_token_make", "api_token_confirm", "api_token_revoke"]


def test_a_token_of_another_city_is_not_there(make, security, another_browser):
    security.send(NEW, FORM, expect=200)
    other = another_browser.sign_in(make.staff(Role.SYSTEM, "210200"))
    assert "样例平台" not in other.open(LIST).text
    other.send(f"{LIST}/{made().uid}/decide", expect=404)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "请填写系统名称"),
        ({"department": "999999"}, "请从列表中选择部门"),
        ({"scopes": ["numbers"]}, "请同时选择第一项"),
        ({"networks": "192.0.2.0/99"}, "2001:db8::/48"),
    ],
)
def test_a_wrong_form_says_what_to_do_and_makes_nothing(security, changed, said):
    page = security.send(NEW, FORM | changed, expect=422)
    assert said in page.text
    assert db.session.scalar(select(ApiToken)) is None


def test_networks_are_kept_as_networks(security):
    security.send(NEW, FORM | {"networks": "192.0.2.7，2001:db8::1/48", "scopes": list(ApiScope.choices())}, expect=200)
    assert made().networks == ["192.0.2.7/32", "2001:db8::/48"]
    assert "192.0.2.7/32、2001:db8::/48" in security.open(LIST).text
