"""SMS by HTTP: the address, the headers and the body of the gateway's request are templates of the settings."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from socket import create_connection
from typing import Any
from urllib.parse import quote, urlsplit

from lib.remote.senders import NoAnswer, NotSent, Outgoing, Refused

HOLE = re.compile(r"\{(phone|text|id)\}")
TIMEOUT_S = 10.0
LONGEST_ANSWER = 64 * 1024  # bytes that are looked at
AGAIN = (408, 425, 429)  # and all of 5xx


def parse_address(address: str) -> None:
    """Raises ValueError that says what is expected."""
    if not re.fullmatch(r"console:|https?://\S+", address):
        raise ValueError("an http or https address, console: or nothing")


def parse_headers(text: str) -> dict[str, str]:
    try:
        headers = json.loads(text or "{}")
    except ValueError:
        headers = None
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise ValueError('headers as JSON: {"Content-Type": "application/json"}')
    return headers


class _StaysHere(urllib.request.HTTPRedirectHandler):
    """A redirect would carry phone and text to an address that nobody set."""

    def redirect_request(self, *_args: Any, **_more: Any) -> None:
        return None


@dataclass(frozen=True)
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

    def send(self, message: Outgoing) -> None:
        """Never the same twice by itself: what may have arrived is NoAnswer."""
        request = self._request({"phone": message.to, "text": message.text, "id": message.uid})
        try:
            with urllib.request.build_opener(_StaysHere).open(request, timeout=self.timeout) as answer:
                said = answer.read(LONGEST_ANSWER).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            error.close()
            kind = NotSent if error.code in AGAIN or error.code >= 500 else Refused
            raise kind(f"短信网关应答 {error.code}") from error
        except urllib.error.URLError as error:
            raise _unreached(error.reason) from error
        except (OSError, HTTPException) as error:
            raise NoAnswer(f"短信网关没有应答：{type(error).__name__}") from error
        if self.taken and not self.taken.search(said):
            raise Refused("短信网关没有收下，应答与 KUAIJI_SMS_TAKEN 不符")

    def check(self) -> None:
        parts = urlsplit(self.address)
        try:
            port = parts.port or (443 if parts.scheme == "https" else 80)
            create_connection((parts.hostname or "", port), self.timeout).close()
        except OSError as error:
            raise NotSent(f"连接不上短信网关：{error.strerror or type(error).__name__}") from error

    def _request(self, values: Mapping[str, str]) -> urllib.request.Request:
        kind = next((value for name, value in self.headers.items() if name.lower() == "content-type"), "")
        in_body = _in_json if "json" in kind else _in_address if "urlencoded" in kind else str
        body = _filled(self.body, values, in_body).encode() if self.body and self.method != "GET" else None
        return urllib.request.Request(  # noqa: S310 - http and https only: the setting was checked
            _filled(self.address, values, _in_address), body, dict(self.headers), method=self.method
        )


def _unreached(reason: object) -> NotSent:
    """No connection, mostly; but one that ends while the request is sent leaves open what arrived."""
    if isinstance(reason, (ConnectionResetError, BrokenPipeError)):
        return NoAnswer(f"短信网关没有应答：{type(reason).__name__}")
    return NotSent(f"连接不上短信网关：{getattr(reason, 'strerror', None) or type(reason).__name__}")


def _filled(template: str, values: Mapping[str, str], escape: Any) -> str:
    return HOLE.sub(lambda hole: escape(values[hole[1]]), template)


def _in_json(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _in_address(text: str) -> str:
    return quote(text, safe="")
