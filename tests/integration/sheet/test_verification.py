"""信息表验真: a printed sheet's code shows that it is genuine and whether it is current, no personal data."""

from __future__ import annotations

import pytest

from lib.codes import AccountState, ClosingReason, Role, Status
from lib.database import utcnow
from models import Attempt, Declaration, Sheet, db
from services.accounts import throttle
from services.departments.administration import OwnSystem, edit
from services.filing import printing
from services.filing.case import DeclarationCase
from services.filing.verification import masked


def code_of(declaration: Declaration) -> str:
    printed = DeclarationCase(declaration).printed
    assert printed
    return printed.code


def test_a_submitted_sheet_is_genuine_and_names_nobody_in_full(make, browser):
    declaration = make.declaration(Status.SUBMITTED)
    (sheet,) = db.session.query(Sheet).all()
    fours = "-".join(sheet.code[at : at + 4] for at in range(0, 16, 4)).lower()

    page = browser.open(f"/verify/{fours}")

    assert "最近一次提交的版本" in page.text
    assert declaration.number in page.text
    assert masked(declaration.applicant_name) in page.text
    assert declaration.applicant_name not in page.text
    assert declaration.account.id_number not in page.text


def test_an_older_version_is_told_to_be_void(make, browser):
    declaration = make.declaration(Status.DRAFT)
    make.papers(declaration)
    old = code_of(declaration)
    assert "还没有随申报提交" in browser.open(f"/verify/{old}").text
    declaration.postcode = "110013"
    db.session.commit()
    assert "已经作废" in browser.open(f"/verify/{old}").text, "an answer has changed"
    printing.print_sheet(DeclarationCase(declaration))
    db.session.commit()
    new = code_of(declaration)

    assert "已经作废" in browser.open(f"/verify/{old}").text
    assert "还没有随申报提交" in browser.open(f"/verify/{new}").text


def test_what_takes_an_approval_its_effect_is_said_beside_it(make, browser):
    record = make.record()
    code = code_of(record.revision.declaration)
    assert "审核通过</dd>" in browser.open(f"/verify/{code}").text

    record.account.state = AccountState.FROZEN
    db.session.commit()
    assert "审核通过；暂时不能确认" in browser.open(f"/verify/{code}").text

    record.closed_at, record.closed_reason = utcnow(), ClosingReason.DECEASED
    db.session.commit()
    shown = browser.open(f"/verify/{code}").text
    assert "审核通过；人员档案已注销或调出" in shown
    assert ClosingReason.DECEASED.label not in shown


def test_a_department_renamed_after_printing_is_told_so_that_the_paper_still_matches(make, browser):
    code = code_of(make.declaration(Status.SUBMITTED))
    office = make.department()
    before = office.name
    assert f"{before}</dd>" in browser.open(f"/verify/{code}").text

    edit(make.actor(make.staff(Role.SYSTEM, "210000")), office, "沈阳市和平区财政服务局", OwnSystem(used=False))
    db.session.commit()

    assert "沈阳市和平区财政服务局(打印之后更名)" in browser.open(f"/verify/{code}").text


def test_a_forged_code_is_not_found(make, browser):
    make.declaration(Status.SUBMITTED)
    for code in ("A" * 16, "0" * 16, "short", "%00", "A" * 5000):
        assert "没有找到这个校验码" in browser.open(f"/verify/{code}", expect=404).text


@pytest.mark.parametrize(
    "spell",
    [
        lambda code: code.lower(),
        lambda code: " ".join(code),
        lambda code: f"{code[:4]}－{code[4:8]}—{code[8:]}",
        lambda code: code.translate({ord(c): ord(c) + 0xFEE0 for c in code}),  # full width
        lambda code: code.replace("L", "1"),
        lambda code: code.replace("L", "i"),
        lambda code: f"https://somewhere.example.cn/verify/{code}#2/3",
    ],
)
def test_a_code_may_be_typed_in_many_ways(make, browser, spell):
    declaration = make.declaration(Status.SUBMITTED)
    (sheet,) = db.session.query(Sheet).all()
    sheet.code = code = "EPNB8J5P7LSGX68L"
    db.session.commit()

    answer = browser.open("/verify", expect=302, query_string={"code": spell(code)})

    assert answer.location == f"/verify/{code}"
    assert declaration.number in browser.follow(answer).text


def test_the_page_asks_for_a_code(browser):
    assert 'name="code"' in browser.open("/verify").text
    assert 'name="code"' in browser.open("/verify?code=%20-%20").text


def test_guessing_is_limited_by_address(make, browser):
    make.declaration(Status.SUBMITTED)
    code = db.session.query(Sheet).one().code
    for number in range(throttle.VERIFY_ADDRESS.most - 1):
        browser.open("/verify/" + f"{number:0>16}".translate(str.maketrans("01", "ZY")), expect=404)
    browser.open("/verify/short", expect=404)  # no guess
    assert browser.open(f"/verify/{code}").status == 200, "not yet"
    browser.open("/verify/" + "B" * 16, expect=404)

    refused = browser.open("/verify/" + "C" * 16, expect=429)
    assert "查询太频繁" in refused.text
    assert refused.headers["Retry-After"] == "60"
    assert browser.open(f"/verify/{code}").status == 200, "who guesses locks out nobody behind the same address"
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    browser.open("/verify/" + "C" * 16, environ_overrides=elsewhere, expect=404)


def test_right_codes_are_not_counted(make, browser):
    make.declaration(Status.SUBMITTED)
    code = db.session.query(Sheet).one().code
    for _ in range(3):
        browser.open(f"/verify/{code}")
    assert db.session.query(Attempt).filter_by(kind="verify_address").count() == 0
