"""Many submissions at once, for tests of races: copies of one, each of a person of its own."""

from __future__ import annotations

from lib.codes import AccountState, Status
from models import Account, Declaration, Revision, db, keys
from services.declaration import answers
from services.queue import index as queue_index
from tests.support.people import id_number

BORN = "19850307"  # no other person of the tests: numbers differ by their serial, 900 at most


def submissions(original: Declaration, n: int) -> list[int]:
    """``n`` copies of a declaration that was submitted once; returns their ids. They are unclaimed."""
    made = []
    for position in range(n):
        account = _account(original.account, position)
        db.session.add(account)
        db.session.flush()
        made.append(_declaration(original, account, position))
    db.session.add_all(made)
    db.session.flush()
    for declaration in made:
        queue_index.sync(declaration)
    db.session.commit()
    return [declaration.id for declaration in made]


def _account(like: Account, position: int) -> Account:
    account = Account(name=like.name, state=AccountState.ACTIVE, id_type=like.id_type, password_hash=like.password_hash)
    account.id_number = id_number(position + 1, BORN)
    account.id_index = keys().index("id_number", account.id_number)
    account.phone = like.phone
    return account


def _declaration(original: Declaration, account: Account, position: int) -> Declaration:
    declaration = Declaration(number=f"LN2026{900000 + position:07d}", account_id=account.id, status=Status.SUBMITTED)
    for name in answers.question_names():
        setattr(declaration, name, getattr(original, name))
    kept = ("kind", "department_id", "due_on", "due_estimated", "notice_read_at", "submitted_at")
    for name in kept:
        setattr(declaration, name, getattr(original, name))
    first = original.revisions[0]
    revision = Revision(
        number=1, papers=first.papers, department_id=first.department_id, commitment_version=first.commitment_version
    )
    revision.answers = first.answers | {"id_number": account.id_number}
    declaration.revision_number = 1
    declaration.revisions.append(revision)
    return declaration
