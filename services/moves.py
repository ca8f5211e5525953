"""MOVES: one row per verb. From which state it leads where, who may make it, and all the words that people read.

Data only, so that the audit trail, the queue and the pages can read it; the verbs are functions of services.workflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lib.codes import EDITABLE, Role, Status

#: What a verb asks for beyond state and role; services/workflow/rules.py holds the functions.
RuleName = Literal[
    "change",
    "beside_record",
    "handles",
    "holds",
    "held_by_another",
    "undoable",
    "revocable",
    "offered_here",
    "second_officer",
    "can_take_back",
]


@dataclass(frozen=True)
class Move:
    """``target`` None: the verb decides (withdraw goes back to where the submission came from)."""

    verb: str
    label: str  # on the button, in messages, in the office's history
    sources: frozenset[Status]
    target: Status | None
    by: tuple[Role, ...] = ()  # empty: time or the system
    rule: RuleName | None = None
    progress: str = ""  # in the applicant's 办理进度; empty: the office's own affair
    done: str = ""  # a verdict, as the officer reads it afterwards
    takes: bool = False  # the submission comes into the officer's hands

    @property
    def is_verdict(self) -> bool:
        return bool(self.done)


_EDITED, DECIDED = frozenset(EDITABLE), frozenset({Status.APPROVED, Status.RETURNED, Status.DECLINED})
_APPLICANT = (Role.APPLICANT,)
_OFFICER = (Role.REVIEWER, Role.MANAGER)
_MANAGER = (Role.MANAGER,)
_DRAFT, _SUBMITTED, _IN_REVIEW = (frozenset({one}) for one in (Status.DRAFT, Status.SUBMITTED, Status.IN_REVIEW))
_APPROVED, _DECLINED = frozenset({Status.APPROVED}), frozenset({Status.DECLINED})

_ROWS = (
    Move("submit", "提交", _EDITED, Status.SUBMITTED, _APPLICANT, progress="提交申报"),
    Move("withdraw", "撤回", _SUBMITTED, None, _APPLICANT, progress="撤回申报"),
    Move("drop", "放弃变更", _DRAFT, Status.DROPPED, _APPLICANT, "change", progress="放弃变更"),
    Move("discard", "作废变更", _EDITED, Status.DROPPED, _MANAGER, "beside_record", progress="变更作废"),
    Move("give_up", "注销账号，撤销申报", _EDITED, Status.DROPPED, _APPLICANT, progress="注销账号，撤销申报"),
    Move("expire", "长期未改动，删除内容", _DRAFT, Status.DROPPED, progress="长期未改动，内容已删除"),
    Move("claim", "领取", _SUBMITTED, Status.IN_REVIEW, _OFFICER, "handles", progress="开始审核", takes=True),
    Move("release", "放回", _IN_REVIEW, Status.SUBMITTED, _OFFICER, "holds"),
    Move("lapse", "领取超时", _IN_REVIEW, Status.SUBMITTED),
    Move("vacate", "经办人变动，放回", _IN_REVIEW, Status.SUBMITTED),
    Move("take_over", "接手", _IN_REVIEW, Status.IN_REVIEW, _OFFICER, "held_by_another", takes=True),
    Move("reassign", "转办", _IN_REVIEW, Status.IN_REVIEW, _MANAGER, "handles"),
    Move("return", "退回修改", _IN_REVIEW, Status.RETURNED, _OFFICER, "holds", progress="退回修改", done="已退回"),
    Move("approve", "审核通过", _IN_REVIEW, Status.APPROVED, _OFFICER, "holds", progress="审核通过", done="已通过"),
    Move("decline", "不予采集", _IN_REVIEW, Status.DECLINED, _OFFICER, "holds", progress="不予采集", done="已不予采集"),
    Move("undo", "撤销刚才的决定", DECIDED, Status.IN_REVIEW, _OFFICER, "undoable", takes=True),
    Move("revoke", "撤销审核结果", _APPROVED, Status.RETURNED, _MANAGER, "revocable", progress="撤销审核结果"),
    Move("reopen", "重新受理", _DECLINED, Status.SUBMITTED, _MANAGER, "handles", progress="重新受理"),
    Move("offer", "转交", _IN_REVIEW, Status.IN_REVIEW, _OFFICER, "holds"),
    Move("transfer", "受理转交", _IN_REVIEW, Status.SUBMITTED, _OFFICER, "offered_here", progress="转交其他部门"),
    Move("refuse", "退还转交", _IN_REVIEW, Status.SUBMITTED, _OFFICER, "offered_here"),
    Move("propose", "提交复核", _IN_REVIEW, Status.IN_REVIEW, _OFFICER, "holds"),
    Move("disagree", "复核不同意", _IN_REVIEW, Status.IN_REVIEW, _OFFICER, "second_officer", takes=True),
    Move("take_back", "收回", _IN_REVIEW, Status.IN_REVIEW, _OFFICER, "can_take_back", takes=True),
)
MOVES = {move.verb: move for move in _ROWS}
VERDICTS = tuple(move.verb for move in _ROWS if move.is_verdict)
#: With these a submission comes into the hands of the officer who does it. 转办 names another one in its detail.
TAKING = tuple(move.verb for move in _ROWS if move.takes)
#: With these the unsent marks go out to the applicant.
RETURNING = tuple(move.verb for move in _ROWS if move.target == Status.RETURNED)
