"""Which columns of 待办 an officer sees. Kept are those that the officer hides, so that a new one shows by itself."""

from __future__ import annotations

from collections.abc import Collection

from models import Staff, db
from services.access import Actor

#: The name of a person stands in each line, and the state where a list has several.
COLUMNS = {
    "number": "申报编号",
    "id_number": "证件号码",
    "kind": "类型",
    "employer": "工作单位",
    "qualification": "资格",
    "department": "办理部门",
    "checks": "自动检查",
    "due": "审核期限",
    "sent": "提交时间",
    "hands": "经办",
}


def hidden(actor: Actor) -> frozenset[str]:
    return frozenset(actor.queue_hidden.split(",")).intersection(COLUMNS)


def choose(actor: Actor, shown: Collection[str]) -> None:
    """From now on the officer sees these."""
    staff = db.session.get_one(Staff, actor.id)
    staff.queue_hidden = ",".join(column for column in COLUMNS if column not in shown)
