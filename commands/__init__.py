"""The commands of ``flask``, one module a group: parse, call services, commit, report."""

from __future__ import annotations

from flask import Flask

from commands import (
    audit,
    backup,
    calendar,
    db_copy,
    demo,
    departments,
    doctor,
    init,
    keys,
    legacy,
    messages,
    print_sheets,
    province,
    queue,
    serve,
    staff,
    storage,
    tick,
    words,
)

GROUPS = (audit, staff, legacy, messages, storage, queue, calendar, departments, keys, backup, province)


def init_app(app: Flask) -> None:
    words.speak()
    for group in (module.group for module in GROUPS):
        app.cli.add_command(group)
    for module in (init, db_copy, demo, serve, tick, doctor, print_sheets):
        app.cli.add_command(module.command)
