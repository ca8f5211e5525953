"""The table of what a check or an import found, by line; neither names nor numbers are in it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from services.old_register.batches import CONFLICTS, Finding, Kind

AT_MOST = 20_000
WORDS: dict[Kind, str] = {
    "error": "未导入",
    "conflict": "已存在，未导入",
    "differs": "已存在但姓名不同，未导入",
    "warning": "请核对",
}


def table_of(findings: Sequence[Finding]) -> bytes:
    """CSV as spreadsheets open it."""
    lines = sorted(findings, key=lambda finding: finding.line)[:AT_MOST]
    rows = [(str(finding.line), WORDS[finding.kind], finding.text) for finding in lines]
    if len(findings) > AT_MOST:
        rows.append(("", "", f"共 {len(findings)} 条，这里只列出前 {AT_MOST} 条"))
    return _written([("行号", "结果", "原因和办法"), *rows])


def conflicts_of(table: bytes) -> bytes:
    """The rows whose number is here already."""
    head, *lines = csv.reader(io.StringIO(table.decode("utf-8-sig")))
    words = {WORDS[kind] for kind in CONFLICTS}
    return _written([head, *(line for line in lines if line[1] in words)])


def _written(rows: Iterable[Sequence[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8-sig")
