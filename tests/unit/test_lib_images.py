"""Pictures: what is taken, what is refused and why, and that nothing but pixels survives."""

import io
import os
import struct
import warnings
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageDraw, PngImagePlugin

from lib import images
from lib.images import Picture, Refused, clean, one_inch, rotate, thumbnail

CANARY = b"CANARY-38.92N-121.61E"


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def decoded(jpeg: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(jpeg))
    image.load()
    return image


def corner_card(width: int = 400, height: int = 300) -> Image.Image:
    """Red at top left, green at top right, blue at bottom left, white at bottom right."""
    image = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(image)
    middle = width // 2, height // 2
    draw.rectangle((0, 0, *middle), fill="red")
    draw.rectangle((middle[0], 0, width, middle[1]), fill=(0, 255, 0))
    draw.rectangle((0, middle[1], middle[0], height), fill="blue")
    return image


def colours(jpeg: bytes) -> str:
    """The corners' colours, row by row: RGBW for a card that is upright."""
    image = decoded(jpeg).convert("RGB")
    w, h = image.size
    names = {"100": "R", "010": "G", "001": "B", "111": "W", "000": "K"}
    found = ""
    for point in ((w // 8, h // 8), (w * 7 // 8, h // 8), (w // 8, h * 7 // 8), (w * 7 // 8, h * 7 // 8)):
        pixel = image.getpixel(point)
        assert isinstance(pixel, tuple)
        found += names.get("".join(str(round(value / 255)) for value in pixel), "?")
    return found


def noise(width: int, height: int) -> Image.Image:
    return Image.frombytes("RGB", (width, height), os.urandom(width * height * 3))


def assert_clean(picture: Picture) -> Image.Image:
    image = decoded(picture.jpeg)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (picture.width, picture.height))
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
    assert not image.getexif()
    return image


# --- what is taken --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_turns_come_out_upright(orientation: int) -> None:
    inverse = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = corner_card() if orientation == 1 else corner_card().transpose(inverse[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = clean(encoded(stored, exif=exif, quality=95))

    assert_clean(picture)
    assert colours(picture.jpeg) == "RGBW"
    assert (picture.width, picture.height) == (400, 300)
    assert (picture.original_width, picture.original_height) == (400, 300)


@pytest.mark.parametrize("orientation", [0, 9, 999])
def test_a_turn_that_does_not_exist_is_none(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert colours(clean(encoded(corner_card(), exif=exif)).jpeg) == "RGBW"


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0"])
def test_exif_that_cannot_be_read_is_no_reason_to_refuse(exif: bytes) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about it
        assert colours(clean(encoded(corner_card(), exif=exif)).jpeg) == "RGBW"


def test_exif_that_makes_the_reader_fail_is_no_reason_either(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_image: Image.Image) -> None:
        raise SyntaxError("not a TIFF file")

    monkeypatch.setattr(Image.Image, "getexif", fail)
    assert clean(encoded(corner_card())).width == 400


def sixteen_bit() -> Image.Image:
    """The upper half at half of the brightness, the lower one white."""
    return Image.frombytes("I;16", (200, 200), struct.pack("<H", 0x8000) * 20_000 + b"\xff" * 40_000)


def test_sixteen_bits_keep_their_greys() -> None:
    image = decoded(clean(encoded(sixteen_bit(), "PNG")).jpeg)
    top, bottom = image.getpixel((100, 20)), image.getpixel((100, 180))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert abs(top[0] - 128) <= 2
    assert bottom[0] >= 253


def transparent_corner() -> Image.Image:
    image = corner_card().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 200, 150))
    return image


def palette_with_transparency() -> bytes:
    image = corner_card().quantize(8)
    red = image.getpixel((10, 10))
    return encoded(image, "PNG", transparency=red)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (encoded(corner_card(), "PNG"), "RGBW"),
        (encoded(transparent_corner(), "PNG"), "WGBW"),
        (encoded(corner_card().quantize(8), "PNG"), "RGBW"),
        (palette_with_transparency(), "WGBW"),
        (encoded(corner_card(), "PNG", transparency=(0, 255, 0)), "RWBW"),
        (encoded(corner_card().convert("L").point(lambda value: 255 * (value > 200)), "PNG"), "KKKW"),
        (encoded(corner_card().convert("1", dither=Image.Dither.NONE), "PNG"), "KWKW"),
        (encoded(transparent_corner().convert("LA"), "PNG"), "WWKW"),
        (encoded(corner_card().convert("L")), "KWKW"),
        (encoded(corner_card().convert("CMYK")), "RGBW"),
        (encoded(corner_card(), progressive=True), "RGBW"),
        (encoded(corner_card(), "MPO", save_all=True, append_images=[Image.new("RGB", (400, 300))]), "RGBW"),
        (encoded(corner_card(), "PNG", save_all=True, append_images=[Image.new("RGB", (400, 300))]), "RGBW"),
    ],
    ids="rgb alpha palette palette-alpha rgb-key grey one-bit grey-alpha jpeg-grey cmyk progressive mpo apng".split(),
)
def test_every_usual_kind_becomes_rgb_on_white(data: bytes, expected: str) -> None:
    picture = clean(data)
    assert_clean(picture)
    assert colours(picture.jpeg) == expected


