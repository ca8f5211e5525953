"""``python -m legacy import FILE``: as ``flask legacy import FILE``, and so are its other commands, in less memory.

Flask's own program loads plug-ins, Alembic among them, and all views before it looks which command it is to run.
"""

from __future__ import annotations

from flask import Flask

from app import create_app
from commands import words
from commands.legacy import group


def load() -> Flask:
    return create_app(with_commands=False, with_views=False)


if __name__ == "__main__":
    words.speak()
    with load().app_context():
        group.main(prog_name="python -m legacy")
