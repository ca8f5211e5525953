"""PDF files as people bring them: made here, on invented contents."""

from __future__ import annotations

import io

from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from tests.support.applicant.image_samples import corner_card

A4, CARD = (595, 842), (243, 153)  # points
NO_FONT = "STSong-Light"  # only its name is in the file, as in many documents of offices


def pdf(*pages: str, size: tuple[float, float] = A4, password: str = "") -> bytes:
    """One page for each text: ``card`` is a scanned card, an empty one a blank page."""
    pdfmetrics.registerFont(UnicodeCIDFont(NO_FONT))
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=size, encrypt=password or None)
    for text in pages:
        if text == "card":
            canvas.drawImage(ImageReader(corner_card(1200, 900)), 0, 0, *size)
        canvas.setFont(NO_FONT, 48)
        canvas.drawString(60, size[1] / 2, "" if text == "card" else text)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def ink(jpeg_rows: bytes) -> int:
    """How many pixels of a grey picture are dark."""
    return sum(grey < 100 for grey in jpeg_rows)
