"""Two application machines, one database, one store: requests go to either, and nothing is on a shared disk.

Each has a data directory of its own. They have the keys and the secret in common, as docs/operations.md says.
"""

from __future__ import annotations

import http.client
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from blueprints.gate import STAFF_COOKIE
from commands import tick
from config import TestConfig
from forms import PHOTO
from lib.database import alone, transaction_mode
from models import Declaration, db
from services.accounts import sessions
from tests.support.factory import Make, picture, portrait
from tests.support.site import crowd, served
from tests.support.site.crowd import Person
from tests.support.site.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


class BothSides(Visitor):
    """Each request goes to the other machine than the one before."""

    def __init__(self, ports: tuple[int, int], address: str, cookies: Mapping[str, str] | None = None) -> None:
        super().__init__(ports[0], address, cookies)
        self.ports = ports

    def _sent(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> http.client.HTTPResponse:
        self.close()
        self.ports = self.ports[1], self.ports[0]
        self.port = self.ports[0]
        return super()._sent(method, path, body, headers)


@dataclass(frozen=True)
class Province:
    app: Flask
    ports: tuple[int, int]
    folder: Path


@pytest.fixture
def province(tmp_path: Path, postgres_copy: str, template: Path, installed: Path) -> Iterator[Province]:
    (tmp_path / "machine0").mkdir()
    shutil.copy(template / "keys.json", tmp_path / "machine0")
    app = create_app(TestConfig(tmp_path / "machine0", DATABASE_URL=postgres_copy))
    shared = {
        "KUAIJI_DATABASE_URL": postgres_copy,
        "KUAIJI_UPLOADS": str(tmp_path / "machine0" / "uploads"),
        "KUAIJI_KEYS_FILE": str(app.config["KEYS_FILE"]),
        "KUAIJI_SECRET_KEY": secrets.token_hex(32),
    }
    machines = [served.environment(tmp_path / f"machine{n}", served.free_port()) | shared for n in (1, 2)]
    for n in (1, 2):
        served.with_static_files(tmp_path / f"machine{n}", installed)
    servers = []
    try:
        servers = [served.start(env) for env in machines]
        with app.app_context(), transaction_mode("DEFERRED"):
            first, second = (int(env["KUAIJI_PORT"]) for env in machines)
            yield Province(app, (first, second), tmp_path)
            db.session.remove()
            db.engine.dispose()
    finally:
        for server in servers:
            served.kill(server)


def test_a_whole_journey_and_a_print_job_go_from_machine_to_machine(province):
    person = Person(1)
    pictures = {kind: picture(1000, 700, seed) for seed, kind in enumerate(crowd.PAPERS, 1)} | {PHOTO: portrait()}
    expected = crowd.addresses(province.app, province.folder / "expected", pictures)

    crowd.walk(BothSides(province.ports, person.address), person, pictures, lambda: None)

    assert crowd.lost(province.app, [person], expected) == []
    officer = Make(province.app).staff()
    token = sessions.start(staff=officer)
    uid = db.session.scalars(select(Declaration.uid)).one()
    db.session.commit()
    desk = BothSides(province.ports, "127.0.0.1", {STAFF_COOKIE: token})
    desk.get(f"/staff/submissions/{uid}")
    desk.get("/staff/queue")
    job = desk.send("/staff/print", {"list": "queue", "pick": uid, "reason": "归档本月信息表"}).location
    served.wait_for(lambda: f"{job}/file" in desk.get(job).text)
    assert desk.get(f"{job}/file").status == 200
    desk.close()
    assert not list(province.folder.glob("machine[12]/uploads")), "a machine kept pictures to itself"


def test_two_machines_do_not_do_the_scheduled_work_at_once(app):
    with alone(db.engine, tick.LOCK) as got:
        assert got
        assert tick.tick() == ({}, {})
    assert "释放到期的领取" in tick.tick()[0]
