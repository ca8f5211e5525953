"""Checks of what was answered: each passes, asks for a second look, cannot tell, or does not apply."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from lib.codes import IdType, Status
from services.checks import office, person, proofs
from services.checks.case import Case, Outcome
from tests.support.people import DOUBTFUL_CODE, EMPLOYED, GOOD_CODE, id_number

NUMBER = id_number(17)
BASE = {name: getattr(value, "isoformat", lambda value=value: value)() for name, value in EMPLOYED.items()}
BASE |= {"id_type": IdType.RESIDENT.value, "id_number": NUMBER}


def case(papers: dict[str, Any] | None = None, **changed: Any) -> Case:
    answers = BASE | changed
    account = SimpleNamespace(id_number=answers["id_number"], name="单小燕", legacy=None)
    revision: Any = SimpleNamespace(
        declaration=SimpleNamespace(account=account),
        papers=papers or {},
        answers=answers,
        submitted_at=datetime(2026, 11, 23, 1, tzinfo=UTC),
    )
    return Case(revision)


def said(outcome: Outcome | None) -> tuple[str, str]:
    assert outcome is not None
    return outcome.state, outcome.reason


# --- number, age, dates ----------------------------------------------------------------------------------------------

NUMBERS = [
    ({}, "passed", "校验位、出生日期、性别一致"),
    ({"sex": "female"}, "look", "号码里的性别是男"),
    ({"birth_date": "1990-03-08"}, "look", "出生日期是 1990-03-07"),
    ({"id_number": NUMBER[:-1] + ("0" if NUMBER[-1] != "0" else "1")}, "look", "校验码"),
    ({"id_type": "passport", "id_number": "X0000019"}, "unknown", "没有出生日期和性别"),
    ({"id_type": "hk_macau_pass", "id_number": "H12345678"}, "unknown", "没有出生日期和性别"),
    ({"id_type": "hk_macau_pass", "id_number": "H1234"}, "look", "8 位数字"),
]


@pytest.mark.parametrize(("changed", "state", "words"), NUMBERS)
def test_number_birth_date_and_sex_agree_or_not(changed: dict[str, Any], state: str, words: str) -> None:
    found = said(person.number(case(**changed)))
    assert found[0] == state
    assert words in found[1]
    assert NUMBER not in found[1]


CARDS = [
    ("2026-11-22", Status.APPROVED, "look", "提交时已经过期"),
    ("2026-11-23", Status.SUBMITTED, "look", "提交以后过期"),
    ("2026-11-23", Status.APPROVED, "passed", "没有过期"),
    ("2126-11-23", Status.SUBMITTED, "passed", "没有过期"),
]


@pytest.mark.parametrize(("last", "status", "state", "words"), CARDS)
def test_a_card_that_has_expired_is_told_also_when_it_did_so_while_waiting(
    monkeypatch: pytest.MonkeyPatch, last: str, status: Status, state: str, words: str
) -> None:
    monkeypatch.setattr(person, "today", lambda: date(2026, 11, 24))
    sent = case(id_expires_on=last)
    sent.declaration.status = status
    assert said(person.card(sent))[0] == state
    assert words in said(person.card(sent))[1]
    assert person.card(case(id_expires_on=last, id_type="passport")) is None
    assert person.card(case()) is None


def test_a_number_that_was_corrected_after_the_submission_is_told() -> None:
    corrected = case()
    corrected.account.id_number = id_number(19)
    assert said(person.number(corrected)) == ("look", "证件号码在提交之后更正过")


@pytest.mark.parametrize(
    ("born", "state"),
    [("2010-11-23", "passed"), ("2010-11-24", "look"), ("1956-11-23", "passed"), ("1955-11-23", "look")],
)
def test_ages_from_16_to_70_are_usual(born: str, state: str) -> None:
    assert said(person.age(case(birth_date=born)))[0] == state


DATES = [
    ({}, "passed", ()),
    ({"work_started": "2012-08", "accounting_started": "2013-03"}, "passed", ()),
    ({"work_started": "2006-03"}, "look", ("work_started", "full_time_graduated")),
    ({"work_started": "2006-02"}, "look", ("work_started", "full_time_graduated")),
    ({"work_started": "2011-07"}, "passed", ()),
    ({"work_started": "2011-06"}, "look", ("full_time_graduated", "work_started")),
    ({"accounting_started": "2011-06"}, "look", ("full_time_graduated", "accounting_started")),
    ({"work_started": "2013-01", "accounting_started": "2012-12"}, "look", ("accounting_started", "work_started")),
    ({"technical_post_on": "2021-09-04"}, "look", ("technical_post_on", "qualification_on")),
    ({"technical_post_on": "2021-09-05"}, "passed", ()),
    ({"qualification_on": "2026-11-24", "technical_post_on": None}, "look", ("qualification_on",)),
    ({"qualification_on": "2026-11-23", "technical_post_on": None}, "passed", ()),
    ({"full_time_graduated": "2026-12"}, "look", ("full_time_graduated",)),
]


@pytest.mark.parametrize(("changed", "state", "targets"), DATES)
def test_dates_follow_each_other(changed: dict[str, Any], state: str, targets: tuple[str, ...]) -> None:
    found = person.dates(case(**changed))
    assert (found.state, set(found.targets)) == (state, set(targets))


def test_each_wrong_date_is_told_with_both_dates() -> None:
    found = person.dates(case(work_started="2005-01", technical_post_on="2020-01-01"))
    assert "(2005-01)早于年满 16 周岁" in found.reason
    assert "会计职务聘任时间(2020-01-01)早于取得时间(2021-09-05)" in found.reason


# --- employer --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        ({"employer_code": GOOD_CODE}, "passed"),
        ({"employer_code": DOUBTFUL_CODE}, "look"),
        ({"employer_code": "91219900MA0ABCDEI7"}, "look"),
    ],
)
def test_an_employers_code_is_checked(changed: dict[str, Any], state: str) -> None:
    found = office.employer_code(case(**changed))
    assert found is not None
    assert (found.state, found.targets) == (state, ("employer_code",))


def test_without_an_employer_there_is_no_code_to_check() -> None:
    assert office.employer_code(case(has_employer="no")) is None
    assert office.employer_name(case(has_employer="no")) is None


# --- numbers of certificates -----------------------------------------------------------------------------------------

QUALIFICATIONS = [
    ("20210921034219900", "passed"),
    ("20200921034219900", "look"),
    ("〔2021〕12号", "passed"),
    ("辽人社〔2019〕12号", "look"),
    ("ZS0012345", "unknown"),
    ("18890012345", "unknown"),
]


@pytest.mark.parametrize(("number", "state"), QUALIFICATIONS)
def test_the_year_in_a_certificates_number_is_that_of_its_date(number: str, state: str) -> None:
    assert said(proofs.qualification(case(qualification_no=number)))[0] == state


def test_without_a_qualification_there_is_no_number_to_check() -> None:
    assert proofs.qualification(case(qualification_no=None, qualification_on=None)) is None


DIPLOMAS = [
    ({}, "passed", "一致"),
    ({"full_time_diploma_no": "101731201105001122"}, "look", "年份是 2011，毕业时间是 2012-07"),
    ({"full_time_diploma_no": "10173120120500112"}, "passed", "一致"),
    ({"full_time_diploma_no": "1017312012050011"}, "look", "有 16 位数字，一般是 18 位"),
    ({"full_time_diploma_no": "无"}, "look", "2012 年的证书应有编号"),
    ({"full_time_diploma_no": "教留服认英〔2012〕0001"}, "unknown", "国(境)外学历学位认证书"),
    ({"full_time_degree_no": "1017342013001122"}, "look", "学位证书编号里的年份是 2013"),
    ({"part_time_graduated": "2018-01", "part_time_diploma_no": "511615201705000001"}, "look", "非全日制学历证书编号"),
    ({"full_time_diploma_no": "A123", "full_time_degree_no": "1017342013001122"}, "look", "学位证书编号"),
]


@pytest.mark.parametrize(("changed", "state", "words"), DIPLOMAS)
def test_numbers_of_diplomas_have_their_length_and_the_year_of_the_graduation(
    changed: dict[str, Any], state: str, words: str
) -> None:
    found = said(proofs.diplomas(case(**changed)))
    assert found[0] == state
    assert words in found[1]


def test_old_diplomas_followed_no_rule_and_lower_schools_have_none() -> None:
    assert proofs.diplomas(case(full_time_graduated="1998-07")) is None
    assert proofs.diplomas(case(full_time_diploma_no=None, full_time_degree_no=None)) is None
