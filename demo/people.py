"""The people of the demo data: plainly invented, with their answers and states.

Numbers carry the region code 2199xx, which no place has; phones are 1380013xxxx. The first people are always the same,
one for each thing worth trying; the rest are made by chance from a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import Enum
from random import Random
from typing import Any

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

from demo.drawings import Appearance
from lib.codes import IdType


class Stage(Enum):
    """The state of a person; the value is printed in the list."""

    NEW = "已注册，未开始填写"
    STARTED = "填写中(个人信息已填)"
    STUDENT_DRAFT = "填写中(学历信息未填)"
    READY = "资料齐全，可以提交"
    SUBMITTED = "待审核"
    OVERDUE = "待审核(已超期)"
    DUE_SOON = "待审核(即将到期)"
    IN_REVIEW = "审核中"
    LAPSED = "审核中(领取已超时)"
    RETURNED = "已退回，待修改"
    RESUBMITTED = "退回后已重新提交"
    OFFERED = "审核中(转交其他部门，等待答复)"
    DECLINED = "不予采集"
    APPROVED = "审核通过，已有人员档案"
    CHANGING = "已有档案，正在填写信息变更"
    CHANGE_SUBMITTED = "已有档案，信息变更待审核"


@dataclass(frozen=True)
class DemoCounty:
    """A county of the demo: real divisions, so that the departments match; invented addresses in it."""

    code: str
    city: str
    street: str
    postcode: str
    words: str


@dataclass(frozen=True)
class DemoPerson:
    name: str
    number: str
    phone: str
    stage: Stage
    look: Appearance
    place: DemoCounty
    born: date
    answers: dict[str, Any] = field(hash=False)
    id_type: IdType = IdType.RESIDENT
    days: int = 3  # since the submission (since the beginning, for drafts)
    archive_no: str = ""  # 档案号 of the old record that the person has claimed


HEPING = DemoCounty("210102", "210100", "210102016", "110001", "辽宁省沈阳市和平区")
HAICHENG = DemoCounty("210381", "210300", "210381112", "114200", "辽宁省鞍山市海城市")


def id_number(born: date, serial: int, area: int = 1) -> str:
    """A valid but unused number; an odd ``serial`` is a man's."""
    body = f"2199{area:02d}{born:%Y%m%d}{serial:03d}"
    return str(body + mod_11_2.calc_check_digit(body))


def people(count: int, seed: int, today: date) -> list[DemoPerson]:
    """The named people and, up to ``count``, random ones."""
    chance = Random(seed)  # noqa: S311 - demo data, no secret
    cast = [_leading(index, part, today) for index, part in enumerate(LEADING[:count])]
    return cast + [_extra(chance, index, seed, today) for index in range(len(cast), count)]


# --- named people ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    name: str
    sex: str
    born: date
    stage: Stage
    life: str  # a key of _LIVES
    place: DemoCounty = HEPING
    days: int = 3
    id_type: IdType = IdType.RESIDENT
    number: str = ""
    archive_no: str = ""
    changed: dict[str, Any] = field(default_factory=dict)


#: For checks to find: one code for two names of an employer, and another person's phone.
SAME_CODE = {"employer_code": "91219900MA0ABCDE17", "employer_name": "样例县华业机械有限公司"}
SAME_PHONE = {"mobile": "13800130011"}

