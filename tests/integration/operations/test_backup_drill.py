"""The drill: people work, back-ups and restores are killed half-way, and what comes back equals the cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import delete, insert, select

from lib.backup import encryption
from lib.backup.archive import Archive
from models import PaperPage, db, store
from services.departments.reference_data import load_reference_data
from services.operations import storage_check
from services.papers import papers
from tests.support.factory import Make
from tests.support.rules.house import ROOT
from tests.support.site import backups as drill
from tests.support.site.command_line import runner

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")]
DRILLS = [
    pytest.param("sqlite", 2, id="sqlite"),
    pytest.param("postgres", 1, id="postgres", marks=pytest.mark.postgres),
    pytest.param("sqlite", 20, id="sqlite, long", marks=pytest.mark.soak),
    pytest.param("postgres", 20, id="postgres, long", marks=[pytest.mark.soak, pytest.mark.postgres]),
]


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Callable[[], dict[str, str]]]:
    """Settings with an empty database at each call."""
    if request.getfixturevalue("engine") == "sqlite":
        yield dict
        return
    server, made = request.getfixturevalue("postgres_server"), list[str]()

    def another() -> dict[str, str]:
        made.append(name := f"drill_{len(made)}_{os.getpid()}")
        server.command(f"CREATE DATABASE {name}")
        return {"DATABASE_URL": server.url_of(name)}

    yield another
    for name in made:
        server.command(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def pair() -> tuple[str, str]:
    return encryption.new_identity()


def busy(seed: int, ended: Any) -> None:
    """Store pictures and name them; forget others, and remove their files at once."""
    number, first, kind = 0, os.getpid() * 10_000, f"busy{seed}"
    page = dict(db.session.execute(select(PaperPage.__table__).limit(1)).one()._mapping)
    while not ended.wait(0.03):
        number += 1
        blob = store().put(f"{os.getpid()} {number}".encode() * 500)
        new = page | {"id": first + number, "uid": f"{os.getpid()}-{number}", "kind": kind, "address": blob.address}
        db.session.execute(insert(PaperPage).values(new))
        mine = select(PaperPage.address).where(PaperPage.kind == kind).order_by(PaperPage.id.desc())
        gone = db.session.scalars(mine.offset(3)).all()
        db.session.execute(delete(PaperPage).where(PaperPage.address.in_(gone)))
        db.session.commit()
        for address in gone:
            store().discard(address, 0)


@pytest.mark.parametrize(("engine", "cycles"), DRILLS)
def test_what_is_restored_is_the_cut_however_often_it_is_killed(
    engine, database, pair, tmp_path, monkeypatch, cycles, record_property
):
    for back, cut in run_drill(database, pair, tmp_path, monkeypatch, cycles):
        assert back == cut
    record_property(f"cycles ({engine})", cycles)


def run_drill(
    database: Any, pair: tuple[str, str], folder: Path, monkeypatch: Any, cycles: int
) -> Iterator[tuple[drill.Rows, drill.Rows]]:
    """What each cycle restored, and what was there at the cut."""
    (folder / "private").write_text(pair[0])
    chance, archive_folder = Random(cycles), folder / "backups"
    create = ("backup", "create", str(archive_folder), "--with-keys")
    with drill.entered(source := installed(folder / "source", pair[1], database())) as app:
        flask = runner(app)
        assert flask(*create)[0] == 0
        operations = drill.file_operations(lambda: flask(*create))  # when nothing is new
    for _cycle in range(cycles):
        with drill.entered(source), drill.at_work([partial(busy, 1), partial(busy, 2)]):
            before = Archive(archive_folder).names()
            assert drill.killed_at(chance.randint(1, operations), lambda: flask(*create))
            assert Archive(archive_folder).names()[: len(before)] == before
            assert flask("backup", "verify", str(archive_folder))[0] == 0  # the newest: it may have died after the end
            with drill.watched_cut(monkeypatch) as cuts:
                status, _said, error = flask(*create)
            assert status == 0, error
        yield restored(folder, archive_folder, chance, database()), cuts[-1]


def installed(folder: Path, recipient: str, settings: dict[str, str]) -> Flask:
    app = drill.installation(folder, BACKUP_RECIPIENTS=recipient, **settings)
    with drill.entered(app):
        flask_migrate.upgrade()
        load_reference_data(ROOT / "data")
        make = Make(app)
        make.papers(make.declaration())
    return app


def restored(folder: Path, archive_folder: Path, chance: Random, settings: dict[str, str]) -> drill.Rows:
    """Into a new installation, at the second attempt."""
    command = ("backup", "restore", str(archive_folder), "--identity", str(folder / "private"))
    with drill.entered(drill.installation(folder / f"target{chance.random()}", **settings)) as app:
        flask = runner(app)
        flask_migrate.upgrade()  # as who has run flask init before
        killed = drill.killed_at(chance.randint(1, 60), lambda: flask(*command))
        status, _said, error = flask(*command)
        assert (status, killed) == (0, True), error
        assert storage_check.check(store(), sorted(papers.referenced())) == {}
        db.session.rollback()
        return drill.stored_rows()
