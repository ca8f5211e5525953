"""What carries a message away: the same three answers from a mail server, an SMS gateway and the console."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Protocol, TextIO

from lib.codes import Channel


@dataclass(frozen=True)
class Site:
    """What messages and numbers say of an installation, and how messages leave it."""

    name: str
    address: str
    channels: frozenset[Channel] = frozenset()
    number_prefix: str = "LN"  # of a 申报编号


@dataclass(frozen=True)
class Outgoing:
    """One message. ``uid`` is the same at each try, so that a receiver can tell a second copy."""

    uid: str
    to: str
    subject: str
    text: str


class NotSent(Exception):
    """Not taken this time; a later try may do. The message is for the administrator and has no personal data."""


class Refused(NotSent):
    """Not taken, and trying again will not help."""


class NoAnswer(NotSent):
    """It may have been taken: the answer did not come."""


class Sender(Protocol):
    """Raises NotSent, Refused or NoAnswer. Its connection stays for the next message until ``close``."""

    def send(self, message: Outgoing) -> None: ...

    def close(self) -> None: ...

    def check(self) -> None:
        """Reach the server without sending anything. Raises NotSent."""


class Console:
    """Prints instead of sending, for development."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream

    def send(self, message: Outgoing) -> None:
        lines = (f"--- to {message.to}", message.subject, message.text)
        print(*filter(None, lines), sep="\n", file=self.stream or sys.stdout, flush=True)

    def check(self) -> None:
        return

    def close(self) -> None:
        return
