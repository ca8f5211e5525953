"""The pages of a PDF as pictures. A separate module, so that only the child process loads PDFium.

Many documents of offices name SimSun and carry no font. Where PDFium may open no file it would leave such text out
without a word, so it gets the font of the printed sheet.
"""

from __future__ import annotations

import ctypes
import mmap
from contextlib import closing
from pathlib import Path
from typing import Any

import pypdfium2
from PIL import Image
from pypdfium2 import raw

from lib.pictures.refusals import PictureRefused

MAX_DPI = 300  # a page of the size of a card does not become larger than its scan would be
_POINTS = 72  # of an inch
_EAST_ASIAN = frozenset({128, 129, 134, 136})  # charsets of Windows: Japanese, Korean, simplified, traditional Chinese
_FONT_FILE = Path(__file__).parents[2] / "fonts" / "NotoSerifSC-Regular.ttf"


def count_pages(data: bytes) -> int:
    with closing(_opened(data)) as document:
        return len(document)


def draw_page(data: bytes, number: int, long_side: int) -> Image.Image:
    """A page, counted from 0, as it is printed: with what was filled in, on white."""
    with closing(_opened(data)) as document:
        document.init_forms()
        page = document[number]
        scale = min(long_side / max(page.get_size()), MAX_DPI / _POINTS)
        return page.render(scale=scale).to_pil().convert("RGB")


_LOCKED = "这份 PDF 设了密码，无法打开。请输入密码打开它，打印成没有密码的 PDF，或截图后再上传", "locked"
_DAMAGED = "这份 PDF 无法打开：已损坏、不完整，或者没有页面。请重新下载，或另存为新的 PDF 后再上传", "damaged"


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    """Raises PictureRefused for what cannot be opened and what has no page."""
    raw.FPDF_LoadMemDocument64(
        b"", 0, None
    )  # sets the code for damaged; a file without a page would leave an older one
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = error.err_code in (raw.FPDF_ERR_PASSWORD, raw.FPDF_ERR_SECURITY)
        raise PictureRefused(*(_LOCKED if locked else _DAMAGED)) from error


# --- the font for text without one ------------------------------------------------------------------------------------


class _Fonts:
    """What PDFium asks for fonts of the system: ours for Chinese, nothing for the rest, which it has itself."""

    def __init__(self) -> None:
        with _FONT_FILE.open("rb") as file:  # mapped: all processes share one copy
            self.font = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self.start = (ctypes.c_char * len(self.font)).from_buffer(self.font)
        types = dict(raw.FPDF_SYSFONTINFO._fields_)
        answers = {"MapFont": self.find, "GetFontData": self.copy, "DeleteFont": lambda _this, _font: None}
        self.table = raw.FPDF_SYSFONTINFO(version=1, **{name: types[name](answer) for name, answer in answers.items()})

    def find(self, _this: Any, _weight: int, _italic: int, charset: int, *_rest: Any) -> int:
        return int(charset in _EAST_ASIAN)

    def copy(self, _this: Any, _font: Any, table: int, buffer: Any, size: int) -> int:
        """The whole file; of a single table nothing, then PDFium asks for the file."""
        if not table and buffer and size >= len(self.font):
            ctypes.memmove(buffer, self.start, len(self.font))
        return 0 if table else len(self.font)


_fonts = _Fonts()  # PDFium keeps pointers into it
raw.FPDF_SetSystemFontInfo(_fonts.table)


def prepare() -> None:
    """Draw once, so that all that is loaded on first use is there."""
    document = pypdfium2.PdfDocument.new()
    document.new_page(_POINTS, _POINTS).render().to_pil().convert("RGB")
    document.close()
