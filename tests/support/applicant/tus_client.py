"""A small client of tus 1.0.0: like the browser's, it retries, over any way of sending requests."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import g

from models import db

CONTENT = "application/offset+octet-stream"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    text: str = ""


#: method, path, headers, body -> the answer; raises OSError when the line breaks
Send = Callable[[str, str, dict[str, str], bytes], Answer]


def metadata(**told: str) -> str:
    return ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in told.items())


def sender(browser: Any) -> Send:
    """Requests by the test client of a signed-in browser."""

    def send(method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        db.session.rollback()
        for name in list(g):
            g.pop(name)  # as tests.conftest.Browser does, but any status will do
        answer = browser.client.open(path, method=method, headers=headers, data=body)
        return Answer(answer.status_code, answer.headers, answer.get_data(as_text=True))

    return send


@dataclass
class Tus:
    """Begins, asks for the offset, sends pieces; after a broken line, or 409, asks where to go on."""

    send: Send
    endpoint: str = "/apply/uploads"
    piece: int = 256 * 1024
    headers: dict[str, str] = field(default_factory=dict)
    broken: int = 0  # requests that were not answered

    def ask(self, method: str, path: str = "", body: bytes = b"", **headers: str | int) -> Answer:
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        return self.send(method, path or self.endpoint, {"Tus-Resumable": "1.0.0"} | self.headers | named, body)

    def begin(self, length: int, kind: str = "employer_licence", **told: str) -> Answer:
        return self.ask("POST", Upload_Length=length, Upload_Metadata=metadata(kind=kind, **told))

    def patch(self, path: str, start: int, body: bytes) -> Answer:
        return self.ask("PATCH", path, body, Upload_Offset=start, Content_Type=CONTENT)

    def take(self, path: str) -> Answer:
        return self.ask("POST", f"{path}/take")

    def upload(self, data: bytes, kind: str = "employer_licence", patience: int = 200, **told: str) -> str:
        """All of it, however often the line breaks; returns the upload's address."""
        path = self.stubborn(lambda: self.begin(len(data), kind, **told), patience).headers["Location"]
        arrived = 0
        while arrived < len(data):
            answer = self.stubborn(lambda: self.go_on(path, data), patience)
            arrived = int(answer.headers["Upload-Offset"])
        return path

    def go_on(self, path: str, data: bytes) -> Answer:
        """Ask for the offset, then send one piece after the other to the end, or to the first that fails."""
        answer = self.ask("HEAD", path)
        arrived = int(answer.headers["Upload-Offset"])
        while arrived < len(data):
            answer = self.patch(path, arrived, data[arrived : arrived + self.piece])
            if answer.status != 204:
                break
            arrived = int(answer.headers["Upload-Offset"])
        return answer

    def stubborn(self, work: Callable[[], Answer], patience: int = 200) -> Answer:
        for _try in range(patience):
            try:
                answer = work()
            except (OSError, KeyError, ValueError):  # no answer, or only a part of one
                self.broken += 1
                continue
            if answer.status < 300:
                return answer
            if answer.status not in (409, 423) and answer.status < 500:
                raise AssertionError(f"{answer.status}: {answer.text}")
        raise AssertionError("it never got through")

    def outcome(self, path: str, patience: int = 200) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.stubborn(lambda: self.take(path), patience).text)
        return answer
