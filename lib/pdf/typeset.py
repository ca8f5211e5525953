"""Breaks and fits text for print: Chinese line breaking rules, shrinking before wrapping. Draws nothing.

Lengths are in points. Text is plain; it is never read as markup.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from lib.pdf import fonts
from lib.pdf.fonts import Face

LEADING = 1.22  # distance of two base lines, as a multiple of the size
STEP = 0.25  # points by which a text shrinks at a time
SMALLEST_CODE = 7.0  # points
WRAP_FROM = 9.0  # text on several lines starts at this size at most
TOLERANCE = 0.01

# What is never broken: opening marks with what follows, a run of ASCII (a code, an e-mail address), a run of blanks to
# fill in, closing marks with what precedes.
_OPENING = re.escape("（《〈「『【〔“‘(")
_CLOSING = re.escape("，。、；：！？）》〉」』】〕”’%·)")
_ATOM = re.compile(rf"\s|[{_OPENING}]*(?:[!-'*-~]+|＿+|\S)[{_CLOSING}]*")
_UNPRINTABLE = {"Cc", "Cf", "Cs"}


def printable(text: str) -> str:
    """The text with any white space as a plain space, and control characters as □.

    Invisible characters that change the direction of writing count as control characters.
    """
    if text.isprintable():
        return text
    return "".join(map(_printable, text))


def _printable(char: str) -> str:
    if char.isspace():
        return char if char == "\u3000" else " "
    return fonts.BOX if unicodedata.category(char) in _UNPRINTABLE else char


def wrap(text: str, room: float, face: Face = Face.TEXT) -> list[str]:
    """Break a printable text into lines of at most ``room`` ems. An unbreakable run longer than a line is split."""
    lines: list[str] = []
    line, used = "", 0.0
    for atom in _atoms(text, room, face):
        wide = fonts.ems(atom, face)
        if line and used + wide > room + TOLERANCE:
            lines.append(line.rstrip())
            line, used = "", 0.0
        if line or not atom.isspace() or not lines:
            line, used = line + atom, used + wide
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def _atoms(text: str, room: float, face: Face) -> Iterator[str]:
    for match in _ATOM.finditer(text):
        atom = match[0]
        if fonts.ems(atom, face) <= room + TOLERANCE:
            yield atom
        else:
            yield from _split_to_width(atom, room, face)


def _split_to_width(atom: str, room: float, face: Face) -> Iterator[str]:
    part, used = "", 0.0
    for char in atom:
        wide = fonts.ems(char, face)
        if part and used + wide > room + TOLERANCE:
            yield part
            part, used = "", 0.0
        part, used = part + char, used + wide
    yield part


def longest_run(text: str, face: Face = Face.TEXT) -> float:
    """Ems of the longest unbreakable part: the width that a column needs."""
    return max((fonts.ems(match[0], face) for match in _ATOM.finditer(text)), default=0.0)


def minimum_size(text: str, width: float, smallest: float, face: Face = Face.TEXT) -> float:
    """``smallest``, or down to 7 points if that keeps a code unbroken."""
    if fonts.ems(text, face) * smallest <= width + TOLERANCE:
        return smallest
    run = longest_run(text, face)
    return (
        smallest if run * smallest <= width + TOLERANCE else max(min(smallest, SMALLEST_CODE), _round_down(width / run))
    )


def _round_down(size: float) -> float:
    return int((size + TOLERANCE / 10) / STEP) * STEP


def _one_line(text: str, width: float, size: float, smallest: float, least: float, face: Face) -> float | None:
    """The size for a single line; None if it is so small that several lines are easier to read."""
    wide = fonts.ems(text, face)
    fitting = min(size, _round_down(width / wide)) if wide else size
    return fitting if fitting >= (max(0.8 * size, smallest) if least == smallest else least) else None


@dataclass(frozen=True)
class Fitted:
    """A text fitted into a box: ``lines`` at ``size`` points."""

    size: float
    lines: tuple[str, ...]

    @cached_property
    def height(self) -> float:
        return len(self.lines) * self.size * LEADING


def fit(text: str, width: float, height: float, size: float, smallest: float, face: Face = Face.TEXT) -> Fitted | None:
    """The largest setting of a printable text in a box, or None when even ``smallest`` points do not fit.

    One line is preferred if it is nearly full size or a single code; then several lines from 9 points down. A code is
    broken only if it would be smaller than 7 points.
    """
    if fonts.ems(text, face) * size <= width:
        return Fitted(size, (text,))
    least = minimum_size(text, width, smallest, face)
    if one_line := _one_line(text, width, size, smallest, least, face):
        return Fitted(one_line, (text,))
    return _wrapped(text, width, height, min(size, WRAP_FROM), least, face)


def minimum_height(text: str, width: float, size: float, smallest: float, face: Face = Face.TEXT) -> float:
    """The least height of a box of this width in which :func:`fit` succeeds."""
    if fonts.ems(text, face) * size <= width:
        return size * LEADING
    least = minimum_size(text, width, smallest, face)
    if _one_line(text, width, size, smallest, least, face):
        return size * LEADING
    return Fitted(least, tuple(wrap(text, width / least, face))).height


def _wrapped(text: str, width: float, height: float, size: float, smallest: float, face: Face) -> Fitted | None:
    ems = fonts.ems(text, face)
    uncut = longest_run(text, face)
    while size >= smallest:
        whole = uncut * size <= width + TOLERANCE or size - STEP < smallest
        # Test a lower bound of the height first: wrapping a very long text at every size would take seconds.
        if whole and int(ems * size / width) * size * LEADING <= height:
            fitted = Fitted(size, tuple(wrap(text, width / size, face)))
            if fitted.height <= height + TOLERANCE:
                return fitted
        size -= STEP
    return None
