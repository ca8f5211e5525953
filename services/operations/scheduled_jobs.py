"""The jobs of ``flask tick``. Each is short, and does nothing when there is nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import delete

from lib.database import utcnow
from lib.storage import Store
from models import ActivationCode, ParkedForm, db
from services import workflow
from services.accounts import applicants, known_devices, sent_codes, sessions
from services.administration import audit_seals
from services.api import accesses
from services.assistance import requests
from services.checks import recount
from services.corrections import reminders
from services.filing import print_codes
from services.messages import outbox
from services.old_register import jobs as register_jobs
from services.operations import backup_runs
from services.papers import phone_upload, resumable_uploads
from services.queue import digest
from services.reports import xlsx
from services.retention import untouched
from services.sheet import batch_print
from services.workflow import department_closing, due_dates

PARKED = timedelta(hours=24)
CODES_KEPT = timedelta(days=30)  # after their end: the counter can still see that one was issued


def forget_parked_forms() -> int:
    return _delete(ParkedForm, ParkedForm.at < utcnow() - PARKED)


def forget_codes() -> int:
    return _delete(ActivationCode, ActivationCode.expires_at < utcnow() - CODES_KEPT)


def start_printing(root: Path, starts_drawers: bool) -> int:
    """Start a drawer for what is waited for: the one before it may have been killed. ``root``: of the application."""
    if not starts_drawers or batch_print.is_started() or not batch_print.is_waited_for():
        return 0
    batch_print.start_drawer(root)
    return 1


def _delete(table: type[Any], *which: Any) -> int:
    result: Any = db.session.execute(delete(table).where(*which))
    return int(result.rowcount)


@dataclass(frozen=True)
class Installation:
    """What the jobs need to know of the installation: folders, files, whether it starts drawers, when digests go."""

    root: Path
    data: Path
    store: Store
    starts_drawers: bool
    digest_hour: int
    starts_backup: Callable[[], int]
    starts_sweep: Callable[[], int]


def jobs(here: Installation) -> dict[str, Callable[[], int]]:
    """What is done -> the job; it returns how many rows it touched. The caller commits after each."""
    return {
        "释放到期的领取": workflow.lapse_all,
        "过期的登录和尝试记录": sessions.delete_old,
        "不再使用的设备": known_devices.delete_old,
        "过期的注册": applicants.delete_expired_reservations,
        "过期未保存的表单": forget_parked_forms,
        "过期的激活码": forget_codes,
        "过期的验证码": sent_codes.delete_old,
        "过期的消息": outbox.delete_old,
        "过期的接口访问记录": accesses.delete_old,
        "管理员每日摘要": partial(digest.send_all, here.digest_hour),
        "放弃的上传": resumable_uploads.forget_abandoned,
        "过期的手机上传": phone_upload.forget_old,
        "过期的打印码": print_codes.forget_old,
        "中断的导出": partial(xlsx.sweep, here.data / xlsx.FOLDER),
        "按新日历计算的答复期限": requests.reckon_again,
        "过期的核验申请图片": requests.drop_old_pictures,
        "长期未动的草稿提醒": untouched.announce,
        "长期未动的草稿清空": untouched.remove,
        "补正提醒": reminders.remind_all,
        "重新统计的自动检查": recount.recount,
        "部门撤销和启用": department_closing.carry_out,
        "按新日历计算的期限": due_dates.reckon_again,
        "过期的名册文件": register_jobs.forget_old,
        "接着处理的名册文件": partial(register_jobs.take_up, here.root, here.starts_drawers),
        "过期的打印件": partial(batch_print.forget_old, here.store),
        "接着处理的打印任务": partial(start_printing, here.root, here.starts_drawers),
        "启动的备份": here.starts_backup,
        "启动的文件清理": here.starts_sweep,
        "过期的备份记录": backup_runs.delete_old,
        "加入校验链的记录": audit_seals.seal,
        "保存校验链的链节": partial(audit_seals.keep_head, here.data),
    }
