"""Pictures that are chosen together: to which paper each one goes. A proposal, which the page shows and people mend."""

from __future__ import annotations

import re
from collections.abc import Sequence

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


def proposed(states: Sequence[PaperState], names: Sequence[str]) -> list[str | None]:
    """For each file the kind of its paper: by its name where that tells, the others in the order of the list.

    Only papers that are still to be uploaded get one; None when none is left.
    """
    left = [state.paper for state in states if not state.complete]
    kinds = [paper.kind for paper in left]
    found: list[str | None] = []
    for name in names:
        kind = next((kind for kind in kinds if _is_called(kind, name)), None)
        if kind:
            kinds.remove(kind)
        found.append(kind)
    others = iter([paper.kind for paper in left if paper.required and paper.kind in kinds])
    return [kind or next(others, None) for kind in found]


def _is_called(kind: str, name: str) -> bool:
    first = next((kinds for kinds, words in _NAMED if re.search(words, name)), "")
    return kind in first.split("|")
