"""A browser without a browser: whole requests to the product's WSGI application, CSRF token and all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from http.cookies import SimpleCookie
from typing import Any

from bench.instances import Instance
from bench.wsgi import Answer, Ask, call
from blueprints.gate import STAFF_COOKIE
from services.access import Actor

QUEUE, SEARCH = "/staff/queue", "/staff/queue/search"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_LINE = re.compile(rb"<tr[ >]")


class Visitor:
    """A browser of one person; ``get`` and ``send`` return the answer and fail on any other status than expected."""

    def __init__(self, wsgi: Callable[..., Any], cookies: Mapping[str, str], first: str) -> None:
        self.wsgi, self.cookies, self.token = wsgi, dict(cookies), ""
        answer = self.get(first)
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self.cookies |= {key: morsel.value for key, morsel in SimpleCookie(value).items()}
        if found := _TOKEN.search(answer.body.decode()):
            self.token = found.group(1)

    def get(self, path: str) -> Answer:
        return self._page(Ask(path))

    def send(
        self,
        path: str,
        form: Mapping[str, str | Sequence[str]],
        files: Mapping[str, bytes] | None = None,
        expect: int = 200,
    ) -> Answer:
        return self._page(Ask(path, {"csrf_token": self.token, **form}, files), expect)

    def _page(self, ask: Ask, expect: int = 200) -> Answer:
        answer = call(self.wsgi, ask, "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        if answer.status != expect:
            raise RuntimeError(f"{ask.path}: {answer.status}")
        return answer


def officer(instance: Instance, person: Actor) -> Visitor:
    """Signed in as an officer, at the list."""
    return Visitor(instance.app.wsgi_app, {STAFF_COOKIE: instance.session_of(person)}, QUEUE)


def lines_of(answer: Answer) -> int:
    """How many lines the list on the page has."""
    return max(0, len(_LINE.findall(answer.body)) - 1)
