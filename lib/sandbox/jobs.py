"""What may run in the bounded child process (lib/sandbox/client.py): a name, and the function of lib that it stands
for.

A job is a plain function ``job(data: bytes, **options) -> (facts, blobs)``: ``facts`` go through JSON, ``blobs`` are
bytes. It raises images.Refused with what the person is told. It can open no file, so what it needs is loaded with its
module, or by the module's ``prepare()``, which is called once before any job; and it works in one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Answer = tuple[dict[str, Any], list[bytes]]
Job = Callable[..., Answer]

JOBS = {
    "paper": "lib.pictures.decoding.paper",
    "sheet": "lib.pictures.decoding.sheet",
    "photo": "lib.pictures.decoding.photo",
    "recrop": "lib.pictures.decoding.recrop",
    "rotated": "lib.pictures.decoding.rotated",
    "straight": "lib.pictures.decoding.straight",
    "whole": "lib.pictures.decoding.whole",
}
