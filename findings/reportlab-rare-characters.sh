#!/usr/bin/env bash
# reportlab: a rare character of a name prints correctly, but copies out of the PDF as another one.
#
# One would guess that a drawn character can be copied, and that a character the font lacks is reported.
# For characters beyond U+FFFF reportlab writes five hex digits into the ToUnicode table, where UTF-16 is due.
# 𬭎 (U+2CB4E) is then read as Ⲵ (U+2CB4), a Coptic letter.
# A character that the font lacks raises nothing, and nothing of it is copied.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check reportlab==5.1.0 pillow==13.0.0 fonttools==4.68.0 pypdfium2==5.15.2
venv/bin/python - <<'EOF'
import io
import sys

import pypdfium2
import reportlab
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from reportlab.pdfbase import pdfmetrics, ttfonts
from reportlab.pdfgen.canvas import Canvas


def build_font(characters: str) -> None:
    """A TrueType font in which every character is a square."""
    pen = TTGlyphPen(None)
    for number, point in enumerate(((100, 0), (900, 0), (900, 800), (100, 800))):
        pen.lineTo(point) if number else pen.moveTo(point)
    pen.closePath()
    square = pen.glyph()
    names = [".notdef", *(f"u{ord(character):X}" for character in characters)]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(character): f"u{ord(character):X}" for character in characters})
    font.setupGlyf(dict.fromkeys(names, square))
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 100)))
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    font.setupPost()
    font.save("squares.ttf")


def copied(text: str) -> str:
    pdf = io.BytesIO()
    canvas = Canvas(pdf)
    canvas.setFont("Squares", 20)
    canvas.drawString(50, 700, text)
    canvas.save()
    return pypdfium2.PdfDocument(pdf.getvalue())[0].get_textpage().get_text_range()


build_font("张䶮𬭎")
pdfmetrics.registerFont(ttfonts.TTFont("Squares", "squares.ttf"))
seen = {name: copied(name) for name in ("张䶮", "张𬭎", "张三")}
print(f"reportlab {reportlab.__version__}; drawn -> copied; 三 is not in the font: {seen}")
expected = {"张䶮": "张䶮", "张𬭎": "张Ⲵ", "张三": "张"}
sys.exit(None if seen == expected else f"CHANGED: expected {expected}")
EOF
