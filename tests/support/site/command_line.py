"""Running commands in tests."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask

from models import db

Run = Callable[..., tuple[int, str, str]]


def runner(app: Flask) -> Run:
    """A function that runs a command; it returns exit status, standard output and standard error."""

    def run(*args: str, stdin: str = "") -> tuple[int, str, str]:
        done = app.test_cli_runner().invoke(args=list(args), input=stdin)
        db.session.rollback()
        return done.exit_code, done.stdout, done.stderr

    return run
