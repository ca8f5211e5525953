#!/usr/bin/env bash
# zxing-cpp: a mirrored QR code is read, and the result looks as if the page were only turned.
#
# One would guess that a mirrored code is not read, or that the result says so.
# Some front cameras mirror. The text is right, but the corners and the angle are those of a page turned by a quarter.
# The Python package has no field that tells the two apart. Code that uses the corners to find other places on the page
# looks in the wrong places. Inverted codes are read without a sign, too.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check zxing-cpp==3.1.1 segno==1.6.6 pillow==13.0.0
venv/bin/python - <<'EOF'
import io
import sys
from importlib.metadata import version

import segno
import zxingcpp
from PIL import Image, ImageOps

TEXT = "https://office.example/verify/7QX49FMT2HKCW8PD"


def upright() -> Image.Image:
    out = io.BytesIO()
    segno.make(TEXT, error="q").save(out, kind="png", scale=6)
    return Image.open(out).convert("RGB")


def read(image: Image.Image) -> tuple[object, ...]:
    (code,) = zxingcpp.read_barcodes(image)
    place = code.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    return code.text == TEXT, code.orientation, [(corner.x, corner.y) for corner in corners], code.extra


page = upright()
pictures = {
    "upright": page,
    "inverted": ImageOps.invert(page),
    "mirrored": ImageOps.mirror(page),
    "turned by a quarter": page.rotate(270),
}
seen = {title: read(image) for title, image in pictures.items()}
fields = [name for name in dir(zxingcpp.Barcode) if "mirror" in name or "invert" in name]
print(f"zxing-cpp {version('zxing-cpp')}; text is right, turn, corners from the code's own top left, extra:")
print(*(f"  {title}: {found}" for title, found in seen.items()), f"  fields for mirrored or inverted: {fields}", sep="\n")
same = seen["mirrored"] == seen["turned by a quarter"] and seen["inverted"] == seen["upright"]
right = all(found[0] for found in seen.values()) and seen["mirrored"] != seen["upright"]
sys.exit(None if same and right and not fields else "CHANGED: expected mirrored as turned, inverted as upright, no field")
EOF
