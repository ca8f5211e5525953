"""The one-inch photo: cut by the office's rule."""

from dataclasses import asdict
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from demo.drawings import Appearance, photograph
from lib.pictures.decoding import photo as job
from lib.pictures.images import CleanPicture, PictureRefused
from lib.pictures.one_inch import Crop, PhotoRule, crop_photo, frame_at
from tests.support.applicant.image_samples import assert_clean, colours, corner_card, decoded, encoded, noise


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
    picture = crop_photo(encoded(Image.new("RGB", size, "white")))
    image = assert_clean(picture)
    assert image.size == result
    assert image.info["dpi"] == (300, 300)
    assert (picture.original_width, picture.original_height) == size


def test_a_crop_is_taken_where_it_says() -> None:
    """Red, green, blue, white quarters: the crop of each quarter has its colour only."""
    jpeg = encoded(corner_card(1200, 1680), quality=95)
    for left, top, colour in ((0, 0, "R"), (0.5, 0, "G"), (0, 0.5, "B"), (0.5, 0.5, "W")):
        assert colours(crop_photo(jpeg, (left, top, 0.5, 0.5)).jpeg) == colour * 4


def test_a_crop_of_another_shape_is_narrowed_about_its_middle() -> None:
    image = Image.new("RGB", (2000, 1000), "blue")
    image.paste("red", (643, 0, 1357, 1000))  # 714 x 1000, the middle 5:7
    assert colours(crop_photo(encoded(image), (0, 0, 1, 1)).jpeg) == "RRRR"


@pytest.mark.parametrize("crop", [(-1.0, -1.0, 3.0, 3.0), (0.0, 0.0, 1.0000001, 1.0000001), (0.2, 0.0, 5.0, 1.0)])
def test_a_crop_beyond_the_edge_ends_there(crop: Crop) -> None:
    assert crop_photo(encoded(Image.new("RGB", (1000, 1400))), crop).width == 413


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
    with pytest.raises(PictureRefused, match="裁剪范围不对"):
        crop_photo(encoded(Image.new("RGB", (1000, 1400))), crop)


@pytest.mark.parametrize(
    ("size", "crop", "says"),
    [
        ((294, 413), None, "照片太小：294×412 像素，至少需要 295×413 像素"),
        ((1000, 1400), (0.0, 0.0, 0.2, 0.2), "照片太小：200×280 像素，至少需要 295×413 像素"),
    ],
)
def test_too_few_pixels_are_refused_with_the_figures(size: tuple[int, int], crop: Crop | None, says: str) -> None:
    with pytest.raises(PictureRefused, match=says):
        crop_photo(encoded(Image.new("RGB", size)), crop)


@pytest.mark.parametrize("size", [(295, 413), (413, 579), (1200, 1680)])
def test_pure_noise_is_brought_under_a_hundred_kilobytes(size: tuple[int, int]) -> None:
    picture = crop_photo(encoded(noise(*size), quality=95))
    assert len(picture.jpeg) < 100_000
    assert picture.width >= 295


def test_the_larger_size_is_given_up_before_the_quality() -> None:
    fine, coarse = encoded(Image.new("RGB", (413, 579))), encoded(noise(413, 579), quality=95)
    assert crop_photo(fine).width == 413
    assert crop_photo(coarse, rule=PhotoRule(max_bytes=60_000)).width == 295


def test_what_cannot_be_brought_under_the_limit_is_refused() -> None:
    with pytest.raises(PictureRefused, match="照片无法压缩到 10 KB 以下"):
        crop_photo(encoded(noise(295, 413), quality=95), rule=PhotoRule(max_bytes=10_000))


# --- a picture that is right already ---------------------------------------------------------------------------------


def make(sent: bytes, crop: Crop | None = None, rule: PhotoRule | None = None) -> CleanPicture:
    facts, (jpeg, _thumb, source) = job(sent, crop, asdict(rule or PhotoRule()))
    assert decoded(source).size == tuple(facts["original"][:2])
    return CleanPicture(jpeg, *facts["size"], *facts["original"])


def portrait(width: int = 354, height: int = 496, kind: str = "JPEG", **options: Any) -> bytes:
    drawn = decoded(photograph(Appearance("female", 3))).convert("RGB")
    return encoded(drawn.resize((width, height), Image.Resampling.LANCZOS), kind, **({"quality": 90} | options))


def difference(first: bytes, second: bytes) -> list[float]:
    return ImageStat.Stat(ImageChops.difference(decoded(first).convert("RGB"), decoded(second).convert("RGB"))).mean