LEADING = (
    _Part("张䶮", "female", date(1994, 5, 12), Stage.STARTED, "bookkeeper", days=2),
    _Part("李𬭎", "male", date(1988, 9, 3), Stage.READY, "accountant"),
    _Part("㛃晨", "female", date(1991, 1, 25), Stage.SUBMITTED, "accountant", days=4),
    _Part(
        *("阿卜杜拉·买买提", "male", date(1990, 3, 7), Stage.DUE_SOON, "bookkeeper"),
        days=11,
        changed={"nation": "05", **SAME_CODE, "employer_name": "样例县华业机械公司"},
    ),
    _Part("单小燕", "female", date(1990, 8, 16), Stage.RETURNED, "accountant", days=6),
    _Part("孙立国", "male", date(1976, 4, 1), Stage.RESUBMITTED, "senior", days=9),
    _Part("赵海明", "male", date(1985, 12, 19), Stage.IN_REVIEW, "accountant", days=5, changed=SAME_CODE),
    _Part("周一诺", "female", date(1996, 2, 29), Stage.APPROVED, "graduate", days=12, changed=SAME_CODE),
    _Part("吴桂兰", "female", date(1971, 10, 5), Stage.CHANGING, "senior", days=40),
    _Part("郑浩", "male", date(1983, 6, 17), Stage.CHANGE_SUBMITTED, "accountant", days=35),
    _Part("冯立春", "female", date(1980, 2, 4), Stage.LAPSED, "bookkeeper", HAICHENG, days=7),
    _Part("褚雪", "female", date(1999, 11, 30), Stage.OVERDUE, "jobless", HAICHENG, days=23, changed=SAME_PHONE),
    _Part("蒋文", "male", date(1986, 3, 15), Stage.OFFERED, "accountant", days=4),
    _Part("沈冬梅", "female", date(1992, 12, 1), Stage.DECLINED, "jobless", days=8),
    _Part("韩梅", "female", date(2005, 4, 9), Stage.STUDENT_DRAFT, "student", HAICHENG, days=1),
    _Part("卫东", "male", date(1987, 7, 7), Stage.NEW, "bookkeeper", HAICHENG, days=0),
    _Part(
        *("ANNA SAMPLE", "female", date(1989, 9, 9), Stage.SUBMITTED, "graduate", HAICHENG),
        days=2,
        id_type=IdType.PASSPORT,
        number="X0000019",
        changed={"sex": "female", "birth_date": date(1989, 9, 9), "region": "DE"},
    ),
    _Part(
        *("那拉·乌兰", "female", date(1993, 3, 21), Stage.SUBMITTED, "late_learner", HAICHENG),
        days=1,
        changed={"id_expires_on": date(2026, 10, 20)},
    ),
    _Part("刘玉珍", "female", date(1969, 1, 18), Stage.SUBMITTED, "senior", days=1, archive_no="LN1998021142"),
)


def _leading(index: int, part: _Part, today: date) -> DemoPerson:
    born = part.born
    number = part.number or id_number(born, 2 * index + 10 + (part.sex == "male"))
    look = Appearance("male" if part.sex == "male" else "female", index)
    phone = f"1380013{index + 1:04d}"
    answers = _answers(Random(index), part.name, phone, born, part.life, part.place, today)  # noqa: S311
    if part.id_type is not IdType.RESIDENT:
        del answers["nation"], answers["id_expires_on"]
    answers |= part.changed
    return DemoPerson(
        part.name, number, phone, part.stage, look, part.place, born, answers, part.id_type, part.days, part.archive_no
    )


_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
_GIVEN = {
    "male": ("志强", "建华", "明", "海涛", "永刚", "俊杰", "文博", "春生", "国栋", "宇航", "立伟", "思远"),
    "female": ("丽华", "秀兰", "静", "晓梅", "婷婷", "佳怡", "文静", "雪", "桂芝", "欣然", "玉洁", "雨桐"),
}
_STAGES = {
    Stage.SUBMITTED: 8,
    Stage.APPROVED: 7,
    Stage.RETURNED: 2,
    Stage.RESUBMITTED: 2,
    Stage.READY: 1,
    Stage.STARTED: 2,
    Stage.OVERDUE: 1,
    Stage.DUE_SOON: 1,
}
_COMMON_LIVES = ("bookkeeper", "accountant", "graduate", "jobless", "senior", "late_learner")
_AGES = {"senior": (42, 58), "accountant": (28, 50), "late_learner": (30, 45)}
_DAYS = {Stage.OVERDUE: (16, 25), Stage.DUE_SOON: (10, 12), Stage.APPROVED: (5, 60), Stage.RESUBMITTED: (5, 9)}


