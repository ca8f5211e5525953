"""Imports the old register (原有会计从业资格证人员) as one batch that can be undone.

Invalid and already known rows are skipped and reported; importing the corrected file again adds only the rest.
Reports contain line numbers and problems, but no name or number: their reader has the file.
Rows are processed in chunks, so memory does not grow with the file.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import islice, repeat
from typing import Any, Literal, cast

from sqlalchemy import Column, LargeBinary, MetaData, Table, Text, bindparam, delete, func, insert, select

from lib.clock import local
from lib.codes import AccountState
from lib.database import Prebuilt, utcnow
from lib.sealed import new_uids, place
from models import Account, ActivationCode, LegacyHolder, db, keys
from services import audit
from services.accounts import blind_index
from services.old_register import shared_proofs
from services.old_register.chunks import ChunkReader
from services.old_register.columns import TITLES
from services.old_register.reading import Source
from services.old_register.rows import PROOFS, Values
from services.old_register.shared_proofs import SharedProofs, spelling
from services.old_register.text_files import Row

CHUNK = 1000
_TABLE = cast(Table, LegacyHolder.__table__)
#: What is written of each row.
_SEALED = {"number": "id_number", "phone": "phone"}
_TOLD = [field for field in Values._fields if field not in _SEALED]
_WRITTEN = ["uid", "batch", "id_index", "id_number_sealed", "phone_sealed", *_TOLD]
#: The numbers of a dry run, which are not kept in memory either.
_SEEN = Table(
    "legacy_import_seen",
    MetaData(),
    Column("id_index", LargeBinary, primary_key=True),
    Column("name", Text),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
)

_ANY_ACCOUNT = Prebuilt(select(Account.id).limit(1))

_SHARED = "{}与另一人的相同，不能用作凭证，未采用；请核对这一列，或由窗口发放激活码"
_TWICE = "同一证件号码在文件里前面已有一行"

Kind = Literal["error", "conflict", "differs", "warning"]
CONFLICTS: tuple[Kind, ...] = ("conflict", "differs")
_Clash = tuple[Kind, str]


class BatchNotFound(Exception):
    """No batch has this name."""


class BatchClaimed(Exception):
    """The batch cannot be undone, because one of its records was claimed."""


@dataclass(frozen=True)
class Finding:
    """A problem in one line: ``warning`` skips a value, the others the row.

    ``conflict``: the number is here already; ``differs``: with another name.
    """

    line: int
    kind: Kind
    text: str


@dataclass
class ImportResult:
    """Counts of rows. ``unproven``: without a proof; only an activation code can claim these.

    ``conflicts``: left out because the number is here already; of these ``differing`` with another name.
    """

    batch: str
    rows: int = 0
    imported: int = 0
    left_out: int = 0
    conflicts: int = 0
    differing: int = 0
    warnings: int = 0
    unproven: int = 0


# --- the batch --------------------------------------------------------------------------------------------------------


class _Batch:
    """One run over a file. ``found`` is called with each problem."""

    def __init__(self, source: Source, today: date, found: Callable[[Finding], None], *, dry_run: bool) -> None:
        self.found, self.ring, self.dry_run = found, keys(), dry_run
        self.reader = ChunkReader(source.columns, source.width, today)
        self.holders = _finder(LegacyHolder.id_index, LegacyHolder.batch, LegacyHolder.uid, LegacyHolder.name)
        self.accounts, self.seen = _finder(Account.id_index), _finder(_SEEN.c.id_index, _SEEN.c.name)
        self.write = _writer(_SEEN, ["id_index", "name"]) if dry_run else _writer(_TABLE, _WRITTEN)
        self.proofs, self.passed_over = SharedProofs(), set[int]()
        self.result = ImportResult(f"{local(utcnow()):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")

    def add_chunk(self, chunk: list[Row]) -> None:
        """Add the new rows of a chunk, or note their numbers in a dry run."""
        self.result.rows += len(chunk)
        good, removed = self._good(chunk)
        values = {index: row for index, (_line, row) in good.items()}
        known = self._with_account(values)
        known |= self._add({index: row for index, row in values.items() if index not in known} if known else values)
        if known or removed:
            for index, (line, _row) in good.items():
                if index in known:
                    self._leave_out(line, *known[index])
                    del values[index]
                    continue
                for text in removed.get(line, ()):
                    self._warn(line, text)
        self._count(values.values())

    def _count(self, imported: Collection[Values]) -> None:
        self.proofs.add(imported)
        self.result.imported += len(imported)
        self.result.unproven += sum(not (row.certificate_no or row.archive_no) for row in imported)

    def _add(self, new: dict[bytes, Values]) -> dict[bytes, _Clash]:
        """Returns the numbers that have a record already and were not added, each with a message."""
        if self.dry_run:
            seen = self.seen(list(new))
            known = self._recorded(new, ()) | {index: _clash(_TWICE, new[index], name) for index, name in seen}
            unknown = [index for index in new if index not in known]
            self.write({"id_index": unknown, "name": [new[index].name for index in unknown]})
            return known
        if not new:
            return {}
        uids = new_uids(len(new))
        added = self.write(self._columns(new, uids))
        return self._recorded(new, set(uids)) if added < len(new) else {}

    def _recorded(self, new: Mapping[bytes, Values], added: Collection[str]) -> dict[bytes, _Clash]:
        """The numbers that have a record, except the ``added`` ones."""
        return {
            index: _clash(self._since(batch), new[index], name)
            for index, batch, uid, name in self.holders(list(new))
            if uid not in added
        }

    def _since(self, batch: str) -> str:
        return _TWICE if batch == self.result.batch else f"该证件号码已导入过(批次 {batch})"

    def _good(self, chunk: list[Row]) -> tuple[dict[bytes, tuple[int, Values]], dict[int, tuple[str, ...]]]:
        """The lines and values that may be imported, each by the hash of its number; and what was removed, by line."""
        values, removed, problems = self.reader.read({line: row for line, row in chunk if not isinstance(row, str)})
        self.proofs.add_refused([values.pop(line) for line in problems])
        problems |= {line: row for line, row in chunk if isinstance(row, str)}
        for line in sorted(problems):
            self._leave_out(line, "error", problems[line])
        good: dict[bytes, tuple[int, Values]] = {}
        indexes = blind_index.of_numbers([row.number or "" for row in values.values()])
        for index, (line, row) in zip(indexes, values.items(), strict=True):
            if index in good:
                self._leave_out(line, *_clash(_TWICE, row, good[index][1].name))
            else:
                good[index] = line, row
        return good, removed

    def _columns(self, new: Mapping[bytes, Values], uids: list[str]) -> dict[str, Iterable[Any]]:
        """What is written, by column. SQLite's driver looks closely at bytes, and not at a bytearray."""
        told: dict[str, Any] = dict(zip(Values._fields, zip(*new.values(), strict=True), strict=True))
        sealed = {f"{column}_sealed": self._sealed(column, uids, told.pop(field)) for field, column in _SEALED.items()}
        return {"uid": uids, "batch": repeat(self.result.batch), "id_index": map(bytearray, new), **sealed, **told}

    def _sealed(self, name: str, uids: list[str], values: Sequence[str | None]) -> list[bytearray | None]:
        table = LegacyHolder.__tablename__
        told = [(value.encode(), place(table, name, uid)) for uid, value in zip(uids, values, strict=True) if value]
        sealed = map(bytearray, self.ring.seal_all(told))
        return [next(sealed) if value else None for value in values]

    def withhold_shared(self, rows: Iterable[Row]) -> None:
        """Once all rows are added: take the proofs that several people have from all who have them.

        Only then the file is read once more, to tell the lines.
        """
        if not (shared := self.proofs.found(self.result.batch)):
            return
        if not self.dry_run:
            shared_proofs.withhold(shared)
        for chunk in _chunks(rows):
            taken = {line: row for line, row in chunk if line not in self.passed_over and not isinstance(row, str)}
            for line, row in self.reader.read(taken).values.items():
                self._tell_shared(line, row, shared)

    def _tell_shared(self, line: int, values: Values, shared: Mapping[int, str]) -> None:
        proofs = {field: number for field in PROOFS if (number := getattr(values, field))}
        lost = [field for field, number in proofs.items() if spelling(number) in shared]
        for field in lost:
            self._warn(line, _SHARED.format(TITLES[field]))
        self.result.unproven += bool(lost) and len(lost) == len(proofs)

    def _warn(self, line: int, text: str) -> None:
        self.result.warnings += 1
        self.found(Finding(line, "warning", text))

    def _leave_out(self, line: int, kind: Kind, text: str) -> None:
        self.result.left_out += 1
        self.result.conflicts += kind in CONFLICTS
        self.result.differing += kind == "differs"
        self.passed_over.add(line)
        self.found(Finding(line, kind, text))

    def _with_account(self, new: Mapping[bytes, Values]) -> dict[bytes, _Clash]:
        """The numbers that have an account, each with a message."""
        if not _ANY_ACCOUNT.first(db.session):  # when the register comes first, as it should
            return {}
        if not (accounts := [index for (index,) in self.accounts(list(new))]):
            return {}
        in_force = Account.state != AccountState.RESERVED
        query = select(Account.id_index, Account.name).where(Account.id_index.in_(accounts), in_force)
        return {index: _clash("该证件号码已注册账号", new[index], name) for index, name in db.session.execute(query)}


