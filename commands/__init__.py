"""The commands of ``flask``, one module a group: parse, call services, commit, report."""

from __future__ import annotations

from importlib import import_module

import click
from flask import Flask
from flask.cli import AppGroup

from commands import words

#: What is typed, and its module.
MODULES = {
    "audit": "audit",
    "backup": "backup",
    "calendar": "calendar",
    "db-copy": "db_copy",
    "demo": "demo",
    "departments": "departments",
    "doctor": "doctor",
    "init": "init",
    "keys": "keys",
    "legacy": "legacy",
    "messages": "messages",
    "print": "print_sheets",
    "province": "province",
    "queue": "queue",
    "serve": "serve",
    "staff": "staff",
    "storage": "storage",
    "tick": "tick",
}


class Commands(AppGroup):
    """Loads the module of the command that is asked for, and no other: some bring much along."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if not (name := MODULES.get(cmd_name)):
            return None
        module = import_module(f"commands.{name}")
        found: click.Command = getattr(module, "group", None) or module.command
        return found


def init_app(app: Flask, *plug_ins: click.Command) -> None:
    words.speak(*plug_ins)
    app.cli = Commands(app.name)
