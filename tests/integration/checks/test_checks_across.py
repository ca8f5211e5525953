"""Checks across people: the counts of the list follow what others do, and the manager's page of duplicates."""

from __future__ import annotations

import re

from sqlalchemy import select, update

from lib.codes import Role, Status
from models import PictureHash, QueueItem, db
from services import workflow
from services.accounts import blind_index
from services.checks import duplicates, recount
from services.papers import similar_pictures
from tests.support.office.checked import results
from tests.support.people import QUALIFIED

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}


def reminders(declaration) -> int:
    db.session.expire_all()
    return db.session.scalars(select(QueueItem.reminders).where(QueueItem.declaration_id == declaration.id)).one()


def looks(declaration) -> int:
    return sum(result.state == "look" for result in results(declaration).values())


def counted_again() -> int:
    changed = recount.recount()
    db.session.commit()
    return changed


def test_the_list_counts_what_the_page_says_when_another_one_comes_or_goes(make):
    first = make.declaration(Status.SUBMITTED)
    counted_again()
    second = make.declaration(Status.SUBMITTED, mobile=first.account.phone)
    assert reminders(first) != looks(first)
    assert counted_again() == 1
    assert (reminders(first), reminders(second)) == (looks(first), looks(second))
    workflow.withdraw(second, make.actor(second.account))
    db.session.execute(update(QueueItem).values(checked_at=None))  # as a day later
    db.session.commit()
    counted_again()
    assert reminders(first) == looks(first)
    assert counted_again() == 0, "nothing is due"


def test_a_manager_sees_what_several_people_share_and_nobody_out_of_scope(make, browser, monkeypatch):
    here = make.declaration(Status.SUBMITTED, make.account("孙立国"), **QUALIFIED)
    there = make.declaration(
        Status.APPROVED, make.account("单小燕"), mobile=here.account.phone, **QUALIFIED | OTHER_COUNTY
    )
    alone = make.declaration(Status.SUBMITTED, make.account("仇志强"))
    db.session.query(PictureHash).delete()
    look = {"kind": "photo", "look": 5, "band0": 1, "band1": 0, "band2": 0, "band3": 0}
    for one in (here, there):
        db.session.add(PictureHash(account_id=one.account_id, declaration_id=one.id, **look))
    db.session.commit()
    alike = [similar_pictures.LookAlike("photo", there.id)]
    monkeypatch.setattr(similar_pictures, "find", lambda revision: alike if revision.declaration_id == here.id else [])
    browser.sign_in(make.staff(Role.MANAGER))
    page = browser.open("/staff/duplicates")
    assert re.findall(r'data-label="相同的内容">([^<]*)<', page.text) == ["资格证书编号", "图片（一寸照片）"]
    assert "孙立国" in page.text
    assert "沈阳市沈河区财政局的一份申报" in page.text
    assert "单小燕" not in page.text
    assert alone.number not in page.text
    browser.sign_in(make.staff(Role.MANAGER, "210100"))
    assert "单小燕" in browser.open("/staff/duplicates").text


def test_two_who_wait_with_one_phone_are_one_row(make, browser):
    first = make.declaration(Status.SUBMITTED, make.account("孙立国"), mobile="13800139999")
    make.declaration(Status.SUBMITTED, make.account("单小燕"), mobile="13800139999")
    browser.sign_in(make.staff(Role.MANAGER))
    page = browser.open("/staff/duplicates")
    assert page.text.count('data-label="相同的内容">手机号码<') == 1
    assert first.number in page.text


def test_many_with_one_phone_and_one_number_are_one_row_each_with_the_first_names(make, browser, monkeypatch):
    """A firm files for hundreds of people and gives its own phone: the page grows with them, not with their pairs."""
    monkeypatch.setattr(duplicates, "NAMED", 2)
    shared = {"mobile": "13800139999", **QUALIFIED}
    people = [make.declaration(Status.SUBMITTED, make.account(f"单小{name}"), **shared) for name in "燕雁艳彦"]
    db.session.query(PictureHash).delete()
    for one in people:
        one.account.phone, one.account.phone_index = "13800139999", blind_index.of_phone("13800139999")
    db.session.commit()
    browser.sign_in(make.staff(Role.MANAGER))
    page = browser.open("/staff/duplicates")
    assert re.findall(r'data-label="相同的内容">([^<]*)<', page.text) == ["手机号码", "资格证书编号"]
    assert page.text.count("，另有 1 份") == 2
    assert [page.text.count(one.number) for one in people] == [2, 2, 2, 0]
