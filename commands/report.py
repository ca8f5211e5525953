"""Output of all commands: errors in one line with exit status 1, progress on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import DBAPIError

from models import db


def reporting(command: Callable[..., Any]) -> Callable[..., Any]:
    """Roll back when a command fails or is interrupted, and print the reason in one line of standard error.

    The command runs in the application context. With FLASK_DEBUG the traceback is shown.
    """

    @wraps(command)
    def wrapper(*args: Any, **options: Any) -> Any:
        try:
            return command(*args, **options)
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            db.session.rollback()
            raise
        except KeyboardInterrupt as error:
            db.session.rollback()
            raise click.ClickException("interrupted; what was not finished is undone. Run the command again") from error
        except Exception as error:
            db.session.rollback()
            if current_app.debug:
                raise
            raise click.ClickException(one_line(error)) from error

    return with_appcontext(wrapper)


def one_line(error: BaseException) -> str:
    """The error without the values of a statement, because they may be personal data."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    words = str(cause).strip().splitlines()
    ours = type(cause).__module__.split(".")[0] in ("services", "lib", "models", "config", "demo")
    return words[0] if words and ours else ": ".join([type(cause).__name__, *words[:1]])


@contextmanager
def progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """Yield a function to call with the number of finished steps. A bar on a terminal, else a line for each tenth."""
    if sys.stderr.isatty():
        with click.progressbar(length=max(length, 1), label=label, file=sys.stderr) as bar:
            yield bar.update
        return
    done = shown = 0

    def step(count: int) -> None:
        nonlocal done, shown
        done += count
        tenth = done * 10 // max(length, 1)
        if tenth > shown:
            shown = tenth
            click.echo(f"{label}: {min(tenth, 10)}0 %", err=True)

    yield step
