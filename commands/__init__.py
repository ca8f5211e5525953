"""The commands of ``flask``, one module a group: parse, call services, commit, report."""

from __future__ import annotations

from flask import Flask

from commands import calendar, demo, departments, doctor, init, legacy, print_sheets, queue, serve, staff, storage, tick


def init_app(app: Flask) -> None:
    for group in (staff.group, legacy.group, storage.group, queue.group, calendar.group, departments.group):
        app.cli.add_command(group)
    for module in (init, demo, serve, tick, doctor, print_sheets):
        app.cli.add_command(module.command)
