"""Mail by SMTP, one connection for each message: a message a minute needs no more."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from lib.remote.senders import NotSent, Outgoing, Refused

EXPECTED = "smtp://user:password@host:587, smtps://host:465, console: or nothing"
PORTS = {"smtp": 587, "smtps": 465}
TIMEOUT_S = 10.0


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
        """Raises ValueError that says what is expected."""
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(EXPECTED)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(
            parts.hostname, parts.port or PORTS[parts.scheme], user, password, parts.scheme == "smtps", from_address
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
                raise Refused("the mail server takes no such address") from error

    def check(self) -> None:
        with self._connected() as server:
            server.noop()

    def _letter(self, message: Outgoing) -> EmailMessage:
        letter = EmailMessage()
        try:
            letter["From"], letter["To"], letter["Subject"] = self.from_address, message.to, message.subject
        except ValueError as error:  # a line end would begin another header
            raise Refused("the address or the subject cannot be written as mail") from error
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
            raise NotSent(f"the mail server answers {error.smtp_code}") from error
        except smtplib.SMTPException as error:
            raise NotSent(f"the mail server cannot be used: {type(error).__name__}") from error
        except OSError as error:
            raise NotSent(f"the mail server cannot be reached: {_words(error)}") from error

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
    return kind(f"the mail server answers {code}")


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or type(error).__name__
