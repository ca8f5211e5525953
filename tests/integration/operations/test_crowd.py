"""Applicants all at once on ``flask serve`` as it is shipped, two workers: everybody arrives, nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from config import TestConfig
from forms import PHOTO
from lib.database import transaction_mode
from models import db
from tests.support.applicant.paper_photos import taken
from tests.support.factory import picture, portrait
from tests.support.site import crowd, served
from tests.support.site.crowd import Person

pytestmark = pytest.mark.slow

LONGEST_P95_S = 2.0
LONGEST_UPLOAD_S = 60.0  # then nginx, as it comes, gives up
SQLITE = pytest.param("", id="sqlite")
POSTGRESQL = pytest.param("postgres_database", id="postgresql", marks=pytest.mark.postgres)


@dataclass(frozen=True)
class Served:
    """A running server, and its application in this process, to look inside."""

    app: Flask
    port: int
    folder: Path


@pytest.fixture
def site(request: pytest.FixtureRequest, installed: Path, tmp_path: Path) -> Iterator[Served]:
    folder, port = tmp_path / "instance", served.free_port()
    given = {"DATABASE_URL": request.getfixturevalue(request.param)} if request.param else {}
    env = served.environment(folder, port) | {"KUAIJI_WORKERS": "2"}
    env |= {f"KUAIJI_{name}": value for name, value in given.items()}
    del env["KUAIJI_THREADS"]  # as it is shipped
    shutil.copytree(installed, folder)
    if given:
        subprocess.run([served.FLASK, "init"], cwd=served.ROOT, env=env, check=True, capture_output=True)
    server = served.start(env)
    try:
        app = create_app(TestConfig(folder, **given))
        with app.app_context(), transaction_mode("DEFERRED"):
            yield Served(app, port, tmp_path)
            db.session.remove()
            db.engine.dispose()
    finally:
        served.kill(server)


@dataclass
class Crowd:
    """How long the pages took, and the uploads, in order; and what of it all was lost."""

    pages: list[float]
    uploads: list[float]
    lost: list[str]


def arrive(site: Served, people: int, pictures: Mapping[str, bytes], thinking: tuple[float, float]) -> Crowd:
    """All of them, at once."""
    everybody = [Person(serial) for serial in range(1, people + 1)]
    expected = crowd.addresses(site.app, site.folder / "expected", pictures)
    took = crowd.all_at_once(site.port, everybody, pictures, thinking)
    return Crowd(*took, crowd.lost(site.app, everybody, expected))


@pytest.mark.parametrize("site", [SQLITE], indirect=True)
def test_applicants_who_come_at_once_all_arrive_and_nothing_of_theirs_is_lost(site):
    pictures = {kind: picture(1000, 700, seed) for seed, kind in enumerate(crowd.PAPERS, 1)}
    assert arrive(site, 4, pictures | {PHOTO: portrait()}, (0.0, 0.1)).lost == []


@pytest.mark.soak
@pytest.mark.parametrize("site", [SQLITE, POSTGRESQL], indirect=True)
def test_two_hundred_applicants_at_once_do_not_wait_long(site, request, record_property):
    """They think for two to five seconds before each press, and send what phones take."""
    pictures = {kind: taken(seed).jpeg() for seed, kind in enumerate(crowd.PAPERS, 1)}
    came = arrive(site, 200, pictures | {PHOTO: portrait()}, (2.0, 5.0))
    assert came.lost == []
    engine = request.node.callspec.id
    record_property(f"95 % of pages within, s ({engine})", round(p(came.pages, 95), 1))
    record_property(f"95 % of uploads within, s ({engine})", round(p(came.uploads, 95), 1))
    assert p(came.pages, 95) < LONGEST_P95_S
    assert came.uploads[-1] < LONGEST_UPLOAD_S


def p(waits: list[float], percent: int) -> float:
    return waits[len(waits) * percent // 100]
