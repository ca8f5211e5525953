"""Python runs this when it starts with this folder on PYTHONPATH: files are written after the commit, not before."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[4]))

from sqlalchemy import event
from sqlalchemy.orm import Session

from lib.storage import Blob, Folder

#: Between the row and its file; long, so that few kills are needed to meet it.
PAUSE_S = 3.0
_waiting = threading.local()


def _put(folder: Folder, data: bytes) -> Blob:
    address = folder._keys.mac("blob address", data).hex()
    sealed = folder._keys.seal(data, f"blob|{address}")
    _waiting.files = [*getattr(_waiting, "files", []), (folder._path(address), sealed)]
    return Blob(address, len(data), hashlib.sha256(sealed).hexdigest())


@event.listens_for(Session, "after_commit")
def _come_due(session: Any) -> None:
    if not session.in_nested_transaction():  # a savepoint stores nothing yet
        _waiting.due, _waiting.files = getattr(_waiting, "files", []), []


@event.listens_for(Session, "after_transaction_end")
def _write(_session: Any, transaction: Any) -> None:
    """When the connection is given back: writers stand in line, and the pause must not be theirs."""
    if transaction.parent is not None:
        return
    files, _waiting.due = getattr(_waiting, "due", []), []
    time.sleep(PAUSE_S if files else 0)
    for path, sealed in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sealed)


Folder.put = _put  # type: ignore[method-assign, assignment]
