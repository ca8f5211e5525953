"""Rotating keys: every sealed value is sealed again, every blind index made again, in batches that may be repeated.

A batch is read without a lock, and written in a short transaction that changes a value only if it is still the one that
was read. Nothing is remembered between batches: a run that was killed begins again, and passes over what is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    LargeBinary,
    and_,
    bindparam,
    column,
    func,
    literal_column,
    null,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.sql.expression import ColumnElement

from lib.database import advisory_lock, append_only_statements
from lib.keyring import HEAD_LENGTH, Keyring, Tampered
from lib.sealed import Sealed, place
from models import (
    Account,
    AccountChange,
    AssistanceRequest,
    Base,
    InternalNote,
    LegacyHolder,
    Revision,
    SearchKey,
    Staff,
    Upload,
    UploadPart,
    db,
    keys,
)
from services.accounts import blind_index
from services.papers import resumable_uploads

BATCH = 500
TAILS_A_BATCH = 2000
REPAIR = "请查明原因，或恢复备份，再运行 flask keys rotate"
TAILS = [f"{number:04d}" for number in range(10_000)]
_ONLY_ADDED = {model.__tablename__ for model in (Revision, AccountChange, InternalNote)}


class NotReadable(Exception):
    """A value that no key opens, or a hash that no key makes: nothing may be retired."""


@dataclass(frozen=True)
class Batch:
    """What was read: go on behind ``last``; ``write`` changes ``values`` of them."""

    last: Any
    values: int
    write: Callable[[], None]


@dataclass(frozen=True)
class Pass:
    """``next_batch(after)``: None at the end. The caller commits after each batch's ``write``."""

    name: str
    next_batch: Callable[[Any], Batch | None]


def passes() -> list[Pass]:
    """All that is to be done in the database."""
    sealed = [Pass(f"{mapped.__tablename__} 的值", _sealed_of(mapped)) for mapped in sealed_tables()]
    numbers = [Pass(f"{mapped.__tablename__} 的证件号码", _numbers_of(mapped)) for mapped in _WITH_NUMBERS]
    parts = Pass("上传中的文件", _upload_parts)
    return [*sealed, parts, *numbers, Pass("手机号码", _phones), Pass("手机尾号", _tails)]


# --- sealed values ----------------------------------------------------------------------------------------------------


def sealed_tables() -> list[Any]:
    """Every table with sealed columns."""
    mapped = (mapper.class_ for mapper in Base.registry.mappers)
    return sorted((one for one in mapped if sealed_columns(one)), key=lambda one: str(one.__tablename__))


def sealed_columns(mapped: Any) -> dict[str, str]:
    """Column -> the name that its values are bound to."""
    known = (vars(base).items() for base in mapped.__mro__)
    return {one.column: name for attributes in known for name, one in attributes if isinstance(one, Sealed)}


def head_of(value: Any) -> ColumnElement[bytes]:
    """Format and key id of a sealed value."""
    return func.substr(value, literal_column("1"), literal_column(str(HEAD_LENGTH)), type_=LargeBinary)


def _is_due(values: Any) -> ColumnElement[bool]:
    return or_(*(head_of(value) != keys().head for value in values))


def _sealed_of(mapped: Any) -> Callable[[Any], Batch | None]:
    names = sealed_columns(mapped)
    columns = [getattr(mapped, name) for name in names]

    def next_batch(after: Any) -> Batch | None:
        query = select(mapped.id, mapped.uid, *columns).where(mapped.id > (after or 0), _is_due(columns))
        rows = db.session.execute(query.order_by(mapped.id).limit(BATCH)).all()
        if not rows:
            return None
        ring = keys()
        changes = [
            (row.id, name, getattr(row, name), place(mapped.__tablename__, bound, row.uid))
            for row in rows
            for name, bound in names.items()
            if getattr(row, name) is not None and not ring.is_current(getattr(row, name))
        ]
        again = _sealed_again([(value, aad) for _id, _name, value, aad in changes])
        written = [(row_id, name, old, new) for (row_id, name, old, _aad), new in zip(changes, again, strict=True)]
        return Batch(rows[-1].id, len(written), lambda: _write_sealed(mapped.__tablename__, written))

    return next_batch


