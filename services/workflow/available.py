"""Which verbs a person may use now. Pages build their buttons from it, so page and rule cannot disagree."""

from __future__ import annotations

from collections.abc import Callable

from lib.codes import Kind
from models import Declaration
from services.access import Actor
from services.workflow.reversals import undoable
from services.workflow.transitions import (
    MOVES,
    Move,
    holder,
    in_office,
    standing_status,
    waiting_second_look,
    waiting_transfer,
)

Rule = Callable[[Declaration, Actor], bool]


def _offered_here(declaration: Declaration, actor: Actor) -> bool:
    waiting = waiting_transfer(declaration)
    return waiting is not None and waiting.to_department.path.startswith(actor.path)


def _may_take_back(declaration: Declaration, actor: Actor) -> bool:
    proposed = waiting_second_look(declaration)
    if proposed:
        return proposed.staff_id == actor.id
    return in_office(declaration, actor) and waiting_transfer(declaration) is not None


def _may_answer(declaration: Declaration, actor: Actor) -> bool:
    proposed = waiting_second_look(declaration)
    return proposed is not None and proposed.staff_id != actor.id and in_office(declaration, actor)


def _held_by_another(declaration: Declaration, actor: Actor) -> bool:
    held = holder(declaration)
    return held is not None and held.staff_id != actor.id and in_office(declaration, actor)


def _held(declaration: Declaration, actor: Actor) -> bool:
    held = holder(declaration)
    return held is not None and held.staff_id == actor.id


#: What a verb asks for beyond state and role.
RULES: dict[str, Rule] = {
    "drop": lambda declaration, actor: declaration.kind == Kind.CHANGE,
    "claim": in_office,
    "take_over": _held_by_another,
    **dict.fromkeys(("release", "return", "approve", "decline", "offer", "propose"), _held),
    "undo": lambda declaration, actor: undoable(declaration, actor) is not None,
    "revoke": in_office,
    "reopen": in_office,
    **dict.fromkeys(("transfer", "refuse"), _offered_here),
    "disagree": _may_answer,
    "take_back": _may_take_back,
}


def _is_own(declaration: Declaration, actor: Actor) -> bool:
    return bool(actor.id_index) and actor.id_index == declaration.account.id_index


def available(declaration: Declaration, actor: Actor) -> list[Move]:
    """The moves this person may make now."""
    status = standing_status(declaration)
    if actor.is_staff and _is_own(declaration, actor):
        return []
    return [
        move
        for move in MOVES.values()
        if status in move.sources
        and actor.role in move.by
        and (move.verb not in RULES or RULES[move.verb](declaration, actor))
    ]
