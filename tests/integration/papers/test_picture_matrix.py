"""Pictures as cameras, scanners and phones make them, sent by HTTP: the right result and the right size for each."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import closing
from functools import cache
from random import Random

import pillow_heif
import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat, JpegImagePlugin

from lib.pictures.heif_tiles import TiledHeif
from lib.pictures.images import PictureRefused, decode_upright
from lib.sandbox import client as sandbox
from models import Declaration
from tests.support.applicant.filing import page, pages_of, store, upload, words
from tests.support.applicant.image_samples import colours, corner_card, decoded, encoded
from tests.support.attacks.hostile import heic

KIND = "employer_licence"
#: EXIF orientation -> how the sensor saw what is upright.
SEEN = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@cache
def scene(width: int = 4032, height: int = 3024) -> Image.Image:
    """The card with some detail, so that it weighs what a photo does."""
    grain = Image.frombytes("RGB", (504, 378), Random(1).randbytes(504 * 378 * 3)).resize((width, height))
    return Image.blend(corner_card(width, height), grain, 0.15)


def as_seen(orientation: int, image: Image.Image) -> Image.Image:
    turn = SEEN[orientation]
    return image if turn is None else image.transpose(turn)


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


@pytest.mark.parametrize("orientation", SEEN)
def test_twelve_megapixels_of_a_phone_lie_upright_and_fit_the_screen(declaration, browser, orientation):
    sent = encoded(as_seen(orientation, scene()), quality=80, exif=oriented(orientation))
    upload(browser, sent)
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.height) == (2016, 1512)
    assert (taken.original_width, taken.original_height, taken.original_size) == (4032, 3024, len(sent))
    assert colours(store().get(taken.address)) == "RGBW"
    assert decoded(store().get(taken.thumb_address)).size == (320, 240)
    assert taken.size < len(sent)


@pytest.mark.parametrize("orientation", SEEN)
def test_a_heic_is_turned_once(declaration, browser, orientation):
    """Written with a turn as a property of the file, and with the same one in its EXIF, which must not count again."""
    sent = heic(as_seen(orientation, corner_card(800, 600)), exif=oriented(orientation))
    assert pillow_heif.open_heif(sent).size == (800, 600), "the property is there"
    upload(browser, sent)
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.height, taken.original_width) == (800, 600, 800)
    assert colours(store().get(taken.address)) == "RGBW"


def _mpo() -> bytes:
    second = Image.new("RGB", (400, 300), "black")
    return encoded(corner_card(1200, 900), "MPO", save_all=True, append_images=[second])


def _heic_pair() -> bytes:
    """Two pictures in one file; the second one is the primary."""
    file = pillow_heif.from_pillow(Image.new("RGB", (400, 300), "black"))
    file.add_from_pillow(corner_card(1200, 900))
    out = io.BytesIO()
    file.save(out, quality=80, primary_index=1)
    return out.getvalue()


def _alpha() -> bytes:
    image = corner_card(1200, 900).convert("RGBA")
    image.putalpha(Image.eval(image.getchannel("B"), lambda value: 0 if value > 128 else 255))
    return encoded(image, "PNG")


MATRIX: dict[str, tuple[Callable[[], bytes], tuple[int, int], str]] = {
    "png with alpha": (_alpha, (1200, 900), "RGWW"),
    "palette": (lambda: encoded(corner_card(1200, 900).quantize(8), "PNG"), (1200, 900), "RGBW"),
    "palette with alpha": (lambda: encoded(Image.new("P", (500, 400)), "PNG", transparency=0), (500, 400), "WWWW"),
    "16 bits": (lambda: encoded(Image.new("I;16", (1200, 900), 65_000), "PNG"), (1200, 900), "WWWW"),
    "16 bits, dark": (lambda: encoded(Image.new("I;16", (1200, 900), 1_000), "PNG"), (1200, 900), "KKKK"),
    "one bit": (lambda: encoded(Image.new("1", (1200, 900), 1), "PNG"), (1200, 900), "WWWW"),
    "cmyk": (lambda: encoded(corner_card(1200, 900).convert("CMYK"), quality=95), (1200, 900), "RGBW"),
    "grey": (lambda: encoded(corner_card(1200, 900).convert("L")), (1200, 900), "KWKW"),
    "mpo": (_mpo, (1200, 900), "RGBW"),
    "heic": (lambda: heic(corner_card(1200, 900)), (1200, 900), "RGBW"),
    "heic with alpha": (lambda: heic(corner_card(1200, 900).convert("RGBA")), (1200, 900), "RGBW"),
    "heic, grey": (lambda: heic(corner_card(1200, 900).convert("L")), (1200, 900), "KWKW"),
    "heic of two pictures": (_heic_pair, (1200, 900), "RGBW"),
    "strip": (lambda: encoded(corner_card(4000, 300)), (2400, 180), "RGBW"),
    "strip as heic": (lambda: heic(corner_card(4000, 300)), (2400, 180), "RGBW"),
    "strip, upright": (lambda: encoded(corner_card(300, 4000), "PNG"), (180, 2400), "RGBW"),
}


@pytest.mark.parametrize("name", MATRIX)
def test_each_kind_of_picture_comes_out_right(declaration, browser, name):
    sent, size, seen = MATRIX[name]
    upload(browser, sent())
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.height) == size
    assert colours(store().get(taken.address)) == seen


def test_twelve_megapixels_of_heic(declaration, browser):
    upload(browser, heic(corner_card(4032, 3024)))
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.height, taken.original_width) == (2400, 1800, 4032)
    assert colours(store().get(taken.address)) == "RGBW"


@pytest.mark.parametrize(
    ("width", "height", "kept"), [(9248, 6936, 2312), pytest.param(16_320, 12_240, 2040, marks=pytest.mark.soak)]
)
def test_a_jpeg_of_64_and_of_200_megapixels_is_made_smaller_while_it_is_decoded(
    declaration, browser, width, height, kept
):
    """As phones write them: larger ones would not fit into the memory of the child process."""
    upload(browser, encoded(corner_card(width // 16, height // 16).resize((width, height))))
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.original_width, taken.original_height) == (kept, width, height)
    assert colours(store().get(taken.address)) == "RGBW"


def test_a_jpeg_without_its_last_two_bytes_is_a_paper_and_a_photo(declaration, browser):
    upload(browser, encoded(corner_card(1200, 900))[:-2])
    assert len(pages_of(declaration, KIND)) == 1
    assert send_photo(browser, declaration, encoded(corner_card(413, 579))[:-2]).width == 413


def test_a_heic_with_too_many_pixels_is_told_the_limit_and_what_to_do(declaration, browser):
    data = heic(corner_card(1200, 900))
    at = data.index(b"ispe") + 8
    larger = data[:at] + (9248).to_bytes(4, "big") + (6936).to_bytes(4, "big") + data[at + 8 :]
    shown = words(upload(browser, larger, expect=422).text)
    assert "图片 9248×6936 像素，太大：这种 heic 图片最多 5000 万像素" in shown
    assert "请在手机上改小，或转成 jpg 后再上传" in shown


@pytest.mark.parametrize("orientation", SEEN)
def test_a_heic_in_tiles_as_phones_write_them_is_put_together(orientation):
    """However it is turned: then the tiles at the other sides stick out."""
    seen, exif = as_seen(orientation, corner_card(1200, 900)), oriented(orientation)
    found = decode_upright(heic(seen, exif=exif, tile_size=512))
    assert found.image.size == (1200, 900)
    assert colours(encoded(found.image)) == "RGBW"
    whole = decode_upright(heic(seen, exif=exif)).image
    assert max(ImageStat.Stat(ImageChops.difference(found.image, whole)).mean) < 1


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_planes_of_brightness_and_colour_are_the_same_picture(mode):
    """A picture of 48 megapixels in one piece fits into the memory of the child process in no other way."""
    data = heic(corner_card(1202, 898).convert(mode))
    with closing(TiledHeif(data)) as found:
        assert (found.size, found.is_tiled, found.has_8_bits) == ((1202, 898), False, True)
        strips = [found.rows_of_planes(top, min(top + 192, 898)).convert("RGB") for top in range(0, 898, 192)]
    image = Image.new("RGB", (1202, 898))
    for number, strip in enumerate(strips):
        image.paste(strip, (0, number * 192))
    assert max(ImageStat.Stat(ImageChops.difference(image, decode_upright(data).image)).mean) < 1


@pytest.mark.soak
@pytest.mark.parametrize(("size", "tile"), [((8064, 6048), None), ((8064, 6048), 512), ((16_320, 12_240), 512)])
def test_a_heic_of_48_and_of_200_megapixels_within_the_memory_of_the_child(declaration, browser, size, tile):
    upload(
        browser, heic(corner_card(size[0] // 16, size[1] // 16).resize(size), **({"tile_size": tile} if tile else {}))
    )
    (taken,) = pages_of(declaration, KIND)
    assert (taken.width, taken.original_width) == (2400, size[0])
    assert colours(store().get(taken.address)) == "RGBW"


# --- the one-inch photo ----------------------------------------------------------------------------------------------


def portrait(width: int, height: int, quality: int = 85) -> bytes:
    image = scene(width, height).filter(ImageFilter.GaussianBlur(1))
    return encoded(image, quality=quality, dpi=(300, 300))


def send_photo(browser, declaration: Declaration, data: bytes):
    sent = page(declaration, "personal") | {"photo": (io.BytesIO(data), "p.jpg"), "action": "photo"}
    browser.send("/apply/personal", sent)
    (taken,) = pages_of(declaration, "photo")
    return taken


def test_thirty_kilobytes_that_are_right_already_stay_what_they_are(declaration, browser):
    sent = next(data for quality in range(95, 20, -1) if len(data := portrait(413, 579, quality)) <= 30_000)
    taken = send_photo(browser, declaration, sent)
    jpeg = store().get(taken.address)
    assert (taken.width, taken.height) == (413, 579)
    before, after = (JpegImagePlugin.JpegImageFile(io.BytesIO(data)) for data in (sent, jpeg))
    assert before.quantization == after.quantization
    assert len(sent) * 0.85 < len(jpeg) <= len(sent), "the same numbers, packed as well as can be"
    furthest = max(abs(a - b) for a, b in zip(before.convert("L").tobytes(), after.convert("L").tobytes(), strict=True))
    assert furthest <= 4


@pytest.mark.parametrize("orientation", [1, 6, 8])
def test_a_phone_picture_becomes_one_inch(declaration, browser, orientation):
    sent = encoded(as_seen(orientation, scene(3024, 4032)), quality=80, exif=oriented(orientation))
    taken = send_photo(browser, declaration, sent)
    assert (taken.width, taken.height) == (413, 579)
    assert taken.size < 100_000
    assert colours(store().get(taken.address)) == "RGBW"


def test_a_heic_becomes_one_inch(declaration, browser):
    taken = send_photo(browser, declaration, heic(corner_card(1200, 1680)))
    assert (taken.width, taken.height) == (413, 579)
    assert colours(store().get(taken.address)) == "RGBW"


# --- when the child process is not what it should be ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status"),
    [(sandbox.SandboxBusy, 503), (sandbox.SandboxUnavailable, 503), (PictureRefused, 422)],
    ids=lambda value: str(value),
)
def test_turning_a_picture_without_a_process_is_a_page_that_says_so(declaration, browser, monkeypatch, error, status):
    upload(browser, encoded(corner_card()))
    (taken,) = pages_of(declaration, KIND)

    def fails(*_arguments: object, **_options: object) -> None:
        raise error("系统繁忙，请稍后再试")

    monkeypatch.setattr(sandbox, "run", fails)
    told = browser.send(f"/apply/pages/{taken.uid}/rotate", expect=status)
    assert "系统繁忙，请稍后再试" in words(told.text)


@pytest.mark.parametrize(
    "blobs", [[b"<html>", b"<html>"], [encoded(corner_card())], [encoded(corner_card()) + b"PK"] * 2]
)
def test_what_comes_back_and_is_no_picture_is_not_kept(declaration, browser, monkeypatch, blobs):
    monkeypatch.setattr(sandbox, "run", lambda *_arguments, **_options: ({}, blobs))
    shown = words(upload(browser, encoded(corner_card()), expect=422).text)
    assert "图片内容异常，无法处理" in shown
    assert pages_of(declaration, KIND) == []
