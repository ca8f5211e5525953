#!/usr/bin/env bash
# PDFium leaves Chinese text out without a word when the PDF has no font for it and the system has none either.
#
# One would guess that it draws boxes, as for a missing character, or reports an error.
# Many documents of Chinese offices only name a font (SimSun, STSong-Light). Readers replace it. PDFium looks for one in
# the folders of the system; a slim container and a process that may open no file have none. So that text is not there.
# Latin text hides this in tests: PDFium has fonts of its own for that.
# FPDF_SetSystemFontInfo lets a program answer instead. Any font with the characters will do.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pypdfium2==5.15.2 pillow==13.0.0 reportlab==5.1.0
venv/bin/python - <<'PYTHON'
import io
import resource
import sys

import pypdfium2
from PIL import Image
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
out = io.BytesIO()
canvas = Canvas(out, pagesize=(400, 200))
for font, text in (("STSong-Light", "学历证书"), ("Helvetica", "Diploma")):
    canvas.setFont(font, 60)
    canvas.drawString(40, 80, text)
    canvas.showPage()
canvas.save()
document = pypdfium2.PdfDocument(out.getvalue())
Image.preinit()
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))  # like a system without fonts


def dark_pixels(number: int) -> int:
    grey = document[number].render().to_pil().convert("L")
    return sum(grey.histogram()[:128])


seen = {"Chinese, no font in the file": dark_pixels(0), "Latin, no font in the file": dark_pixels(1)}
print(f"pypdfium2 {pypdfium2.version.PYPDFIUM_INFO}, no font can be opened; dark pixels of each page, and no error:")
print(*(f"  {title}: {found}" for title, found in seen.items()), sep="\n")
sys.exit(None if [bool(found) for found in seen.values()] == [False, True] else "CHANGED: expected none and many")
PYTHON
