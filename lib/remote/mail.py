"""Mail by SMTP: the connection stays for the messages that follow, and is made again when it was lost."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import SplitResult, unquote, urlsplit

from lib.remote.senders import NotSent, Outgoing, Refused

CONSOLE = "console:"
PORTS = {"smtp": 587, "smtps": 465}
TIMEOUT_S = 10.0
MOST = 100  # messages on one connection: many servers end it after that many


def parse_url(url: str) -> SplitResult:
    """Raises ValueError that says what is expected."""
    parts = urlsplit(url)
    if url != CONSOLE and (parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/")):
        raise ValueError("smtp://用户:密码@主机:587、smtps://主机:465、console: 或空")
    _ = parts.port  # a ValueError of its own
    return parts


def parse_from(address: str) -> None:
    if not re.fullmatch(r"(.*<)?[^@\s<>]+@[^@\s<>]+>?", address):
        raise ValueError("邮箱地址，例如 会计管理 <noreply@example.org>")


@dataclass
class Mail:
    """``smtp`` takes up TLS where the server offers it, and always before a password is sent."""

    host: str
    port: int
    user: str
    password: str
    tls_first: bool
    from_address: str
    timeout: float = TIMEOUT_S
    _server: smtplib.SMTP | None = field(default=None, init=False, repr=False)
    _carried: int = field(default=0, init=False, repr=False)

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
        with self._speaking() as server:
            self._carried += 1
            try:
                server.send_message(letter)
            except smtplib.SMTPRecipientsRefused as error:
                raise _answer(max(code for code, _text in error.recipients.values())) from error
            except smtplib.SMTPDataError as error:
                raise _answer(error.smtp_code) from error
            except smtplib.SMTPNotSupportedError as error:
                raise Refused("邮件服务器不支持这样的地址") from error

    def check(self) -> None:
        try:
            with self._speaking() as server:
                server.noop()
        finally:
            self.close()

    def close(self) -> None:
        server, self._server = self._server, None
        if server:
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

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
    def _speaking(self) -> Iterator[smtplib.SMTP]:
        """A connection on which something went wrong is not used again."""
        try:
            yield self._connection()
        except (smtplib.SMTPException, OSError) as error:
            if self._server:
                self._server.close()
            self._server = None
            raise _trouble(error) from error

    def _connection(self) -> smtplib.SMTP:
        if self._server and (self._carried >= MOST or not _answers(self._server)):
            self.close()
        if self._server is None:
            self._server, self._carried = self._signed_in(), 0
        return self._server

    def _signed_in(self) -> smtplib.SMTP:
        server = self._reached()
        try:
            if self.user:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server

    def _reached(self) -> smtplib.SMTP:
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


def _answers(server: smtplib.SMTP) -> bool:
    """Is the connection still there? Asked before a letter goes out on it, so that no letter is lost with it."""
    try:
        return server.noop()[0] == 250
    except (smtplib.SMTPException, OSError):
        return False


def _trouble(error: smtplib.SMTPException | OSError) -> NotSent:
    if isinstance(error, smtplib.SMTPResponseException):
        return NotSent(f"邮件服务器应答 {error.smtp_code}")
    if isinstance(error, smtplib.SMTPException):
        return NotSent(f"邮件服务器不能用：{type(error).__name__}")
    return NotSent(f"连接不上邮件服务器：{_words(error)}")


def _answer(code: int) -> NotSent:
    """Without the words of the server, which often repeat the address."""
    kind = Refused if 500 <= code < 600 else NotSent
    return kind(f"邮件服务器应答 {code}")


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
