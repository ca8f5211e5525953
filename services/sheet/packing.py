"""Packs cells into rows of six sixths."""

from collections.abc import Iterator, Sequence

SIXTHS = 6


def pack(spans: Sequence[Sequence[int]], stretch: bool = True) -> list[list[tuple[int, int]]]:
    """Put cells into rows, in order: rows of (index of the cell, its span).

    ``spans[r][i]`` is the span that cell i needs in row r; the last entry of ``spans`` is used for all further rows.
    The fewest rows win. With ``stretch`` cells grow to fill their row, and the most even rows win. Without it, the
    fullest first rows win.
    """
    last = len(spans) - 1
    count = len(spans[0])
    best: list[list[tuple[int, int, int]]] = [[(0, 0, count)] * (count + 1) for _ in spans]  # rows, unevenness, next
    for row in range(last, -1, -1):
        for start in range(count - 1, -1, -1):
            after = best[min(row + 1, last)]
            best[row][start] = min(_choices(spans[row], start, after, stretch))
    rows, row, start = [], 0, 0
    while start < count:
        end = best[row][start][2]
        cells = [spans[row][index] for index in range(start, end)]
        rows.append(list(zip(range(start, end), _stretched(cells) if stretch else cells, strict=True)))
        row, start = min(row + 1, last), end
    return rows


def _choices(
    spans: Sequence[int], start: int, after: Sequence[tuple[int, int, int]], even: bool
) -> Iterator[tuple[int, int, int]]:
    used = 0
    for end in range(start + 1, len(spans) + 1):
        used += spans[end - 1]
        if used > SIXTHS:
            return
        rows, unevenness, _next = after[end]
        yield rows + 1, unevenness + (SIXTHS - used) ** 2 if even else -end, end


def _stretched(spans: Sequence[int]) -> list[int]:
    """Widen the narrowest cells by a sixth at a time until the row is full."""
    grown = list(spans)
    while sum(grown) < SIXTHS:
        grown[grown.index(min(grown))] += 1
    return grown
