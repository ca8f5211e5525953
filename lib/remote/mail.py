"""Mail by SMTP, one connection for each message: a message a minute needs no more."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import SplitResult, unquote, urlsplit

from lib.remote.senders import NotSent, Outgoing, Refused

CONSOLE = "console:"
PORTS = {"smtp": 587, "smtps": 465}
TIMEOUT_S = 10.0


def parse_url(url: str) -> SplitResult:
    """Raises ValueError that says what is expected."""
    parts = urlsplit(url)
    if url != CONSOLE and (parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/")):
        raise ValueError("smtp://user:password@host:587, smtps://host:465, console: or nothing")
    _ = parts.port  # a ValueError of its own
    return parts


def parse_from(address: str) -> None:
    if not re.fullmatch(r"(.*<)?[^@\s<>]+@[^@\s<>]+>?", address):
        raise ValueError("a mail address, as 会计管理 <noreply@example.org>")


@dataclass(frozen=True)
class Mail:
    """``smtp`` takes up TLS where the server offers it, and always before a password is sent."""

    host: str
    port: int
    user: str
    password: str
    tls_first: bool
    from_address: str
    timeout: float = TIMEOUT_S

    @classmethod
    def of(cls, url: str, from_address: str) -> Mail:
        parts = parse_url(url)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(
            parts.hostname or "",
            parts.port or PORTS[parts.scheme],
            user,
            password,
            parts.scheme == "smtps",
            from_address,
        )

    def send(self, message: Outgoing) -> None:
        """What a server says to the recipient or the letter may be for good; all else, as a wrong password, is not."""
        letter = self._letter(message)
        with self._connected() as server:
            try:
                server.send_message(letter)
            except smtplib.SMTPRecipientsRefused as error:
                raise _answer(max(code for code, _text in error.recipients.values())) from error
            except smtplib.SMTPDataError as error:
                raise _answer(error.smtp_code) from error
            except smtplib.SMTPNotSupportedError as error:
                raise Refused("邮件服务器不支持这样的地址") from error

    def check(self) -> None:
        with self._connected() as server:
            server.noop()

    def _letter(self, message: Outgoing) -> EmailMessage:
        letter = EmailMessage()
        try:
            letter["From"], letter["To"], letter["Subject"] = self.from_address, message.to, message.subject
        except ValueError as error:  # a line end would begin another header
            raise Refused("地址或标题不能写成邮件") from error
        letter["Date"] = formatdate(usegmt=True)
        letter["Message-ID"] = f"<{message.uid}@{self.from_address.rpartition('@')[2].strip('> ')}>"
        letter["Auto-Submitted"] = "auto-generated"  # no automatic answers, please
        letter.set_content(message.text)
        return letter

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        try:
            with self._server() as server:
                if self.user:
                    server.login(self.user, self.password)
                yield server
        except smtplib.SMTPResponseException as error:
            raise NotSent(f"邮件服务器应答 {error.smtp_code}") from error
        except smtplib.SMTPException as error:
            raise NotSent(f"邮件服务器不能用：{type(error).__name__}") from error
        except OSError as error:
            raise NotSent(f"连接不上邮件服务器：{_words(error)}") from error

    def _server(self) -> smtplib.SMTP:
        trusted = ssl.create_default_context()
        if self.tls_first:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=trusted)
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            server.ehlo()
            if self.user or server.has_extn("starttls"):
                server.starttls(context=trusted)
        except BaseException:
            server.close()
            raise
        return server


def _answer(code: int) -> NotSent:
    """Without the words of the server, which often repeat the address."""
    kind = Refused if 500 <= code < 600 else NotSent
    return kind(f"邮件服务器应答 {code}")


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
