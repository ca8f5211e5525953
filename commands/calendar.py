"""``flask calendar``: the yearly notice on holidays, from a file or standard input."""

from __future__ import annotations

from typing import TextIO

import click
from flask.cli import AppGroup

from commands.report import reporting
from lib.workdays import HOLIDAY, WORKDAY
from models import db
from services.departments import holiday_notice, working_days
from services.departments.holiday_notice import NoticeUnreadable
from services.workflow import due_dates

KINDS = {HOLIDAY: "放假", WORKDAY: "上班"}
group = AppGroup("calendar", help="工作日历。")


@group.command("import")
@click.argument("file", type=click.File(encoding="utf-8-sig"))
@click.option("--source", default="", help="通知的文号，最多 60 个字。")
@click.option("--dry-run", is_flag=True, help="只显示会有什么变化，不保存。")
@reporting
def import_notice(file: TextIO, source: str, dry_run: bool) -> None:
    """录入国务院办公厅的放假通知（FILE；- 从标准输入读），并重新计算未办结的期限。"""
    try:
        notice = holiday_notice.read(file.read())
    except NoticeUnreadable as error:
        raise click.ClickException("\n".join(error.problems)) from error
    for day, kind in notice.kinds.items():
        click.echo(f"{day.isoformat()} {KINDS[kind]}")
    moved = due_dates.moved_by(working_days.with_notice(notice))
    if dry_run:
        click.echo(f"有 {moved} 个期限会改变；这次没有保存")
        return
    working_days.adopt(None, notice, source[:60])
    db.session.commit()
    while due_dates.reckon_again():
        db.session.commit()
    db.session.commit()
    click.echo(f"已录入 {notice.year} 年的工作日历；{moved} 个期限随之改变")
