#!/usr/bin/env bash
# pypinyin: surnames are read as ordinary words, and "all readings" of a name lack the surname's.
#
# One would guess that heteronym=True lists all readings of each character, the surname's among them.
# If the first characters of a name form a word, only that word's reading is left: 解 in 解放平 gives j, not x.
# Asked for one by one, the characters give them all.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check pypinyin==0.55.0
venv/bin/python - <<'EOF'
import sys

import pypinyin
from pypinyin import Style, lazy_pinyin, pinyin

#: invented name -> the first letter of its surname as people say it
NAMES = {"单小燕": "s", "仇小燕": "q", "解放平": "x", "曾经平": "z", "单元平": "s"}


def usual(name: str) -> str:
    return lazy_pinyin(name, style=Style.FIRST_LETTER)[0]


def all_readings(text: str) -> str:
    return "".join(pinyin(text, style=Style.FIRST_LETTER, heteronym=True)[0])


seen = {name: (usual(name), all_readings(name), all_readings(name[0])) for name in NAMES}
print(f"pypinyin {pypinyin.__version__}; name: as said; usual, all readings in the name, all readings alone")
for name, said in NAMES.items():
    print(f"  {name}: {said};", *seen[name])
expected = {
    "单小燕": ("d", "dcs", "dcs"),
    "仇小燕": ("c", "cqj", "cqj"),
    "解放平": ("j", "j", "jx"),
    "曾经平": ("c", "c", "cz"),
    "单元平": ("d", "d", "dcs"),
}
sys.exit(None if seen == expected else f"CHANGED: expected {expected}")
EOF
