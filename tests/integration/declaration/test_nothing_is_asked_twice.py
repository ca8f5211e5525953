"""What earlier answers, a code and the rules tell while one fills in the pages, and papers that are chosen together."""

from __future__ import annotations

import io
import re

import pytest
from sqlalchemy import select

from lib.codes import IdType, Status
from models import Declaration, PaperPage, db
from services.declaration import employers
from tests.support.applicant.filing import page, stored
from tests.support.factory import picture
from tests.support.people import DOUBTFUL_CODE, GOOD_CODE, WITH_EMPLOYER


@pytest.fixture
def declaration(make, browser) -> Declaration:
    browser.sign_in(make.account()).send("/apply/notice")
    return db.session.scalars(select(Declaration)).one()


def test_a_code_tells_of_an_employer_what_somebody_approved_has_stated(make, declaration, browser):
    asked = f"/apply/department/employer?code={GOOD_CODE.lower()}"
    make.declaration(Status.SUBMITTED, **WITH_EMPLOYER)
    assert browser.open(asked).response.json == {}

    make.declaration(Status.APPROVED, **WITH_EMPLOYER | {"employer_phone": "13800130077"})

    told = browser.open(asked).response.json
    assert told == {name: WITH_EMPLOYER[name] for name in employers.FILLED if name != "employer_street"}
    half = {"has_employer": "yes", "employer_code": GOOD_CODE, "industry": "P", "action": "update"}
    shown = browser.follow(browser.send("/apply/department", half)).text
    assert "样例县华业机械有限公司" in shown  # without scripts, too
    assert re.search(r'value="P" selected', shown)  # what was answered stays


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("12210102MA0ABCDE1", {"unit_type": "institution", "employer_city": "210100", "employer_county": "210102"}),
        ("91210100MA0ABCDE1", {"employer_city": "210100"}),
        ("91999900MA0ABCDE1", {}),
    ],
)
def test_a_code_that_nobody_has_stated_tells_its_place_and_some_kinds(make, code, told):
    from stdnum.cn import uscc

    assert employers.told_by(code + uscc.calc_check_digit(code)) == told


def test_the_rules_speak_while_one_types_and_not_of_what_is_empty(declaration, browser):
    typed = {"full_time_level": "bachelor", "full_time_degree": "doctor", "full_time_graduated-year": "209907"}
    said = browser.send("/apply/education/draft", typed, expect=200).response.json
    assert set(said) == {"full_time_degree", "full_time_graduated"}
    assert "博士" in said["full_time_degree"]

    doubtful = {"has_employer": "yes", "employer_code": DOUBTFUL_CODE}
    said = browser.send("/apply/department/draft", doubtful, expect=200).response.json
    assert set(said) == {"employer_code_confirmed"}
    browser.send("/apply/department/draft", doubtful | {"employer_code_confirmed": "yes"}, expect=204)


ODD = {
    "work before the profession": (
        "personal",
        {"work_started-year": "201808", "accounting_started-year": "201807"},
        {"accounting_started": "早于参加工作时间"},
    ),
    "birth date unlike the card": ("personal", {"birth_date": "1985-03-08"}, {"birth_date": "与证件号码里的不一致"}),
    "a child": ("personal", {"birth_date": "20200307"}, {"birth_date": "应在 16 至 100 周岁之间"}),
    "a pupil's place": (
        "department",
        {"has_employer": "no", "person_status": "unemployed", "location_kind": "school"},
        {"location_kind": "只有在校学生可以选择学籍所在地"},
    ),
    "degree above the level": (
        "education",
        {"full_time_level": "bachelor", "full_time_degree": "doctor"},
        {"full_time_degree": "最高学位不会是博士"},
    ),
    "post before the qualification": (
        "qualification",
        {
            "qualification": "junior",
            "qualification_on": "2021-09-05",
            "technical_post": "assistant",
            "technical_post_on": "2021.9.4",
        },
        {"technical_post_on": "早于取得时间"},
    ),
    "no qualification after all": ("qualification", {"qualification": "none"}, {"qualification": "请核对专业技术资格"}),
}


@pytest.mark.parametrize("case", ODD)
def test_what_does_not_fit_together_is_said_while_one_types(make, browser, case):
    slug, typed, expected = ODD[case]
    foreigner = make.account("Li", "911219198503070123", id_type=IdType.FOREIGN_PR)
    make.declaration(account=foreigner, category="qualified")
    said = browser.sign_in(foreigner).send(f"/apply/{slug}/draft", typed, expect=200).response.json
    assert said.keys() == expected.keys()
    assert all(part in said[name] for name, part in expected.items()), said


def test_what_is_only_rare_is_said_and_saved(declaration, browser):
    sent = page(declaration, "education", full_time_level="junior", has_part_time="yes", part_time_level="doctor")
    sent |= {"part_time_degree": "doctor", "part_time_school": "东北样例大学", "part_time_major": "会计学"}
    sent |= {"part_time_graduated-year": "201507", "part_time_diploma_no": "无", "part_time_degree_no": "无"}
    shown = browser.follow(browser.send("/apply/education", sent))
    assert "非全日制最高学历比全日制最高学历高出很多" in shown.text
    assert (stored(declaration).part_time_level, stored(declaration).part_time_graduated) == ("doctor", "2015-07")


def test_papers_chosen_together_go_to_their_rows_and_a_wrong_one_is_moved(make, browser):
    declaration = make.declaration(Status.DRAFT)
    declaration.pages.clear()
    db.session.commit()
    browser.sign_in(declaration.account)
    assert browser.open("/apply/papers/places?name=IMG_1.jpg&name=身份证国徽面.jpg").response.json["kinds"] == [
        "sheet",
        "id_emblem",
    ]
    make.papers(declaration)
    for kind in ("id_portrait", "id_emblem"):
        (old,) = [one for one in stored(declaration).pages if one.kind == kind]
        browser.send(f"/apply/pages/{old.uid}/delete")

    files = [(io.BytesIO(picture(1000, 700, seed)), f"IMG_{seed}.jpg") for seed in (1, 2, 3)]
    shown = browser.follow(browser.send("/apply/papers", {"file": files}))

    assert "IMG_3.jpg：需要的附件都已上传" in shown.text
    first, second = (_sole(declaration, kind) for kind in ("id_portrait", "id_emblem"))
    moved = browser.open(f"/apply/pages/{first.uid}/to")
    assert "居民身份证(国徽面)（互换）" in moved.text
    before = first.sha256, second.sha256
    browser.send(f"/apply/pages/{first.uid}/to", {"kind": "id_emblem"})
    assert (_sole(declaration, "id_emblem").sha256, _sole(declaration, "id_portrait").sha256) == before
    browser.send(f"/apply/pages/{_sole(declaration, 'id_emblem').uid}/to", {"kind": "photo"}, expect=422)


def _sole(declaration: Declaration, kind: str) -> PaperPage:
    (found,) = [one for one in stored(declaration).pages if one.kind == kind]
    return found
