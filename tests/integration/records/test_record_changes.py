"""What the office does with a record: filters and a count, 注销 and 恢复, 诚信 notes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lib.codes import ClosingReason, Status
from models import Declaration, Event, Record, RecordEntry, db
from services import workflow
from services.records import view_limit
from tests.integration.records.test_review_records import approved, looks, names, record_of
from tests.support.people import QUALIFIED, WITH_EMPLOYER


def test_a_closed_record_is_locked_until_it_is_opened_again(make, browser, another_browser, officer, manager):
    record = make.record()
    begun = make.change(record)
    page = f"/staff/archive/{record.uid}"
    browser.send(f"{page}/close", {"reason": "left", "text": "改行"}, expect=403)
    another_browser.sign_in(manager)
    assert "请选择注销原因" in another_browser.send(f"{page}/close", {"reason": "x", "text": "改行"}, expect=422).text
    kept = another_browser.send(f"{page}/close", {"reason": "left", "text": " "}, expect=422).text
    assert 'value="left" selected' in kept
    another_browser.send(f"{page}/close", {"reason": "left", "text": "本人书面申请"})
    assert "已经注销" in another_browser.send(f"{page}/close", {"reason": "left", "text": "再一次"}, expect=422).text
    assert (record.closed_reason, begun.status) == (ClosingReason.LEFT, Status.DROPPED)
    assert "本人书面申请" in another_browser.open(page).text
    browser.sign_in(record.account)
    assert "已于" in (own := browser.open("/archive").text)
    assert "/archive/change" not in own
    assert browser.send("/archive/change").location == "/archive"
    assert "不能申请变更" in browser.open("/archive").text
    assert "信息变更已作废" in browser.open("/inbox").text
    another_browser.send(f"{page}/reopen", {"text": "登记有误"})
    assert record.closed_at is None
    assert browser.send("/archive/change", {"topic": ["contact"]}).location == "/apply"
    verbs = [entry.verb for entry in db.session.query(RecordEntry).order_by(RecordEntry.id)]
    assert verbs == ["close", "reopen"]
    details = [event.detail for event in db.session.query(Event).where(Event.verb == "record_close")]
    assert details == ["left"]  # the text may name people


def test_what_lies_with_the_office_is_decided_before_the_record_is_closed(make, browser, officer, manager):
    record = make.record()
    change = make.change(record)
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    db.session.commit()
    browser.sign_in(manager)
    closing = {"reason": "deceased", "text": "户籍证明"}
    assert "请先办结" in browser.send(f"/staff/archive/{record.uid}/close", closing, expect=422).text
    workflow.claim(change, make.actor(officer))
    make.mark(change, "nation", reviewer=make.actor(officer))
    workflow.send_back(change, make.actor(officer), 1)
    db.session.commit()
    browser.send(f"/staff/archive/{record.uid}/close", closing)
    assert db.session.get_one(Declaration, change.id).status == Status.DROPPED
    first = record.revision.declaration
    make.mark(first, "nation", reviewer=make.actor(manager))
    with pytest.raises(workflow.NotAllowed, match="恢复以前"):
        workflow.revoke(first, make.actor(manager), 1, comment="有误")


def test_the_list_is_filtered_counted_and_turned_round(make, browser, officer, manager):
    first = approved(make, "孙立国", **(WITH_EMPLOYER | QUALIFIED))
    approved(make, "盖丽娜")
    approved(make, "贺敏", home_county="210103", department_code="210103")
    page = browser.open("/staff/archive")
    assert "共 2 份" in page.text
    assert names(browser.open("/staff/archive?sort=oldest")) == ["孙立国", "盖丽娜"]
    level = first.revision.answers["qualification"]
    assert names(browser.open(f"/staff/archive?qualification={level}")) == ["孙立国"]
    year = first.approved_at.year
    assert names(browser.open(f"/staff/archive?year={year}")) == ["盖丽娜", "孙立国"]
    assert names(browser.open(f"/staff/archive?year={year - 1}&state=standing")) == []
    assert names(browser.open("/staff/archive?department=210103")) == []
    found = browser.send("/staff/archive/filter", {"employer": "华业", "year": str(year)}).location
    assert "华业" not in found
    assert f"employers={first.employer_id}" in found
    assert names(browser.open(found)) == ["孙立国"]
    assert "employers" not in browser.send("/staff/archive/filter", {"employer": "没有的单位"}).location
    first.closed_at, first.closed_reason = first.approved_at, ClosingReason.MOVED
    db.session.commit()
    for address in ("state=closed", f"state=closed&qualification={level}&employers={first.employer_id}&year={year}"):
        page = browser.open(f"/staff/archive?{address}")
        assert names(page) == ["孙立国"]
        assert "共 1 份" in page.text
    assert names(browser.open("/staff/archive?state=standing")) == ["盖丽娜"]


def test_a_note_is_only_added_and_ended_once(make, browser, officer):
    record = record_of(make.declaration(Status.APPROVED))
    page = f"/staff/archive/{record.uid}"
    browser.send(f"{page}/notes", {"kind": "gossip", "text": "听说"}, expect=422)
    browser.send(f"{page}/notes", {"kind": "warning", "text": "样例财罚〔2026〕1号"})
    note = db.session.query(RecordEntry).one()
    assert "样例财罚〔2026〕1号" in browser.open(page).text
    browser.send(f"{page}/notes/{note.uid}/end", {"text": "期限届满"})
    assert "期限届满" in (ended := browser.open(page).text)
    assert "样例财罚〔2026〕1号" in ended
    assert "已经终止" in browser.send(f"{page}/notes/{note.uid}/end", {"text": "再次"}, expect=422).text
    browser.send(f"{page}/notes/nothing/end", {"text": "再次"}, expect=422)
    assert db.session.query(Record).one().closed_at is None


def test_a_refusal_shows_the_record_and_leaves_a_trace(make, browser, officer):
    record = approved(make, "孙立国")
    assert "请选择记录的种类" in browser.send(f"/staff/archive/{record.uid}/notes", expect=422).text
    assert looks(record) == ["view_record"]


def test_many_records_in_an_hour_need_a_reason_that_the_manager_sees(
    make, browser, another_browser, officer, manager, monkeypatch
):
    monkeypatch.setattr(view_limit, "LIMIT", replace(view_limit.LIMIT, most=2))
    first, second, third = (approved(make, name) for name in ("甲一", "乙二", "丙三"))
    assert browser.open("/staff/archive/many", expect=302).location == "/staff/archive"
    for record in (first, second, first):
        browser.open(f"/staff/archive/{record.uid}")
    asked = browser.open(f"/staff/archive/{third.uid}", expect=302).location
    browser.open(f"/staff/archive/{third.uid}/pictures/photo/0", expect=302)
    for verb in ("reveal", "notes"):  # the answer would be the whole record
        assert browser.send(f"/staff/archive/{third.uid}/{verb}").location == asked
    assert looks(third) == []
    browser.send(asked, {"reason": ""}, expect=422)
    another_browser.sign_in(manager)
    assert "没有填写" in another_browser.open("/staff/archive/views").text
    assert browser.send(asked, {"reason": "年度档案核查"}).location == f"/staff/archive/{third.uid}"
    browser.open(f"/staff/archive/{third.uid}")
    assert looks(third) == ["view_record"]
    page = another_browser.open("/staff/archive/views").text
    assert "年度档案核查" in page
    assert officer.name in page
