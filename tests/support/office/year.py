"""A year of a province as a test goes through it: the clock, who sits at which desk, the operator's commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from lib.clock import SHANGHAI
from models import Account, Declaration, InboxMessage, OutboxMessage, Staff, db
from tests.conftest import Browser, Page
from tests.support.applicant.filing import stored, submit
from tests.support.factory import Make
from tests.support.office.review_desk import form, path
from tests.support.people import STAFF_PASSWORD
from tests.support.site.command_line import runner

OPERATIONS = Path(__file__).resolve().parents[3] / "docs" / "operations.md"


class Year:
    """The site, its clock, and who sits where."""

    def __init__(self, app: Flask, make: Make, clock: Any) -> None:
        self.app, self.make, self.clock = app, make, clock
        self.commands = [line for line in OPERATIONS.read_text("utf-8").splitlines() if line.startswith("| `flask ")]

    def on(self, day: str) -> None:
        self.clock.move_to(datetime.combine(date.fromisoformat(day), datetime.min.time(), SHANGHAI).replace(hour=10))

    def command(self, *words: str, stdin: str = "") -> str:
        """Run a command that the operator's manual names; it must do its work. It ends this session's rows."""
        named = [part for part in words[:2] if part.isalpha()]
        assert any(all(re.search(rf"\b{part}\b", line.split(" | ")[0]) for part in named) for line in self.commands)
        status, said, error = runner(self.app)(*words, stdin=stdin)
        assert status == 0, (words, said, error)
        return said

    def desk(self, username: str) -> Browser:
        """A browser in which an officer has just signed in."""
        db.session.rollback()
        return Browser(self.app).sign_in(db.session.scalars(select(Staff).where(Staff.username == username)).one())

    def takes_over(self, username: str, slip: Page, officer: Browser | None = None) -> None:
        """The officer chooses a password of the own in place of the printed one."""
        own = {"current": password_on(slip), "password": STAFF_PASSWORD, "confirm": STAFF_PASSWORD}
        (officer or self.desk(username)).send("/staff/account", own)

    def filed(self, county: str, on: str) -> Declaration:
        """Somebody of the county has filled everything in; the submission is pressed."""
        self.on(on)
        declaration = self.make.declaration(home_county=county, department_code=county)
        self.make.papers(declaration)
        submit(Browser(self.app).sign_in(declaration.account))
        return stored(declaration)

    def decide(self, username: str, declaration: Declaration, verb: str, *marks: str) -> None:
        desk = self.desk(username)
        desk.send(path(declaration, "claim"))
        seen = stored(declaration).revision_number
        desk.send(path(declaration, verb), form(*marks, seen=seen, id_checked="yes", confirmed="yes"))


def count(table: Any, *which: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table).where(*which)) or 0


def numbered(number: str) -> Declaration:
    return db.session.scalars(select(Declaration).where(Declaration.number == number)).one()


def password_on(slip: Page) -> str:
    return str(re.findall(r'id="password">([^<]+)<', slip.text)[0])


def told(account_id: int, words: str) -> bool:
    """On the site, and by SMS where a phone is known."""
    mine = InboxMessage.account_id == account_id, InboxMessage.title.contains(words)
    reached = OutboxMessage.account_id == account_id
    return bool(count(InboxMessage, *mine)) and bool(count(OutboxMessage, reached)) == bool(account(account_id).phone)


def account(account_id: int) -> Account:
    return db.session.get_one(Account, account_id)


@contextmanager
def nothing_added(*tables: Any) -> Iterator[None]:
    before = [count(table) for table in tables]
    yield
    assert [count(table) for table in tables] == before
