"""The self-examination of an installation: what is in order, what to look after, what is broken.

Each examination is short and changes nothing; the settings come as a mapping.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import pysqlite3.dbapi2 as sqlite_driver
from PIL import Image
from sqlalchemy import func, inspect, select
from sqlalchemy.exc import DBAPIError

from lib.clock import local
from lib.database import failure_of, utcnow, wal_is_safe
from lib.files import Note, StorageFailure
from lib.keyring import Keyring, Tampered
from lib.pdf import fonts
from lib.pictures import images
from lib.remote import clamd
from lib.remote.senders import NotSent
from lib.sandbox import client as sandbox
from lib.storage import Store
from models import Account, AssistanceRequest, Department, Division, LegacyHolder, Option, Staff, db, keys
from services.declaration import deadlines
from services.messages import outbox, sending
from services.old_register import shared_proofs
from services.operations import backup_runs

LOW_SPACE = 1 << 30  # bytes left where uploads go: about a thousand declarations
LONG_WAIT, DAY = timedelta(hours=1), timedelta(days=1)
NOTICE_MONTH = 11  # the State Council names next year's holidays in late October or November


@dataclass(frozen=True)
class DoctorFinding:
    """One thing looked at: ``ok``, ``warning`` (works, but look after it) or ``fault`` (does not work)."""

    level: Literal["ok", "warning", "fault"]
    text: str


def ok(text: str) -> DoctorFinding:
    return DoctorFinding("ok", text)


def warning(text: str) -> DoctorFinding:
    return DoctorFinding("warning", text)


def fault(text: str) -> DoctorFinding:
    return DoctorFinding("fault", text)


@dataclass(frozen=True)
class Notes:
    """What the running processes have noticed."""

    damage: Note
    proxy: Note


def examine(
    config: Mapping[str, Any], migrations: Path, store: Store, today: date, notes: Notes
) -> Iterator[DoctorFinding]:
    """Everything, in order. An examination that breaks is a fault and does not keep the others from running."""
    parts: list[Callable[[], Iterator[DoctorFinding]]] = [
        lambda: settings(config),
        lambda: proxy(config, notes.proxy),
        lambda: database(migrations),
        lambda: soundness(notes.damage),
        lambda: storage(store),
        pictures,
        lambda: scanner(config),
        print_fonts,
    ]
    if is_set_up():
        parts += [
            lambda: key_file(config["KEYS_FILE"], keys()),
            reference_data,
            lambda: backup(config),
            lambda: calendar(today),
            lambda: messages(config),
            old_register,
        ]
    for part in parts:
        try:
            yield from part()
        except Exception as error:
            yield fault(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no details'}")
            db.session.rollback()


def settings(config: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    yield ok(f"settings: {config['ENV']}, data in {config['DATA']}, address {config['BASE_URL']}")
    yield from map(warning, risky_settings(config))
    keys_file: Path = config["KEYS_FILE"]
    mode = stat.S_IMODE(keys_file.stat().st_mode)
    if mode & 0o077:
        yield warning(f"keys: {keys_file} can be read by others (mode {mode:o}); chmod 600 it")
    else:
        yield ok(f"keys: {keys_file}; keep a copy apart from the data, nothing opens without it")


def key_file(keys_file: Path, ring: Keyring) -> Iterator[DoctorFinding]:
    """Does it open this database, and is a rotation under way?"""
    if problem := foreign_keys(keys_file):
        yield fault(problem)
    elif ring.keys.old or ring.keys.prepared:
        old = ", ".join(ring.keys.old) or "none yet"
        yield warning(f"keys: a rotation is not finished (old keys: {old}); run flask keys rotate, see flask keys list")


def foreign_keys(keys_file: Path) -> str | None:
    """What is wrong when the key file does not open what the database holds, judged by one of the latest values."""
    tables: tuple[Any, ...] = (Account, LegacyHolder, AssistanceRequest, Staff)
    for mapped in tables:
        try:
            row = db.session.scalar(select(mapped).order_by(mapped.id.desc()).limit(1))
            secret = row and (row.totp_secret if isinstance(row, Staff) else row.id_number)
        except Tampered:
            return (
                f"keys: {keys_file} does not open what the database holds: it is another installation's, or older than "
                "the last rotation; bring the right one back from its back-up (docs/operations.md, Keys)"
            )
        if secret:
            break
    return None


def risky_settings(config: Mapping[str, Any]) -> list[str]:
    """What start-up warns about as well."""
    found = []
    if not config["STAFF_TOTP"]:
        found.append("KUAIJI_STAFF_TOTP=off: staff sign in without a second factor")
    if "none" in config["LEGACY_CLAIM_FACTORS"]:
        found.append("KUAIJI_LEGACY_CLAIM_FACTORS has none: a name and a number are enough to claim a legacy record")
    return found + list(config["WARNINGS"])


def proxy(config: Mapping[str, Any], seen: Note) -> Iterator[DoctorFinding]:
    """Anyone can send such a header: it is a hint, no proof."""
    if not config["PROXY_HOPS"] and (since := seen.read()):
        yield warning(
            f"KUAIJI_PROXY_HOPS=0, but a request of {since} carried X-Forwarded-For or Forwarded: if a proxy stands in "
            f"front, set the number of proxies; if none does, somebody sent it by hand: delete {seen.path}"
        )


def pending_migration(migrations: Path) -> str | None:
    """What keeps the database from being at the newest migration, or None."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(str(migrations)).get_current_head()
    with db.engine.connect() as connection:
        now = MigrationContext.configure(connection).get_current_revision()
    if now == head:
        return None
    if not is_set_up():
        return "database: empty; run flask init"
    return f"database: at migration {now or 'none'}, the program needs {head}; run flask init"


