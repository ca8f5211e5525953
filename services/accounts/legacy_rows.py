"""One row of the old register: its cells read, normalised and checked. Most rows are plain and take a short way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from lib import identity, names
from lib.codes import IdType

#: Column of the file -> field. Columns may be in any order.
COLUMNS = {
    "姓名": "name",
    "证件号码": "number",
    "证书编号": "certificate_no",
    "档案号": "archive_no",
    "发证日期": "issued",
    "发证机关": "issuer",
    "手机号码": "phone",
    "单位": "employer",
}
LENGTHS = {"certificate_no": (4, 40), "archive_no": (4, 40), "issuer": (1, 60), "employer": (1, 100)}
PROOFS = ("certificate_no", "archive_no")
_TITLES = {field: title for title, field in COLUMNS.items()}

_EXCEL_NUMBER = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]+\Z")
_QUOTED = re.compile(r"\([^()]*[0-9][^()]*\)")  # a part of lib.identity's messages that quotes the value
_ISSUED = re.compile(r"([12][0-9]{3})[-/.年]?(0?[1-9]|1[0-2])(?:[-/.月日].*|[0-9]{2})?\Z")

#: Between the cells of a row that is looked at as a whole; no plain cell contains it.
_EDGE = "\x1f"
#: ASCII without space and apostrophe, the common Han characters, and brackets: no normalising changes them.
_PLAIN = "[!-&(-~\u4e00-\u9fa5\uff08\uff09]"
#: What most cells look like that need no other look; a column that is not read may contain anything.
_PLAIN_CELLS = {
    "name": "([\u4e00-\u9fa5]{2,50})",
    "number": "([0-9]{17}[0-9X])",
    "issued": "([12][0-9]{3}[0-9/.年月日-]*)?",
    "phone": "(1[3-9][0-9]{9})?",
} | {field: f"({_PLAIN}{{{least},{most}}})?" for field, (least, most) in LENGTHS.items()}
#: Proofs, which must not reveal the number, are plain if all their digits are at their end.
_PLAIN_CELLS |= {
    field: f"((?={_PLAIN}{{{least},{most}}}(?:{_EDGE}|\\Z))[^{_EDGE}0-9Xx]*[0-9]*)?"
    for field, (least, most) in LENGTHS.items()
    if field in PROOFS
}
_ANYTHING = f"[^{_EDGE}]*"
_MOBILE = re.compile(r"1[3-9][0-9]{9}\Z")
_NO_DIGITS = bytes(set(range(256)) - set(b"0123456789Xx"))
_UPPER = bytes.maketrans(b"x", b"X")


#: What a row says, by field; None for what it does not say.
Values = dict[str, str | None]


class RegisterRow(NamedTuple):
    """The values, what was removed from them and why, and why the row is refused, if it is."""

    values: Values
    removed: tuple[str, ...] = ()
    problem: str | None = None


class RowReader:
    """Reads rows of a file whose columns are at these places, under a header of ``width`` cells."""

    def __init__(self, columns: Mapping[str, int], width: int, today: date) -> None:
        self.columns, self.width, self.today = columns, width, today
        self.absent = dict.fromkeys((*COLUMNS.values(), "issued_month"))
        self.in_order = sorted(columns, key=columns.__getitem__)
        field_at = {place: field for field, place in columns.items()}
        cells = [_PLAIN_CELLS[field_at[place]] if place in field_at else _ANYTHING for place in range(width)]
        self.plain = re.compile(_EDGE.join(cells) + r"\Z")

    def read(self, cells: Sequence[str]) -> RegisterRow:
        """The row, normalised and checked."""
        values = self._plain_values(cells)
        return RegisterRow(values) if values else self._read_closely(cells)

    def _plain_values(self, cells: Sequence[str]) -> Values | None:
        """The values of a row in which nothing is to be normalised, removed or refused, as in most: one look at it."""
        found = self.plain.match(_EDGE.join(cells))
        if not found:
            return None
        values = {**self.absent, **dict(zip(self.in_order, found.groups(), strict=True))}
        if issued := values["issued"]:
            values["issued_month"] = _month(issued, self.today) or None
        number, issued_month = values["number"] or "", values["issued_month"]
        for field in PROOFS:
            # What reveals the number ends with six of its characters, or contains its date of birth without century.
            if (proof := values[field]) and (proof[-6:] in number or number[8:14] in proof):
                return None
        is_good = bool(issued_month) is bool(issued) and identity.is_resident_number(number, self.today)
        return values if is_good else None

    def _read_closely(self, cells: Sequence[str]) -> RegisterRow:
        values = {field: _normalised(cells, place) for field, place in self.columns.items()}
        values["name"] = names.normalise_name(values["name"])
        problem = names.name_problem(values["name"])
        problem = _unquoted(problem) if problem else _number_problem(values, self.today)
        if problem is None and any(cells[self.width :]):
            problem = "这一行的列数比列名多,请检查是否有未加引号的逗号"
        removed = () if problem else self._remove_invalid(values)
        return RegisterRow(
            {**self.absent, **{field: value or None for field, value in values.items()}}, removed, problem
        )

    def _remove_invalid(self, values: dict[str, str]) -> tuple[str, ...]:
        """Remove invalid values; returns what was removed and why."""
        removed = [_remove_if_invalid(values, field) for field in values if field in LENGTHS and values[field]]
        if issued := values.get("issued"):
            month = values["issued_month"] = _month(issued, self.today)
            removed.append("" if month else "发证日期无法识别,未采用")
        if (phone := values.get("phone", "")) and not _MOBILE.match(phone):
            phone = values["phone"] = identity.normalise_phone(phone)
            if identity.phone_problem(phone):
                values["phone"] = ""
                removed.append("手机号码不对,未采用")
        return tuple(text for text in removed if text)


def _normalised(cells: Sequence[str], place: int) -> str:
    """One cell. A leading apostrophe is Excel's mark for text."""
    return names.normalise_text(cells[place].lstrip("'\t")) if place < len(cells) else ""


