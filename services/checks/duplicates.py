"""Across people: waiting submissions that share a phone, a certificate number or a picture with somebody else's.

The check of one submission says the same to its officer; here a manager sees all of the department at once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import aliased, load_only

from lib.codes import AccountState, Status
from models import Account, Declaration, PictureHash, QueueItem, db
from services import checks
from services.access import Actor
from services.accounts import blind_index
from services.declaration import labels
from services.departments import matching
from services.papers import similar_pictures
from services.queue.filters import OFFICE_TURN

AT_MOST = 500  # waiting submissions that are looked at, those due first
PAIRS = 200  # found of each kind
COMPARED = 100  # submissions whose pictures are compared one by one
NAMED = 30  # of those who share one thing: a firm may give its own phone for hundreds of people
NOT_SENT = (Status.DRAFT, Status.DROPPED)


@dataclass(frozen=True)
class Duplicate:
    """``what``: the thing shared. ``one`` is of the manager's scope; ``others`` as far as the manager may know them.

    ``more``: how many others are not named.
    """

    what: str
    one: checks.Match
    others: Sequence[checks.Match]
    more: int


@dataclass(frozen=True)
class Duplicates:
    """``looked_at`` of the waiting submissions; ``more``: there are others."""

    found: Sequence[Duplicate]
    looked_at: int
    more: bool


def find(actor: Actor) -> Duplicates:
    offices = [office.id for office in matching.in_scope(actor)]
    query = select(Declaration).where(Declaration.department_id.in_(offices), Declaration.status.in_(OFFICE_TURN))
    few = (Declaration.uid, Declaration.account_id, Declaration.mobile_sealed, Declaration.qualification_no)
    query = query.options(load_only(Declaration.version, *few))
    if actor.id_index:  # the first of several who share a thing stands for them: not the manager's own file
        query = query.join(Account, Account.id == Declaration.account_id).where(Account.id_index != actor.id_index)
    waiting = list(db.session.scalars(query.order_by(Declaration.due_on, Declaration.id).limit(AT_MOST + 1)))
    looked_at = waiting[:AT_MOST]
    pairs = [*_phones(looked_at), *_certificates(looked_at), *_pictures(looked_at)] if looked_at else []
    return Duplicates(_named(pairs, actor), len(looked_at), len(waiting) > AT_MOST)


#: What is shared, the waiting submission, the other one.
Pair = tuple[str, int, int]


def _named(pairs: Sequence[Pair], actor: Actor) -> list[Duplicate]:
    """One row for a thing and a submission; a pair that waits on both sides is listed once."""
    others: dict[tuple[str, int], dict[int, None]] = defaultdict(dict)
    for what, one, other in pairs:
        if one not in others.get((what, other), ()):
            others[what, one][other] = None
    named = {key: list(found)[:NAMED] for key, found in others.items()}
    known = checks.matches(list({each for (_what, one), found in named.items() for each in (one, *found)}), actor)
    return [
        Duplicate(
            what,
            known[one],
            list(dict.fromkeys(known[other] for other in found if other in known)),
            len(others[what, one]) - len(found),
        )
        for (what, one), found in named.items()
        if known[one].uid
    ]


def _phones(waiting: Sequence[Declaration]) -> Iterator[Pair]:
    """Among those who wait, and with the phone of somebody's account: the first who waits with each of the others."""
    same: Mapping[str, list[Declaration]] = defaultdict(list)
    for declaration in waiting:
        if declaration.mobile:
            same[declaration.mobile].append(declaration)
    for one, *others in same.values():
        yield from (("手机号码", one.id, other.id) for other in others if one.account_id != other.account_id)
    by_index = {blind_index.of_phone(mobile): people[0] for mobile, people in same.items()}
    theirs = select(Account.phone_index, Account.id, QueueItem.declaration_id)
    theirs = theirs.join(QueueItem, QueueItem.account_id == Account.id).limit(PAIRS + len(waiting))
    theirs = theirs.where(Account.phone_index.in_(by_index), Account.state != AccountState.RESERVED)
    for index, account_id, declaration_id in db.session.execute(theirs):
        one = by_index[index or b""]
        if one.account_id != account_id:
            yield "手机号码", one.id, declaration_id


def _certificates(waiting: Sequence[Declaration]) -> Iterator[Pair]:
    numbers = {one.qualification_no: one for one in reversed(waiting) if one.qualification_no}  # the first of each
    query = select(Declaration.qualification_no, Declaration.account_id, Declaration.id).limit(PAIRS + len(waiting))
    query = query.where(Declaration.qualification_no.in_(numbers), Declaration.status.not_in(NOT_SENT))
    for number, account_id, declaration_id in db.session.execute(query):
        one = numbers[number or ""]
        if one.account_id != account_id:
            yield "资格证书编号", one.id, declaration_id


def _pictures(waiting: Sequence[Declaration]) -> Iterator[Pair]:
    """One fingerprint may be of two diplomas of one form: what shares one is compared as the check of one file does."""
    own, other = aliased(PictureHash), aliased(PictureHash)
    same = (other.band0 == own.band0) & (other.look == own.look) & (other.account_id != own.account_id)
    query = select(own.declaration_id).join(other, same).distinct().limit(COMPARED)
    alike = set(db.session.scalars(query.where(own.declaration_id.in_([one.id for one in waiting]))))
    for one in waiting:
        for found in similar_pictures.find(one.revisions[-1]) if one.id in alike else ():
            yield f"图片（{labels.short(found.kind)}）", one.id, found.declaration_id
