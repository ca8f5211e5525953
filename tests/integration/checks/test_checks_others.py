"""The same phone, number, picture or employer's code at others, and what an officer may know of them."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from forms import PAPER, SHEET
from lib.codes import IdType, Status
from models import Declaration, PictureHash, db
from services import checks, workflow
from services.papers import similar_pictures
from tests.support.factory import Make, picture
from tests.support.office.checked import WORK, results, smaller, submitted_again, upload
from tests.support.people import id_number

# --- the same phone, number, picture, employer at others -----------------------------------------------------------


def test_another_account_with_the_phone_is_found_and_named_in_scope_only(make):
    first = make.declaration(Status.SUBMITTED, make.account("孙立国"))
    second = make.declaration(Status.SUBMITTED, make.account("单小燕"), mobile=first.account.phone)
    near = results(second, make.actor(make.staff()))["phone_again"]
    assert (near.state, near.reason) == ("look", "这个手机号码另有 1 人使用")
    assert [(match.text, match.uid) for match in near.matches] == [(f"孙立国 {first.number}", first.uid)]
    far = results(second, make.actor(make.staff(department="210381")))["phone_again"]
    assert [(match.text, match.uid) for match in far.matches] == [("沈阳市和平区财政局的一份申报", "")]
    assert not results(second)["phone_again"].matches


def test_the_mobile_of_another_persons_submission_is_found_whatever_its_account_says(make):
    first = make.declaration(Status.SUBMITTED, mobile="13800139999")
    second = make.declaration(Status.SUBMITTED, mobile="13800139999")
    third = make.declaration(Status.SUBMITTED, mobile="13800129999")  # ends alike
    assert results(second)["phone_again"].state == results(first)["phone_again"].state == "look"
    assert results(third)["phone_again"].state == "passed"


def test_an_account_without_a_submission_counts_but_leads_nowhere(make):
    other = make.account("孙立国")
    found = results(make.declaration(Status.SUBMITTED, mobile=other.phone), make.actor(make.staff()))["phone_again"]
    assert (found.state, found.matches) == ("look", [])
    assert "孙立国" not in found.reason


def test_what_was_taken_back_leads_nowhere(make):
    first = make.declaration(Status.SUBMITTED)
    second = make.declaration(Status.SUBMITTED, mobile=first.account.phone)
    workflow.withdraw(first, make.actor(first.account))
    db.session.commit()
    assert results(second, make.actor(make.staff()))["phone_again"].matches == []


def test_more_matches_than_are_shown_are_counted(make):
    phone = make.declaration(Status.SUBMITTED).account.phone
    for _other in range(checks.SHOWN + 1):
        make.declaration(Status.SUBMITTED, mobile=phone)
    last = make.declaration(Status.SUBMITTED, mobile=phone)
    found = results(last, make.actor(make.staff()))["phone_again"]
    assert (len(found.matches), found.more) == (checks.SHOWN, 2)


def test_ones_own_other_declarations_are_no_duplicates(make):
    change = make.change(make.record())
    make.papers(change)
    submitted_again(make, change)
    found = results(change)
    assert {found[name].state for name in ("phone_again", "picture_again", "number_again")} == {"passed"}


def test_the_old_form_of_a_number_under_another_account_is_found(make):
    number = id_number(17)
    make.account("孙立国", number[:6] + number[8:17], id_type=IdType.PASSPORT)
    declaration = make.declaration(Status.SUBMITTED, make.account(number=number))
    found = results(declaration)["number_again"]
    assert (found.state, found.links) == ("look", [("id_number", "证件号码")])
    assert number not in found.reason
    assert results(make.declaration(Status.SUBMITTED))["number_again"].state == "passed"


def test_a_number_of_this_century_has_no_older_form(make):
    account = make.account(number=id_number(17, "20050409"))
    assert results(make.declaration(Status.SUBMITTED, account))["number_again"].state == "passed"


def test_the_old_register_under_the_other_form_and_an_earlier_refusal_are_told(make):
    number = id_number(17)
    make.legacy(number=number[:6] + number[8:17])
    declaration = make.declaration(Status.IN_REVIEW, make.account(number=number), make.staff(name="甲"))
    assert "原证书登记库" in results(declaration)["number_again"].reason
    officer = make.actor(declaration.claim.staff)
    workflow.decline(declaration, officer, 1, reason_code="out_of_scope", comment="不在范围")
    db.session.commit()
    anew = make.declaration(Status.SUBMITTED, declaration.account)
    found = results(anew, make.actor(make.staff()))["number_again"]
    assert "不予采集" in found.reason
    assert [match.uid for match in found.matches] == [declaration.uid]


def submitted_with(make: Make, kind: str, image: bytes, **changed: Any) -> Declaration:
    declaration = make.declaration(Status.DRAFT, **changed)
    make.papers(declaration)
    upload(make, declaration, kind, image)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()
    return declaration


def test_another_persons_picture_is_found_also_smaller_and_coarser(make):
    first = submitted_with(make, "id_portrait", picture(1000, 700, 77))
    second = submitted_with(make, "id_portrait", smaller(picture(1000, 700, 77)))
    third = submitted_with(make, "id_portrait", picture(1000, 700, 78))
    found = results(second, make.actor(make.staff()))["picture_again"]
    assert (found.state, found.links) == ("look", [("id_portrait", "居民身份证(人像面)")])
    assert [match.uid for match in found.matches] == [first.uid]
    far = results(second, make.actor(make.staff(department="210381")))["picture_again"]
    assert [(match.text, match.uid) for match in far.matches] == [("沈阳市和平区财政局的一份申报", "")]
    assert results(third)["picture_again"].state == "passed"


def test_the_emblem_and_the_sheet_are_never_compared(make):
    first, second = (submitted_with(make, "id_emblem", picture(1000, 700, 77)) for _person in range(2))
    assert results(second)["picture_again"].state == "passed"
    kept = set(db.session.scalars(select(PictureHash.kind).where(PictureHash.declaration_id == first.id)))
    assert kept == {"photo", "id_portrait"}
    assert not PAPER[SHEET].personal


def test_hashes_are_kept_once_and_a_blank_picture_has_none(make):
    declaration = make.declaration(Status.SUBMITTED)
    before = db.session.scalars(select(PictureHash)).all()
    similar_pictures.remember(declaration.revisions[-1])
    assert len(db.session.scalars(select(PictureHash)).all()) == len(before) == 2
    out = io.BytesIO()
    Image.new("RGB", (900, 700), "white").save(out, "JPEG")
    blank = submitted_with(make, "id_portrait", out.getvalue())
    submitted_with(make, "id_portrait", out.getvalue())
    assert results(blank)["picture_again"].state == "passed"


def test_a_picture_of_what_was_taken_back_is_no_match(make):
    first = submitted_with(make, "id_portrait", picture(1000, 700, 77))
    second = submitted_with(make, "id_portrait", picture(1000, 700, 77))
    workflow.withdraw(first, make.actor(first.account))
    db.session.commit()
    assert results(second)["picture_again"].state == "passed"


@pytest.mark.parametrize("apart", range(4))
def test_a_hash_three_bits_apart_agrees_in_a_band(apart):
    looks = ["89abcdef01234567", f"{0x89ABCDEF01234567 ^ sum(1 << 17 * place for place in range(apart)):016x}"]
    agree = [one == other for one, other in zip(*map(similar_pictures.bands, looks), strict=True)]
    assert agree.count(False) == apart
    assert any(agree)


def test_another_name_for_the_same_code_is_found(make):
    first = make.declaration(Status.SUBMITTED, **WORK | {"employer_name": "样例县华业机械公司"})
    draft = make.declaration(Status.DRAFT, **WORK | {"employer_name": "样例县另一家公司"})
    second = make.declaration(Status.SUBMITTED, **WORK)
    found = results(second, make.actor(make.staff()))["employer_name"]
    assert found.state == "look"
    assert [match.uid for match in found.matches] == [first.uid]
    assert draft.number not in found.reason
    far = results(second, make.actor(make.staff(department="210381")))["employer_name"]
    assert [match.uid for match in far.matches] == [""]


def test_an_officers_own_file_is_named_no_more_than_one_elsewhere(make):
    mine = make.declaration(Status.SUBMITTED)
    other = make.declaration(Status.SUBMITTED, mobile=mine.account.phone)
    officer = make.staff(id_index=mine.account.id_index)
    assert [match.uid for match in results(other, make.actor(officer))["phone_again"].matches] == [""]
