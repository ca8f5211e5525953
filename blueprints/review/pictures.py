"""The pictures of a revision: found only through the file in scope and its frozen papers, never by address."""

from __future__ import annotations

from typing import cast

from flask import Response, abort, current_app, request
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.review.frame import bp, looked_at
from lib.storage import Damaged, Folder, Missing
from models import Revision, db
from services import access, archive
from services.access import OFFICERS, only


@bp.get("/submissions/<uid>/pictures/<int:revision>/<kind>/<int:page>")
@only(*OFFICERS)
def picture(uid: str, revision: int, kind: str, page: int) -> ResponseReturnValue:
    """One page (from 0) of one paper as it was submitted, small with ``?thumb=1``."""
    found = looked_at(uid, "view_picture", revision)
    return _send(found, kind, page)


@bp.get("/archive/<uid>/pictures/<kind>/<int:page>")
@only(*OFFICERS)
def record_picture(uid: str, kind: str, page: int) -> ResponseReturnValue:
    """The same of the revision that a record points to."""
    record = access.office_record(me(), uid) or abort(404)
    return _send(record.revision, kind, page)


def _send(revision: Revision, kind: str, number: int) -> Response:
    page = archive.page_of(revision, kind, number) or abort(404)
    name = f"{revision.declaration.number}-{kind}-{number + 1}.jpg"
    address = page["thumb_address" if request.args.get("thumb") else "address"]
    db.session.rollback()  # reading the file does not need the database
    try:
        content = cast(Folder, current_app.extensions["kuaiji.store"]).get(address)
    except (Missing, Damaged) as error:
        current_app.logger.error("a stored picture is %s: %s", type(error).__name__.lower(), address)
        return Response("附件损坏", 404, mimetype="text/plain")
    response = Response(content, mimetype="image/jpeg")
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
