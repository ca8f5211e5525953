"""Thumbnails and turns."""

from collections.abc import Callable

import pytest
from PIL import ImageChops

from lib.pictures.images import PictureRefused, load_jpeg, small_copy, thumbnail
from lib.pictures.one_inch import crop_photo
from tests.support.applicant.image_samples import (
    JPEG_CARD,
    assert_clean,
    clean,
    colours,
    corner_card,
    decoded,
    encoded,
    rotate,
)


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
    jpeg = thumbnail(small_copy(load_jpeg(encoded(corner_card(*size)), box), box))
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


def test_four_turns_hardly_change_the_picture() -> None:
    start = clean(encoded(corner_card())).jpeg
    jpeg = start
    for _ in range(4):
        jpeg = rotate(jpeg, 1).jpeg
    difference = ImageChops.difference(decoded(start), decoded(jpeg)).convert("L")
    assert sum(value * count for value, count in enumerate(difference.histogram())) / (400 * 300) < 1


@pytest.mark.parametrize("use", [lambda jpeg: rotate(jpeg, 1), crop_photo])
def test_what_cannot_be_opened_is_refused_here_too(use: Callable[[bytes], object]) -> None:
    with pytest.raises(PictureRefused):
        use(JPEG_CARD[:100])
