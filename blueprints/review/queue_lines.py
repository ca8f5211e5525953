"""The lines of 待办 as HTML. Lines look alike in a few ways: each way is kept (blueprints/kept_parts.py). The texts of
all lines are escaped at once and put in.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from flask import current_app, url_for
from markupsafe import Markup, escape

from blueprints.kept_parts import Part, PartsKept, hole
from lib.codes import Kind, Status
from services.queue.rows import QueueRow

TEMPLATE = "review/_queue_line.html"
HOLES = tuple("uid number name masked_number times employer department reminders due_on days day time hands".split())
_BETWEEN = f"~{secrets.token_hex(8)}~"  # nobody can write it into a text


class Look(NamedTuple):
    """How a line looks, beside its texts. ``clock``, ``hands``: which words stand there."""

    with_status: bool
    with_department: bool
    kind: Kind
    again: bool
    status: Status
    reminded: bool
    clock: str
    estimated: bool
    hands: str


def drawn(lines: Sequence[QueueRow], *, with_status: bool, with_department: bool) -> Markup:
    parts: PartsKept = current_app.extensions["kuaiji.parts"]
    address, html = url_for("review.submission", uid=""), list[str]()
    texts = str(escape(_BETWEEN.join([text for line in lines for text in _texts(line)]))).split(_BETWEEN)
    for at, line in enumerate(lines):
        look = _look(line, with_status, with_department)
        part = parts.get((TEMPLATE, address, look), partial(_draw, look, address), HOLES)
        html += _filled(part, texts[at * len(HOLES) : (at + 1) * len(HOLES)])
    return Markup("".join(html))  # noqa: S704 - our template's text and escaped values


def _draw(look: Look, address: str) -> str:
    template = current_app.jinja_env.get_template(TEMPLATE)
    return template.render(look=look, address=address, **{name: hole(name) for name in HOLES})


def _filled(part: Part, texts: Sequence[str]) -> list[str]:
    values = dict(zip(HOLES, texts, strict=True))
    pieces = [part.texts[0]]
    for name, text in zip(part.names, part.texts[1:], strict=True):
        pieces += values[name], text
    return pieces


def _look(line: QueueRow, with_status: bool, with_department: bool) -> Look:
    kind, again, reminded = line.kind, line.times > 1, line.reminders > 0
    return Look(
        with_status, with_department, kind, again, line.status, reminded, _clock(line), line.estimated, _hands(line)
    )


def _clock(line: QueueRow) -> str:
    """Which words say how much time is left."""
    if line.days_left is None:
        return "none"
    if line.overdue:
        return "late" if line.days_left < 0 else "late today"
    if line.soon:
        return "soon" if line.days_left else "today"
    return "left"


def _hands(line: QueueRow) -> str:
    if line.mine:
        return "mine"
    return "held" if line.holder else "waits" if line.waits else "kept" if line.kept_for else ""


def _texts(line: QueueRow) -> tuple[str, ...]:
    """What goes into the holes, in their order."""
    return (
        *(line.uid, line.number, line.name, line.masked_number, str(line.times), line.employer or "无工作单位"),
        *(line.department, str(line.reminders), str(line.due_on), str(abs(line.days_left or 0)), line.day, line.time),
        line.holder or line.waits or line.kept_for,
    )
