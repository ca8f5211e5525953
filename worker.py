"""The factory for each worker of a server, ``worker:create_app``: the application without its commands.

Loading makes hundreds of thousands of objects that live as long as the process, and hardly any garbage. So the garbage
collector waits until it is over, and never looks at these objects again.
"""

from __future__ import annotations

import gc

from flask import Flask


def create_app() -> Flask:
    gc.disable()
    try:
        from app import create_app as create

        return create(with_commands=False)
    finally:
        gc.freeze()
        gc.enable()
