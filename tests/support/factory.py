"""Makes people, staff and declarations, through the product's own services wherever a rule is involved."""

from __future__ import annotations

import io
from dataclasses import asdict
from datetime import timedelta
from functools import cache
from itertools import count
from random import Random
from typing import Any

from flask import Flask
from PIL import Image, ImageDraw
from sqlalchemy import select

from demo import drawings as demo_drawings
from demo.drawings import Appearance
from forms import PAPER, PHOTO, SHEET, STEPS
from lib import crypto
from lib.clock import today
from lib.codes import AccountState, ApiScope, IdType, Kind, Role, Status
from lib.database import utcnow
from lib.pictures.images import Answer
from lib.pictures.one_inch import PhotoRule
from lib.sandbox import client as sandbox
from lib.storage import Folder
from models import Account, Declaration, Department, LegacyHolder, Record, Staff, db
from services import workflow
from services.access import Actor
from services.api import tokens
from services.api.tokens import NewToken
from services.declaration import answers
from services.departments import reference_version
from services.filing import printing
from services.filing.case import DeclarationCase
from services.marks import marks
from services.papers import pages, papers, preparation
from services.site import built_in_texts
from services.workflow import start as workflow_start
from tests.support.people import COMPLETE, PASSWORD, STAFF_PASSWORD, id_number

TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@cache
def picture(width: int = 900, height: int = 1260, seed: int = 0) -> bytes:
    """A JPEG with some content; ``seed`` makes it differ enough not to match another person's picture."""
    image = Image.new("RGB", (width, height), (240, 244, 250))
    pen = ImageDraw.Draw(image)
    pen.ellipse((width * 0.3, height * 0.2, width * 0.7, height * 0.55), fill=(210, 180, 160))
    pen.rectangle((width * 0.2, height * 0.6, width * 0.8, height), fill=(40, 60 + seed % 150, 110))
    chance = Random(seed)
    for _line in range(8 if seed else 0):
        left, top = width * chance.uniform(0.2, 0.7), height * chance.uniform(0.2, 0.9)
        pen.rectangle((left, top, left + width * 0.15, top + height * 0.08), fill=(chance.randrange(256), 20, 20))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=88)
    return file.getvalue()


@cache
def portrait(seed: int = 0) -> bytes:
    """A good one-inch photo of a drawn person; another ``seed`` gives other clothes."""
    drawn = demo_drawings.portrait(Appearance("male", 4)).convert("RGB")
    width, height = drawn.size
    image = drawn.resize((413, 579), box=(width * 0.11, height * 0.07, width * 0.89, height * 0.85))
    pen, chance = ImageDraw.Draw(image), Random(seed)
    for _stripe in range(14 if seed else 0):
        left, top = chance.randrange(0, 370), chance.randrange(430, 560)
        pen.rectangle((left, top, left + 60, top + 25), fill=tuple(chance.randrange(256) for _ in range(3)))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=88)
    return file.getvalue()


@cache
def _paper(data: bytes) -> Answer:
    """What the child process makes of a picture of ours: the same each time, so a test run asks it once."""
    return sandbox.run("paper", data)


@cache
def _photo(data: bytes) -> Answer:
    return sandbox.run("photo", data, crop=None, rule=asdict(PhotoRule()))


def prepared(store: Folder, data: bytes, *, photo: bool = False) -> preparation.Prepared:
    """Like preparation.prepare and prepare_photo."""
    return preparation._stored(store, _photo(data) if photo else _paper(data))


#: What differs from person to person, and decides about no question.
PERSONAL = frozenset({"id_number", "mobile", "applicant_name"})
NOT_ASKED: dict[str, list[str]] = {}


