"""Uploads through a line that drops, delays, duplicates and cuts, and past servers that are killed: nothing is lost,
nothing is there twice. Client and server are real; only the line between them is the test's own."""

from __future__ import annotations

import hashlib
import http.client
import io
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from flask import Flask
from sqlalchemy import func, select
from tusclient.client import TusClient

from app import create_app
from blueprints.gate import COOKIE
from config import TestConfig
from lib.database import transaction_mode
from models import PaperPage, Upload, db
from services.accounts import sessions
from services.papers import resumable_uploads
from tests.support.applicant.tus_client import CONTENT, Answer, Tus, metadata
from tests.support.attacks.bad_line import BadLine
from tests.support.factory import Make, picture
from tests.support.patience import PATIENCE_S
from tests.support.people import EMPLOYED
from tests.support.site import served
from tests.support.site.served import Environment, answer, environment, free_port, wait_for

pytestmark = pytest.mark.slow


class Site:
    """``flask serve`` over a folder, and the same folder's application in this process, to look inside."""

    def __init__(self, app: Flask, env: Environment) -> None:
        self.app, self.env, self.port = app, env, int(env["KUAIJI_PORT"])
        make = Make(app)
        self.account = make.declaration(**EMPLOYED).account
        with transaction_mode("IMMEDIATE"):
            token = sessions.start(account=self.account)
            db.session.commit()
        self.headers = {"Cookie": f"{COOKIE}={token}", "Connection": "close"}
        self.start()
        page = send_to(self.port, self.headers)("GET", "/apply/papers", {}, b"")
        self.headers["X-CSRFToken"] = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
        self.headers["Cookie"] += "; " + page.headers["Set-Cookie"].split(";")[0]

    def start(self) -> None:
        self.server = served.start(self.env)

    def kill(self) -> None:
        served.kill(self.server)
        wait_for(lambda: not answer(self.env))

    def client(self, port: int = 0, piece: int = 100_000) -> Tus:
        return Tus(send_to(port or self.port, self.headers), piece=piece)

    def digest(self, path: str) -> str:
        """Of the bytes in the database."""
        with transaction_mode("DEFERRED"):
            upload = db.session.scalars(select(Upload).where(Upload.uid == path.rpartition("/")[2])).one()
            data = resumable_uploads.assembled(upload)
            db.session.rollback()  # the server wants to write
        return hashlib.sha256(data).hexdigest()

    def count(self, table: type[Any]) -> int:
        with transaction_mode("DEFERRED"):
            found = db.session.scalar(select(func.count()).select_from(table)) or 0
            db.session.rollback()
        return found


