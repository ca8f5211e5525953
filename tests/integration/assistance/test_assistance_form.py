"""核验申请 as outsiders meet it: no oracle, limits, what is refused."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
import time_machine
from sqlalchemy import select, text

from lib.codes import AccountState
from models import AssistanceRequest, db
from tests.conftest import Browser, Page
from tests.support.applicant.assistance import NUMBER, OTHER, apply, asked
from tests.support.people import id_number


def bare(page: Page) -> tuple[Any, ...]:
    """A page and its headers without what is drawn for each request: a sealed cookie has no length of its own."""
    words = re.sub(r'name="csrf_token" value="[^"]*"|receipt num">[0-9A-Z ]{19}|219\*+\d\d', "", page.text)
    headers = {name: re.sub(r"=[^;]*;", ";", value, count=1) for name, value in page.headers}
    return page.status, words, len(page.data), headers


def test_known_and_unknown_numbers_have_the_same_pages_headers_and_statements(app, make):
    from tests.support.rules.statements import counted

    make.account(number=id_number(721))
    frozen = make.account("马建军", number=id_number(723))
    frozen.state = AccountState.FROZEN
    make.legacy("单小燕", number=id_number(725))
    db.session.commit()
    seen, work = set(), set()
    with time_machine.travel("2026-11-23T01:00:00Z", tick=False):
        for n in (721, 723, 725, 727):
            browser, pages = Browser(app), []
            pages.append(browser.send("/assistance", asked(number=id_number(n), document=None), expect=422))
            with counted() as statements:
                pages.append(browser.send("/assistance", asked(number=id_number(n))))
            pages += [browser.follow(pages[-1]), browser.open("/assistance/answer")]
            pages.append(browser.send("/assistance/return", {"receipt": "ABCD", "number": id_number(n)}, expect=422))
            seen.add(repr([bare(page) for page in pages]).replace(id_number(n), ""))
            work.add(repr(statements))
    assert len(seen) == len(work) == 1


def test_a_receipt_needs_its_number_and_guesses_are_limited(browser, make):
    receipt = apply(browser)
    for _ in range(20):
        browser.send("/assistance/return", {"receipt": receipt, "number": OTHER}, expect=422)
    page = browser.send("/assistance/return", {"receipt": receipt, "number": NUMBER}, expect=429)
    assert "查询失败的次数过多" in page.text


def test_the_receipt_is_shown_once_and_never_stored(browser):
    receipt = apply(browser).replace(" ", "")
    assert browser.open("/assistance/receipt", expect=302).location == "/assistance/return"
    stored = db.session.execute(text("SELECT * FROM assistance_request")).one()
    assert receipt not in repr(stored)


def test_three_a_day_for_a_number_and_a_bad_picture_is_none(browser):
    for _ in range(4):
        page = browser.send("/assistance", asked(document=(io.BytesIO(b"GIF89a"), "a.jpg")), expect=422)
        assert 'href="#document"' in page.text
    for _ in range(3):
        apply(browser)
    assert "凭回执编号查询" in browser.send("/assistance", asked(), expect=429).text
    apply(browser, number=OTHER)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"need": "money"}, "请从列表中选择需要办理"),
        ({"office": "210200"}, "请从列表中选择会计管理部门"),  # 大连 collects by itself
        ({"number": "219900199003070111"}, "证件号码"),
        ({"document": None}, "请选择证件照片"),
        ({"story": "长" * 201}, "最多 200 个字"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_kept(browser, changed, said):
    assert said in browser.send("/assistance", asked(**changed), expect=422).text
    assert db.session.scalars(select(AssistanceRequest)).all() == []


@pytest.mark.parametrize("settings", [{"LEGACY_CLAIM_FACTORS": "activation_code"}])
def test_where_pictures_are_no_proof_old_records_are_not_claimed_this_way(browser):
    assert 'value="record"' not in browser.open("/assistance?need=record").text
    browser.send("/assistance", asked(need="record"), expect=422)
