"""不予采集, the next one that opens, and what reverses a decision: undo, revoke, reopen."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from lib.codes import Status
from lib.database import utcnow
from models import Decision, Record, db
from services import audit, workflow
from services.accounts import inbox
from tests.support.office.review_desk import form, fresh, holder_id, path, unsent


def decisions(declaration) -> list[str]:
    db.session.rollback()
    query = select(Decision.verb).join(Decision.revision).where(Decision.revision.has(declaration_id=declaration.id))
    return list(db.session.scalars(query.order_by(Decision.id)))


# the next one


def test_after_a_verdict_the_next_submission_opens_in_the_officers_hands(make, browser, officer, held):
    following = make.declaration(Status.SUBMITTED, make.account("孙立国"))
    answer = browser.send(path(held, "approve"), form())
    assert answer.location == path(following)
    assert holder_id(following) == officer.id
    page = browser.follow(answer).text
    assert "已通过 <b>单小燕</b>" in page
    assert f'action="{path(held, "undo")}"' in page


def test_what_is_in_hand_comes_before_the_queue_and_what_is_due_first_before_the_rest(make, browser, officer, held):
    waiting = make.declaration(Status.SUBMITTED)
    later, sooner = (make.declaration(Status.IN_REVIEW, officer=officer) for _ in range(2))
    sooner.due_on = later.due_on - timedelta(days=2)
    db.session.commit()
    page = browser.open(path(later)).text
    assert '第 <b class="num">3</b> / 3 件' in page
    assert f'href="{path(held)}"' in page
    assert browser.send(path(held, "return"), form("nation", confirmed="yes")).location == path(sooner)
    assert holder_id(waiting) is None


def test_the_filters_of_the_queue_go_on_with_the_next_one(make, browser, officer):
    first, second = (make.declaration(Status.SUBMITTED) for _ in range(2))
    again = make.declaration(Status.SUBMITTED)
    again.due_on = first.due_on + timedelta(days=9)
    db.session.commit()
    answer = browser.send("/staff/queue/next", {"kind": "first"})
    assert answer.location == f"{path(first)}?kind=first"
    page = browser.follow(answer).text
    assert '<input type="hidden" name="queue" value="kind=first">' in page
    answer = browser.send(path(first, "approve"), form(queue="kind=first"))
    assert answer.location == f"{path(second)}?kind=first"
    answer = browser.send(path(second, "approve"), form(queue="kind=change&tab=all&nonsense=1"))
    assert answer.location == "/staff/queue?kind=change"
    assert holder_id(again) is None


# 不予采集


def test_declining_asks_for_the_reason_on_a_page_with_what_the_applicant_will_read(browser, held):
    page = browser.send(path(held, "decline"), form("nation"), expect=200).text
    assert "您填写的情况不属于会计人员信息采集的范围" in page
    assert fresh(held).status == Status.IN_REVIEW
    assert set(unsent(held)) == {"nation"}
    page = browser.send(path(held, "decline"), form("nation", confirmed="yes", note="已电话联系"), expect=422).text
    assert "错误：不予采集" in page
    assert re.search(r'(?s)id="decline_reason-e"[^>]*>.*请选择不予采集的原因，或填写说明', page), "at the field"
    assert page.count('aria-describedby="decline_reason-e" autofocus') == 1
    assert 'name="note" value="已电话联系"' in page
    browser.send(path(held, "decline"), form(confirmed="yes", decline_reason="duplicate", decline_comment="见档案"))
    assert fresh(held).status == Status.DECLINED
    page = browser.open(path(held)).text
    assert "您的信息已经采集" in page
    assert "见档案" in page


@pytest.mark.parametrize(("reason", "there"), [("", None), ("duplicate", "/staff/queue")], ids=["lacking", "given"])
def test_a_dialog_is_told_where_its_answer_leads(browser, held, reason, there):
    """It sends its form in the background: a page with the question stays in it, any other is gone to."""
    sent = form(confirmed="yes", decline_reason=reason)
    answer = browser.client.post(path(held, "decline"), data=sent, headers={"X-Asks": "yes"})
    assert (answer.status_code, answer.location) == ((204, there) if there else (422, None))
    assert ("data-asks" in answer.text) is (there is None)


def test_nobody_declines_what_another_holds(make, browser, officer):
    declaration = make.declaration(Status.IN_REVIEW, officer=make.staff(name="李审核"))
    browser.send(path(declaration, "decline"), form(confirmed="yes", decline_comment="不属于"), expect=409)
    assert fresh(declaration).status == Status.IN_REVIEW


# undo


@pytest.mark.parametrize(
    ("verb", "sent"),
    [
        ("approve", form()),
        ("return", form("nation", confirmed="yes")),
        ("decline", form(confirmed="yes", decline_comment="不属于采集范围")),
    ],
    ids=["approve", "return", "decline"],
)
def test_a_verdict_is_taken_back_within_a_minute(browser, officer, held, verb, sent):
    answer = browser.send(path(held, verb), sent)
    assert "撤销" in browser.follow(answer).text
    assert browser.send(path(held, "undo")).location == path(held)
    assert fresh(held).status == Status.IN_REVIEW
    assert holder_id(held) == officer.id
    assert decisions(held) == [verb, "undo"]
    assert set(unsent(held)) == ({"nation"} if verb == "return" else set())
    assert "已撤销刚才的决定" in browser.open(path(held)).text
    assert browser.send(path(held, "approve"), form()).status == 302
    assert fresh(held).status == Status.APPROVED


def test_after_a_minute_the_strip_is_gone_and_an_undo_is_refused(browser, held):
    start = utcnow()
    with time_machine.travel(start, tick=False):
        browser.send(path(held, "approve"), form())
        assert "data-undo=" in browser.open("/staff/queue").text
    with time_machine.travel(start + timedelta(seconds=61), tick=False):
        assert "data-undo=" not in browser.open("/staff/queue").text
        page = browser.send(path(held, "undo"), expect=409)
    assert "已超过 60 秒" in page.text
    assert fresh(held).status == Status.APPROVED


def test_what_the_applicant_has_opened_cannot_be_taken_back(make, browser, held):
    browser.send(path(held, "approve"), form())
    held = fresh(held)
    audit.record("open_result", make.actor(held.account), declaration_id=held.id)
    db.session.commit()
    assert "data-undo=" not in browser.open("/staff/queue").text
    assert "申报人已经看到结果" in browser.send(path(held, "undo"), expect=409).text


def test_a_colleague_cannot_take_it_back(make, browser, another_browser, held):
    browser.send(path(held, "approve"), form())
    another_browser.sign_in(make.staff(name="李审核"))
    assert "data-undo=" not in another_browser.open("/staff/queue").text
    another_browser.send(path(held, "undo"), expect=409)
    assert fresh(held).status == Status.APPROVED


# revoke and reopen


def test_a_manager_revokes_an_approval_with_marks_and_a_reason(browser, another_browser, held, manager):
    browser.send(path(held, "approve"), form())
    page = another_browser.open(path(held)).text
    assert "撤销审核结果（已标" in page
    assert 'name="mark" value="nation"' in page
    assert 'name="mark"' not in browser.open(path(held)).text

    page = another_browser.send(path(held, "revoke"), form(), expect=422).text
    assert "请至少标记一处" in page
    page = another_browser.send(path(held, "revoke"), form("nation"), expect=200).text
    assert "请核对nation" in page
    assert "撤销原因" in page
    assert fresh(held).status == Status.APPROVED
    another_browser.send(path(held, "revoke"), form("nation", confirmed="yes"), expect=422)
    another_browser.send(path(held, "revoke"), form("nation", confirmed="yes", why="证书有误"))
    assert fresh(held).status == Status.RETURNED
    assert db.session.scalars(select(Record)).all() == []
    shown = another_browser.open(path(held)).text
    assert "撤销审核结果" in shown
    assert "证书有误" in shown


def test_marks_for_a_revocation_can_be_saved_first(browser, another_browser, held, manager):
    browser.send(path(held, "approve"), form())
    another_browser.send(path(held, "marks"), form("nation"))
    assert set(unsent(held)) == {"nation"}
    browser.send(path(held, "marks"), form("sex"), expect=409)
    assert set(unsent(held)) == {"nation"}


def test_only_what_the_record_points_to_is_revoked(make, browser, another_browser, officer, manager):
    record = make.record()
    declaration = record.revision.declaration
    browser.send(path(declaration, "revoke"), form("nation", confirmed="yes", why="有误"), expect=403)
    change = make.change(record)
    make.papers(change)
    workflow.submit(change, make.actor(change.account), commitment="1", review_days=10)
    db.session.commit()
    another_browser.send(path(declaration, "revoke"), form("nation", confirmed="yes", why="有误"), expect=422)
    assert fresh(declaration).status == Status.APPROVED


@pytest.mark.parametrize("kind", ["change", "first"])
def test_what_was_returned_and_never_sent_again_does_not_block_a_revocation(make, another_browser, manager, kind):
    """A change that waits for its person; and a declined first filing that was reopened next to a later one."""
    officer, account = make.actor(make.staff()), make.account()
    if kind == "first":
        left = make.declaration(Status.SUBMITTED, account)
        workflow.claim(left, officer)
        workflow.decline(left, officer, 1, reason_code="", comment="不属于采集范围")
    record = make.record(account)
    if kind == "first":
        workflow.reopen(left, make.actor(manager), comment="补交了证明")
    else:
        left = make.change(record)
        make.papers(left)
        workflow.submit(left, make.actor(account), commitment="1", review_days=10)
    workflow.claim(left, officer)
    make.mark(left, "nation", reviewer=officer)
    workflow.send_back(left, officer, 1)
    db.session.commit()
    declaration = record.revision.declaration
    assert "还没有重新提交" in another_browser.send(path(declaration, "revoke"), form("nation"), expect=200).text
    another_browser.send(path(declaration, "revoke"), form("nation", confirmed="yes", why="证书有误"))
    assert (fresh(declaration).status, fresh(left).status) == (Status.RETURNED, Status.DROPPED)
    assert f"{left.kind.label}已作废" in [message.title for message in inbox.messages(account.id)]


def test_a_manager_reopens_what_was_declined(browser, another_browser, held, manager):
    browser.send(path(held, "decline"), form(confirmed="yes", decline_comment="不属于采集范围"))
    assert "重新受理" in another_browser.open(path(held)).text
    assert "重新受理的原因" in another_browser.send(path(held, "reopen"), {"seen": 1}, expect=200).text
    another_browser.send(path(held, "reopen"), {"seen": 1, "confirmed": "yes"}, expect=422)
    another_browser.send(path(held, "reopen"), {"seen": 1, "confirmed": "yes", "why": "补交了证明"})
    assert fresh(held).status == Status.SUBMITTED
    assert decisions(held) == ["decline", "reopen"]
    assert "补交了证明" in another_browser.open(path(held)).text
