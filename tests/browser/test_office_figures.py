"""Statistics, overview, own figures, rosters and lists of reasons in a browser: on a desk and on a phone."""

from __future__ import annotations

import random
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from lib.clock import today
from lib.codes import Role, Status
from lib.database import utcnow
from models import Decision, Staff, db
from services.queue import index as queue_index
from services.reports import review_times
from tests.browser.conftest import SCREENS, Visitor
from tests.support.office.histories import Step, happened
from tests.support.office.printing import draw
from tests.support.office.spreadsheets import tables

COUNTIES = ("210102", "210103", "210104", "210105", "210106")
MARKS = [("mobile", "mismatch"), ("postal_address", "incomplete"), ("id_portrait", "blurred"), ("photo", "photo_unfit")]


def past(make: Any, officer: Staff) -> None:
    """A year of made-up submissions of five counties."""
    dice = random.Random(7)
    for _ in range(90):
        sent = utcnow() - timedelta(days=dice.randrange(330), hours=dice.randrange(9))
        steps = [Step("submit", sent)]
        if dice.random() < 0.35:
            marks = dice.sample(MARKS, dice.randint(1, 3))
            steps.append(Step("return", sent + timedelta(hours=dice.randrange(2, 90)), marks))
            steps.append(Step("submit", steps[-1].moment + timedelta(hours=dice.randrange(3, 200))))
        steps.append(Step("approve", steps[-1].moment + timedelta(hours=dice.randrange(2, 120))))
        happened(make, officer, *(step for step in steps if step.moment < utcnow()), department=dice.choice(COUNTIES))


@pytest.fixture
def manager(make: Any, site: str) -> Staff:
    officer = make.staff(name="王审核", department="210100")
    past(make, officer)
    for days in (-4, -1, 1, 30):
        declaration = make.declaration(Status.SUBMITTED)
        declaration.due_on = today() + timedelta(days=days)
        queue_index.sync(declaration)
    make.declaration(Status.IN_REVIEW, officer=officer)
    make.declaration(Status.APPROVED, officer=officer)
    manager: Staff = make.staff(Role.MANAGER, "210100", name="赵主管")
    db.session.commit()
    db.session.rollback()
    return manager


def signed_in(window: Visitor, person: Staff, first: str = "/staff/overview") -> Visitor:
    window.sign_in(person)
    window.go(first)
    return window


def test_the_province_edits_its_reasons(visit, make):
    window = visit("phone", also=[SCREENS["desk"]])
    visitor = signed_in(window, make.staff(Role.SYSTEM, "210000"), "/staff/admin/reasons")
    for verb in ("停用", "恢复使用"):
        visitor.page.get_by_role("button", name=re.compile(f"^{verb}.*日期有误")).click()
        visitor.look()
        assert f"已{verb}「日期有误」" in visitor.text()
    visitor.press("日期有误")
    visitor.fill("给申报人的说明", "请按证书填写日期")
    visitor.press("保存")
    assert "请按证书填写日期" in visitor.text()


def test_words_of_a_chart_can_be_read_on_a_phone(visit, manager):
    visitor = signed_in(visit("phone"), manager)
    visitor.go("/staff/statistics")
    heights = visitor.page.eval_on_selector_all(
        ".chart text", "texts => texts.map(text => text.getBoundingClientRect().height)"
    )
    assert len(heights) > 20
    assert min(heights) >= 9


def test_a_city_looks_into_one_county_and_takes_the_tables_along(visit, manager):
    visitor = signed_in(visit(java_script_enabled=False), manager)
    visitor.press("统计")
    visitor.page.get_by_label("部门", exact=True).select_option(value="210102")
    visitor.page.locator("main").get_by_role("button", name="统计").click()
    assert "沈阳市和平区财政局，" in visitor.text()
    with visitor.page.expect_download() as waiting:
        visitor.page.get_by_role("link", name="导出", exact=True).click()
    found = tables(Path(waiting.value.path()).read_bytes())
    assert [table.name for table in found] == ["概况", "按月份", "退回原因", "填写提示"]


def test_a_roster_is_downloaded_with_a_reason_only(app, visit, manager):
    visitor = signed_in(visit(), manager)
    visitor.press("名册")
    visitor.press("导出名册")
    assert "请填写导出事由" in visitor.text()
    visitor.fill("导出事由", "核对全市会计人员人数")
    visitor.page.get_by_role("button", name="导出名册").click()
    visitor.page.get_by_role("progressbar", name="生成进度").wait_for()
    assert draw(app).exit_code == 0
    with visitor.page.expect_download() as waiting:
        visitor.page.get_by_role("link", name="下载名册").click()
    assert waiting.value.suggested_filename == f"名册 沈阳市财政局 {today()}.xlsx"
    (table,) = tables(Path(waiting.value.path()).read_bytes())
    assert len(table.rows) == 1


def test_own_figures_show_what_was_measured(visit, manager, make):
    declaration = happened(make, manager, Step("submit", utcnow()), Step("approve", utcnow()))
    (decision,) = db.session.scalars(select(Decision).where(Decision.revision_id == declaration.revisions[-1].id))
    review_times.record(decision, decision.at - timedelta(seconds=48), 2, 0)
    db.session.commit()
    db.session.rollback()
    visitor = signed_in(visit(), manager)
    visitor.go("/staff/own-figures")
    assert "48 秒" in visitor.text()