def _sealed_again(values: list[tuple[bytes, str]]) -> list[bytes]:
    ring = keys()
    try:
        return ring.seal_all([(ring.open(value, aad), aad) for value, aad in values])
    except Tampered as error:
        named = next(aad for value, aad in values if not _opens(ring, value, aad))
        raise NotReadable(f"{named} 任何密钥都打不开（{error}）；{REPAIR}") from error


def _opens(ring: Keyring, value: bytes, aad: str) -> bool:
    try:
        ring.open(value, aad)
    except Tampered:
        return False
    return True


def _write_sealed(name: str, written: list[tuple[int, str, bytes, bytes]]) -> None:
    """By a bare table: no column of the row follows, and no version counts up."""
    for changed in sorted({change[1] for change in written}):
        bare = table(name, column("id"), column(changed, LargeBinary))
        is_same = and_(bare.c.id == bindparam("row"), bare.c[changed] == bindparam("old", type_=LargeBinary))
        change = update(bare).where(is_same).values({changed: bindparam("new", type_=LargeBinary)})
        values = [{"row": row, "old": old, "new": new} for row, name_, old, new in written if name_ == changed]
        with _changes_allowed(name):
            db.session.connection().execute(change, values)


@contextmanager
def _changes_allowed(name: str) -> Iterator[None]:
    """Within this transaction, which nobody else sees before the table refuses changes again."""
    if name not in _ONLY_ADDED:
        yield
        return
    dialect = db.engine.dialect.name
    if dialect == "sqlite":
        db.session.execute(text(f"DROP TRIGGER {name}_no_update"))
        yield
        db.session.execute(text(append_only_statements(name, dialect)[0]))
    else:
        db.session.execute(text(f"ALTER TABLE {name} DISABLE TRIGGER {name}_only_added"))
        yield
        db.session.execute(text(f"ALTER TABLE {name} ENABLE TRIGGER {name}_only_added"))


def _upload_parts(after: Any) -> Batch | None:
    """What has arrived of uploads."""
    here = (UploadPart.upload_id, UploadPart.start)
    query = select(*here, UploadPart.sealed, Upload.uid).join(Upload, Upload.id == UploadPart.upload_id)
    query = query.where(_is_due([UploadPart.sealed])).order_by(*here).limit(10)
    if after:
        upload_id, start = after
        query = query.where(or_(here[0] > upload_id, and_(here[0] == upload_id, here[1] > start)))
    rows = db.session.execute(query).all()
    if not rows:
        return None
    again = _sealed_again([(row.sealed, resumable_uploads.place_of_part(row.uid, row.start)) for row in rows])
    written = list(zip(rows, again, strict=True))
    return Batch((rows[-1].upload_id, rows[-1].start), len(rows), lambda: _write_parts(written))


def _write_parts(written: list[tuple[Any, bytes]]) -> None:
    for row, sealed in written:
        is_same = UploadPart.upload_id == row.upload_id, UploadPart.start == row.start, UploadPart.sealed == row.sealed
        db.session.execute(update(UploadPart).where(*is_same).values(sealed=sealed))


# --- blind indexes ----------------------------------------------------------------------------------------------------

_WITH_NUMBERS = (Account, LegacyHolder, AssistanceRequest, Staff)


@dataclass(frozen=True)
class _Moved:
    """One value, and the hash under which its rows are found from now on."""

    value: str
    old: bytes
    new: bytes


def _numbers_of(mapped: Any) -> Callable[[Any], Batch | None]:
    def next_batch(after: Any) -> Batch | None:
        return _next_moved(mapped, "id_number", mapped.id_index, mapped.id_number_sealed, after, _move_numbers)

    return next_batch


def _phones(after: Any) -> Batch | None:
    return _next_moved(Account, "phone", Account.phone_index, Account.phone_sealed, after, _move_phones)


