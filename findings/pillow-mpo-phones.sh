#!/usr/bin/env bash
# Pillow: JPEG files of many phones open as "MPO", even where only JPEG was allowed.
#
# One would guess that Image.open(formats=["JPEG"]) gives pictures whose format is "JPEG", and anything else is refused.
# Phones append a second picture (depth, brightness for HDR). The file still begins as a JPEG and is named .jpg.
# Pillow opens it with its JPEG plugin, then reports MPO. A check of format or MIME type refuses these photos.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pillow==13.0.0
venv/bin/python - <<'EOF'
import io
import sys

import PIL
from PIL import Image

out = io.BytesIO()
extra = Image.new("L", (100, 75))
Image.new("RGB", (400, 300), "red").save(out, "MPO", save_all=True, append_images=[extra])
picture = Image.open(io.BytesIO(out.getvalue()), formats=["JPEG"])
seen = {
    "begins as a JPEG": out.getvalue().startswith(b"\xff\xd8\xff"),
    "format": picture.format,
    "MIME type": picture.get_format_mimetype(),
    "pictures": picture.n_frames,
    "size of the first": picture.size,
}
print(f"Pillow {PIL.__version__}; opened with formats=['JPEG']: {seen}")
expected = [True, "MPO", "image/mpo", 2, (400, 300)]
sys.exit(None if list(seen.values()) == expected else f"CHANGED: expected {expected}")
EOF
