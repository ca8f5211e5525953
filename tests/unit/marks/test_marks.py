"""Marks: what an officer's form keeps, what counts as dealt with, what closes by itself."""

from __future__ import annotations

import pytest

from forms import PAPER
from lib.codes import MarkState, Status
from models import ReturnReason, db
from services import workflow
from services.filing.case import DeclarationCase
from services.marks import marks
from services.marks.marks import MarkRequest
from services.papers import pages, papers, preparation
from tests.support.factory import picture
from tests.support.people import QUALIFIED, UNIVERSITY, WITH_EMPLOYER

COMPLETE = WITH_EMPLOYER | UNIVERSITY | QUALIFIED


@pytest.fixture
def held(make, officer):
    return make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)


@pytest.fixture
def returned(make, officer, held):
    """Sends the file back with these marks."""

    def send(*wanted: MarkRequest):
        actor = make.actor(officer)
        marks.save(held.revisions[-1], actor, wanted)
        workflow.send_back(held, actor, held.revision_number)
        db.session.commit()
        return held

    return send


def kept(declaration) -> dict[str, str]:
    return {mark.target: mark.reason or mark.comment for mark in declaration.revisions[-1].marks}


def open_targets(declaration) -> list[str]:
    return [view.mark.target for view in DeclarationCase(declaration).open_views]


def say(target: str) -> MarkRequest:
    return MarkRequest(target, "", f"请核对{target}")


# keeping


def test_marks_are_kept_as_exactly_those_that_were_sent(make, officer, held):
    actor, revision = make.actor(officer), held.revisions[-1]
    marks.save(revision, actor, [say("nation"), say("photo")])
    db.session.commit()
    marks.save(revision, actor, [say("photo"), say("email")])
    db.session.commit()
    db.session.expire_all()
    assert set(kept(held)) == {"photo", "email"}


@pytest.mark.parametrize("target", ["home_address", "residence_permit", "status", "nothing", ""])
def test_what_is_not_on_the_page_cannot_be_marked(make, officer, held, target):
    assert marks.save(held.revisions[-1], make.actor(officer), [say(target)]) == []


def test_an_optional_paper_that_is_missing_can_be_asked_for(make, officer):
    declaration = make.declaration(**COMPLETE)
    make.papers(declaration)
    pages.remove_page(papers.pages_of(declaration, "work_proof")[0])
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    workflow.claim(declaration, make.actor(officer))
    assert [mark.target for mark in marks.save(declaration.revisions[-1], make.actor(officer), [say("work_proof")])]


def test_a_reason_from_the_list_keeps_its_wording_of_the_time(make, officer, held):
    marks.save(held.revisions[-1], make.actor(officer), [MarkRequest("photo", "photo_unfit")])
    db.session.commit()
    advice = db.session.get_one(ReturnReason, "photo_unfit")
    before = advice.advice
    advice.advice = "另一种说法"
    db.session.commit()
    assert kept(held) == {"photo": before}


def test_an_unknown_reason_is_no_reason(make, officer, held):
    (mark,) = marks.save(held.revisions[-1], make.actor(officer), [MarkRequest("photo", "no_such_reason")])
    assert (mark.reason_code, mark.reason) == (None, "")
    with pytest.raises(workflow.NotAllowed, match="原因"):
        workflow.send_back(held, make.actor(officer), 1)


def test_a_comment_alone_becomes_the_reason_when_it_is_sent(returned):
    assert kept(returned(MarkRequest("nation", "", "  民族有误 "))) == {"nation": "民族有误"}


def test_a_long_comment_is_cut_to_its_column(make, officer, held):
    (mark,) = marks.save(held.revisions[-1], make.actor(officer), [MarkRequest("nation", "", "长" * 500)])
    assert len(mark.comment) == 200


def test_unsent_marks_are_the_offices_own(make, officer, held):
    make.mark(held, "nation", reviewer=make.actor(officer))
    assert DeclarationCase(held).open_views == []


# what the applicant sees


def test_marks_stand_in_the_order_of_the_pages_and_lead_to_their_place(returned):
    declaration = returned(say("work_proof"), say("full_time_school"), say("photo"), say("nation"))
    views = DeclarationCase(declaration).open_views
    assert [view.mark.target for view in views] == ["nation", "full_time_school", "photo", "work_proof"]
    places = {view.mark.target: (view.step.slug if view.step else "", view.anchor) for view in views}
    assert places["nation"] == ("personal", "nation")
    assert places["full_time_school"] == ("education", "full_time_school")
    assert places["photo"][0] == "personal"
    assert places["work_proof"] == ("", "paper-work_proof")
    assert {view.before for view in views} >= {"汉族", "东北样例大学"}


