"""The chain over the audit trail: what is changed behind the triggers is found, and the first bad row is named."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from sqlalchemy import select, text

from lib.database import append_only_statements, transaction_mode
from models import Event, EventSeal, db
from services import audit
from services.administration import audit_seals
from services.administration.audit_seals import ChainHead
from tests.support.rules.append_only import without_guards
from tests.support.site.command_line import runner

ROWS = 60
TABLES = ("event", "event_seal")
COLUMNS = (
    *("verb", "actor", "at", "account_id", "staff_id", "department_id", "declaration_id", "revision_number"),
    *("from_status", "to_status", "detail", "mac"),
)


@pytest.fixture
def trail(app, make, tmp_path) -> list[int]:
    """The numbers of sealed events."""
    officer = make.actor(make.staff())
    for number in range(ROWS):
        audit.record(("view", "reveal", "claim")[number % 3], officer, detail=f"row {number}")
    db.session.commit()
    return sealed(tmp_path)


def sealed(data) -> list[int]:
    with transaction_mode("IMMEDIATE"):
        audit_seals.seal()
        db.session.commit()
    audit_seals.keep_head(data)
    return list(db.session.scalars(select(EventSeal.event_id).order_by(EventSeal.position)))


def run(statement: str, **values: Any) -> None:
    db.session.execute(text(statement), values)


def problem(known: ChainHead | None = None) -> str:
    return audit_seals.verify(known or ChainHead()).problem


def change(chance: Random, trail: list[int]) -> int:
    bad, column = chance.choice(trail), chance.choice(COLUMNS)
    value = {"mac": b"x" * 32, "at": "2026-01-01 00:00:00.000000", "from_status": "draft", "to_status": "draft"}
    run(f"UPDATE event SET {column} = :value WHERE id = :bad", value=value.get(column, 7), bad=bad)
    return bad


def remove(chance: Random, trail: list[int]) -> int:
    bad = chance.choice(trail)
    run("DELETE FROM event WHERE id = :bad", bad=bad)
    return bad


def remove_with_its_link(chance: Random, trail: list[int]) -> int:
    """And all links behind it move up."""
    bad = chance.choice(trail[:-1])
    run("DELETE FROM event WHERE id = :bad", bad=bad)
    run("DELETE FROM event_seal WHERE event_id = :bad", bad=bad)
    run("UPDATE event_seal SET position = -position WHERE event_id > :bad", bad=bad)
    run("UPDATE event_seal SET position = -position - 1 WHERE position < 0")
    return bad + 1


def insert(chance: Random, trail: list[int]) -> int:
    """A new row, or one that says what a genuine one says, with or without its hash."""
    names = ", ".join(COLUMNS if chance.random() < 0.5 else COLUMNS[:-1])
    bad = trail[-1] + 1
    values = {"bad": bad, "model": chance.choice(trail)}
    run(f"INSERT INTO event (id, {names}) SELECT :bad, {names} FROM event WHERE id = :model", **values)
    return bad


def reorder(chance: Random, trail: list[int]) -> int:
    first, second = sorted(chance.sample(trail, 2))
    for before, after in ((first, -1), (second, first), (-1, second)):
        run("UPDATE event SET id = :after WHERE id = :before", before=before, after=after)
    return first


def test_200_of_200_manipulations_are_found_and_the_first_bad_row_is_named(trail):
    chance, found = Random(11), 0
    assert problem() == ""
    for number in range(200):
        without_guards(*TABLES)  # nothing is committed
        kind = (change, remove, remove_with_its_link, insert, reorder)[number % 5]
        bad = kind(chance, trail)
        found += f"第 {bad} 号记录" in problem()
        db.session.rollback()
    assert found == 200


def test_a_shortened_trail_is_found_by_the_head_that_was_kept_or_printed(trail, tmp_path):
    last = audit_seals.head()
    assert audit_seals.parse_head(f" {last.printed} ").digest == last.digest
    kept = audit_seals.read_head(tmp_path / audit_seals.HEAD_FILE)
    assert (kept.position, kept.digest) == (ROWS, last.digest)
    without_guards(*TABLES)
    run("DELETE FROM event WHERE id > :last", last=trail[-5])
    run("DELETE FROM event_seal WHERE event_id > :last", last=trail[-5])
    assert problem() == ""
    assert "末尾的记录被删除" in problem(kept)
    forged = ChainHead(3, b"x" * 32)
    assert f"第 {trail[2]} 号记录及以前的校验链被重新生成" in problem(forged)
    db.session.rollback()


def test_the_latest_rows_are_verified_alone(trail):
    assert audit_seals.verify_latest(ChainHead(), 10) == audit_seals.Verification(10, 0)
    without_guards(*TABLES)
    run("UPDATE event SET detail = 'x' WHERE id = :bad", bad=trail[20])
    assert audit_seals.verify_latest(ChainHead(), 10).problem == ""
    run("UPDATE event SET detail = 'x' WHERE id = :bad", bad=trail[-3])
    assert f"第 {trail[-3]} 号记录被修改" in audit_seals.verify_latest(ChainHead(), 10).problem
    db.session.rollback()


def test_sealing_goes_on_where_it_stopped_and_new_rows_wait(trail, make, tmp_path, monkeypatch):
    audit.record("view", None)
    db.session.commit()
    assert audit_seals.verify(ChainHead()) == audit_seals.Verification(ROWS, 1)
    monkeypatch.setattr(audit_seals, "AT_ONCE", 2)
    for _row in range(3):
        audit.record("view", None)
    db.session.commit()
    assert len(sealed(tmp_path)) == ROWS + 2
    assert len(sealed(tmp_path)) == ROWS + 4
    assert audit_seals.verify(ChainHead()) == audit_seals.Verification(ROWS + 4, 0)


def test_neither_events_nor_links_can_be_changed_or_removed(trail):
    for table, column in zip(TABLES, ("detail", "digest"), strict=True):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):
            with pytest.raises(Exception, match=f"{table} rows are only ever added"):
                run(statement)
            db.session.rollback()
    assert append_only_statements("event_seal", "sqlite")


@pytest.mark.postgres
def test_a_transaction_that_becomes_visible_late_is_sealed_all_the_same(app, tmp_path):
    with db.engine.connect() as late:
        late.execute(text("SELECT nextval('event_id_seq')"))  # its number is taken before those of the others
        number = late.execute(text("SELECT currval('event_id_seq')")).scalar_one()
        audit.record("view", None)
        db.session.commit()
        assert sealed(tmp_path) == [number + 1]
        row = Event(id=number, verb="view", actor="system", detail="")
        db.session.add(row)
        db.session.commit()
    assert sealed(tmp_path) == [number + 1, number]
    assert audit_seals.verify(ChainHead()) == audit_seals.Verification(2, 0)


def test_the_commands_verify_print_the_head_and_export(app, make, trail, tmp_path):
    flask = runner(app)
    assert flask("tick")[0] == 0
    printed = flask("audit", "head")[1].strip()
    assert printed == audit_seals.head().printed
    assert f"已核对 {ROWS} 条记录，都和写入时一致；另有 0 条还没有加入校验链" in flask("audit", "verify")[1]
    status, _said, error = flask("audit", "verify", "--head", "3:" + "00" * 32)
    assert (status, f"第 {trail[2]} 号记录及以前的校验链被重新生成" in error) == (1, True)
    assert flask("audit", "verify", "--head", "x")[0] == 2
    file = tmp_path / "events.csv"
    assert flask("audit", "export", str(file), "--since", "2026-01-01")[1] == f"已导出 {ROWS + 2} 条记录到 {file}\n"
    assert len(file.read_text("utf-8-sig").splitlines()) == ROWS + 3
    status, _said, error = flask("audit", "export", str(file))
    assert (status, "文件已存在" in error) == (1, True)
    done = db.session.scalars(select(Event.detail).where(Event.verb == "audit_verify").order_by(Event.id)).all()
    assert done[:2] == [f"核对 {ROWS} 条，一致", f"第 {trail[2]} 号记录及以前的校验链被重新生成"]
