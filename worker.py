"""The factories for each worker of a server: the application without its commands.

``worker:create_server`` is what ``flask serve`` runs, ``worker:create_app`` what any other WSGI server takes. Loading
makes hundreds of thousands of objects that live as long as the process, and hardly any garbage. So the garbage
collector waits until it is over, and never looks at these objects again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from lib.http.bodies import BufferedBodies


@contextmanager
def _kept_from_the_collector() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def create_app() -> Flask:
    with _kept_from_the_collector():
        from app import create_app as create

        return create(with_commands=False)


def create_server() -> BufferedBodies:
    with _kept_from_the_collector():
        from app import create_server as create

        return create()
