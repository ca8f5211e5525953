"""What people, scanners and attackers send instead of a picture: made here, seeded, each with its expected result.

``MARK`` is in everything that is not a pixel: nothing stored may contain it.
"""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from random import Random
from typing import Any

import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin

from tests.support.applicant.image_samples import corner_card, encoded

MARK = b"kj-canary-4f1d"
SCRIPT = b"<script>alert('" + MARK + b"')</script>"
#: In halves: a scanner on the developer's machine would take this file for the test virus.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"

TAKEN, REFUSED, EITHER = "taken", "refused", "either"


@dataclass(frozen=True)
class Case:
    name: str
    source: bytes | Callable[[], bytes]  # the costly ones are made when they are sent
    verdict: str
    said: str = ""  # part of the refusal
    filename: str = "p.jpg"
    mime: str = "image/jpeg"
    upright: bool = True  # accepted, it shows the card's corners in the right places

    @property
    def data(self) -> bytes:
        return self.source if isinstance(self.source, bytes) else self.source()


def card(width: int = 700, height: int = 960) -> Image.Image:
    return corner_card(width, height)


JPEG = encoded(card(), quality=90)
PNG = encoded(card(), "PNG")


def heic(image: Image.Image, **options: Any) -> bytes:
    out = io.BytesIO()
    quick = {"preset": "ultrafast"}
    pillow_heif.from_pillow(image).save(out, quality=80, enc_params=quick, **options)
    return out.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, depth: int = 8, colour: int = 0) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + b"".join(chunks) + chunk(b"IEND", b"")


def into_png(*chunks: bytes) -> bytes:
    """The card with chunks behind its header."""
    return PNG[:33] + b"".join(chunks) + PNG[33:]


def into_jpeg(*segments: tuple[int, bytes]) -> bytes:
    parts = (b"\xff" + bytes([kind]) + struct.pack(">H", len(body) + 2) + body for kind, body in segments)
    return JPEG[:2] + b"".join(parts) + JPEG[2:]


def exif(**options: Any) -> bytes:
    found = Image.Exif()
    found[0x010E] = SCRIPT.decode()
    found.get_ifd(0x8825).update({1: "N", 2: (41.0, 48.0, 17.0), 29: MARK.decode()})
    found[0x0112] = options.get("orientation", 1)
    return found.tobytes()


# --- honest, and what they carry ------------------------------------------------------------------------------------


def honest() -> Iterator[Case]:
    image = card()
    yield Case("baseline", JPEG, TAKEN)
    yield Case("png, capitals, Chinese", PNG, TAKEN, filename="身份证 正面.PNG", mime="image/png")
    yield Case("grey", encoded(image.convert("L")), TAKEN, upright=False)
    yield Case("progressive", encoded(image, progressive=True), TAKEN)
    yield Case("palette", encoded(image.quantize(16), "PNG"), TAKEN, filename="p.png", mime="image/png")
    yield Case("alpha", encoded(image.convert("RGBA"), "PNG"), TAKEN, filename="p.png", mime="image/png")
    yield Case("16 bits", encoded(Image.new("I;16", (700, 960), 40_000), "PNG"), TAKEN, upright=False)
    yield Case("cmyk", encoded(image.convert("CMYK"), quality=95), TAKEN)
    turned = encoded(image.transpose(Image.Transpose.ROTATE_90), exif=exif(orientation=6))
    yield Case("orientation 6", turned, TAKEN)
    second = Image.new("RGB", (300, 300), "black")
    yield Case("mpo", encoded(image, "MPO", save_all=True, append_images=[second]), TAKEN)
    for name, mime in (("p.heic", "image/heic"), ("p.HEIF", "image/heif"), ("p.heic", "image/heic-sequence")):
        yield Case(f"heic as {name}, {mime}", heic(image), TAKEN, filename=name, mime=mime)
    yield Case("heic named jpg", heic(image), TAKEN)
    yield Case("heic of no name", heic(image), TAKEN, filename="image", mime="application/octet-stream")
    yield Case("heic of no type", heic(image), TAKEN, filename="blob", mime="")
    yield Case("png named jpg", PNG, TAKEN)
    yield Case("jpg named png", JPEG, TAKEN, filename="p.png", mime="image/png")
    yield Case("jpg called a page", JPEG, TAKEN, filename="p.html", mime="text/html")


