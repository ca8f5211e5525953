"""The self-examination of an installation: what is in order, what to look after, what is broken.

Each examination is short and changes nothing; the settings come as a mapping.
"""

from __future__ import annotations

import platform
import stat
import tomllib
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
from services.operations import backup_runs, sweeps

ROOT = Path(__file__).parents[2]
LOW_SPACE = 1 << 30  # bytes left where uploads go: about a thousand declarations
LONG_WAIT, DAY = timedelta(hours=1), timedelta(days=1)
WITHHELD = {"broken": "已损坏", "shared": "多人相同", "refused": "与未导入的行相同"}
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
            lambda: sweep(config),
            lambda: calendar(today),
            lambda: messages(config),
            old_register,
        ]
    for part in parts:
        try:
            yield from part()
        except Exception as error:
            yield fault(
                f"这一项没能检查：{type(error).__name__}: {str(error).splitlines()[0] if str(error) else '没有说明'}"
            )
            db.session.rollback()


def version() -> str:
    """Of the product, as pyproject.toml tells it."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])


def settings(config: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    yield ok(f"版本：{version()}（Python {platform.python_version()}）")
    yield ok(f"设置：{config['ENV']}，数据在 {config['DATA']}，网址 {config['BASE_URL']}")
    yield from map(warning, risky_settings(config))
    keys_file: Path = config["KEYS_FILE"]
    mode = stat.S_IMODE(keys_file.stat().st_mode)
    if mode & 0o077:
        yield warning(f"密钥：别人也能读 {keys_file}（权限 {mode:o}）；请运行 chmod 600")
    else:
        yield ok(f"密钥：{keys_file}；请与数据分开另存一份，没有它什么也打不开")


def key_file(keys_file: Path, ring: Keyring) -> Iterator[DoctorFinding]:
    """Does it open this database, and is a rotation under way?"""
    if problem := foreign_keys(keys_file):
        yield fault(problem)
    elif ring.keys.old or ring.keys.prepared:
        old = "、".join(ring.keys.old) or "还没有"
        yield warning(f"密钥：更换还没有完成（旧密钥：{old}）；请运行 flask keys rotate，可用 flask keys list 查看")


def foreign_keys(keys_file: Path) -> str | None:
    """What is wrong when the key file does not open what the database holds, judged by one of the latest values."""
    tables: tuple[Any, ...] = (Account, LegacyHolder, AssistanceRequest, Staff)
    for mapped in tables:
        try:
            row = db.session.scalar(select(mapped).order_by(mapped.id.desc()).limit(1))
            secret = row and (row.totp_secret if isinstance(row, Staff) else row.id_number)
        except Tampered:
            return (
                f"密钥：{keys_file} 打不开数据库里的内容，它属于另一套系统，或早于上次更换；"
                "请从备份换回正确的文件（docs/operations.md, Keys）"
            )
        if secret:
            break
    return None


def risky_settings(config: Mapping[str, Any]) -> list[str]:
    """What start-up warns about as well."""
    found = []
    if not config["STAFF_TOTP"]:
        found.append("KUAIJI_STAFF_TOTP=off：工作人员登录不需要动态验证码；请改为 required")
    if "none" in config["LEGACY_CLAIM_FACTORS"]:
        found.append("KUAIJI_LEGACY_CLAIM_FACTORS 含有 none：只凭姓名和证件号码就能领取原有记录；请去掉 none")
    return found + list(config["WARNINGS"])


def proxy(config: Mapping[str, Any], seen: Note) -> Iterator[DoctorFinding]:
    """Anyone can send such a header: it is a hint, no proof."""
    if not config["PROXY_HOPS"] and (since := seen.read()):
        yield warning(
            f"KUAIJI_PROXY_HOPS=0，但 {since} 的一个请求带有 X-Forwarded-For 或 Forwarded：前面有代理时请设置代理层数；"
            f"没有代理时是有人自己加的，请删除 {seen.path}"
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
        return "数据库：还是空的；请运行 flask init"
    return f"数据库：版本是 {now or '无'}，程序需要 {head}；请运行 flask init"


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
        yield ok(f"数据库：{dialect} {'.'.join(map(str, version))}")
    pending = pending_migration(migrations)
    yield fault(pending) if pending else ok("数据库：版本是最新的")


def soundness(damage: Note) -> Iterator[DoctorFinding]:
    """Reads the whole file of SQLite. PostgreSQL checks its pages itself, if it was set up to."""
    seen = damage.read()
    if found := damage_found():
        yield fault(f"数据库：已损坏：{found}；请停止服务，恢复备份，再运行 flask init")
    elif seen:
        yield fault(f"数据库：曾遇到损坏（{seen}），现在没有发现；请运行 flask init 检查")


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
        return warning(f"数据库：SQLite {name} 在 WAL 方式下可能丢失写入，改用 {journal}，较慢；请升级 SQLite")
    return ok(f"数据库：SQLite {name}，日志方式 {journal}")


def reference_data() -> Iterator[DoctorFinding]:
    counts = {}
    for table, name in ((Department, "部门"), (Division, "区划"), (Option, "选项")):
        counts[name] = db.session.scalar(select(func.count()).select_from(table)) or 0
    words = "，".join(f"{name} {count} 个" for name, count in counts.items())
    yield ok(f"基础数据：{words}") if all(counts.values()) else fault(f"基础数据：{words}；请运行 flask init")


def storage(store: Store) -> Iterator[DoctorFinding]:
    try:
        store.try_writing()
    except OSError as error:
        yield fault(f"存储：不能写入 {store.place}（{error.strerror}）；请检查权限、挂载和空间")
        return
    if (free := store.free()) is None:
        yield ok(f"存储：{store.place}，可以写入")
        return
    text = f"存储：{store.place}，剩余 {free / (1 << 30):.1f} GiB"
    yield ok(text) if free >= LOW_SPACE else warning(f"{text}；请腾出空间")


def sweep(config: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    if sweeps.is_late(config):
        yield warning("文件清理：已有两天没有完成；请运行 flask storage sweep，看它说什么")


def print_fonts() -> Iterator[DoctorFinding]:
    for path in (fonts.SERIF, fonts.LABEL_SUBSET):
        if not path.is_file():
            yield fault(f"字体：缺少 {path}，不能打印信息表；请恢复这个文件")
            return
    if found := fonts.fallbacks_found():
        yield ok(f"字体：{fonts.SERIF.name}、{'、'.join(path.name for path in found)}")
    else:
        yield warning("字体：没有生僻字字体，扩展 B 至 F 区的字打印成 □；请安装软件包 fonts-hanazono")


def pictures() -> Iterator[DoctorFinding]:
    """Is there a child process that decodes?"""
    sample = images.encode_jpeg(Image.new("RGB", (images.MIN_SIDE, images.MIN_SIDE)), images.QUALITY)
    sandbox.run("paper", sample)
    yield ok("图片：在受限的子进程里解码")


def scanner(config: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    address = config["CLAMD"]
    if not address:
        return
    try:
        there, why = clamd.ping(address), "对 PING 没有应答"
    except clamd.ScannerUnavailable as error:
        there, why = False, str(error)
    if there:
        yield ok(f"clamd：{address} 连接正常")
    elif config["CLAMD_FAIL"] == "closed":
        yield fault(f"clamd：连接不上，现在不能上传图片；请检查 KUAIJI_CLAMD 和 clamd（{why}）")
    else:
        yield warning(f"clamd：连接不上，上传的文件没有经过检查；请检查 KUAIJI_CLAMD 和 clamd（{why}）")


def messages(config: Mapping[str, Any]) -> Iterator[DoctorFinding]:
    """Do the servers answer that carry messages away, and does the outbox empty?"""
    for channel, sender in sending.senders(config).items():
        try:
            sender.check()
            yield ok(f"{channel.label}：服务器连接正常")
        except NotSent as error:
            yield fault(f"{channel.label}：{error}；请检查设置和服务器")
    waiting = outbox.backlog(utcnow() - DAY)
    if waiting.oldest and waiting.oldest < utcnow() - LONG_WAIT:
        oldest = f"{local(waiting.oldest):%Y-%m-%d %H:%M}"
        yield warning(f"待发消息：有 {waiting.unsent} 条到时间没有发出，最早的是 {oldest}；请检查邮件和短信服务器")
    if waiting.given_up:
        yield warning(f"待发消息：最近一天有 {waiting.given_up} 条没能发出；请看 管理 → 消息发送情况")


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
        words = "，".join(f"{WITHHELD[reason]} {count} 个" for reason, count in sorted(counts.items()))
        yield warning(f"原持证人名册：有 {total} 个号码不能再作凭证（{words}）；请看 管理 → 原持证人名册")


def calendar(today: date) -> Iterator[DoctorFinding]:
    known = deadlines.calendar().known_years
    lacking = [year for year in (today.year, today.year + 1) if year not in known]
    if today.month < NOTICE_MONTH and lacking == [today.year + 1]:
        lacking = []
    for year in lacking:
        yield warning(f"日历：还没有 {year} 年的放假安排，期限只是估计；请在 管理 → 工作日历 录入通知")
    if not lacking:
        yield ok(f"日历：放假安排已录入到 {max(known)} 年")
