"""Requests to a WSGI application without a server, the same for all that are compared. Standard library only."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ask:
    """One request. ``form``: sent as a POST's body."""

    path: str  # as in the address, with its query
    form: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


def environ(ask: Ask, cookie: str) -> dict[str, Any]:
    path, _, query = ask.path.partition("?")
    body = urlencode(ask.form).encode() if ask.form is not None else b""
    return {
        "REQUEST_METHOD": "GET" if ask.form is None else "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "utf-8").encode().decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": HOST,
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": HOST,
        "HTTP_COOKIE": cookie,
        "REMOTE_ADDR": HOST,
        "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }


def call(app: Callable[..., Any], ask: Ask, cookie: str = "") -> Answer:
    """The whole answer, as a server would read it: every part of the body, then ``close``."""
    seen: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], _error: Any = None) -> Callable[[bytes], None]:
        seen[:] = [int(status.split()[0]), headers]
        return seen.append

    parts = app(environ(ask, cookie), start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return Answer(seen[0], seen[1], body)