def is_set_up() -> bool:
    """Are there tables?"""
    try:
        return inspect(db.engine).has_table(Department.__tablename__)
    except DBAPIError:
        return False  # the examination of the database says why


def database(migrations: Path) -> Iterator[DoctorFinding]:
    dialect = db.engine.dialect.name
    if dialect == "sqlite":
        yield _sqlite()
    else:
        with db.engine.connect() as connection:
            version = connection.dialect.server_version_info or ()
        yield ok(f"database: {dialect} {'.'.join(map(str, version))}")
    pending = pending_migration(migrations)
    yield fault(pending) if pending else ok("database: at the newest migration")


def soundness(damage: Note) -> Iterator[DoctorFinding]:
    """Reads the whole file of SQLite. PostgreSQL checks its pages itself, if it was set up to."""
    seen = damage.read()
    if found := damage_found():
        yield fault(f"database: damaged: {found}; stop the service and restore a copy, then run flask init")
    elif seen:
        yield fault(f"database: damage was met ({seen}) and is not found now; run flask init to have it checked")


def damage_found() -> str:
    """The first damage that SQLite finds in its file, or nothing."""
    if db.engine.dialect.name != "sqlite":
        return ""
    try:
        with db.engine.connect() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar())
    except DBAPIError as error:
        if failure_of(error) != StorageFailure.DAMAGED:
            raise
        found = str(error.orig)
    return "" if found == "ok" else found.splitlines()[-1]


def _sqlite() -> DoctorFinding:
    version, name = sqlite_driver.sqlite_version_info, sqlite_driver.sqlite_version
    with db.engine.connect() as connection:
        journal = str(connection.exec_driver_sql("PRAGMA journal_mode").scalar()).upper()
    if not wal_is_safe(version):
        return warning(f"database: SQLite {name} can lose writes in WAL mode, so {journal} is used; it is slower")
    return ok(f"database: SQLite {name}, journal {journal}")


def reference_data() -> Iterator[DoctorFinding]:
    counts = {}
    for table in (Department, Division, Option):
        name = table.__tablename__
        counts[name] = db.session.scalar(select(func.count()).select_from(table)) or 0
    words = ", ".join(f"{count} {name}s" for name, count in counts.items())
    yield ok(f"reference data: {words}") if all(counts.values()) else fault(f"reference data: {words}; run flask init")


def storage(store: Store) -> Iterator[DoctorFinding]:
    try:
        store.try_writing()
    except OSError as error:
        yield fault(f"storage: cannot write to {store.place}: {error.strerror}")
        return
    if (free := store.free()) is None:
        yield ok(f"storage: {store.place}, can be written")
        return
    text = f"storage: {store.place}, {free / (1 << 30):.1f} GiB free"
    yield ok(text) if free >= LOW_SPACE else warning(text)


