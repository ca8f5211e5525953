"""One row of the old register: its cells read, normalised and checked. ``chunks`` does it for many."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple

from lib import identity, names
from lib.codes import IdType
from services.old_register.columns import TITLES

LENGTHS = {"certificate_no": (4, 40), "archive_no": (4, 40), "issuer": (1, 60), "employer": (1, 100)}
PROOFS = ("certificate_no", "archive_no")

_EXCEL_NUMBER = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]+\Z")
#: Marks that nobody sees, as contacts and web pages put around numbers.
_UNSEEN = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_WRAPPED = re.compile(r"=?\"+([^\"]*)\"+\Z|=([0-9]+)\Z")
_WHOLE = re.compile(r"\A([0-9]+)\.0+\Z")
_BETWEEN_PHONES = re.compile(r"[/\\、,，;；|\n]| (?=1[3-9][0-9]{9}(?![0-9]))| 或 ?")
#: One among other things: 13800130001(本人).
_MOBILE_INSIDE = re.compile(r"(?<![0-9])(?:(?:00)?86)?(1[3-9](?:[ -]?[0-9]){9})(?![0-9])")
_QUOTED = re.compile(r"\([^()]*[0-9][^()]*\)")  # a part of lib.identity's messages that quotes the value
_ISSUED = re.compile(r"([12][0-9]{3})[-年]?(0?[1-9]|1[0-2])(?:[-月日].*|[0-9]{2})?\Z")
_SERIAL_DAY = re.compile(r"[2-5][0-9]{4}\Z")

#: What was lost in UTF-8 and taken for GBK.
_LOST = "锟斤拷"
#: How text in UTF-8 begins that was taken for GBK: 寮犱笁 was 张三.
GARBLED = "".join(
    found
    for lead in range(0xE4, 0xEA)
    for trail in range(0x80, 0xC0)
    if "一" <= (found := bytes((lead, trail)).decode("gbk", "ignore")) <= "龥"
)
_MOBILE = re.compile(r"1[3-9][0-9]{9}\Z")
_NO_DIGITS = bytes(set(range(256)) - set(b"0123456789Xx"))
_UPPER = bytes.maketrans(b"x", b"X")


class Values(NamedTuple):
    """What a row says; None for what it does not say."""

    name: str | None
    number: str | None
    certificate_no: str | None
    archive_no: str | None
    issued_month: str | None
    issuer: str | None
    phone: str | None
    employer: str | None


class RegisterRow(NamedTuple):
    """The values, what was removed from them and why, and why the row is refused, if it is."""

    values: Values
    removed: tuple[str, ...] = ()
    problem: str | None = None


class RowReader:
    """Reads rows of a file whose columns are at these places, under a header of ``width`` cells."""

    def __init__(self, columns: Mapping[str, int], width: int, today: date) -> None:
        self.columns, self.width, self.today = columns, width, today

    def read(self, cells: Sequence[str]) -> RegisterRow:
        """The row, normalised and checked."""
        values = {field: _normalised(cells, place, field) for field, place in self.columns.items()}
        values["name"] = names.normalise_name(values["name"])
        problem = _name_problem(values["name"]) or _number_problem(values, self.today)
        if problem is None and any(cells[self.width :]):
            problem = "这一行的列数比列名多,请检查是否有未加引号的逗号"
        removed = () if problem else self._remove_invalid(values, cells)
        return RegisterRow(Values(*(values.get(field) or None for field in Values._fields)), removed, problem)

    def _remove_invalid(self, values: dict[str, str], cells: Sequence[str]) -> tuple[str, ...]:
        """Remove invalid values; returns what was removed and why, and what to look at."""
        removed = [_remove_if_invalid(values, field) for field in values if field in LENGTHS and values[field]]
        if values["number"].endswith("000"):
            removed.append("证件号码的末三位是 000，可能被表格软件舍入过，请与原始资料核对")
        if issued := values.get("issued"):
            values["issued_month"] = month(issued, self.today)
            removed.append("" if values["issued_month"] else "发证日期无法识别,未采用")
        if phone := values.get("phone", ""):
            values["phone"], reason = _phone(phone)
            removed.append(reason)
        return tuple(text for text in removed if text)


def _normalised(cells: Sequence[str], place: int, field: str) -> str:
    """One cell, without what spreadsheets add: an apostrophe or ="..." around text, ".0" after a whole number.

    Line breaks stay in what may be a proof: two values in one cell are none.
    """
    normalise = names.normalise_lines if field in PROOFS else names.normalise_text
    if place >= len(cells):
        return ""
    text = normalise(_UNSEEN.sub("", cells[place]).strip().lstrip("'"))
    while wrapped := _WRAPPED.match(text):
        text = normalise(wrapped.group(1) or wrapped.group(2))
    return _WHOLE.sub(r"\1", text)


def _name_problem(name: str) -> str | None:
    if _is_garbled(name):
        return "姓名是乱码(文字曾按错误的编码保存过)，没有导入；请从原始数据重新导出"
    problem = names.name_problem(name)
    return _unquoted(problem) if problem else None


def _is_garbled(text: str) -> bool:
    """Whether it is text in UTF-8 that was taken for GBK, or text in GBK that was taken for Latin letters."""
    try:
        if text and text[0] in GARBLED:
            data = text.encode("gb18030")
            decoder = codecs.getincrementaldecoder("utf-8")()
            return bool(decoder.decode(data, final=len(data) < 8))  # of a longer one the last character may be lost
        if sum("\xa0" < character <= "\xff" for character in text) >= 4:
            return bool(text.encode("latin-1").decode("gb2312"))
    except UnicodeError:
        pass
    return _LOST in text


def _phone(text: str) -> tuple[str, str]:
    """The first mobile number in the cell, and what is to be said about the cell."""
    whole = identity.normalise_phone(text)
    if _MOBILE.match(whole):
        return whole, ""
    parts = [part for part in _BETWEEN_PHONES.split(text) if part]
    numbers = [phone for part in parts if _MOBILE.match(phone := identity.normalise_phone(part.lstrip("=")))]
    if not numbers and (inside := _MOBILE_INSIDE.search(text)):
        return identity.normalise_phone(inside[1]), "手机号码里还有其他内容，采用了第一个手机号码，其余未采用"
    if not numbers:
        return "", "手机号码不对,未采用"
    return numbers[0], "手机号码有几个，采用了第一个手机号码，其余未采用" if len(parts) > 1 else ""


def _number_problem(values: dict[str, str], today: date) -> str | None:
    """Why the number is refused, or None. Normalises it."""
    if _EXCEL_NUMBER.match(values["number"]):
        return "证件号码被 Excel 改成了科学计数,末几位已经丢失,请从原始数据重新导出"
    values["number"] = identity.normalise_number(IdType.RESIDENT, values["number"])
    problem = identity.number_problem(IdType.RESIDENT, values["number"], today)
    return _unquoted(problem) if problem else None


def _unquoted(problem: str) -> str:
    return _QUOTED.sub("", problem)


_WHAT_TO_DO = "；请从原始数据重新导出，或由窗口发放激活码"


def _remove_if_invalid(values: dict[str, str], field: str) -> str:
    """Why the value goes; empty for characters that look odd and are not."""
    value, (least, most) = values[field], LENGTHS[field]
    if not least <= len(value) <= most:
        reason = f"{TITLES[field]}应为 {least} 至 {most} 个字,未采用" + (_WHAT_TO_DO if field in PROOFS else "")
    elif not value.isprintable() and names.text_problem(value):
        reason = f"{TITLES[field]}里有不能显示的字符,未采用"
    elif "\ufffd" in value or _is_garbled(value):
        reason = f"{TITLES[field]}里有已损坏的字符，未采用"
    elif field in PROOFS and (why := identity.broken_proof(value)):
        reason = f"{TITLES[field]}{why}，不能用作凭证，未采用{_WHAT_TO_DO}"
    elif field in PROOFS and _reveals_number(value, values["number"].encode()):
        reason = f"{TITLES[field]}与证件号码相同、包含它或是它的一部分,不能用作凭证,未采用"
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
def month(text: str, today: date) -> str:
    """``2008-06`` from 2008-06-12, 2008/6/12, 2008年6月, 20080612, 200806 ...; empty if unreadable or in the future."""
    if _SERIAL_DAY.match(text):  # a spreadsheet's day without its format
        text = (date(1899, 12, 30) + timedelta(days=int(text))).isoformat()
    parts = _ISSUED.match(names.plain_date(text).replace(" ", ""))
    found = f"{parts.group(1)}-{int(parts.group(2)):02d}" if parts else ""
    return found if "1980-01" <= found <= today.isoformat()[:7] else ""