def _number_problem(values: dict[str, str], today: date) -> str | None:
    """Why the number is refused, or None. Normalises it."""
    if _EXCEL_NUMBER.match(values["number"]):
        return "证件号码被 Excel 改成了科学计数,末几位已经丢失,请从原始数据重新导出"
    values["number"] = identity.normalise_number(IdType.RESIDENT, values["number"])
    problem = identity.number_problem(IdType.RESIDENT, values["number"], today)
    return _unquoted(problem) if problem else None


def _unquoted(problem: str) -> str:
    return _QUOTED.sub("", problem)


def _remove_if_invalid(values: dict[str, str], field: str) -> str:
    """Why the value goes; empty for characters that look odd and are not."""
    value, (least, most) = values[field], LENGTHS[field]
    if not least <= len(value) <= most:
        reason = f"{_TITLES[field]}应为 {least} 至 {most} 个字,未采用"
    elif not value.isprintable() and names.text_problem(value):
        reason = f"{_TITLES[field]}里有不能显示的字符,未采用"
    elif field in PROOFS and _reveals_number(value, values["number"].encode()):
        reason = f"{_TITLES[field]}与证件号码相同、包含它或是它的一部分,不能用作凭证,未采用"
    else:
        return ""
    values[field] = ""
    return reason


def _reveals_number(proof: str, number: bytes) -> bool:
    """Whether the proof contains the ID number or is part of it: then it proves nothing."""
    digits = proof.encode("utf-8", "surrogatepass").translate(_UPPER, _NO_DIGITS)
    if len(digits) >= 15 and (number[:6] + number[8:17] in digits or number[:17] in digits):
        return True
    return len(digits) >= 6 and digits in number


@lru_cache(maxsize=1 << 14)
def _month(text: str, today: date) -> str:
    """``2008-06`` from 2008-06-12, 2008/6/12, 2008年6月, 20080612, 200806 ...; empty if unreadable or in the future."""
    parts = _ISSUED.match(text.replace(" ", ""))
    month = f"{parts.group(1)}-{int(parts.group(2)):02d}" if parts else ""
    return month if "1980-01" <= month <= today.isoformat()[:7] else ""
