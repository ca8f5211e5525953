"""What the officers' views share: the file in scope, the log of looks, the page of one submission."""

from __future__ import annotations

import re

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from blueprints import me
from lib.database import beginning
from models import Declaration, Revision, db
from services import access, looks, review, review_pictures

bp = Blueprint("review", __name__, url_prefix="/staff")

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def typed(name: str, most: int) -> str:
    """One line of a form: without control characters, not longer than its column."""
    return " ".join(_CONTROL.sub(" ", request.form.get(name, "")).split())[:most]


def in_scope(uid: str) -> Declaration:
    """A submission of the officer's scope. Another county's is not found, exactly as if it did not exist."""
    return access.office_declaration(me(), uid) or abort(404)


def revision_of(declaration: Declaration, number: int | None) -> Revision:
    """The latest revision, or the one of that number."""
    number = declaration.revision_number if number is None else number
    if not 0 < number <= declaration.revision_number:
        abort(404)
    return access.revision_of(declaration, number) or abort(404)


def looked_at(uid: str, verb: str, number: int | None = None) -> Revision:
    """A revision of a submission in scope, the latest one unless ``number`` says which.

    The look is written down first, in a short transaction of its own.
    """
    revision = revision_of(in_scope(uid), number)
    if looks.looks_to_log(me(), revision.declaration, verb):
        db.session.rollback()
        with beginning("IMMEDIATE"):
            revision = revision_of(in_scope(uid), number)
            looks.log_look(me(), revision, looks.looks_to_log(me(), revision.declaration, verb))
            db.session.commit()
        revision = revision_of(in_scope(uid), number)
    return revision


def desk(revision: Revision, *, reveal: bool = False, problem: str = "") -> ResponseReturnValue:
    """The page of one submission. ``problem``: why the last action was not taken."""
    found = review.submission(revision, me(), reveal=reveal)
    page = render_template(
        "review/submission.html",
        found=found,
        declaration=revision.declaration,
        revision=revision,
        pictures=review_pictures.pictures(found.papers),
        reasons=review.reasons(),
        problem=problem,
    )
    return page, 422 if problem else 200
