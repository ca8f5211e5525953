"""Imports the old register (原有会计从业资格证人员) from a CSV file, as one batch that can be undone.

Invalid and already known rows are skipped and reported; importing the corrected file again adds only the rest.
Reports contain line numbers and problems, but no name or number: their reader has the file.
Rows are processed in chunks, so memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import Table, delete, func, insert, select

from lib import identity, names
from lib.clock import local
from lib.codes import AccountState, IdType
from lib.database import utcnow
from lib.sealed import Sealed, new_uid
from models import Account, ActivationCode, LegacyHolder, db, keys
from services import audit

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
REQUIRED = ("姓名", "证件号码")
LENGTHS = {"certificate_no": (4, 40), "archive_no": (4, 40), "issuer": (1, 60), "employer": (1, 100)}
PROOFS = ("certificate_no", "archive_no")
CHUNK = 1000
_TABLE = cast(Table, LegacyHolder.__table__)
_TITLES = {field: title for title, field in COLUMNS.items()}

Kind = Literal["error", "conflict", "warning"]


class UnreadableFile(Exception):
    """The file cannot be imported; the message says why and what to do."""


class BatchNotFound(Exception):
    """No batch has this name."""


class BatchClaimed(Exception):
    """The batch cannot be undone, because one of its records was claimed."""


@dataclass(frozen=True)
class Finding:
    """A problem in one line: ``error`` and ``conflict`` skip the row, ``warning`` skips a value."""

    line: int
    kind: Kind
    text: str


@dataclass
class ImportResult:
    """Counts of rows. ``unproven``: without a proof; only an activation code can claim these."""

    batch: str
    rows: int = 0
    imported: int = 0
    left_out: int = 0
    warnings: int = 0
    unproven: int = 0


@dataclass(frozen=True)
class Source:
    """A readable register file: its encoding, number of lines, and positions of columns."""

    path: Path
    encoding: str
    lines: int
    columns: dict[str, int]
    width: int  # cells of the header
    unknown: tuple[str, ...]


# --- the file ---------------------------------------------------------------------------------------------------------


def open_source(path: Path) -> Source:
    """Detect how to read a file. Raises UnreadableFile."""
    encoding, lines = _encoding(path)
    try:
        with path.open(encoding=encoding, newline="") as file:
            header = next(csv.reader(file, strict=True), [])
    except csv.Error as error:
        raise UnreadableFile(f"第 1 行无法读取:{error}") from error
    titles = [names.normalise_text(cell) for cell in header]
    if absent := [title for title in REQUIRED if title not in titles]:
        raise UnreadableFile(f"第 1 行应是列名,缺少:{'、'.join(absent)}")
    if twice := [title for title in COLUMNS if titles.count(title) > 1]:
        raise UnreadableFile(f"第 1 行有重复的列名:{'、'.join(twice)}")
    columns = {COLUMNS[title]: place for place, title in enumerate(titles) if title in COLUMNS}
    unknown = tuple(title for title in titles if title and title not in COLUMNS)
    return Source(path, encoding, lines, columns, len(header), unknown)


def _encoding(path: Path) -> tuple[str, int]:
    """UTF-8 with or without BOM, else GB18030; and the number of lines. Raises UnreadableFile."""
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise UnreadableFile("这是 Excel 工作簿。请在 Excel 里另存为「CSV UTF-8」后再导入")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnreadableFile("文件是 UTF-16 编码。请另存为「CSV UTF-8」后再导入")
    for encoding in ("utf-8-sig", "gb18030"):
        if (lines := _count_lines(path, encoding)) is not None:
            return encoding, lines
    raise UnreadableFile("文件既不是 UTF-8 也不是 GB18030 编码的文本。请另存为「CSV UTF-8」后再导入")


def _count_lines(path: Path, encoding: str) -> int | None:
    decoder, lines = codecs.getincrementaldecoder(encoding)(), 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            try:
                lines += decoder.decode(block).count("\n")
            except UnicodeDecodeError:
                return None
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return None
    return lines


def _rows(source: Source) -> Iterator[tuple[int, list[str]]]:
    """(number of its first line, cells) of every row that is not blank. Raises UnreadableFile at broken quoting."""
    with source.path.open(encoding=source.encoding, newline="") as file:
        reader = csv.reader(file, strict=True)
        next(reader)
        line = reader.line_num
        try:
            for cells in reader:
                first, line = line + 1, reader.line_num
                if any(cells):
                    yield first, cells
        except csv.Error as error:
            raise UnreadableFile(f"第 {line + 1} 行无法读取:{error}") from error


# --- one row ----------------------------------------------------------------------------------------------------------


class _Holder:
    """The columns of one new row, encrypted like the model's; ``vars()`` of it is inserted."""

    __tablename__ = LegacyHolder.__tablename__
    keyring = staticmethod(keys)
    id_number = Sealed()
    phone = Sealed()

    def __init__(self, values: dict[str, str], index: bytes, batch: str) -> None:
        self.uid, self.batch, self.id_index = new_uid(), batch, index
        self.name = values["name"]
        self.id_number = values["number"]
        self.phone = values.get("phone", "")
        for field in ("archive_no", "certificate_no", "issued_month", "issuer", "employer"):
            setattr(self, field, values.get(field))