def print_fonts() -> Iterator[DoctorFinding]:
    for path in (fonts.SERIF, fonts.LABEL_SUBSET):
        if not path.is_file():
            yield fault(f"fonts: {path} is missing; sheets cannot be printed")
            return
    if found := fonts.fallbacks_found():
        yield ok(f"fonts: {fonts.SERIF.name}, {', '.join(path.name for path in found)}")
    else:
        yield warning(
            "fonts: no fallback for rare characters (extensions B to F print as □); install the package fonts-hanazono"
        )


def pictures() -> Iterator[DoctorFinding]:
    """Is there a child process that decodes?"""
    sample = images.encode_jpeg(Image.new("RGB", (images.MIN_SIDE, images.MIN_SIDE)), images.QUALITY)
    sandbox.run("paper", sample)
    yield ok("pictures: decoded in a bounded child process")


def scanner(config: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    address = config["CLAMD"]
    if not address:
        return
    try:
        there, why = clamd.ping(address), "it does not answer to PING"
    except clamd.ScannerUnavailable as error:
        there, why = False, str(error)
    if there:
        yield ok(f"clamd: answers at {address}")
    elif config["CLAMD_FAIL"] == "closed":
        yield fault(f"clamd: no picture can be uploaded until it answers: {why}")
    else:
        yield warning(f"clamd: files are taken unchecked until it answers: {why}")


def messages(config: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    """Do the servers answer that carry messages away, and does the outbox empty?"""
    for channel, sender in sending.senders(config).items():
        try:
            sender.check()
            yield ok(f"{channel}: the server answers")
        except NotSent as error:
            yield fault(f"{channel}: {error}")
    waiting = outbox.backlog(utcnow() - DAY)
    if waiting.oldest and waiting.oldest < utcnow() - LONG_WAIT:
        yield warning(f"outbox: {waiting.unsent} messages are due, the oldest of {waiting.oldest:%Y-%m-%d %H:%M} UTC")
    if waiting.given_up:
        yield warning(f"outbox: {waiting.given_up} messages of the last day were given up; see 管理, 消息发送情况")


def backup(config: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    """Could everything be brought back tomorrow?"""
    found = backup_runs.health(is_scheduled := config["BACKUP_DIR"] is not None)
    if found.failed:
        yield fault(f"备份：{local(found.failed.ended_at):%Y-%m-%d %H:%M} 失败：{found.failed.problem}")
    if not is_scheduled:
        yield warning("备份：没有设置 KUAIJI_BACKUP_DIR，不会自动备份；磁盘损坏时将失去全部资料")
    if found.made:
        when = f"{local(found.made.ended_at):%Y-%m-%d %H:%M}"
        yield fault(f"备份：上次在 {when}，已经过期") if found.late else ok(f"备份：上次在 {when}")
    elif is_scheduled:
        yield fault("备份：还没有做过；请运行 flask backup create 做第一份，以后由 flask tick 每天做")
    if found.verified:
        yield ok(f"备份：上次核对在 {local(found.verified.ended_at):%Y-%m-%d %H:%M}")
    if not (found.made and found.made.with_keys):
        yield warning(keys_are_needed(config["KEYS_FILE"]))


def keys_are_needed(keys_file: Path) -> str:
    """Said at set-up, too."""
    return (
        f"密钥文件 {keys_file} 不在备份里：请另存一份，或设置 KUAIJI_BACKUP_WITH_KEYS=yes；"
        "丢失后证件号码、手机号码和图片都无法恢复"
    )


def old_register() -> Iterator[DoctorFinding]:
    """Whose 档案号 and 证书编号 prove nothing: they can claim their record by an activation code only."""
    counts = shared_proofs.withheld()
    if total := sum(counts.values()):
        words = ", ".join(f"{count} {reason}" for reason, count in sorted(counts.items()))
        yield warning(f"old register: {total} numbers are no proofs any more ({words}); see the page 原持证人名册")


def calendar(today: date) -> Iterator[DoctorFinding]:
    known = deadlines.calendar().known_years
    lacking = [year for year in (today.year, today.year + 1) if year not in known]
    if today.month < NOTICE_MONTH and lacking == [today.year + 1]:
        lacking = []
    for year in lacking:
        yield warning(f"calendar: the holidays of {year} are not known yet; due dates are estimates")
    if not lacking:
        yield ok(f"calendar: holidays known up to {max(known)}")
