"""What only PostgreSQL lets happen: two transactions that do not wait for each other from their beginning."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from lib.codes import Role
from models import Declaration, db
from services import workflow
from services.records import own as own_record
from services.workflow import start as workflow_start
from tests.support.site.served import wait_for

pytestmark = pytest.mark.postgres


def in_a_thread(app, act):
    """What ``act`` returns from a transaction of its own, which is committed."""

    def work():
        with app.app_context():
            found = act()
            db.session.commit()
            db.session.remove()
            return found

    return ThreadPoolExecutor(1).submit(work)


def test_two_begin_the_first_declarations_of_a_year(app):
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    first = workflow_start.next_number()
    second = in_a_thread(app, workflow_start.next_number)
    with db.engine.connect() as onlooker:
        wait_for(lambda: onlooker.scalar(waiting))
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
