"""Reads the spreadsheets that we write: the cells as Excel finds them in the file, without a package of its own."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from xml.etree import ElementTree

_NS = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


@dataclass(frozen=True)
class Cell:
    """``kind``: ``inlineStr`` or ``s`` for a text, ``n`` for a number, ``d`` for a day, ``f`` for a formula."""

    kind: str
    text: str


@dataclass(frozen=True)
class Table:
    name: str
    head: list[str]
    rows: list[dict[str, Cell]]
    xml: str

    def column(self, title: str) -> list[str]:
        return [row[title].text if title in row else "" for row in self.rows]


def tables(content: bytes) -> list[Table]:
    """The sheets of a workbook, each row by the headings of the first one."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        book = ElementTree.fromstring(archive.read("xl/workbook.xml"))
        shared, days = _shared(archive), _day_styles(archive)
        names = [sheet.get("name", "") for sheet in book.iterfind("m:sheets/m:sheet", _NS)]
        sheets = [archive.read(f"xl/worksheets/sheet{at}.xml").decode() for at in range(1, len(names) + 1)]
    return [_table(name, xml, shared, days) for name, xml in zip(names, sheets, strict=True)]


def _shared(archive: zipfile.ZipFile) -> list[str]:
    if "xl/sharedStrings.xml" not in archive.namelist():
        return []
    root = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
    return ["".join(item.itertext()) for item in root.iterfind("m:si", _NS)]


def _day_styles(archive: zipfile.ZipFile) -> set[str]:
    """The numbers of the styles in which a number is read as a day."""
    root = ElementTree.fromstring(archive.read("xl/styles.xml"))
    formats = {
        one.get("numFmtId") for one in root.iterfind("m:numFmts/m:numFmt", _NS) if "yyyy" in one.get("formatCode", "")
    }
    return {str(at) for at, one in enumerate(root.iterfind("m:cellXfs/m:xf", _NS)) if one.get("numFmtId") in formats}


def _table(name: str, xml: str, shared: list[str], days: set[str]) -> Table:
    lines = [_line(row, shared, days) for row in ElementTree.fromstring(xml).iterfind("m:sheetData/m:row", _NS)]
    head = {letters: cell.text for letters, cell in lines[0].items()}
    return Table(name, list(head.values()), [{head[at]: cell for at, cell in line.items()} for line in lines[1:]], xml)


def _line(row: ElementTree.Element, shared: list[str], days: set[str]) -> dict[str, Cell]:
    return {re.sub("[0-9]", "", cell.get("r", "")): _cell(cell, shared, days) for cell in row.iterfind("m:c", _NS)}


def _cell(cell: ElementTree.Element, shared: list[str], days: set[str]) -> Cell:
    if cell.find("m:f", _NS) is not None:
        return Cell("f", cell.findtext("m:f", "", _NS))
    kind = cell.get("t", "n")
    text = "".join(part.text or "" for part in cell.iterfind("m:is/m:t", _NS)) or cell.findtext("m:v", "", _NS)
    if kind == "n" and cell.get("s", "") in days:
        return Cell("d", (date(1899, 12, 30) + timedelta(days=int(text))).isoformat())
    return Cell(kind, shared[int(text)] if kind == "s" else text)
