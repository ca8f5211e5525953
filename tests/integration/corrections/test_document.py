"""证件类型 and 证件号码: marked in a return, corrected by the applicant, seen again by the officer."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from lib.codes import AccountAct, IdType, MarkState, Status
from lib.identity import mask_number
from models import Account, AccountChange, Declaration, Event, InboxMessage, Mark, QueueItem, db
from services.accounts import account_changes, applicants, throttle
from services.corrections import tasks
from services.filing.case import DeclarationCase
from services.marks.marks import MarkRequest
from tests.support.applicant.filing import correct, pages_of, returned, sent_by, stored, submit, upload, words
from tests.support.factory import picture
from tests.support.people import PASSWORD, id_number

RIGHT = id_number(996, "19910512")  # another birthday, and a woman's


def back(make, browser, *targets: str, **given) -> Declaration:
    declaration = returned(
        make, *(MarkRequest(target, "", "与证件不一致", resign=False) for target in targets), **given
    )
    browser.sign_in(declaration.account)
    return declaration


def typed(number: str, id_type: str = "resident_id") -> dict[str, Any]:
    return {"id_type": id_type, "number": number, "again": number}


def left(declaration: Declaration) -> list[str]:
    return [item.label for item in tasks.left(tasks.items(DeclarationCase(stored(declaration))))]


def resubmitted(me, declaration: Declaration) -> None:
    """The number is corrected, its document uploaded, the sheet printed and signed again."""
    assert "更正证件号码" in me.open("/apply/personal").text
    assert correct(me, "id_number", **typed(RIGHT)).location == "/apply/corrections/id_portrait"
    now = stored(declaration)
    assert (now.sex, now.birth_date) == ("female", date(1991, 5, 12))
    assert left(declaration) == ["居民身份证(人像面)", "重新打印、签名并上传个人基本信息表"]
    upload(me, picture(1000, 720, 3), kind="id_portrait")
    me.send("/apply/check/print")
    upload(me, picture(800, 1100, 7), kind="sheet")
    submit(me)


def row_of(page) -> str:
    return page.text.partition('data-row="id_number"')[2].partition("</div>")[0]


def test_a_mistyped_number_from_the_mark_to_the_second_look(make, browser, another_browser):
    officer = make.staff(name="王审核")
    declaration = make.declaration(Status.IN_REVIEW, officer=officer)
    wrong, page = declaration.account.id_number, f"/staff/submissions/{declaration.uid}"
    desk = another_browser.sign_in(officer)
    marked = {"seen": "1", "ticks": "sent", "mark": ["id_number"], "comment-id_number": "少了一位"}
    desk.send(f"{page}/return", marked | {"confirmed": "yes", "unsigned-id_number": "yes"})
    assert db.session.scalars(select(Mark)).one().resign, "the number is printed on the sheet"

    resubmitted(browser.sign_in(declaration.account), declaration)

    first, second = stored(declaration).revisions
    assert (first.answers["id_number"], second.answers["id_number"]) == (wrong, RIGHT)
    assert first.sheet
    assert second.sheet
    assert second.sheet.version == first.sheet.version + 1
    assert second.sheet.answers["id_number"] == RIGHT
    assert db.session.scalars(select(QueueItem)).one().masked_number == mask_number(RIGHT)
    shown = desk.open(page)
    assert RIGHT not in shown.text
    assert wrong not in shown.text
    assert f"原为： {mask_number(wrong)} {mask_number(RIGHT)} 要求修改" in words(row_of(shown))
    desk.send(f"{page}/claim")
    held = row_of(desk.open(page))
    assert wrong in held
    assert RIGHT in "".join(words(held).split())


def test_the_person_signs_in_with_the_right_number_and_what_became_of_it_is_kept(make, browser, another_browser):
    declaration = back(make, browser, "id_number")
    wrong, name = declaration.account.id_number, declaration.account.name
    correct(browser, "id_number", **typed(RIGHT))

    who = {"name": name, "password": PASSWORD}
    another_browser.send("/login", who | {"number": wrong}, expect=422)
    assert another_browser.send("/login", who | {"number": RIGHT}).location != "/login"
    change, mark = db.session.scalars(select(AccountChange)).one(), db.session.scalars(select(Mark)).one()
    assert (change.act, change.number_before, change.staff_id) == (AccountAct.OWN_NUMBER, wrong, mark.staff_id)
    assert change.reason == "与证件不一致"
    assert db.session.scalars(select(Event.actor).where(Event.verb == "own_number")).one() == "applicant"
    assert db.session.scalars(select(InboxMessage).where(InboxMessage.title == "证件号码已更正")).one()


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"again": id_number(994)}, "两次填写的证件号码不一致"),
        (typed("219900199003070012"), "最后一位(校验码)不对"),
        ({"id_type": "passport", "number": "", "again": ""}, "请填写正确的证件号码"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_changes_nothing(make, browser, sent, problem):
    declaration = back(make, browser, "id_number")
    before = declaration.account.id_number
    shown = correct(browser, "id_number", expect=422, **(typed(RIGHT) | sent)).text
    assert problem in words(shown)
    assert before not in shown
    assert mask_number(before) in shown
    assert stored(declaration).account.id_number == before


@pytest.mark.parametrize("taken_by", ["account", "account that only the index knows of", "old record"])
def test_a_number_that_another_one_has_is_occupied_and_leads_to_the_application(make, browser, monkeypatch, taken_by):
    if taken_by == "old record":
        make.legacy(number=RIGHT)
    else:
        make.account("马建军", number=RIGHT)
    if "index" in taken_by:
        monkeypatch.setattr(account_changes, "is_taken", lambda _index, _own: False)
    declaration = back(make, browser, "id_number")
    before = declaration.account.id_number
    page = correct(browser, "id_number", expect=422, **typed(RIGHT))
    assert "该证件号被占用" in page.text
    assert "/assistance?need=occupied" in page.text
    assert stored(declaration).account.id_number == before
    assert left(declaration) == ["证件号码"]
    browser.open("/assistance?need=occupied")


def test_who_tries_many_numbers_has_to_wait(make, browser):
    make.account("马建军", number=RIGHT)
    back(make, browser, "id_number")
    for _number in range(throttle.OWN_NUMBER.most):
        correct(browser, "id_number", expect=422, **typed(RIGHT))
    assert "更正的次数过多" in correct(browser, "id_number", expect=422, **typed(RIGHT)).text


def test_an_explanation_alone_will_do_and_nothing_at_all_will_not(make, browser):
    declaration = back(make, browser, "id_number")
    assert "这一处还没有修改" in correct(browser, "id_number", expect=422).text
    assert correct(browser, "id_number", explanation="与身份证一致").location == "/apply/corrections"
    assert left(declaration) == []
    assert len(pages_of(declaration, "id_portrait")) == 1


def test_another_type_asks_what_hangs_on_it_and_its_own_paper(make, browser):
    declaration = back(make, browser, "id_type", "id_number")
    correct(browser, "id_type", **typed("E12345678", "passport"))
    now = stored(declaration)
    assert (now.account.id_type, now.nation, now.sex, now.birth_date) == (IdType.PASSPORT, None, None, None)
    assert left(declaration) == ["个人信息", "护照资料页", "重新打印、签名并上传个人基本信息表"]
    page = browser.open("/apply/corrections/personal")
    assert all(f'name="{name}"' in page.text for name in ("sex", "birth_date", "region"))


def test_the_own_old_record_is_in_nobodys_way(make, browser):
    """Corrected to another number and back: the record that the account has claimed has the first one."""
    holder = make.legacy(number=id_number(901))
    account = make.account(number=id_number(901), legacy_id=holder.id)
    declaration = returned(make, MarkRequest("id_number", "", "请核对"), account=account)
    browser.sign_in(account)
    correct(browser, "id_number", **typed(RIGHT))
    assert stored(declaration).account.id_number == RIGHT
    correct(browser, "id_number", expect=422, **typed(id_number(901)))  # as it was: the mark is open again
    assert stored(declaration).account.id_number == id_number(901)


def test_two_people_correct_to_one_number_and_one_gets_it(app, make, browser, another_browser):
    people = [back(make, one, "id_number") for one in (browser, another_browser)]
    uids = [mark.uid for mark in db.session.scalars(select(Mark).where(Mark.state == MarkState.OPEN).order_by(Mark.id))]
    owners = {one.account_id for one in people}
    paths = [f"/apply/corrections/{uid}" for uid in uids]
    forms = [
        sent_by(one.open(path), path) | typed(RIGHT)
        for one, path in zip((browser, another_browser), paths, strict=True)
    ]
    db.session.rollback()
    barrier = threading.Barrier(2)

    def send(client, path, form) -> int:
        barrier.wait()
        return client.post(path, data=form).status_code

    with ThreadPoolExecutor(2) as pool:
        clients = (browser.client, another_browser.client)
        assert Counter(pool.map(send, clients, paths, forms)) == {302: 1, 422: 1}
    (account,) = db.session.scalars(select(Account).where(Account.id_index == applicants.number_index(RIGHT)))
    assert account.id in owners
