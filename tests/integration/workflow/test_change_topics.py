"""申请变更 asks what has changed and shows only those pages and papers; everything else is taken over."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from forms import PAPERS, PHOTO, SHEET, STEPS, TOPICS
from lib.codes import Kind, Status
from models import Declaration, Record, db
from services.marks.marks import MarkRequest
from tests.support.applicant.filing import filled, send_back, stored, submit, upload, words
from tests.support.factory import picture
from tests.support.people import EMPLOYED


@pytest.fixture
def record(make) -> Record:
    declaration = make.declaration(Status.APPROVED, **EMPLOYED)
    return db.session.scalars(select(Record).where(Record.account_id == declaration.account_id)).one()


@pytest.fixture
def owner(browser, record):
    return browser.sign_in(record.account)


def begun(owner, *topics: str) -> Declaration:
    assert owner.send("/archive/change", {"topic": list(topics)}).location == "/apply"
    return db.session.scalars(select(Declaration).where(Declaration.kind == Kind.CHANGE)).one()


def answered(owner, change: Declaration, slug: str, **changed) -> str:
    """Save a page; returns where it leads."""
    return owner.send(f"/apply/{slug}", filled(stored(change), slug, **changed)).location


def pages_of_bar(page) -> list[str]:
    bar = page.text.split('<ol class="steps')[1].split("</ol>")[0]
    return [words("<li" + item).partition("（")[0].strip() for item in bar.split("<li")[1:]]


def test_every_paper_and_page_belongs_to_something_that_may_change():
    assert {topic.step for topic in TOPICS} == {step.slug for step in STEPS}
    of_topics = {kind for topic in TOPICS for kind in topic.papers}
    assert of_topics == {paper.kind for paper in PAPERS} - {PHOTO, SHEET}


def test_a_new_employer_takes_three_pages(owner, record, make):
    asked = words(owner.open("/archive/change").text)
    for topic in TOPICS:
        assert topic.title in asked
    change = begun(owner, "employer")

    assert owner.open("/apply", expect=302).location == "/apply/department"
    first = owner.open("/apply/department")
    assert pages_of_bar(first) == ["变更内容", "会计管理部门", "核对信息", "附件上传", "申报告知"]
    new = {"employer_name": "样例新单位有限公司", "employer_address": "样例大街 77 号"}
    assert answered(owner, change, "department", **new) == "/apply/check"

    checked = words(owner.open("/apply/check").text)
    assert "与档案不同的有 2 处" in checked
    assert f"原为： {record.revision.answers['employer_name']} {new['employer_name']}" in checked
    assert "没有修改的内容 个人信息、学历信息、专业技术资格" in checked
    assert record.revision.answers["full_time_school"] in checked  # every answer is there to be checked
    make.signed_sheet(stored(change))

    page = words(owner.open("/apply/papers").text)
    assert "需要以下 3 项附件（其中 1 项选填）" in page
    assert "统一社会信用代码证书(营业执照、事业单位法人证书等) 原来的图片" in page
    assert "这是档案里原来的图片，它证明的内容您已经修改" in page
    assert "沿用档案里的图片，不用重新上传：居民身份证(人像面)、" in page
    upload(owner, picture(1000, 700, 5), kind="employer_licence")
    submit(owner)

    revision = stored(change).revisions[-1]
    assert revision.answers["employer_name"] == new["employer_name"]
    assert revision.answers["full_time_school"] == record.revision.answers["full_time_school"]
    assert revision.papers.keys() >= record.revision.papers.keys()


def test_without_an_answer_nothing_begins(owner):
    for sent in ({}, {"topic": ["nothing"]}):
        assert "请选择哪些内容变了" in owner.send("/archive/change", sent, expect=422).text
    assert db.session.scalar(select(Declaration.id).where(Declaration.kind == Kind.CHANGE)) is None


def test_several_topics_lead_from_one_page_to_the_next_and_back(owner):
    change = begun(owner, "qualification", "contact")
    assert owner.open("/apply", expect=302).location == "/apply/personal"
    assert answered(owner, change, "personal", mobile="13800138111") == "/apply/qualification"
    assert owner.open("/apply", expect=302).location == "/apply/qualification"  # still says what the record says
    back = filled(stored(change), "qualification") | {"action": "back"}
    assert owner.send("/apply/qualification", back).location == "/apply/personal"
    back = filled(stored(change), "personal") | {"action": "back"}
    assert owner.send("/apply/personal", back).location == "/apply/topics"


def test_the_choice_can_be_widened_and_keeps_what_was_chosen(owner):
    change = begun(owner, "employer")
    assert "增加变更内容" in owner.open("/apply/check").text
    shown = owner.open("/apply/topics").text
    assert 'value="employer" checked disabled' in shown
    assert owner.send("/apply/topics", {"topic": ["education", "nothing"]}).location == "/apply/education"
    assert stored(change).change_topics == ["employer", "education"]
    assert owner.send("/apply/topics").location == "/apply/department"


def test_what_is_changed_beside_the_way_joins_it(owner):
    change = begun(owner, "employer")
    assert owner.open("/apply/education").status == 200
    answered(owner, change, "education")
    assert stored(change).change_topics == ["employer"]  # nothing was changed there
    assert answered(owner, change, "education", full_time_major="样例专业") == "/apply/check"
    assert stored(change).change_topics == ["employer", "education"]
    answered(owner, change, "personal", applicant_name="单晓燕")
    assert stored(change).change_topics == ["employer", "education", "name", "contact"]
    assert "姓名变更证明 未上传" in words(owner.open("/apply/papers").text)


def test_marks_of_a_return_are_shown_wherever_they_are(owner, make):
    change = begun(owner, "employer")
    answered(owner, change, "department", employer_address="样例大街 78 号")
    make.signed_sheet(stored(change))
    submit(owner)
    send_back(make, stored(change), MarkRequest("id_portrait", "", "看不清"))
    page = words(owner.open("/apply/papers").text)
    assert "居民身份证(人像面) 已上传" in page
    assert "沿用档案里的图片，不用重新上传：居民身份证(国徽面)" in page


def test_a_change_of_before_shows_all_pages(owner, record, make):
    make.change(record)
    owner.send("/apply/notice")
    assert owner.open("/apply/topics", expect=302).location == "/apply"
    assert len(pages_of_bar(owner.open("/apply/department"))) == 8


def test_a_newer_notice_is_read_first(owner, record):
    record.revision.declaration.notice_read_at = datetime(1999, 12, 31, tzinfo=UTC)
    db.session.commit()
    begun(owner, "employer")
    assert owner.open("/apply", expect=302).location == "/apply/notice"
    assert pages_of_bar(owner.open("/apply/notice"))[:2] == ["变更内容", "阅读须知"]
    assert owner.send("/apply/notice").location == "/apply/department"
