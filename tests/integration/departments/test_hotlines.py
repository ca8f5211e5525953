"""咨询电话: the departments by city, the search, and how managers keep it true."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from lib.clock import today
from lib.codes import Role
from models import Event, db
from services.departments import matching

FILLED = {
    "phone": "024-86123456、024 86123457转801",
    "address": "样例路 1 号",
    "hours": "工作日 8:30–17:00",
    "verified_on": "2026-11-20",
}


def names(query: str = "") -> list[str]:
    return [row.name for group in matching.phone_book(query) for row in group.departments]


def test_all_116_departments_are_there_grouped_by_city(client):
    book = matching.phone_book()

    assert len(names()) == 116
    assert [group.name for group in book][:3] == ["省级", "沈阳市", "大连市"]
    assert len(book) == 15
    assert [group.name for group in book if group.own_system] == ["大连市"]
    assert "沈抚示范区财政金融局" in [row.name for row in book[0].departments]


def test_without_a_number_the_page_says_so_and_invents_none(client):
    page = client.open("/hotlines")

    assert page.text.count("暂未公布") == 116
    assert "tel:" not in page.text


def test_numbers_are_called_by_one_tap(client, make):
    make.department("210102").phone = "024-86123456、024-86123457-801、13800130000"
    make.department("210102").verified_on = date(2026, 11, 20)
    db.session.commit()

    page = client.open("/hotlines?q=和平区")

    for address in ("tel:02486123456", "tel:02486123457,801", "tel:13800130000"):
        assert f'href="{address}"' in page.text
    assert "2026-11-20 核实" in page.text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("和平", ["沈阳市和平区财政局"]),
        ("沈阳和平", ["沈阳市和平区财政局"]),
        ("沈阳市 和平区", ["沈阳市和平区财政局"]),
        ("铁西区", ["沈阳市铁西区财政局", "鞍山市铁西区财政局"]),
        ("海城", ["海城市财政局"]),
        ("鞍山海城", ["海城市财政局"]),
        ("新宾县", ["新宾满族自治县财政局"]),
        ("省财政厅", ["辽宁省财政厅"]),
        ("沈抚", ["沈抚示范区财政金融局"]),
        ("火星", []),
    ],
)
def test_search_finds_departments_as_people_call_them(app, query, found):
    assert names(query) == found


def test_search_for_a_city_finds_all_of_it(app):
    assert len(names("盘锦")) == 5


def test_a_name_pasted_from_a_pdf_or_a_chat_is_found(client):
    assert "鞍山市铁西区财政局" in client.open("/hotlines", query_string={"q": "\u202d鞍山铁⻄区\u202c"}).text


def test_searching_in_vain_says_what_to_do(client):
    page = client.open("/hotlines", query_string={"q": "<b>火星</b>"})
    assert "没有找到" in page.text
    assert "<b>火星" not in page.text


def test_a_department_out_of_use_is_not_shown(app, make):
    make.department("210102").active = False
    db.session.commit()
    assert "沈阳市和平区财政局" not in names()


# --- the manager's side ---


def test_a_manager_edits_phone_address_and_hours(client, make):
    client.sign_in(make.staff(Role.MANAGER, "210100"))
    page = client.follow(client.send("/staff/admin/departments/210102", FILLED))

    assert "已保存沈阳市和平区财政局的联系方式" in page.text
    office = make.department("210102")
    assert office.phone == "024-86123456、024-86123457-801"
    assert (office.address, office.hours, office.verified_on) == ("样例路 1 号", FILLED["hours"], date(2026, 11, 20))
    event = db.session.scalars(select(Event).where(Event.verb == "department")).one()
    assert event.detail == "210102"
    assert "样例路 1 号" in client.open("/hotlines").text


def test_a_manager_sees_own_and_lower_departments_only(client, make):
    client.sign_in(make.staff(Role.MANAGER, "210100"))

    page = client.open("/staff/admin/departments")

    assert page.text.count('href="/staff/admin/departments/') == 14
    for code in ("210000", "210302", "nothing"):
        client.open(f"/staff/admin/departments/{code}", expect=404)
        client.send(f"/staff/admin/departments/{code}", FILLED, expect=404)
    assert make.department("210302").phone == ""


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.SYSTEM, Role.SECURITY, Role.AUDITOR])
def test_other_staff_do_not_edit_phones(client, make, role):
    """The 系统管理员 sees the tree, because that role configures it."""
    client.sign_in(make.staff(role, "210000"))
    client.open("/staff/admin/departments", expect=200 if role == Role.SYSTEM else 403)
    client.send("/staff/admin/departments/210102", FILLED, expect=403)
    assert make.department("210102").phone == ""


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"phone": "86123456"}, "固定电话前面请加上区号"),
        ({"phone": "024-86123456、明天再说"}, "「明天再说」："),
        ({"phone": "、".join(["024-86123456"] * 6)}, "最多 60 个字"),
        ({"verified_on": (today() + timedelta(days=2)).isoformat()}, "核实日期不能晚于今天"),
        ({"verified_on": "昨天"}, "请按 2026-11-23 的样子填写日期"),
        ({"address": "长" * 101}, "办公地址最多 100 个字"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(client, make, changed, message):
    client.sign_in(make.staff(Role.MANAGER, "210102"))

    page = client.send("/staff/admin/departments/210102", FILLED | changed, expect=422)

    assert message in page.text
    for typed in changed.values():
        assert f'value="{typed}"' in page.text
    assert make.department("210102").phone == ""


def test_service_lines_are_numbers_too_and_numbers_can_be_taken_away(client, make):
    client.sign_in(make.staff(Role.MANAGER, "210102"))

    client.send("/staff/admin/departments/210102", FILLED | {"phone": "12345,12366"})
    assert make.department("210102").phone == "12345、12366"
    client.send("/staff/admin/departments/210102", {"phone": "", "address": "", "hours": "", "verified_on": ""})

    office = make.department("210102")
    assert (office.phone, office.address, office.verified_on) == ("", "", None)


def test_the_form_proposes_today_as_the_day_of_checking(client, make):
    page = client.sign_in(make.staff(Role.MANAGER, "210102")).open("/staff/admin/departments/210102")
    assert f'value="{today().isoformat()}"' in page.text
