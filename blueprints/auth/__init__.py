"""Accounts: register, claim a legacy record, sign in and out, forgotten passwords, own account; also for staff."""

from blueprints.auth import (
    account,
    assistance,
    assistance_desk,
    claim,
    counter,
    forgot,
    register,
    sign_in,
    staff_account,
    staff_sign_in,
)
from blueprints.auth.shared import bp

__all__ = [
    "account",
    "assistance",
    "assistance_desk",
    "bp",
    "claim",
    "counter",
    "forgot",
    "register",
    "sign_in",
    "staff_account",
    "staff_sign_in",
]
