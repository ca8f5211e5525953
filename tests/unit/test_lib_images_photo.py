"""Thumbnails, turns, and the one-inch photo."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageChops

from lib import images
from lib.images import Refused, clean, one_inch, rotate, thumbnail
from tests.image_samples import JPEG_CARD, PNG_CARD, assert_clean, colours, corner_card, decoded, encoded, noise


@pytest.mark.parametrize(
    ("size", "box", "small"),
    [
        ((2400, 1800), (320, 320), (320, 240)),
        ((1800, 2400), (320, 320), (240, 320)),
        ((200, 100), (320, 320), (200, 100)),
        ((2400, 20), (320, 320), (320, 3)),
        ((2000, 2), (100, 100), (100, 1)),
    ],
)
def test_thumbnails_fit_their_box(size: tuple[int, int], box: tuple[int, int], small: tuple[int, int]) -> None:
    jpeg = thumbnail(encoded(corner_card(*size)), box)
    assert decoded(jpeg).size == small
    assert len(jpeg) < 30_000


@pytest.mark.parametrize(
    ("turns", "expected"), [(0, "RGBW"), (1, "BRWG"), (2, "WBGR"), (3, "GWRB"), (4, "RGBW"), (-1, "GWRB"), (5, "BRWG")]
)
def test_turning_clockwise(turns: int, expected: str) -> None:
    picture = rotate(encoded(corner_card()), turns)
    assert_clean(picture)
    assert colours(picture.jpeg) == expected
    assert (picture.width, picture.height) == ((300, 400) if turns % 2 else (400, 300))


def test_the_size_is_told_without_decoding() -> None:
    assert images.size(JPEG_CARD[:2000]) == (400, 300)
    with pytest.raises(Refused):
        images.size(PNG_CARD)


def test_four_turns_hardly_change_the_picture() -> None:
    start = clean(encoded(corner_card())).jpeg
    jpeg = start
    for _ in range(4):
        jpeg = rotate(jpeg, 1).jpeg
    difference = ImageChops.difference(decoded(start), decoded(jpeg)).convert("L")
    assert sum(value * count for value, count in enumerate(difference.histogram())) / (400 * 300) < 1


@pytest.mark.parametrize("use", [thumbnail, lambda jpeg: rotate(jpeg, 1), one_inch])
def test_what_cannot_be_opened_is_refused_here_too(use: Callable[[bytes], object]) -> None:
    with pytest.raises(Refused):
        use(JPEG_CARD[:100])


# --- the one-inch photo ----------------------------------------------------------------------------------------------


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
    picture = one_inch(encoded(Image.new("RGB", size, "white")))
    image = assert_clean(picture)
    assert image.size == result
    assert image.info["dpi"] == (300, 300)
    assert (picture.original_width, picture.original_height) == size


def test_a_crop_is_taken_where_it_says() -> None:
    """Red, green, blue, white quarters: the crop of each quarter has its colour only."""
    jpeg = encoded(corner_card(1200, 1680), quality=95)
    for left, top, colour in ((0, 0, "R"), (0.5, 0, "G"), (0, 0.5, "B"), (0.5, 0.5, "W")):
        assert colours(one_inch(jpeg, (left, top, 0.5, 0.5)).jpeg) == colour * 4


def test_a_crop_of_another_shape_is_narrowed_about_its_middle() -> None:
    image = Image.new("RGB", (2000, 1000), "blue")
    image.paste("red", (643, 0, 1357, 1000))  # 714 x 1000, the middle 5:7
    assert colours(one_inch(encoded(image), (0, 0, 1, 1)).jpeg) == "RRRR"


@pytest.mark.parametrize("crop", [(-1.0, -1.0, 3.0, 3.0), (0.0, 0.0, 1.0000001, 1.0000001), (0.2, 0.0, 5.0, 1.0)])
def test_a_crop_beyond_the_edge_ends_there(crop: images.Crop) -> None:
    assert one_inch(encoded(Image.new("RGB", (1000, 1400))), crop).width == 413


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
def test_a_crop_that_is_none_is_refused(crop: images.Crop) -> None:
    with pytest.raises(Refused, match="裁剪范围不对"):
        one_inch(encoded(Image.new("RGB", (1000, 1400))), crop)


@pytest.mark.parametrize(
    ("size", "crop", "says"),
    [
        ((294, 413), None, "照片太小：294×412 像素，至少需要 295×413 像素"),
        ((1000, 1400), (0.0, 0.0, 0.2, 0.2), "照片太小：200×280 像素，至少需要 295×413 像素"),
    ],
)
def test_too_few_pixels_are_refused_with_the_figures(
    size: tuple[int, int], crop: images.Crop | None, says: str
) -> None:
    with pytest.raises(Refused, match=says):
        one_inch(encoded(Image.new("RGB", size)), crop)


@pytest.mark.parametrize("size", [(295, 413), (413, 579), (1200, 1680)])
def test_pure_noise_is_brought_under_a_hundred_kilobytes(size: tuple[int, int]) -> None:
    picture = one_inch(encoded(noise(*size), quality=95))
    assert len(picture.jpeg) < 100_000
    assert picture.width >= 295


def test_the_larger_size_is_given_up_before_the_quality() -> None:
    fine, coarse = encoded(Image.new("RGB", (413, 579))), encoded(noise(413, 579), quality=95)
    assert one_inch(fine).width == 413
    assert one_inch(coarse, max_bytes=60_000).width == 295


def test_what_cannot_be_brought_under_the_limit_is_refused() -> None:
    with pytest.raises(Refused, match="照片无法压缩到 5 KB 以下"):
        one_inch(encoded(noise(295, 413), quality=95), max_bytes=5_000)
