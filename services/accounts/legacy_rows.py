"""One row of the old register: its cells read, normalised and checked. Most rows are plain and take a short way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from operator import itemgetter

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
#: ASCII and the common Han characters, which no normalising changes; a name of nothing but these needs no checking.
_PLAIN = re.compile(r"[\x1f -~\u4e00-\u9fa5]*\Z")
_PLAIN_NAME = re.compile(r"[\u4e00-\u9fa5]{2,50}\Z")
_EIGHTEEN = re.compile(r"[0-9]{17}[0-9X]\Z")
_MOBILE = re.compile(r"1[3-9][0-9]{9}\Z")
_NO_DIGITS = bytes(set(range(256)) - set(b"0123456789Xx"))
_UPPER = bytes.maketrans(b"x", b"X")


class RowReader:
    """Reads rows of a file whose columns are at these places."""

    def __init__(self, columns: Mapping[str, int], today: date) -> None:
        self.columns, self.today = columns, today
        self.fields = tuple(columns)
        self.pick = itemgetter(*columns.values())  # at least two: name and number are required
        self.needed = max(columns.values()) + 1
        self.limits = [(name, *LENGTHS[name], name in PROOFS) for name in columns if name in LENGTHS]

    def read(self, cells: Sequence[str]) -> tuple[dict[str, str], str | None]:
        """The row's normalised values by field, and why the row is refused, if it is."""
        if len(cells) >= self.needed and _is_plain(cells):
            values = dict(zip(self.fields, self.pick(cells), strict=True))
            if _PLAIN_NAME.match(values["name"]):
                return values, _number_problem(values, self.today)
        else:
            values = {field: _normalised(cells, place) for field, place in self.columns.items()}
        values["name"] = names.normalise_name(values["name"])
        problem = names.name_problem(values["name"])
        return values, _unquoted(problem) if problem else _number_problem(values, self.today)

    def remove_invalid_values(self, values: dict[str, str]) -> list[str]:
        """Remove invalid values; returns what was removed and why."""
        removed = []
        number = values["number"].encode()
        for field, least, most, proves in self.limits:
            value = values[field]
            if not value or (
                least <= len(value) <= most and value.isprintable() and not (proves and _reveals_number(value, number))
            ):
                continue
            removed.append(_remove_if_invalid(values, field))
        if issued := values.pop("issued", ""):
            month = values["issued_month"] = _month(issued, self.today)
            removed.append("" if month else "发证日期无法识别,未采用")
        if (phone := values.get("phone", "")) and not _MOBILE.match(phone):
            phone = values["phone"] = identity.normalise_phone(phone)
            if identity.phone_problem(phone):
                values["phone"] = ""
                removed.append("手机号码不对,未采用")
        return [text for text in removed if text]


def _is_plain(cells: Sequence[str]) -> bool:
    """Whether no cell needs normalising, which takes several times as long as this look at all of them."""
    whole = f"{_EDGE}{_EDGE.join(cells)}{_EDGE}"
    return not (
        "  " in whole
        or f" {_EDGE}" in whole
        or f"{_EDGE} " in whole
        or f"{_EDGE}'" in whole
        or whole.count(_EDGE) != len(cells) + 1
        or not _PLAIN.match(whole)
    )


def _normalised(cells: Sequence[str], place: int) -> str:
    """One cell. A leading apostrophe is Excel's mark for text."""
    return names.normalise_text(cells[place].lstrip("'\t")) if place < len(cells) else ""


def _number_problem(values: dict[str, str], today: date) -> str | None:
    """Why the number is refused, or None. Normalises it."""
    if not _EIGHTEEN.match(values["number"]):
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
