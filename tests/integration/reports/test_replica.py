"""Statistics and 名册 read from a replica, and from the database itself while it is away."""

from __future__ import annotations

import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from lib.clock import today
from lib.codes import Status
from lib.database.replica import Replica
from models import db, replica
from services.access import Actor
from services.departments import matching
from services.reports import statistics

pytestmark = pytest.mark.postgres


def submitted(actor: Actor) -> int:
    span = statistics.period("", "", today())
    db.session.commit()
    return statistics.report(matching.in_scope(actor)[0], span).total.submitted


def test_statistics_read_from_the_replica_until_it_is_away(app, make, postgres_server, caplog):
    make.declaration(Status.SUBMITTED)
    officer = make.actor(make.staff())
    assert replica() == {}
    db.session.remove()
    db.engine.dispose()
    postgres_server.command("CREATE DATABASE replica_of_tests TEMPLATE copy_of_template")
    app.extensions["kuaiji.replica"] = second = Replica(postgres_server.url_of("replica_of_tests"), "")
    try:
        make.declaration(Status.SUBMITTED)
        assert submitted(officer) == 1
        with pytest.raises(DBAPIError, match="read-only"):
            db.session.execute(text("UPDATE counter SET value = 0"), bind_arguments=replica())
        db.session.rollback()
    finally:
        postgres_server.command("DROP DATABASE replica_of_tests WITH (FORCE)")
    with caplog.at_level(logging.WARNING, "kuaiji.replica"):
        assert [submitted(officer), submitted(officer)] == [2, 2]
    assert [record.name for record in caplog.records].count("kuaiji.replica") == 1
    second.close()
