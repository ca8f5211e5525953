"""The sheet without a printer: a print shop opens it by a short address that ends, is counted, and tells nothing."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from lib.database import utcnow
from models import Event, PrintCode, Sheet, db
from services.accounts import throttle
from services.filing import print_codes
from tests.conftest import Browser
from tests.support.applicant.filing import add_photo, filled, stored, submit, words

PAGE = "/apply/print-code"


@pytest.fixture
def declaration(make, browser):
    declaration = make.declaration()
    add_photo(declaration)
    browser.sign_in(declaration.account)
    return declaration


@pytest.fixture
def shop(app):
    return Browser(app)


def made(browser) -> str:
    """Make a code; returns its address."""
    page = browser.follow(browser.send(PAGE))
    found = re.search(r"/p/[2-9A-Z]{5}-[2-9A-Z]{5}", page.text)
    assert found
    return found[0]


def row() -> PrintCode:
    db.session.rollback()
    db.session.expire_all()
    return db.session.scalars(select(PrintCode).order_by(PrintCode.id.desc())).first()  # type: ignore[return-value]


def test_a_shop_opens_the_sheet_without_an_account_and_its_owner_sees_how_often(declaration, browser, shop):
    assert "生成打印码" in words(browser.open(PAGE).text)
    address = made(browser)
    opened = shop.open(address)
    for value in (declaration.account.name, declaration.account.id_number, declaration.number, "财政局"):
        assert value not in opened.text
    assert "已打开 0 次" in words(browser.open(PAGE).text), "who only looks at the address is not counted"

    pdf = shop.send(f"{address}/sheet.pdf", expect=200)

    assert pdf.data.startswith(b"%PDF")
    assert pdf.headers["Cache-Control"] == "no-store"
    shop.open(address.lower().replace("-", ""))
    assert "已打开 1 次" in words(browser.open(PAGE).text)
    assert db.session.scalars(select(Sheet.version)).one() == 1
    verbs = db.session.scalars(select(Event.verb).where(Event.verb.like("print_code%")).order_by(Event.id)).all()
    assert verbs == ["print_code", "print_code_opened"]
    assert address.removeprefix("/p/").replace("-", "").encode() not in row().code_hash


def end_by_owner(browser, declaration):
    browser.send(f"{PAGE}/end")


def end_by_time(browser, declaration):
    row().expires_at = utcnow() - timedelta(seconds=1)
    db.session.commit()


def end_by_openings(browser, declaration):
    row().opened = print_codes.MOST
    db.session.commit()


def end_by_another(browser, declaration):
    made(browser)


def end_by_signing_others_out(browser, declaration):
    browser.send("/account/devices")


def end_by_a_change(browser, declaration):
    browser.send("/apply/personal", filled(stored(declaration), "personal", postal_address="沈阳市样例路 2 号"))


ENDS = [end_by_owner, end_by_time, end_by_openings, end_by_another, end_by_signing_others_out, end_by_a_change]


@pytest.mark.parametrize("end", ENDS)
def test_a_code_that_has_ended_answers_as_one_that_never_was(declaration, browser, shop, end):
    address = made(browser)
    end(browser, declaration)
    unknown = shop.open("/p/AAAAA-AAAAA", expect=404).text
    assert shop.open(address, expect=404).text == unknown
    assert shop.send(f"{address}/sheet.pdf", expect=404).text == unknown
    assert shop.open("/p/x", expect=404).text == unknown


def test_who_guesses_gets_no_answer_any_more_not_even_to_a_good_code(declaration, browser, shop, app, monkeypatch):
    address = made(browser)
    monkeypatch.setattr(throttle, "PRINT_ADDRESS", throttle.Limit("print_address", 3, throttle.HOUR))
    for _guess in range(3):
        shop.open("/p/AAAAA-AAAAA", expect=404)
    blocked = shop.open("/p/AAAAA-AAAAA", expect=429).text
    assert shop.open(address, expect=429).text == blocked
    shop.send(f"{address}/sheet.pdf", expect=429)
    assert row().opened == 0


def test_without_a_photo_there_is_nothing_to_print(make, browser):
    browser.sign_in(make.declaration().account)
    assert "请先把各页必填的内容和一寸照片补齐" in words(browser.open(PAGE).text)
    assert "请先把各页必填的内容和一寸照片补齐" in words(browser.follow(browser.send(PAGE)).text)
    assert row() is None


def test_a_submission_ends_the_code_even_when_it_is_taken_back(make, browser, shop):
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account)
    address = made(browser)
    submit(browser)
    shop.open(address, expect=404)
    browser.send("/apply/withdraw")
    shop.open(address, expect=404)
    assert address not in browser.open(PAGE).text
    shop.open(made(browser))


def test_old_codes_are_swept(declaration, browser):
    made(browser)
    row().expires_at = utcnow() - timedelta(days=2)
    db.session.commit()
    assert print_codes.forget_old() == 1


@pytest.mark.postgres
def test_of_presses_at_the_same_moment_one_code_remains(app, declaration, browser, at_once):
    db.session.rollback()
    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(lambda _press: at_once(), range(6))) == {302}
    db.session.rollback()
    assert db.session.scalars(select(PrintCode.opened).where(PrintCode.expires_at > utcnow())).all() == [0]
    assert db.session.scalars(select(Sheet.version)).all() == [1]


@pytest.fixture
def at_once(app, browser):
    """Presses the button in a client of its own, when six of them are ready."""
    cookie, barrier = browser.client.get_cookie("kuaiji").value, threading.Barrier(6)

    def press() -> int:
        client = app.test_client()
        client.set_cookie("kuaiji", cookie)
        barrier.wait()
        return client.post(PAGE).status_code

    return press
