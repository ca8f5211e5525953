"""Files that the office attaches to a notice: what they are by their content, whatever they are called."""

from __future__ import annotations

import io
import zipfile
import zlib

from lib.text import one_line

MOST_BYTES = 10 << 20
#: Kind, which is also the end of the file's name -> what it is sent as.
MEDIA_TYPES = {
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "jpg": "image/jpeg",
    "png": "image/png",
}
_STARTS = {b"%PDF-": "pdf", b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}
_FOLDERS = {"word/": "docx", "xl/": "xlsx", "ppt/": "pptx"}
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of Office before 2007, and of WPS
_STREAMS = {"WordDocument": "doc", "Workbook": "xls", "PowerPoint Document": "ppt"}
_MACROS = "_VBA_PROJECT"


class AttachmentRefused(Exception):
    """The message says what to do."""


def kind_of(data: bytes) -> str:
    """One of ``MEDIA_TYPES``. Raises AttachmentRefused."""
    if not data:
        raise AttachmentRefused("请选择一个文件，文件不能是空的")
    if len(data) > MOST_BYTES:
        raise AttachmentRefused(f"文件超过 {MOST_BYTES >> 20} MB，请缩小或者分成几个文件")
    kind = next((kind for start, kind in _STARTS.items() if data.startswith(start)), "")
    if data.startswith(b"PK\x03\x04"):
        kind = _packed(data)
    elif data.startswith(_COMPOUND):
        kind = _compound(data)
    if not kind:
        raise AttachmentRefused("只能添加 PDF、OFD、Word、Excel、PowerPoint 文件和 jpg、png 图片")
    return kind


def _packed(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, zlib.error, ValueError, NotImplementedError) as error:
        raise AttachmentRefused("文件已损坏，请重新保存后再添加") from error
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise AttachmentRefused("文件含有宏，请另存为不含宏的文件后再添加")
    if "OFD.xml" in names:
        return "ofd"
    if "[Content_Types].xml" not in names:
        return ""
    return next((kind for folder, kind in _FOLDERS.items() if any(name.startswith(folder) for name in names)), "")


def _compound(data: bytes) -> str:
    if _MACROS.encode("utf-16-le") in data:
        raise AttachmentRefused("文件含有宏，请另存为不含宏的文件后再添加")
    return next((kind for stream, kind in _STREAMS.items() if stream.encode("utf-16-le") in data), "")


def clean_name(name: str, kind: str) -> str:
    """What a file is called when it is saved: without a folder, ending as its content says."""
    stem = name.replace("\\", "/").rpartition("/")[2].rpartition(".")[0] or name
    stem = "".join("_" if character in '<>:"/\\|?*' else character for character in stem).strip(". ")
    return f"{one_line(stem, 90) or '附件'}.{kind}"
