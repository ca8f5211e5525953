"""What time brings: the jobs of ``flask tick``. Each is short, and does nothing when there is nothing to do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import delete

from lib.database import utcnow
from models import ActivationCode, ParkedForm, db
from services import workflow
from services.accounts import applicants, sessions
from services.corrections import reminders
from services.papers import phone_upload, resumable_uploads
from services.reports import xlsx
from services.sheet import batch_print

PARKED = timedelta(hours=24)
CODES_KEPT = timedelta(days=30)  # after their end: the counter can still see that one was issued


def forget_parked_forms() -> int:
    return _delete(ParkedForm, ParkedForm.at < utcnow() - PARKED)


def forget_codes() -> int:
    return _delete(ActivationCode, ActivationCode.expires_at < utcnow() - CODES_KEPT)


def forget_abandoned_files() -> int:
    """Spreadsheets in the making whose process was killed."""
    return xlsx.sweep(Path(current_app.config["DATA"]) / xlsx.FOLDER)


def forget_prints() -> int:
    """Sheets printed together more than a day ago, with their files."""
    return batch_print.forget_old(current_app.extensions["kuaiji.store"])


def start_printing() -> int:
    """Whoever drew what is waited for may have been killed."""
    if not current_app.config["STARTS_DRAWERS"] or batch_print.is_started() or not batch_print.is_waited_for():
        return 0
    batch_print.start_drawer(Path(current_app.root_path))
    return 1


def _delete(table: type[Any], *which: Any) -> int:
    result: Any = db.session.execute(delete(table).where(*which))
    return int(result.rowcount)


#: What is done -> the job; it returns how many rows it touched. The caller commits after each.
JOBS: dict[str, Callable[[], int]] = {
    "lapsed claims": workflow.lapse_all,
    "old sessions and attempts": sessions.forget_old,
    "expired reservations": applicants.forget_reservations,
    "parked forms": forget_parked_forms,
    "old activation codes": forget_codes,
    "abandoned uploads": resumable_uploads.forget_abandoned,
    "old phone uploads": phone_upload.forget_old,
    "abandoned spreadsheets": forget_abandoned_files,
    "reminders of corrections": reminders.remind_all,
    "old prints": forget_prints,
    "prints taken up": start_printing,
}
