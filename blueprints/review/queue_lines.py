"""The lines of 待办 as HTML. Lines look alike in a few ways: each way is kept (blueprints/kept_parts.py). The texts of
all lines are put in, and pieces of all lines joined, at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import partial
from typing import Any, NamedTuple, cast

from flask import current_app
from markupsafe import escape

from blueprints.kept_parts import EncodedHtml, Part, PartsKept, hole
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
) -> EncodedHtml:
    parts, days = _PartsOfLines(with_status, with_department, hidden), _Days(today().year)
    apart = [_apart(line, days) for line in lines]
    if _SPECIAL.search("".join([text for _look, texts in apart for text in texts])):
        apart = [(look, _escaped(texts)) for look, texts in apart]
    html: list[bytes] = []
    for look, texts in apart:
        html += parts[look].in_order(HOLES, tuple(map(str.encode, texts)))
    return EncodedHtml(b"".join(html))


def _escaped(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([str(escape(text)) if _SPECIAL.search(text) else text for text in texts])


class _PartsOfLines(dict[tuple[Any, ...], Part]):
    """The HTML of the lines of one page, by how ``_apart`` says that they look."""

    def __init__(self, *around: Any) -> None:
        self.around = around
        self.parts: PartsKept = current_app.extensions["kuaiji.parts"]
        url_for: Callable[..., str] = current_app.jinja_env.globals["url_for"]  # type: ignore[assignment]  # keeps what it answered
        self.address = url_for("review.submission", uid="")

    def __missing__(self, key: tuple[Any, ...]) -> Part:
        *kind, days_left, overdue, soon, estimated, hands = key
        look = (*self.around, *kind, _clock(days_left, overdue, soon), estimated, hands)
        part = self[key] = self.parts.get((TEMPLATE, self.address, look), partial(_draw, look, self.address), HOLES)
        return part


def _draw(look: tuple[Any, ...], address: str) -> str:
    template = current_app.jinja_env.get_template(TEMPLATE)
    return template.render(look=Look(*look), address=address, **{name: hole(name) for name in HOLES})


def _clock(days_left: int | None, overdue: bool, soon: bool) -> str:
    """Which words say how much time is left."""
    if days_left is None:
        return "none"
    if overdue:
        return "late" if days_left < 0 else "late today"
    return "left" if not soon else "soon" if days_left else "today"


class _Days(dict[date, str]):
    """Days in words; of those in this year, the year is not said."""

    def __init__(self, year: int) -> None:
        self.year = f"{year}-"

    def __missing__(self, day: date) -> str:
        text = self[day] = str(day).removeprefix(self.year)
        return text


def _apart(line: QueueRow, days: _Days) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """How a line looks, and what goes into its holes in their order."""
    uid, number, name, masked, kind, times, status, employer, department, due_on, estimated, *rest = line
    left, overdue, soon, sent, reminders, holder, mine, waits, kept_for, level = cast(tuple[Any, ...], rest)
    hands = "mine" if mine else "held" if holder else "waits" if waits else "kept" if kept_for else ""
    look = (kind, times > 1, status, reminders > 0, left, overdue, soon, estimated, hands)
    said = (uid, number, name, masked, str(times), employer or "无工作单位", department, str(reminders))
    time = (days[due_on], str(abs(left or 0)), days[sent.date()], f"{sent.hour:02}:{sent.minute:02}")
    return look, (*said, *time, holder or waits or kept_for, level)
