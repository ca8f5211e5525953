"""备份情况: when the last back-up was made and checked (系统管理员). Making and restoring are commands."""

from __future__ import annotations

from flask import current_app, render_template

from blueprints.admin.shared import bp
from lib.codes import Role
from services.access import only
from services.operations import backup_runs


@bp.get("/backups", endpoint="backups")
@only(Role.SYSTEM)
def list_backups() -> str:
    config = current_app.config
    is_scheduled = config["BACKUP_DIR"] is not None
    return render_template(
        "admin/backups.html",
        health=backup_runs.health(is_scheduled),
        rows=backup_runs.latest(),
        is_scheduled=is_scheduled,
        hour=config["BACKUP_HOUR"],
        keep=config["BACKUP_KEEP"],
    )
