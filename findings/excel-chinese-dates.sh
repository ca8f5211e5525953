#!/usr/bin/env bash
# openpyxl: dates that a Chinese Excel formats as 2012年9月28日 come back as the number 41180.
#
# One would guess that the most used reader knows every date format that is built into Excel.
# Numbers 27 to 36 and 50 to 58 are built in for East Asian languages; the file holds the number and no pattern.
# openpyxl takes them for General, so the dates of a register become plain numbers.
# python-calamine reads the same cells as dates.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check openpyxl==3.1.5 python-calamine==0.9.1 xlsxwriter==3.3.1
venv/bin/python - <<'EOF'
import io
import sys
from datetime import date
from importlib.metadata import version

import openpyxl
import python_calamine
import xlsxwriter

YEAR_MONTH_DAY, YEAR_MONTH = 31, 57  # yyyy"年"m"月"d"日" and yyyy"年"m"月" in ECMA-376, 18.8.30, zh-cn
DAY = date(2012, 9, 28)


def register() -> io.BytesIO:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as book:
        sheet = book.add_worksheet()
        for column, number in enumerate((14, YEAR_MONTH_DAY, YEAR_MONTH)):
            sheet.write_datetime(0, column, DAY, book.add_format({"num_format": number}))
    return io.BytesIO(out.getvalue())


cells = openpyxl.load_workbook(register()).active[1]
by_openpyxl = [(cell.number_format, str(cell.value)) for cell in cells]
(by_calamine,) = python_calamine.CalamineWorkbook.from_filelike(register()).get_sheet_by_index(0).to_python()
print(f"built-in formats 14, {YEAR_MONTH_DAY} and {YEAR_MONTH} of {DAY}:")
print(f"  openpyxl {version('openpyxl')}: {by_openpyxl}")
print(f"  python-calamine {version('python-calamine')}: {by_calamine}")
expected = [("mm-dd-yy", "2012-09-28 00:00:00"), ("General", "41180"), ("General", "41180")], [DAY] * 3
sys.exit(None if (by_openpyxl, by_calamine) == expected else f"CHANGED: expected {expected}")
EOF
