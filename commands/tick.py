"""``flask tick``: regular jobs. ``flask serve`` does them every minute; elsewhere a timer calls it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click
from flask import current_app

from commands import messages
from commands.report import one_line, reporting
from lib.database import alone
from models import db
from services.operations import backup_runs, heartbeats, scheduled_jobs, sweeps

LOCK = b"kuaiji tick"


def tick() -> tuple[dict[str, int], dict[str, str]]:
    """Run every job in its own transaction; a failing job does not stop the others.

    Returns results (job -> rows) and failures (job -> reason); nothing while another machine does the same.
    """
    with alone(db.engine, LOCK) as nobody_else:
        return _run_jobs() if nobody_else else ({}, {})


def _run_jobs() -> tuple[dict[str, int], dict[str, str]]:
    done, failed = {}, {}
    for name, job in [*scheduled_jobs.jobs(_installation()).items(), ("记下完成的时间", _beat)]:
        try:
            done[name] = job()
            db.session.commit()
        except Exception as error:
            db.session.rollback()
            failed[name] = one_line(error)
    db.session.remove()
    return done, failed


def _beat() -> int:
    heartbeats.beat(heartbeats.TICK)
    return 0


def _installation() -> scheduled_jobs.Installation:
    config = current_app.config
    store, root = current_app.extensions["kuaiji.store"], Path(current_app.root_path)
    hour = config["DIGEST_HOUR"]
    starts = partial(backup_runs.start, root, config), partial(sweeps.start, root, config)
    return scheduled_jobs.Installation(root, config["DATA"], store, config["STARTS_DRAWERS"], hour, *starts)


@click.command("tick")
@reporting
def command() -> None:
    """做一遍定时任务：释放到期的领取、提醒、发送消息、清理过期内容。每分钟运行一次。"""
    done, failed = tick()
    done["发送的消息"] = messages.send_due(messages.BUDGET_S).sent
    for name, rows in done.items():
        if rows:
            click.echo(f"{name}：{rows}")
    if failed:
        raise click.ClickException("；".join(f"{name}：{why}" for name, why in failed.items()))