_EXCEL_NUMBER = re.compile(r"[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]+\Z")
_QUOTED = re.compile(r"\([^()]*[0-9][^()]*\)")  # a part of lib.identity's messages that quotes the value
_ISSUED = re.compile(r"([12][0-9]{3})[-/.年]?(0?[1-9]|1[0-2])(?:[-/.月日].*|[0-9]{2})?\Z")


def _read(source: Source, cells: Sequence[str]) -> dict[str, str]:
    """The row's normalised values by field. A leading apostrophe is Excel's mark for text."""
    values = {}
    for field, place in source.columns.items():
        cell = cells[place].lstrip("'\t") if place < len(cells) else ""
        plain = (
            cell.isascii() and cell.isprintable() and "  " not in cell
        )  # needs no normalising, which is four times as fast
        values[field] = cell.strip() if plain else names.normalise_text(cell)
    return values


def _error(values: dict[str, str], today: date) -> str | None:
    """Why the row is refused, or None. Normalises name and number."""
    if _EXCEL_NUMBER.match(values["number"]):
        return "证件号码被 Excel 改成了科学计数,末几位已经丢失,请从原始数据重新导出"
    values["name"] = names.normalise_name(values["name"])
    values["number"] = identity.normalise_number(IdType.RESIDENT, values["number"])
    problem = names.name_problem(values["name"]) or identity.number_problem(IdType.RESIDENT, values["number"], today)
    return _QUOTED.sub("", problem) if problem else None


def _remove_invalid_values(values: dict[str, str], today: date) -> list[str]:
    """Remove invalid values; returns what was removed and why."""
    removed = [_remove_if_invalid(values, field) for field in LENGTHS if values.get(field)]
    if issued := values.pop("issued", ""):
        month = _month(issued, today)
        removed.append(None if month else "发证日期无法识别,未采用")
        values["issued_month"] = month or ""
    if phone := values.pop("phone", ""):
        phone = identity.normalise_phone(phone)
        wrong = identity.phone_problem(phone)
        removed.append("手机号码不对,未采用" if wrong else None)
        values["phone"] = "" if wrong else phone
    for field in [field for field, value in values.items() if not value]:
        del values[field]
    return [text for text in removed if text]


def _remove_if_invalid(values: dict[str, str], field: str) -> str | None:
    value, (least, most) = values[field], LENGTHS[field]
    if not least <= len(value) <= most:
        reason = f"{_TITLES[field]}应为 {least} 至 {most} 个字,未采用"
    elif not value.isprintable() and names.text_problem(value):
        reason = f"{_TITLES[field]}里有不能显示的字符,未采用"
    elif field in PROOFS and _reveals_number(value, values["number"]):
        reason = f"{_TITLES[field]}与证件号码相同、包含它或是它的一部分,不能用作凭证,未采用"
    else:
        return None
    values[field] = ""
    return reason


def _reveals_number(proof: str, number: str) -> bool:
    """Whether the proof contains the ID number or is part of it: then it proves nothing."""
    digits = re.sub("[^0-9X]", "", proof.upper())
    short = number[:6] + number[8:17]
    return short in digits or number[:17] in digits or (len(digits) >= 6 and digits in number)


def _month(text: str, today: date) -> str | None:
    """``2008-06`` from 2008-06-12, 2008/6/12, 2008年6月, 20080612, 200806 ...; None if unreadable or in the future."""
    parts = _ISSUED.match(text.replace(" ", ""))
    month = f"{parts.group(1)}-{int(parts.group(2)):02d}" if parts else ""
    return month if "1980-01" <= month <= today.isoformat()[:7] else None


# --- the batch --------------------------------------------------------------------------------------------------------


