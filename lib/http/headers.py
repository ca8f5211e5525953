"""Headers that every answer has, added as the last thing: one list for all of them. And Vary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from werkzeug.datastructures import Headers

Application = Callable[..., Iterable[bytes]]


def add_vary(headers: Headers, name: str) -> None:
    """As ``response.vary.add``, which takes the header apart and makes it anew, in each answer twice."""
    given = headers.get("Vary", "")
    if name not in [part.strip() for part in given.split(",")]:
        headers["Vary"] = f"{given}, {name}" if given else name


def with_headers(application: Application, headers: Mapping[str, str]) -> Application:
    """The application with these headers; where an answer has one of its own, that one counts."""
    ours = [(name.lower(), (name, value)) for name, value in headers.items()]

    def answering(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, given: list[tuple[str, str]], *rest: Any) -> Any:
            own = {name.lower() for name, _value in given}
            return start_response(status, given + [header for name, header in ours if name not in own], *rest)

        return application(environ, start)

    return answering
