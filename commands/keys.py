"""``flask keys``: which keys there are and what they seal; new ones for everything."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from commands.report import progress, reporting
from lib.database import transaction_mode
from lib.files import locked
from lib.storage import FileDamaged, FileMissing
from models import db, keys, store
from services import audit
from services.operations import key_rotation

group = AppGroup("keys", help="密钥：查看、更换。")

NOTICED_S = 3.0  # every process has looked at the key file by then
SETTLED_S = 60.0  # no request goes on for so long with a value that it sealed before


@group.command("list")
@reporting
def list_keys() -> None:
    """列出密钥，以及各用于多少个值和文件。要读每个值和文件的开头。"""
    with transaction_mode("DEFERRED"):
        values, unknown = key_rotation.sealed_with(), key_rotation.unknown_numbers()
        db.session.rollback()
    files = _files_by_key()
    held = keys().keys
    for key_id in sorted({*held.sealing, *values, *files}):
        there = "当前" if key_id == held.current else _state(key_id, key_id in held.sealing)
        click.echo(f"加密 {key_id} {there}：{sum(values.get(key_id, {}).values())} 个值，{files.get(key_id, 0)} 个文件")
        for where, count in sorted(values.get(key_id, {}).items()):
            click.echo(f"  {where}: {count}")
    for key_id in held.indexing:
        click.echo(f"检索 {key_id} {'当前' if key_id == held.current_index else _state(key_id, True)}")
    if unknown and len(held.indexing) > 1:
        click.echo(f"  因 {len(unknown)} 名工作人员的证件号码而保留：{'、'.join(unknown)}")


def _state(key_id: str, is_held: bool) -> str:
    return "备用" if key_id in keys().keys.prepared.values() else "旧" if is_held else "缺失"


def _files_by_key(without: Collection[str] = ()) -> dict[str, int]:
    found: dict[str, int] = {}
    for address in store().stored():
        if address in without:
            continue
        key_id = store().head(address)[1:].hex()
        found[key_id] = found.get(key_id, 0) + 1
    return found


@group.command("rotate")
@click.option("--prepare", is_flag=True, help="只把新密钥加进文件：有几台机器时要先分发。")
@click.option(
    "--settle",
    default=SETTLED_S,
    show_default=True,
    metavar="SECONDS",
    help="换用新密钥前已开始的请求最多还要多少秒。",
)
@reporting
def rotate(prepare: bool, settle: float) -> None:
    """更换所有可以更换的密钥；网站可以照常运行。中断后再运行一次即可。

    旧密钥不再使用时从文件里删除。完成后请重新备份密钥文件。
    """
    with _alone():
        ring = keys()
        ring.look_again()
        if not ring.keys.old and not ring.keys.prepared:
            ring.replace_file(ring.keys.with_prepared())
        if prepare:
            click.echo(f"{ring.path} 里已有新密钥；请把它复制到每台机器，再运行 flask keys rotate")
            return
        if ring.keys.prepared:
            time.sleep(min(NOTICED_S, settle))
            ring.replace_file(ring.keys.switched())
        time.sleep(settle)
        _rewrite_database()
        damaged = _rewrite_files()
        _retire(damaged)


@contextmanager
def _alone() -> Iterator[None]:
    file = Path(current_app.config["DATA"]) / "keys.lock"
    file.touch(mode=0o600)
    with locked(file):
        yield


def _rewrite_database() -> None:
    key_rotation.wait_for_writers()
    db.session.rollback()
    for one in key_rotation.passes():
        after, count = None, 0
        while batch := _next(one, after):
            if batch.values:
                batch.write()
                db.session.commit()
            after, count = batch.last, count + batch.values
        if count:
            click.echo(f"{one.name}：{count}", err=True)


def _next(one: key_rotation.Pass, after: object) -> key_rotation.Batch | None:
    with transaction_mode("DEFERRED"):
        batch = one.next_batch(after)
        db.session.rollback()
    return batch


def _rewrite_files() -> list[str]:
    """Returns the files that no key opens: they are damaged, and an old key would not bring them back."""
    head, damaged = keys().head, []
    due = [address for address in store().stored() if store().head(address) != head]
    with progress("文件", len(due)) as step:
        for address in due:
            try:
                store().reseal(address)
            except FileDamaged:
                damaged.append(address)
            except FileMissing:
                pass  # removed meanwhile
            step(1)
    return damaged


def _retire(damaged: list[str]) -> None:
    """Remove the old keys that nothing uses."""
    ring = keys()
    with transaction_mode("DEFERRED"):
        used, unknown = set(key_rotation.sealed_with()), key_rotation.unknown_numbers()
        db.session.rollback()
    used |= set(_files_by_key(damaged))
    used |= set(ring.keys.indexing) if unknown else set()
    gone = [key_id for key_id in ring.keys.old if key_id not in used]
    ring.replace_file(ring.keys.without(gone))
    audit.record("keys_rotate", None, detail=f"retired {' '.join(gone) or 'none'}")
    db.session.commit()
    click.echo(f"已停用的密钥：{'、'.join(gone) or '无'}")
    if damaged:
        click.echo(f"有 {len(damaged)} 个文件任何密钥都打不开；请运行 flask storage check 查看", err=True)
    if unknown:
        raise click.ClickException(
            f"旧密钥还要保留：{'、'.join(unknown)} 的证件号码只存有摘要；"
            "请用 flask staff set-number 重新录入，再运行 flask keys rotate"
        )
    if ring.keys.old:
        raise click.ClickException("旧密钥还在使用（见 flask keys list）；请再运行一次 flask keys rotate")
    click.echo(f"请重新备份 {ring.path}：以前的备份打不开新的数据")
