"""批量打印 at a desk, with its progress; and what the form says of rare characters during typing."""

from __future__ import annotations

from io import BytesIO

import pypdf
from sqlalchemy import select

from lib.codes import Role, Status
from models import PrintJob, db
from services.sheet import batch_print
from tests.support.office.printing import draw

NOWHERE = "\U000323af"  # extension H, in no font


def test_ticked_lines_are_printed_while_one_watches(app, make, visit):
    declarations = [make.declaration(Status.SUBMITTED, make.account()) for _ in range(2)]
    officer = make.staff(Role.REVIEWER, department="210102")
    window = visit("desk")
    window.sign_in(officer)
    page = window.page

    window.go("/staff/queue")
    page.get_by_label("全选本页").check()
    assert page.get_by_label(f"打印 {declarations[0].number}").is_checked()
    window.press("打印所选信息表")
    page.get_by_label("打印事由").fill("归档本月信息表")
    window.press("开始打印")
    bar = page.get_by_role("progressbar", name="生成进度")
    assert bar.get_attribute("max") == "2"
    db.session.rollback()
    job_id = db.session.scalars(select(PrintJob.id)).one()
    taken = batch_print.take("test")
    assert taken
    batch_print.beat(job_id, "test", done=1)
    db.session.commit()
    page.get_by_text("已生成 1 份，共 2 份。").wait_for()
    taken = db.session.get_one(PrintJob, job_id)
    taken.state, taken.drawer = "waiting", None
    db.session.commit()
    assert draw(app).exit_code == 0

    page.get_by_role("link", name="下载 PDF").wait_for()
    window.look()
    address = page.get_by_role("link", name="下载 PDF").get_attribute("href")
    answer = page.request.get(f"{window.site}{address}")
    assert "attachment" in answer.headers["content-disposition"]
    assert len(pypdf.PdfReader(BytesIO(answer.body())).pages) == 2


def test_without_scripts_the_page_refreshes_itself(make, visit):
    make.declaration(Status.SUBMITTED, make.account())
    window = visit("desk", java_script_enabled=False)
    window.sign_in(make.staff(Role.REVIEWER, department="210102"))

    window.go("/staff/queue")
    assert not window.page.get_by_label("全选本页").is_visible()
    window.press("打印全部")
    window.fill("打印事由", "归档本月信息表")
    window.press("开始打印")

    assert window.page.locator('noscript meta[http-equiv="refresh"], meta[http-equiv="refresh"]').count() == 1
    window.press("刷新进度")
    window.press("取消打印")
    assert "已取消这次打印" in window.page.locator("main").inner_text()


def test_a_character_that_does_not_print_is_named_at_its_field_while_one_types(visit):
    window = visit("phone")
    asked: list[str] = []
    window.page.on("request", lambda sent: asked.append(sent.post_data or "") if sent.method == "POST" else None)
    window.go("/register")
    name = window.page.get_by_label("姓名", exact=True).first
    note = window.page.get_by_role("status").filter(has_text="U+323AF")

    name.press_sequentially(f"王{NOWHERE}")
    note.wait_for()
    assert note.inner_text() == f"「{NOWHERE}」(U+323AF)打印时显示为□，请在打印的表上手写补正；不影响申报"
    assert note.evaluate("line => line.parentElement.contains(document.querySelector('#name'))")
    window.look()
    assert len(asked) == 1
    assert "%E7%8E%8B" not in asked[0]  # 王: the rest of the name stays here

    name.fill("王明")
    note.wait_for(state="hidden")
    assert len(asked) == 1
