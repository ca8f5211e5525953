"""The life of a declaration: MOVES and the verbs.

Every verb checks, moves, records. The row's version makes the second of two simultaneous writers fail; a decision also
names the revision that the officer saw.
"""

from services.workflow.claims import CLAIM_TIME, claim, lapse_all, own_claim, release, renew, settle
from services.workflow.decisions import approve, send_back
from services.workflow.filing import drop, missing_for_submit, submit, withdraw
from services.workflow.moves import (
    MOVES,
    Conflict,
    Incomplete,
    Missing,
    Move,
    NotAllowed,
    available,
    holder,
    standing_status,
)

__all__ = [
    "CLAIM_TIME",
    "MOVES",
    "Conflict",
    "Incomplete",
    "Missing",
    "Move",
    "NotAllowed",
    "approve",
    "available",
    "claim",
    "drop",
    "holder",
    "lapse_all",
    "missing_for_submit",
    "own_claim",
    "release",
    "renew",
    "send_back",
    "settle",
    "standing_status",
    "submit",
    "withdraw",
]
