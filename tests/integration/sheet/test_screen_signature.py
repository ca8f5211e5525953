"""A signature drawn on the screen, where the office allows it: bound to the version, and shown as what it is."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from forms import SHEET
from lib.pictures import signature
from models import Event, db
from services import checks
from tests.support.applicant.filing import filled, pages_of, store, stored, submit, words
from tests.support.people import EMPLOYED

PAGE = "/apply/signature"
STROKES = [[[100 + 20 * step, 100 + (step % 5) * 40] for step in range(30)], [[300, 300], [700, 320]]]
SIGNED = json.dumps(STROKES)


@pytest.fixture
def allowed(app):
    app.config["SCREEN_SIGNATURE"] = True


@pytest.fixture
def declaration(make, browser):
    """Complete and printed, without an employer; only the sheet is missing."""
    declaration = make.declaration()
    make.papers(declaration)
    for page in pages_of(declaration, SHEET):
        db.session.delete(page)
    db.session.commit()
    browser.sign_in(declaration.account)
    browser.send("/apply/check/print")
    return declaration


def code(browser) -> str:
    return str(browser.open(PAGE).text.partition('name="code" value="')[2].partition('"')[0])


def test_it_is_off_by_default_and_never_offered_where_a_stamp_is_needed(declaration, browser, app, make):
    assert "在屏幕上签名" not in browser.open("/apply/papers").text
    browser.open(PAGE, expect=404)
    browser.send(PAGE, {"strokes": SIGNED}, expect=404)
    app.config["SCREEN_SIGNATURE"] = True
    assert f'href="{PAGE}"' in browser.open("/apply/papers").text
    employed = make.declaration(**EMPLOYED)
    browser.sign_in(employed.account)
    assert f'href="{PAGE}"' not in browser.open("/apply/papers").text
    browser.open(PAGE, expect=404)


def test_it_takes_the_place_of_the_sheet_and_the_officer_is_told(allowed, declaration, browser):
    shown = words(browser.open(PAGE).text)
    assert "第 1 版" in shown
    assert "它不说明是谁的手签的" in shown
    assert "需要浏览器的 JavaScript" in shown
    browser.send(PAGE, {"strokes": SIGNED, "code": code(browser)})

    (page,) = pages_of(declaration, SHEET)
    assert page.sheet_id
    assert page.reading == {"read": True, "page": 1, "pages": 1, "ink": "screen"}
    assert len(store().get(page.address)) > 5000
    event = db.session.scalars(select(Event).where(Event.verb == "screen_signature")).one()
    assert event.detail.startswith("第 1 版 ")
    assert "已在屏幕上签名：第 1 版" in words(browser.open("/apply/papers").text)

    submit(browser)
    revision = stored(declaration).revisions[-1]
    told = {result.name: result for result in checks.run(revision)}
    assert told["signature"].state == "unknown"
    assert "在屏幕上签名，没有纸质签名" in told["signature"].reason
    assert "屏幕签名的是信息表第 1 版，与提交内容一致" in told["sheet"].reason


def test_a_change_ends_it_and_an_old_version_cannot_be_signed(allowed, declaration, browser):
    old = code(browser)
    browser.send("/apply/personal", filled(stored(declaration), "personal", postal_address="沈阳市样例路 2 号"))
    assert "请先生成信息表" in words(browser.open(PAGE).text)
    refused = browser.send(PAGE, {"strokes": SIGNED, "code": old}, expect=422)
    assert "信息已经修改" in words(refused.text)
    browser.send("/apply/check/print")
    assert "信息已经修改" in words(browser.send(PAGE, {"strokes": SIGNED, "code": old}, expect=422).text)
    browser.send(PAGE, {"strokes": SIGNED, "code": code(browser)})
    browser.send("/apply/personal", filled(stored(declaration), "personal", postal_address="沈阳市样例路 3 号"))
    assert "需重新打印" in words(browser.open("/apply/papers").text)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ("", "请先在方框里签名"),
        ("[]", "签名太短"),
        ("[[[5,5],[6,6]]]", "签名太短"),
        ("[[[0,0],[1000,0]],[[0,0]],[]]", ""),
        ("[[[0,0],[1001,0]]]", "没有收到完整的签名"),
        ("[[[0,0],[true,0]]]", "没有收到完整的签名"),
        ("[[[0,0,0]]]", "没有收到完整的签名"),
        ('{"a":1}', "没有收到完整的签名"),
        ("null", "没有收到完整的签名"),
        ("[" * 50_000, "没有收到完整的签名"),
        ("[[" + "[0,0]," * 6001 + "[9,9]]]", "没有收到完整的签名"),
        ("[" + "9" * 5000 + "]", "没有收到完整的签名"),
    ],
)
def test_what_is_no_signature_is_refused_in_words(sent, said):
    if not said:
        assert len(signature.read(sent)) == 2, "empty strokes are nothing"
        return
    with pytest.raises(signature.NotASignature, match=said):
        signature.read(sent)