class Make:
    """``make.account()``, ``make.staff(Role.REVIEWER, "210102")``, ``make.declaration(Status.SUBMITTED)`` ..."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.serial = count(11)

    def _save(self, *rows: Any) -> None:
        db.session.add_all(rows)
        db.session.commit()

    def account(self, name: str = "单小燕", number: str | None = None, **columns: Any) -> Account:
        serial = next(self.serial)
        number = number or id_number(serial * 2 + 1)
        keys = self.app.extensions["kuaiji.keys"]
        account = Account(
            name=name, state=AccountState.ACTIVE, id_type=columns.pop("id_type", IdType.RESIDENT), **columns
        )
        account.id_number, account.id_index = number, keys.index("id_number", number)
        account.phone = f"1380013{serial:04d}"
        account.phone_index = keys.index("phone", account.phone)
        account.password_hash = crypto.hash_password(PASSWORD, staff=False, pepper=keys.pepper)
        self._save(account)
        return account

    def legacy(self, name: str = "孙立国", number: str | None = None, **columns: Any) -> LegacyHolder:
        number = number or id_number(next(self.serial) * 2 + 1)
        facts = {"batch": "test", "archive_no": "LN20080001", "certificate_no": "ZS20080001", "issued_month": "2008-06"}
        holder = LegacyHolder(name=name, **(facts | columns))
        holder.id_number, holder.id_index = number, self.app.extensions["kuaiji.keys"].index("id_number", number)
        self._save(holder)
        return holder

    def department(self, code: str = "210102") -> Department:
        return db.session.scalars(select(Department).where(Department.code == code)).one()

    def staff(
        self, role: Role = Role.REVIEWER, department: str = "210102", name: str = "王审核", **columns: Any
    ) -> Staff:
        keys = self.app.extensions["kuaiji.keys"]
        officer = Staff(username=f"user{next(self.serial)}", name=name, role=role, **columns)
        officer.department_id = self.department(department).id
        officer.password_hash = crypto.hash_password(STAFF_PASSWORD, staff=True, pepper=keys.pepper)
        officer.totp_secret = TOTP_SECRET
        self._save(officer)
        return officer

    def actor(self, person: Account | Staff) -> Actor:
        """The person as views and services know it."""
        if isinstance(person, Account):
            return Actor(Role.APPLICANT, person.id, person.name, 0, "")
        office = person.department
        return Actor(
            person.role,
            person.id,
            person.name,
            0,
            "",
            department_id=office.id,
            department_name=office.name,
            path=office.path,
            id_index=person.id_index,
        )

    def declaration(
        self,
        status: Status = Status.DRAFT,
        account: Account | None = None,
        officer: Staff | None = None,
        **changed: Any,
    ) -> Declaration:
        """A complete declaration in any state, with every paper that its answers ask for."""
        account = account or self.account()
        declaration = workflow_start.start(self.actor(account), account)
        declaration.notice_read_at = utcnow()
        told = answers.identity_facts(account)
        filled = COMPLETE | {"applicant_name": account.name, "mobile": account.phone} | changed
        if "number_sex" in told:
            filled |= {"sex": str(told["number_sex"]), "birth_date": told["number_birth_date"]}
        for name, value in filled.items():
            setattr(declaration, name, value)
        self.drop_what_is_not_asked(declaration)
        if status != Status.DRAFT:
            self._papers(declaration)
            self._advance(declaration, status, officer)
        db.session.commit()
        return declaration

    def drop_what_is_not_asked(self, declaration: Declaration) -> None:
        """As saving the pages would. Most people of the tests give the same answers."""
        context = answers.asked(declaration)
        day = f"{today()} {reference_version.current()} "
        key = day + repr([item for item in sorted(answers.facts(declaration).items()) if item[0] not in PERSONAL])
        if key not in NOT_ASKED:
            forms = [step.form(None, context=context) for step in STEPS]
            NOT_ASKED[key] = [question.name for form in forms for question in form.questions if not form.asks(question)]
        for name in NOT_ASKED[key]:
            setattr(declaration, name, None)

    def papers(self, declaration: Declaration) -> None:
        """Upload every paper asked for, print and sign the sheet."""
        self._papers(declaration)
        db.session.commit()

    def _papers(self, declaration: Declaration) -> None:
        store = self.app.extensions["kuaiji.store"]
        own = declaration.id % 50 or 50  # fifty people look different, which is as many as a test looks at
        wanted = papers.wanted(answers.facts(declaration))
        for paper in wanted:
            if paper.kind == PHOTO:
                pages.add_page(declaration, paper, prepared(store, portrait(own), photo=True))
            elif paper.kind != SHEET and not papers.pages_of(declaration, paper.kind):
                seed = own if paper.personal else 0
                pages.add_page(declaration, paper, prepared(store, picture(1000, 700, seed)))
        db.session.flush()
        self._signed_sheet(declaration)

    def signed_sheet(self, declaration: Declaration) -> None:
        self._signed_sheet(declaration)
        db.session.commit()

    def _signed_sheet(self, declaration: Declaration) -> None:
        store = self.app.extensions["kuaiji.store"]
        sheet = printing.print_sheet(DeclarationCase(declaration))
        db.session.flush()
        for page in papers.pages_of(declaration, SHEET):
            pages.remove_page(page)
        pages.add_page(declaration, PAPER[SHEET], prepared(store, picture(800, 1100, sheet.version)), sheet)
        db.session.flush()

    def _advance(self, declaration: Declaration, status: Status, officer: Staff | None) -> None:
        applicant = self.actor(declaration.account)
        workflow.submit(declaration, applicant, commitment=built_in_texts.VERSION, review_days=10)
        db.session.flush()
        if status == Status.SUBMITTED:
            return
        reviewer = self.actor(officer or self.staff(department=declaration.department_code or "210102"))
        workflow.claim(declaration, reviewer)
        db.session.flush()
        if status == Status.RETURNED:
            self.mark(declaration, "postal_address", reviewer=reviewer)
            workflow.send_back(declaration, reviewer, declaration.revision_number)
        elif status == Status.APPROVED:
            workflow.approve(declaration, reviewer, declaration.revision_number)

    def mark(self, declaration: Declaration, *targets: str, reviewer: Actor, comment: str = "请核对") -> None:
        """Unsent marks on the latest revision."""
        wanted = [marks.MarkRequest(target, "", comment) for target in targets]
        marks.save(declaration.revisions[-1], reviewer, wanted)
        db.session.commit()

    def record(self, account: Account | None = None) -> Record:
        declaration = self.declaration(Status.APPROVED, account)
        return db.session.scalars(select(Record).where(Record.account_id == declaration.account_id)).one()

    def change(self, record: Record) -> Declaration:
        declaration = workflow_start.start_change(self.actor(record.account), record)
        assert declaration.kind == Kind.CHANGE
        db.session.commit()
        return declaration

    def api_token(self, *scopes: ApiScope, department: str = "210000", confirmed: bool = True, **changes: Any) -> str:
        """The text of a token; a security administrator of the province made it."""
        makers = (self.staff(role, "210000") for role in (Role.SECURITY, Role.SYSTEM))
        maker, confirmer = map(self.actor, makers)
        wanted: dict[str, Any] = {"networks": (), "per_minute": 600, "days": 30} | changes
        row, text = tokens.make(maker, NewToken("样例系统", department, scopes, **wanted))
        if confirmed:
            tokens.confirm(confirmer, row)
        db.session.commit()
        return text

    def lapsed(self, declaration: Declaration) -> None:
        """End the claim on a declaration."""
        assert declaration.claim
        declaration.claim.expires_at = utcnow() - timedelta(minutes=1)
        db.session.commit()
