"""Drawn pictures: every paper has one, each is small, marked 样例, and differs from person to person."""

from __future__ import annotations

import io
from datetime import date

import pytest
from PIL import Image, ImageChops

from demo import drawings as demo_drawings
from demo import papers as demo_papers
from demo.accounts import LEGACY, STAFF
from demo.drawings import Appearance, Document, Signed
from demo.people import LEADING, Stage, id_number, people
from forms import PAPERS, PHOTO, SHEET
from lib.pictures import one_inch
from tests.support.applicant.image_samples import clean

pytestmark = pytest.mark.slow

TODAY = date(2026, 11, 23)
FEW = ("talent_certificate", "name_change")  # papers that no person of the cast needs
WORDS = {
    "sex": "女",
    "nation": "汉族",
    "region": "德国",
    "id_type": "外国护照",
    "postal_address": "辽宁省沈阳市和平区样例路 1 号",
    "employer_name": "样例县华业机械有限公司",
    "employer_code": "91219900MA0ABCDE1Y",
    "employer_address": "样例路 8 号",
    "unit_type": "民营企业",
    "industry": "制造业",
    "accounting_posts": "出纳",
    "school": "东北样例大学",
    "home_address": "样例路 2 号",
    **{f"{prefix}_{name}": "样例" for prefix in ("full_time", "part_time") for name in ("school", "major", "degree")},
    **{
        f"{prefix}_{name}": "1017342012"
        for prefix in ("full_time", "part_time")
        for name in ("diploma_no", "degree_no")
    },
    "full_time_graduated": "2012-07",
    "part_time_graduated": "2015-01",
    "qualification": "中级",
    "qualification_kind": "会计类",
    "qualification_on": "2021-09-05",
    "qualification_no": "2021-1",
    "technical_post": "会计师",
    "technical_post_on": "2022-01-01",
    "abacus": "普通四级",
    "abacus_no": "ZS1",
}
ONE, OTHER = people(2, 0, TODAY)


def pixels(jpeg: bytes) -> Image.Image:
    return Image.open(io.BytesIO(jpeg)).convert("RGB")


def differ(one: bytes, other: bytes) -> bool:
    a, b = pixels(one), pixels(other)
    return a.size != b.size or ImageChops.difference(a, b).getbbox() is not None


@pytest.mark.parametrize("kind", [paper.kind for paper in PAPERS if paper.kind not in (SHEET, *FEW)])
def test_every_paper_has_a_picture_that_the_site_takes(kind):
    drawn = demo_papers.draw(kind, ONE, WORDS)

    picture = clean(drawn)
    assert max(picture.width, picture.height) <= 1200
    assert len(picture.jpeg) < 300_000
    assert differ(drawn, demo_papers.draw(kind, OTHER, WORDS)) or kind in ("employer_licence", "card_back")


def test_the_portrait_fits_the_rules_of_the_one_inch_photo():
    photo = one_inch.crop_photo(clean(demo_papers.draw(PHOTO, ONE, WORDS)).jpeg)

    assert (photo.width, photo.height) == (413, 579)
    assert min(pixels(photo.jpeg).crop((0, 0, 20, 20)).tobytes()) > 245


@pytest.mark.parametrize(
    "drawn",
    [
        demo_drawings.certificate(Document("")),
        demo_drawings.card(Document("")),
        demo_drawings.signed_sheet(Signed("https://example.cn", {}, "张䶮", ""), [], Appearance("male", 0)),
    ],
    ids=["certificate", "card", "sheet"],
)
def test_every_document_is_marked_as_a_sample(drawn, monkeypatch):
    grey = pixels(drawn).convert("L")
    marks = Image.new("L", grey.size, 0)
    marks.paste(255, (0, 0), demo_drawings._watermark(grey.size))
    background = max(grey.tobytes()) - 8

    under = [value for value, mask in zip(grey.tobytes(), marks.tobytes(), strict=True) if mask > 40]
    assert under
    assert sum(value < background for value in under) > 0.5 * len(under)


def test_the_same_person_looks_the_same_each_time():
    demo_drawings.portrait.cache_clear()
    first = demo_drawings.photograph(Appearance("female", 3))
    demo_drawings.portrait.cache_clear()

    assert demo_drawings.photograph(Appearance("female", 3)) == first
    assert differ(demo_drawings.photograph(Appearance("female", 4)), first)


def test_a_long_answer_is_cut_on_the_drawn_sheet_and_a_stamp_only_stands_with_an_employer():
    rows = [("单位名称", "很长" * 60), ("姓名", "张䶮")] * 20
    plain = demo_drawings.signed_sheet(Signed("https://example.cn", {}, "张䶮", ""), rows, Appearance("male", 0))
    stamped = demo_drawings.signed_sheet(
        Signed("https://example.cn", {}, "张䶮", "样例县华业机械有限公司"), rows, Appearance("male", 0)
    )

    def reds(jpeg: bytes) -> int:
        red, green, _blue = pixels(jpeg).crop((200, 1180, 500, 1414)).split()
        return sum(r > 180 and g < 90 for r, g in zip(red.tobytes(), green.tobytes(), strict=True))

    assert reds(stamped) > 500 > reds(plain)


def test_a_blurred_picture_has_less_detail():
    sharp = demo_papers.draw("id_emblem", ONE, WORDS)

    assert len(demo_drawings.blurred(sharp)) < 0.6 * len(sharp)


# --- the cast ---------------------------------------------------------------------------------------------------------


def test_everybody_is_plainly_invented_and_nobody_twice():
    cast = people(200, 3, TODAY)
    numbers = [person.number for person in cast] + [id_number(born, serial) for _name, born, serial, *_rest in LEGACY]

    assert len(set(numbers)) == len(numbers)
    assert all(number.startswith("2199") or number == "X0000019" for number in numbers)
    assert all(person.phone.startswith("1380013") for person in cast)


def test_every_stage_is_played_and_the_names_that_are_hard_to_print_are_there():
    cast = people(len(LEADING), 0, TODAY)

    assert {person.stage for person in cast} == set(Stage)
    assert {"张䶮", "㛃晨", "李𬭎", "阿卜杜拉·买买提"} <= {person.name for person in cast}
    assert len({officer.username for officer in STAFF}) == len(STAFF)


def test_the_leading_people_do_not_hang_on_the_seed_and_the_others_do():
    one, two = people(30, 1, TODAY), people(30, 2, TODAY)

    assert one[: len(LEADING)] == two[: len(LEADING)]
    assert not {person.number for person in one[len(LEADING) :]} & {person.number for person in two[len(LEADING) :]}
    assert people(30, 1, TODAY) == one
    assert len(people(3, 1, TODAY)) == 3
