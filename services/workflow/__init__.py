"""The life of a declaration: the verbs, and the rules that they share with the pages.

services/moves.py has one row for each verb. A verb is a function here: it asks its rules, moves, records. The row's
version makes the second of two simultaneous writers fail; a decision also names the revision that the officer saw.
"""

from services.workflow.available import available
from services.workflow.claims import (
    CLAIM_TIME,
    begin,
    claim,
    expire_lapsed,
    lapse_all,
    release,
    renew,
    take_over,
    vacate,
)
from services.workflow.decisions import answer_second_look, approve, decline, send_back
from services.workflow.errors import Conflict, Incomplete, MissingItem, NotAllowed
from services.workflow.reversals import discard, reopen, revoke, undo
from services.workflow.rules import can_reopen, can_return, can_revoke, held_by_another, holds
from services.workflow.state import (
    UNDO_TIME,
    holder,
    last_decision,
    own_claim,
    standing_status,
    undoable,
    waiting_second_look,
    waiting_transfer,
    waits,
)
from services.workflow.submission import drop, expire, give_up, missing_for_submit, submit, withdraw
from services.workflow.transfers import answer_offer, offer, proposer, take_back_offer, take_back_second_look

__all__ = [
    "CLAIM_TIME",
    "UNDO_TIME",
    "Conflict",
    "Incomplete",
    "MissingItem",
    "NotAllowed",
    "answer_offer",
    "answer_second_look",
    "approve",
    "available",
    "begin",
    "can_reopen",
    "can_return",
    "can_revoke",
    "claim",
    "decline",
    "discard",
    "drop",
    "expire",
    "expire_lapsed",
    "give_up",
    "held_by_another",
    "holder",
    "holds",
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
    "standing_status",
    "submit",
    "take_back_offer",
    "take_back_second_look",
    "take_over",
    "undo",
    "undoable",
    "vacate",
    "waiting_second_look",
    "waiting_transfer",
    "waits",
    "withdraw",
]
