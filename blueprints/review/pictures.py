"""The pictures of a revision: found only through the file in scope and its frozen papers, never by address."""

from __future__ import annotations

from flask import abort, render_template, request, url_for
from flask.typing import ResponseReturnValue

from blueprints import me
from blueprints.downloads import stored_picture
from blueprints.review.shared import bp, in_scope, logged, read_in_scope, record_in_scope, viewed_record
from models import Revision
from services.access import OFFICERS, only
from services.records import own as own_record
from services.review import page as review_page
from services.review import pictures as review_pictures
from services.review import preload
from services.review.access_log import PRELOAD


@bp.get("/submissions/<uid>/pictures/<int:revision>/<kind>/<int:page>")
@only(*OFFICERS)
def picture(uid: str, revision: int, kind: str, page: int) -> ResponseReturnValue:
    """One page (from 0) of one paper as it was submitted, small with ``?thumb=1``.

    ``?preload=1``: for the page that will open next. It counts as no view while the officer holds the submission.
    """
    preloads = bool(request.args.get("preload")) and in_scope(uid).holds
    case = read_in_scope(uid, revision)
    found = _found(case.revision, kind, page)
    logged(case, PRELOAD if preloads else "view_picture")
    return stored_picture(*found)


@bp.get("/submissions/<uid>/preload")
@only(*OFFICERS)
def next_pictures(uid: str) -> ResponseReturnValue:
    """The addresses of what the next submission in hand will open with, as JSON: ``{"pictures": [...]}``."""
    following = preload.following(me(), in_scope(uid).declaration.uid)
    if following is None:
        return {"pictures": []}
    number = following.revision_number
    return {
        "pictures": [
            url_for("review.picture", uid=following.uid, revision=number, kind=one.kind, page=one.index)
            for one in preload.first_pictures(following, me())
        ]
    }


@bp.get("/submissions/<uid>/pictures/<int:revision>/before/<kind>/<int:page>")
@only(*OFFICERS)
def picture_before(uid: str, revision: int, kind: str, page: int) -> ResponseReturnValue:
    """The same of the revision that this one is compared with, which may belong to the declaration of the record.

    An officer who may read the submission may read what it is compared with, and nothing else of that declaration.
    """
    case = read_in_scope(uid, revision)
    found = _found(case.compared, kind, page)
    logged(case, "view_picture")
    return stored_picture(*found)


@bp.get("/submissions/<uid>/pictures/<int:revision>/<kind>/<int:page>/view")
@only(*OFFICERS)
def picture_page(uid: str, revision: int, kind: str, page: int) -> ResponseReturnValue:
    """A page around one picture, for work without scripts: frames, the picture before it, the watermark.

    ``?before=1``: one of the revision compared with, in whose place nothing stands any more.
    """
    case = read_in_scope(uid, revision)
    shown = review_pictures.pictures(review_page.submission(case).papers, case.compared)
    wanted = kind, page, bool(request.args.get("before"))
    at = next((at for at, one in enumerate(shown) if (one.kind, one.index, one.gone) == wanted), None)
    if at is None:
        abort(404)
    case = logged(case, "view_picture")
    return render_template(
        "review/picture.html",
        declaration=case.declaration,
        revision=case.revision,
        picture=shown[at],
        previous=shown[at - 1] if at else None,
        following=shown[at + 1] if at + 1 < len(shown) else None,
        watermark=review_pictures.watermark(me().name),
    )


@bp.get("/archive/<uid>/pictures/<kind>/<int:page>")
@only(*OFFICERS)
def record_picture(uid: str, kind: str, page: int) -> ResponseReturnValue:
    """The same of the revision that a record points to, or of an earlier one: ``?version=``."""
    record, version = record_in_scope(uid), request.args.get("version")
    revision = own_record.approved_revision(record.account_id, version) if version else record.revision
    found = _found(revision, kind, page)
    viewed_record(record)
    return stored_picture(*found)


def _found(revision: Revision | None, kind: str, number: int) -> tuple[str, str]:
    """The address of a picture in the store, and what a saved one is called."""
    page = (revision and own_record.page_of(revision, kind, number)) or abort(404)
    assert revision
    name = f"{revision.declaration.number}-{kind}-{number + 1}.jpg"
    return page["thumb_address" if request.args.get("thumb") else "address"], name
