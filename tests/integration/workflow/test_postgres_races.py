"""What only PostgreSQL lets happen: two transactions that do not wait for each other from their beginning."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from lib.codes import Role
from models import Declaration, db
from services import workflow
from services.records import own as own_record
from services.workflow import start as workflow_start
from tests.support.site.postgres import waits_for_a_lock
from tests.support.site.served import wait_for

pytestmark = pytest.mark.postgres


def in_a_thread(app: Flask, act: Callable[[], Any]) -> Future[Any]:
    """What ``act`` returns from a transaction of its own, which is committed."""

    def work() -> Any:
        with app.app_context():
            found = act()
            db.session.commit()
            db.session.remove()
            return found

    return ThreadPoolExecutor(1).submit(work)


def test_two_begin_the_first_declarations_of_a_year(app):
    first = workflow_start.next_number()
    second = in_a_thread(app, workflow_start.next_number)
    wait_for(waits_for_a_lock)
    db.session.commit()
    assert [first[-7:], second.result()[-7:]] == ["0000001", "0000002"]


def test_a_person_opens_the_record_while_a_manager_revokes_it(app, make, client, monkeypatch):
    record = make.record()
    client.sign_in(record.account)
    declaration_id, manager = record.revision.declaration_id, make.actor(make.staff(Role.MANAGER))
    make.mark(record.revision.declaration, "nation", reviewer=manager)
    client.open("/archive")  # the result was seen
    versions = own_record.own_versions

    def revoke() -> None:
        workflow.revoke(db.session.get_one(Declaration, declaration_id), manager, 1, comment="有误")

    def read_late(actor):
        monkeypatch.undo()
        in_a_thread(app, revoke).result()
        return versions(actor)

    monkeypatch.setattr(own_record, "own_versions", read_late)
    assert client.open("/archive", expect=302).location == "/archive"
    assert client.open("/archive", expect=302).location == "/apply"
