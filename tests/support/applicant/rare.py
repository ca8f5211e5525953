"""Samples of the characters of names: the standard list, and each of Unicode's extensions A to F."""

from __future__ import annotations

import os

import pytest

from lib.pdf import fonts
from tests.support.rules.house import ROOT

# 通用规范汉字表 (2013), 8,105 characters in its order: kTGH of the Unihan database, Unicode 15.
STANDARD = "".join((ROOT / "tests" / "data" / "tgh8105.txt").read_text(encoding="utf-8").split())

#: First and last code point of each extension, as the fonts have them (Unicode 10).
EXTENSIONS = {
    "A": (0x3400, 0x4DB5),
    "B": (0x20000, 0x2A6D6),
    "C": (0x2A700, 0x2B734),
    "D": (0x2B740, 0x2B81D),
    "E": (0x2B820, 0x2CEA1),
    "F": (0x2CEB0, 0x2EBE0),
}
#: The twelve unified ideographs among the compatibility ideographs.
UNIFIED = "\ufa0e\ufa0f\ufa11\ufa13\ufa14\ufa1f\ufa21\ufa23\ufa24\ufa27\ufa28\ufa29"

#: `make test` installs the font where it may. With CI set it must be there: no test is skipped unnoticed.
needs_hanazono = pytest.mark.skipif(
    not fonts.HANAZONO.is_file() and not os.environ.get("CI"), reason="fonts-hanazono is not installed"
)


def sample(extension: str, count: int = 120) -> str:
    """Characters from all over an extension, its first and last among them."""
    first, last = EXTENSIONS[extension]
    step = max((last - first) // (count - 1), 1)
    return "".join(map(chr, [*range(first, last, step), last]))
