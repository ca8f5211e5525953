"""Where a document is on a picture: found on simulated photographs, left alone where it is in doubt."""

from __future__ import annotations

import io
import math

import pytest
from PIL import Image

from lib.pictures import images, perspective, screens
from lib.pictures.corners import SIDES, find_corners
from lib.pictures.perspective import WHOLE_PICTURE, rotate_corners, straighten, validated_corners
from tests.support.applicant.image_samples import colours, corner_card, encoded, rotate
from tests.support.applicant.paper_photos import document, screen_shot, taken

pytestmark = pytest.mark.slow

SEEDS = pytest.mark.parametrize("seeds", [range(6), pytest.param(range(6, 200), marks=pytest.mark.soak)])


def apart(found, true, size) -> float:
    """The largest distance of a corner, as a share of the diagonal."""
    width, height = size
    far = (math.hypot((found[at] - true[at]) * width, (found[at + 1] - true[at + 1]) * height) for at in range(0, 8, 2))
    return max(far) / math.hypot(width, height)


@SEEDS
def test_the_corners_of_a_document_on_a_table_are_found(seeds) -> None:
    for seed in seeds:
        photo = taken(seed)
        found = find_corners(photo.jpeg())
        assert found.sure, seed
        assert apart(found.corners, photo.corners, photo.image.size) < 0.03, seed
        assert not found.cut


@SEEDS
def test_the_side_by_which_a_document_leaves_the_picture_is_named(seeds) -> None:
    named = [SIDES[seed % 4] in find_corners(taken(1000 + seed, cut=SIDES[seed % 4]).jpeg()).cut for seed in seeds]
    assert sum(named) >= len(named) * 0.95


@pytest.mark.parametrize("which", range(4))
def test_a_scan_and_a_picture_that_was_cut_already_are_left_whole(which) -> None:
    found = find_corners(encoded(document(which)))
    assert (found.corners, found.sure, found.cut) == (WHOLE_PICTURE, False, ())
    photo = taken(which)
    again = find_corners(straighten(photo.jpeg(), [min(max(value, 0), 1) for value in photo.corners]).jpeg)
    assert (again.sure, again.cut) == (False, ())


@pytest.mark.parametrize("image", [Image.new("RGB", (300, 200), "white"), Image.effect_noise((640, 480), 90)])
def test_nothing_is_found_where_nothing_is(image) -> None:
    assert find_corners(encoded(image.convert("RGB"))).corners == WHOLE_PICTURE


@pytest.mark.parametrize("size", [(100, 12000), (12000, 100), (101, 101)])
def test_strips_and_small_pictures_are_no_error(size) -> None:
    assert find_corners(encoded(Image.new("RGB", size, "grey"))).corners == WHOLE_PICTURE


# --- straight -------------------------------------------------------------------------------------------------------


def test_a_straightened_document_is_the_document() -> None:
    card = corner_card(1000, 700)
    made = straighten(encoded(card, quality=95), (0.1, 0.2, 0.9, 0.1, 1.0, 0.9, 0.05, 0.95))
    assert colours(made.jpeg) == "RGBW"
    assert (made.original_width, made.original_height) == (1000, 700)
    assert max(made.width, made.height) <= images.LONG_SIDE


def test_the_four_corners_of_the_source_come_to_the_four_of_the_result() -> None:
    photo = taken(3)
    made = Image.open(io.BytesIO(straighten(photo.jpeg(95), photo.corners).jpeg)).convert("L")
    drawn = document(__import__("random").Random(3).randrange(8)).convert("L").resize(made.size)
    difference = sum(
        abs(one - other)
        for one, other in zip(made.resize((40, 30)).tobytes(), drawn.resize((40, 30)).tobytes(), strict=True)
    )
    assert difference / 1200 < 60


def test_four_quarter_turns_bring_the_corners_back_and_one_goes_with_the_picture() -> None:
    corners = validated_corners((0.1, 0.2, 0.8, 0.1, 0.9, 0.9, 0.05, 0.7))
    assert rotate_corners(corners, 4) == corners
    card = encoded(corner_card(800, 600), quality=95)
    one = straighten(rotate(card, 1).jpeg, rotate_corners(corners, 1))
    other = rotate(straighten(card, corners).jpeg, 1)
    assert colours(one.jpeg) == colours(other.jpeg)
    assert (one.width, one.height) == pytest.approx((other.width, other.height), abs=1)


BAD = [
    (),
    (0,) * 8,
    (0, 0, 1, 0, 1, 1, 0),
    (math.inf, 0, 1, 0, 1, 1, 0, 1),
    (0, 0, 1, 1, 1, 0, 0, 1),
    (2, 0, 1, 0, 1, 1, 0, 1),
]


@pytest.mark.parametrize("corners", BAD)
def test_what_is_no_frame_is_refused(corners) -> None:
    with pytest.raises(images.PictureRefused, match="四个角"):
        perspective.straighten(encoded(corner_card(800, 600)), corners)


# --- screen shots ---------------------------------------------------------------------------------------------------


def signs(image: Image.Image, origin: str = "") -> bool:
    return screens.is_screenshot(screens.screenshot_signs(image.convert("RGB"), image.size, origin))


def test_a_screen_shot_is_noticed_as_a_png_and_after_a_chat_has_made_a_jpg_of_it() -> None:
    for seed in range(4):
        shot = screen_shot(seed)
        assert signs(shot, "png")
        assert signs(Image.open(io.BytesIO(encoded(shot, quality=60))))


def test_photographs_in_the_shape_of_a_screen_and_scans_as_png_are_none() -> None:
    for seed in range(3):
        assert not signs(taken(seed, size=(2400, 1080)).image)
        assert not signs(document(seed), "png")
    assert not signs(screen_shot(1), "camera")
