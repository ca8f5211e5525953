"""Pictures that are taken: upright, in plain colours, and nothing but pixels survives."""

import struct
import warnings
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageCms, PngImagePlugin

from lib.pictures.images import decode_upright
from tests.support.applicant.image_samples import assert_clean, clean, colours, corner_card, decoded, encoded

CANARY = b"CANARY-38.92N-121.61E"


# --- what is taken ---------------------------------------------------------------------------------------------------


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
    assert (picture.width, picture.height) == (2016, 1512)
    assert (picture.original_width, picture.original_height, picture.original_bytes) == (4032, 3024, len(data))
    assert colours(picture.jpeg) == "RGBW"
    assert clean(data, long_side=1000).width == 1000


def test_where_half_of_the_pixels_are_too_few_the_picture_is_fitted_exactly() -> None:
    data = encoded(corner_card(3600, 2400), quality=90)
    assert decode_upright(data).image.size == (2400, 1600)
    data = encoded(corner_card(4032, 3024), quality=90)
    assert decode_upright(data, enough=(2400, 1)).image.size == (2400, 1800)


def test_a_turned_phone_picture_counts_its_size_as_seen() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = clean(encoded(Image.new("RGB", (4032, 3024), "white"), exif=exif))
    assert (picture.width, picture.height) == (1512, 2016)
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


# --- what must not survive -------------------------------------------------------------------------------------------


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
