"""Two puzzles of the sheet that know no paper: cells into rows of six sixths, and a label into two lines."""

import re
from collections.abc import Iterator, Sequence
from functools import cache

SIXTHS = 6


def pack(spans: Sequence[Sequence[int]], stretch: bool = True) -> list[list[tuple[int, int]]]:
    """Put cells into rows of six sixths, in order: rows of (index of the cell, its span).

    ``spans[r][i]`` is the span that cell i wishes in row r; the last entry of ``spans`` counts for all further rows.
    The fewest rows win. With ``stretch`` the cells of a row fill it, and the evenest rows win; without, the fullest
    first rows do.
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
    """Let the narrowest cells grow, one sixth at a time, until the row is full."""
    grown = list(spans)
    while sum(grown) < SIXTHS:
        grown[grown.index(min(grown))] += 1
    return grown


# Words that a label does not break in two. A new word costs nothing but a less pretty break.
_WORD = re.compile(
    "会计|工作|起始|年月|时间|单位|资格|证书|编号|从业|非全日制|全日制|最高|学历|学位|是否|持有|专业|技术|职务|聘任|类型|管理|"
    r"部门|联系|电话|地址|所在|人员|统一|社会|信用|代码|国家|地区|档案号|岗位|行政|等级|[!-~]+|."
)


@cache
def label_lines(label: str) -> tuple[str, ...]:
    """A label broken in two as evenly as its words allow, before a bracket if it has one."""
    if "\n" in label:
        return tuple(label.split("\n"))
    if 0 < label.find("(") < len(label) - 1:
        return label[: label.find("(")], label[label.find("(") :]
    words = _WORD.findall(label)
    halves = [("".join(words[:at]), "".join(words[at:])) for at in range(len(words) - 1, 0, -1)]
    return min(halves, key=lambda half: max(map(len, half)), default=(label,))
