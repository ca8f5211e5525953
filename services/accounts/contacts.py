"""The phone and the address of an account: changed by its owner, verified by a code; the old ones get a message.

A phone that was changed may reset the password after 72 hours only: whoever has taken over a session or a password
cannot keep its owner out at once, and the owner was told.
"""

from __future__ import annotations

from datetime import timedelta

from lib.codes import Channel, CodePurpose
from lib.database import utcnow
from models import Account, db, site
from services import audit
from services.access import Actor
from services.accounts import applicants, inbox, sent_codes
from services.accounts.applicants import StepExpired, phone_index
from services.messages.outbox import Contact

SETTLES = timedelta(hours=72)
PURPOSES = {Channel.SMS: CodePurpose.PHONE, Channel.EMAIL: CodePurpose.EMAIL}


def may_reset(account: Account) -> bool:
    """May a code to the phone set a new password?"""
    changed = account.phone_changed_at
    return account.phone_verified_at is not None and (changed is None or changed <= utcnow() - SETTLES)


def phone_for_code(number: str, name: str) -> str:
    """The phone to which a code for a lost password may go, or nothing. Nobody learns which."""
    account = applicants.find(number)
    is_known = account is not None and applicants.same_name(name, account.name)
    return (account.phone or "") if account and is_known and may_reset(account) else ""


def send_code(account: Account, channel: Channel, target: str) -> None:
    """To the new phone or address. Attempts are counted before (throttle.SEND_CODE)."""
    to = Contact(account_id=account.id, phone=target) if channel == Channel.SMS else Contact(account.id, email=target)
    sent_codes.send(PURPOSES[channel], account.uid, to, target)


def confirm(account: Account, channel: Channel, code: str, actor: Actor) -> None:
    """The code is right: what it was sent to is the account's, verified. Raises StepExpired for any other code."""
    code_id = sent_codes.usable_id(PURPOSES[channel], account.uid, code)
    if code_id is None or not sent_codes.redeem(code_id):
        raise StepExpired
    change(account, channel, sent_codes.target(code_id), actor, verified=True)


def change(account: Account, channel: Channel, target: str, actor: Actor, *, verified: bool = False) -> None:
    """Set it. The same as before is only verified; a new one is announced where the old ones reach the owner."""
    now, name = utcnow(), PURPOSES[channel]
    before = account.phone if channel == Channel.SMS else account.email
    if before == target and not verified:
        return
    if before != target:
        if before:
            inbox.tell(account.id, f"{name}_changed", link="/account")
        audit.record(f"{name}_change", actor, detail="verified" if verified else "")
    else:
        audit.record(f"{name}_verify", actor)
    if channel == Channel.SMS:
        if before != target:
            account.phone, account.phone_index, account.phone_changed_at = target, phone_index(target), now
        account.phone_verified_at = now if verified else None
    else:
        account.email = target
        account.email_verified_at = now if verified else None
    db.session.flush()


def can_verify(channel: Channel) -> bool:
    return channel in site().channels
