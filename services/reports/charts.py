"""Where the parts of a chart stand; templates/review/_chart.html draws them as SVG.

A chart is 360 units wide: on a phone one unit is about one pixel, so its words can be read there; at a desk it is
drawn half as large again. Series differ by
shape (filled or framed, solid or dashed), not by colour alone, and every figure is in a table next to the chart too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from lib.figures import figure

WIDTH, PLOT = 360, 140
LEFT, RIGHT, TOP = 38, 8, 26
BAR_ROW = 34


@dataclass(frozen=True)
class Text:
    """``anchor``: start, middle or end."""

    x: float
    y: float
    words: str
    anchor: str = "middle"


@dataclass(frozen=True)
class ChartBar:
    """``series`` counts from 0."""

    x: float
    y: float
    width: float
    height: float
    series: int = 0


@dataclass(frozen=True)
class Path:
    """A line through points, ``x,y x,y``."""

    points: str
    series: int


@dataclass(frozen=True)
class Chart:
    """``name`` makes its ids unique on a page; ``about`` is read out instead of the drawing."""

    name: str
    title: str
    about: str
    height: float
    rules: Sequence[float] = ()  # heights of the lines behind
    texts: Sequence[Text] = ()
    rects: Sequence[ChartBar] = ()
    paths: Sequence[Path] = ()
    dots: Sequence[ChartBar] = ()  # centre and half width; the height is not used
    legend: Sequence[Text] = ()  # next to a small sign of its series
    width: int = WIDTH


@dataclass(frozen=True)
class Series:
    """``values``: one for each month; None where there is nothing to draw."""

    title: str
    values: Sequence[float | None]


@dataclass
class _Frame:
    """The axes of a chart over months."""

    months: Sequence[str]
    top: float  # the value at the upper edge
    unit: str = ""
    texts: list[Text] = field(default_factory=list)

    @property
    def slot(self) -> float:
        return (WIDTH - LEFT - RIGHT) / max(len(self.months), 1)

    def x(self, at: int) -> float:
        return round(LEFT + (at + 0.5) * self.slot, 1)

    def y(self, value: float) -> float:
        return round(TOP + PLOT * (1 - value / self.top), 1)

    def label(self, step: float) -> list[float]:
        """Write the axes; returns where the lines behind stand."""
        values = [step * n for n in range(round(self.top / step) + 1)]
        self.texts += [Text(LEFT - 5, self.y(value) + 4, f"{figure(value)}{self.unit}", "end") for value in values]
        every = ceil(len(self.months) / 12)
        for at, month in enumerate(self.months):
            if at % every == 0:
                self.texts.append(Text(self.x(at), TOP + PLOT + 16, f"{int(month[5:])}月"))
            if month.endswith("-01") or (at == 0 and not any(near.endswith("-01") for near in self.months[1:3])):
                self.texts.append(Text(self.x(at), TOP + PLOT + 31, f"{month[:4]}年"))
        return [self.y(value) for value in values]


def columns(name: str, title: str, about: str, months: Sequence[str], series: Sequence[Series]) -> Chart:
    """Columns side by side for each month."""
    top, step = scale(max((value or 0 for one in series for value in one.values), default=0), whole=True)
    frame = _Frame(months, top)
    rules = frame.label(step)
    width = frame.slot * 0.8 / len(series)
    rects = [
        ChartBar(
            round(frame.x(at) - frame.slot * 0.4 + number * width, 1),
            frame.y(value),
            round(width * 0.92, 1),
            round(TOP + PLOT - frame.y(value), 1),
            number,
        )
        for number, one in enumerate(series)
        for at, value in enumerate(one.values)
        if value
    ]
    return Chart(name, title, about, _height(), rules, frame.texts, rects, legend=_legend(series))


def lines(
    name: str,
    title: str,
    about: str,
    months: Sequence[str],
    series: Sequence[Series],
    *,
    unit: str = "",
    most: float | None = None,
) -> Chart:
    """A line for each series; it breaks where a month has no value. ``most``: the top, where it is known (100 %)."""
    top, step = (most, most / 4) if most else scale(max(value or 0 for one in series for value in one.values))
    frame = _Frame(months, top, unit)
    rules = frame.label(step)
    paths, dots = [], []
    for number, one in enumerate(series):
        for run in _runs(one.values):
            points = [(frame.x(at), frame.y(one.values[at] or 0)) for at in run]
            paths.append(Path(" ".join(f"{x:g},{y:g}" for x, y in points), number))
            dots += [ChartBar(x, y, 3, 3, number) for x, y in points]
    legend = _legend(series) if len(series) > 1 else ()
    return Chart(name, title, about, _height(), rules, frame.texts, paths=paths, dots=dots, legend=legend)


def bars(name: str, title: str, about: str, rows: Sequence[tuple[str, int]]) -> Chart:
    """A bar for each row under its words, the figure at its end."""
    longest = max((value for _words, value in rows), default=0) or 1
    texts, rects = [], []
    for at, (words, value) in enumerate(rows):
        y = at * BAR_ROW
        width = round((WIDTH - 52) * value / longest, 1)
        texts += [Text(0, y + 13, words, "start"), Text(width + 5, y + 28.5, f"{value}", "start")]
        rects.append(ChartBar(0, y + 18, width, 12))
    return Chart(name, title, about, len(rows) * BAR_ROW, texts=texts, rects=rects)


def scale(largest: float, *, whole: bool = False) -> tuple[float, float]:
    """A round value at or above the largest one, and the step of one to five lines up to it.

    ``whole``: of things that are counted, so no step is below 1.
    """
    if largest <= 0:
        return 4, 1
    power = 0 if whole else -1
    while True:
        for step in (factor * 10.0**power for factor in (1, 2, 5)):
            if step * 5 >= largest:
                return round(ceil(round(largest / step, 6)) * step, 6), step
        power += 1


def _runs(values: Sequence[float | None]) -> list[list[int]]:
    """Places that follow each other without a gap."""
    runs: list[list[int]] = []
    for at, value in enumerate(values):
        if value is None:
            continue
        if runs and runs[-1][-1] == at - 1:
            runs[-1].append(at)
        else:
            runs.append([at])
    return runs


def _legend(series: Sequence[Series]) -> list[Text]:
    return [Text(LEFT + 14 + 110 * number, 13, one.title, "start") for number, one in enumerate(series)]


def _height() -> float:
    return TOP + PLOT + 36
