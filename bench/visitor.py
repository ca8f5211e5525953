"""An officer's browser (bench/browser.py), signed in to the product."""

from __future__ import annotations

import re

from bench.browser import Browser
from bench.instances import Instance
from bench.wsgi import Answer
from blueprints.gate import STAFF_COOKIE
from services.access import Actor

QUEUE, SEARCH = "/staff/queue", "/staff/queue/search"
_LINE = re.compile(rb"<tr[ >]")


def officer(instance: Instance, person: Actor) -> Browser:
    """Signed in as an officer, at the list."""
    browser = Browser(instance.app.wsgi_app, {STAFF_COOKIE: instance.session_of(person)})
    browser.get(QUEUE)
    return browser


def lines_of(answer: Answer) -> int:
    """How many lines the list on the page has."""
    return max(0, len(_LINE.findall(answer.body)) - 1)
