"""The one-inch photo: cut by the office's rule."""

import pytest
from PIL import Image

from lib.images import Refused
from lib.one_inch import Crop, PhotoRule, cut
from tests.image_samples import assert_clean, colours, corner_card, encoded, noise


@pytest.mark.parametrize(
    ("size", "result"),
    [
        ((295, 413), (295, 413)),
        ((412, 2000), (295, 413)),
        ((413, 579), (413, 579)),
        ((3000, 4200), (413, 579)),
        ((2400, 1800), (413, 579)),
        ((2400, 420), (295, 413)),
    ],
)
def test_the_middle_is_cut_to_five_by_seven(size: tuple[int, int], result: tuple[int, int]) -> None:
    picture = cut(encoded(Image.new("RGB", size, "white")))
    image = assert_clean(picture)
    assert image.size == result
    assert image.info["dpi"] == (300, 300)
    assert (picture.original_width, picture.original_height) == size


def test_a_crop_is_taken_where_it_says() -> None:
    """Red, green, blue, white quarters: the crop of each quarter has its colour only."""
    jpeg = encoded(corner_card(1200, 1680), quality=95)
    for left, top, colour in ((0, 0, "R"), (0.5, 0, "G"), (0, 0.5, "B"), (0.5, 0.5, "W")):
        assert colours(cut(jpeg, (left, top, 0.5, 0.5)).jpeg) == colour * 4


def test_a_crop_of_another_shape_is_narrowed_about_its_middle() -> None:
    image = Image.new("RGB", (2000, 1000), "blue")
    image.paste("red", (643, 0, 1357, 1000))  # 714 x 1000, the middle 5:7
    assert colours(cut(encoded(image), (0, 0, 1, 1)).jpeg) == "RRRR"


@pytest.mark.parametrize("crop", [(-1.0, -1.0, 3.0, 3.0), (0.0, 0.0, 1.0000001, 1.0000001), (0.2, 0.0, 5.0, 1.0)])
def test_a_crop_beyond_the_edge_ends_there(crop: Crop) -> None:
    assert cut(encoded(Image.new("RGB", (1000, 1400))), crop).width == 413


@pytest.mark.parametrize(
    "crop",
    [
        (0.0, 0.0, 0.0, 1.0),
        (0.0, 0.0, 1.0, -1.0),
        (float("nan"), 0.0, 1.0, 1.0),
        (0.0, 0.0, float("inf"), 1.0),
        (1.5, 0.0, 1.0, 1.0),
        (0.0, 1.0, 1.0, 1.0),
    ],
)
def test_a_crop_that_is_none_is_refused(crop: Crop) -> None:
    with pytest.raises(Refused, match="裁剪范围不对"):
        cut(encoded(Image.new("RGB", (1000, 1400))), crop)


@pytest.mark.parametrize(
    ("size", "crop", "says"),
    [
        ((294, 413), None, "照片太小：294×412 像素，至少需要 295×413 像素"),
        ((1000, 1400), (0.0, 0.0, 0.2, 0.2), "照片太小：200×280 像素，至少需要 295×413 像素"),
    ],
)
def test_too_few_pixels_are_refused_with_the_figures(size: tuple[int, int], crop: Crop | None, says: str) -> None:
    with pytest.raises(Refused, match=says):
        cut(encoded(Image.new("RGB", size)), crop)


@pytest.mark.parametrize("size", [(295, 413), (413, 579), (1200, 1680)])
def test_pure_noise_is_brought_under_a_hundred_kilobytes(size: tuple[int, int]) -> None:
    picture = cut(encoded(noise(*size), quality=95))
    assert len(picture.jpeg) < 100_000
    assert picture.width >= 295


def test_the_larger_size_is_given_up_before_the_quality() -> None:
    fine, coarse = encoded(Image.new("RGB", (413, 579))), encoded(noise(413, 579), quality=95)
    assert cut(fine).width == 413
    assert cut(coarse, rule=PhotoRule(max_bytes=60_000)).width == 295


def test_what_cannot_be_brought_under_the_limit_is_refused() -> None:
    with pytest.raises(Refused, match="照片无法压缩到 10 KB 以下"):
        cut(encoded(noise(295, 413), quality=95), rule=PhotoRule(max_bytes=10_000))
