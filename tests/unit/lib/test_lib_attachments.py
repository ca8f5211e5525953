"""Files attached to notices are known by their content."""

from __future__ import annotations

import zipfile
from io import BytesIO

import pytest

from lib import attachments
from lib.attachments import AttachmentRefused, clean_name, kind_of

COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def packed(*names: str) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "")
    return out.getvalue()


def stream(name: str) -> bytes:
    return COMPOUND + bytes(500) + name.encode("utf-16-le")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.4", "pdf"),
        (b"\xff\xd8\xff\xe0", "jpg"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (packed("OFD.xml", "Doc_0/Document.xml"), "ofd"),
        (packed("[Content_Types].xml", "word/document.xml"), "docx"),
        (packed("[Content_Types].xml", "ppt/presentation.xml"), "pptx"),
        (stream("WordDocument"), "doc"),
        (stream("Workbook"), "xls"),
    ],
)
def test_a_file_is_what_it_contains(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind
    assert kind in attachments.MEDIA_TYPES


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "不能是空的"),
        (b"%PDF-" + bytes(attachments.MOST_BYTES), "超过 10 MB"),
        (b"<html>", "只能添加"),
        (packed("index.html"), "只能添加"),
        (packed("[Content_Types].xml", "other/file"), "只能添加"),
        (stream("Catalog"), "只能添加"),
        (packed("[Content_Types].xml", "xl/workbook.xml")[:40], "已损坏"),
        (packed("[Content_Types].xml", "xl/vbaProject.bin"), "含有宏"),
        (stream("Workbook") + stream("_VBA_PROJECT"), "含有宏"),
    ],
    ids=["empty", "large", "page", "archive", "other", "catalog", "cut", "macros", "old macros"],
)
def test_other_files_are_refused_with_what_to_do(data: bytes, message: str) -> None:
    with pytest.raises(AttachmentRefused, match=message):
        kind_of(data)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("通知.docx", "通知.pdf"),
        ("C:\\文件\\通知.exe", "通知.pdf"),
        ('../"a\r\n<b>".html', "_a _b__.pdf"),
        ("", "附件.pdf"),
        ("无后缀", "无后缀.pdf"),
        ("长" * 200, "长" * 90 + ".pdf"),
    ],
)
def test_a_name_has_no_folder_and_ends_as_its_content(name: str, cleaned: str) -> None:
    assert clean_name(name, "pdf") == cleaned