def _with_bomb(kind: bytes) -> bytes:
    return into_png(chunk(kind, b"x\0\0" + zlib.compress(bytes(60_000_000))))


def metadata() -> Iterator[Case]:
    image = card()
    yield Case("exif with html and place", encoded(image, exif=exif()), TAKEN)
    yield Case("comment", encoded(image, comment=SCRIPT), TAKEN)
    yield Case("icc full of markup", encoded(image, icc_profile=SCRIPT * 20), TAKEN)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield Case("icc with a tail", encoded(image, icc_profile=profile + MARK), TAKEN)
    yield Case("xmp", encoded(image, xmp=SCRIPT), TAKEN)
    yield Case("thumbnail that is none", into_jpeg((0xE0, b"JFXX\0\x10" + SCRIPT)), TAKEN)
    yield Case("unknown segments", into_jpeg(*((kind, MARK * 90) for kind in range(0xE2, 0xF0))), TAKEN)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", SCRIPT.decode())
    text.add_itxt("XML:com.adobe.xmp", SCRIPT.decode(), zip=True)
    yield Case("png text", encoded(image, "PNG", pnginfo=text), TAKEN, filename="p.png", mime="image/png")
    packed = zlib.compress((MARK * 70_000)[:900_000])
    yield Case("png text of 0.9 MB", into_png(chunk(b"zTXt", b"x\0\0" + packed)), TAKEN, mime="image/png")
    for name, kind in (("text bomb", b"zTXt"), ("icc bomb", b"iCCP")):
        yield Case(name, partial(_with_bomb, kind), REFUSED, "已损坏")
    yield Case("heic with exif", heic(image, exif=exif()), TAKEN, filename="p.heic", mime="image/heic")
    yield Case("heic with xmp", heic(image, xmp=SCRIPT), TAKEN, filename="p.heic", mime="image/heic")


# --- two things at once, and other things ---------------------------------------------------------------------------


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("META-INF/MANIFEST.MF", MARK)
    return out.getvalue()


PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(" + MARK + b")>>>>endobj\n%%EOF"


def polyglots() -> Iterator[Case]:
    yield Case("jpg + php", JPEG + b"<?php system($_GET['" + MARK + b"']); ?>", TAKEN)
    yield Case("png + html", PNG + b"<html>" + SCRIPT, TAKEN, mime="image/png")
    yield Case("jpg + jar", JPEG + archive(), TAKEN)
    yield Case("jpg + pdf", JPEG + PDF, TAKEN)
    yield Case("heic + html", heic(card()) + b"\0\0\0\x20free" + SCRIPT[:24], EITHER)
    yield Case("pdf with a jpg's head", b"\xff\xd8\xff\xe0" + PDF, REFUSED)
    yield Case("jpg and javascript", into_jpeg((0xFE, b"*/=1;alert('" + MARK + b"')/*")), TAKEN)
    yield Case("gif and jar", encoded(card(), "GIF") + archive(), REFUSED, "GIF 图片")
    pixels = bytearray(b"".join(b"\0" + bytes(700 * 3) for _row in range(960)))
    pixels[3001 : 3001 + len(MARK) + 14] = b"<?=`$_GET[0]`" + MARK + b";"
    shell = png(700, 960, chunk(b"IDAT", zlib.compress(bytes(pixels), 0)), colour=2)
    yield Case("web shell in the pixels", shell, TAKEN, upright=False, mime="image/png")
    yield Case("jpg + virus", JPEG + EICAR, TAKEN)
    yield Case("virus", EICAR, REFUSED, "文本")


