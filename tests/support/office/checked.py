"""What the tests of automatic checks share: results by name, another submission, another picture."""

from __future__ import annotations

import io

from PIL import Image

from forms import PAPER
from models import Declaration, db
from services import checks, workflow
from services.access import Actor
from services.checks import CheckResult
from services.papers import pages, papers, preparation
from tests.support.factory import Make
from tests.support.people import EMPLOYED

WORK = {name: value for name, value in EMPLOYED.items() if name not in ("applicant_name", "mobile")}


def results(declaration: Declaration, actor: Actor | None = None) -> dict[str, CheckResult]:
    return {result.name: result for result in checks.run(declaration.revisions[-1], actor)}


def submitted_again(make: Make, declaration: Declaration, *, sign: bool = True) -> Declaration:
    """Submit a draft or a returned one."""
    db.session.commit()
    if sign:
        make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    return declaration


def upload(make: Make, declaration: Declaration, kind: str, image: bytes) -> None:
    """Replace a paper's pictures by one."""
    for page in papers.pages_of(declaration, kind):
        pages.remove_page(page)
    pages.add_page(declaration, PAPER[kind], preparation.prepare(make.app.extensions["kuaiji.store"], image))
    db.session.commit()


def smaller(jpeg: bytes) -> bytes:
    """A copy as people make it when they forward a picture."""
    out, image = io.BytesIO(), Image.open(io.BytesIO(jpeg))
    image.resize((image.width * 2 // 3, image.height * 2 // 3)).save(out, "JPEG", quality=60)
    return out.getvalue()
