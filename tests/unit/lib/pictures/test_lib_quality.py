"""What pictures measure: the limits tell spoiled pictures from good ones, and copies from other pictures."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from demo.drawings import Appearance, Document, card, certificate, photograph
from lib.pictures import one_inch
from lib.pictures.quality import (
    DARK_MEAN,
    EVEN_BACKGROUND,
    FAINT_CONTRAST,
    FILL,
    ONE_INCH,
    SAME_HASH_BITS,
    SHARP,
    WASHED_OUT_CONTRAST,
    WASHED_OUT_MEAN,
    WHITE_BACKGROUND,
    hamming_distance,
    is_same_picture,
    measure,
)
from tests.support.applicant.image_samples import clean

Change = Callable[[Image.Image], Image.Image]


def jpeg(image: Image.Image, quality: int = 88) -> bytes:
    out = io.BytesIO()
    image.convert("RGB").save(out, "JPEG", quality=quality)
    return out.getvalue()


@cache
def diploma(name: str = "单小燕", number: str = "101731201205001122", variant: int = 3) -> Image.Image:
    text = f"学生 {name}，性别女，1990 年 3 月 7 日生，在本校会计学专业全日制学习，成绩合格，准予毕业。"
    look = Appearance("female", variant)
    drawn = certificate(Document("毕业证书", text=text, seal="东北样例大学", small=f"证书编号：{number}", look=look))
    return Image.open(io.BytesIO(drawn)).convert("RGB")


@cache
def on_a_table() -> Image.Image:
    """The diploma as a phone takes it: on dark wood, tilted, shaded from the left."""
    table = Image.new("RGB", (2400, 1800), (96, 74, 52))
    paper = diploma().resize((1900, 1346)).rotate(4, Image.Resampling.BICUBIC, expand=True, fillcolor=(96, 74, 52))
    table.paste(paper, (200, 150))
    shade = Image.linear_gradient("L").rotate(90).resize(table.size).point(lambda value: 20 + value // 4)
    return Image.composite(table, Image.new("RGB", table.size), shade.point(lambda value: min(255, value + 170)))


def measured(change: Change = lambda image: image, quality: int = 88) -> dict[str, Any]:
    return measure(jpeg(change(on_a_table()), quality))


def blur(radius: float) -> Change:
    return lambda image: image.filter(ImageFilter.GaussianBlur(radius))


def light(factor: float) -> Change:
    return lambda image: ImageEnhance.Brightness(image).enhance(factor)


def shaken(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.BoxBlur((40, 0)))


def test_the_figures_are_ready_for_json_and_tell_the_size() -> None:
    found = measured()
    assert json.loads(json.dumps(found)) == found
    assert (found["width"], found["height"]) == (2400, 1800)
    assert len(found["look"]) == 16


@pytest.mark.parametrize("change", [blur(0), light(0.4), ImageEnhance.Contrast(on_a_table()).enhance, None])
def test_a_sharp_picture_is_sharp_also_dim_faint_or_coarse(change: Any) -> None:
    if change is None:
        found = measured(quality=35)
    else:
        found = measured(change if callable(change) and change.__name__ == "<lambda>" else lambda _image: change(0.3))
    assert found["sharpness"] > SHARP + 0.2


@pytest.mark.parametrize("change", [blur(9), blur(16), shaken], ids=["out of focus", "far out of focus", "shaken"])
def test_a_blurred_picture_is_not_sharp(change: Change) -> None:
    assert measured(change)["sharpness"] < SHARP


def test_sharpness_does_not_hang_on_the_number_of_pixels() -> None:
    large, small = measured(), measured(lambda image: image.resize((1200, 900), Image.Resampling.LANCZOS))
    assert large["sharpness"] == pytest.approx(small["sharpness"], abs=0.05)


def test_dark_pale_and_overexposed_pictures_are_told_from_good_ones_and_from_scans() -> None:
    right, dark, over = measured(), measured(light(0.25)), measured(light(4))
    scan = measure(jpeg(diploma()))
    faint = measured(lambda image: ImageEnhance.Contrast(image).enhance(0.15))
    assert dark["brightness"] < DARK_MEAN < right["brightness"]
    assert over["brightness"] > WASHED_OUT_MEAN > right["brightness"]
    assert over["contrast"] < WASHED_OUT_CONTRAST < scan["contrast"]
    assert faint["contrast"] < FAINT_CONTRAST < right["contrast"]


def test_a_picture_without_anything_on_it_is_measured_too() -> None:
    found = measure(jpeg(Image.new("RGB", (300, 200), "white")))
    assert (found["sharpness"], found["contrast"]) == (0, 0)
    assert not is_same_picture(found, found)


# --- the same picture again ------------------------------------------------------------------------------------------

COPIES: dict[str, Callable[[Image.Image], bytes]] = {
    "coarser": lambda image: jpeg(image, 40),
    "smaller": lambda image: jpeg(image.resize((image.width // 2, image.height // 2), Image.Resampling.BICUBIC)),
    "larger": lambda image: jpeg(image.resize((image.width * 2, image.height * 2), Image.Resampling.BICUBIC), 70),
    "without colour": lambda image: jpeg(image.convert("L")),
    "cleaned as an upload": lambda image: clean(jpeg(image, 60)).jpeg,
}


@cache
def subjects() -> tuple[Image.Image, ...]:
    portrait = Image.open(io.BytesIO(photograph(Appearance("male", 2)))).convert("RGB")
    rows = (("姓名", "孙立国"), ("性别", "男   民族 汉"), ("出生", "1976 年 4 月 1 日"))
    drawn = card(Document("居民身份证", rows, small="公民身份号码  219901197604010017", look=Appearance("male", 2)))
    return portrait, Image.open(io.BytesIO(drawn)).convert("RGB"), diploma(), on_a_table()


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_is_the_same_picture(copy: Callable[[Image.Image], bytes]) -> None:
    for image in subjects():
        first, second = measure(jpeg(image)), measure(copy(image))
        assert hamming_distance(first["look"], second["look"]) <= SAME_HASH_BITS
        assert is_same_picture(first, second)


def test_another_persons_portrait_is_another_picture() -> None:
    people = [
        measure(photograph(Appearance("male" if odd else "female", place))) for place in range(5) for odd in (0, 1)
    ]
    for place, first in enumerate(people):
        assert [is_same_picture(first, other) for other in people].index(True) == place


def test_another_persons_diploma_on_the_same_form_is_another_picture() -> None:
    """The 64 bits alone would take them for one."""
    first = measure(jpeg(diploma()))
    second = measure(jpeg(diploma("欧阳立国", "101731201205004456", variant=9)))
    assert hamming_distance(first["look"], second["look"]) <= SAME_HASH_BITS
    assert not is_same_picture(first, second)


def test_a_turned_picture_is_another_one() -> None:
    assert not is_same_picture(measure(jpeg(diploma())), measure(jpeg(diploma().rotate(180))))


# --- the one-inch photo ----------------------------------------------------------------------------------------------


def portrait_before(wall: str | tuple[int, int, int] | Image.Image) -> dict[str, Any]:
    drawn = Image.open(io.BytesIO(photograph(Appearance("female", 3)))).convert("RGB")
    mask = drawn.convert("L").point(lambda value: 255 if value > 252 else 0)
    background = wall if isinstance(wall, Image.Image) else Image.new("RGB", drawn.size, wall)
    drawn.paste(background, (0, 0), mask)
    return measure(one_inch.crop_photo(clean(jpeg(drawn)).jpeg).jpeg, portrait=True)


@pytest.mark.parametrize("wall", ["white", (235, 235, 235), (215, 230, 250)], ids=["white", "light grey", "pale blue"])
def test_a_light_even_wall_is_right(wall: Any) -> None:
    found = portrait_before(wall)
    assert found["background"] > WHITE_BACKGROUND
    assert found["evenness"] < EVEN_BACKGROUND
    assert FILL[0] < found["fill"] < FILL[1]
    assert found["ratio"] == pytest.approx(ONE_INCH, abs=0.01)


@pytest.mark.parametrize("wall", [(67, 142, 219), (255, 0, 0), (120, 120, 120)], ids=["blue", "red", "grey"])
def test_a_coloured_or_dark_wall_is_not_white(wall: tuple[int, int, int]) -> None:
    found = portrait_before(wall)
    assert found["background"] < WHITE_BACKGROUND
    assert FILL[0] < found["fill"] < FILL[1]


def test_a_wall_lit_from_one_side_is_uneven() -> None:
    lamp = Image.linear_gradient("L").rotate(90).resize((600, 840)).point(lambda value: 150 + value * 100 // 255)
    assert portrait_before(Image.merge("RGB", (lamp, lamp, lamp)))["evenness"] > EVEN_BACKGROUND


def test_a_person_far_away_fills_little_of_the_photo() -> None:
    drawn = Image.open(io.BytesIO(photograph(Appearance("female", 3)))).convert("RGB")
    far = Image.new("RGB", (1500, 2100), "white")
    far.paste(drawn, (450, 1260))
    found = measure(one_inch.crop_photo(clean(jpeg(far)).jpeg).jpeg, portrait=True)
    assert found["fill"] < FILL[0]
