"""证件类型 and 证件号码, corrected by the applicant after a return: the account, and what proves the new number."""

from __future__ import annotations

from forms import PAPERS
from lib.codes import IdType
from lib.database import utcnow
from lib.text import one_line
from models import Mark, db
from services.access import Actor
from services.accounts import account_changes
from services.accounts.account_changes import Grounds
from services.filing.case import DeclarationCase
from services.papers import pages, papers

#: The papers that show the number.
PROOFS = tuple(paper.kind for paper in PAPERS if "id_number" in paper.proves)


def correct(case: DeclarationCase, mark: Mark, id_type: IdType, number: str, actor: Actor) -> None:
    """Give the account the number, normalised and valid, and ask for its document anew.

    Raises NumberTaken, ChangeRefused.
    """
    declaration, account = case.declaration, case.declaration.account
    db.session.refresh(account)  # a manager may have corrected it since the page was read
    if (id_type, number) == (account.id_type, account.id_number):
        return
    said = one_line(" ".join(dict.fromkeys((mark.reason, mark.comment))), 200)
    why = Grounds(said, f"申报编号 {declaration.number}")
    account_changes.correct_own_number(account, id_type, number, actor, why, mark.staff_id)
    _ask_for_proof(case)
    declaration.touched_at = utcnow()


def _ask_for_proof(case: DeclarationCase) -> None:
    """The pictures sent with the old number prove nothing of the new one; what was uploaded since may stay."""
    revision = case.returned_revision
    sent = {address for kind in PROOFS for address in papers.addresses(revision.papers.get(kind) if revision else None)}
    for page in list(case.declaration.pages):
        if page.kind in PROOFS and page.address in sent:
            pages.remove_page(page)
