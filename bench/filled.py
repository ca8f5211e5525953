"""An instance in daily use: a filled draft with all its pictures, a submission, a resubmission in review, a long list.

The people of the list are invented (bench/generate.py); the three declarations are made by the product's own services.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from pathlib import Path

from flask import Flask

from bench import instances
from bench.browser import Browser
from blueprints.gate import COOKIE, STAFF_COOKIE
from forms import PAPER
from lib.clock import today
from lib.codes import Status
from lib.database import transaction_mode, utcnow
from models import Account, Counter, Declaration, Notice, Staff, db
from services import workflow
from services.accounts import sessions
from services.papers import pages, papers
from tests.support.factory import Make, picture, prepared
from tests.support.people import PASSWORD, QUALIFIED, UNIVERSITY, WITH_EMPLOYER, id_number

ANSWERS = WITH_EMPLOYER | UNIVERSITY | QUALIFIED
PEOPLE = 10_000
_NOTICES = 6
_serials = count(501, 2)  # beyond those of Make


@dataclass(frozen=True)
class Filled:
    """The application, a cookie of each person, and the address of the resubmission."""

    app: Flask
    applicant: dict[str, str]  # at a draft that is complete
    submitter: dict[str, str]  # whose declaration waits
    officer: dict[str, str]  # of the county, holding the resubmission
    review: str


def make(folder: Path, people: int = PEOPLE, files: int = 0) -> Filled:
    """``files``: so many more submissions, complete with their papers, that wait."""
    app = instances.make(folder, people)
    with app.app_context(), transaction_mode("IMMEDIATE"):
        db.session.add(Counter(name=f"declaration-{today().year}", value=people))
        db.session.add_all(_notice(number) for number in range(_NOTICES))
        db.session.commit()
        factory = Make(app)
        draft = factory.declaration(**ANSWERS)
        factory.papers(draft)
        waiting = factory.declaration(Status.SUBMITTED, **ANSWERS)
        officer = factory.staff()
        again = _resubmitted(factory, officer)
        for _ in range(files):
            factory.declaration(Status.SUBMITTED, **ANSWERS)
        made = Filled(
            app,
            _signed_in(draft.account),
            _signed_in(waiting.account),
            _signed_in(officer),
            f"/staff/submissions/{again.uid}",
        )
        db.session.remove()
    return made


def newcomer(app: Flask) -> tuple[str, str]:
    """Name and ID number of somebody who has just registered, with the password of the tests' people."""
    with app.app_context(), transaction_mode("IMMEDIATE"):
        account = Make(app).account(number=id_number(next(_serials)))
        found = account.name, account.id_number
        db.session.remove()
        return found


def sign_in(browser: Browser, who: tuple[str, str]) -> None:
    name, number = who
    browser.get("/login")
    browser.send("/login", {"id_type": "resident_id", "name": name, "number": number, "password": PASSWORD})
    browser.token = {}  # the session's pages have another one


def _notice(number: int) -> Notice:
    text = "请通过本平台如实填报本人信息，并上传证明材料。\n\n如有疑问，请咨询所在地会计管理部门。"
    return Notice(title=f"关于开展会计人员信息采集工作的通知（{number + 1}）", body=text, published_at=utcnow())


def _signed_in(person: Account | Staff) -> dict[str, str]:
    staff = isinstance(person, Staff)
    token = sessions.start(staff=person) if isinstance(person, Staff) else sessions.start(account=person)
    db.session.commit()
    return {STAFF_COOKIE if staff else COOKIE: token}


def _resubmitted(factory: Make, officer: Staff) -> Declaration:
    """Returned for two answers and a picture, corrected, held again with an unsent mark."""
    declaration = factory.declaration(Status.IN_REVIEW, officer=officer, **ANSWERS)
    reviewer = factory.actor(officer)
    kind = "qualification_certificate"
    factory.mark(declaration, "full_time_diploma_no", "mobile", kind, reviewer=reviewer)
    workflow.send_back(declaration, reviewer, 1)
    declaration.full_time_diploma_no, declaration.postal_address = "101731201205001133", "辽宁省沈阳市样例路 99 号"
    next(mark for mark in declaration.revisions[0].marks if mark.target == "mobile").explanation = "这是本人的号码"
    pages.remove_page(papers.pages_of(declaration, kind)[0])
    store = factory.app.extensions["kuaiji.store"]
    pages.add_page(declaration, PAPER[kind], prepared(store, picture(900, 700, 7)))
    db.session.commit()
    factory.signed_sheet(declaration)
    workflow.submit(declaration, factory.actor(declaration.account), commitment="1", review_days=10)
    workflow.claim(declaration, reviewer)
    db.session.commit()
    factory.mark(declaration, "postal_address", reviewer=reviewer)
    return declaration
