"""A visitor of a running server: a browser without scripts over one real connection, light enough for hundreds."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tests.support.patience import PATIENCE_S

Fields = Mapping[str, str | Sequence[str]]
_HIDDEN = re.compile(r'name="(csrf_token|seen)" value="([^"]*)"')
_VISIBLE = re.compile(r"(?s)<(script|style|svg|head)\b.*?</\1>|<[^>]+>|\s+")
_BORDER = "----visitor"


class NoAnswer(OSError):
    """The request was sent, at least in part, and nothing whole came back: nobody knows whether it was done."""


class Refused(AssertionError):
    """An answer that the visitor did not expect."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(said)
        self.status = status


@dataclass(frozen=True)
class Reply:
    status: int
    location: str
    text: str


class Visitor:
    """Cookies, the hidden fields of the last page, and how long each page took (``waits``, seconds).

    What sends files is counted apart (``uploads``).
    """

    def __init__(self, port: int, address: str = "127.0.0.1", cookies: Mapping[str, str] | None = None) -> None:
        self.port, self.address = port, address
        self.cookies = dict(cookies or {})
        self.hidden: dict[str, str] = {}
        self.waits: list[float] = []
        self.uploads: list[float] = []
        self.line: http.client.HTTPConnection | None = None

    def get(self, path: str) -> Reply:
        return self.ask("GET", path)

    def send(self, path: str, fields: Fields | None = None, files: Mapping[str, bytes] | None = None) -> Reply:
        """The form of the page that is open, with its hidden fields."""
        wanted = {**self.hidden, **(fields or {})}
        if not files:
            body, kind = urlencode(wanted, doseq=True).encode(), "application/x-www-form-urlencoded"
        else:
            body, kind = _multipart(wanted, files), f"multipart/form-data; boundary={_BORDER}"
        return self.ask("POST", path, body, {"Content-Type": kind})

    def ask(self, method: str, path: str, body: bytes | None = None, more: Mapping[str, str] | None = None) -> Reply:
        """One request. Raises NoAnswer, and Refused for a status of 400 and more."""
        more = more or {}
        began = time.monotonic()
        reply, kind = self._exchange(method, path, body, more)
        sends_files = more.get("Content-Type", "").startswith("multipart/")
        (self.uploads if sends_files else self.waits).append(time.monotonic() - began)
        if reply.status >= 400:
            raise Refused(reply.status, f"{method} {path}: {reply.status}\n{_VISIBLE.sub(' ', reply.text)[:600]}")
        if kind.startswith("text/html") and reply.status == 200:
            self.hidden = dict(_HIDDEN.findall(reply.text))
        return reply

    def _exchange(self, method: str, path: str, body: bytes | None, more: Mapping[str, str]) -> tuple[Reply, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **more}
        try:
            answer = self._sent(method, path, body, headers)
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswer(f"{method} {path}: {error!r}") from error
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, _is, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        if answer.will_close:
            self.close()
        kind = answer.headers.get("Content-Type", "")
        text = content.decode() if kind.startswith(("text/", "application/json")) else ""
        return Reply(answer.status, answer.headers.get("Location", ""), text), kind

    def _sent(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        """A server may close a connection that has been idle; then the request goes out once more, on a new one."""
        if self.line is not None:
            try:
                self.line.request(method, path, body, dict(headers))
                return self.line.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                if method != "GET":
                    raise
                self.close()
        self.line = http.client.HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE_S, source_address=(self.address, 0)
        )
        self.line.request(method, path, body, dict(headers))
        return self.line.getresponse()

    def close(self) -> None:
        if self.line:
            self.line.close()
        self.line = None


def _multipart(fields: Fields, files: Mapping[str, bytes]) -> bytes:
    parts = []
    for name, value in fields.items():
        texts = [value] if isinstance(value, str) else value
        parts += [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'.encode() for text in texts]
    for name, data in files.items():
        head = f'Content-Disposition: form-data; name="{name}"; filename="p.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'
        parts.append(head.encode() + data + b"\r\n")
    border = f"--{_BORDER}\r\n".encode()
    return b"".join(border + part for part in parts) + f"--{_BORDER}--\r\n".encode()
