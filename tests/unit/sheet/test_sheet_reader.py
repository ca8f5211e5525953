"""Code, signature and stamp in pictures of a sheet: by phones, scanners, under odd lamps, and unclear cases."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Callable
from functools import cache
from random import Random

import pytest
from PIL import Image, ImageDraw, ImageFilter

from lib.pdf import qr
from lib.pictures import decoding, perspective, sheet_marks, sheet_reader
from lib.pictures.regions import bounding_box, connected_regions
from services.papers.sheet_positions import ALONE, FORMS, PATTERN, WITH_EMPLOYER
from services.sheet.pdf import draw
from tests.support.applicant import photographed, sheet_samples
from tests.support.applicant.photographed import BLACK, MM, Shot, photograph, scan, sign, stamp

pytestmark = pytest.mark.slow

CODE = "EPNB8J5P7LSGX68X"
Made = Callable[[Random], Image.Image]
Taken = Callable[[Image.Image, int], bytes]


@cache
def paper(employed: bool = True) -> Image.Image:
    return photographed.paper(draw(sheet_samples.employed() if employed else sheet_samples.unemployed()))


def read(jpeg: bytes) -> list[dict]:
    return sheet_reader.read_sheet(Image.open(io.BytesIO(jpeg)), PATTERN, FORMS)


def signed(chance: Random, **how) -> Image.Image:
    at = (150 + chance.uniform(-12, 12), 258 + chance.uniform(-4, 4))
    return sign(paper(), chance, at, **how)


def alone(chance: Random) -> Image.Image:
    return sign(paper(employed=False), chance, (165 + chance.uniform(-8, 8), 262 + chance.uniform(-4, 2)))


def stamped(chance: Random) -> Image.Image:
    at = (92 + chance.uniform(-8, 5), 258 + chance.uniform(-3, 2))
    return stamp(paper(), at, chance.uniform(0.5, 0.9))


def red_lamp(page: Image.Image, seed: int) -> bytes:
    return photograph(page, seed, Shot(lamp=(1, 0.55, 0.4)))


def darkroom(page: Image.Image, seed: int) -> bytes:
    return photograph(page, seed, Shot(lamp=(1, 0.12, 0.1)))


def cyan(page: Image.Image, seed: int) -> bytes:
    return photograph(page, seed, Shot(lamp=(0.12, 1, 1)))


#: What was done to the sheet, how it was taken, what must be said of ink and stamp in nearly all pictures, and what in
#: none of them.
CASES: dict[str, tuple[Made, Taken, dict[str, str], dict[str, str]]] = {
    "bare": (lambda _: paper(), photograph, {"ink": "missing", "stamp": "missing"}, {"ink": "found", "stamp": "found"}),
    "signed in blue": (signed, photograph, {"ink": "found", "stamp": "missing"}, {"ink": "missing", "stamp": "found"}),
    "signed in thin black": (
        lambda chance: signed(chance, ink=BLACK, width=0.3),
        photograph,
        {"ink": "found"},
        {"ink": "missing"},
    ),
    "stamped": (stamped, photograph, {"ink": "missing", "stamp": "found"}, {"ink": "found", "stamp": "missing"}),
    "both": (lambda chance: stamp(signed(chance)), photograph, {"ink": "found", "stamp": "found"}, {"ink": "missing"}),
    "stamp over the signature": (
        lambda chance: stamp(signed(chance), (140, 258)),
        photograph,
        {"ink": "found", "stamp": "found"},
        {"ink": "missing"},
    ),
    "stamp where one signs": (
        lambda _: stamp(paper(), (140, 258)),
        photograph,
        {"ink": "unknown", "stamp": "found"},
        {"stamp": "missing"},
    ),
    "both, black and white": (
        lambda chance: stamp(signed(chance)),
        scan,
        {"ink": "found", "stamp": "unknown"},
        {"stamp": "missing", "ink": "missing"},
    ),
    "bare, black and white": (lambda _: paper(), scan, {"ink": "missing", "stamp": "unknown"}, {"ink": "found"}),
    "bare, red lamp": (lambda _: paper(), red_lamp, {}, {"ink": "found", "stamp": "found"}),
    "both, red lamp": (
        lambda chance: stamp(signed(chance)),
        red_lamp,
        {"ink": "found", "stamp": "found"},
        {"ink": "missing", "stamp": "missing"},
    ),
    "bare, hardly any light but red": (lambda _: paper(), darkroom, {"stamp": "unknown"}, {"ink": "found"}),
    "signed, no red light": (signed, cyan, {"ink": "found", "stamp": "unknown"}, {"ink": "missing", "stamp": "found"}),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    "seeds", [range(2), pytest.param(range(40), marks=[pytest.mark.soak, pytest.mark.slow])], ids=["2", "40"]
)
def test_ink_and_stamp_are_seen_or_not_or_one_cannot_tell(case, seeds):
    made, taken, mostly, never = CASES[case]
    said: Counter[tuple[str, str]] = Counter()
    for seed in seeds:
        (found,) = read(taken(made(Random(seed + 777)), seed))
        said.update((what, found["forms"][WITH_EMPLOYER][what]) for what in ("ink", "stamp"))
    assert {what: said[what, state] for what, state in mostly.items() if said[what, state] < 0.9 * len(seeds)} == {}, (
        said
    )
    assert {what: said[what, state] for what, state in never.items() if said[what, state] > 0.025 * len(seeds)} == {}, (
        said
    )


@pytest.mark.parametrize("make", [alone, lambda _: paper(employed=False)], ids=["signed", "bare"])
def test_without_an_employer_one_signs_beside_the_label(make):
    for seed in range(2):
        (found,) = read(photograph(make(Random(seed)), seed))
        assert found["forms"][ALONE]["ink"] == ("found" if make is alone else "missing")
        assert "stamp" not in found["forms"][ALONE]


@pytest.mark.parametrize("seed", range(3))
def test_a_stamp_over_the_code_does_not_hide_it(seed):
    page = stamp(paper(), (29, 24), 0.6)
    assert [found["code"] for found in read(photograph(page, seed, Shot(pixels=3_000_000)))] == [CODE]


@pytest.mark.parametrize("seed", range(3))
def test_a_small_and_soft_picture_is_read_with_more_effort(seed):
    page = paper().filter(ImageFilter.GaussianBlur(1.5))
    assert [found["code"] for found in read(photograph(page, seed))] == [CODE]


@pytest.mark.parametrize("seed", [2, 23])
def test_with_red_light_only_the_code_is_read_from_the_light(seed):
    assert [found["code"] for found in read(darkroom(paper(), seed))] == [CODE]


def test_nothing_is_found_where_nothing_is():
    assert read(photograph(Image.new("RGB", paper().size, "white"), 1)) == []


def test_a_look_tells_only_whether_there_is_a_sheet():
    blank = photograph(Image.new("RGB", paper().size, "white"), 1)
    assert decoding.look(scan(paper(), 1), PATTERN) == ({"sheet": True}, [])
    assert decoding.look(blank, PATTERN) == ({"sheet": False}, [])


def test_where_the_page_is_cut_off_one_cannot_tell_of_ink():
    top = paper().crop((0, 0, paper().width, paper().height // 2))
    out = io.BytesIO()
    top.save(out, "JPEG")
    (found,) = read(out.getvalue())
    assert found["code"] == CODE
    assert found["forms"] == {WITH_EMPLOYER: {"ink": "unknown", "stamp": "unknown"}, ALONE: {"ink": "unknown"}}


def test_where_a_thumb_hides_the_squares_in_between_one_cannot_tell_of_ink():
    page = paper().copy()
    for x in sheet_marks.COLUMNS:
        ImageDraw.Draw(page).rectangle((x * MM - 20, 230 * MM, x * MM + 20, 255 * MM), fill="white")
    assert read(scan(page, 1))[0]["forms"][ALONE] == {"ink": "unknown"}


def test_several_codes_in_one_picture_are_all_told():
    page = paper().copy()
    rows = qr.matrix("http://else.example.cn/verify/ABCDEFGHJKLM2345#2/2")
    small = Image.new("L", (len(rows), len(rows)))
    small.putdata([0 if dark else 255 for row in rows for dark in row])
    page.paste(small.resize((150, 150), Image.Resampling.NEAREST), (round(90 * MM), round(250 * MM)))
    found = {one["code"]: (one["page"], one["pages"]) for one in read(scan(page, 2))}
    assert found == {CODE: (None, None), "ABCDEFGHJKLM2345": ("2", "2")}


def test_forms_survive_json():
    import json

    again = {name: sheet_reader.form_from_json(form) for name, form in json.loads(json.dumps(FORMS)).items()}
    assert again == FORMS


def test_a_view_puts_four_points_where_they_were_seen_and_needs_them_apart():
    seen = ((3.0, 5.0), (90.0, 12.0), (80.0, 140.0), (8.0, 120.0))
    view = perspective.find_homography(sheet_marks.corners(), seen)
    assert view
    assert [view(*place) for place in sheet_marks.corners()] == [pytest.approx(point) for point in seen]
    assert perspective.find_homography(((0, 0), (1, 1), (2, 2), (3, 3)), seen) is None
    straight = perspective.homography_of_rectangle(sheet_marks.corners(), seen)
    assert straight is not None
    assert straight.terms == pytest.approx(view.terms)
    assert perspective.homography_of_rectangle(sheet_marks.corners(), ((0, 0), (1, 1), (2, 2), (3, 3))) is None


def test_regions_are_separate_or_joined():
    mask = Image.new("L", (12, 8))
    for box in ((0, 0, 1, 1), (4, 0, 4, 5), (8, 0, 8, 5), (4, 5, 8, 5), (11, 7, 11, 7)):
        ImageDraw.Draw(mask).rectangle(box, fill=255)
    assert sorted(map(bounding_box, connected_regions(mask))) == [(0, 0, 2, 2), (4, 0, 9, 6), (11, 7, 12, 8)]
