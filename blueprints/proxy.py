"""Notices a reverse proxy that ``PROXY_HOPS`` does not know of."""

from __future__ import annotations

import threading

from flask import Flask, current_app, request

from lib.database import utcnow
from lib.files import Note

#: Anyone can send such a header, so it proves no proxy.
SEEN = (
    "a request carried X-Forwarded-For or Forwarded, but KUAIJI_PROXY_HOPS=0: if a proxy stands in front, set the "
    "number of proxies, else all visitors count as one; if none does, somebody sent it by hand: delete %s"
)


def init_app(app: Flask) -> None:
    if app.config["PROXY_HOPS"]:
        return
    note: Note = app.extensions["kuaiji.proxy"]
    seen = threading.Event()

    @app.before_request
    def _look() -> None:
        """Remembered once for all processes, so the log has one line whatever visitors send."""
        sent = request.environ
        if not seen.is_set() and ("HTTP_X_FORWARDED_FOR" in sent or "HTTP_FORWARDED" in sent):
            seen.set()
            if note.write(f"{utcnow():%Y-%m-%d %H:%M} UTC"):
                current_app.logger.warning(SEEN, note.path)
