"""Pictures loaded in advance: the first two of the submission that the officer opens next, which is in hand already.

Only of what the officer holds: nothing is claimed for it. It does not count as opening the file. That the pictures
were sent is in the audit trail all the same, so every picture that was sent is logged.
"""

from __future__ import annotations

from models import Declaration
from services import access
from services.access import Actor
from services.review import case as review_case
from services.review import held as held_files
from services.review import rows as review_rows
from services.review.pictures import ReviewPicture, pictures

AT_MOST = 2


def following(actor: Actor, uid: str) -> Declaration | None:
    """The submission in hand that a verdict on ``uid`` leads to."""
    other = next((other for other in held_files.held(actor) if other != uid), None)
    return access.office_declaration(actor, other) if other else None


def first_pictures(declaration: Declaration, actor: Actor) -> list[ReviewPicture]:
    """What the viewer will open with, and the picture after it."""
    case = review_case.of(declaration, actor)
    if case is None:
        return []
    masked = review_rows.Privacy(open_numbers=False, known=())
    lines = review_rows.paper_lines(review_rows.RowContext(case, masked))
    there = [one for one in pictures(lines, case.compared) if not one.gone]
    start = next((at for at, one in enumerate(there) if one.current), 0)
    return there[start : start + AT_MOST]