def profile_of(name: Any) -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


@pytest.mark.parametrize(
    "profile",
    [profile_of("sRGB"), profile_of("LAB"), b"garbage", b"<script>alert(1)</script>" * 100, b""],
    ids="srgb unfit garbage markup none".split(),
)
def test_a_profile_is_applied_or_ignored_but_never_kept(profile: bytes) -> None:
    picture = clean(encoded(corner_card(), icc_profile=profile))
    assert_clean(picture)
    assert colours(picture.jpeg) == "RGBW"


def swapped_srgb() -> bytes:
    """sRGB with the red and the blue colorant exchanged, and a description that does not say sRGB."""
    profile = profile_of("sRGB").replace(b"s\0R\0G\0B", b"s\0W\0A\0P").replace(b"sRGB", b"SWAP")
    return profile.replace(b"rXYZ", b"tmpX", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tmpX", b"bXYZ", 1)


def test_a_profile_changes_the_colours_it_says() -> None:
    picture = clean(encoded(corner_card(), icc_profile=swapped_srgb()))
    assert colours(picture.jpeg) == "BGRW"


def test_twelve_megapixels_are_downsized() -> None:
    data = encoded(corner_card(4032, 3024), quality=90)
    picture = clean(data)
    assert (picture.width, picture.height) == (2400, 1800)
    assert (picture.original_width, picture.original_height, picture.original_bytes) == (4032, 3024, len(data))
    assert colours(picture.jpeg) == "RGBW"
    assert clean(data, long_side=1000).width == 1000


def test_a_turned_phone_picture_counts_its_size_as_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = clean(encoded(Image.new("RGB", (4032, 3024), "white"), exif=exif))
    assert (picture.width, picture.height) == (1800, 2400)
    assert (picture.original_width, picture.original_height) == (3024, 4032)


@pytest.mark.parametrize("size", [(4000, 300), (300, 4000), (12_000, 100), (100, 100)])
def test_strips_and_small_pictures_keep_their_shape(size: tuple[int, int]) -> None:
    picture = clean(encoded(Image.new("RGB", size)))
    scale = max(1, max(size) / 2400)
    assert (picture.width, picture.height) == (round(size[0] / scale), round(size[1] / scale))


@pytest.mark.parametrize("size", [(1200, 900), (1201, 901), (403, 1999), (5000, 1301)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1"])
def test_a_large_png_is_shrunk_in_strips_without_a_seam(mode: str, size: tuple[int, int]) -> None:
    card = corner_card(*size).convert("L").convert(mode) if mode in "L1" else corner_card(*size).convert(mode)
    picture = clean(encoded(card, "PNG"), long_side=200)
    assert max(picture.width, picture.height) == 200
    assert colours(picture.jpeg) == ("KWKW" if mode in "L1" else "RGBW")
    plain = card.convert("RGB").resize((picture.width, picture.height), Image.Resampling.HAMMING)
    difference = ImageChops.difference(decoded(picture.jpeg), plain).convert("L")
    assert sum(value * count for value, count in enumerate(difference.histogram())) < 4 * plain.width * plain.height


def test_strips_keep_transparency_on_white() -> None:
    image = Image.new("RGBA", (1000, 1000), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 500, 1000, 1000))
    assert colours(clean(encoded(image, "PNG"), long_side=200).jpeg) == "RRWW"


def test_a_small_picture_is_not_enlarged() -> None:
    assert clean(encoded(corner_card())).width == 400


# --- what must not survive ------------------------------------------------------------------------------------------


def with_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = CANARY.decode()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[29] = CANARY.decode()
    return encoded(corner_card(), exif=exif)


def with_text() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", CANARY.decode())
    info.add_itxt("XML:com.adobe.xmp", CANARY.decode(), zip=True)
    return encoded(corner_card(), "PNG", pnginfo=info)


@pytest.mark.parametrize(
    "data",
    [
        with_exif(),
        with_text(),
        encoded(corner_card(), comment=CANARY),
        encoded(corner_card(), xmp=CANARY),
        encoded(corner_card(), icc_profile=CANARY * 20),
        encoded(corner_card()) + b"<?php " + CANARY,
        encoded(corner_card(), "PNG") + b"PK\x03\x04" + CANARY,
    ],
    ids="exif-gps png-text comment xmp icc jpeg-tail png-tail".split(),
)
def test_nothing_but_pixels_survives(data: bytes) -> None:
    picture = clean(data)
    image = assert_clean(picture)
    assert CANARY not in picture.jpeg
    assert b"<?php" not in picture.jpeg
    assert not {"exif", "comment", "icc_profile", "xmp"} & set(image.info)


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "文件是空的。请选择 jpg 或 png 图片"),
        ("身份证照片".encode(), "文件不是 jpg 或 png 图片:这是文本。请选择 jpg 或 png 图片"),
        (b"\xef\xbb\xbf<!DOCTYPE html><p>", "文件不是 jpg 或 png 图片:这是网页。请选择 jpg 或 png 图片"),
        (b"<svg onload=alert(1)>", "文件不是 jpg 或 png 图片:这是SVG 图片。请选择 jpg 或 png 图片"),
        (b'<?xml version="1.0"?><svg>', "文件不是 jpg 或 png 图片:这是SVG 图片。请选择 jpg 或 png 图片"),
        (b'<?xml version="1.0"?><a>', "文件不是 jpg 或 png 图片:这是文本。请选择 jpg 或 png 图片"),
        (b"%PDF-1.7", "文件不是 jpg 或 png 图片:这是PDF 文件。请选择 jpg 或 png 图片"),
        (b"GIF89a", "文件不是 jpg 或 png 图片:这是GIF 图片。请选择 jpg 或 png 图片"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "文件不是 jpg 或 png 图片:这是WebP 图片。请选择 jpg 或 png 图片"),
        (b"\0\0\0\x20ftypavif", "文件不是 jpg 或 png 图片:这是AVIF 图片。请选择 jpg 或 png 图片"),
        (b"\0\0\0\x20ftypisom", "文件不是 jpg 或 png 图片:这是视频。请选择 jpg 或 png 图片"),
        (b"PK\x03\x04\0\0", "文件不是 jpg 或 png 图片:这是压缩包或 Office 文件。请选择 jpg 或 png 图片"),
        (b"MZ\x90\0", "文件不是 jpg 或 png 图片:这是程序。请选择 jpg 或 png 图片"),
        (b"\0\1\2\3", "文件不是 jpg 或 png 图片:这是无法识别的数据。请选择 jpg 或 png 图片"),
    ],
)
def test_what_is_no_picture_is_named(data: bytes, says: str) -> None:
    with pytest.raises(Refused) as refused:
        clean(data)
    assert str(refused.value) == says