def _extra(chance: Random, index: int, seed: int, today: date) -> DemoPerson:
    sex = chance.choice(("male", "female"))
    name = chance.choice(_SURNAMES) + chance.choice(_GIVEN[sex])
    life = chance.choice(_COMMON_LIVES)
    age = chance.randint(*_AGES.get(life, (24, 40)))
    born = date(today.year - age, 1, 1) + timedelta(days=chance.randrange(365))
    number = id_number(born, (2 * index + (sex == "male")) % 1000, area=10 + seed % 90)
    stage = chance.choices(list(_STAGES), list(_STAGES.values()))[0]
    place = chance.choice((HEPING, HAICHENG))
    phone = f"1380013{(1000 + index + 100 * seed) % 10_000:04d}"
    days = chance.randint(*_DAYS.get(stage, (0, 6)))
    look = Appearance("male" if sex == "male" else "female", 100 + index)
    answers = _answers(chance, name, phone, born, life, place, today)
    return DemoPerson(name, number, phone, stage, look, place, born, answers, days=days)


def validity(born: date, day: date) -> tuple[date, date | None]:
    """Of the card that a person of this age holds now: renewed each time it ends, for life (None) from 46 on."""
    issued, age = born.replace(day=min(born.day, 28), year=born.year + 16), 16
    while age < 46:
        years = 10 if age < 26 else 20
        end = issued.replace(year=issued.year + years)
        if end > day:
            return issued, end
        issued, age = end, age + years
    return issued, None


# --- answers --------------------------------------------------------------------------------------------------------


def _month(year: int, month: int) -> str:
    return f"{year}-{month:02d}"


def _answers(
    chance: Random, name: str, phone: str, born: date, life: str, place: DemoCounty, today: date
) -> dict[str, Any]:
    """A complete set of valid answers for one kind of life."""
    house = chance.randint(1, 199)
    answers: dict[str, Any] = {
        "applicant_name": name,
        "mobile": phone,
        "id_expires_on": validity(born, today)[1] if born.day % 2 else None,
        "nation": "01" if chance.random() < 0.8 else "11",
        "political_status": chance.choice(("13", "01", "03")) if today.year - born.year < 28 else "13",
        "email": f"sample{phone[-4:]}@example.com" if chance.random() < 0.5 else None,
        "postal_address": f"{place.words}样例路 {house} 号",
        "postcode": place.postcode,
        "holds_legacy_certificate": "no",
        "talent": "none",
        "abacus": "none",
    }
    for part in _LIVES[life]:
        answers |= part(chance, born, place)
    return answers


