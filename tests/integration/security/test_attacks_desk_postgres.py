"""On PostgreSQL: of two people who create the same unique thing at once, one gets a clear message, no error."""

from __future__ import annotations

import threading

import pytest

from lib.codes import Role, Status
from models import db
from services import workflow
from services.workflow import start as workflow_start
from tests.conftest import Browser
from tests.support.factory import Make
from tests.support.office.review_desk import form, fresh, path
from tests.support.site.postgres import waits_for_a_lock
from tests.support.site.served import wait_for

pytestmark = pytest.mark.postgres


def test_a_person_who_starts_anew_while_the_manager_reopens_has_one_open_declaration(app):
    make = Make(app)
    officer = make.staff()
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    workflow.decline(declaration, make.actor(officer), 1, reason_code="", comment="单位不在本省")
    account, manager = declaration.account, make.staff(Role.MANAGER)
    db.session.commit()
    browser, target, answers = Browser(app).sign_in(manager), path(declaration, "reopen"), []

    def reopens() -> None:
        answers.append(browser.client.post(target, data=form(confirmed="yes", why="材料补齐")).status_code)

    workflow_start.start(make.actor(account), account)  # not committed yet
    thread = threading.Thread(target=reopens)
    thread.start()
    wait_for(waits_for_a_lock)  # the manager's request waits for this transaction
    db.session.commit()
    thread.join()
    assert answers == [409]
    assert fresh(declaration).status == Status.DECLINED
