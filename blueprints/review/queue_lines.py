"""The lines of 待办 as HTML. Lines look alike in a few ways: each way is kept (blueprints/kept_parts.py). The texts of
all lines are put in, and pieces of all lines joined, at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple

from flask import current_app
from markupsafe import Markup, escape

from blueprints.kept_parts import PartsKept, hole
from lib.clock import today
from lib.codes import Kind, Status
from services.queue.rows import QueueRow

TEMPLATE = "review/_queue_line.html"
HOLES = tuple(
    "uid number name masked_number times employer department reminders due_on days day time hands level".split()
)
_SPECIAL = re.compile("[&<>\"']")  # what has to be escaped; few pages have one


class Look(NamedTuple):
    """How a line looks, beside its texts. ``clock``, ``hands``: which words stand there."""

    with_status: bool
    with_department: bool
    hidden: frozenset[str]
    kind: Kind
    again: bool
    status: Status
    reminded: bool
    clock: str
    estimated: bool
    hands: str


def drawn(
    lines: Sequence[QueueRow], *, with_status: bool, with_department: bool, hidden: frozenset[str] = frozenset()
) -> Markup:
    parts: PartsKept = current_app.extensions["kuaiji.parts"]
    url_for: Callable[..., str] = current_app.jinja_env.globals["url_for"]  # type: ignore[assignment]  # keeps what it answered
    address, html, at, days = url_for("review.submission", uid=""), list[str](), 0, _Days(today().year)
    texts = [text for line in lines for text in _texts(line, days)]
    if _SPECIAL.search("".join(texts)):
        texts = [str(escape(text)) if _SPECIAL.search(text) else text for text in texts]
    for line in lines:
        look = (with_status, with_department, hidden, *_look(line))
        part = parts.get((TEMPLATE, address, look), partial(_draw, look, address), HOLES)
        html += part.in_order(HOLES, texts[at : at + len(HOLES)])
        at += len(HOLES)
    return Markup("".join(html))  # noqa: S704 - our template's text and escaped values


def _draw(look: tuple[Any, ...], address: str) -> str:
    template = current_app.jinja_env.get_template(TEMPLATE)
    return template.render(look=Look(*look), address=address, **{name: hole(name) for name in HOLES})


def _look(line: QueueRow) -> tuple[Any, ...]:
    """The rest of a Look."""
    clock = _clock(line.days_left, line.overdue, line.soon)
    return line.kind, line.times > 1, line.status, line.reminders > 0, clock, line.estimated, _hands(line)


def _clock(days_left: int | None, overdue: bool, soon: bool) -> str:
    """Which words say how much time is left."""
    if days_left is None:
        return "none"
    if overdue:
        return "late" if days_left < 0 else "late today"
    return "left" if not soon else "soon" if days_left else "today"


def _hands(line: QueueRow) -> str:
    if line.mine:
        return "mine"
    return "held" if line.holder else "waits" if line.waits else "kept" if line.kept_for else ""


class _Days(dict[date, str]):
    """Days in words; of those in this year, the year is not said."""

    def __init__(self, year: int) -> None:
        self.year = f"{year}-"

    def __missing__(self, day: date) -> str:
        text = self[day] = str(day).removeprefix(self.year)
        return text


def _texts(line: QueueRow, days: _Days) -> tuple[str, ...]:
    """What goes into the holes, in their order."""
    uid, number, name, masked, _, times, _, employer, department, due_on, _, left, _, _, sent, reminders, *_ = line
    said = (uid, number, name, masked, str(times), employer or "无工作单位", department, str(reminders))
    time = (days[due_on], str(abs(left or 0)), days[sent.date()], f"{sent.hour:02}:{sent.minute:02}")
    return (*said, *time, line.holder or line.waits or line.kept_for, line.qualification)