def _working(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    started = born.year + 22
    employer = chance.choice(_EMPLOYERS)
    return {
        "work_started": _month(started, 8),
        "accounting_started": _month(started + 1, 3),
        "has_employer": "yes",
        "category": "accounting",
        "employer_name": employer[0],
        "employer_code": _code(chance),
        "affiliation": employer[1],
        "unit_type": employer[2],
        "industry": employer[3],
        "employer_city": place.city,
        "employer_county": place.code,
        "employer_street": place.street,
        "employer_address": f"样例路 {chance.randint(1, 99)} 号",
        "accounting_posts": chance.choice(
            (["cashier"], ["income", "reports"], ["supervision"], ["auditing", "balance"])
        ),
        "administrative_post": "none",
        "department_code": place.code,
    }


_EMPLOYERS = (
    ("样例县华业机械有限公司", "other", "private", "C"),
    ("样例县丰收农业专业合作社", "other", "cooperative", "A"),
    ("样例县第三中学", "county", "institution", "P"),
    ("样例县安居物业管理有限公司", "other", "private", "K"),
    ("样例县诚信代理记账有限公司", "other", "bookkeeping", "L"),
    ("样例县人民医院", "county", "institution", "Q"),
)


def _code(chance: Random) -> str:
    """A 统一社会信用代码 in the form of a company's, with its check character."""
    body = "91219900MA0" + "".join(chance.choice("0123456789ABCDEFGH") for _place in range(6))
    return str(body + uscc.calc_check_digit(body))


def _without_work(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    return {
        "has_employer": "no",
        "category": "candidate",
        "home_city": place.city,
        "home_county": place.code,
        "home_street": place.street,
        "home_address": f"样例路 {chance.randint(1, 99)} 号 {chance.randint(1, 6)} 单元",
        "department_code": place.code,
    }


def _jobless(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    return {"person_status": "unemployed", "location_kind": chance.choice(("residence", "registered"))}


def _student(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    return {"person_status": "student", "school": "东北样例大学", "location_kind": "school"}


def _university(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    year = born.year + 22
    return {
        "full_time_level": "bachelor",
        "full_time_degree": "bachelor",
        "full_time_school": chance.choice(("东北样例大学", "样例财经大学", "样例工业学院")),
        "full_time_major": chance.choice(("会计学", "财务管理", "审计学")),
        "full_time_graduated": _month(year, 7),
        "full_time_diploma_no": f"101731{year}05{chance.randrange(10**6):06d}",
        "full_time_degree_no": f"101734{year}{chance.randrange(10**6):06d}",
        "has_part_time": "no",
    }


def _college(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    year = born.year + 21
    return {
        "full_time_level": "college",
        "full_time_school": "样例职业技术学院",
        "full_time_major": "会计",
        "full_time_graduated": _month(year, 7),
        "full_time_diploma_no": f"116321{year}06{chance.randrange(10**6):06d}",
        "has_part_time": "no",
    }


def _school_only(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    return {
        "full_time_level": "high_school",
        "full_time_school": "样例县高级中学",
        "full_time_graduated": _month(born.year + 18, 7),
        "has_part_time": "no",
    }


def _evening_university(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    year = born.year + 27
    return {
        "has_part_time": "yes",
        "part_time_level": "bachelor",
        "part_time_degree": "none",
        "part_time_school": "样例广播电视大学",
        "part_time_major": "会计学",
        "part_time_graduated": _month(year, 1),
        "part_time_diploma_no": f"511615{year}05{chance.randrange(10**6):06d}",
    }


def _qualified(level: str, post: str, years: int) -> Any:
    def part(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
        on = date(born.year + years, 9, chance.randint(4, 12))
        return {
            "qualification": level,
            "qualification_kind": "accounting",
            "qualification_route": "both" if level == "senior" else "exam",
            "qualification_on": on,
            "qualification_no": f"{on:%Y%m%d}1034{chance.randrange(10**6):06d}",
            "technical_post": post,
            "technical_post_on": None if post == "none" else on + timedelta(days=120),
        }

    return part


def _unqualified(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    return {"qualification": "none", "technical_post": "none"}


def _old_certificate(chance: Random, born: date, place: DemoCounty) -> dict[str, Any]:
    return {
        "holds_legacy_certificate": "yes",
        "legacy_certificate_no": f"LN{born.year + 24}{chance.randrange(10**6):06d}",
        "abacus": "p4",
        "abacus_no": f"ZS{chance.randrange(10**6):06d}",
    }


_LIVES: dict[str, Sequence[Any]] = {
    "bookkeeper": (_working, _college, _unqualified),
    "accountant": (_working, _university, _qualified("intermediate", "accountant", 27)),
    "senior": (_working, _university, _old_certificate, _qualified("senior", "senior", 38)),
    "graduate": (_working, _university, _qualified("junior", "none", 24)),
    "late_learner": (_working, _college, _evening_university, _qualified("junior", "assistant", 28)),
    "jobless": (_without_work, _jobless, _college, _unqualified),
    "student": (_without_work, _student, _school_only, _unqualified),
}
