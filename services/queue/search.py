"""One field finds a submission or a record: by name part, pinyin initials, full number, phone tail, employer, 申报编号.

Names, initials and phone tails are ranges of keys under each department of the scope, so a search costs what it finds.
What a person is searched by is never in an address; a 申报编号 may be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Integer, Select, bindparam, func, select

from lib.clock import today
from lib.database import Prebuilt, parameter
from lib.identity import sign_in_number
from lib.names import normalise_text, without_control_characters
from models import Account, Declaration, Employer, EmployerSuffix, QueueItem, Record, SearchKey, db, site
from services.access import Actor
from services.accounts import blind_index
from services.queue import index as queue_index
from services.queue.rows import OfficerView, QueuePage

FOUND_AT_MOST = 50
#: Of a search with several words: how many the longest word may find, before the others narrow it.
NARROWED = 500
EMPLOYERS_AT_MOST = 300
_KEYS_A_PERSON = 2  # 王王 is found by 王 twice
_BEYOND = "\U0010ffff"
_NUMBER = re.compile(r"20[0-9]{9}\Z")
_TAIL = re.compile(r"[0-9]{1,7}\Z")
_PHONE = re.compile(r"(?:1[3-9][0-9]{5})?([0-9]{4})\Z")  # its last four digits, or the whole of it
_LETTERS = re.compile(r"[a-z]+\Z")


def search(actor: Actor, text: str, *, view: OfficerView | None = None) -> QueuePage:
    """Submissions of the officer's scope, the first 50; ``more``: there are others, the text should say more."""
    view = view or OfficerView(actor)
    found = find(view, text)
    rows = [row for row in view.rows(found.ids) if view.may_see(row)]
    rows.sort(key=lambda row: (row.submitted_at, row.declaration_id), reverse=True)
    return QueuePage(view.lines(rows[:FOUND_AT_MOST]), more=found.more)


def by_number(actor: Actor, text: str, *, view: OfficerView | None = None) -> QueuePage:
    """By 申报编号 alone, which may be in an address."""
    view = view or OfficerView(actor)
    rows = view.rows(_by_number(_Search(view, text)))
    return QueuePage(view.lines([row for row in rows if view.may_see(row)]))


def is_number(text: str) -> bool:
    """Can it be nothing but a 申报编号, whole or its last digits? Four digits may be the end of a phone number."""
    compact = _compact(text)
    return _whole_number(compact) is not None and not _PHONE.match(compact)


@dataclass(frozen=True)
class SearchResult:
    """Declarations of the scope. ``more``: there are others."""

    ids: Sequence[int]
    more: bool


class _Ids:
    """A statement that finds declarations, and the same of those that a record rests on."""

    def __init__(self, query: Any, declaration_id: Any) -> None:
        query = query.limit(bindparam("most", None, type_=Integer, literal_execute=True))
        on_record = query.join(Record, Record.declaration_id == declaration_id)
        self.statements = {False: Prebuilt(query), True: Prebuilt(on_record)}


_OFFICES: Any = bindparam("offices", expanding=True)
_BY_KEY = _Ids(
    select(SearchKey.declaration_id.label("id")).where(
        SearchKey.department_id.in_(_OFFICES), SearchKey.key >= parameter("key"), SearchKey.key < parameter("beyond")
    ),
    SearchKey.declaration_id,
)
_BY_NUMBER = _Ids(select(Declaration.id).where(Declaration.number == parameter("number")), Declaration.id)
_BY_EMPLOYER = _Ids(
    # by an expression: the index of employers is the one to read, not that of departments
    select(QueueItem.declaration_id.label("id")).where(
        QueueItem.employer_id.in_(bindparam("employers", expanding=True)),
        func.coalesce(QueueItem.department_id, 0).in_(_OFFICES),
    ),
    QueueItem.declaration_id,
)
_EMPLOYERS = Prebuilt(
    select(EmployerSuffix.employer_id, Employer.name)
    .join(Employer, Employer.id == EmployerSuffix.employer_id)
    .where(EmployerSuffix.suffix >= parameter("key"), EmployerSuffix.suffix < parameter("beyond"))
    .limit(EMPLOYERS_AT_MOST * 2 + 1)
)


