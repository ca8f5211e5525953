"""``flask storage``: compares the encrypted files with the rows that name them."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from commands.report import progress, reporting
from lib.database import alone, transaction_mode
from lib.storage import Store, open_store
from lib.storage.s3 import S3Place, read_place
from models import db, keys, store
from services.operations import heartbeats, storage_check, storage_copy, sweeps
from services.papers import papers

group = AppGroup("storage", help="上传的文件：检查、清理、复制到另一处。")
STATES = {"missing": "缺失", "damaged": "损坏", "lost": "写入后读不到"}


@group.command("check")
@reporting
def check() -> None:
    """读取数据库里登记的每个文件，列出缺失或损坏的。"""
    with transaction_mode("DEFERRED"):
        named = papers.referenced()
        with progress("检查", len(named)) as step:
            bad = storage_check.check(store(), sorted(named), step)
        for where, address in storage_check.rows_naming(bad):
            click.echo(f"{STATES[bad[address]]}：{where}（{address[:12]}）")
    unnamed = sum(address not in named for address in store().addresses())
    click.echo(f"已登记的文件 {len(named)} 个，缺失或损坏 {len(bad)} 个；没有登记的文件 {unnamed} 个")
    if bad:
        raise click.ClickException(f"有 {len(bad)} 个文件缺失或损坏；请从备份恢复")


@group.command("sweep")
@click.option("--dry-run", is_flag=True, help="只显示会清理什么，不清理。")
@reporting
def sweep(dry_run: bool) -> None:
    """清理 24 小时以来没有登记的文件：先放入回收站，再过 24 小时删除。flask tick 每天做一次。"""
    with alone(db.engine, sweeps.LOCK) as nobody_else, transaction_mode("DEFERRED"):
        if not nobody_else:
            raise click.ClickException("另一台机器正在清理；请等它结束")
        done = sweeps.sweep(store(), dry_run=dry_run)
        db.session.rollback()
    if not dry_run:
        with transaction_mode("IMMEDIATE"):
            heartbeats.beat(sweeps.SWEPT)
            db.session.commit()
    words = "将要" if dry_run else "已"
    click.echo(
        f"{words}放入回收站 {len(done.trashed)} 个文件，从回收站删除 {len(done.removed)} 个，"
        f"取回 {len(done.restored)} 个，清理临时文件 {done.temporary} 个"
    )


@group.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.option("--verify", is_flag=True, help="两处都有的文件也逐个比较；要读取全部文件。")
@reporting
def copy(source: str, target: str, verify: bool) -> None:
    """把 FROM 有而 TO 没有的文件复制过去；两者都是目录或 s3://bucket/prefix。网站可以照常运行。

    每个文件复制后读回比较。中断后再运行一次即可。完成后修改 KUAIJI_UPLOADS。
    """
    if _place(source) == _place(target):
        raise click.UsageError("FROM 和 TO 是同一个地方")
    here, there = _opened(source, must_exist=True), _opened(target)
    there.try_writing()
    due = storage_copy.due(here, there, verify)
    with progress("复制", len(due)) as step:
        bad = storage_copy.copy(here, there, due, step)
    for address, problem in bad.items():
        click.echo(f"{STATES.get(problem, problem)}：{address[:12]}")
    click.echo(f"已复制并核对 {len(due) - len(bad)} 个文件，{len(bad)} 个没有成功；原处的文件没有删除")
    if bad:
        raise click.ClickException(
            f"{len(bad)} 个文件在 {there.place} 与 {here.place} 不一致；请查看上面的列表，再运行一次"
        )


def _place(text: str) -> Path | S3Place:
    """A place as KUAIJI_UPLOADS names it; a directory as the shell does."""
    try:
        found = read_place(text)
    except ValueError as error:
        raise click.UsageError(f"{text}：应为{error}") from error
    return found if isinstance(found, S3Place) else Path(found).resolve()


def _opened(text: str, must_exist: bool = False) -> Store:
    place, access = _place(text), current_app.config["S3"]
    if isinstance(place, S3Place):
        if problem := access.problem():
            raise click.ClickException(problem)
    elif must_exist and not place.is_dir():
        raise click.UsageError(f"{text} 不是目录")
    return open_store(place, access, keys())
