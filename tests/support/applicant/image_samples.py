"""Pictures for tests, and what to look for in them."""

import io
import os
from typing import Any

from PIL import Image, ImageDraw

from lib.pictures import decoding, images
from lib.pictures.images import CleanPicture


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def clean(data: bytes, **limits: Any) -> CleanPicture:
    """What was sent -> the clean JPEG. Raises PictureRefused."""
    found = images.decode_upright(data, **limits)
    return found.picture(images.encode_jpeg(found.image, images.QUALITY))


def rotate(jpeg: bytes, quarter_turns: int) -> CleanPicture:
    facts, (rotated, _thumbnail) = decoding.rotated(jpeg, quarter_turns)
    return CleanPicture(rotated, *facts["size"], *facts["original"])


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


def assert_clean(picture: CleanPicture) -> Image.Image:
    image = decoded(picture.jpeg)
    assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (picture.width, picture.height))
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "dpi"}
    assert not image.getexif()
    return image


JPEG_CARD, PNG_CARD = encoded(corner_card()), encoded(corner_card(), "PNG")
