"""What tests of the wizard send and look at: pages as a browser sends them, pictures, rows as they are stored now."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import html5lib
from flask import current_app
from sqlalchemy import select

from forms import PAPER, PHOTO, STEPS
from lib.codes import MarkState, Status
from lib.storage import Folder
from models import Declaration, Mark, PaperPage, db
from services import workflow
from services.declaration import answers, drafts
from services.marks import marks
from services.marks.marks import MarkRequest
from services.papers import pages
from tests.support.factory import Make, picture, portrait, prepared
from tests.support.people import COMPLETE, as_form

PAGES = {step.slug: step for step in STEPS}


def names(slug: str) -> list[str]:
    return list(PAGES[slug].form(None, context=answers.FormContext())._fields)


def page(declaration: Declaration, slug: str, given: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
    """What a browser sends for a page: ``given`` answers (complete ones by default), some of them changed."""
    sent = as_form((COMPLETE if given is None else given) | changed, names(slug))
    return sent | {"seen": drafts.fingerprint(declaration, PAGES[slug]), "action": "next"}


def filled(declaration: Declaration, slug: str, **changed: Any) -> dict[str, Any]:
    """The same from what is stored: what a browser sends back for a page that was opened, some answers changed."""
    return page(declaration, slug, answers.stored(declaration), **changed)


def stored(declaration: Declaration) -> Declaration:
    """The declaration as the database has it now."""
    db.session.expire_all()
    return db.session.get_one(Declaration, declaration.id)


def pages_of(declaration: Declaration, kind: str) -> list[PaperPage]:
    """The pictures of a paper as the database has them now, in their order."""
    db.session.expire_all()
    query = select(PaperPage).where(PaperPage.declaration_id == declaration.id, PaperPage.kind == kind)
    return list(db.session.scalars(query.order_by(PaperPage.position, PaperPage.id)))


def file(data: bytes | None = None, name: str = "p.jpg") -> tuple[io.BytesIO, str]:
    """A file as the test client sends it; a drawn picture unless told otherwise."""
    return io.BytesIO(picture(1000, 700) if data is None else data), name


def upload(browser: Any, *pictures: bytes, kind: str = "employer_licence", expect: int = 302) -> Any:
    """Send pictures for one paper, as one form."""
    sent = {"file": [file(data, f"{number}.jpg") for number, data in enumerate(pictures)]}
    return browser.send(f"/apply/papers/{kind}", sent, expect=expect)


def submit(browser: Any) -> None:
    """Press 【提交】 with the commitment ticked; it must work."""
    assert browser.send("/apply/submit", {"agree": "yes"}).location == "/apply/done"


def sent_by(page: Any, action: str | None) -> dict[str, Any]:
    """What the form of this address would send if its main button were pressed now, as a browser collects it.

    None: the form that is sent to the address of its own page.
    """
    root = html5lib.parse(page.text, namespaceHTMLElements=False)
    form = next(element for element in root.iter("form") if element.get("action") == action)
    sent: dict[str, Any] = {"action": "next"}
    for field in (element for element in form.iter() if element.tag in ("input", "select", "textarea")):
        name, kind = field.get("name") or "", field.get("type")
        if field.tag == "select":
            chosen = [option for option in field.iter("option") if option.get("selected") is not None]
            options = chosen or list(field.iter("option"))[:1]
            value = "".join(str(option.get("value", option.text or "")) for option in options)
        else:
            value = (field.text or "").removeprefix("\n") if field.tag == "textarea" else field.get("value") or ""
        ticked = kind not in ("radio", "checkbox") or field.get("checked") is not None
        if name and kind not in ("file", "submit") and ticked:
            sent.setdefault(name, []).append(value)
    return sent


def correct(browser: Any, target: str, expect: int = 302, **changed: Any) -> Any:
    """Open the screen of a correction, by its mark's target or its own key, change something and press the button."""
    db.session.rollback()
    uid = db.session.scalar(select(Mark.uid).where(Mark.target == target, Mark.state == MarkState.OPEN))
    path = f"/apply/corrections/{uid or target}"
    return browser.send(path, sent_by(browser.open(path), path) | changed, expect=expect)


def store() -> Folder:
    found: Folder = current_app.extensions["kuaiji.store"]
    return found


def add_photo(declaration: Declaration, seed: int = 0) -> None:
    """A one-inch photo; another ``seed`` makes another one."""
    pages.add_page(declaration, PAPER[PHOTO], prepared(store(), portrait(seed), photo=True))
    db.session.commit()


def send_back(make: Make, declaration: Declaration, *wanted: MarkRequest, office: str = "") -> Declaration:
    """An officer (of the office of that code, else of the chosen one) takes the submission and returns it."""
    officer = make.actor(make.staff(department=office or declaration.department_code or "210102"))
    workflow.claim(declaration, officer)
    marks.save(declaration.revisions[-1], officer, wanted)
    db.session.flush()
    workflow.send_back(declaration, officer, declaration.revision_number)
    db.session.commit()
    return declaration


def returned(make: Make, *wanted: MarkRequest, **answered: Any) -> Declaration:
    """A declaration that was submitted once and returned with these marks."""
    return send_back(make, make.declaration(Status.SUBMITTED, **answered), *wanted)


def words(text: str) -> str:
    """What a person reads of a page, in one line."""
    text = re.sub(r"(?s)<(script|style|svg)\b.*?</\1>|<head\b.*?</head>", " ", text)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text))).strip()
