"""``flask init``: create or upgrade the database."""

from __future__ import annotations

import click
import flask_migrate
from flask import current_app

from commands.report import reporting
from lib.database import provinces, transaction_mode
from lib.files import Note
from models import db
from services.departments.reference_data import load_reference_data
from services.operations import doctor
from services.queue import index as queue_index


@click.command("init")
@reporting
def command() -> None:
    """建立或升级数据库，载入部门、区划、选项和日历；可以重复运行。

    审核列表缺失时，由已提交的申报重新生成。
    """
    _check_noted_damage()
    is_new = not doctor.is_set_up()
    flask_migrate.upgrade()
    provinces.keep_unchanged(db.session.connection(), (t.name for t in db.metadata.sorted_tables if t.info))
    db.session.commit()
    load_reference_data(current_app.config["PROVINCE_DATA"])
    db.session.commit()
    if queue_index.is_missing():
        queue_index.rebuild()
        db.session.commit()
    if not is_new and (wrong := doctor.foreign_keys(current_app.config["KEYS_FILE"])):
        raise click.ClickException(wrong)
    click.echo("数据库和基础数据已是最新")
    if is_new:
        click.echo(doctor.keys_are_needed(current_app.config["KEYS_FILE"]), err=True)


def _check_noted_damage() -> None:
    """A process met damage: refuse to go on until a sound database is in its place, then forget it."""
    note: Note = current_app.extensions["kuaiji.damage"]
    if note.read() is None:
        return
    with transaction_mode("DEFERRED"):
        if found := doctor.damage_found():
            raise click.ClickException(f"数据库已损坏：{found}；请恢复备份，再运行 flask init")
    note.remove()
    click.echo("以前遇到过损坏；现在的数据库完好")
