"""A mail server and an SMS gateway of ours on the loopback: they take, refuse, fail, or take their time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller

from lib.remote.mail import Mail
from lib.remote.sms import Gateway
from tests.support.site import served


class MailServer:
    """``answer``: what it says to a letter; ``letters``: what it has taken."""

    def __init__(self) -> None:
        self.answer = "250 OK"
        self.letters: list[EmailMessage] = []
        self.connections = 0
        self._server = Controller(self, hostname="127.0.0.1", port=served.free_port())

    async def handle_EHLO(self, _server: Any, session: Any, _envelope: Any, hostname: str, responses: list[str]) -> Any:
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address.startswith("nobody@"):
            return "550 unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.answer.startswith("250"):
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer

    def sender(self, **changes: Any) -> Mail:
        values: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self._server.port,
            "user": "",
            "password": "",
            "tls_first": False,
        }
        return Mail(**(values | {"from_address": "采集平台 <noreply@example.org>"} | changes))

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


class SmsServer:
    """``status`` and ``answer``: what it says; ``before``: what it does first; ``got``: headers and bodies.

    ``keeps``: how many requests it takes on one connection, which it then ends without a word. None: it says so.
    """

    def __init__(self, keeps: int | None = None) -> None:
        self.status, self.answer = 200, '{"code": 0}'
        self.headers: dict[str, str] = {}
        self.before: Callable[[], object] = lambda: None
        self.got: list[tuple[str, str]] = []
        self.connections = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1" if keeps else "HTTP/1.0"
            taken = 0

            def setup(self) -> None:
                super().setup()
                server.connections += 1

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                server.got.append((self.path, self.rfile.read(length).decode()))
                server.before()
                self.send_response(server.status)
                body = server.answer.encode()
                for name, value in {**server.headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
                self.taken += 1
                self.close_connection = self.close_connection or self.taken == keeps

            do_GET = do_POST  # noqa: N815 - the name that http.server looks for

            def log_message(self, *_args: Any) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/send"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def sender(self, **changes: Any) -> Gateway:
        values: dict[str, Any] = {
            "headers": {"Content-Type": "application/json"},
            "body": '{"to": "{phone}", "text": "{text}"}',
        }
        return Gateway(changes.pop("address", self.address), **(values | changes))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
