"""Adding the pictures of an upload: a few statements about the row that was read under the write lock.

As services.papers.pages does it with objects, at a fraction of the price. The printed sheet and a picture in the place
of another one are added there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import delete, insert, update
from sqlalchemy.orm.exc import StaleDataError

from lib.database import Prebuilt, parameter, utcnow
from lib.questions.pages import Paper
from lib.sealed import new_uid
from models import Declaration, PaperPage, db
from services.filing import progress
from services.filing.case import DeclarationCase
from services.filing.reading import DeclarationRow
from services.papers import pages
from services.papers.preparation import Prepared


def add(case: DeclarationCase, paper: Paper, pictures: Sequence[Prepared]) -> None:
    """Add the pictures of a file to its paper; a paper of one page is replaced. ``case`` is of a plain row.

    Raises PageNotAdded, perhaps after others were added, and StaleDataError when the row has changed since it was read.
    """
    row = cast(DeclarationRow, case.declaration)
    kept = progress.to_keep(case.progress_with(paper.kind))
    if not _TOUCH.run(db.session, row=row.id, seen=row.version, new=row.version + 1, now=utcnow(), kept=kept):
        raise StaleDataError("another request has changed the declaration")
    positions = [] if paper.max_pages == 1 else [page.position for page in row.pages_of(paper.kind)]
    for picture in pictures:
        pages.refuse_one_too_many(paper, len(positions))
        positions.append(max(positions, default=-1) + 1)
        new = {"uid": new_uid(), "declaration_id": row.id, "kind": paper.kind, "position": positions[-1]}
        _ADD.run(db.session, **_EMPTY, **pages.new_columns(picture), **new, uploaded_at=utcnow())
        if paper.max_pages == 1:  # afterwards: the id of what was there is not given to the new one
            _REMOVE_OTHERS.run(db.session, declaration=row.id, paper=paper.kind, new=new["uid"])


_DECLARATION, _PAGE = cast(Any, Declaration.__table__), cast(Any, PaperPage.__table__)
_TOUCH = Prebuilt(
    update(_DECLARATION)
    .where(_DECLARATION.c.id == parameter("row"), _DECLARATION.c.version == parameter("seen"))
    .values(version=parameter("new"), touched_at=parameter("now"), progress=parameter("kept"))
)
_REMOVE_OTHERS = Prebuilt(
    delete(_PAGE).where(
        _PAGE.c.declaration_id == parameter("declaration"),
        _PAGE.c.kind == parameter("paper"),
        _PAGE.c.uid != parameter("new"),
    )
)
#: What only a printed sheet has.
_EMPTY = {"sheet_id": None, "reading": None}
_ADD = Prebuilt(insert(_PAGE).values({column.key: parameter(column.key) for column in _PAGE.c if column.key != "id"}))
