"""``flask storage``: compares the encrypted files with the rows that name them."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from commands.report import progress, reporting
from lib.database import transaction_mode
from models import store
from services.operations import storage_check
from services.papers import papers

group = AppGroup("storage", help="上传的文件：检查、清理。")
DAY = 24 * 3600
STATES = {"missing": "缺失", "damaged": "损坏"}


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
    """清理 24 小时以来没有登记的文件：先放入回收站，再过 24 小时删除。"""
    with transaction_mode("DEFERRED"):
        named = papers.referenced()
    done = store().sweep(named.__contains__, DAY, dry_run)
    words = "将要" if dry_run else "已"
    click.echo(
        f"{words}放入回收站 {len(done.trashed)} 个文件，从回收站删除 {len(done.removed)} 个，"
        f"取回 {len(done.restored)} 个，清理临时文件 {done.temporary} 个"
    )