def _next_moved(
    mapped: Any, purpose: str, index: Any, sealed: Any, after: Any, write: Callable[[list[_Moved]], None]
) -> Batch | None:
    query = select(mapped.id, mapped.uid, index.label("found"), sealed.label("sealed"))
    query = query.where(mapped.id > (after or 0), sealed.is_not(None), index.is_not(None))
    rows = db.session.execute(query.order_by(mapped.id).limit(BATCH)).all()
    if not rows:
        return None
    ring, moved = keys(), []
    for row in rows:
        value = ring.open(row.sealed, place(mapped.__tablename__, purpose, row.uid)).decode()
        hashes = ring.indexes(purpose, value)
        if row.found not in hashes:
            raise NotReadable(f"{mapped.__tablename__} {row.id} 的 {purpose} 与索引不符；{REPAIR}")
        if row.found != hashes[0]:
            moved.append(_Moved(value, row.found, hashes[0]))
    return Batch(rows[-1].id, len(moved), lambda: write(moved))


def _move_numbers(moved: list[_Moved]) -> None:
    """All rows of a number at once. An officer whose number was kept as a hash only gets it sealed as well."""
    advisory_lock(db.session, *(one.new for one in moved))
    numbers = {one.old: one.value for one in moved}
    unsealed = select(Staff).where(Staff.id_index.in_(numbers), Staff.id_number_sealed.is_(None))
    for officer in db.session.scalars(unsealed):
        officer.id_number = numbers[officer.id_index or b""]
    db.session.flush()
    _move(blind_index.NUMBERS, moved)


def _move_phones(moved: list[_Moved]) -> None:
    advisory_lock(db.session, *(one.new for one in moved))
    _move(blind_index.PHONES, moved)


def _move(columns: tuple[Any, ...], moved: list[_Moved]) -> None:
    for one in columns if moved else ():
        bare = table(one.class_.__tablename__, column(one.key, LargeBinary))
        found = bare.c[one.key] == bindparam("old", type_=LargeBinary)
        change = update(bare).where(found).values({one.key: bindparam("new", type_=LargeBinary)})
        db.session.connection().execute(change, [{"old": one.old, "new": one.new} for one in moved])


def _tails(after: Any) -> Batch | None:
    """Every tail there is: nothing has to be opened."""
    begin = after or 0
    tails = TAILS[begin : begin + TAILS_A_BATCH] if len(keys().keys.indexing) > 1 else []
    if not tails:
        return None
    used = blind_index.tail_keys_in_use()
    found = [(new, old) for new, *older in map(blind_index.tail_keys, tails) for old in older if old in used]
    return Batch(begin + TAILS_A_BATCH, len(found), lambda: _write_tails(found))


def _write_tails(found: list[tuple[str, str]]) -> None:
    advisory_lock(db.session, *(new.encode() for new, _old in found))
    for new, old in found:
        change = update(SearchKey).where(*blind_index.with_key(old)).values(key=new)
        db.session.execute(change, execution_options={"synchronize_session": False})


# --- what is still in use ---------------------------------------------------------------------------------------------


def wait_for_writers() -> None:
    """Return when no transaction is open that began to write before: what comes later uses the current keys."""
    if db.engine.dialect.name == "postgresql":
        for name in ("upload_part", *(one.__tablename__ for one in sealed_tables())):
            db.session.execute(text(f"LOCK TABLE {name} IN SHARE MODE"))
    else:
        db.session.connection()  # BEGIN IMMEDIATE


def sealed_with() -> dict[str, dict[str, int]]:
    """Key id -> table.column -> the number of values. Reads the heads of all values."""
    found: dict[str, dict[str, int]] = {}
    for mapped in sealed_tables():
        for name in sealed_columns(mapped):
            _count(found, f"{mapped.__tablename__}.{name}", getattr(mapped, name))
    _count(found, "upload_part.sealed", UploadPart.sealed)
    return found


def _count(found: dict[str, dict[str, int]], where: str, value: Any) -> None:
    query = select(head_of(value), func.count()).where(value.is_not(null())).group_by(head_of(value))
    for head, count in db.session.execute(query):
        found.setdefault(head[1:].hex(), {})[where] = count


def unknown_numbers() -> list[str]:
    """The user names of officers whose number is kept as a hash only: under which key, nobody can tell."""
    query = select(Staff.username).where(Staff.id_index.is_not(None), Staff.id_number_sealed.is_(None))
    return list(db.session.scalars(query.order_by(Staff.username)))
