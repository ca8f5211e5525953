"""Officers of several counties who decide at the same moment: no counter is lost, and there is no deadlock."""

from __future__ import annotations

import threading

from flask import Flask
from sqlalchemy import select

from lib.codes import Status
from lib.database import transaction_mode
from lib.database.turns import WriteTurns
from models import Declaration, QueueCount, db
from services import workflow
from services.access import Actor
from services.queue import index as queue_index
from tests.support.office.crowd import submissions
from tests.support.patience import PATIENCE_S

THREADS, EACH = 4, 6


def counters() -> dict[tuple[int, str], int]:
    found: dict[tuple[int, str], int] = {}
    for row in db.session.scalars(select(QueueCount)):
        found[row.department_id, row.status.value] = found.get((row.department_id, row.status.value), 0) + row.n
    return found


def work(app: Flask, officer: Actor, ids: list[int], troubles: list[BaseException]) -> None:
    """Take each, put it back, take it again and approve it: each step a transaction."""
    with app.app_context(), transaction_mode("IMMEDIATE"):
        try:
            for which in ids:
                for step in (workflow.claim, workflow.release, workflow.claim):
                    step(db.session.get_one(Declaration, which), officer)
                    db.session.commit()
                workflow.approve(db.session.get_one(Declaration, which), officer, 1)
                db.session.commit()
        except BaseException as error:
            troubles.append(error)
        finally:
            db.session.remove()


def test_counters_of_many_moves_at_once_equal_those_made_anew(make, monkeypatch):
    monkeypatch.setattr(WriteTurns, "wait_s", PATIENCE_S)  # everybody comes in turn, however slow the machine is
    original = make.declaration(Status.SUBMITTED)
    ids = submissions(original, THREADS * EACH)
    office = make.department("210102")
    officers = [make.actor(make.staff(name=f"审核{number}")) for number in range(THREADS)]
    db.session.remove()
    troubles: list[BaseException] = []
    parts = [ids[number::THREADS] for number in range(THREADS)]
    threads = [
        threading.Thread(target=work, args=(make.app, officer, part, troubles))
        for officer, part in zip(officers, parts, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert troubles == []
    kept = counters()
    assert kept[office.id, "approved"] == len(ids)
    assert kept[office.id, "submitted"] == 1
    assert (office.id, "in_review") not in kept
    queue_index.rebuild()
    assert counters() == kept
