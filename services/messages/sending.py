"""Which senders the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lib.codes import Channel
from lib.remote.mail import CONSOLE, Mail
from lib.remote.senders import Console, Sender
from lib.remote.sms import Gateway


def senders(config: Mapping[str, Any]) -> dict[Channel, Sender]:
    """By channel; a channel that is not set up has none. The settings come as a mapping."""
    found: dict[Channel, Sender] = {}
    if url := config["SMTP_URL"]:
        found[Channel.EMAIL] = Console() if url == CONSOLE else Mail.of(url, config["MAIL_FROM"])
    if address := config["SMS_URL"]:
        found[Channel.SMS] = Console() if address == CONSOLE else _gateway(address, config)
    return found


def _gateway(address: str, config: Mapping[str, Any]) -> Gateway:
    names = ("SMS_METHOD", "SMS_HEADERS", "SMS_BODY", "SMS_TAKEN")
    return Gateway(address, *(config[name] for name in names))
