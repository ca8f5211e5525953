"""The PDF file, written by reportlab: pages, forms, pictures, outline, metadata, the numbers and places of all objects.

It gets from us what is costly in Python: finished operators for its pages and forms, and font objects
(lib/pdf/embedding.py), for which it calls ``addObjects`` when it writes the file. All streams are packed by isal.

Import this module only where something is drawn: reportlab takes 0.15 s and some 15 MB.
"""

from io import BytesIO
from typing import Any

from isal import isal_zlib
from reportlab import rl_config
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from lib.pdf.embedding import EmbeddedFonts

_LEVEL = 3  # of isal: a tenth of the time of zlib, and 3 % more bytes

rl_config.useA85 = 0  # pictures as plain bytes, a fifth smaller than as ASCII


class _PackedByIsal(pdfdoc.PDFStreamFilterZCompress):
    def encode(self, text: str | bytes) -> bytes:
        packed: bytes = isal_zlib.compress(text.encode() if isinstance(text, str) else text, _LEVEL)
        return packed


class _TitleAndAuthor(pdfdoc.PDFInfo):
    """Metadata without dates, which would be those of the year 2000."""

    def format(self, document: pdfdoc.PDFDocument) -> bytes:
        entries = {"Title": self.title, "Author": self.author, "Creator": self.author, "Producer": "reportlab"}
        strings = {name: pdfdoc.PDFString(value) for name, value in entries.items()}
        return pdfdoc.PDFDictionary(strings).format(document)


class ReportlabDocument(Canvas):
    """A reportlab canvas whose bytes depend on nothing but what is drawn: on no clock and no chance."""

    _doc: Any
    _pagesize: tuple[Any, Any]

    def __init__(self, title: str, author: str, size: tuple[float, float], language: str) -> None:
        super().__init__(BytesIO(), pagesize=size, pageCompression=0, invariant=1, lang=language)
        self._doc.defaultStreamFilters = [_PackedByIsal()]
        self._doc.info = _TitleAndAuthor()
        self.setTitle(title)
        self.setAuthor(author)
        self.fonts = EmbeddedFonts()
        self._doc.delayedFonts.append(self.fonts)
        self._pictures: dict[bytes, str] = {}

    def _make_preamble(self) -> None:
        """Pages begin with nothing: the library would select Helvetica, and list it as a font that is not embedded."""
        self._preamble = ""

    def form(self, name: str, operators: str) -> None:
        """A piece of a page that :meth:`doForm` shows, at most a page away from its place."""
        width, height = self._pagesize
        self.beginForm(name, -width, -height, width, height)
        self.addLiteral(operators)
        self.endForm()

    def picture(self, jpeg: bytes) -> str:
        """The name by which :meth:`doForm` shows a JPEG, which goes in as it is; the same bytes once.

        Raises OSError where they are none, or where viewers differ about their colours.
        """
        name = self._pictures.get(jpeg)
        if name is None:
            name = self._pictures[jpeg] = f"picture{len(self._pictures)}"
            image = pdfdoc.PDFImageXObject(name)
            if not image.loadImageFromJPEG(BytesIO(jpeg)) or image.colorSpace == "DeviceCMYK":
                raise OSError("no JPEG, or one of colours that are not drawn")
            self._doc.Reference(image, self._doc.getXObjectName(name))
        return name

    def outline_entry(self, title: str) -> None:
        """It leads to this page."""
        key = f"page{self.getPageNumber()}"
        self.bookmarkPage(key)
        self.addOutlineEntry(title, key)
        self.showOutline()
