"""The life of a declaration: MOVES and the verbs.

Every verb checks, moves, records. The row's version makes the second of two simultaneous writers fail; a decision also
names the revision that the officer saw.
"""

from services.workflow.available import available
from services.workflow.claims import CLAIM_TIME, claim, lapse_all, own_claim, release, renew, settle, take_over
from services.workflow.decisions import UNDO_TIME, answer_second_look, approve, decline, send_back
from services.workflow.reversals import last_decision, reopen, revoke, undo, undoable
from services.workflow.submission import drop, missing_for_submit, submit, withdraw
from services.workflow.transfers import answer_offer, offer, proposer, take_back_offer, take_back_second_look
from services.workflow.transitions import (
    MOVES,
    TAKING,
    Conflict,
    Incomplete,
    MissingItem,
    Move,
    NotAllowed,
    holder,
    in_office,
    standing_status,
    waiting_second_look,
    waiting_transfer,
)

__all__ = [
    "CLAIM_TIME",
    "MOVES",
    "TAKING",
    "UNDO_TIME",
    "Conflict",
    "Incomplete",
    "MissingItem",
    "Move",
    "NotAllowed",
    "answer_offer",
    "answer_second_look",
    "approve",
    "available",
    "claim",
    "decline",
    "drop",
    "holder",
    "in_office",
    "lapse_all",
    "last_decision",
    "missing_for_submit",
    "offer",
    "own_claim",
    "proposer",
    "release",
    "renew",
    "reopen",
    "revoke",
    "send_back",
    "settle",
    "standing_status",
    "submit",
    "take_back_offer",
    "take_back_second_look",
    "take_over",
    "undo",
    "undoable",
    "waiting_second_look",
    "waiting_transfer",
    "withdraw",
]
