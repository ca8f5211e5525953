"""A browser without a browser: whole requests of one person to a WSGI application, cookies and CSRF token kept.

Standard library only, the same for all that are compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http.cookies import SimpleCookie
from time import process_time
from typing import Any

from bench.wsgi import Answer, Ask, Form, call

_TOKEN = re.compile(r'name="(csrf_token|csrfmiddlewaretoken)" value="([^"]+)"')


class Browser:
    """``get`` and ``send`` return the answer and fail on any other status than expected.

    ``spent``: CPU seconds of all requests so far; ``elsewhere`` tells what another process has spent for them.
    """

    def __init__(
        self, wsgi: Callable[..., Any], cookies: Mapping[str, str], elsewhere: Callable[[], float] | None = None
    ) -> None:
        self.wsgi, self.cookies, self.elsewhere = wsgi, dict(cookies), elsewhere
        self.token: dict[str, str] = {}  # of the first page that had one
        self.spent = 0.0

    def get(self, path: str, expect: int = 200) -> Answer:
        return self._answer(Ask(path), expect)

    def send(self, path: str, form: Form, files: Mapping[str, bytes] | None = None, expect: int = 302) -> Answer:
        return self._answer(Ask(path, {**form, **self.token}, files), expect)

    def _answer(self, ask: Ask, expect: int) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        before, outside = process_time(), self.elsewhere() if self.elsewhere else 0.0
        answer = call(self.wsgi, ask, cookie)
        self.spent += process_time() - before + (self.elsewhere() - outside if self.elsewhere else 0.0)
        if answer.status != expect:
            raise RuntimeError(f"{ask.path}: {answer.status} {answer.header('location')}")
        for name, value in answer.headers:
            if name.lower() == "set-cookie":
                self.cookies |= {key: morsel.value for key, morsel in SimpleCookie(value).items()}
        if not self.token and (found := _TOKEN.search(answer.body.decode(errors="replace"))):
            self.token = {found[1]: found[2]}
        return answer
