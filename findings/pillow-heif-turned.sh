#!/usr/bin/env bash
# pillow-heif: EXIF still tells to turn a HEIC picture that is upright already; code that obeys turns it twice.
#
# One would guess that HEIC works like JPEG: the pixels lie as the sensor saw them, and EXIF tells how to turn them.
# In HEIC the property "irot" counts, and the decoder has applied it. iPhones write EXIF as well.
# Image.open sets EXIF to 1, so exif_transpose does nothing. HeifFile keeps the old value beside turned pixels.
# Image.save(exif=...) writes EXIF without "irot". Image.open then drops the turn: the picture stays on its side.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow-heif==1.8.1 pillow==13.0.0
venv/bin/python - <<'EOF'
import io
import sys

import pillow_heif
from PIL import Image, ImageOps

ORIENTATION, QUARTER_TURN = 0x0112, 6
pillow_heif.register_heif_opener()
stored = Image.new("RGB", (400, 300), "white")
exif = Image.Exif()
exif[ORIENTATION] = QUARTER_TURN


def as_a_phone_writes() -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(stored).save(out, exif=exif.tobytes())
    return out.getvalue()


def as_pillow_writes() -> bytes:
    out = io.BytesIO()
    stored.save(out, "HEIF", exif=exif)
    return out.getvalue()


def look(data: bytes) -> dict[str, object]:
    opened = Image.open(io.BytesIO(data))
    low = pillow_heif.HeifFile(data)
    pixels = Image.frombytes(low.mode, low.size, low.data, "raw", low.mode, low.stride)
    pixels.info["exif"] = low.info["exif"]
    return {
        "irot in the file": b"irot" in data,
        "Image.open: size, EXIF": (opened.size, opened.getexif()[ORIENTATION]),
        "HeifFile: size, EXIF": (low.size, pixels.getexif()[ORIENTATION]),
        "HeifFile after exif_transpose": ImageOps.exif_transpose(pixels).size,
    }


looks = {"as a phone writes": look(as_a_phone_writes()), "as Pillow writes": look(as_pillow_writes())}
seen = [tuple(found.values()) for found in looks.values()]
print(f"pillow-heif {pillow_heif.__version__}, libheif {pillow_heif.libheif_version()}; 400 x 300, turned by 90 degrees:")
print(*(f"  {title}: {found}" for title, found in looks.items()), sep="\n")
wide, high = (400, 300), (300, 400)
expected = [(True, (high, 1), (high, 6), wide), (False, (wide, 1), (wide, 6), high)]
sys.exit(None if seen == expected else f"CHANGED: expected {expected}")
EOF
