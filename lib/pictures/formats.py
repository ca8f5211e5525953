"""Which format a file has, by its first bytes: names and types that come with it do not count."""

from __future__ import annotations

from lib.pictures.refusals import PictureRefused

JPEG, PNG, HEIC, PDF = "JPEG", "PNG", "HEIC", "PDF"

#: offset, first bytes, name for people
_MAGIC = (
    (0, b"GIF8", "GIF 图片"),
    (8, b"WEBP", "WebP 图片"),
    (0, b"BM", "BMP 图片"),
    (0, b"II*\0", "TIFF 图片"),
    (0, b"MM\0*", "TIFF 图片"),
    (4, b"ftypavi", "AVIF 图片"),
    (0, b"PK\x03\x04", "压缩包或 Office 文件"),
    (0, b"Rar!", "压缩包"),
    (0, b"7z\xbc\xaf", "压缩包"),
    (0, b"\x1f\x8b", "压缩包"),
    (0, b"\xd0\xcf\x11\xe0", "Office 文件"),
    (0, b"MZ", "程序"),
    (0, b"\x7fELF", "程序"),
    (4, b"ftyp", "视频"),
)
#: Brands of HEVC files from phones and their apps; the general brands do not tell the codec.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"heif"})
_GENERAL_BRANDS = frozenset({b"mif1", b"mif2", b"msf1", b"miaf"})
_PDF_HEAD = 1024  # bytes; readers take a PDF that begins later than at the first one


def welcome(*, pdf: bool) -> str:
    """What people may send, in words."""
    return "jpg、png、heic 图片或 PDF" if pdf else "jpg、png 或 heic 图片"


def is_pdf(data: bytes) -> bool:
    """Whether it begins as a PDF does. Web pages and mail that only speak of one do not."""
    return data[:_PDF_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n\0").startswith(b"%PDF-")


def format_of(data: bytes, *, pdf: bool) -> str:
    """Raises PictureRefused for what is not welcome: of a PDF when only a picture will do."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data[4:8] == b"ftyp" and _is_heic(data):
        return HEIC
    if pdf and is_pdf(data):
        return PDF
    kind = _describe_unsupported(data)
    space = " " if kind[0].isascii() else ""
    raise PictureRefused(f"文件不是 {welcome(pdf=pdf)}：这是{space}{kind}。请选择 {welcome(pdf=pdf)}", "format")


def _is_heic(data: bytes) -> bool:
    length = min(int.from_bytes(data[:4], "big"), 256)
    first, *others = (data[at : at + 4] for at in (8, *range(16, length, 4)))
    return first in _HEIC_BRANDS or (first in _GENERAL_BRANDS and not _HEIC_BRANDS.isdisjoint(others))


def _describe_unsupported(data: bytes) -> str:
    if data[8:12] in _GENERAL_BRANDS and b"avif" in data[16:64]:
        return "AVIF 图片"
    if is_pdf(data):
        return "PDF 文件"
    for offset, magic, title in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return title
    head = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(b"<svg") or (head.startswith(b"<?xml") and b"<svg" in head):
        return "SVG 图片"
    if head.startswith((b"<!doctype html", b"<html", b"<script", b"<head", b"<body")):
        return "网页"
    return "文本" if _looks_like_text(data[:1000]) else "无法识别的数据"


def _looks_like_text(head: bytes) -> bool:
    return not any(byte < 32 and byte not in b"\t\r\n\f\x1b" for byte in head)