def _clash(said: str, values: Values, name: str | None) -> _Clash:
    """The number of this row is here already, with the same name or another one."""
    return ("conflict", said) if values.name == name else ("differs", f"{said}，姓名不同")


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


def _writer(table: Table, columns: Sequence[str]) -> Callable[[Mapping[str, Iterable[Any]]], int]:
    """Inserts rows, told by column, except numbers that are there; returns how many."""
    connection = db.session.connection()
    compiled = insert(table).inline().compile(dialect=connection.dialect, column_keys=columns)
    text, order = f"{compiled} ON CONFLICT (id_index) DO NOTHING", compiled.positiontup
    counted = {"preserve_rowcount": True}

    def write(told: Mapping[str, Iterable[Any]]) -> int:
        rows: Any = list(zip(*(told[name] for name in order or columns), strict=False))
        if not rows:
            return 0
        sent = rows if order else [dict(zip(columns, row, strict=True)) for row in rows]
        return connection.exec_driver_sql(text, sent, execution_options=counted).rowcount

    return write


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk


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
    batch, reported = _Batch(source, today, found, dry_run=dry_run), 0
    for chunk in _chunks(source.rows()):
        batch.add_chunk(chunk)
        progress(chunk[-1][0] - reported)
        reported = chunk[-1][0]
    batch.withhold_shared(source.rows())
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
    shared_proofs.forget(batch)
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
