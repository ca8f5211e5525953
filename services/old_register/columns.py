"""Which column of a register is which: titles as offices write them, and where the header is."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence

#: Our name of a column -> field.
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
TITLES = {field: title for title, field in COLUMNS.items()}
REQUIRED = ("name", "number")
HEADER_ROWS = 20  # the header is among the first ones
#: What offices write instead, most usual first.
_SYNONYMS = {
    "name": "持证人姓名 会计人员姓名 人员姓名 持证人 名字",
    "number": "身份证号 身份证号码 公民身份号码 公民身份证号码 居民身份证号码 居民身份证号 身份证件号码 证件号"
    " 身份证 身份号码",
    "certificate_no": "证书号 证书号码 会计证号 会计从业资格证书编号 从业资格证书编号 会计从业资格证编号"
    " 会计从业资格证书号 从业资格证号 会计从业资格证号 从业证号 资格证书编号 证书编码",
    "archive_no": "档案编号 档案号码 会计档案号 档案编码 档号",
    "issued": "发证时间 发证年月 领证日期 颁发日期 取得日期 批准日期 签发日期 取证日期",
    "issuer": "发证单位 发证部门 发证机构 颁发机关 签发机关",
    "phone": "手机号 手机 移动电话 联系手机 联系电话 电话号码 联系方式 电话",
    "employer": "工作单位 单位名称 工作单位名称 所在单位 现工作单位",
}
_FIELD_OF = {title: field for field, titles in _SYNONYMS.items() for title in titles.split()} | COLUMNS
_RANK = {title: rank for rank, title in enumerate(dict.fromkeys([*COLUMNS, *_FIELD_OF]))}
#: What is no part of a title: spaces, marks, marks that nobody sees, and a remark in brackets at its end.
_REMARK = re.compile(r"\(.*\)\Z")
_NO_PART = re.compile(r"[\s*:.\"'_\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")


def plain_title(cell: str) -> str:
    """The title without spaces, line breaks, marks and a remark in brackets (姓　名, 证件号码(必填))."""
    title = _NO_PART.sub("", unicodedata.normalize("NFKC", cell))
    return _REMARK.sub("", title) or title


def guess(titles: Sequence[str]) -> dict[str, int]:
    """Field -> place of its column. Of several for one field, the most usual title counts."""
    found: dict[str, int] = {}
    for place in sorted(range(len(titles)), key=lambda place: _RANK.get(titles[place], len(_RANK))):
        if field := _FIELD_OF.get(titles[place]):
            found.setdefault(field, place)
    return found


def header_of(rows: Sequence[Sequence[str]]) -> int:
    """Which of the first rows holds the titles: the first with a name and a number, else the one with most titles."""
    known = [len(set(guess([plain_title(cell) for cell in row]))) for row in rows[:HEADER_ROWS]]
    for place, row in enumerate(rows[:HEADER_ROWS]):
        if set(REQUIRED) <= set(guess([plain_title(cell) for cell in row])):
            return place
    return known.index(max(known)) if known else 0


def absent(columns: Mapping[str, int]) -> list[str]:
    """Our names of the columns that must be there and are not."""
    return [TITLES[field] for field in REQUIRED if field not in columns]


def repeated(titles: Sequence[str]) -> list[str]:
    """Known titles that stand more than once, so that nobody can tell which one is meant."""
    return [title for title in dict.fromkeys(titles) if title in _FIELD_OF and titles.count(title) > 1]


def header_key(titles: Sequence[str]) -> str:
    """Stands for a set of titles: what was mapped once is mapped the same way again."""
    return hashlib.sha256("\x1f".join(titles).encode("utf-8", "surrogatepass")).hexdigest()[:32]
