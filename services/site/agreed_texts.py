"""阅读须知 and 承诺函 in versions: a draft, publishing from a moment on, and which version is in force.

A submission keeps the versions that its person agreed to, a printed sheet that of the promise on it. So no published
text ever changes. The published ones are part of the reference data that each process has in memory; the moment decides
by itself which of them is in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlalchemy import func, select

from lib import plain_text
from lib.clock import day_begins, today
from lib.codes import AgreedKind
from lib.database import utcnow
from lib.pdf import fonts, typeset
from models import TextDraft, TextVersion, db
from services import audit
from services.access import Actor
from services.departments import snapshot
from services.departments.snapshot import AgreedText
from services.site import built_in_texts

TITLES = {AgreedKind.NOTICE: "阅读须知", AgreedKind.COMMITMENT: "关于本人信息真实准确承诺函"}
#: Characters. The promise has its place on page 1 of the sheet: four lines at most.
LONGEST = {AgreedKind.NOTICE: 3000, AgreedKind.COMMITMENT: 2000}
LONGEST_PROMISE = 150
_START = datetime(2000, 1, 1, tzinfo=UTC)
_NOTICE, _COMMITMENT = AgreedKind.NOTICE, AgreedKind.COMMITMENT
FIRST: Mapping[AgreedKind, AgreedText] = {
    _NOTICE: AgreedText(_NOTICE, built_in_texts.VERSION, built_in_texts.NOTICE, "", _START),
    _COMMITMENT: AgreedText(
        _COMMITMENT, built_in_texts.VERSION, built_in_texts.COMMITMENT, built_in_texts.PROMISE, _START
    ),
}


class NothingToPublish(Exception):
    """No draft, or one that says what is in force; the message says so."""


# --- which one counts -------------------------------------------------------------------------------------------------


def current(kind: AgreedKind) -> AgreedText:
    """The version in force."""
    now = utcnow()
    begun = [text for text in snapshot.current().agreed if text.kind == kind and text.starts_at <= now]
    return begun[-1] if begun else FIRST[kind]


def versions(kind: AgreedKind) -> list[AgreedText]:
    """All that were published, in the order in which they come into force."""
    return [FIRST[kind], *(text for text in snapshot.current().agreed if text.kind == kind)]


def version(kind: AgreedKind, name: str | None) -> AgreedText | None:
    """The version of this name; None stands for the first one, which rows of older releases do not name."""
    return next((text for text in versions(kind) if text.version == (name or FIRST[kind].version)), None)


def in_force_together() -> str:
    """Names the versions that a person is shown now; a form sends it back, so that nobody agrees to an unseen text."""
    return f"{current(_NOTICE).version},{current(_COMMITMENT).version}"


#: What a form of an older release showed, which names none.
FIRST_TOGETHER = f"{built_in_texts.VERSION},{built_in_texts.VERSION}"


def printed_promise(name: str | None) -> str:
    """The promise of a version as it is printed on the sheet."""
    return as_printed(version(_COMMITMENT, name) or FIRST[_COMMITMENT])


def as_printed(text: AgreedText) -> str:
    return f"{text.promise}（承诺函 {text.version or '草稿'}{' 版' if text.version else ''}）"


# --- the next one -----------------------------------------------------------------------------------------------------


def problem(kind: AgreedKind, part: str, text: str) -> str:
    """What is wrong with the body or the promise of a draft, in words for its field; empty if nothing is."""
    longest = LONGEST_PROMISE if part == "promise" else LONGEST[kind]
    if len(text) > longest:
        return f"最多 {longest} 个字，现在是 {len(text)} 个"
    if plain_text.has_tags(text):
        return "只能写文字，不能使用 HTML 标记（<…>）"
    if missing := fonts.missing_characters(typeset.printable(text.replace("\n", ""))):
        return f"有打印不出的字符：{'、'.join(missing[:5])}"
    return "" if text else "请填写"


def draft(kind: AgreedKind) -> TextDraft | None:
    return db.session.get(TextDraft, kind)


def save_draft(kind: AgreedKind, actor: Actor, *, body: str, promise: str) -> None:
    """The checked texts become the draft. One that says what is in force is none."""
    now = current(kind)
    if (body, promise) == (now.body, now.promise):
        discard(kind, actor)
        return
    db.session.merge(TextDraft(kind=kind, body=body, promise=promise, edited_at=utcnow()))
    audit.record("agreed_text", actor, detail=f"{kind} draft")


def discard(kind: AgreedKind, actor: Actor) -> None:
    own = draft(kind)
    if own is not None:
        db.session.delete(own)
        audit.record("agreed_text", actor, detail=f"{kind} draft discarded")


def publish(kind: AgreedKind, actor: Actor, starts_on: date | None, seen: str) -> TextVersion:
    """The draft becomes a version, from now or from the morning of a day on. ``seen``: ``mark`` of the draft that was
    looked at. Raises NothingToPublish."""
    text, now = draft(kind), utcnow()
    if text is None:
        raise NothingToPublish("没有草稿可以发布")
    if mark(text) != seen:
        raise NothingToPublish("草稿已被修改，请重新预览后再发布")
    row = TextVersion(kind=kind, version=_next_version(kind), body=text.body, promise=text.promise, staff_id=actor.id)
    row.published_at, row.starts_at = now, day_begins(starts_on) if starts_on else now
    db.session.add(row)
    db.session.delete(text)
    audit.record("agreed_text", actor, detail=f"{kind} {row.version} from {starts_on or today()}")
    return row


def mark(text: TextDraft) -> str:
    return text.edited_at.isoformat()


def _next_version(kind: AgreedKind) -> str:
    """``2026-2``: the year, and a count that begins again each year."""
    year = str(today().year)
    of_year = TextVersion.version.startswith(f"{year}-")
    known = db.session.scalar(select(func.count()).where(TextVersion.kind == kind, of_year)) or 0
    return f"{year}-{known + 1 + FIRST[kind].version.startswith(f'{year}-')}"


def publishers(kind: AgreedKind) -> Mapping[str, TextVersion]:
    """The rows of the published versions, by their names."""
    return {row.version: row for row in db.session.scalars(select(TextVersion).where(TextVersion.kind == kind))}
