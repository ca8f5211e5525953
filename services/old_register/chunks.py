"""Many rows of the old register at once. Most are plain, which is seen column by column; the others are read singly."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache, partial
from typing import NamedTuple

from lib import identity
from services.old_register.rows import GARBLED, LENGTHS, PROOFS, RowReader, Values, month

#: Ends each cell of a column that is looked at as a whole; no plain cell contains it.
_END = "\x1f"
#: The common Han characters without 锟 (U+951F).
_HAN = "\u4e00-\u951e\u9520-\u9fa5"
#: ASCII without space and apostrophe, these Han characters, and brackets: no normalising changes them.
_PLAIN = f"[!-&(-~{_HAN}\uff08\uff09]"
#: How numbers end that may be a filler or rounded.
_FILLED = f"(?:{'|'.join([digit * 4 for digit in '0123456789'] + ['0123456789012'[at : at + 4] for at in range(10)])})"
#: What most cells look like that need no other look; a column that is not read may contain anything.
_CELLS = {
    "name": f"(?![{GARBLED}])[{_HAN}]{{2,50}}",
    "number": "[0-9]{17}[0-9X](?<!000)",
    "issued": "(?:[12][0-9]{3}[0-9/.年月日-]*)?",
    "phone": "(?:1[3-9][0-9]{9})?",
} | {field: f"(?:(?![{GARBLED}]){_PLAIN}{{{least},{most}}})?" for field, (least, most) in LENGTHS.items()}
#: Quotes, signs of a formula and decimals of a workbook are taken off singly.
_CELLS |= {field: f'(?!["=]|[0-9]+\\.0+{_END}){cell}' for field, cell in _CELLS.items() if field in LENGTHS}
#: Proofs are plain if all their digits, four or more, are at their end, and neither a date nor rounded.
_CELLS |= {
    field: f"(?:(?![{GARBLED}]|[12].{{5,7}}{_END}|[0-9]{{15,}}00{_END})(?={_PLAIN}{{{least},{most}}}{_END})"
    f'[^{_END}0-9Xx#="]*[0-9]{{4,}}(?<!{_FILLED}))?'
    for field, (least, most) in LENGTHS.items()
    if field in PROOFS
}
Column = Sequence[str]
_values: Callable[[Sequence[str | None]], Values] = partial(tuple.__new__, Values)


@cache
def _plain_cells(field: str) -> re.Pattern[str]:
    """As many of its plain cells as follow one another."""
    return re.compile(f"(?:{_CELLS[field]}{_END})*+")


class ReadRows(NamedTuple):
    """What rows say, by line. ``removed``: what was removed from them and why; ``problems``: why they are refused."""

    values: dict[int, Values]
    removed: dict[int, tuple[str, ...]]
    problems: dict[int, str]


class ChunkReader:
    """Reads rows of a file whose columns are at these places, under a header of ``width`` cells."""

    def __init__(self, columns: Mapping[str, int], width: int, today: date) -> None:
        self.columns, self.width, self.today = columns, width, today
        self.one = RowReader(columns, width, today)

    def read(self, rows: Mapping[int, Sequence[str]]) -> ReadRows:
        """The rows, normalised and checked."""
        usual = {line: cells for line, cells in rows.items() if len(cells) == self.width}
        values = self._plain(usual) if usual else {}
        odd = {line: self.one.read(cells) for line, cells in rows.items() if line not in values}
        if odd:
            values = {line: values.get(line) or odd[line].values for line in rows}
        removed = {line: row.removed for line, row in odd.items() if row.removed}
        return ReadRows(values, removed, {line: row.problem for line, row in odd.items() if row.problem})

    def _plain(self, rows: Mapping[int, Sequence[str]]) -> dict[int, Values]:
        """The values of the plain ones."""
        cells = list(zip(*rows.values(), strict=True))
        columns: dict[str, Column] = {field: cells[place] for field, place in self.columns.items()}
        months = {text: month(text, self.today) for text in set(columns.get("issued", ()))}
        odd = self._odd(columns, months)
        columns["issued_month"] = [months[text] for text in columns.get("issued", ())]
        absent = [None] * len(rows)
        told = [[cell or None for cell in columns[field]] if columns.get(field) else absent for field in Values._fields]
        values, lines = dict(zip(rows, map(_values, zip(*told, strict=True)), strict=True)), list(rows)
        for place in odd:
            del values[lines[place]]
        return values

    def _odd(self, columns: Mapping[str, Column], months: Mapping[str, str]) -> set[int]:
        """The places of the rows that are not plain."""
        odd = set[int]().union(*(_odd_cells(_plain_cells(field), cells) for field, cells in columns.items()))
        numbers = columns["number"]
        shaped = [number for place, number in enumerate(numbers) if place not in odd] if odd else numbers
        odd |= _places(numbers, identity.wrong_resident_numbers(shaped, self.today))
        odd |= _places(columns.get("issued", ()), {text for text in months if text and not months[text]})
        for field in PROOFS:
            odd |= _revealing(columns.get(field, ()), numbers)
        return odd


def _odd_cells(plain: re.Pattern[str], column: Column) -> set[int]:
    text = "".join([cell + _END for cell in column])
    if text.count(_END) > len(column):
        return set(range(len(column)))
    odd, at, place = set[int](), 0, 0
    while (found := plain.match(text, at)) and (end := found.end()) < len(text):
        place += text.count(_END, at, end)
        odd.add(place)
        place, at = place + 1, text.index(_END, end) + 1
    return odd


def _places(column: Column, values: set[str]) -> set[int]:
    return {place for place, cell in enumerate(column) if cell in values} if values else set()


def _revealing(proofs: Column, numbers: Column) -> set[int]:
    """What reveals the number ends with six of its characters, or contains its date of birth without century."""
    return {
        place
        for place, (proof, number) in enumerate(zip(proofs, numbers, strict=False))
        if proof and (proof[-6:] in number or number[8:14] in proof)
    }