@dataclass(frozen=True)
class _Search:
    """``archived``: only declarations that a record rests on."""

    view: OfficerView
    text: str
    archived: bool = False

    @cached_property
    def words(self) -> list[str]:
        """The longest first: it narrows best."""
        return sorted(normalise_text(without_control_characters(self.text)).lower().split(), key=len, reverse=True)

    @cached_property
    def compact(self) -> str:
        return _compact(self.text)

    @cached_property
    def employers(self) -> list[int]:
        """The employers whose names contain all words; one more than are looked at, when there are more."""
        key = queue_index.employer_key(self.words[0])
        rows = _EMPLOYERS.rows(db.session, key=key, beyond=key + _BEYOND)
        fitting = [row.employer_id for row in rows if all(word in row.name.lower() for word in self.words)]
        return list(dict.fromkeys(fitting))[: EMPLOYERS_AT_MOST + 1]

    def ids(self, query: Select[Any], declaration_id: Any, most: int = FOUND_AT_MOST + 1) -> list[int]:
        query = query.join(Record, Record.declaration_id == declaration_id) if self.archived else query
        return list(dict.fromkeys(db.session.scalars(query.limit(most))))

    def found(self, ids: _Ids, most: int = FOUND_AT_MOST + 1, **values: Any) -> list[int]:
        rows = ids.statements[self.archived].rows(db.session, most=most, **values)
        return list(dict.fromkeys(row.id for row in rows))

    @property
    def offices(self) -> list[int]:
        return sorted(self.view.office_ids)


def find(view: OfficerView, text: str, *, archived: bool = False) -> SearchResult:
    """All ways after each other, until there are more than a page shows."""
    asked = _Search(view, text, archived)
    if not asked.words:
        return SearchResult((), more=False)
    ids: dict[int, None] = {}
    for way in _WAYS:
        ids |= dict.fromkeys(way(asked))
        if len(ids) > FOUND_AT_MOST:
            break
    return SearchResult(list(ids)[:FOUND_AT_MOST], len(ids) > FOUND_AT_MOST or len(asked.employers) > EMPLOYERS_AT_MOST)


def employers_with(view: OfficerView, text: str) -> list[int]:
    """The employers whose names contain all words of the text."""
    asked = _Search(view, text)
    return asked.employers if asked.words else []


def _compact(text: str) -> str:
    return re.sub(r"\s", "", normalise_text(without_control_characters(text))).upper()


def _whole_number(compact: str) -> str | None:
    """``312`` is LN20260000312, of this year."""
    if _TAIL.match(compact):
        compact = f"{today().year}{compact:0>7}"
    digits = compact.removeprefix(site().number_prefix)
    return f"{site().number_prefix}{digits}" if _NUMBER.match(digits) else None


def _by_number(asked: _Search) -> list[int]:
    number = _whole_number(asked.compact)
    return asked.found(_BY_NUMBER, number=number) if number else []


def _by_id_number(asked: _Search) -> list[int]:
    """By the whole number only: it is found by its keyed hash."""
    compact = asked.compact
    if len(compact) < 5 or not compact.isascii() or not any(character.isdigit() for character in compact):
        return []
    account = select(Account.id).where(Account.id_index == blind_index.of_number(sign_in_number(compact)))
    query = select(QueueItem.declaration_id).where(QueueItem.account_id.in_(account))
    return asked.ids(query.order_by(QueueItem.declaration_id.desc()), QueueItem.declaration_id)


def _by_phone(asked: _Search) -> list[int]:
    tail = _PHONE.match(asked.compact)
    return _by_key(asked, queue_index.phone_key(tail.group(1))) if tail else []


def _by_name(asked: _Search) -> list[int]:
    return _by_key(asked, queue_index.name_key(without_control_characters(asked.text)))


def _by_initials(asked: _Search) -> list[int]:
    word = asked.words[0]
    return _by_key(asked, queue_index.INITIALS_KEY + word) if len(asked.words) == 1 and _LETTERS.match(word) else []


def _by_key(asked: _Search, key: str, most: int = FOUND_AT_MOST + 1) -> list[int]:
    """Those that have a key beginning so, in each department of the scope."""
    if len(key) < 2:
        return []
    here = {"offices": asked.offices, "key": key, "beyond": key + _BEYOND}
    return asked.found(_BY_KEY, most * _KEYS_A_PERSON, **here)[:most]


def _by_employer(asked: _Search) -> list[int]:
    return _of_employers(asked, asked.employers, FOUND_AT_MOST + 1)


def _by_words(asked: _Search) -> list[int]:
    """Several words of which some are the name's and some the employer's."""
    words = asked.words
    if len(words) < 2:
        return []
    first = _Search(asked.view, words[0], asked.archived)
    ids = _by_key(asked, queue_index.name_key(words[0]), NARROWED)
    ids += _of_employers(asked, first.employers, NARROWED)
    rows = asked.view.rows(ids[:NARROWED])
    return [row.declaration_id for row in rows if all(word in f"{row.name} {row.employer}".lower() for word in words)]


def _of_employers(asked: _Search, employers: Sequence[int], most: int) -> list[int]:
    if not employers:
        return []
    return asked.found(_BY_EMPLOYER, most, employers=list(employers[:EMPLOYERS_AT_MOST]), offices=asked.offices)


_WAYS: tuple[Callable[[_Search], list[int]], ...] = (
    _by_number,
    _by_id_number,
    _by_phone,
    _by_name,
    _by_initials,
    _by_employer,
    _by_words,
)
