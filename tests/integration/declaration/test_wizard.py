"""The wizard without JavaScript: pages, drafts, conditions, windows, sessions."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from lib.codes import IdType, Status
from lib.database import utcnow
from models import Declaration, Draft, ParkedForm, db
from services.declaration import answers
from tests.support.applicant.filing import names, page, stored
from tests.support.factory import picture
from tests.support.people import COMPLETE, EDUCATION, PERSONAL, UNIVERSITY, WITH_EMPLOYER, WITHOUT_EMPLOYER, as_form


@pytest.fixture
def declaration(make, browser) -> Declaration:
    """A new declaration of somebody who is signed in and has read the 阅读须知."""
    account = make.account()
    browser.sign_in(account).send("/apply/notice")
    return db.session.scalars(select(Declaration)).one()


def test_reading_the_notice_begins_a_declaration_once(make, browser):
    account = make.account()
    browser.sign_in(account).open("/apply/notice")
    assert db.session.scalars(select(Declaration)).all() == []

    assert browser.send("/apply/notice").location == "/apply/personal"
    browser.send("/apply/notice")

    (declaration,) = db.session.scalars(select(Declaration)).all()
    assert declaration.number.startswith("LN20")
    assert (declaration.applicant_name, declaration.mobile) == (account.name, account.phone)


def test_pages_lead_to_the_notice_first(make, browser):
    browser.sign_in(make.account())
    for path in ("/apply/personal", "/apply/check", "/apply/papers", "/apply/status"):
        assert browser.open(path, expect=302).location == "/apply/notice"


def test_a_valid_page_is_stored_and_leads_on(declaration, browser):
    browser.send("/apply/personal", page(declaration, "personal") | {"photo": (io.BytesIO(picture()), "me.jpg")})

    now = stored(declaration)
    assert (now.postal_address, now.nation) == (PERSONAL["postal_address"], "01")
    assert now.sex in ("male", "female")
    assert now.pages[0].kind == "photo"
    assert (now.pages[0].width, now.pages[0].height) == (900, 1260)  # it already fits, so it keeps its pixels
    assert now.pages[0].size < 100_000
    assert browser.open("/apply/department").status == 200


def test_an_expired_card_is_said_at_once_and_stops_nobody(declaration, browser, make):
    sent = page(declaration, "personal", id_expires_on="2020-01-02")
    said = browser.send("/apply/personal/draft", sent, expect=200).response.json
    assert said == {"id_expires_on": "身份证已过有效期，请换领新证后重新拍照"}
    browser.send("/apply/personal", sent | {"photo": (io.BytesIO(picture()), "me.jpg")})
    assert stored(declaration).id_expires_on == date(2020, 1, 2)
    assert "请换领新证后重新拍照" in browser.open("/apply/department").text
    longer = sent | {"id_expires_on": "2099-01-02"}
    assert "最长 20 年" in browser.send("/apply/personal/draft", longer, expect=200).response.json["id_expires_on"]
    foreigner = make.account("JOHN SMITH", number="E12345678", id_type=IdType.PASSPORT)
    browser.sign_in(foreigner).send("/apply/notice")
    assert "id_expires_on" not in browser.open("/apply/personal").text


def test_a_page_with_a_mistake_is_shown_again_as_typed_with_the_message_at_the_field(declaration, browser):
    shown = browser.send("/apply/personal", page(declaration, "personal", mobile="1380013abcd"), expect=422)

    assert "1380013abcd" in shown.text
    assert "请修改以下" in shown.text
    assert 'href="#mobile"' in shown.text
    assert "请上传一寸照片" in shown.text
    assert stored(declaration).postal_address is None


def test_what_was_typed_survives_leaving_the_page_without_saving(declaration, browser):
    browser.send("/apply/personal", page(declaration, "personal", postal_address="样例路 99 号") | {"action": "back"})

    again = browser.open("/apply/personal")

    assert "样例路 99 号" in again.text
    assert "已恢复您" in again.text
    assert stored(declaration).postal_address is None


def test_typing_is_kept_while_one_types_and_the_row_is_encrypted(declaration, browser):
    browser.send("/apply/education/draft", {"full_time_school": "东北样例大学", "csrf_token": "x"}, expect=204)

    draft = db.session.scalars(select(Draft)).one()
    assert draft.body == [["full_time_school", "东北样例大学"]]
    assert "东北样例大学".encode() not in draft.body_sealed
    assert "东北样例大学" in browser.open("/apply/education").text


def test_a_valid_save_removes_the_draft(declaration, browser):
    browser.send("/apply/education/draft", {"full_time_school": "x"}, expect=204)
    browser.send("/apply/education", page(declaration, "education"))
    assert db.session.scalars(select(Draft)).all() == []


def test_the_update_button_redraws_what_depends_on_an_answer(declaration, browser):
    sent = {"has_employer": "yes", "employer_city": "210100", "seen": "", "action": "update"}
    again = browser.follow(browser.send("/apply/department", sent))

    assert "和平区" in again.text
    assert "街道" in again.text


def test_the_departments_that_match_are_offered_with_reason_and_phone(declaration, browser):
    sent = as_form(WITHOUT_EMPLOYER | {"department_code": None}, names("department")) | {"action": "update"}
    again = browser.follow(browser.send("/apply/department", sent))

    for words in ("沈阳市和平区财政局", "沈阳市财政局", "辽宁省财政厅", "暂未公布", "所在的县"):
        assert words in again.text


def test_an_address_in_dalian_is_told_where_to_go(declaration, browser):
    dalian = COMPLETE | {"home_city": "210200", "home_county": "210202", "department_code": "210202"}
    shown = browser.send("/apply/department", page(declaration, "department", dalian), expect=422)
    assert "自己的采集系统" in shown.text
    assert stored(declaration).department_code is None


def test_a_page_refused_after_a_switch_still_holds_what_the_hidden_questions_had(declaration, browser):
    switched = page(declaration, "department", WITH_EMPLOYER) | {"has_employer": "no"}

    shown = browser.send("/apply/department", switched, expect=422)

    assert "请选择人员状态" in shown.text
    for name in ("employer_name", "employer_address"):
        assert f'value="{WITH_EMPLOYER[name]}"' in shown.text
    assert f'value="{WITH_EMPLOYER["employer_county"]}" selected' in shown.text
    assert stored(declaration).employer_name is None


def test_a_condition_switched_back_and_forth_keeps_the_typed_and_stores_only_what_is_asked(declaration, browser):
    employed = page(declaration, "department", WITH_EMPLOYER)
    browser.send("/apply/department", employed)
    assert stored(declaration).employer_name == WITH_EMPLOYER["employer_name"]

    switched = page(declaration, "department", WITH_EMPLOYER | WITHOUT_EMPLOYER)
    browser.send("/apply/department", switched | {"action": "update"})
    assert WITH_EMPLOYER["employer_name"] in browser.open("/apply/department").text  # hidden, not lost
    browser.send("/apply/department", switched)
    now = stored(declaration)
    assert (now.employer_name, now.employer_code, now.accounting_posts) == (None, None, None)
    assert now.home_address == WITHOUT_EMPLOYER["home_address"]

    browser.send("/apply/department", page(now, "department", WITH_EMPLOYER))
    assert stored(declaration).home_address is None


def test_read_only_facts_cannot_be_changed_by_sending_them(declaration, browser):
    wanted = {"sex": "female", "birth_date": "2001-01-01", "id_number": "219900200101010022", "status": "approved"}
    browser.send(
        "/apply/personal", page(declaration, "personal") | wanted | {"photo": (io.BytesIO(picture()), "me.jpg")}
    )
    now = stored(declaration)
    told = answers.identity_facts(now.account)
    assert (now.sex, now.birth_date) == (told["number_sex"], told["number_birth_date"])
    assert now.status == Status.DRAFT


def test_a_passport_holder_is_asked_what_no_number_tells(make, browser):
    account = make.account("JOHN SMITH", number="E12345678", id_type=IdType.PASSPORT)
    browser.sign_in(account).send("/apply/notice")
    declaration = db.session.scalars(select(Declaration)).one()
    shown = browser.send("/apply/personal", page(declaration, "personal", sex=None, birth_date=None), expect=422)
    for message in ("请选择性别", "请填写出生日期", "请选择国家或地区"):
        assert message in shown.text


def test_a_future_birth_date_is_refused(make, browser):
    account = make.account("JOHN SMITH", number="E12345679", id_type=IdType.PASSPORT)
    browser.sign_in(account).send("/apply/notice")
    declaration = db.session.scalars(select(Declaration)).one()
    later = page(declaration, "personal", birth_date=utcnow().date() + timedelta(days=40))
    assert "出生日期不能晚于今天" in browser.send("/apply/personal", later, expect=422).text


def test_a_day_that_does_not_exist_is_told_how_to_write_it(declaration, browser):
    sent = page(declaration, "qualification", qualification="junior", qualification_on=None)
    shown = browser.send("/apply/qualification", sent | {"qualification_on": "2021-13-45"}, expect=422)
    assert "请按 2021-09-05 的样子填写" in shown.text
    assert "2021-13-45" in shown.text


def test_half_a_month_is_refused(declaration, browser):
    sent = page(declaration, "education", UNIVERSITY) | {"full_time_graduated-month": ""}
    assert "年和月都填上" in browser.send("/apply/education", sent, expect=422).text


def test_a_page_saved_in_another_window_is_not_overwritten_unseen(declaration, browser):
    first, second = page(declaration, "education"), page(declaration, "education", UNIVERSITY)
    browser.send("/apply/education", first)

    shown = browser.send("/apply/education", second, expect=409)
    assert "另一个窗口" in shown.text
    assert UNIVERSITY["full_time_school"] in shown.text
    assert stored(declaration).full_time_level == EDUCATION["full_time_level"]

    browser.send("/apply/education", page(stored(declaration), "education", UNIVERSITY))
    assert stored(declaration).full_time_school == UNIVERSITY["full_time_school"]


def test_a_form_sent_after_the_sessions_end_is_given_back_after_sign_in(make, browser, another_browser):
    account = make.account()
    browser.sign_in(account).send("/apply/notice")
    declaration = db.session.scalars(select(Declaration)).one()
    late = page(declaration, "education", UNIVERSITY)
    with time_machine.travel(utcnow() + timedelta(minutes=31)):
        assert browser.send("/apply/education", late).location == "/login"
        parked = db.session.scalars(select(ParkedForm)).one()
        assert "东北样例大学".encode() not in parked.body_sealed

        other = make.account("别人")
        another_browser.sign_in(other).send("/apply/notice")
        assert "东北样例大学" not in another_browser.open("/apply/education").text

        again = browser.sign_in(account).open("/apply/education")
    assert "东北样例大学" in again.text
    assert db.session.scalars(select(ParkedForm)).all() == []


@pytest.mark.parametrize("method", ["open", "send"])
def test_after_submitting_the_pages_lead_to_the_progress_and_typing_is_kept(make, browser, method):
    declaration = make.declaration(Status.SUBMITTED)
    browser.sign_in(declaration.account)
    sent = () if method == "open" else (page(declaration, "education", UNIVERSITY),)
    answer = getattr(browser, method)("/apply/education", *sent, expect=302)
    assert answer.location == "/apply/status"
    assert "已经提交，不能再修改" in browser.follow(answer).text
    assert stored(declaration).full_time_level == "junior"
    if method == "send":
        browser.send("/apply/withdraw")
        assert UNIVERSITY["full_time_school"] in browser.open("/apply/education").text


def test_unknown_pages_do_not_exist(declaration, browser):
    assert "没有找到" in browser.open("/apply/nothing", expect=404).text


def test_divisions_below_a_place_are_told_to_scripts(declaration, browser):
    counties = browser.open("/apply/divisions?parent=210100").response.json
    assert {"code": "210102", "name": "和平区"} in counties
    assert browser.open("/apply/divisions?parent=%00").response.json == []


def test_the_departments_can_be_fetched_alone(declaration, browser):
    part = browser.open("/apply/department/candidates?has_employer=no&home_city=210100&home_county=210102")
    assert "沈阳市和平区财政局" in part.text
    assert part.text.count(" checked") == 1
    assert 'value="210102" checked data-proposed' in part.text  # the nearest one
    assert "<html" not in part.text


def test_the_check_page_names_and_links_what_is_missing(declaration, browser):
    shown = browser.open("/apply/check")
    assert "还有" in shown.text
    assert "/apply/personal#photo" in shown.text
    assert "/apply/qualification#technical_post" in shown.text
    assert "219900" not in shown.text  # the number is masked
    assert shown.text.count("没有填写") == 4, "one line in each part"
    assert "/apply/personal#postcode" in shown.text
