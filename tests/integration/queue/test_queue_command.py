"""``flask queue rebuild``, and what ``flask init`` does after an update that adds the officers' lists."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from lib.codes import Status
from models import QueueCount, QueueItem, Record, SearchKey, db
from tests.support.site.command_line import Run, runner


@pytest.fixture
def flask(app: Flask) -> Run:
    return runner(app)


def forget_lists() -> None:
    for table in (QueueItem, QueueCount, SearchKey):
        db.session.execute(delete(table))
    db.session.execute(update(Record).values(declaration_id=None, name="", masked_number=""))
    db.session.commit()


@pytest.mark.parametrize("command", [("queue", "rebuild"), ("init",)])
def test_lists_are_made_of_what_is_there(make, flask, command, monkeypatch):
    monkeypatch.setattr("flask_migrate.upgrade", lambda: None)  # the test's database has no migrations
    waiting, record = make.declaration(Status.SUBMITTED), make.record()
    forget_lists()
    waiting_id, record_id = waiting.id, record.id
    db.session.remove()
    status, _out, error = flask(*command)
    assert status == 0, error
    assert waiting_id in set(db.session.scalars(select(QueueItem.declaration_id)))
    assert db.session.get_one(Record, record_id).masked_number.startswith("219*")
    assert db.session.scalars(select(SearchKey.key).where(SearchKey.declaration_id == waiting_id)).all()


def test_the_rebuild_says_how_many(make, flask):
    make.record()
    db.session.remove()
    assert "申报 1 份，档案 1 份" in flask("queue", "rebuild")[1]


def test_a_second_init_leaves_the_lists_alone(make, flask, monkeypatch):
    monkeypatch.setattr("flask_migrate.upgrade", lambda: None)
    make.declaration(Status.SUBMITTED)
    db.session.remove()

    def refuse() -> None:
        raise AssertionError("rebuilt without need")

    monkeypatch.setattr("services.queue.index.rebuild", refuse)
    assert flask("init")[0] == 0
