"""The jobs on pictures as plain functions, without the child process around them."""

from __future__ import annotations

from dataclasses import asdict

import pytest
from PIL import Image

from lib.pictures import decoding, heif
from lib.pictures.images import PictureRefused
from lib.pictures.one_inch import PhotoRule
from lib.sandbox import forkserver
from lib.sandbox.jobs import JOBS
from tests.support.applicant.image_samples import JPEG_CARD, assert_clean, clean, colours, corner_card, decoded, encoded
from tests.support.attacks.hostile import SCRIPT, heic

RULE = asdict(PhotoRule())


def test_a_paper_is_a_clean_picture_a_thumbnail_and_figures() -> None:
    facts, (jpeg, thumb) = decoding.paper(encoded(corner_card(3000, 2000)))
    assert (facts["size"], facts["original"][:2]) == ([2400, 1600], [3000, 2000])
    assert facts["measures"]["width"] == 2400
    assert (colours(jpeg), colours(thumb)) == ("RGBW", "RGBW")


def test_a_photo_keeps_what_it_was_cut_from() -> None:
    facts, (jpeg, _thumb, source) = decoding.photo(encoded(corner_card(1300, 1680)), None, RULE)
    assert facts["size"] == [413, 579]
    assert decoded(source).size == (1300, 1680)
    again, (cut, _small) = decoding.recrop(source, [0.0, 0.0, 0.5, 0.5], RULE)  # type: ignore[arg-type] # from JSON
    assert again["crop"] == [0.0, 0.0, 0.5, 0.5]
    assert (colours(jpeg), colours(cut)) == ("RGBW", "RRRR")


def test_a_place_is_a_frame() -> None:
    facts, _blobs = decoding.recrop(encoded(corner_card(1000, 1000)), "middle", RULE)
    assert facts["crop"] == pytest.approx([1 / 7, 0, 5 / 7, 1])


@pytest.mark.parametrize(("turns", "seen"), [(0, "RGBW"), (1, "BRWG"), (3, "GWRB")])
def test_a_turned_picture_is_the_old_one_where_nothing_turns(turns: int, seen: str) -> None:
    _facts, (jpeg, _thumb) = decoding.rotated(JPEG_CARD, turns)
    assert colours(jpeg) == seen
    assert (jpeg == JPEG_CARD) == (turns == 0)


def test_what_is_loaded_before_a_fork_can_be() -> None:
    assert set(forkserver.load_jobs()) == set(JOBS)


def test_a_heic_is_only_its_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = SCRIPT.decode()
    picture = clean(heic(corner_card(), exif=exif.tobytes(), xmp=SCRIPT))
    assert_clean(picture)
    assert colours(picture.jpeg) == "RGBW"
    assert SCRIPT not in picture.jpeg


@pytest.mark.parametrize("mode", ["RGBA", "L", "RGB"])
def test_a_large_heic_is_shrunk_in_strips_without_a_seam(mode: str) -> None:
    picture = clean(heic(corner_card(1201, 901).convert(mode)), long_side=200)
    assert (picture.width, picture.height, picture.original_width) == (200, 150, 1201)
    assert colours(picture.jpeg) == ("KWKW" if mode == "L" else "RGBW")


def test_the_profile_of_a_heic_is_applied_like_that_of_others() -> None:
    from PIL import ImageCms

    image = corner_card()
    image.info["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for sent, has_profile in ((image, True), (corner_card(), False)):
        with heif.opened(heic(sent)) as source:
            assert bool(source.profile) == has_profile
    assert colours(clean(heic(image)).jpeg) == "RGBW"


@pytest.mark.parametrize("brands", [b"mif1\0\0\0\0mif1heic", b"heix\0\0\0\0", b"msf1\0\0\0\0hevc"])
def test_brands_that_are_heic(brands: bytes) -> None:
    with pytest.raises(PictureRefused, match="已损坏"):
        clean((len(brands) + 8).to_bytes(4, "big") + b"ftyp" + brands + bytes(100))


@pytest.mark.parametrize(
    ("brands", "said"),
    [(b"mif1\0\0\0\0avifmiaf", "AVIF 图片"), (b"mif1\0\0\0\0miaf", "视频"), (b"qt  \0\0\0\0", "视频")],
)
def test_brands_that_are_not(brands: bytes, said: str) -> None:
    with pytest.raises(PictureRefused, match=said):
        clean((len(brands) + 8).to_bytes(4, "big") + b"ftyp" + brands + bytes(100))


def test_what_a_job_says_is_told_and_what_goes_wrong_is_not() -> None:
    def fails(_data: bytes) -> None:
        raise ValueError("何新丽")

    asked: dict[str, object] = {"job": "paper", "options": {}}
    assert "文件是空的" in forkserver.run_job(forkserver.load_jobs(), asked, [b""])[0]["refused"]
    assert forkserver.run_job({"paper": fails}, asked, [b""]) == ({"failed": "ValueError"}, [])  # type: ignore[dict-item]
    assert forkserver.run_job({}, asked, [b"", b""]) == ({"failed": "ValueError"}, [])
