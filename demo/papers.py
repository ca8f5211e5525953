"""The drawn pictures of papers (附件), filled with a demo person's answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from demo.drawings import Document, card, certificate, photograph
from demo.people import DemoPerson, validity
from forms import PAPER, PHOTO
from lib.clock import today

#: Question -> answer as it is read: 汉族, 2012-07 ...
Words = Mapping[str, str]
GREEN, NAVY = "#2f6b4f", "#27406e"


def draw(kind: str, person: DemoPerson, words: Words) -> bytes:
    """The picture of one paper as JPEG. Not of 个人基本信息表: that one is printed and signed."""
    return _DRAWINGS[kind](person, words) if kind in _DRAWINGS else _plain(kind, person)


def _plain(kind: str, person: DemoPerson) -> bytes:
    """A certificate with a title, a name and a number: for a paper that has no drawing of its own."""
    rows = (("姓名", person.name), ("证件号码", person.number))
    return certificate(Document(PAPER[kind].title, rows, look=person.look))


def _day(day: date) -> str:
    return f"{day.year} 年 {day.month} 月 {day.day} 日"


def _month(words: Words, name: str) -> str:
    year, _dash, month = words[name].partition("-")
    return f"{year} 年 {int(month)} 月"


def _portrait_side(person: DemoPerson, words: Words) -> bytes:
    rows = (
        ("姓名", person.name),
        ("性别", f"{words['sex']}   民族 {words['nation'].removesuffix('族')}"),
        ("出生", _day(person.born)),
        ("住址", words["postal_address"]),
    )
    return card(Document("居民身份证", rows, small=f"公民身份号码  {person.number}", look=person.look))


def _emblem_side(person: DemoPerson, words: Words) -> bytes:
    issued, last = validity(person.born, today())
    if (told := person.answers.get("id_expires_on")) and told != last:
        issued, last = told.replace(year=told.year - 10), told
    rows = (("签发机关", "样例县公安局"), ("有效期限", f"{issued:%Y.%m.%d} - {f'{last:%Y.%m.%d}' if last else '长期'}"))
    return card(Document("居民身份证", rows))


def _other_card(person: DemoPerson, words: Words) -> bytes:
    rows = (("姓名", person.name), ("性别", words["sex"]), ("出生", _day(person.born)))
    return card(Document(words["id_type"], rows, small=f"证件号码  {person.number}", look=person.look))


def _other_card_back(person: DemoPerson, words: Words) -> bytes:
    return card(Document(words["id_type"], (("签发机关", "样例出入境管理局"),)))


def _passport(person: DemoPerson, words: Words) -> bytes:
    rows = (
        ("Name", person.name),
        ("Nationality", words["region"]),
        ("Date of birth", f"{person.born}"),
        ("Passport No", person.number),
    )
    return certificate(
        Document("PASSPORT 护照资料页", rows, small="P<SAMPLE<<<<<<<<<<<<<", look=person.look, colour=NAVY)
    )


def _licence(person: DemoPerson, words: Words) -> bytes:
    rows = (
        ("名称", words["employer_name"]),
        ("统一社会信用代码", words["employer_code"]),
        ("类型", words["unit_type"]),
        ("住所", f"{person.place.words}{words['employer_address']}"),
        ("经营范围", words["industry"]),
    )
    return certificate(Document("营业执照(证书)", rows, seal="样例登记机关", small="登记日期 2016 年 5 月 4 日"))


def _work_proof(person: DemoPerson, words: Words) -> bytes:
    text = f"兹证明{person.name}是我单位在职人员，会计工作岗位为{words['accounting_posts']}。特此证明。"
    return certificate(Document("工作证明", text=text, seal=words["employer_name"], colour=NAVY))


def _student_card(person: DemoPerson, words: Words) -> bytes:
    rows = (("姓名", person.name), ("学校", words["school"]), ("专业", "会计学"), ("学号", f"20240{person.phone[-4:]}"))
    return certificate(Document("学生证", rows, seal=words["school"], look=person.look, colour=NAVY))


def _residence_permit(person: DemoPerson, words: Words) -> bytes:
    address = f"{person.place.words}{words['home_address']}"
    rows = (("姓名", person.name), ("公民身份号码", person.number), ("居住地址", address))
    return certificate(Document("居住证", rows, seal="样例县公安局", look=person.look, colour=GREEN))


def _household(person: DemoPerson, words: Words) -> bytes:
    address = f"{person.place.words}{words['home_address']}"
    rows = (("姓名", person.name), ("出生日期", _day(person.born)), ("住址", address), ("户主或关系", "户主"))
    return certificate(Document("常住人口登记卡", rows, seal="样例派出所", colour=GREEN))


def _diploma(prefix: str, study: str) -> Callable[[DemoPerson, Words], bytes]:
    def drawing(person: DemoPerson, words: Words) -> bytes:
        school, major = words[f"{prefix}_school"], words.get(f"{prefix}_major", "")
        text = (
            f"学生 {person.name}，性别{words['sex']},{_day(person.born)}生，在本校{major}{'专业' if major else ''}"
            f"{study}学习，修完教学计划规定的全部课程，成绩合格，准予毕业。\n{_month(words, f'{prefix}_graduated')}"
        )
        number = words.get(f"{prefix}_diploma_no", "")
        small = f"证书编号：{number}" if number else ""
        return certificate(Document("毕业证书", text=text, seal=school, small=small, look=person.look))

    return drawing


def _degree(prefix: str) -> Callable[[DemoPerson, Words], bytes]:
    def drawing(person: DemoPerson, words: Words) -> bytes:
        text = (
            f"{person.name}，性别{words['sex']},{_day(person.born)}生，完成{words[f'{prefix}_major']}专业学习计划,"
            f"经审核符合规定，授予{words[f'{prefix}_degree']}学位。\n{_month(words, f'{prefix}_graduated')}"
        )
        small = f"证书编号：{words[f'{prefix}_degree_no']}"
        return certificate(
            Document("学位证书", text=text, seal=words[f"{prefix}_school"], small=small, look=person.look)
        )

    return drawing


def _qualification(person: DemoPerson, words: Words) -> bytes:
    rows = (
        ("姓名", person.name),
        ("证件号码", person.number),
        ("级别", words["qualification"]),
        ("专业", words["qualification_kind"]),
        ("批准日期", words["qualification_on"]),
        ("证书编号", words["qualification_no"]),
    )
    return certificate(Document("会计专业技术资格证书", rows, seal="样例评审机构", look=person.look))


def _appointment(person: DemoPerson, words: Words) -> bytes:
    employer = words.get("employer_name", "样例单位")
    text = f"兹聘任{person.name}为{words['technical_post']}，聘期自 {words['technical_post_on']} 起。"
    return certificate(Document("聘任书", text=text, seal=employer, colour=NAVY))


def _abacus(person: DemoPerson, words: Words) -> bytes:
    rows = (("姓名", person.name), ("等级", words["abacus"]), ("证号", words["abacus_no"]))
    return certificate(Document("珠算技术等级证书", rows, seal="样例珠算协会", look=person.look))


_DRAWINGS: dict[str, Callable[[DemoPerson, Words], bytes]] = {
    PHOTO: lambda person, _words: photograph(person.look),
    "id_portrait": _portrait_side,
    "id_emblem": _emblem_side,
    "card_portrait": _other_card,
    "card_back": _other_card_back,
    "passport": _passport,
    "employer_licence": _licence,
    "work_proof": _work_proof,
    "student_card": _student_card,
    "residence_permit": _residence_permit,
    "household_register": _household,
    "full_time_diploma": _diploma("full_time", "全日制"),
    "full_time_degree_paper": _degree("full_time"),
    "part_time_diploma": _diploma("part_time", "非全日制"),
    "part_time_degree_paper": _degree("part_time"),
    "qualification_certificate": _qualification,
    "appointment": _appointment,
    "abacus_certificate": _abacus,
}
