"""What is typed and not saved: kept per page, encrypted, distinguished, restored, deleted."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from forms import STEPS
from lib.database import utcnow
from models import Draft, ParkedForm, db
from services.declaration import drafts
from services.operations import scheduled_jobs

PERSONAL, DEPARTMENT, EDUCATION, *_OTHERS = STEPS
TYPED = [("full_time_school", "东北样例大学"), ("accounting_posts", "cashier"), ("accounting_posts", "reports")]


def test_what_is_typed_is_kept_in_its_order_and_with_repeated_names(make):
    declaration = make.declaration()
    assert drafts.save(declaration, EDUCATION, TYPED)
    db.session.commit()
    draft = drafts.get(declaration, EDUCATION)
    assert draft is not None
    assert draft.body == [list(pair) for pair in TYPED]
    assert drafts.get(declaration, PERSONAL) is None


def test_the_last_typing_counts_and_there_is_one_row_a_page(make):
    declaration = make.declaration()
    with time_machine.travel(utcnow() - timedelta(hours=1)):
        drafts.save(declaration, EDUCATION, TYPED)
    drafts.save(declaration, EDUCATION, [("full_time_school", "别的学校")])
    drafts.save(declaration, PERSONAL, [("postcode", "110000")])
    db.session.commit()
    assert len(db.session.scalars(select(Draft)).all()) == 2
    draft = drafts.get(declaration, EDUCATION)
    assert draft is not None
    assert draft.body == [["full_time_school", "别的学校"]]
    assert utcnow() - draft.saved_at < timedelta(minutes=1)


@pytest.mark.parametrize("name", sorted(drafts.NOT_SAVED))
def test_buttons_and_technical_fields_are_not_kept(make, name):
    declaration = make.declaration()
    drafts.save(declaration, EDUCATION, [(name, "x"), *TYPED])
    draft = drafts.get(declaration, EDUCATION)
    assert draft is not None
    assert name not in dict(draft.body)


def test_what_nobody_can_have_typed_is_not_kept(make):
    declaration = make.declaration()
    drafts.save(declaration, EDUCATION, TYPED)
    longest = drafts.LONGEST - len("full_time_school")
    assert drafts.save(declaration, EDUCATION, [("full_time_school", "字" * longest)])
    assert not drafts.save(declaration, EDUCATION, [("full_time_school", "字" * (longest + 1))])
    draft = drafts.get(declaration, EDUCATION)
    assert draft is not None
    assert len(draft.body[0][1]) == longest, "what was kept before stays"


def test_a_valid_save_drops_the_draft_of_its_page_only(make):
    declaration, other = make.declaration(), make.declaration()
    for one in (declaration, other):
        drafts.save(one, EDUCATION, TYPED)
        drafts.save(one, PERSONAL, TYPED)
    drafts.delete(declaration, EDUCATION)
    db.session.commit()
    left = [(draft.declaration_id, draft.page) for draft in db.session.scalars(select(Draft))]
    assert sorted(left) == sorted(
        [(declaration.id, "personal"), (other.id, "education"), (other.id, "personal")],
    )


def test_a_fingerprint_changes_with_the_stored_answers_of_its_page_only(make):
    declaration = make.declaration()
    before = {step.slug: drafts.fingerprint(declaration, step) for step in STEPS}
    assert before == {step.slug: drafts.fingerprint(declaration, step) for step in STEPS}
    declaration.postal_address = "样例路 9 号"
    after = {step.slug: drafts.fingerprint(declaration, step) for step in STEPS}
    assert {slug for slug in before if before[slug] != after[slug]} == {"personal"}
    assert len(set(after.values())) == len(STEPS)


def test_the_fingerprint_of_another_declaration_is_another(make):
    account = make.account()
    first = make.declaration(account=account)
    print_of_first = drafts.fingerprint(first, EDUCATION)
    assert drafts.fingerprint(make.declaration(), EDUCATION) != print_of_first


def park(account, path: str, text: str) -> ParkedForm:
    parked = ParkedForm(account_id=account.id, path=path)
    parked.body = [["full_time_school", text]]
    db.session.add(parked)
    db.session.commit()
    return parked


def test_of_several_late_forms_the_newest_comes_back_and_all_are_gone(make):
    declaration = make.declaration()
    park(declaration.account, "/apply/education", "早的")
    park(declaration.account, "/apply/education", "晚的")
    park(declaration.account, "/apply/personal", "另一页")
    draft, is_new = drafts.restore(declaration, EDUCATION, "/apply/education")
    db.session.commit()
    assert draft is not None
    assert is_new
    assert draft.body == [["full_time_school", "晚的"]]
    assert [parked.path for parked in db.session.scalars(select(ParkedForm))] == ["/apply/personal"]
    assert drafts.restore(declaration, EDUCATION, "/apply/education") == (draft, False)


def test_a_late_form_comes_back_to_its_own_person_only(make):
    declaration, other = make.declaration(), make.declaration()
    park(other.account, "/apply/education", "别人的")
    assert drafts.restore(declaration, EDUCATION, "/apply/education") == (None, False)
    assert len(db.session.scalars(select(ParkedForm)).all()) == 1


def test_late_forms_are_forgotten_after_a_day(make):
    account = make.account()
    with time_machine.travel(utcnow() - timedelta(hours=25)):
        park(account, "/apply/education", "alt")
    kept = park(account, "/apply/personal", "neu")
    assert scheduled_jobs.forget_parked_forms() == 1
    assert db.session.scalars(select(ParkedForm.id)).all() == [kept.id]
    assert scheduled_jobs.forget_parked_forms() == 0
