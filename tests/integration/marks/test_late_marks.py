"""Marks of an officer whose session ended meanwhile come back after sign-in."""

from __future__ import annotations

from datetime import timedelta

import time_machine
from sqlalchemy import select

from lib.codes import MarkState, Status
from lib.database import utcnow
from models import Mark, ParkedForm, db


def sent(comment: str) -> dict[str, str]:
    return {"seen": "1", "mark": "postal_address", "comment-postal_address": comment}


def test_marks_sent_after_the_sessions_end_are_kept_as_unsent_ones(make, browser):
    officer = make.staff()
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    url = f"/staff/submissions/{declaration.uid}"
    browser.sign_in(officer)
    with time_machine.travel(utcnow() + timedelta(minutes=16)):
        assert browser.send(f"{url}/return", sent("请写到门牌号")).location == "/staff/login"
        assert db.session.scalars(select(Mark)).all() == []
        assert browser.open(url, expect=302).location == "/staff/login"  # as a script does that has sent the form
        assert browser.open("/staff/login").text.count("登录已超时") == 1

        page = browser.sign_in(officer).open(url)

    assert "登录超时前填写的标记已恢复" in page.text
    assert "请写到门牌号" in page.text
    mark = db.session.scalars(select(Mark)).one()
    assert (mark.target, mark.state) == ("postal_address", MarkState.DRAFT)
    assert db.session.scalars(select(ParkedForm)).all() == []


def test_marks_that_no_longer_count_and_other_words_are_shown_to_be_copied(make, browser):
    officer, other = make.staff(), make.staff()
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    url = f"/staff/submissions/{declaration.uid}"
    browser.sign_in(officer)
    with time_machine.travel(utcnow() + timedelta(minutes=31)):
        browser.send(f"{url}/marks", sent("太晚了") | {"note": "已电话联系"})
        browser.sign_in(other).send(f"{url}/claim")

        page = browser.sign_in(officer).open(url)
        assert "太晚了" not in browser.open(url).text

    assert "没有保存，需要时可以复制：通讯地址：太晚了；内部备注：已电话联系" in page.text
    assert db.session.scalars(select(Mark)).all() == []
    assert db.session.scalars(select(ParkedForm)).all() == []
