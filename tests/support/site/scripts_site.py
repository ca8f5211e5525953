"""A small server of small pages for the modules of static/js, under the product's content security policy."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from PIL import Image
from playwright.sync_api import Page

STATIC = Path(__file__).parents[3] / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SHELL = (
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>t</title><link rel="icon" href="data:,">'
    '<link rel="stylesheet" href="/static/vendor/bootstrap/bootstrap.min.css">'
    '<link rel="stylesheet" href="/static/app.css"><link rel="stylesheet" href="/static/staff.css">'
    '<script type="module" src="/static/js/main.js"></script></head><body><main>%s</main></body></html>'
)


@dataclass
class Site:
    """A server of a few answers: path -> (status, content type, body). Remembers what was asked and posted."""

    answers: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    def put(self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200) -> None:
        self.answers[path] = (status, kind, body.encode() if isinstance(body, str) else body)

    def find(self, address: str) -> tuple[int, str, bytes]:
        path = urlsplit(address).path
        file = STATIC / path.removeprefix("/static/")
        if path.startswith("/static/") and file.is_file():
            return 200, TYPES[file.suffix], file.read_bytes()
        return self.answers.get(address) or self.answers.get(path) or (404, "text/plain", b"none")

    def fields(self, number: int = -1) -> dict[str, list[str]]:
        return parse_qs(self.posts[number][1].decode(), keep_blank_values=True)


def handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            self.answer(*site.find(self.path))

        def do_POST(self) -> None:
            site.posts.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(*site.find(self.path))

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            if status in (302, 303):
                self.send_header("Location", "/login")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """No log."""

    return Handler


def show(page: Page, site: Site, body: str) -> None:
    site.put("/", SHELL % body)
    page.goto("/")
    page.locator("html[data-ready]").wait_for(state="attached")


@cache
def picture(width: int, height: int, kind: str = "JPEG", turn: int = 1) -> bytes:
    """Noise, so that it is as big as a photograph; ``turn`` is the EXIF orientation."""
    image = Image.effect_noise((width, height), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **({"quality": 97} if kind == "JPEG" else {}))
    return out.getvalue()