class _Batch:
    """One run over a file. ``found`` is called with each problem."""

    def __init__(self, source: Source, today: date, found: Callable[[Finding], None]) -> None:
        self.source, self.today, self.found = source, today, found
        self.result = ImportResult(f"{local(utcnow()):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
        self.seen: set[int] = set()  # the first 64 bits of the hashes, enough for some million numbers

    def add_chunk(self, chunk: list[tuple[int, list[str]]]) -> list[_Holder]:
        """The new rows of a chunk."""
        self.result.rows += len(chunk)
        good = [row for line, cells in chunk if (row := self._checked(line, cells))]
        known = _known_numbers([index for _line, index, _values in good])
        holders = []
        for line, index, values in good:
            if index in known:
                self._leave_out(line, "conflict", known[index])
                continue
            for text in _remove_invalid_values(values, self.today):
                self.result.warnings += 1
                self.found(Finding(line, "warning", text))
            self.result.unproven += not any(field in values for field in PROOFS)
            holders.append(_Holder(values, index, self.result.batch))
        self.result.imported += len(holders)
        return holders

    def _checked(self, line: int, cells: list[str]) -> tuple[int, bytes, dict[str, str]] | None:
        values = _read(self.source, cells)
        problem = _error(values, self.today)
        if problem is None and any(cells[self.source.width :]):
            problem = "这一行的列数比列名多,请检查是否有未加引号的逗号"
        if problem:
            self._leave_out(line, "error", problem)
            return None
        index = keys().index("id_number", values["number"])
        short = int.from_bytes(index[:8], "big")
        if short in self.seen:
            self._leave_out(line, "conflict", "同一证件号码在文件里前面已有一行")
            return None
        self.seen.add(short)
        return line, index, values

    def _leave_out(self, line: int, kind: Kind, text: str) -> None:
        self.result.left_out += 1
        self.found(Finding(line, kind, text))


def _known_numbers(indexes: list[bytes]) -> dict[bytes, str]:
    """The numbers that already have a record or an account, each with a message."""
    known: dict[bytes, str] = {}
    holders = select(LegacyHolder.id_index, LegacyHolder.batch).where(LegacyHolder.id_index.in_(indexes))
    for index, batch in db.session.execute(holders):
        known[index] = f"该证件号码已导入过(批次 {batch})"
    accounts = select(Account.id_index).where(Account.id_index.in_(indexes), Account.state != AccountState.RESERVED)
    for index in db.session.scalars(accounts):
        known[index] = "该证件号码已注册账号"
    return known


def import_source(
    source: Source,
    today: date,
    *,
    dry_run: bool = False,
    found: Callable[[Finding], None] = lambda _finding: None,
    progress: Callable[[int], None] = lambda _lines: None,
) -> ImportResult:
    """Check every row and, without ``dry_run``, add the good ones; the caller commits. Raises UnreadableFile."""
    batch, rows, reported = _Batch(source, today, found), _rows(source), 0
    while chunk := list(islice(rows, CHUNK)):
        holders = batch.add_chunk(chunk)
        if holders and not dry_run:
            db.session.execute(insert(_TABLE), [vars(holder) for holder in holders])
        progress(chunk[-1][0] - reported)
        reported = chunk[-1][0]
    if batch.result.imported and not dry_run:
        audit.record("legacy_import", None, detail=f"batch {batch.result.batch}, rows {batch.result.imported}")
    return batch.result


def undo(batch: str) -> int:
    """Delete a batch and the codes issued for it; returns how many records. Raises BatchClaimed, BatchNotFound."""
    of_batch = LegacyHolder.batch == batch
    total = db.session.scalar(select(func.count()).where(of_batch)) or 0
    if not total:
        raise BatchNotFound(f"没有批次 {batch}")
    if claimed := _claimed(batch):
        raise BatchClaimed(f"批次 {batch} 中已有 {claimed} 人设置了密码,不能撤销")
    ids = select(LegacyHolder.id).where(of_batch)
    db.session.execute(delete(ActivationCode).where(ActivationCode.legacy_id.in_(ids)))
    removed: Any = db.session.execute(delete(LegacyHolder).where(of_batch, LegacyHolder.claimed_at.is_(None)))
    if removed.rowcount != total:  # one was claimed meanwhile
        raise BatchClaimed(f"批次 {batch} 中有人刚刚设置了密码,不能撤销")
    audit.record("legacy_undo", None, detail=f"batch {batch}, rows {total}")
    return total


def _claimed(batch: str) -> int:
    claimed = (LegacyHolder.batch == batch, LegacyHolder.claimed_at.is_not(None))
    return db.session.scalar(select(func.count()).where(*claimed)) or 0
