"""Pictures that are refused: each by a rule, with what was found and what to do."""

import struct
import warnings
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from lib.pictures import images
from lib.pictures.images import PictureRefused
from tests.support.applicant.image_samples import JPEG_CARD, PNG_CARD, assert_clean, clean, corner_card, encoded


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "文件是空的。请选择 jpg、png 或 heic 图片"),
        ("身份证照片".encode(), "文件不是 jpg、png 或 heic 图片：这是文本。请选择 jpg、png 或 heic 图片"),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>", "文件不是 jpg、png 或 heic 图片：这是网页。请选择 jpg、png 或 heic 图片"),
        (b"<svg onload=alert(1)>", "文件不是 jpg、png 或 heic 图片：这是 SVG 图片。请选择 jpg、png 或 heic 图片"),
        (b'<?xml version="1.0"?><svg>', "文件不是 jpg、png 或 heic 图片：这是 SVG 图片。请选择 jpg、png 或 heic 图片"),
        (b'<?xml version="1.0"?><a>', "文件不是 jpg、png 或 heic 图片：这是文本。请选择 jpg、png 或 heic 图片"),
        (b"\r\n%PDF-1.7", "文件不是 jpg、png 或 heic 图片：这是 PDF 文件。请选择 jpg、png 或 heic 图片"),
        (b"GIF89a", "文件不是 jpg、png 或 heic 图片：这是 GIF 图片。请选择 jpg、png 或 heic 图片"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "文件不是 jpg、png 或 heic 图片：这是 WebP 图片。请选择 jpg、png 或 heic 图片"),
        (b"\0\0\0\x20ftypavif", "文件不是 jpg、png 或 heic 图片：这是 AVIF 图片。请选择 jpg、png 或 heic 图片"),
        (b"\0\0\0\x20ftypisom", "文件不是 jpg、png 或 heic 图片：这是视频。请选择 jpg、png 或 heic 图片"),
        (b"PK\x03\x04\0\0", "文件不是 jpg、png 或 heic 图片：这是压缩包或 Office 文件。请选择 jpg、png 或 heic 图片"),
        (b"MZ\x90\0", "文件不是 jpg、png 或 heic 图片：这是程序。请选择 jpg、png 或 heic 图片"),
        (b"\0\1\2\3", "文件不是 jpg、png 或 heic 图片：这是无法识别的数据。请选择 jpg、png 或 heic 图片"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, says: str) -> None:
    with pytest.raises(PictureRefused) as refused:
        clean(data)
    assert str(refused.value) == says


@pytest.mark.parametrize("brand", [b"heic", b"hevc"])
def test_what_only_begins_like_a_heic_is_damaged(brand: bytes) -> None:
    with pytest.raises(PictureRefused, match="图片已损坏或不完整"):
        clean(b"\0\0\0\x20ftyp" + brand + b"\0" * 100)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF"])
def test_other_pictures_are_refused_whatever_their_name(kind: str) -> None:
    with pytest.raises(PictureRefused, match="不是 jpg、png 或 heic"):
        clean(encoded(corner_card(), kind))


def test_too_many_bytes() -> None:
    with pytest.raises(PictureRefused) as refused:
        clean(encoded(corner_card()) + bytes(31_600_000))
    assert str(refused.value) == "图片 30.2 MB，超过 15 MB。请缩小后再上传"


def test_one_byte_too_many_does_not_read_as_the_limit() -> None:
    data = encoded(corner_card())
    assert clean(data.ljust(images.MAX_BYTES, b"\0")).width == 400
    with pytest.raises(PictureRefused, match=r"图片 15\.1 MB，超过 15 MB"):
        clean(data.ljust(images.MAX_BYTES + 1, b"\0"))


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png_header(20_000, 20_000), "图片 20000×20000 像素，太大"),
        (png_header(8193, 6144), "图片 8193×6144 像素，太大：最多 5000 万像素"),
        (png_header(16_501, 200), "图片 16501×200 像素，太大"),
        (encoded(Image.new("1", (8000, 7000)), "PNG"), "图片 8000×7000 像素，太大"),
        (encoded(Image.new("L", (65_000, 100))), "图片 65000×100 像素，太大"),
        (encoded(Image.new("RGB", (99, 400))), "图片 99×400 像素，太小：每边至少 100 像素"),
        (png_header(1, 1), "图片 1×1 像素，太小"),
    ],
)
def test_bombs_and_specks_are_refused_by_their_header(data: bytes, says: str) -> None:
    with pytest.raises(PictureRefused, match=says):
        clean(data)


