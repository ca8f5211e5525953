"""``flask backup``: makes back-ups of a running installation, checks them, and brings one back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import click
import flask_migrate
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from commands.doctor import migrations
from commands.report import one_line, progress, reporting
from commands.serve import claimed_port
from lib.backup import encryption
from lib.backup.archive import KEYS, Archive, BackupSummary
from lib.backup.encryption import BackupError
from lib.clock import local
from lib.database import failure_of, transaction_mode, utcnow
from lib.files import StorageFailure, temporary_file_beside
from models import db, keys, store
from services import audit
from services.operations import backup_runs, backups, restoring

group = AppGroup("backup", help="备份：生成密钥对、做备份、检查、恢复、查看、清理。")
SHOWN = 20  # damaged files that are named
TRIES = 12  # of five seconds each

_directory = click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
_name = click.option("--backup", "name", metavar="NAME", help="哪一份备份；不写是最新的。")
_identity = partial(click.option, "--identity", type=click.File("r"), help="私钥文件；- 从标准输入读。")


def _folder(directory: Path | None) -> Path:
    if found := directory or current_app.config["BACKUP_DIR"]:
        return Path(found)
    raise click.UsageError("请写出备份目录，或设置 KUAIJI_BACKUP_DIR")


@group.command("key")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@reporting
def key(file: Path) -> None:
    """生成一对备份密钥：私钥写入新文件 FILE，公钥显示出来。"""
    text, public = encryption.new_identity()
    with temporary_file_beside(file, text.encode()) as temporary:
        try:
            os.link(temporary, file)
        except FileExistsError as error:
            raise click.ClickException(f"{file} 已存在，没有改动；请换一个文件名") from error
    click.echo(f"KUAIJI_BACKUP_RECIPIENTS={public}")
    click.echo(f"私钥在 {file}：请移到别处保管（至少两份），不要留在本机；没有它，任何备份都打不开")


@group.command("create")
@_directory
@click.option("--with-keys", is_flag=True, help="把密钥文件也放进备份；设置了 KUAIJI_BACKUP_WITH_KEYS=yes 时总是放进。")
@reporting
def create(directory: Path | None, with_keys: bool) -> None:
    """做一份备份到 DIR；网站可以照常运行。只复制上次以后新增的文件。"""
    _report(_made(Archive.prepared(_folder(directory)), with_keys or current_app.config["BACKUP_WITH_KEYS"]))


def _report(summary: BackupSummary) -> None:
    click.echo(f"备份 {summary.name} 已完成：{summary.files} 个文件，共 {summary.size / 1e6:.1f} MB")
    if KEYS not in summary.parts:
        path = current_app.config["KEYS_FILE"]
        click.echo(f"备份里没有密钥文件；请确认 {path} 另有一份，丢失后证件号码、手机和图片都无法恢复", err=True)
    if summary.missing:
        click.echo(f"有 {len(summary.missing)} 个文件在备份前就已丢失；运行 flask storage check 查看", err=True)


def _made(archive: Archive, with_keys: bool) -> BackupSummary:
    keys_file = current_app.config["KEYS_FILE"] if with_keys else None
    source = backups.BackupSource(store(), keys(), _scratch(), keys_file)
    recipients = current_app.config["BACKUP_RECIPIENTS"]
    with archive.writing(), _recorded("create") as done, store().held(), transaction_mode("DEFERRED"):
        done.append(summary := backups.create(archive, source, recipients, partial(progress, "备份文件")))
    return summary


@contextmanager
def _recorded(kind: str) -> Iterator[list[BackupSummary]]:
    """Write down how it ended: what is appended is the back-up in question."""
    begun_at, done = utcnow(), list[BackupSummary]()
    try:
        yield done
    except Exception as error:
        db.session.rollback()
        with suppress(SQLAlchemyError):  # the database may be what is broken
            _write_down(kind, begun_at, done, one_line(error))
        raise
    _write_down(kind, begun_at, done, "")


def _write_down(kind: str, begun_at: Any, done: list[BackupSummary], problem: str) -> None:
    """Others may be writing without a pause: what took an hour is worth a minute of waiting."""
    for tries_left in reversed(range(TRIES)):
        try:
            with transaction_mode("IMMEDIATE"):
                backup_runs.record(kind, begun_at, done[-1] if done else None, problem)
                db.session.commit()
            return
        except DBAPIError as error:
            db.session.rollback()
            if not tries_left or failure_of(error) != StorageFailure.LOCKED:
                raise


def _scratch() -> Path:
    """In the file system of the database, into which a restored one is moved."""
    url = db.engine.url
    beside = Path(url.database).parent if url.drivername == "sqlite" and url.database else current_app.config["DATA"]
    return Path(beside) / "backup-scratch"


@group.command("verify")
@_directory
@_name
@_identity()
@reporting
def verify(directory: Path | None, name: str | None, identity: Any) -> None:
    """核对备份的校验和；有私钥时还逐个解密，与恢复时一样。"""
    archive = Archive(_folder(directory))
    with archive.reading():
        summary = archive.chosen(name)
        private = _private(identity, summary) if identity else None
        _verified(archive, summary, private)
    deep = "逐个解密，" if private else ""
    click.echo(f"备份 {summary.name} 完好：{deep}{summary.files} 个文件和数据库都与校验和一致")


def _private(file: Any, summary: BackupSummary) -> Any:
    identity = encryption.read_identity(file.read())
    if not encryption.is_for(identity, summary.recipients):
        raise BackupError(f"备份 {summary.name} 不是用这把私钥对应的公钥加密的；请换一个私钥文件")
    return identity


def _verified(archive: Archive, summary: BackupSummary, identity: Any = None) -> None:
    with _recorded("verify") as done, progress("核对", summary.files) as step:
        done.append(summary)
        if identity:
            bad = backups.verify_deeply(archive, summary, keys(), identity, _scratch(), step)
        else:
            bad = backups.verify(archive, summary, keys(), step)
        _list_bad(bad)
        if bad:
            raise BackupError(f"备份 {summary.name} 有 {len(bad)} 个文件缺少或损坏；请再做一份备份")


def _list_bad(bad: list[tuple[str, str]]) -> None:
    for address, problem in bad[:SHOWN]:
        click.echo(f"{address[:12]}：{problem}", err=True)


@group.command("restore")
@_directory
@_name
@_identity(required=True)
@click.option("--replace", is_flag=True, help="数据库里已有数据时，用备份代替它。")
@click.option("--incomplete", is_flag=True, help="跳过缺少或损坏的文件，其余照样恢复。")
@reporting
def restore(directory: Path | None, name: str | None, identity: Any, replace: bool, incomplete: bool) -> None:
    """用 DIR 里的备份恢复数据库和文件。请先停止服务；中断后再运行一次即可。"""
    archive = Archive(_folder(directory))
    with _nobody_serves(), archive.reading():
        summary = archive.chosen(name)
        _restore(archive, summary, _private(identity, summary), replace, incomplete)
    click.echo(
        f"备份 {summary.name} 已恢复：{summary.files} 个文件和数据库；请运行 flask init 和 flask doctor，再启动服务"
    )


@contextmanager
def _nobody_serves() -> Iterator[None]:
    config = current_app.config
    try:
        claim = claimed_port(config["HOST"], config["PORT"])
        claim.__enter__()
    except click.ClickException as error:
        raise click.ClickException(f"端口 {config['PORT']} 正在使用；请先停止服务，再恢复") from error
    try:
        yield
    finally:
        claim.__exit__(None, None, None)


def _restore(archive: Archive, summary: BackupSummary, identity: Any, replace: bool, incomplete: bool) -> None:
    target = _target()
    restoring.refuse(archive, summary, target, replace)
    ring = restoring.take_keys(archive, summary, target, keys(), identity)
    current_app.extensions["kuaiji.keys"] = ring
    current_app.extensions["kuaiji.store"] = kept = store().with_keys(ring)
    with progress("恢复文件", summary.files) as step:
        bad = restoring.restore_files(archive, summary, kept, identity, step)
    _list_bad(bad)
    if bad and not incomplete:
        raise BackupError(f"{len(bad)} 个文件缺少或损坏，数据库没有改动；请换一份备份，或加上 --incomplete 跳过它们")
    if before := restoring.restore_database(archive, summary, target, identity):
        click.echo(f"原来的数据库在 {before}")
    flask_migrate.upgrade()
    audit.record("backup_restore", None, detail=summary.name)
    db.session.commit()


def _target() -> restoring.Target:
    from alembic.script import ScriptDirectory

    config = current_app.config
    known = frozenset(script.revision for script in ScriptDirectory(str(migrations())).walk_revisions())
    return restoring.Target(config["KEYS_FILE"], _scratch(), known, _migrate)


def _migrate(connection: Connection, revision: str) -> None:
    """Inside the transaction of the connection."""
    from alembic import command

    config = current_app.extensions["migrate"].migrate.get_config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


@group.command("list")
@_directory
@reporting
def list_(directory: Path | None) -> None:
    """列出 DIR 里完整的备份，旧的在前。"""
    archive = Archive(_folder(directory))
    for name in archive.names():
        try:
            click.echo(_line(archive.summary(name)))
        except BackupError as error:
            click.echo(f"{name}\t{error}")
    if count := archive.unfinished():
        click.echo(f"另有 {count} 份没有做完；下次备份时清除", err=True)


def _line(summary: BackupSummary) -> str:
    made = local(backups.made_at(summary))
    words = "有密钥文件" if KEYS in summary.parts else "没有密钥文件"
    size = f"{summary.size / 1e6:.1f} MB"
    return "\t".join((summary.name, f"{made:%Y-%m-%d %H:%M}", summary.engine, f"{summary.files} 个文件", size, words))


@group.command("prune")
@_directory
@click.option("--keep", type=click.IntRange(1), help="留下最新的几份；不写则按 KUAIJI_BACKUP_KEEP。", metavar="N")
@reporting
def prune(directory: Path | None, keep: int | None) -> None:
    """删除旧的备份，和不再有备份用到的文件。"""
    _prune(Archive(_folder(directory)), keep or current_app.config["BACKUP_KEEP"])


def _prune(archive: Archive, keep: int) -> None:
    with archive.writing():
        old, files = archive.prune(keep)
    click.echo(f"已删除 {old} 份旧备份和 {files} 个文件，留下 {len(archive.names())} 份")


@group.command("scheduled")
@reporting
def scheduled() -> None:
    """定期备份：到时间了做一份，清理旧的，每周核对一次。由 flask tick 启动。"""
    config = current_app.config
    os.nice(10)
    with transaction_mode("DEFERRED"):
        is_due = backup_runs.is_due(config["BACKUP_HOUR"], utcnow())
        db.session.rollback()
    if not is_due:
        return
    archive = _mounted(_folder(None))
    _report(_made(archive, config["BACKUP_WITH_KEYS"]))
    _prune(archive, config["BACKUP_KEEP"])
    with transaction_mode("DEFERRED"):
        is_due = backup_runs.is_verification_due(utcnow())
        db.session.rollback()
    if is_due:
        with archive.reading():
            _verified(archive, archive.chosen(None))


def _mounted(folder: Path) -> Archive:
    """The first back-up is made by hand: where nothing is mounted, a folder must not be taken for a new one."""
    try:
        return Archive(folder)
    except BackupError as error:
        _write_down("create", utcnow(), [], str(error))
        raise
