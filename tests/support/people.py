"""Plainly invented people and answers: region code 2199xx, phones 1380013xxxx."""

from __future__ import annotations

from datetime import date
from typing import Any

from stdnum.iso7064 import mod_11_2

PASSWORD = "correct horse 电池"
STAFF_PASSWORD = "staff horse 电池 2026"


def id_number(serial: int, born: str = "19900307") -> str:
    """A valid but unused 18-digit number: ``serial`` is odd for a man, even for a woman."""
    body = f"219900{born}{serial:03d}"
    return body + mod_11_2.calc_check_digit(body)


#: 统一社会信用代码 with a right and with a wrong check character.
GOOD_CODE, DOUBTFUL_CODE = "91219900MA0ABCDE17", "91219900MA0ABCDE1Y"

PERSONAL: dict[str, Any] = {
    "applicant_name": "单小燕",
    "mobile": "13800130001",
    "sex": "male",
    "birth_date": date(1990, 3, 7),
    "nation": "01",
    "political_status": "13",
    "postal_address": "辽宁省沈阳市和平区样例路 1 号",
    "holds_legacy_certificate": "no",
    "talent": "none",
}
WITHOUT_EMPLOYER: dict[str, Any] = {
    "has_employer": "no",
    "category": "candidate",
    "person_status": "unemployed",
    "location_kind": "registered",
    "home_city": "210100",
    "home_county": "210102",
    "home_address": "样例路 1 号 2 单元",
    "department_code": "210102",
}
WITH_EMPLOYER: dict[str, Any] = {
    "has_employer": "yes",
    "category": "accounting",
    "employer_name": "样例县华业机械有限公司",
    "employer_code": GOOD_CODE,
    "affiliation": "other",
    "unit_type": "private",
    "industry": "C",
    "employer_city": "210100",
    "employer_county": "210102",
    "employer_address": "样例路 8 号",
    "accounting_posts": ["cashier", "reports"],
    "administrative_post": "none",
    "department_code": "210102",
}
EDUCATION: dict[str, Any] = {
    "full_time_level": "junior",
    "has_part_time": "no",
}
UNIVERSITY: dict[str, Any] = {
    "full_time_level": "bachelor",
    "full_time_degree": "bachelor",
    "full_time_school": "东北样例大学",
    "full_time_major": "会计学",
    "full_time_graduated": "2012-07",
    "full_time_diploma_no": "101731201205001122",
    "full_time_degree_no": "1017342012001122",
    "has_part_time": "no",
}
QUALIFICATION: dict[str, Any] = {"qualification": "none", "technical_post": "none", "abacus": "none"}
QUALIFIED: dict[str, Any] = {
    "qualification": "intermediate",
    "qualification_kind": "accounting",
    "qualification_route": "exam",
    "qualification_on": date(2021, 9, 5),
    "qualification_no": "20210921034219900",
    "technical_post": "accountant",
    "technical_post_on": date(2022, 1, 1),
    "abacus": "none",
}

#: The shortest complete set of answers.
COMPLETE = PERSONAL | WITHOUT_EMPLOYER | EDUCATION | QUALIFICATION
#: A long one, with an employer.
EMPLOYED = PERSONAL | WITH_EMPLOYER | UNIVERSITY | QUALIFIED

#: The longest one: names and addresses that fill their fields, numbers without a break.
LONGEST_NAME = "阿卜杜热合曼·买买提吐尔逊·伊敏阿吉木汗穆罕默德·卡地尔江阿布都克里木斯拉木"
_EMPLOYER = ("样例县恒信国际会计师事务所(特殊普通合伙)沈阳分所" * 4)[:100]
_ADDRESS = "辽宁省沈阳市和平区样例大街南五马路西延长线东段" * 3 + "ABCDEFGHIJKLMNOPQRST"
LONGEST: dict[str, Any] = (
    EMPLOYED
    | {f"full_time_{name}": value for name, value in (("school", _EMPLOYER), ("major", "会计学" * 20))}
    | {
        "applicant_name": LONGEST_NAME,
        "email": "a.mail.box.with.a.very.long.name.and.without.any.break.in.it@mail.of.an.example-enterprise.cn",
        "postal_address": _ADDRESS,
        "work_started": "2012-07",
        "accounting_started": "2012-08",
        "holds_legacy_certificate": "yes",
        "legacy_certificate_no": "2" * 40,
        "employer_name": _EMPLOYER,
        "employer_address": _ADDRESS,
        "full_time_diploma_no": "1" * 40,
        "qualification_no": "A" * 40,
    }
)


def as_form(answers: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Answers as a browser sends them for the page that asks ``names``: months as two selects, dates as text."""
    sent: dict[str, Any] = {}
    for name in names:
        value = answers.get(name)
        if name.endswith(("_started", "_graduated")):
            year, _, month = (value or "").partition("-")
            sent[f"{name}-year"], sent[f"{name}-month"] = year, month
        elif value is not None:
            sent[name] = value.isoformat() if isinstance(value, date) else value
    return sent
