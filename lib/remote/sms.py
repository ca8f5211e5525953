"""SMS by HTTP: the address, the headers and the body of the gateway's request are templates of the settings.

The connection stays for the messages that follow, as long as the gateway keeps it.
"""

from __future__ import annotations

import json
import re
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from select import select
from socket import create_connection
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit
from urllib.request import getproxies, proxy_bypass

from lib.remote.senders import NoAnswer, NotSent, Outgoing, Refused

HOLE = re.compile(r"\{(phone|text|id)\}")
TIMEOUT_S = 10.0
LONGEST_ANSWER = 64 * 1024  # bytes that are looked at
AGAIN = (408, 425, 429)  # and all of 5xx
MOST = 100  # messages on one connection
IDLE_S = 2.0  # after that a server may be ending it


def parse_address(address: str) -> None:
    """Raises ValueError that says what is expected."""
    if not re.fullmatch(r"console:|https?://\S+", address):
        raise ValueError("http 或 https 网址、console: 或空")


def parse_headers(text: str) -> dict[str, str]:
    try:
        headers = json.loads(text or "{}")
    except ValueError:
        headers = None
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise ValueError('JSON 格式的请求头，例如 {"Content-Type": "application/json"}')
    return headers


@dataclass
class Gateway:
    """``{phone}``, ``{text}`` and ``{id}`` are filled in, escaped for where they stand.

    ``taken``: what the answer of a gateway looks like that has taken the message; many answer 200 to everything.
    """

    address: str
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    taken: re.Pattern[str] | None = None
    timeout: float = TIMEOUT_S

    _kept: HTTPConnection | None = field(default=None, init=False, repr=False)
    _carried: int = field(default=0, init=False, repr=False)
    _used_at: float = field(default=0.0, init=False, repr=False)

    def send(self, message: Outgoing) -> None:
        """Never the same twice by itself: what may have arrived is NoAnswer. No redirect is followed: it would carry
        phone and text to an address that nobody set."""
        values = {"phone": message.to, "text": message.text, "id": message.uid}
        status, said = self._asked(_filled(self.address, values, _in_address), self._body(values))
        if not 200 <= status < 300:
            kind = NotSent if status in AGAIN or status >= 500 else Refused
            raise kind(f"短信网关应答 {status}")
        if self.taken and not self.taken.search(said):
            raise Refused("短信网关没有收下，应答与 KUAIJI_SMS_TAKEN 不符")

    def close(self) -> None:
        kept, self._kept = self._kept, None
        if kept:
            kept.close()

    def _asked(self, address: str, body: bytes | None) -> tuple[int, str]:
        connection, is_whole = self._connection(), False
        try:
            self._carried += 1
            connection.request(self.method, _target(address), body, self._headers(body))
            answer = connection.getresponse()
            said = answer.read(LONGEST_ANSWER)
            is_whole = answer.isclosed() and not answer.will_close
        except (OSError, HTTPException) as error:
            raise NoAnswer(f"短信网关没有应答：{type(error).__name__}") from error
        finally:
            self._used_at = time.monotonic()
            if not is_whole:
                self.close()
        return answer.status, said.decode("utf-8", "replace")

    def _connection(self) -> HTTPConnection:
        """The one of the last message while the other side keeps it: a text that goes out on a connection that ends
        meanwhile may not go out again."""
        is_fresh = self._carried < MOST and time.monotonic() - self._used_at < IDLE_S
        if self._kept and not (is_fresh and _is_quiet(self._kept)):
            self.close()
        if self._kept is None:
            self._kept, self._carried = self._reached(), 0
        return self._kept

    def _reached(self) -> HTTPConnection:
        connection = _connection_to(self.address, self.timeout)
        try:
            connection.connect()
        except (OSError, HTTPException) as error:
            connection.close()
            raise NotSent(f"连接不上短信网关：{getattr(error, 'strerror', None) or type(error).__name__}") from error
        connection.auto_open = 0  # never another connection without our knowing
        return connection

    def check(self) -> None:
        parts = urlsplit(self.address)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            create_connection((parts.hostname or "", port), self.timeout).close()
        except OSError as error:
            raise NotSent(f"连接不上短信网关：{error.strerror or type(error).__name__}") from error

    def _body(self, values: Mapping[str, str]) -> bytes | None:
        if not self.body or self.method == "GET":
            return None
        kind = self._header("content-type")
        in_body = _in_json if "json" in kind else _in_address if "urlencoded" in kind else str
        return _filled(self.body, values, in_body).encode()

    def _headers(self, body: bytes | None) -> dict[str, str]:
        is_bare = body is not None and not self._header("content-type")
        usual = {"Content-Type": "application/x-www-form-urlencoded"} if is_bare else {}
        return usual | dict(self.headers) | _of_proxy(_proxy(self.address) if self.address.startswith("http:") else "")

    def _header(self, wanted: str) -> str:
        return next((value for name, value in self.headers.items() if name.lower() == wanted), "")


def _proxy(address: str) -> str:
    """Of the environment (http_proxy, https_proxy, no_proxy), if one is set for this address."""
    parts = urlsplit(address)
    found: str = getproxies().get(parts.scheme, "")
    if not found or proxy_bypass(parts.hostname or ""):
        return ""
    return found if "//" in found else f"http://{found}"


def _of_proxy(proxy: str) -> dict[str, str]:
    """The header that signs in at the proxy, where its address has a user."""
    parts = urlsplit(proxy)
    if not parts.username:
        return {}
    who = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(who.encode()).decode()}"}


def _connection_to(address: str, timeout: float) -> HTTPConnection:
    """Not connected yet. Through a proxy https is a tunnel."""
    to, proxy = urlsplit(address), _proxy(address)
    by = urlsplit(proxy) if proxy else to
    if to.scheme == "http":
        return HTTPConnection(by.hostname or "", by.port, timeout=timeout)
    connection = HTTPSConnection(by.hostname or "", by.port, timeout=timeout)
    if proxy:
        connection.set_tunnel(to.hostname or "", to.port or 443, _of_proxy(proxy))
    return connection


def _target(address: str) -> str:
    """What the request connection names: for a proxy the whole address, which it reads in an http request only."""
    parts = urlsplit(address)
    if parts.scheme == "http" and _proxy(address):
        return address
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))


def _is_quiet(connection: HTTPConnection) -> bool:
    """Something to read before anything was asked is the end of the connection."""
    return connection.sock is not None and not select([connection.sock], [], [], 0)[0]


def _filled(template: str, values: Mapping[str, str], escape: Any) -> str:
    return HOLE.sub(lambda hole: escape(values[hole[1]]), template)


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _in_address(text: str) -> str:
    return quote(text, safe="")
