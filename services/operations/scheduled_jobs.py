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
from services.corrections import reminders
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


def jobs(here: Installation) -> dict[str, Callable[[], int]]:
    """What is done -> the job; it returns how many rows it touched. The caller commits after each."""
    return {
        "lapsed claims": workflow.lapse_all,
        "old sessions and attempts": sessions.delete_old,
        "unused devices": known_devices.delete_old,
        "expired reservations": applicants.delete_expired_reservations,
        "parked forms": forget_parked_forms,
        "old activation codes": forget_codes,
        "old codes that were sent": sent_codes.delete_old,
        "old messages": outbox.delete_old,
        "old accesses of other systems": accesses.delete_old,
        "digests of managers": partial(digest.send_all, here.digest_hour),
        "abandoned uploads": resumable_uploads.forget_abandoned,
        "old phone uploads": phone_upload.forget_old,
        "abandoned spreadsheets": partial(xlsx.sweep, here.data / xlsx.FOLDER),
        "answers promised by a new calendar": requests.reckon_again,
        "pictures of old assistance requests": requests.drop_old_pictures,
        "untouched drafts announced": untouched.announce,
        "untouched drafts removed": untouched.remove,
        "reminders of corrections": reminders.remind_all,
        "departments closed and reopened": department_closing.carry_out,
        "due dates by a new calendar": due_dates.reckon_again,
        "old register files": register_jobs.forget_old,
        "register files taken up": partial(register_jobs.take_up, here.root, here.starts_drawers),
        "old prints": partial(batch_print.forget_old, here.store),
        "prints taken up": partial(start_printing, here.root, here.starts_drawers),
        "back-ups started": here.starts_backup,
        "old entries of back-ups": backup_runs.delete_old,
        "events sealed": audit_seals.seal,
        "head of the audit trail kept": partial(audit_seals.keep_head, here.data),
    }
