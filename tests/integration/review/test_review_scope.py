"""After a transfer: what the old and the new department may read, and that no other may."""

from __future__ import annotations

import pytest

from lib.codes import Status
from models import db
from services import access, workflow


@pytest.fixture
def offices(make):
    return {
        code: make.actor(make.staff(department=code, name=f"{code}审核"))
        for code in ("210102", "210103", "210104", "210100")
    }


@pytest.fixture
def returned_and_resubmitted(make, offices):
    """Returned once by 210102, submitted again and in its hands."""
    declaration = make.declaration(Status.SUBMITTED)
    own = offices["210102"]
    workflow.claim(declaration, own)
    make.mark(declaration, "nation", reviewer=own)
    workflow.send_back(declaration, own, 1)
    declaration.nation = "02"
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    workflow.claim(declaration, own)
    db.session.commit()
    return declaration


def readable(declaration, actor) -> list[int]:
    """The numbers of the revisions that this officer can open."""
    found = access.office_declaration(actor, declaration.uid)
    if found is None:
        return []
    return [number for number in (1, 2) if access.office_revision(actor, found, number)]


def test_an_offered_file_is_read_by_both_until_it_is_answered(make, offices, returned_and_resubmitted):
    declaration = returned_and_resubmitted
    assert readable(declaration, offices["210103"]) == []
    workflow.offer(declaration, offices["210102"], 2, make.department("210103"), "经营地址在该区")
    db.session.commit()
    assert [readable(declaration, offices[code]) for code in offices] == [[1, 2], [1, 2], [], [1, 2]]


def test_the_old_department_keeps_reading_what_it_decided_and_no_more(make, offices, returned_and_resubmitted):
    declaration = returned_and_resubmitted
    workflow.offer(declaration, offices["210102"], 2, make.department("210103"), "经营地址在该区")
    workflow.answer_offer(declaration, offices["210103"], accept=True)
    db.session.commit()
    assert [readable(declaration, offices[code]) for code in offices] == [[1], [1, 2], [], [1, 2]]
    newest = access.office_revision(offices["210102"], declaration, None)
    assert newest
    assert newest.number == 1


def test_a_refused_offer_leaves_nothing_to_read(make, offices, returned_and_resubmitted):
    declaration = returned_and_resubmitted
    workflow.offer(declaration, offices["210102"], 2, make.department("210103"), "经营地址在该区")
    workflow.answer_offer(declaration, offices["210103"], accept=False, reason="不在本区")
    db.session.commit()
    assert readable(declaration, offices["210103"]) == []


@pytest.mark.parametrize("number", [0, -1, 3, 10**30])
def test_a_revision_that_is_not_there_is_not_found(offices, returned_and_resubmitted, number):
    assert access.office_revision(offices["210102"], returned_and_resubmitted, number) is None
