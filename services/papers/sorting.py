"""Pictures that are chosen together: to which paper each one goes. A proposal, which the page shows and people change.

The printed sheet is known by its code (docs/adr/047).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from forms import SHEET
from services.papers.papers import PaperState

#: What people call the files: the kind for the first pattern that is found in the name and is asked for.
_NAMED = (
    ("sheet", "信息表|签字|签名|盖章"),
    ("id_emblem|card_back", "国徽|反面|背面"),
    ("id_portrait|card_portrait|passport", "人像|身份证|护照|通行证|居住证"),
    ("employer_licence", "执照|法人|信用代码"),
    ("work_proof", "工作证明"),
    ("student_card", "学生证|学籍"),
    ("part_time_degree_paper", "非全日制学位"),
    ("part_time_diploma", "非全日制"),
    ("full_time_degree_paper", "学位"),
    ("full_time_diploma", "学历|毕业"),
    ("qualification_certificate", "资格|职称|初级|中级|高级"),
    ("appointment", "聘"),
    ("abacus_certificate", "珠算"),
    ("household_register", "户口"),
)


def is_sheet_wanted(states: Sequence[PaperState]) -> bool:
    """Is the signed sheet still to be uploaded? Then it is looked for among pictures whose names do not tell."""
    return any(state.paper.kind == SHEET and not state.complete for state in states)


def by_name(states: Sequence[PaperState], names: Sequence[str]) -> list[str | None]:
    """For each file the kind of its paper, if its name tells. Only papers that are still to be uploaded get one."""
    kinds = [state.paper.kind for state in states if not state.complete]
    found: list[str | None] = []
    for name in names:
        kind = next((kind for kind in kinds if _is_called(kind, name)), None)
        if kind:
            kinds.remove(kind)
        found.append(kind)
    return found


def proposed(states: Sequence[PaperState], names: Sequence[str], sheets: Collection[int] = ()) -> list[str | None]:
    """For each file the kind of its paper: ``sheets`` (places in the list) show the printed sheet, names tell.

    The rest goes in the order of the list; None when no paper is left.
    """
    others = [state for state in states if state.paper.kind != SHEET] if sheets else states
    named = by_name(others, ["" if at in sheets else name for at, name in enumerate(names)])
    left = [state.paper for state in others if state.paper.required and not state.complete]
    in_order = iter([paper.kind for paper in left if paper.kind not in named])
    return [SHEET if at in sheets else kind or next(in_order, None) for at, kind in enumerate(named)]


def _is_called(kind: str, name: str) -> bool:
    first = next((kinds for kinds, words in _NAMED if re.search(words, name)), "")
    return kind in first.split("|")
