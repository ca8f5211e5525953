"""``flask messages``: carry away what waits in the outbox. `flask tick` and `flask serve` do it too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from commands.report import one_line, reporting
from lib.codes import Channel, CodePurpose
from lib.database import transaction_mode
from lib.remote.senders import NotSent, Sender
from models import SentCode, db
from services.accounts import contacts, legacy_claim, sent_codes
from services.messages import outbox, sending

BUDGET_S = 20.0  # of one round
PHONES = {CodePurpose.RESET: contacts.phone_for_code, CodePurpose.CLAIM: legacy_claim.phone_for_code}

group = AppGroup("messages", help="等待发送的邮件和短信。")


@dataclass
class Round:
    """What one round did."""

    sent: int = 0
    not_sent: int = 0


def send_due(budget: float, senders: Mapping[Channel, Sender] | None = None) -> Round:
    """Send what is due, each in transactions of its own, until nothing is left or the time is up.

    All mail goes over one connection, and so do all SMS.
    """
    senders = sending.senders(current_app.config) if senders is None else senders
    done, end = Round(), time.monotonic() + budget
    if not senders:
        return done
    _prepare()
    try:
        while time.monotonic() < end and (due := _next(senders)) is not None:
            _send(due, senders, done)
    finally:
        for sender in senders.values():
            sender.close()
    return done


def _prepare() -> None:
    """Make the codes that were asked for, and look after what a killed sender left."""
    with transaction_mode("DEFERRED"):
        asked = db.session.query(SentCode.id).filter(SentCode.waits).first()
        lost = outbox.needs_care()
        db.session.rollback()
    if asked:
        sent_codes.look_up(PHONES)
        db.session.commit()
    if lost:
        outbox.recover()
        db.session.commit()


def _next(senders: Mapping[Channel, Sender]) -> int | None:
    with transaction_mode("DEFERRED"):
        found = outbox.next_due(senders.keys())
        db.session.rollback()
    return found


def _send(message_id: int, senders: Mapping[Channel, Sender], done: Round) -> None:
    row = outbox.take(message_id)
    if row is None:  # another sender was faster
        db.session.rollback()
        return
    message, channel, lease, tries = outbox.outgoing(row), row.channel, row.lease or "", row.tries
    db.session.commit()
    why: NotSent | None = None
    try:
        senders[channel].send(message)
    except NotSent as error:
        why = error
    if why is None:
        outbox.sent(message_id, lease)
        done.sent += 1
    else:
        outbox.not_sent(message_id, lease, tries, channel, why)
        done.not_sent += 1
    db.session.commit()


@group.command("send")
@reporting
def send() -> None:
    """发送到时间的邮件和短信，直到发完；可以同时运行几个。"""
    found: Any = sending.senders(current_app.config)
    if not found:
        raise click.ClickException("没有设置 KUAIJI_SMTP_URL 或 KUAIJI_SMS_URL；请先设置")
    done = send_due(float("inf"), found)
    click.echo(f"已发送 {done.sent} 条，未被接受 {done.not_sent} 条")


@group.command("check")
@reporting
def check() -> None:
    """检查能否连接邮件服务器和短信网关，不发送任何内容。"""
    problems = []
    for channel, sender in sending.senders(current_app.config).items():
        try:
            sender.check()
            click.echo(f"{channel.label}：连接正常")
        except NotSent as error:
            problems.append(f"{channel.label}：{one_line(error)}")
    if problems:
        raise click.ClickException("；".join(problems))