def send_to(port: int, always: dict[str, str]):
    def send(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            line.request(method, path, body if body or method != "HEAD" else None, always | headers)
            reply = line.getresponse()
            return Answer(reply.status, cast(Mapping[str, str], reply.headers), reply.read().decode())
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            line.close()

    return send


@pytest.fixture(scope="module")
def site(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("line") / "instance"
    env = environment(folder, free_port())
    shutil.copytree(installed, folder)
    app = create_app(TestConfig(folder))
    with app.app_context():
        site = Site(app, env)
        yield site
        site.kill()
        db.session.remove()
        db.engine.dispose()


def data_of(seed: int, size: int = 700_000) -> bytes:
    return Random(seed).randbytes(size)


def through_a_bad_line(site: Site, seed: int) -> BadLine:
    """One upload; its bytes in the database must be those that were sent. Gives up the upload afterwards."""
    data = data_of(seed)
    with BadLine(site.port, seed, longest=120_000) as line:
        tus = site.client(line.port)
        path = tus.upload(data, mark=str(seed))
        assert site.digest(path) == hashlib.sha256(data).hexdigest(), f"seed {seed}"
        tus.stubborn(lambda: tus.begin(len(data), mark=str(seed)))  # asked again at the end: still the one upload
    assert site.count(Upload) == 1, f"seed {seed}: there must be one upload"
    assert site.client().ask("DELETE", path).status == 204
    return line


def test_ten_uploads_through_a_bad_line_arrive_as_they_were_sent(site):
    happened = sum((through_a_bad_line(site, seed).happened for seed in range(10)), start=BadLine(0, 0).happened)
    assert {"straight", "drop", "cut request", "cut answer", "twice", "slow"} <= set(happened), happened


@pytest.mark.soak
def test_a_hundred_uploads_through_a_bad_line_arrive_as_they_were_sent(site):
    for seed in range(100, 200):
        assert through_a_bad_line(site, seed).happened


def test_a_picture_through_a_bad_line_becomes_one_page(site):
    for seed in range(5):
        data = picture(1600, 1200 + seed, seed)
        with BadLine(site.port, seed, longest=20_000) as line:
            tus = site.client(line.port, piece=10_000)
            path = tus.upload(data, mark=f"p{seed}")
            assert tus.outcome(path)["ok"]
        assert site.count(PaperPage) == seed + 1


def test_a_client_of_other_people_uploads_stops_and_goes_on(site):
    """tuspy asks for the offset itself, and knows nothing of ours but what the protocol says."""
    data, endpoint = picture(1600, 1200, 77), f"http://127.0.0.1:{site.port}/apply/uploads"
    client = TusClient(endpoint, headers=site.headers)
    told = {"kind": "employer_licence", "filename": "执照.jpg", "mark": "tuspy"}
    begun = client.uploader(file_stream=io.BytesIO(data), chunk_size=20_000, metadata=told)
    begun.upload(stop_at=40_000)
    later = client.uploader(file_stream=io.BytesIO(data), chunk_size=20_000, url=begun.url)
    assert later.offset == 40_000
    later.upload()
    path = str(begun.url).removeprefix(f"http://127.0.0.1:{site.port}")
    assert site.client().ask("HEAD", path).headers["Upload-Metadata"] == metadata(**told)
    before = site.count(PaperPage)
    assert site.client().outcome(path)["ok"]
    assert site.count(PaperPage) == before + 1


def test_what_arrived_of_a_piece_is_kept_when_the_line_is_cut(site):
    data = data_of(7)
    path = site.client().begin(len(data)).headers["Location"]
    with BadLine(site.port, 0) as line:
        line.WAYS = ("cut request",)
        line.chance = type("Middle", (Random,), {"randrange": lambda *_any: 400_000})()
        with pytest.raises(OSError, match=r"."):
            site.client(line.port).patch(path, 0, data)
    tus = site.client()
    arrived = wait_for(lambda: int(tus.ask("HEAD", path).headers["Upload-Offset"]))
    assert 390_000 < arrived < 400_000
    assert tus.patch(path, arrived, data[arrived:]).status == 204
    assert site.digest(path) == hashlib.sha256(data).hexdigest()
    tus.ask("DELETE", path)


def test_a_piece_that_is_refused_is_answered_and_the_line_not_just_closed(site):
    """A body left unread closes the line under the browser, which then takes the network for dead."""
    length = 512 * 1024
    path = site.client().begin(length * 2).headers["Location"]
    fits = {"Tus-Resumable": "1.0.0", "Upload-Offset": "1000", "Content-Type": CONTENT}
    refused = {
        409: site.headers | fits,
        412: site.headers | fits | {"Tus-Resumable": "0.1"},
        415: site.headers | fits | {"Content-Type": "text/plain"},
        400: site.headers | fits | {"X-CSRFToken": "x"},
    }
    for status, headers in refused.items():
        line = http.client.HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE_S)
        line.request("PATCH", path, slowly(length), headers | {"Content-Length": str(length)})
        assert line.getresponse().status == status
        line.close()
    site.client().ask("DELETE", path)


def slowly(length: int) -> Iterator[bytes]:
    for _piece in range(16):
        time.sleep(0.02)
        yield bytes(length // 16)


def killed_at(site: Site, percents: list[int]) -> tuple[str, str]:
    """An upload during which the server is killed at each of these points, with a piece on its way.

    The hash of what was sent, and of what arrived.
    """
    data = data_of(len(percents), 1_000_000)
    tus = site.client(piece=50_000)
    path = tus.begin(len(data), mark=f"killed {percents}").headers["Location"]
    arrived = 0
    for percent in [*percents, 100]:
        while arrived < len(data) * percent // 100:
            arrived = int(tus.patch(path, arrived, data[arrived : arrived + tus.piece]).headers["Upload-Offset"])
        if percent == 100:
            break
        half = http.client.HTTPConnection("127.0.0.1", site.port)
        half.putrequest("PATCH", path)
        wanted = {"Tus-Resumable": "1.0.0", "Upload-Offset": arrived, "Content-Type": "application/offset+octet-stream"}
        for name, value in (site.headers | wanted | {"Content-Length": 50_000}).items():
            half.putheader(name, str(value))
        half.endheaders(data[arrived : arrived + 20_000])
        site.kill()
        half.close()
        site.start()
        now = int(tus.ask("HEAD", path).headers["Upload-Offset"])
        assert now >= arrived, f"at {percent} %: {arrived} bytes were acknowledged, {now} are there"
        arrived = now
    arrived_hash = site.digest(path)
    tus.ask("DELETE", path)
    return hashlib.sha256(data).hexdigest(), arrived_hash


def test_a_server_killed_on_the_way_has_lost_nothing_that_it_acknowledged(site):
    sent, arrived = killed_at(site, [50])
    assert arrived == sent


@pytest.mark.soak
def test_a_server_killed_at_every_tenth_has_lost_nothing_that_it_acknowledged(site):
    sent, arrived = killed_at(site, list(range(10, 100, 10)))
    assert arrived == sent


def test_a_client_that_is_gone_at_every_tenth_goes_on_as_a_new_one(site):
    data = data_of(3, 500_000)
    for percent in range(10, 110, 10):
        tus = site.client(piece=50_000)  # knows nothing of the ones before
        answered = tus.begin(len(data), mark="gone")
        path, arrived = answered.headers["Location"], int(answered.headers["Upload-Offset"])
        assert arrived == len(data) * (percent - 10) // 100
        tus.patch(path, arrived, data[arrived : len(data) * percent // 100])
    assert site.digest(path) == hashlib.sha256(data).hexdigest()
    tus.ask("DELETE", path)
