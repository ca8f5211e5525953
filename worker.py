"""The application that the workers of ``flask serve`` share: their parent loads it once, and forks them.

``worker:create_server`` is the factory that each worker calls. Loading makes hundreds of thousands of objects that live
as long as the process, and hardly any garbage. So the garbage collector waits until it is over, and never looks at
these objects again: their memory stays that of the parent (docs/adr/061).
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
from typing import Any

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None

#: What a parent of granian does about them is nothing for a worker.
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_shared: list[Any] = []


def load() -> None:
    """In the parent, before it has threads: it loads the application, and opens no connection."""
    gc.disable()
    try:
        from app import create_app

        _shared.append(create_app(with_commands=False))
    finally:
        gc.freeze()
        gc.enable()
    os.register_at_fork(before=_hold_signals, after_in_parent=_let_signals_in, after_in_child=_begin)


def create_server() -> Any:
    """In each worker. Where processes are not forked it loads the application itself."""
    if not _shared:
        load()
    from app import create_server as create

    return create(_shared[0])


def end_with_parent() -> None:
    """On Linux this process ends when its parent does, even by SIGKILL: else it would keep the port."""
    if _libc:
        _libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))


def _hold_signals() -> None:
    """A signal that comes between fork and ``_begin`` waits: the parent's handlers would swallow it in the child."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def _let_signals_in() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


def _begin() -> None:
    """A worker ends at a signal, as a new program would, until granian has set the worker's own handlers."""
    end_with_parent()
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    _let_signals_in()
