"""Which verbs a person may use now. Pages build their buttons from it."""

from __future__ import annotations

from models import Declaration
from services.access import Actor
from services.moves import MOVES, Move
from services.workflow.errors import Conflict, NotAllowed
from services.workflow.rules import RULES, is_own_file
from services.workflow.state import standing_status


def available(declaration: Declaration, actor: Actor) -> list[Move]:
    """The moves this person may make now."""
    status = standing_status(declaration)
    if actor.is_staff and is_own_file(declaration, actor):
        return []
    fitting = (move for move in MOVES.values() if status in move.sources and actor.role in move.by)
    return [move for move in fitting if _allowed(move, declaration, actor)]


def _allowed(move: Move, declaration: Declaration, actor: Actor) -> bool:
    try:
        if move.rule:
            RULES[move.rule](declaration, actor)
    except (NotAllowed, Conflict):
        return False
    return True
