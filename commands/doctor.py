"""``flask doctor``: checks the installation."""

from __future__ import annotations

from pathlib import Path

import click
from flask import current_app

from commands.report import reporting
from commands.storage import store
from lib.clock import today
from lib.database import transaction_mode
from services.operations import doctor

MARKS = {"ok": ("正常", "green"), "warning": ("提醒", "yellow"), "fault": ("故障", "red")}


def migrations() -> Path:
    return Path(current_app.root_path) / "migrations"


@click.command("doctor")
@reporting
def command() -> None:
    """检查设置、数据库、存储、字体、日历和备份；有故障时退出码为 1。"""
    faults = 0
    notes = doctor.Notes(*(current_app.extensions[f"kuaiji.{name}"] for name in ("damage", "proxy")))
    with transaction_mode("DEFERRED"):
        for found in doctor.examine(current_app.config, migrations(), store(), today(), notes):
            word, colour = MARKS[found.level]
            click.echo(f"{click.style(word, fg=colour)}  {found.text}")
            faults += found.level == "fault"
    if faults:
        raise click.ClickException(f"有 {faults} 处故障；请按上面的说明处理，再运行一次")
