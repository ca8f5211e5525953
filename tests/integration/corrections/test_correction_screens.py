"""One correction a screen: what it asks, saves and keeps, the pictures, what a correction brings with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from lib.codes import IdType, MarkState, Status
from lib.database import utcnow
from models import Declaration, Draft, Mark, db
from services import workflow
from services.corrections import tasks as corrections
from services.declaration import drafts
from services.filing.case import DeclarationCase
from services.marks.marks import MarkRequest
from services.papers import papers
from tests.support.applicant.filing import (
    correct,
    file,
    filled,
    pages_of,
    returned,
    sent_by,
    stored,
    submit,
    upload,
    words,
)
from tests.support.factory import picture
from tests.support.people import COMPLETE, DOUBTFUL_CODE, EMPLOYED, QUALIFIED, UNIVERSITY

ADDRESS = "辽宁省沈阳市和平区样例路 2 号"


def back(make, browser, *targets: str, **answered) -> Declaration:
    """Returned with marks on these targets; its owner is signed in."""
    declaration = returned(make, *(MarkRequest(target, "", f"请核对{target}") for target in targets), **answered)
    browser.sign_in(declaration.account)
    return declaration


def path_of(target: str) -> str:
    db.session.rollback()
    return f"/apply/corrections/{db.session.scalars(select(Mark.uid).where(Mark.target == target)).one()}"


def labels(declaration: Declaration) -> dict[str, str]:
    return {item.label: item.state for item in corrections.items(DeclarationCase(stored(declaration)))}


# --- questions ------------------------------------------------------------------------------------------------------


def test_the_button_leads_from_mark_to_mark_and_then_to_the_list(make, browser):
    back(make, browser, "mobile", "postal_address", "id_emblem")
    assert correct(browser, "mobile", mobile="13800130099").location == path_of("postal_address")
    assert correct(browser, "postal_address", postal_address=ADDRESS).location == path_of("id_emblem")
    assert correct(browser, "id_emblem", explanation="原件如此").location == "/apply/corrections/sheet"


def test_the_next_one_after_the_last_is_the_first_that_was_skipped(make, browser):
    back(make, browser, "mobile", "postal_address", "id_emblem")
    assert correct(browser, "mobile", action="skip").location == path_of("postal_address")
    assert correct(browser, "postal_address", action="back").location == path_of("mobile")
    assert correct(browser, "mobile", action="back").location == "/apply/corrections"
    assert correct(browser, "id_emblem", explanation="原件如此").location == path_of("mobile")


def test_an_answer_left_as_it_was_is_not_dealt_with(make, browser):
    back(make, browser, "postal_address")
    page = correct(browser, "postal_address", expect=422)
    assert "这一处还没有修改" in words(page.text)


def test_a_wrong_answer_stays_on_the_screen_as_it_was_typed(make, browser):
    declaration = back(make, browser, "postal_address")
    page = correct(browser, "postal_address", expect=422, postal_address="短", explanation="说明在此")
    assert "通讯地址应为 5 至 100 个字" in words(page.text)
    sent = sent_by(page, path_of("postal_address"))
    assert (sent["postal_address"], sent["explanation"]) == (["短"], ["说明在此"])
    assert stored(declaration).postal_address == COMPLETE["postal_address"]


def test_what_is_typed_is_kept_until_it_is_saved(make, browser):
    declaration = back(make, browser, "postal_address", "mobile")
    path = path_of("postal_address")
    browser.send(f"{path}/draft", {"postal_address": "写了一半的地址", "asked": "postal_address"}, expect=204)
    page = browser.open(path)
    assert sent_by(page, path)["postal_address"] == ["写了一半的地址"]
    assert "已恢复您" in page.text
    correct(browser, "postal_address")
    assert stored(declaration).postal_address == "写了一半的地址"
    assert db.session.scalars(select(Draft)).all() == []


def test_only_the_questions_of_the_screen_are_saved(make, browser):
    declaration = back(make, browser, "postal_address")
    correct(browser, "postal_address", postal_address=ADDRESS, mobile="13800139999", talent="national")
    assert stored(declaration).postal_address == ADDRESS
    assert (stored(declaration).mobile, stored(declaration).talent) != ("13800139999", "national")
    assert stored(declaration).mobile == declaration.account.phone


def test_an_answer_saved_in_another_window_is_not_overwritten_unseen(make, browser):
    declaration = back(make, browser, "postal_address")
    path = path_of("postal_address")
    old = sent_by(browser.open(path), path)
    correct(browser, "postal_address", postal_address=ADDRESS)
    page = browser.send(path, old | {"postal_address": "另一个窗口里的地址"}, expect=409)
    assert "您在另一个窗口修改并保存过" in page.text
    assert stored(declaration).postal_address == ADDRESS
    browser.send(path, sent_by(page, path))
    assert stored(declaration).postal_address == "另一个窗口里的地址"


def test_a_change_of_another_question_of_the_page_does_not_disturb(make, browser):
    declaration = back(make, browser, "postal_address")
    path = path_of("postal_address")
    old = sent_by(browser.open(path), path)
    browser.send("/apply/personal", filled(stored(declaration), "personal", political_status="01"))
    browser.send(path, old | {"postal_address": ADDRESS})
    assert (stored(declaration).postal_address, stored(declaration).political_status) == (ADDRESS, "01")


def test_typing_that_comes_after_the_submission_is_kept_for_the_case_that_it_is_taken_back(make, browser):
    declaration = returned(make, MarkRequest("postal_address", "", "请核对", resign=False))
    browser.sign_in(declaration.account)
    path = path_of("postal_address")
    late = sent_by(browser.open(path), path) | {"postal_address": "第二个窗口里的地址"}
    correct(browser, "postal_address", postal_address=ADDRESS)
    submit(browser)
    assert browser.send(path, late).location == "/apply/status"
    browser.send("/apply/withdraw")
    assert sent_by(browser.open(path), path)["postal_address"] == ["第二个窗口里的地址"]


def test_typing_that_comes_after_the_sessions_end_is_given_back(make, browser):
    declaration = back(make, browser, "postal_address")
    path = path_of("postal_address")
    sent = sent_by(browser.open(path), path) | {"postal_address": "超时以后的地址"}
    with time_machine.travel(utcnow() + timedelta(minutes=31)):
        assert browser.send(path, sent).location == "/login"
        assert sent_by(browser.sign_in(declaration.account).open(path), path)["postal_address"] == ["超时以后的地址"]


def test_an_answer_that_the_id_number_gives_can_only_be_explained(make, browser):
    back(make, browser, "sex")
    page = browser.open(path_of("sex"))
    assert "由证件号码得出" in page.text
    correct(browser, "sex", expect=422, sex="female")
    assert correct(browser, "sex", explanation="证件上就是男").location == "/apply/corrections"


# --- what belongs together, what is opened ----------------------------------------------------------------------------


def test_a_code_in_doubt_has_to_be_confirmed_anew(make, browser):
    declaration = back(make, browser, "employer_code", **EMPLOYED)
    page = correct(browser, "employer_code", expect=422, employer_code=DOUBTFUL_CODE)
    assert "请勾选「我已与证照核对」" in words(page.text)
    path = path_of("employer_code")
    browser.send(path, sent_by(page, path) | {"employer_code_confirmed": "yes"})
    assert stored(declaration).employer_code_confirmed == "yes"


def test_another_county_brings_its_departments(make, browser):
    declaration = back(make, browser, "home_county")
    page = correct(browser, "home_county", expect=422, home_county="210103")
    path = path_of("home_county")
    assert "请选择会计管理部门" in words(page.text)
    assert 'value="210103"' in page.text.partition("data-departments-url")[2]
    browser.send(path, sent_by(page, path) | {"department_code": "210103"})
    assert (stored(declaration).home_county, stored(declaration).department_code) == ("210103", "210103")


def test_the_departments_are_asked_with_the_address(make, browser):
    back(make, browser, "department_code")
    sent = sent_by(browser.open(path_of("department_code")), path_of("department_code"))
    assert {"home_city", "home_county", "home_street"} <= sent.keys()
    assert "employer_city" not in sent


def test_an_answer_that_opens_questions_asks_them_before_it_is_saved(make, browser):
    declaration = back(make, browser, "qualification")
    assert "qualification_kind" in browser.open(path_of("qualification")).text, "a script can show it at once"
    page = correct(browser, "qualification", expect=422, qualification="intermediate")
    asked = page.text.partition('id="q-qualification_no"')[2][:200]
    assert "hidden" not in asked
    assert stored(declaration).qualification == "none"
    path = path_of("qualification")
    given = {name: str(QUALIFIED[name]) for name in QUALIFIED if name.startswith("qualification")}
    browser.send(path, sent_by(page, path) | given)
    assert stored(declaration).qualification_no == QUALIFIED["qualification_no"]
    assert labels(declaration) == {
        "专业技术资格": "done",
        "专业技术资格证书": "todo",
        "重新打印、签名并上传个人基本信息表": "todo",
    }


def test_what_a_correction_makes_wrong_on_another_page_joins_the_list(make, browser):
    account = make.account(id_type=IdType.PASSPORT, number="E12345678")
    declaration = back(make, browser, "birth_date", account=account, region="JP", **UNIVERSITY)
    left = correct(browser, "birth_date", birth_date="2009-03-07").location
    assert left == "/apply/corrections/education"
    page = browser.open(left)
    assert "因您的修改需要补充" in page.text
    assert "毕业时间不应早于年满 14 周岁" in words(page.text)
    correct(browser, "education", 302, **{"full_time_graduated-year": "2026"})
    assert labels(declaration) == {"出生日期": "done", "重新打印、签名并上传个人基本信息表": "todo"}
    assert browser.open("/apply/corrections/education", expect=302).location == "/apply/corrections"


def test_a_mark_that_is_no_longer_needed_is_shown_as_such_and_blocks_nothing(make, browser):
    declaration = back(make, browser, "has_part_time", "part_time_school", **UNIVERSITY | part_time())
    correct(browser, "has_part_time", has_part_time="no")
    assert labels(declaration)["非全日制毕业院校"] == "closed"
    assert browser.open(path_of("part_time_school"), expect=302).location == "/apply/corrections"
    assert "非全日制毕业院校 已不再需要" in words(browser.open("/apply/corrections").text)
    assert not any(
        "非全日制毕业院校" in line for line in workflow.missing_for_submit(DeclarationCase(stored(declaration)))
    )


def part_time() -> dict[str, str]:
    return {
        "has_part_time": "yes",
        "part_time_level": "college",
        "part_time_school": "样例开放大学",
        "part_time_major": "会计学",
        "part_time_graduated": "2016-07",
        "part_time_diploma_no": "516112016060012",
    }


# --- papers -----------------------------------------------------------------------------------------------------------


def send_picture(browser, target: str, data: bytes, expect: int = 302, action: str = "upload"):
    return browser.send(path_of(target), {"file": [file(data)], "action": action}, expect=expect)


def test_a_new_picture_takes_the_place_of_the_marked_one(make, browser):
    declaration = make.declaration(Status.DRAFT, **UNIVERSITY)
    make.papers(declaration)
    browser.sign_in(declaration.account)
    for seed in (2, 3):
        upload(browser, picture(1000, 700, seed), kind="full_time_diploma")
    submit(browser)
    first, second, third = papers.current_addresses(stored(declaration), "full_time_diploma")
    reviewer = make.actor(make.staff())
    workflow.claim(declaration, reviewer)
    make.mark(declaration, "full_time_diploma", reviewer=reviewer)
    (mark,) = declaration.revisions[0].marks
    mark.page, mark.rectangle = 1, [0.1, 0.1, 0.5, 0.5]
    workflow.send_back(declaration, reviewer, 1)
    db.session.commit()

    page = browser.open(path_of("full_time_diploma"))
    assert "/apply/returned/full_time_diploma/1.jpg" in page.text
    assert "/apply/returned/full_time_diploma/0.jpg" not in page.text
    send_picture(browser, "full_time_diploma", picture(1000, 700, 9))

    now = papers.current_addresses(stored(declaration), "full_time_diploma")
    assert (now[0], now[2]) == (first, third)
    assert now[1] not in (first, second, third)


def test_a_replaced_paper_clears_its_old_refusal_text_at_once_and_the_history_keeps_it(make, browser):
    declaration = back(make, browser, "id_emblem")
    refusal = "请核对id_emblem"
    assert refusal in browser.open("/apply/papers").text
    send_picture(browser, "id_emblem", picture(1000, 720))
    for path in ("/apply/papers", "/apply/status"):
        assert refusal not in browser.open(path).text, path
    for path in ("/apply/corrections", path_of("id_emblem")):
        shown = browser.open(path).text
        assert refusal in shown.partition("<summary>原来的审核意见</summary>")[2].partition("</details>")[0], path
        assert shown.count(refusal) == 1
    assert stored(declaration).revisions[0].marks[0].reason == refusal


def test_the_button_takes_the_picture_along(make, browser):
    back(make, browser, "id_emblem", "abacus")
    assert send_picture(browser, "id_emblem", picture(1000, 720), action="next").location == path_of("abacus")


def test_a_picture_that_is_refused_says_why_on_the_screen(make, browser):
    declaration = back(make, browser, "id_emblem")
    before = papers.current_addresses(declaration, "id_emblem")
    page = send_picture(browser, "id_emblem", b"no picture", expect=422)
    assert "错误：" in page.text
    assert browser.send(path_of("id_emblem"), {"action": "upload"}, expect=422).status == 422
    assert papers.current_addresses(stored(declaration), "id_emblem") == before


def test_pictures_are_turned_and_removed_on_the_screen_and_the_explanation_typed_beside_is_kept(make, browser):
    declaration = back(make, browser, "full_time_diploma", **UNIVERSITY)
    path = path_of("full_time_diploma")
    (page,) = pages_of(declaration, "full_time_diploma")
    before = page.address
    typed = {"explanation": "写了一半", "action": f"rotate:{page.uid}"}
    assert browser.send(path, typed).location == path
    (page,) = pages_of(declaration, "full_time_diploma")
    assert page.address != before
    assert "写了一半" in browser.open(path).text
    browser.send(path, {"action": f"delete:{page.uid}"})
    assert pages_of(declaration, "full_time_diploma") == []
    assert "请上传全日制学历证书" in words(correct(browser, "full_time_diploma", expect=422, explanation="没有").text)


def test_the_photo_is_replaced_and_cut_on_its_screen(make, browser):
    declaration = back(make, browser, "photo")
    path = path_of("photo")
    before = papers.photo_address(declaration)
    browser.send(path, {"photo": file(picture(seed=7)), "action": "upload"})
    after = papers.photo_address(stored(declaration))
    assert after != before
    browser.send(path, {"action": "crop:top"})
    assert stored(declaration).pages
    assert correct(browser, "photo").location == "/apply/corrections/sheet"


def test_the_sheet_comes_last_and_is_printed_anew(make, browser):
    declaration = back(make, browser, "sheet", "postal_address")
    assert [item.target for item in corrections.items(DeclarationCase(declaration))] == ["postal_address", "sheet"]
    correct(browser, "postal_address", postal_address=ADDRESS)
    send_picture(browser, "sheet", picture(800, 1100, 5))
    assert "请打印现在的个人基本信息表" in words(correct(browser, "sheet", expect=422).text)
    browser.send("/apply/check/print")
    send_picture(browser, "sheet", picture(800, 1100, 6))
    assert correct(browser, "sheet").location == "/apply/corrections"
    submit(browser)


# --- who, and when ----------------------------------------------------------------------------------------------------


def test_the_returned_pictures_are_their_owners_and_only_while_it_is_returned(make, browser, another_browser):
    declaration = back(make, browser, "id_emblem")
    url = "/apply/returned/id_emblem/0.jpg"
    old = browser.open(url).data
    send_picture(browser, "id_emblem", picture(1000, 720))
    assert browser.open(url).data == old, "the frame was drawn on the old one"
    browser.open("/apply/returned/id_emblem/1.jpg", expect=404)
    browser.open("/apply/returned/nothing/0.jpg", expect=404)
    another_browser.sign_in(make.account()).open(url, expect=404)
    correct(browser, "id_emblem")
    submit(browser)
    browser.open(url, expect=404)
    assert declaration.id


def test_somebody_elses_mark_is_not_found(make, browser, another_browser):
    back(make, browser, "postal_address")
    path = path_of("postal_address")
    other = back(make, another_browser, "id_emblem")
    another_browser.open(path, expect=404)
    another_browser.send(path, {"explanation": "x"}, expect=404)
    another_browser.send(f"{path}/draft", {"explanation": "x"}, expect=404)
    assert drafts.get(other, path) is None


def test_a_returned_file_cannot_be_approved_and_does_not_get_stuck(make, browser):
    declaration = returned(make, MarkRequest("postal_address", "", "请核对", resign=False))
    officer = make.actor(make.staff())
    for verb in (workflow.claim, workflow.release, lambda found, who: workflow.approve(found, who, 1)):
        with pytest.raises((workflow.NotAllowed, workflow.Conflict)):
            verb(declaration, officer)
        db.session.rollback()
    browser.sign_in(declaration.account)
    correct(browser, "postal_address", explanation="没有错")
    submit(browser)
    assert stored(declaration).status == Status.SUBMITTED
    assert {mark.state for mark in db.session.scalars(select(Mark))} == {MarkState.CLOSED}


def test_what_is_untouched_blocks_and_leads_to_its_screen(make, browser):
    back(make, browser, "postal_address", "id_emblem")
    page = browser.send("/apply/submit", {"agree": "yes"}, expect=422)
    summary = page.text.partition('class="errsum"')[2].partition("</ol>")[0]
    assert path_of("postal_address") in summary
    assert path_of("id_emblem") in summary
