"""Accounts: register, claim a legacy record, sign in and out, forgotten passwords, own account; also for staff."""

from blueprints.auth import (
    account,
    ask_code,
    assistance,
    assistance_desk,
    claim,
    contacts,
    counter,
    forgot,
    own_data,
    register,
    sign_in,
    staff_account,
    staff_inbox,
    staff_sign_in,
)
from blueprints.auth.shared import bp

__all__ = [
    "account",
    "ask_code",
    "assistance",
    "assistance_desk",
    "bp",
    "claim",
    "contacts",
    "counter",
    "forgot",
    "own_data",
    "register",
    "sign_in",
    "staff_account",
    "staff_inbox",
    "staff_sign_in",
]
