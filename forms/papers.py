"""The papers (附件): which ones the answers ask for. Data, one row a paper, because provinces differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forms.conditions import All, Condition, When, both, unless
from forms.pages import (
    HAS_ABACUS,
    HAS_EMPLOYER,
    HAS_QUALIFICATION,
    HAS_TECHNICAL_POST,
    JUNIOR,
    NO_EMPLOYER,
    RESIDENT,
    STUDENT,
    UNIVERSITY,
)
from lib.codes import Degree, IdType, LocationKind, YesNo


@dataclass(frozen=True)
class Paper:
    """One kind of paper (附件): when it is asked for, and whether the declaration needs it."""

    kind: str
    title: str
    when: Condition | None = None
    required: bool = True
    hint: str = ""
    template: str = ""  # a name under /templates/
    max_pages: int = 6
    proves: tuple[str, ...] = ()  # the questions it proves: the review shows it beside them

    def asked(self, facts: Mapping[str, Any]) -> bool:
        return self.when is None or self.when.holds(facts)


OTHER_CARD = unless("id_type", IdType.RESIDENT, IdType.PASSPORT)
SHEET, PHOTO = "sheet", "photo"
_FULL = ("full_time_level", "full_time_school", "full_time_major", "full_time_graduated", "full_time_diploma_no")
_PART = tuple(name.replace("full", "part") for name in _FULL)
_CARD = ("applicant_name", "id_type", "id_number", "sex", "birth_date", "region", "nation")
_QUALIFIED = ("qualification", "qualification_kind", "qualification_route", "qualification_on", "qualification_no")
DIPLOMA_HINT = "也可以用学历证明书、《教育部学历证书电子注册备案表》或国(境)外学历学位认证书"
IN_PART_TIME = When("has_part_time", (YesNo.YES,))

PAPERS = (
    Paper(PHOTO, "一寸照片", hint="近期免冠正面照，建议白底", max_pages=1),
    Paper(
        SHEET,
        "个人基本信息表",
        hint="从本系统打印，在右下角手写签名；有工作单位的须加盖单位公章",
        template="sheet",
        max_pages=2,
    ),
    Paper("id_portrait", "居民身份证(人像面)", RESIDENT, max_pages=1, proves=_CARD),
    Paper("id_emblem", "居民身份证(国徽面)", RESIDENT, max_pages=1),
    Paper("card_portrait", "证件(人像面)", OTHER_CARD, max_pages=1, proves=_CARD),
    Paper("card_back", "证件(另一面)", OTHER_CARD, max_pages=1),
    Paper("passport", "护照资料页", When("id_type", (IdType.PASSPORT,)), proves=_CARD),
    Paper(
        "employer_licence",
        "统一社会信用代码证书(营业执照、事业单位法人证书等)",
        HAS_EMPLOYER,
        proves=(
            "employer_name",
            "employer_code",
            "employer_code_confirmed",
            "unit_type",
            "industry",
            "employer_address",
        ),
    ),
    Paper(
        "work_proof",
        "工作证明",
        HAS_EMPLOYER,
        required=False,
        hint="可以不传：盖章的信息表已能证明",
        template="work-proof",
        proves=("accounting_posts", "administrative_post"),
    ),
    Paper("student_card", "学生证或学籍证明", STUDENT, proves=("person_status", "school")),
    Paper(
        "residence_permit",
        "居住证或居住证明",
        both(NO_EMPLOYER, When("location_kind", (LocationKind.RESIDENCE,))),
        proves=("home_address",),
    ),
    Paper(
        "household_register",
        "户口簿(本人页)",
        both(NO_EMPLOYER, When("location_kind", (LocationKind.REGISTERED,))),
        required=False,
        proves=("home_address",),
    ),
    Paper("full_time_diploma", "全日制学历证书", unless("full_time_level", JUNIOR), hint=DIPLOMA_HINT, proves=_FULL),
    Paper(
        "full_time_degree_paper",
        "全日制学位证书",
        All((When("full_time_level", UNIVERSITY), unless("full_time_degree", Degree.NONE))),
        proves=("full_time_degree", "full_time_degree_no"),
    ),
    Paper(
        "part_time_diploma",
        "非全日制学历证书",
        both(IN_PART_TIME, unless("part_time_level", JUNIOR)),
        hint=DIPLOMA_HINT,
        proves=_PART,
    ),
    Paper(
        "part_time_degree_paper",
        "非全日制学位证书",
        All((IN_PART_TIME, When("part_time_level", UNIVERSITY), unless("part_time_degree", Degree.NONE))),
        proves=("part_time_degree", "part_time_degree_no"),
    ),
    Paper(
        "qualification_certificate",
        "专业技术资格证书",
        HAS_QUALIFICATION,
        hint="证书编号、姓名和发证日期要看得清",
        proves=_QUALIFIED,
    ),
    Paper(
        "appointment",
        "会计职务聘任证书(聘任文件)",
        HAS_TECHNICAL_POST,
        required=False,
        proves=("technical_post", "technical_post_on"),
    ),
    Paper("abacus_certificate", "珠算等级证书", HAS_ABACUS, proves=("abacus", "abacus_no")),
    Paper("talent_certificate", "高端会计人才证书", unless("talent", "none"), proves=("talent",)),
    Paper(
        "name_change",
        "姓名变更证明",
        When("name_differs", (YesNo.YES,)),
        hint="户口簿曾用名页或公安机关的证明",
        proves=("applicant_name",),
    ),
)
PAPER = {paper.kind: paper for paper in PAPERS}
