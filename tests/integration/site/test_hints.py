"""填写提示: what an office says at a question or paper, and what becomes of the returns since."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from lib.clock import today
from lib.codes import Role
from lib.database import utcnow
from models import Event, FieldHint, Staff, db
from services.departments import tree
from services.reports import hint_effects, statistics
from services.reports.statistics import Period
from services.site import hints
from tests.support.factory import Make
from tests.support.office.histories import Step, at, happened

TEXT = "请写到门牌号 & 房间号"
SHOWN = "请写到门牌号 &amp; 房间号"


@pytest.fixture
def manager(make):
    return make.staff(Role.MANAGER, name="王主管")


def says(make: Make, target: str, text: str, *, by: Staff, starts_on: date | None = None) -> None:
    hints.publish(make.actor(by), target, text, starts_on)
    db.session.commit()


def test_a_manager_words_a_hint_and_the_applicant_reads_it_at_the_very_field(make, browser, another_browser, manager):
    declaration = make.declaration()
    applicant = another_browser.sign_in(declaration.account)
    before = applicant.open("/apply/personal").text
    browser.sign_in(manager)
    page = browser.send("/staff/admin/hints/postal_address", {"text": TEXT, "action": "preview"}, expect=200)
    assert SHOWN in page.text
    assert db.session.query(FieldHint).count() == 0, "it is looked at first"
    browser.send("/staff/admin/hints/postal_address", {"text": "另一个", "seen": TEXT, "action": "publish"}, expect=200)
    assert db.session.query(FieldHint).count() == 0, "what was not looked at is not published"
    browser.send("/staff/admin/hints/postal_address", {"text": TEXT, "seen": TEXT, "action": "publish"})
    assert SHOWN in browser.open("/staff/admin/hints").text
    assert "王主管" in browser.open("/staff/admin/hints/postal_address").text
    assert db.session.query(Event).filter_by(verb="field_hint").one().detail == f"postal_address from {today()}"
    shown = applicant.open("/apply/personal").text
    field = shown.partition('id="q-postal_address"')[2].partition('id="q-postcode"')[0]
    assert SHOWN in field
    assert 'aria-describedby="postal_address-o"' in field
    assert SHOWN not in before
    assert shown.count("会计管理部门提示") == 1
    says(make, "id_emblem", "有效期限要看得清", by=manager)
    card = applicant.open("/apply/papers").text.partition('id="paper-id_emblem"')[2].partition('<div class="up')[0]
    assert "有效期限要看得清" in card
    says(make, "photo", "不要戴帽子", by=manager)
    assert "不要戴帽子" in applicant.open("/apply/personal").text


def test_the_nearest_office_counts_and_an_empty_text_ends_a_hint(make, browser, another_browser):
    county, system = make.staff(Role.MANAGER, "210103"), make.staff(Role.SYSTEM, "210000")
    says(make, "nation", "全省的", by=system)
    says(make, "nation", "本县的", by=county)
    assert [hints.texts(code).get("nation") for code in (None, "210102", "210103")] == ["全省的", "全省的", "本县的"]
    pages = [
        one.sign_in(make.declaration(department_code=code).account).open("/apply/personal").text
        for one, code in ((browser, "210102"), (another_browser, "210103"))
    ]
    assert [("全省的" in page, "本县的" in page) for page in pages] == [(True, False), (False, True)]
    says(make, "nation", "", by=county)
    assert hints.texts("210103")["nation"] == "全省的"
    says(make, "nation", "", by=system)
    assert hints.texts("210103") == {}


def test_a_hint_is_in_force_from_its_day_on(make, browser, manager):
    tomorrow = today() + timedelta(days=1)
    browser.sign_in(manager)
    sent = {"text": TEXT, "seen": TEXT, "action": "publish", "starts_on": f"{tomorrow}"}
    browser.send("/staff/admin/hints/mobile", sent)
    assert "将启用" in browser.open("/staff/admin/hints").text
    code = tree.load().by_id[manager.department_id].code
    assert hints.texts(code) == {}
    assert hints.in_force(code, utcnow() + timedelta(days=2))["mobile"].text == TEXT


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"text": "长" * 101}, "最多 100 个字，现在是 101 个"),
        ({"text": "<b>重要</b>"}, "不能使用 HTML 标记"),
        ({"text": ""}, "与现在使用的相同"),
        ({"text": TEXT, "starts_on": "2020-01-01"}, "请填写明天以后、两年以内的日期"),
    ],
)
def test_what_is_wrong_with_a_hint_is_said_at_its_field(make, browser, manager, changed, said):
    browser.sign_in(manager)
    page = browser.send("/staff/admin/hints/mobile", {"action": "publish", "seen": "", **changed}, expect=422)
    assert said in page.text
    assert db.session.query(FieldHint).count() == 0
    browser.open("/staff/admin/hints/id_number", expect=404)
    browser.open("/staff/admin/hints/nothing", expect=404)
    assert browser.open("/staff/admin/hints?target=id_number").status == 200
    assert browser.open("/staff/admin/hints?target=mobile", expect=302)


def test_the_statistics_lead_to_the_hint_and_tell_what_it_has_changed(make, browser, another_browser, manager):
    """Of two returns before the hint both had a mark there, of two since one."""
    officer = make.staff()
    for day, wanted in (("02", ["nation"]), ("03", ["nation", "mobile"]), ("12", ["nation"]), ("13", ["mobile"])):
        marks = [(target, "mismatch") for target in wanted]
        when = at(f"2026-03-{day} 09:00")
        happened(make, officer, Step("submit", when), Step("return", when + timedelta(hours=1), marks))
    told = {"target": "nation", "text": "照身份证填写", "department_id": manager.department_id, "staff_id": manager.id}
    db.session.add(FieldHint(**told, starts_at=at("2026-03-10 00:00")))
    db.session.commit()
    office = tree.load().by_id[manager.department_id]
    found = hint_effects.often_returned(office, statistics.report(office, Period("2026-01", "2026-12")))
    assert [(one.target, one.count, one.share, one.before, one.after) for one in found] == [
        ("nation", 3, 0.75, 1.0, 0.5),
        ("mobile", 2, 0.5, None, None),
    ]
    page = browser.sign_in(manager).open("/staff/statistics?from=2026-01&to=2026-06")
    assert "/staff/admin/hints/nation" in page.text
    assert "照身份证填写" in page.text
    seen = another_browser.sign_in(officer).open("/staff/statistics?from=2026-01&to=2026-06").text
    assert "照身份证填写" in seen
    assert "/staff/admin/hints" not in seen
