"""Ten times the load, while the SMS gateway hangs and a worker dies: pages, or a word to come later; then as before.

What a full disk and a locked database do to people at work is in test_faults_served.py.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from app import create_app
from config import TestConfig
from lib.codes import OutboxState
from lib.database import transaction_mode
from models import OutboxMessage, db
from services.accounts import inbox
from tests.support.factory import Make
from tests.support.patience import PATIENCE_S
from tests.support.site import served, visitors
from tests.support.site.served import Environment, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not Path("/proc").is_dir(), reason="workers are found in /proc")]
PLACES = 2  # of two workers with one thread each


@pytest.fixture
def gateway() -> Iterator[socket.socket]:
    """It takes connections and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=100)) as listening:
        yield listening


@dataclass(frozen=True)
class Site:
    env: Environment
    pid: int
    message_id: int

    def workers(self) -> list[int]:
        return served.workers(self.pid)


@pytest.fixture
def site(installed: Path, tmp_path: Path, gateway: socket.socket) -> Iterator[Site]:
    folder = tmp_path / "instance"
    shutil.copytree(installed, folder)
    sms = {"SMS_URL": f"http://127.0.0.1:{gateway.getsockname()[1]}/"}
    env = served.environment(folder, served.free_port()) | {"KUAIJI_WORKERS": "2", "KUAIJI_THREADS": "1"}
    app = create_app(TestConfig(folder, **sms))
    with app.app_context(), transaction_mode("DEFERRED"):
        inbox.send(Make(app).account().id, "审核通过", "您的信息已审核通过。")
        db.session.commit()
        message = db.session.scalars(select(OutboxMessage.id)).one()
        db.session.rollback()
        server = served.start(env | {f"KUAIJI_{name}": value for name, value in sms.items()})
        try:
            yield Site(env, server.pid, message)
        finally:
            served.kill(server)
            db.session.remove()
            db.engine.dispose()


@pytest.mark.parametrize("seconds", [2, pytest.param(60, marks=pytest.mark.soak)])
def test_ten_times_the_load_with_a_hung_gateway_and_a_dead_worker_is_survived(site, gateway, seconds):
    before = wait_for(lambda: len(found := site.workers()) == 2 and found)
    port, dead = int(site.env["KUAIJI_PORT"]), threading.Timer(seconds / 2, os.kill, (before[0], signal.SIGKILL))
    gateway.settimeout(PATIENCE_S)
    with closing(gateway.accept()[0]):  # it sends nothing and waits for an answer
        dead.start()
        found = visitors.visit(port, people=10 * PLACES, seconds=seconds)
        dead.join()

    assert wait_for(lambda: len(set(site.workers())) == 2), "the dead worker is replaced"
    assert set(site.workers()) != set(before)
    assert served.answer(site.env, "/login") == 200
    broken = [one for one in found.failed if "again after" not in one]
    assert len(broken) <= 10 * PLACES, "more than what the dead worker had in hand"
    assert not [one for one in broken if not one.endswith(")")], "an error page"
    assert found.seconds, "nobody was served"
    db.session.rollback()
    assert db.session.get_one(OutboxMessage, site.message_id).state != OutboxState.SENT
