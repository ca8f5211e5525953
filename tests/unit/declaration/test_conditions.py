"""Every condition of pages and papers: when a question is asked, when required, when a leftover is dropped."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from forms import PAPERS, STEPS
from lib import identity
from lib.questions.conditions import All, FormContext, When, both, unless
from lib.questions.fields import StepForm
from lib.questions.validators import Required
from models import Answers
from tests.support.people import COMPLETE, EMPLOYED, GOOD_CODE, id_number

RESIDENT = {"id_type": "resident_id", "id_number": id_number(21)}
PASSPORT = {"id_type": "passport", "id_number": "E12345678"}
LISTS = {
    "nation": {"01": "汉族", "02": "蒙古族"},
    "industry": {"C": "制造业"},
    "region": {"HK": "中国香港", "JP": "日本"},
    "talent": {"none": "无", "national": "全国"},
    "affiliation": {"other": "其他", "central": "中央"},
    "unit_type": {"private": "民营企业"},
    "administrative_post": {"none": "无"},
    "person_status": {"student": "在校学生", "unemployed": "待业"},
    "education_level": {
        code: code for code in ("doctor", "master", "bachelor", "college", "vocational", "high_school", "junior")
    },
    "qualification_kind": {"accounting": "会计类"},
    "abacus": {"none": "无", "p6": "普通六级"},
}
DIVISIONS = {"": {"210100": "沈阳市"}, "210100": {"210102": "和平区"}, "210102": {"210102001": "样例街道"}}


class Office:
    code, name, own_system = "210102", "沈阳市和平区财政局", False


class Dalian:
    code, name, own_system = "210200", "大连市财政局", True


def page_of(question: str) -> type[StepForm]:
    return next(step.form for step in STEPS if question in step.form(None, context=FormContext())._fields)


def build(question: str, facts: dict[str, Any], offices: Any = (Office,)) -> StepForm:
    context = FormContext(
        facts=facts,
        today=date(2026, 11, 23),
        options=LISTS,
        titles=LISTS,
        divisions=lambda parent: DIVISIONS.get(parent, {}),
        departments=lambda _facts: offices,
    )
    return page_of(question)(None, context=context)


def checked(question: str, **changed: Any) -> Any:
    """The question after its page was validated with complete answers, some of them changed."""
    form = build(question, RESIDENT | EMPLOYED | changed)
    form.checks()
    return form[question]


def test_every_question_has_a_column_and_every_column_a_question():
    asked = {name for step in STEPS for name in step.form(None, context=FormContext())._fields}
    columns = {name.removesuffix("_sealed") for name in Answers.__annotations__}
    assert asked == columns


def test_every_condition_and_proof_names_a_known_fact():
    questions = {name for step in STEPS for name in step.form(None, context=FormContext())._fields}
    derived = {"id_type", "id_number", "name_differs", "employer_code_check"}
    conditions = [
        field.flags.when for step in STEPS for field in step.form(None, context=FormContext()) if field.flags.when
    ]
    conditions += [paper.when for paper in PAPERS if paper.when]
    named = {part.question for condition in conditions for part in condition.parts}
    assert named <= questions | derived
    assert {name for paper in PAPERS for name in paper.proves} <= questions | derived


@pytest.mark.parametrize("answers", [COMPLETE, EMPLOYED], ids=["without employer", "employed"])
def test_complete_answers_are_accepted_by_every_page(answers):
    for step in STEPS:
        form = build(next(iter(step.form(None, context=FormContext())._fields)), RESIDENT | answers)
        assert form.checks(), {field.name: field.errors for field in form if field.errors}


# question, answers under which it is required, answers under which it is not asked
REQUIRED = [
    ("region", PASSPORT, RESIDENT),
    ("nation", RESIDENT, PASSPORT),
    ("legacy_certificate_no", {"holds_legacy_certificate": "yes"}, {"holds_legacy_certificate": "no"}),
    *[
        (name, {"has_employer": "yes"}, {"has_employer": "no"})
        for name in (
            "employer_name",
            "employer_code",
            "affiliation",
            "unit_type",
            "industry",
            "employer_city",
            "employer_county",
            "employer_address",
        )
    ],
    ("accounting_posts", {"category": "accounting"}, {"category": "qualified"}),
    ("accounting_posts", {"category": "accounting"}, {"has_employer": "no"}),
    ("administrative_post", {"category": "accounting"}, {"category": "candidate"}),
    *[
        (name, {"has_employer": "no"}, {"has_employer": "yes"})
        for name in ("person_status", "location_kind", "home_city", "home_county", "home_address")
    ],
    (
        "school",
        {"has_employer": "no", "person_status": "student"},
        {"has_employer": "no", "person_status": "unemployed"},
    ),
    ("full_time_degree", {"full_time_level": "bachelor"}, {"full_time_level": "college"}),
    ("full_time_school", {"full_time_level": "high_school"}, {"full_time_level": "junior"}),
    ("full_time_major", {"full_time_level": "vocational"}, {"full_time_level": "high_school"}),
    ("full_time_graduated", {"full_time_level": "high_school"}, {"full_time_level": "junior"}),
    ("full_time_diploma_no", {"full_time_level": "college"}, {"full_time_level": "vocational"}),
    ("full_time_degree_no", {"full_time_degree": "bachelor"}, {"full_time_degree": "none"}),
    ("full_time_degree_no", {"full_time_degree": "bachelor"}, {"full_time_level": "college"}),
    *[
        (f"part_time_{name}", {"has_part_time": "yes", **level}, {"has_part_time": "no", **level})
        for name in ("level", "degree", "school", "major", "graduated", "diploma_no", "degree_no")
        for level in ({"part_time_level": "master", "part_time_degree": "master"},)
    ],
    *[
        (f"qualification_{name}", {"qualification": "junior"}, {"qualification": "none"})
        for name in ("kind", "route", "on", "no")
    ],
    ("technical_post_on", {"technical_post": "accountant"}, {"technical_post": "none"}),
    ("abacus_no", {"abacus": "p6"}, {"abacus": "none"}),
]


@pytest.mark.parametrize(
    ("question", "asked", "_not"), REQUIRED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_required_question_says_what_to_do_when_it_is_empty(question, asked, _not):
    field = checked(question, **asked, **({} if question in asked else {question: None}))
    if question in asked:  # the condition names the question itself: 全日制最高学历 and the like
        return
    if preset := getattr(field, "preset", None):  # chosen already: it is never empty
        assert (field.data, field.errors) == (preset, [])
        return
    assert field.errors
    assert field.errors[0].startswith(("请填写", "请选择", "请勾选")), field.errors


@pytest.mark.parametrize(
    ("question", "_asked", "not_asked"), REQUIRED, ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_question_that_is_not_asked_is_excused_and_forgets_its_answer(question, _asked, not_asked):
    leftover = {question: EMPLOYED.get(question) or COMPLETE.get(question) or "leftover"}
    if question.endswith("_on"):
        leftover = {question: date(2020, 1, 1)}
    field = checked(question, **(leftover | not_asked))
    assert field.data is None
    assert not field.errors


@pytest.mark.parametrize("question", ["employer_street", "employer_phone"])
def test_an_optional_question_may_stay_open_and_is_dropped_when_not_asked(question):
    assert not checked(question, **{question: None}).errors
    assert checked(question, has_employer="no", **{question: "024-12345678"}).data is None


def test_sex_and_birth_date_come_from_the_number_whatever_is_sent():
    facts = identity.facts_from_number("resident_id", RESIDENT["id_number"])
    assert facts
    sex, born = facts
    told = {"number_sex": sex, "number_birth_date": born}
    form = build("sex", RESIDENT | EMPLOYED | told | {"sex": "female", "birth_date": date(2000, 1, 1)})
    assert form.checks()
    assert (form["sex"].data, form["birth_date"].data) == (sex, born)


def test_a_passport_holder_is_asked_for_sex_birth_date_and_country():
    form = build("sex", PASSPORT | EMPLOYED | {"sex": None, "birth_date": None, "region": None})
    form.checks()
    assert {"sex", "birth_date", "region"} <= set(form.errors)


def test_a_students_place_is_always_the_school():
    field = checked(
        "location_kind", has_employer="no", person_status="student", location_kind="residence", school="样例大学"
    )
    assert field.data == "school"
    assert not field.errors


def test_only_students_may_choose_the_school_as_their_place():
    field = checked("location_kind", has_employer="no", person_status="unemployed", location_kind="school")
    assert "只有在校学生" in field.errors[0]


def test_a_doubtful_employer_code_asks_for_a_confirmation():
    doubtful = GOOD_CODE[:-1] + ("7" if GOOD_CODE[-1] != "7" else "8")
    assert "我已与证照核对" in checked("employer_code_confirmed", employer_code=doubtful).errors[0]
    assert not checked("employer_code_confirmed", employer_code=doubtful, employer_code_confirmed="yes").errors
    assert checked("employer_code_confirmed", employer_code=GOOD_CODE, employer_code_confirmed="yes").data is None


def test_an_address_in_dalian_leads_to_its_own_system():
    form = build("department_code", RESIDENT | EMPLOYED, offices=(Dalian,))
    assert not form.checks()
    assert "大连市财政局使用自己的采集系统" in form["department_code"].errors[0]


def test_a_department_that_no_longer_matches_must_be_chosen_anew():
    field = checked("department_code", department_code="219999")
    assert field.data is None
    assert field.errors == ["请选择会计管理部门"]


def test_a_county_of_another_city_must_be_chosen_anew():
    field = checked("employer_county", employer_county="210202")
    assert field.errors == ["请选择单位所在县(区)"]


def test_hidden_inputs_get_back_what_stood_in_them_but_are_no_answers():
    form = build("employer_name", RESIDENT | EMPLOYED | {"has_employer": "no"})
    assert not form.checks()
    assert form.answers()["employer_name"] is None

    form.put_back_hidden()

    assert form["employer_name"].data == EMPLOYED["employer_name"]
    assert form["employer_county"].data == EMPLOYED["employer_county"]
    assert form["person_status"].errors == ["请选择人员状态"]


WRONG = [
    ("applicant_name", "张", "2"),
    ("applicant_name", "张3", "3"),
    ("mobile", "1380013abcd", "字母"),
    ("mobile", "138001300", "9"),
    ("email", "nobody", "name@example.com"),
    ("email", "王@example.com", "@ 前面只能用英文字母、数字和符号，不能有「王」，请改正"),
    ("postal_address", "短", "通讯地址应为 5 至 100 个字，您填写了 1 个字，请修改"),
    ("full_time_major", "会" * 61, "所学专业最多 60 个字，您填写了 61 个字，请修改"),
    ("postcode", "11000", "6 位数字"),
    ("employer_phone", "12", "电话"),
    ("employer_code", "123", "18"),
    ("qualification_no", "ab!cd", "证书编号只能有"),
    ("qualification_no", "12", "4 至 40"),
    ("full_time_diploma_no", "12", "4 至 40"),
    ("qualification_on", date(2030, 1, 1), "不能晚于今天"),
    ("qualification_on", date(1999, 1, 1), "16 周岁"),
    ("full_time_graduated", "2000-01", "14 周岁"),
    ("work_started", "2027-01", "不能晚于今天"),
    ("accounting_started", "2005-01", "16 周岁"),
    ("nation", "99", "请从列表中选择民族"),
    ("accounting_posts", ["pilot"], "请从列表中选择会计工作岗位"),
    ("postal_address", "样例路\u0007一号楼", "控制字符"),
    ("postal_address", "样例路\ue863一号楼", "电脑自造的字(U+E863)，请改用标准的字「䶮」"),
    ("postal_address", "样例路\ue000一号楼", "电脑自造的字(U+E000)，请换成国家标准里的字"),
]


@pytest.mark.parametrize(("question", "answer", "message"), WRONG)
def test_a_wrong_answer_is_told_what_is_wrong(question, answer, message):
    field = checked(question, **{question: answer})
    assert field.errors
    assert message in field.errors[0], field.errors


def test_accounting_does_not_begin_before_work():
    field = checked("accounting_started", work_started="2012-07", accounting_started="2011-01")
    assert "早于参加工作时间" in field.errors[0]


def test_an_appointment_before_the_qualification_is_a_warning_only():
    field = checked("technical_post_on", qualification_on=date(2021, 9, 5), technical_post_on=date(2020, 1, 1))
    assert not field.errors
    assert "早于取得时间" in field.warnings[0]


def test_a_character_that_cannot_be_printed_is_a_warning_only():
    context = FormContext(
        facts=RESIDENT | EMPLOYED | {"applicant_name": "张三"}, options=LISTS, unprintable=lambda text: ["三"]
    )
    form = page_of("applicant_name")(None, context=context)
    form.checks()
    assert not form["applicant_name"].errors
    assert form["applicant_name"].warnings == ["「三」(U+4E09)打印时显示为□，请在打印的表上手写补正；不影响申报"]


def test_conditions_are_plain_data():
    first, second = When("a", ("x",)), unless("b", "y")
    assert both(first, second) == All((first, second))
    assert both(first, second).holds({"a": "x", "b": "z"})
    assert not both(first, second).holds({"a": "x", "b": "y"})
    assert not second.holds({})
    assert not first.holds({"a": None})


def test_required_takes_the_label_into_its_message():
    assert Required.field_flags == {"required": True}
    assert checked("postal_address", postal_address=None).errors == ["请填写通讯地址"]


ASKED_FOR = [
    ("id_portrait", RESIDENT, PASSPORT),
    ("id_emblem", RESIDENT, PASSPORT),
    ("card_portrait", {"id_type": "hk_macau_pass"}, RESIDENT),
    ("card_back", {"id_type": "foreign_pr"}, PASSPORT),
    ("passport", PASSPORT, RESIDENT),
    ("employer_licence", {"has_employer": "yes"}, {"has_employer": "no"}),
    ("work_proof", {"has_employer": "yes"}, {"has_employer": "no"}),
    (
        "student_card",
        {"has_employer": "no", "person_status": "student"},
        {"has_employer": "no", "person_status": "retired"},
    ),
    (
        "residence_permit",
        {"has_employer": "no", "location_kind": "residence"},
        {"has_employer": "no", "location_kind": "registered"},
    ),
    (
        "household_register",
        {"has_employer": "no", "location_kind": "registered"},
        {"has_employer": "yes", "location_kind": "registered"},
    ),
    ("full_time_diploma", {"full_time_level": "high_school"}, {"full_time_level": "junior"}),
    (
        "full_time_degree_paper",
        {"full_time_level": "master", "full_time_degree": "master"},
        {"full_time_level": "master", "full_time_degree": "none"},
    ),
    (
        "part_time_diploma",
        {"has_part_time": "yes", "part_time_level": "college"},
        {"has_part_time": "no", "part_time_level": "college"},
    ),
    (
        "part_time_degree_paper",
        {"has_part_time": "yes", "part_time_level": "bachelor", "part_time_degree": "bachelor"},
        {"has_part_time": "no", "part_time_level": "bachelor", "part_time_degree": "bachelor"},
    ),
    ("qualification_certificate", {"qualification": "senior"}, {"qualification": "none"}),
    ("appointment", {"technical_post": "senior"}, {"technical_post": "none"}),
    ("abacus_certificate", {"abacus": "p6"}, {"abacus": "none"}),
    ("talent_certificate", {"talent": "national"}, {"talent": "none"}),
    ("name_change", {"name_differs": "yes"}, {"name_differs": "no"}),
]


@pytest.mark.parametrize(("kind", "yes", "no"), ASKED_FOR, ids=[row[0] for row in ASKED_FOR])
def test_a_paper_is_asked_for_exactly_when_the_answers_say_so(kind, yes, no):
    paper = next(paper for paper in PAPERS if paper.kind == kind)
    assert paper.asked(yes)
    assert not paper.asked(no)
    assert not paper.asked({})


def test_every_paper_with_a_condition_is_in_the_table_above():
    missing = {paper.kind for paper in PAPERS if paper.when} ^ {row[0] for row in ASKED_FOR}
    assert not missing, f"give {sorted(missing)} a row in ASKED_FOR: answers that ask for it, answers that do not"
