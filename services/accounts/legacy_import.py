"""Imports the old register (原有会计从业资格证人员) from a CSV file, as one batch that can be undone.

Invalid and already known rows are skipped and reported; importing the corrected file again adds only the rest.
Reports contain line numbers and problems, but no name or number: their reader has the file.
Rows are processed in chunks, so memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal, cast

from sqlalchemy import Column, LargeBinary, MetaData, Table, bindparam, delete, func, insert, select

from lib import names
from lib.clock import local
from lib.codes import AccountState
from lib.database import utcnow
from lib.sealed import new_uids, place
from models import Account, ActivationCode, LegacyHolder, db, keys
from services import audit
from services.accounts.legacy_rows import COLUMNS, PROOFS, RegisterRow, RowReader, Values

REQUIRED = ("姓名", "证件号码")
CHUNK = 1000
_TABLE = cast(Table, LegacyHolder.__table__)
#: What is written of each row, in this order.
_TOLD = ("name", "archive_no", "certificate_no", "issued_month", "issuer", "employer")
_WRITTEN = ("uid", "batch", "id_index", "id_number_sealed", "phone_sealed", *_TOLD)
_told_of = itemgetter(*_TOLD)
#: The numbers of a dry run, which are not kept in memory either.
_SEEN = Table(
    "legacy_import_seen",
    MetaData(),
    Column("id_index", LargeBinary, primary_key=True),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)

_TWICE = "同一证件号码在文件里前面已有一行"

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


# --- the batch --------------------------------------------------------------------------------------------------------


class _Batch:
    """One run over a file. ``found`` is called with each problem."""

    def __init__(self, source: Source, today: date, found: Callable[[Finding], None], *, dry_run: bool) -> None:
        self.found, self.ring, self.dry_run = found, keys(), dry_run
        self.reader = RowReader(source.columns, source.width, today)
        self.holders = _finder(LegacyHolder.id_index, LegacyHolder.batch, LegacyHolder.uid)
        self.accounts, self.seen = _finder(Account.id_index), _finder(_SEEN.c.id_index)
        self.write = _writer(_SEEN, ["id_index"]) if dry_run else _writer(_TABLE, _WRITTEN)
        self.result = ImportResult(f"{local(utcnow()):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")

    def add_chunk(self, chunk: list[tuple[int, list[str]]]) -> None:
        """Add the new rows of a chunk, or note their numbers in a dry run."""
        self.result.rows += len(chunk)
        good = self._good(chunk)
        known = self._with_account(list(good))
        known |= self._add({index: row.values for index, (_line, row) in good.items() if index not in known})
        for index, (line, row) in good.items():
            if index in known:
                self._leave_out(line, "conflict", known[index])
                continue
            for text in row.removed:
                self.result.warnings += 1
                self.found(Finding(line, "warning", text))
            self.result.unproven += not any(row.values[field] for field in PROOFS)
        self.result.imported += len(good) - len(known)

    def _add(self, new: dict[bytes, Values]) -> dict[bytes, str]:
        """Returns the numbers that have a record already and were not added, each with a message."""
        if self.dry_run:
            known = self._recorded(new, ()) | {index: _TWICE for (index,) in self.seen(list(new))}
            self.write([(index,) for index in new if index not in known])
            return known
        uids = new_uids(len(new))
        added = self.write(self._sealed(new, uids))
        return self._recorded(new, set(uids)) if added < len(new) else {}

    def _recorded(self, new: Mapping[bytes, Values], added: Collection[str]) -> dict[bytes, str]:
        """The numbers that have a record, except the ``added`` ones."""
        return {
            index: _TWICE if batch == self.result.batch else f"该证件号码已导入过(批次 {batch})"
            for index, batch, uid in self.holders(list(new))
            if uid not in added
        }

    def _good(self, chunk: list[tuple[int, list[str]]]) -> dict[bytes, tuple[int, RegisterRow]]:
        """The lines and rows that may be imported, each by the hash of its number."""
        good: dict[bytes, tuple[int, RegisterRow]] = {}
        for line, cells in chunk:
            row = self.reader.read(cells)
            if row.problem:
                self._leave_out(line, "error", row.problem)
                continue
            index = self.ring.index("id_number", row.values["number"] or "")
            if index in good:
                self._leave_out(line, "conflict", _TWICE)
                continue
            good[index] = line, row
        return good

    def _sealed(self, new: Mapping[bytes, Values], uids: list[str]) -> list[tuple[Any, ...]]:
        """The rows as _WRITTEN names them."""
        batch = self.result.batch
        numbers = self._sealed_column("id_number", uids, [row["number"] for row in new.values()])
        phones = self._sealed_column("phone", uids, [row["phone"] for row in new.values()])
        columns = zip(uids, new, numbers, phones, map(_told_of, new.values()), strict=True)
        return [(uid, batch, index, number, phone, *told) for uid, index, number, phone, told in columns]

    def _sealed_column(self, name: str, uids: list[str], values: list[str | None]) -> list[bytes | None]:
        table = LegacyHolder.__tablename__
        told = [(value.encode(), place(table, name, uid)) for uid, value in zip(uids, values, strict=True) if value]
        sealed = iter(self.ring.seal_all(told))
        return [next(sealed) if value else None for value in values]

    def _leave_out(self, line: int, kind: Kind, text: str) -> None:
        self.result.left_out += 1
        self.found(Finding(line, kind, text))

    def _with_account(self, indexes: list[bytes]) -> dict[bytes, str]:
        """The numbers that have an account, each with a message."""
        if not db.session.scalar(select(Account.id).limit(1)):  # when the register comes first, as it should
            return {}
        if not (accounts := [index for (index,) in self.accounts(indexes)]):
            return {}
        in_force = Account.state != AccountState.RESERVED
        query = select(Account.id_index).where(Account.id_index.in_(accounts), in_force)
        return dict.fromkeys(db.session.scalars(query), "该证件号码已注册账号")


# The statements that run for every chunk go to the driver as they are. SQLAlchemy would look at each of their thousands
# of values, which takes longer than the database does.

Driven = Callable[[Sequence[Any]], Any]


def _finder(key: Any, *told: Any) -> Driven:
    """Finds (key, *told) of the rows that have one of these keys."""
    connection = db.session.connection()

    @cache
    def statement(count: int) -> tuple[str, Sequence[str]]:
        names = [f"k{number}" for number in range(count)]
        wanted = key.in_([bindparam(name) for name in names])
        return str(select(key, *told).where(wanted).compile(dialect=connection.dialect)), names

    def find(keys: Sequence[Any]) -> Any:
        if not keys:
            return ()
        text, names = statement(len(keys))
        positional = connection.dialect.positional
        return connection.exec_driver_sql(text, tuple(keys) if positional else dict(zip(names, keys, strict=True)))

    return find


def _writer(table: Table, columns: Sequence[str]) -> Callable[[Sequence[Any]], int]:
    """Inserts rows of these columns, except numbers that are there; returns how many."""
    connection = db.session.connection()
    compiled = insert(table).inline().compile(dialect=connection.dialect, column_keys=columns)
    text, order = f"{compiled} ON CONFLICT (id_index) DO NOTHING", compiled.positiontup
    places, counted = list(map(columns.index, order or columns)), {"preserve_rowcount": True}

    def write(rows: Sequence[Any]) -> int:
        if not rows:
            return 0
        if order is None:
            sent: Any = [dict(zip(columns, row, strict=True)) for row in rows]
        else:
            sent = [tuple([row[place] for place in places]) for row in rows]
        return connection.exec_driver_sql(text, sent, execution_options=counted).rowcount

    return write


def import_source(
    source: Source,
    today: date,
    *,
    dry_run: bool = False,
    found: Callable[[Finding], None] = lambda _finding: None,
    progress: Callable[[int], None] = lambda _lines: None,
) -> ImportResult:
    """Check every row and, without ``dry_run``, add the good ones; the caller commits. Raises UnreadableFile."""
    if dry_run:
        _SEEN.create(db.session.connection())
    batch, rows, reported = _Batch(source, today, found, dry_run=dry_run), _rows(source), 0
    while chunk := list(islice(rows, CHUNK)):
        batch.add_chunk(chunk)
        progress(chunk[-1][0] - reported)
        reported = chunk[-1][0]
    if dry_run:
        _SEEN.drop(db.session.connection())
    elif batch.result.imported:
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
