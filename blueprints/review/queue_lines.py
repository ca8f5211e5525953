"""The lines of 待办 as HTML. Lines look alike in a few ways: each way is kept (blueprints/kept_parts.py). What goes
into the holes is made column by column, and the pieces of all lines are joined at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

from flask import current_app
from flask.globals import app_ctx
from markupsafe import escape

from blueprints.kept_parts import EncodedHtml, Part, PartsKept, hole, is_plain
from lib.clock import today
from lib.codes import Kind, Status
from services.queue.rows import QueueRow

TEMPLATE = "review/_queue_line.html"
#: What others have written, and our own figures.
WRITTEN = "uid", "number", "name", "masked_number", "employer", "department", "hands", "level"
HOLES = (*WRITTEN, "times", "reminders", "due_on", "days", "day", "time")

_TIMES = [[f"{hour:02}:{minute:02}".encode() for minute in range(60)] for hour in range(24)]


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
    if not lines:
        return EncodedHtml()
    parts, html = _PartsOfLines(with_status, with_department, hidden), list[bytes]()
    columns: Any = QueueRow._make(zip(*lines, strict=True))
    for look, texts in zip(_looks(columns), zip(*_texts(columns), strict=True), strict=True):
        html += parts[look].in_order(HOLES, texts)
    return EncodedHtml(b"".join(html))


class _PartsOfLines(dict[tuple[Any, ...], Part]):
    """The HTML of the lines of one page, by how ``_looks`` says that they look."""

    def __init__(self, *around: Any) -> None:
        self.around = around
        app = app_ctx.app
        self.parts: PartsKept = app.extensions["kuaiji.parts"]
        url_for: Callable[..., str] = app.jinja_env.globals["url_for"]  # type: ignore[assignment]  # keeps what it answered
        self.address = url_for("review.submission", uid="")

    def __missing__(self, key: tuple[Any, ...]) -> Part:
        look = (*self.around, *key)
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


def _looks(of: Any) -> Iterable[tuple[Any, ...]]:
    """How each line looks. ``of``: a QueueRow of columns."""
    whose = zip(of.mine, of.holder, of.waits, of.kept_for, strict=True)
    times = list(zip(of.days_left, of.overdue, of.soon, strict=True))
    clocks = {time: _clock(*time) for time in set(times)}
    return zip(
        *(of.kind, [times > 1 for times in of.times], of.status, [reminders > 0 for reminders in of.reminders]),
        *([clocks[time] for time in times], of.estimated),
        [
            "mine" if mine else "held" if holder else "waits" if waits else "kept" if kept_for else ""
            for mine, holder, waits, kept_for in whose
        ],
        strict=True,
    )


def _texts(of: Any) -> Iterable[Iterable[bytes]]:
    """What goes into the holes, in their order. ``of``: a QueueRow of columns."""
    year = f"{today().year}-"  # is not said
    sent_on = [sent.date() for sent in of.sent]
    days = {day: str(day).removeprefix(year).encode() for day in {*of.due_on, *sent_on}}
    left = [abs(left or 0) for left in of.days_left]
    numbers = {number: str(number).encode() for number in {*of.times, *of.reminders, *left}}
    hands = zip(of.holder, of.waits, of.kept_for, strict=True)
    written = (
        *(of.uid, of.number, of.name, of.masked_number),
        *([employer or "无工作单位" for employer in of.employer], of.department),
        *([holder or waits or kept_for for holder, waits, kept_for in hands], of.qualification),
    )
    return (
        *(map(str.encode, _escaped(column)) for column in written),
        *([numbers[times] for times in of.times], [numbers[reminders] for reminders in of.reminders]),
        *([days[day] for day in of.due_on], [numbers[days_left] for days_left in left]),
        *([days[day] for day in sent_on], [_TIMES[sent.hour][sent.minute] for sent in of.sent]),
    )


def _escaped(column: Sequence[str]) -> Sequence[str]:
    """Few texts have something to escape."""
    return column if is_plain("".join(column)) else [str(escape(text)) for text in column]
