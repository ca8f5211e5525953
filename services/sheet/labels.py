"""Labels of the sheet: broken between words, in one of two column widths."""

import re
from functools import lru_cache

from lib.pdf import fonts, typeset
from lib.pdf.canvas import MM
from lib.pdf.fonts import Face
from lib.pdf.typeset import Fitted

WIDTHS = (21.5 * MM, 32 * MM)
PAD = 3.0  # left and right of a label

# Words that are not broken. A word that is missing here only makes a less pretty break.
_WORD = re.compile(
    "会计|工作|起始|年月|时间|单位|资格|证书|编号|从业|非全日制|全日制|最高|学历|学位|是否|持有|专业|技术|职务|聘任|类型|管理|"
    r"部门|联系|电话|地址|所在|人员|统一|社会|信用|代码|国家|地区|档案号|岗位|行政|等级|[!-~]+|."
)


@lru_cache(maxsize=2048)
def label_lines(label: str) -> tuple[str, ...]:
    """A label in two lines of similar length; a label with a bracket breaks before it."""
    if "\n" in label:
        return tuple(label.split("\n"))
    if 0 < label.find("(") < len(label) - 1:
        return label[: label.find("(")], label[label.find("(") :]
    words = _WORD.findall(label)
    halves = [("".join(words[:at]), "".join(words[at:])) for at in range(len(words) - 1, 0, -1)]
    return min(halves, key=lambda half: max(map(len, half)), default=(label,))


@lru_cache(maxsize=2048)
def label_width(label: str, size: float) -> float:
    """The narrower of the two widths if the label fits there on two lines in nearly its full size."""
    narrow, wide = WIDTHS
    longest = max(fonts.ems(line, Face.LABEL) for line in label_lines(label))
    return narrow if longest * (size - 1) <= narrow - 2 * PAD else wide


@lru_cache(maxsize=2048)
def label_fitted(label: str, width: float, size: float) -> Fitted:
    """On one line if little shrinking is enough, else on two."""
    room = width - 2 * PAD
    wide = fonts.ems(label, Face.LABEL)
    if "\n" not in label and wide * (size - 0.5) <= room:
        return Fitted(min(size, room / wide) if wide else size, (label,))
    lines = label_lines(label)
    two = Fitted(min(size - 0.5, room / max(fonts.ems(line, Face.LABEL) for line in lines)), lines)
    if two.size >= 6:
        return two
    return Fitted(6.5, tuple(typeset.wrap(label.replace("\n", ""), room / 6.5, Face.LABEL)))


def min_column_width(head: str, size: float) -> float:
    """The width that the header of a column needs on two lines."""
    return max(fonts.ems(line, Face.LABEL) for line in label_lines(head)) * (size - 0.5) + 2 * PAD
