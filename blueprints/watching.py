"""Each request has a number, which the log and error pages tell, and is counted for the monitor."""

from __future__ import annotations

import re
import secrets
from ipaddress import ip_address
from time import perf_counter

from flask import Flask, Response, current_app, g, has_request_context, request
from flask.globals import app_ctx

from lib.monitoring import metrics

HEADER = "X-Request-ID"
_GIVEN = re.compile(r"[A-Za-z0-9_-]{8,64}")
FORWARDED = ("X-Forwarded-For", "Forwarded", "Via")


def init_app(app: Flask) -> None:
    app.before_request(begin)
    app.after_request(end)


def begin() -> None:
    now = app_ctx._get_current_object()  # type: ignore[attr-defined]  # once: the proxies look each time
    ours = now.g
    ours.began = perf_counter()
    given = request.headers.get(HEADER, "") if now.app.config["PROXY_HOPS"] else ""
    ours.request_id = given if given and _GIVEN.fullmatch(given) else secrets.token_hex(8)


def end(response: Response) -> Response:
    """Count the answer. What is read while it is sent, a large file, is not in its time."""
    now = app_ctx._get_current_object()  # type: ignore[attr-defined]
    ours, app = now.g, now.app
    if "request_id" not in ours:  # a host that is none of ours: refused before everything
        begin()
    seconds = perf_counter() - ours.began
    endpoint = request.endpoint or ""
    metrics.answered(endpoint, response.status_code, seconds)
    response.headers[HEADER] = ours.request_id
    if app.config["LOG_REQUESTS"]:
        who = ours.get("actor")
        told = {"view": endpoint, "method": request.method, "status": response.status_code}
        told |= {"milliseconds": round(seconds * 1000, 1), "role": str(who.role) if who else ""}
        app.logger.info("request %s", " ".join(f"{key}={value}" for key, value in told.items()), extra=told)
    return response


def request_id() -> str:
    return g.get("request_id", "") if has_request_context() else ""


def may_watch() -> bool:
    """By the token from everywhere; without one from this very machine, if no proxy has passed the request on."""
    if token := current_app.config["METRICS_TOKEN"]:
        given = request.headers.get("Authorization", "")
        return secrets.compare_digest(given.encode(), f"Bearer {token}".encode())
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
