"""The factory for each worker of a server, ``worker:create_server``: it loads no commands.

Loading makes hundreds of thousands of objects that live as long as the process, and hardly any garbage. So the garbage
collector waits until it is over, and never looks at these objects again.
"""

from __future__ import annotations

import gc
from typing import Any


def create_server() -> Any:
    gc.disable()
    try:
        from app import create_server as create

        return create()
    finally:
        gc.freeze()
        gc.enable()