# dealt with


def test_a_changed_answer_touches_its_mark_and_the_same_one_does_not(returned):
    declaration = returned(say("full_time_school"), say("nation"))
    assert [view.mark.target for view in DeclarationCase(declaration).untouched] == ["nation", "full_time_school"]
    declaration.full_time_school = "另一所样例大学"
    assert [view.mark.target for view in DeclarationCase(declaration).untouched] == ["nation"]
    declaration.full_time_school = UNIVERSITY["full_time_school"]
    assert len(DeclarationCase(declaration).untouched) == 2


@pytest.mark.parametrize(("text", "touched"), [("民族没有写错", True), ("", False), ("   ", False)])
def test_an_explanation_touches_a_mark(returned, text, touched):
    declaration = returned(say("nation"))
    declaration.revisions[0].marks[0].explanation = text
    assert (DeclarationCase(declaration).untouched == []) is touched


def test_another_picture_touches_the_mark_of_a_paper_and_the_same_one_does_not(app, returned):
    declaration, kind = returned(say("work_proof")), "work_proof"
    store = app.extensions["kuaiji.store"]
    for image, touched in ((picture(1000, 700), False), (picture(1000, 700, 5), True)):
        pages.remove_page(papers.pages_of(declaration, kind)[0])
        pages.add_page(declaration, PAPER[kind], preparation.prepare(store, image))
        assert (DeclarationCase(declaration).untouched == []) is touched


def test_a_file_cannot_be_resubmitted_while_a_mark_is_untouched(make, returned):
    declaration = returned(say("nation"))
    with pytest.raises(workflow.Incomplete, match="民族"):
        workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)


@pytest.mark.parametrize(
    ("target", "changed"),
    [
        ("full_time_degree_no", {"full_time_degree": "none", "full_time_degree_no": None}),
        ("part_time_level", {"has_part_time": "no"}),
        ("full_time_degree_paper", {"full_time_degree": "none", "full_time_degree_no": None}),
    ],
    ids=["question", "not asked before", "paper"],
)
def test_a_mark_whose_question_no_longer_applies_closes_by_itself(returned, target, changed):
    declaration = returned(say(target), say("nation"))
    for name, value in changed.items():
        setattr(declaration, name, value)
    assert open_targets(declaration) == ["nation"]
    assert all(view.applies is (view.mark.target == "nation") for view in DeclarationCase(declaration).mark_views)


def test_an_explanation_is_no_change(returned):
    declaration = returned(say("nation"), say("postal_address"))
    declaration.nation = "02"
    declaration.revisions[0].marks[1].explanation = "没有写错"
    found = [(view.touched, view.changed) for view in DeclarationCase(declaration).open_views]
    assert found == [(True, True), (True, False)]


def test_the_resubmission_closes_every_mark(make, returned):
    declaration = returned(say("nation"), say("postal_address"))
    declaration.nation, declaration.postal_address = "02", "样例路 99 号"
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    assert {mark.state for mark in declaration.revisions[0].marks} == {MarkState.CLOSED}
    assert DeclarationCase(declaration).open_views == []


# 无需重新签章


@pytest.mark.parametrize("resign", [True, False])
def test_a_change_asked_for_without_a_new_signature_leaves_the_sheet_valid(returned, resign):
    declaration = returned(MarkRequest("postal_address", "", "请写到门牌号", resign=resign))
    declaration.postal_address = "样例路 99 号 6 单元"
    assert DeclarationCase(declaration).excused == (frozenset() if resign else frozenset({"postal_address"}))
    assert (workflow.missing_for_submit(DeclarationCase(declaration)) == []) is not resign


def test_another_change_beside_it_asks_for_a_new_signature_after_all(returned):
    declaration = returned(MarkRequest("postal_address", "", "请写到门牌号", resign=False))
    declaration.postal_address, declaration.nation = "样例路 99 号 6 单元", "02"
    assert any("重新打印" in line for line in workflow.missing_for_submit(DeclarationCase(declaration)))