def foreign() -> Iterator[Case]:
    yield Case("html", b"<!DOCTYPE html>" + SCRIPT, REFUSED, "网页")
    yield Case("svg as png", b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT, REFUSED, "SVG", mime="image/png")
    entity = b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><svg>&x;</svg>"
    yield Case("svg with an entity", entity, REFUSED, "SVG 图片")
    yield Case("php with a jpg's head", b"\xff\xd8\xff<?php " + MARK, REFUSED, filename="shell.php.jpg")
    yield Case("exe", b"MZ\x90\0" + bytes(400) + MARK, REFUSED, "程序")
    yield Case("elf", b"\x7fELF" + bytes(400), REFUSED, "程序")
    yield Case("pdf", PDF, REFUSED, "PDF")
    yield Case("zip", archive(), REFUSED, "压缩包")
    yield Case("gzip bomb", partial(gzip.compress, bytes(20_000_000)), REFUSED, "压缩包")
    image = card(200, 200)
    for kind in (
        "GIF",
        "BMP",
        "TIFF",
        "WEBP",
        "ICO",
        "PPM",
        "TGA",
        "PCX",
        "JPEG2000",
        "PDF",
        "EPS",
        "DDS",
        "SGI",
        "AVIF",
    ):
        verdict = EITHER if kind == "PDF" else REFUSED  # a paper may be a PDF, the photo not
        yield Case(f"{kind} named jpg", encoded(image, kind), verdict, "文件不是 jpg、png")
    general = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(100)
    yield Case("avif under a general brand", general, REFUSED, "AVIF", filename="p.heic", mime="image/heic")
    yield Case("film", b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(100), REFUSED, "视频", filename="p.heic")


# --- bombs and damage -----------------------------------------------------------------------------------------------


def _blank(width: int, height: int) -> bytes:
    return encoded(Image.new("1", (width, height)), "PNG")


def _surplus() -> bytes:
    return png(700, 960, chunk(b"IDAT", zlib.compress(bytes(80_000_000))))


def _moving() -> bytes:
    frames = [corner_card(320, 420 + number % 2) for number in range(200)]
    return encoded(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=1)


def bombs() -> Iterator[Case]:
    large, small = "太大", "太小"
    yield Case("20000 x 20000", partial(_blank, 20_000, 20_000), REFUSED, large, mime="image/png")
    yield Case("50000 header", png(50_000, 50_000), REFUSED, large)
    yield Case("2^31-1 header", png(2**31 - 1, 2**31 - 1), REFUSED, large)
    yield Case("just over", partial(_blank, 8193, 6144), REFUSED, large)
    yield Case("65000 x 1", encoded(Image.new("L", (65_000, 1))), REFUSED, large)
    yield Case("1 x 65000", encoded(Image.new("L", (1, 65_000))), REFUSED, large)
    yield Case("1 x 1", encoded(Image.new("L", (1, 1))), REFUSED, small)
    yield Case("0 x 0", png(0, 0, chunk(b"IDAT", zlib.compress(b""))), REFUSED)
    yield Case("80 MB too many pixels", _surplus, EITHER, mime="image/png", upright=False)
    huge = bytearray(encoded(Image.new("L", (600, 600))))
    at = huge.index(b"\xff\xc0") + 5
    huge[at : at + 4] = struct.pack(">HH", 65_500, 65_500)
    yield Case("jpg header of 65500", bytes(huge), REFUSED, large)
    progressive = encoded(card(), progressive=True)
    last = progressive.rindex(b"\xff\xda")
    scans = progressive[:-2] + progressive[last:-2] * 600 + progressive[-2:]
    yield Case("hundreds of scans", scans, REFUSED, "扫描")
    yield Case("200 frames", _moving, TAKEN, mime="image/png")
    yield from heic_bombs()


def heic_bombs() -> Iterator[Case]:
    data = heic(card())
    at = data.index(b"ispe") + 8
    for size in (40_000, 6_000):
        wrong = data[:at] + struct.pack(">II", size, size) + data[at + 8 :]
        yield Case(f"heic that says {size}", wrong, REFUSED, filename="p.heic", mime="image/heic")
    tiny = data[:at] + struct.pack(">II", 200, 200) + data[at + 8 :]
    yield Case("heic that says less", tiny, EITHER, filename="p.heic", mime="image/heic", upright=False)


