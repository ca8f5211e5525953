"""Requests to a WSGI application without a server, the same for all that are compared. Standard library only."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode

HOST = "127.0.0.1"
_PART = b'--bench\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
_A_FILE = b'; filename="p.jpg"\r\nContent-Type: image/jpeg'

Form = Mapping[str, str | Sequence[str]]


@dataclass(frozen=True)
class Ask:
    """One request. ``form``: sent as a POST's body; with ``files``, even none, as multipart."""

    path: str  # as in the address, with its query
    form: Form | None = None
    files: Mapping[str, bytes] | None = None

    def body(self) -> tuple[str, bytes]:
        """Its type and what is sent."""
        if self.form is None:
            return "", b""
        if self.files is None:
            return "application/x-www-form-urlencoded", urlencode(self.form, doseq=True).encode()
        sent = [(name, v) for name, value in self.form.items() for v in ([value] if isinstance(value, str) else value)]
        parts = [_PART % (name.encode(), b"", value.encode()) for name, value in sent]
        parts += [_PART % (name.encode(), _A_FILE, data) for name, data in self.files.items()]
        return "multipart/form-data; boundary=bench", b"".join(parts) + b"--bench--\r\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for header, value in self.headers if header.lower() == name), "")


def environ(ask: Ask, cookie: str) -> dict[str, Any]:
    path, _, query = ask.path.partition("?")
    content_type, body = ask.body()
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
        "CONTENT_TYPE": content_type,
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
