"""An officer's browser without a browser: whole requests to the product's WSGI application, CSRF token and all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from http.cookies import SimpleCookie

from bench.instances import Instance
from bench.wsgi import Answer, Ask, call
from blueprints.gate import STAFF_COOKIE
from services.access import Actor

QUEUE, SEARCH = "/staff/queue", "/staff/queue/search"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_LINE = re.compile(rb"<tr[ >]")


class Visitor:
    """Signed in as an officer; ``get`` and ``send`` return the answer and fail on anything but a page."""

    def __init__(self, instance: Instance, officer: Actor) -> None:
        self.wsgi = instance.app.wsgi_app
        self.cookies = {STAFF_COOKIE: instance.session_of(officer)}
        first = self.get(QUEUE)
        for name, value in first.headers:
            if name.lower() == "set-cookie":
                self.cookies |= {key: morsel.value for key, morsel in SimpleCookie(value).items()}
        found = _TOKEN.search(first.body.decode())
        assert found, "the queue's page has no form"
        self.token = found.group(1)

    def get(self, path: str) -> Answer:
        return self._page(Ask(path))

    def send(self, path: str, form: Mapping[str, str]) -> Answer:
        return self._page(Ask(path, {"csrf_token": self.token, **form}))

    def _page(self, ask: Ask) -> Answer:
        answer = call(self.wsgi, ask, "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if answer.status != 200:
            raise RuntimeError(f"{ask.path}: {answer.status}")
        return answer


def lines_of(answer: Answer) -> int:
    """How many lines the list on the page has."""
    return max(0, len(_LINE.findall(answer.body)) - 1)