SIZES = [(295, 413), (413, 579), (354, 496), (480, 672), (300, 413)]
#: How finely a photo may be kept: each way with one size, each size with the finest and the coarsest way.
WAYS = [(quality, sampling) for quality in (60, 80, 95) for sampling in (0, 1, 2)]


@pytest.mark.parametrize(
    ("size", "quality", "sampling"),
    [(size, *way) for size in SIZES for way in WAYS if size == SIZES[0] or way in ((95, 0), (60, 2))],
)
def test_a_photo_that_is_right_keeps_its_pixels(size: tuple[int, int], quality: int, sampling: int) -> None:
    sent = portrait(*size, quality=quality, subsampling=sampling)
    photo = make(sent)
    image = assert_clean(photo)
    assert image.size == size, "no pixel is computed from others"
    assert max(difference(sent, photo.jpeg)) < 0.25, "a quarter of a grey level: the decoder's rounding"
    assert image.quantization == decoded(sent).quantization  # type: ignore[attr-defined]
    assert len(photo.jpeg) <= 1.02 * len(sent) < 100_000


def test_only_its_pixels_survive() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description that tells who it is"
    sent = portrait(exif=exif, comment=b"a comment that tells too") + b"<script>tail</script>"
    photo = make(sent)
    assert photo.width == 354
    assert b"tell" not in photo.jpeg
    assert b"script" not in photo.jpeg


@pytest.mark.parametrize(
    "sent",
    [
        portrait(kind="PNG"),
        portrait(exif=b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\3\0\0\0\0\0\0\0"),
        encoded(noise(354, 496), quality=95),
        portrait(400, 496),
        encoded(decoded(portrait()).convert("CMYK"), quality=80),
        encoded(decoded(portrait()).convert("L"), quality=90),
    ],
    ids=["png", "upside down", "too heavy", "another shape", "cmyk", "grey"],
)
def test_what_is_not_quite_right_is_made_by_the_rule(sent: bytes) -> None:
    made = make(sent)
    assert (made.width, made.height) == (295, 413)
    assert len(made.jpeg) < 100_000


def test_a_frame_is_cut_out_even_of_a_photo_that_is_right() -> None:
    assert (make(portrait(480, 672), (0.1, 0.1, 0.7, 0.7)).width) == 295


def test_what_is_right_depends_on_the_rule() -> None:
    sent = portrait(354, 496)
    with pytest.raises(PictureRefused, match="至少需要 413×579 像素"):
        make(sent, rule=PhotoRule(least=(413, 579)))
    square = PhotoRule(least=(300, 300), best=(600, 600), ratio=(1, 1))
    assert (make(sent, rule=square).width, make(sent, rule=square).height) == (300, 300)
    light = make(sent, rule=PhotoRule(max_bytes=10_000))
    assert len(light.jpeg) < 10_000
    assert light.width == 295


# --- the rule --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"least": (413, 413)}, "宽高比"),
        ({"best": (295, 500)}, "宽高比"),
        ({"ratio": (3, 4)}, "宽高比"),
        ({"best": (100, 140)}, "不小于"),
        ({"max_bytes": 9_999}, "10 KB"),
        ({"background": "pink"}, "white、light、any"),
    ],
)
def test_a_rule_that_contradicts_itself_is_none(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        PhotoRule(**changes)


@pytest.mark.parametrize(
    ("rule", "size", "result"),
    [
        (PhotoRule((260, 378), (260, 378), (11, 16)), (2000, 2000), (260, 378)),
        (PhotoRule((413, 579), (413, 579)), (1000, 1400), (413, 579)),
        (PhotoRule((114, 160), (413, 579)), (120, 2000), (114, 160)),
        (PhotoRule((358, 441), (358, 441), (358, 441)), (1200, 900), (358, 441)),
    ],
)
def test_other_offices_want_other_sizes(rule: PhotoRule, size: tuple[int, int], result: tuple[int, int]) -> None:
    assert assert_clean(crop_photo(encoded(Image.new("RGB", size, "white")), None, rule)).size == result


@pytest.mark.parametrize(
    ("size", "place", "frame"),
    [
        ((500, 1400), 0.0, (0, 0, 1, 0.5)),
        ((500, 1400), 1.0, (0, 0.5, 1, 0.5)),
        ((2000, 1400), 0.5, (0.25, 0, 0.5, 1)),
        ((1000, 1400), 0.0, (0, 0, 1, 1)),
    ],
)
def test_without_a_frame_there_are_three_places(size: tuple[int, int], place: float, frame: tuple[float, ...]) -> None:
    assert frame_at(size, place, PhotoRule()) == pytest.approx(frame)
