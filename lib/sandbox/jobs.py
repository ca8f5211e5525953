"""The jobs that may run in the bounded child process (lib/sandbox/client.py): name -> function of lib.

A job is a plain function ``job(data: bytes, **options) -> (facts, blobs)``. ``facts`` go through JSON, ``blobs`` are
bytes. It raises images.PictureRefused with the message for the person. It runs in one thread and can open no file. So
its module, or the module's ``prepare()``, loads all it needs; ``prepare()`` is called once, before any job.
"""

from __future__ import annotations

from collections.abc import Callable

from lib.pictures.images import Answer

Job = Callable[..., Answer]

JOBS = {
    "paper": "lib.pictures.decoding.paper",
    "sheet": "lib.pictures.decoding.sheet",
    "look": "lib.pictures.decoding.look",
    "pages": "lib.pictures.decoding.pages",
    "photo": "lib.pictures.decoding.photo",
    "recrop": "lib.pictures.decoding.recrop",
    "rotated": "lib.pictures.decoding.rotated",
    "straight": "lib.pictures.decoding.straight",
    "whole": "lib.pictures.decoding.whole",
}