def damaged() -> Iterator[Case]:
    broken = "已损坏或不完整"
    yield Case("empty", b"", REFUSED, "空的")
    yield Case("one byte", b"\xff", REFUSED)
    yield Case("header only", JPEG[:300], REFUSED, broken)
    yield Case("half a jpg", JPEG[: len(JPEG) // 2], REFUSED, broken)
    yield Case("jpg without its end", JPEG[:-2], TAKEN)
    yield Case("jpg without its end and some pixels", JPEG[:-90], REFUSED, broken)
    yield Case("half a png", PNG[: len(PNG) // 2], REFUSED, broken, mime="image/png")
    yield Case("no IEND", PNG[:-12], REFUSED, broken, mime="image/png")
    yield Case("wrong checksum", PNG[:-14] + b"\0\0" + PNG[-12:], REFUSED, broken, mime="image/png")
    # No camera writes right checksums over wrong data; Pillow leaves the pixels black that it could not read.
    yield Case("wrong zlib", png(700, 960, chunk(b"IDAT", b"\0" * 400)), EITHER, mime="image/png", upright=False)
    yield Case("chunk of 2^31-1", into_png(struct.pack(">I", 2**31 - 1) + b"tEXt"), REFUSED, broken)
    yield Case("two headers", PNG[:33] + PNG[8:], EITHER, mime="image/png")
    data = heic(card())
    phone = Case("", b"", REFUSED, filename="p.heic", mime="image/heic")
    yield replace(phone, name="half a heic", source=data[: len(data) // 2])
    yield replace(phone, name="heic header only", source=data[:40])
    yield replace(phone, name="heic brand and noise", source=data[:24] + Random(5).randbytes(3000))
    chance = Random(7)
    for number in range(40):
        name, source = chance.choice((("jpg", JPEG), ("png", PNG), ("heic", data)))
        spoiled = bytearray(source)
        for _bit in range(chance.randrange(1, 12)):
            spoiled[chance.randrange(len(spoiled))] ^= 1 << chance.randrange(8)
        yield Case(f"{name} with flipped bits {number}", bytes(spoiled), EITHER, upright=False)


# --- sizes and names ------------------------------------------------------------------------------------------------


def sizes() -> Iterator[Case]:
    yield Case("6 MB of padding", JPEG.ljust(6 << 20, b"\0"), TAKEN)
    yield Case("15 MB and a byte", JPEG.ljust((15 << 20) + 1, b"\0"), REFUSED, "超过 15 MB")
    noise = Image.frombytes("RGB", (413, 579), Random(3).randbytes(413 * 579 * 3))
    yield Case("noise above 100 KB", encoded(noise, quality=95), TAKEN, upright=False)
    for size in (102_399, 102_400):
        yield Case(f"{size} bytes", JPEG.ljust(size, b"\0"), TAKEN)


NAMES = (
    *(
        "../../../../etc/cron.d/x.jpg",
        "..\\..\\windows\\x.jpg",
        "/etc/passwd.jpg",
        "a\0b.jpg",
        "a;rm -rf.jpg",
        ".htaccess",
    ),
    *(
        "CON",
        "nul.png",
        "x" * 4000 + ".jpg",
        "\u202egpj.exe",
        "<img src=x onerror=alert(1)>.jpg",
        "'; DROP TABLE x;--.jpg",
    ),
    *(
        "x.jpg\r\nSet-Cookie: a=b",
        "=cmd|' /C calc'!A0.jpg",
        "%2e%2e%2fx.jpg",
        "x.jpg.",
        "x.jpg ",
        "ｘ．ｊｐｇ",
        "照片.jpg",
    ),
    *("📷.jpg", " ", "ImAgE.JpG"),
)


def names() -> Iterator[Case]:
    for number, name in enumerate(NAMES):
        verdict = EITHER if "\n" in name else TAKEN  # its line ends within the name: no file has come
        yield Case(f"name {number}", JPEG, verdict, filename=name)


GROUPS = (honest, metadata, polyglots, foreign, bombs, damaged, sizes, names)

#: One or two of each kind of trouble, for the slots that share their code with the one that gets them all.
SOME = (
    *("baseline", "orientation 6", "mpo", "heic as p.heic, image/heic", "exif with html and place", "jpg + php"),
    *("html", "WEBP named jpg", "50000 header", "half a jpg", "empty", "name 10", "name 12"),
)


def corpus() -> list[Case]:
    return [case for group in GROUPS for case in group()]