def with_scans(extra: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: a few bytes each, a pass over all pixels each."""
    data = encoded(corner_card(), progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * extra + data[-2:]


def test_many_scans_are_refused_before_any_is_decoded() -> None:
    assert clean(with_scans(20)).width == 400
    with pytest.raises(PictureRefused, match="图片的编码不正常") as refused:
        clean(with_scans(2000))
    assert refused.value.__cause__ is None


def test_what_phones_put_behind_a_picture_is_not_counted() -> None:
    assert clean(encoded(corner_card()) + b"\xff\xda\0\x02" * 100).width == 400


def test_restarts_and_thumbnails_in_the_metadata_are_no_scans() -> None:
    exif = Image.Exif()
    exif[0x010E] = "\xff\xda" * 500
    assert clean(encoded(corner_card(), exif=exif, restart_marker_blocks=1)).width == 400


def test_a_progressive_picture_may_have_fewer_pixels() -> None:
    image = Image.new("L", (6000, 4100))
    assert clean(encoded(image)).width == 2400
    with pytest.raises(PictureRefused, match="图片 6000×4100 像素，太大：渐进式 jpg 最多 2400 万像素"):
        clean(encoded(image, progressive=True))


def text_bomb() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("x", "0" * 80_000_000, zip=True)
    return encoded(corner_card(), "PNG", pnginfo=info)


def damaged_png(at: int) -> bytes:
    data = bytearray(encoded(corner_card(), "PNG"))
    data[at] ^= 0xFF
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        JPEG_CARD[: len(JPEG_CARD) // 2],
        JPEG_CARD[:-2],
        JPEG_CARD[:3],
        JPEG_CARD[:20],
        b"\xff\xd8\xff<html>",
        PNG_CARD[: len(PNG_CARD) // 2],
        PNG_CARD[:-12],
        PNG_CARD[:8],
        damaged_png(20),
        damaged_png(60),
        damaged_png(-5),
        png_header(0, 0),
        png_header(200, 200),
        text_bomb(),
    ],
    ids=(
        "half-jpeg jpeg-end jpeg-magic jpeg-header html-with-magic half-png no-iend png-magic bad-header bad-data "
        "bad-end no-size too-few-pixels text-bomb"
    ).split(),
)
def test_damaged_pictures_are_refused_in_one_sentence(data: bytes) -> None:
    with pytest.raises(PictureRefused, match="图片已损坏或不完整") as refused:
        clean(data)
    assert refused.value.__cause__ is not None


@settings(deadline=None)
@given(st.sampled_from([JPEG_CARD, PNG_CARD]), st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=8))
def test_any_damage_ends_in_a_picture_or_a_refusal(data: bytes, changes: list[tuple[float, int]]) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[int(place * (len(data) - 1))] ^= value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture = clean(bytes(damaged))
        except PictureRefused:
            return
    assert_clean(picture)


def test_running_out_of_memory_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(_image: Image.Image, _profile: bytes | None) -> None:
        raise MemoryError

    monkeypatch.setattr(images, "_to_srgb", out_of_memory)
    with pytest.raises(PictureRefused):
        clean(JPEG_CARD)


@pytest.mark.parametrize("lost", [1, 2])
def test_a_jpeg_that_lost_its_end_and_no_pixel_is_taken(lost: int) -> None:
    data = encoded(corner_card())
    assert clean(data[:-lost]).jpeg == clean(data).jpeg


@pytest.mark.parametrize("left", [0.999, 0.9, 0.5])
def test_a_jpeg_that_lost_pixels_is_damaged(left: float) -> None:
    image = Image.effect_noise((400, 300), 90)
    data = encoded(image)
    with pytest.raises(PictureRefused, match="图片已损坏或不完整"):
        clean(data[: int(len(data) * left)])