@pytest.mark.parametrize("brand", [b"heic", b"mif1", b"hevc"])
def test_heic_tells_how_to_get_a_jpeg(brand: bytes) -> None:
    with pytest.raises(Refused, match="兼容性最佳"):
        clean(b"\0\0\0\x20ftyp" + brand + b"\0" * 100)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF"])
def test_other_pictures_are_refused_whatever_their_name(kind: str) -> None:
    with pytest.raises(Refused, match="不是 jpg 或 png"):
        clean(encoded(corner_card(), kind))


def test_too_many_bytes() -> None:
    with pytest.raises(Refused) as refused:
        clean(encoded(corner_card()) + bytes(31_600_000))
    assert str(refused.value) == "图片 30.2 MB,超过 15 MB。请缩小后再上传"


def test_one_byte_too_many_does_not_read_as_the_limit() -> None:
    data = encoded(corner_card())
    assert clean(data.ljust(images.MAX_BYTES, b"\0")).width == 400
    with pytest.raises(Refused, match=r"图片 15\.1 MB,超过 15 MB"):
        clean(data.ljust(images.MAX_BYTES + 1, b"\0"))


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (png_header(20_000, 20_000), "图片 20000×20000 像素,太大"),
        (png_header(8193, 6144), "图片 8193×6144 像素,太大:最多 5000 万像素"),
        (png_header(12_001, 200), "图片 12001×200 像素,太大"),
        (encoded(Image.new("1", (8000, 7000)), "PNG"), "图片 8000×7000 像素,太大"),
        (encoded(Image.new("L", (65_000, 100))), "图片 65000×100 像素,太大"),
        (encoded(Image.new("RGB", (99, 400))), "图片 99×400 像素,太小:每边至少 100 像素"),
        (png_header(1, 1), "图片 1×1 像素,太小"),
    ],
)
def test_bombs_and_specks_are_refused_by_their_header(data: bytes, says: str) -> None:
    with pytest.raises(Refused, match=says):
        clean(data)


