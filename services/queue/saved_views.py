"""Named views of 待办: an officer keeps filters under a name. They hold nothing personal."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import bindparam, delete, func, select

from lib.database import Prebuilt
from lib.names import normalise_text, text_problem
from models import SavedView, db
from services.access import Actor
from services.queue.filters import Filters

NAME_LENGTH = 20
AT_MOST = 20


class ViewRefused(Exception):
    """The view is not kept; the message says why."""


@dataclass(frozen=True)
class NamedFilters:
    id: int
    name: str
    filters: Filters


_OWN = Prebuilt(
    select(SavedView.id, SavedView.name, SavedView.query)
    .where(SavedView.staff_id == bindparam("staff_id"))
    .order_by(SavedView.name)
)


def of(actor: Actor) -> list[NamedFilters]:
    """The officer's own, by name."""
    rows = _OWN.rows(db.session, staff_id=actor.id)
    return [NamedFilters(row.id, row.name, Filters.read(dict(parse_qsl(row.query)))) for row in rows]


def save(actor: Actor, name: str, filters: Filters) -> SavedView:
    """Keep the filters under the name; one of the same name is replaced. Raises ViewRefused."""
    name = normalise_text(name)
    if not name:
        raise ViewRefused("请填写视图名称")
    if problem := text_problem(name, "视图名称"):
        raise ViewRefused(problem)
    if len(name) > NAME_LENGTH:
        raise ViewRefused(f"视图名称最多 {NAME_LENGTH} 个字，现在是 {len(name)} 个字")
    mine = SavedView.staff_id == actor.id
    row = db.session.scalar(select(SavedView).where(mine, SavedView.name == name))
    if row is None:
        if (db.session.scalar(select(func.count()).select_from(SavedView).where(mine)) or 0) >= AT_MOST:
            raise ViewRefused(f"最多保存 {AT_MOST} 个视图，请先删除不用的")
        row = SavedView(staff_id=actor.id, name=name)
        db.session.add(row)
    row.query = urlencode(filters.address())
    return row


def delete_view(actor: Actor, view_id: int) -> bool:
    """False: the officer has no such view."""
    result = db.session.execute(delete(SavedView).where(SavedView.id == view_id, SavedView.staff_id == actor.id))
    return bool(result.rowcount)  # type: ignore[attr-defined]
