"""Checks against what is known from before: department, signed sheet, record, old register, and the last return."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from forms import PAPER
from lib.codes import Status
from models import Declaration, db
from services import workflow
from services.checks.case import Case
from services.checks.office import area
from services.checks.signed import sheet
from services.marks import marks
from services.papers import pages, preparation
from tests.support.factory import Make, picture
from tests.support.office.checked import WORK, results, smaller, submitted_again, upload
from tests.support.people import id_number

# --- department, sheet, name, register -----------------------------------------------------------------------------

OLD_CERTIFICATE = {"holds_legacy_certificate": "yes", "legacy_certificate_no": "LN20080001"}
AREAS = [
    ({}, "passed", "相符"),
    ({"department_code": "210100"}, "look", "应为沈阳市和平区财政局"),
    ({"department_code": "210381"}, "look", "不管辖所填地址"),
    ({**WORK, "affiliation": "central", "department_code": "210102"}, "look", "应为辽宁省财政厅"),
    ({**WORK, "affiliation": "central", "department_code": "210000"}, "passed", "相符"),
    ({**WORK, "affiliation": "municipal", "department_code": "210100"}, "passed", "相符"),
    ({"home_county": ""}, "unknown", "没有填写所在县(区)"),
    ({"home_city": "220100", "home_county": "220102"}, "unknown", "没有找到管辖所填地址的部门"),
]


@pytest.mark.parametrize(("changed", "state", "words"), AREAS)
def test_the_department_is_the_one_that_the_address_leads_to(make, changed, state, words):
    revision = make.declaration(Status.SUBMITTED).revisions[-1]
    case = Case(revision)
    case.answers = dict(case.answers) | {name: str(value) for name, value in changed.items()}
    found = area(case)
    assert found.state == state
    assert words in found.reason


def returned(make: Make, *wanted: marks.MarkRequest, **changed: Any) -> Declaration:
    officer = make.staff()
    declaration = make.declaration(Status.IN_REVIEW, officer=officer, **changed)
    reviewer = make.actor(officer)
    marks.save(declaration.revisions[-1], reviewer, wanted)
    db.session.commit()
    workflow.send_back(declaration, reviewer, 1)
    db.session.commit()
    return declaration


def test_the_signed_sheet_says_what_was_submitted(make):
    found = results(make.declaration(Status.SUBMITTED))["sheet"]
    assert (found.state, found.links) == ("passed", [("sheet", "个人基本信息表")])
    assert "第 1 版" in found.reason


def test_a_change_that_needs_no_new_signature_is_excused_and_named(make):
    declaration = returned(make, marks.MarkRequest("postal_address", "", "请写到门牌号", resign=False))
    declaration.postal_address = "辽宁省沈阳市和平区样例路 2 号 3 单元"
    found = results(submitted_again(make, declaration, sign=False))["sheet"]
    assert found.state == "passed"
    assert "通讯地址(无需重新签章)" in found.reason


def test_a_sheet_that_says_something_else_asks_for_a_look(make):
    declaration = make.declaration(Status.SUBMITTED)
    case = Case(declaration.revisions[-1])
    case.answers = dict(case.answers) | {"postal_address": "别处"}
    found = sheet(case)
    assert (found.state, found.targets) == ("look", ("sheet", "postal_address"))
    case.papers = dict(case.papers) | {"photo": []}
    assert "photo" in sheet(case).targets


def test_a_submission_that_names_no_sheet_cannot_be_compared(make):
    case = Case(make.declaration(Status.SUBMITTED).revisions[-1])
    case.revision = SimpleNamespace(sheet=None)  # type: ignore[assignment]
    assert sheet(case).state == "unknown"


def test_a_new_name_asks_for_a_look_and_the_same_one_does_not(make):
    declaration = make.declaration(Status.SUBMITTED, make.account("单小燕"), applicant_name="单晓燕")
    found = results(declaration)["name"]
    assert (found.state, found.reason) == ("look", "姓名与注册时的姓名(单小燕)不同")
    assert results(make.declaration(Status.SUBMITTED))["name"].state == "passed"


def test_a_changed_name_is_compared_with_the_record(make):
    record = make.record(make.account("单小燕"))
    change = make.change(record)
    change.applicant_name = "单晓燕"
    make.papers(change)
    found = results(submitted_again(make, change))["name"]
    assert found.reason == "姓名与人员档案(单小燕)不同，请核对姓名变更证明"


LEGACY = [
    ({"holds_legacy_certificate": "yes", "legacy_certificate_no": "ln 2008-0001"}, "passed"),
    ({"holds_legacy_certificate": "yes", "legacy_certificate_no": "ZS20080001"}, "passed"),
    ({"holds_legacy_certificate": "yes", "legacy_certificate_no": "LN20080002"}, "look"),
    ({}, "look"),
]


@pytest.mark.parametrize(("changed", "state"), LEGACY)
def test_an_old_certificate_is_compared_with_the_register(make, changed, state):
    number = id_number(17)
    make.legacy(number=number)
    found = results(make.declaration(Status.SUBMITTED, make.account(number=number), **changed))["legacy"]
    assert found.state == state
    said = "登记的是档案号 LN2*****01、证书编号 ZS2*****01、发证年月 2008-06"
    assert (said in found.reason) is (state == "look"), "masked: it is often the ID number"
    assert "LN2008" not in found.reason


def test_a_name_is_compared_with_the_old_register_of_a_holder_who_claimed_it(make):
    holder = make.legacy(name="单小燕")
    account = make.account("单小燕", holder.id_number, legacy_id=holder.id)
    assert results(make.declaration(Status.SUBMITTED, account))["name"].reason == "姓名与原证书登记的姓名一致"


def test_an_old_certificate_that_no_register_knows_cannot_be_told(make):
    assert results(make.declaration(Status.SUBMITTED, **OLD_CERTIFICATE))["legacy"].state == "unknown"
    number = id_number(17)
    make.legacy(number=number, archive_no=None, certificate_no=None)
    assert (
        results(make.declaration(Status.SUBMITTED, make.account(number=number), **OLD_CERTIFICATE))["legacy"].state
        == "unknown"
    )


# --- resubmissions -------------------------------------------------------------------------------------------------


def test_a_mark_that_was_dealt_with_passes(make):
    declaration = returned(make, marks.MarkRequest("postal_address", "", "请写到门牌号"))
    declaration.postal_address = "辽宁省沈阳市和平区样例路 2 号 3 单元"
    found = results(submitted_again(make, declaration))["marks"]
    assert (found.state, found.reason) == ("passed", "退回时标记的 1 处都已修改")


def test_a_mark_answered_by_blanks_or_by_words_alone_asks_for_a_look(make):
    declaration = returned(
        make, marks.MarkRequest("postal_address", "", "不对"), marks.MarkRequest("mobile", "", "不是本人")
    )
    declaration.postal_address = (declaration.postal_address or "").replace(" ", "") + "。"
    for mark in declaration.revisions[-1].marks:
        mark.explanation = "是本人的" if mark.target == "mobile" else ""
    found = results(submitted_again(make, declaration))["marks"]
    assert found.state == "look"
    assert found.reason == "通讯地址只改了空格或标点；手机号码没有修改，申报人作了说明"
    assert dict(found.links).keys() == {"postal_address", "mobile"}


def test_the_same_picture_again_asks_for_a_look_and_another_one_passes(make):
    for image, state in ((smaller(picture(1000, 700)), "look"), (picture(1000, 700, 9), "passed")):
        declaration = returned(make, marks.MarkRequest("id_emblem", "", "看不清"))
        upload(make, declaration, "id_emblem", image)
        assert results(submitted_again(make, declaration))["marks"].state == state


def test_a_picture_left_as_it_was_with_an_explanation_asks_for_a_look_and_one_more_page_passes(make):
    declaration = returned(
        make, marks.MarkRequest("id_emblem", "", "x"), marks.MarkRequest("employer_licence", "", "x"), **WORK
    )
    for mark in declaration.revisions[-1].marks:
        mark.explanation = "没有别的" if mark.target == "id_emblem" else ""
    image = preparation.prepare(make.app.extensions["kuaiji.store"], picture(1000, 700, 9))
    pages.add_page(declaration, PAPER["employer_licence"], image)
    assert results(submitted_again(make, declaration))["marks"].reason == (
        "居民身份证(国徽面)没有更换图片，申报人作了说明"
    )


def test_a_question_that_is_not_asked_any_more_is_dealt_with(make):
    declaration = returned(make, marks.MarkRequest("legacy_certificate_no", "", "x"), **OLD_CERTIFICATE)
    declaration.holds_legacy_certificate, declaration.legacy_certificate_no = "no", None
    assert results(submitted_again(make, declaration))["marks"].state == "passed"


def test_only_the_last_return_counts_and_what_is_not_asked_any_more_is_dealt_with(make):
    declaration = returned(
        make, marks.MarkRequest("work_proof", "", "x"), marks.MarkRequest("employer_name", "", "x"), **WORK
    )
    declaration.employer_name = "样例县另一家公司"
    upload(make, declaration, "work_proof", picture(1000, 700, 9))
    submitted_again(make, declaration)
    officer = make.actor(make.staff())
    workflow.claim(declaration, officer)
    make.mark(declaration, "postal_address", reviewer=officer)
    workflow.send_back(declaration, officer, 2)
    declaration.postal_address = "辽宁省沈阳市和平区样例路 2 号 3 单元"
    found = results(submitted_again(make, declaration))["marks"]
    assert found.reason == "退回时标记的 1 处都已修改"