def with_scans(extra: int) -> bytes:
    """A progressive JPEG whose last scan is repeated: a few bytes each, a pass over all pixels each."""
    data = encoded(corner_card(), progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * extra + data[-2:]


def test_many_scans_are_refused_before_any_is_decoded() -> None:
    assert clean(with_scans(20)).width == 400
    with pytest.raises(Refused, match="图片的编码不正常") as refused:
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
    with pytest.raises(Refused, match="图片 6000×4100 像素,太大:渐进式 jpg 最多 2400 万像素"):
        clean(encoded(image, progressive=True))


def text_bomb() -> bytes:
    info = PngImagePlugin.PngInfo()
    info.add_text("x", "0" * 80_000_000, zip=True)
    return encoded(corner_card(), "PNG", pnginfo=info)


def damaged_png(at: int) -> bytes:
    data = bytearray(encoded(corner_card(), "PNG"))
    data[at] ^= 0xFF
    return bytes(data)


JPEG_CARD, PNG_CARD = encoded(corner_card()), encoded(corner_card(), "PNG")


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
    with pytest.raises(Refused, match="图片已损坏或不完整") as refused:
        clean(data)
    assert refused.value.__cause__ is not None


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([JPEG_CARD, PNG_CARD]), st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=8))
def test_any_damage_ends_in_a_picture_or_a_refusal(data: bytes, changes: list[tuple[float, int]]) -> None:
    damaged = bytearray(data)
    for place, value in changes:
        damaged[int(place * (len(data) - 1))] ^= value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture = clean(bytes(damaged))
        except Refused:
            return
    assert_clean(picture)


def test_running_out_of_memory_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_memory(_image: Image.Image) -> None:
        raise MemoryError

    monkeypatch.setattr(images, "_plain_mode", out_of_memory)
    with pytest.raises(Refused):
        clean(JPEG_CARD)


# --- thumbnails and turns -------------------------------------------------------------------------------------------


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


# --- the one-inch photo ---------------------------------------------------------------------------------------------


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
        ((294, 413), None, "照片太小:294×412 像素,至少需要 295×413 像素"),
        ((1000, 1400), (0.0, 0.0, 0.2, 0.2), "照片太小:200×280 像素,至少需要 295×413 像素"),
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
