"""What the log looks like: lines for people, or one JSON object a line for a collector. Both name the request."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

TEXT = "%(asctime)s %(levelname)s %(request_id)s %(name)s: %(message)s"


def set_up(form: str, request_id: Callable[[], str]) -> None:
    """Send all records to standard error. ``form``: ``text`` or ``json``; ``request_id``: that of now, or ""."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(lambda record: _with_id(record, request_id()))
    handler.setFormatter(_json() if form == "json" else logging.Formatter(TEXT))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _with_id(record: logging.LogRecord, request_id: str) -> bool:
    record.request_id = request_id or "-"
    return True


def _json() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter  # only here: few installations collect their logs

    return JsonFormatter(
        ["levelname", "name", "message", "request_id", "exc_info"],
        rename_fields={"levelname": "level", "name": "logger", "exc_info": "traceback"},
        timestamp="time",
    )
