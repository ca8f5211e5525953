"""``flask queue``: what the officers' lists are made of."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from commands.report import reporting
from models import db
from services.queue import index as queue_index

group = AppGroup("queue", help="审核列表及其计数和检索。")


@group.command("rebuild")
@reporting
def rebuild() -> None:
    """由申报记录重新生成审核列表、计数和检索；期间办理操作要等待。"""
    lines, records = queue_index.rebuild()
    db.session.commit()
    click.echo(f"已重新生成：申报 {lines} 份，档案 {records} 份")
