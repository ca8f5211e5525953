"""P6: an uploaded picture, the whole request with the child process that decodes it, against Pillow alone.

CPU of this process, of the fork server and of its forks, in one run and in turn. A picture of 100 KB against decoding
and encoding it; 12 megapixels from a phone against decoding and Pillow's LANCZOS resize to the size that ours makes.
One person sends all of them, so their child is there already; the first picture needs one of its own.
"""

from __future__ import annotations

import io
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random

from flask import Flask
from PIL import Image, ImageFilter

from app import create_app
from bench import report, timing
from bench.timing import Call, Series, median
from bench.wsgi import Ask, call
from blueprints.gate import COOKIE
from config import ROOT, TestConfig
from lib.database import transaction_mode
from lib.pictures import images
from lib.sandbox import client as sandbox
from models import db
from services.accounts import sessions
from services.departments.reference_data import load_reference_data
from tests.support.factory import Make

GOALS = {"100 KB": (5.0, 3.0), "12 megapixels": (0.5, 0.35)}
_PAGE, _SLOT = "/apply/papers", "/apply/papers/id_portrait"  # one picture: each upload replaces the one before


class Uploader:
    """Somebody signed in, at an application of their own."""

    def __init__(self, folder: Path) -> None:
        self.app = _app(folder)
        with self.app.app_context(), transaction_mode("IMMEDIATE"):
            declaration = Make(self.app).declaration()
            token = sessions.start(account=declaration.account)
            db.session.commit()
        self.cookie = f"{COOKIE}={token}"
        page = call(self.app.wsgi_app, Ask(_PAGE), self.cookie)
        self.cookie += "".join(f"; {value.split(';')[0]}" for name, value in page.headers if name == "Set-Cookie")
        found = re.search(rb'name="csrf_token" value="([^"]+)"', page.body)
        assert found, page.status
        self.csrf = found[1].decode()

    def send(self, data: bytes) -> None:
        """One form with one picture, as a browser sends it; fails unless it is taken."""
        answer = call(self.app.wsgi_app, Ask(_SLOT, {"csrf_token": self.csrf}, {"file": data}), self.cookie)
        assert answer.status == 302, answer.status


def _app(folder: Path) -> Flask:
    app = create_app(TestConfig(folder, PORT="1"))
    app.testing = False
    with app.app_context(), transaction_mode("IMMEDIATE"):
        db.create_all()
        load_reference_data(ROOT / "data")
        db.session.commit()
        db.session.remove()
    return app


def child_cpu() -> Callable[[], float]:
    """What the fork server and its forks have taken so far, in seconds; the kernel counts the former in nanoseconds."""
    forks = 0.0

    def add(usage: sandbox.Usage) -> None:
        nonlocal forks
        forks += usage.cpu_s

    sandbox.usage_listeners.append(add)
    forkserver = Path(f"/proc/{sandbox.forkserver_pid()}/schedstat")
    return lambda: forks + int(forkserver.read_text().split()[0]) / 1e9


def run(calls: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        uploader = Uploader(Path(folder))
        uploader.send(photo(Random(0), (1000, 750), 100_000))
        elsewhere = child_cpu()
        small = [photo(Random(seed), (1000, 750), 100_000) for seed in range(min(calls, 20))]
        large = [photo(Random(seed), (4032, 3024), 3_000_000) for seed in range(3)]
        found = {
            "100 KB": _measured(uploader, small, calls, elsewhere, {"decode + encode": _again}),
            "12 megapixels": _measured(
                uploader, large, max(5, calls // 5), elsewhere, {"LANCZOS": _lanczos, "decode, turn, shrink": _ours}
            ),
        }
    _tell(found)


def _measured(
    uploader: Uploader,
    data: list[bytes],
    calls: int,
    elsewhere: Callable[[], float],
    peers: dict[str, Callable[[bytes], object]],
) -> dict[str, Series]:
    def each(work: Callable[[bytes], object]) -> Call:
        def one(number: int) -> int:
            work(data[number % len(data)])
            return 1

        return one

    variants = {name: each(work) for name, work in peers.items()}
    jobs = {
        "in a child of its own": lambda sent: sandbox.run("paper", sent),
        "whole request": uploader.send,
    }
    variants |= {name: each(job) for name, job in jobs.items()}
    return timing.in_turn(variants, calls, dict.fromkeys(jobs, elsewhere))


def _again(data: bytes) -> None:
    image = Image.open(io.BytesIO(data))
    image.load()
    image.save(io.BytesIO(), "JPEG", quality=images.QUALITY)


def _lanczos(data: bytes) -> None:
    image = Image.open(io.BytesIO(data))
    image.load()
    image.resize((2016, 1512), Image.Resampling.LANCZOS)


def _ours(data: bytes) -> None:
    images.decode_upright(data)


def photo(chance: Random, size: tuple[int, int], most: int) -> bytes:
    """Soft shapes with grain, as many bytes as a phone makes of so many pixels."""
    shapes = Image.frombytes("RGB", (16, 12), chance.randbytes(16 * 12 * 3)).resize(size)
    grain = Image.frombytes("L", size, chance.randbytes(size[0] * size[1])).filter(ImageFilter.GaussianBlur(1))
    image = Image.blend(shapes, grain.convert("RGB"), 0.25)
    for quality in range(95, 30, -3):
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality)
        if out.tell() <= most:
            break
    return out.getvalue()


def _tell(found: dict[str, dict[str, Series]]) -> None:
    rows, facts = [], {}
    for picture, variants in found.items():
        base = median(next(iter(variants.values())).cpu)
        for name, series in variants.items():
            cpu, wall = median(series.cpu), median(series.wall)
            rows.append((picture, name, f"{cpu * 1e3:.1f}", f"{wall * 1e3:.1f}", f"{cpu / base:.2f}"))
            facts[f"{picture}: {name}"] = {"cpu_ms": cpu * 1e3, "wall_ms": wall * 1e3, "ratio": cpu / base}
    print("\nP6: one picture, CPU of all processes\n")
    print(report.table(("picture", "what", "CPU ms", "wall ms", "ratio"), rows))
    for picture, (must, aim) in GOALS.items():
        name = "whole request" if picture == "100 KB" else "decode, turn, shrink"
        ratio = facts[f"{picture}: {name}"]["ratio"]
        print(f"{picture}, {name}: {ratio:.2f}, must ≤ {must}: {'kept' if ratio <= must else 'NOT kept'}")
        report.note("P6", f"{picture}, {name}", f"{ratio:.2f}", f"≤ {must:g}", f"≤ {aim:g}")
    print(f"written to {report.save('p6', {'series': facts})}")
