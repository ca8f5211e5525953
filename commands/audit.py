"""``flask audit``: verify the chain over the audit trail, print its head, export events."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import func, select

from commands.report import progress, reporting
from lib.database import transaction_mode
from models import EventSeal, db
from services import audit
from services.administration import audit_seals, audit_search
from services.administration.audit_search import EventQuery

group = AppGroup("audit", help="操作日志：核对校验链、导出、显示最新链节。")


def _known(printed: str | None) -> audit_seals.ChainHead:
    if not printed:
        return audit_seals.read_head(Path(current_app.config["DATA"]) / audit_seals.HEAD_FILE)
    try:
        return audit_seals.parse_head(printed)
    except ValueError as error:
        raise click.UsageError(f"{printed!r} 不是链节；应是 flask audit head 显示的一行") from error


@group.command("verify")
@click.option("--head", "printed", metavar="POSITION:DIGEST", help="以前打印的链节；不写则用 DATA 里保存的。")
@reporting
def verify(printed: str | None) -> None:
    """逐条核对操作日志；不一致时指出第一条有问题的记录，退出码为 1。"""
    known = _known(printed)
    with transaction_mode("DEFERRED"):
        rows = db.session.scalar(select(func.max(EventSeal.position))) or 0
        with progress("核对", rows) as step:
            found = audit_seals.verify(known, step)
        db.session.rollback()
    audit.record("audit_verify", None, detail=found.summary)
    db.session.commit()
    if found.problem:
        raise click.ClickException(
            f"核对不一致：{found.problem}；请保存数据库，查明原因（docs/operations.md, The audit trail）"
        )
    click.echo(f"已核对 {found.checked} 条记录，都和写入时一致；另有 {found.waiting} 条还没有加入校验链")


@group.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="开始日期。")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="结束日期。")
@reporting
def export(file: Path, since: datetime | None, until: datetime | None) -> None:
    """把操作记录写入新文件 FILE（CSV），新的在前。证件号码只显示部分数字。"""
    query = EventQuery(since.date() if since else None, until.date() if until else None)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with transaction_mode("DEFERRED"), open(descriptor, "w", encoding="utf-8", newline="") as out:
        count = audit_search.export(None, query, out, sys.maxsize)
        db.session.rollback()
    audit.record("audit_export", None, detail=f"{count} rows")
    db.session.commit()
    click.echo(f"已导出 {count} 条记录到 {file}")


@group.command("head")
@reporting
def head() -> None:
    """显示校验链的最新链节，请另行保管。"""
    with transaction_mode("DEFERRED"):
        click.echo(audit_seals.head().printed)
