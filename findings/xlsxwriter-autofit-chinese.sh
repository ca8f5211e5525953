#!/usr/bin/env bash
# XlsxWriter: autofit() makes columns of Chinese text about half as wide as the text.
#
# One would guess that a column fitted to its contents shows them.
# autofit() knows the widths of ASCII and counts 8 pixels for a Chinese character, which takes about 15.
# Twelve Chinese characters get the room of fifteen digits and need that of about 25. The next cell cuts them off.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check xlsxwriter==3.3.1
venv/bin/python - <<'EOF'
import io
import re
import sys
import zipfile

import xlsxwriter


def fitted(text: str) -> float:
    """The width that autofit() chose, in widths of a digit."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        sheet.write_string(0, 0, text)
        sheet.autofit()
    (width,) = re.findall(rb'<col [^>]*width="([0-9.]+)"', zipfile.ZipFile(out).read("xl/worksheets/sheet1.xml"))
    return round(float(width), 1)


seen = {text: fitted(text) for text in ("会计管理部门所在地区名称", "0" * 24, "0" * 12)}
print(f"XlsxWriter {xlsxwriter.__version__}; text -> width of its column in digits: {seen}")
chinese, as_wide, half = seen.values()
expected = half < chinese < as_wide * 2 / 3
sys.exit(None if expected else "CHANGED: expected less than two thirds of the 24 digits that the Chinese text is as wide as")
EOF
