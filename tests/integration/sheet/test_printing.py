"""批量打印: from ticked lines to one PDF of the sheets as they were signed, and the rights at each step."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pypdf
import pytest
from sqlalchemy import func, select

from lib.codes import Role, Status
from models import Event, PrintJob, db
from services import access, audit, workflow
from services.sheet import batch_print
from services.sheet import content as sheet_content
from services.sheet import pdf as sheet_pdf
from tests.support.office.printing import REASON, ask, drawn, job_at, pdf_of, submitted, uids

OTHER_COUNTY = {"home_county": "210103", "department_code": "210103"}


@pytest.fixture
def desk(browser, officer):
    """The officer is signed in at it."""
    return browser


@pytest.fixture
def store(app):
    return app.extensions["kuaiji.store"]


def outline(pdf: pypdf.PdfReader) -> list[Any]:
    return list(pdf.outline)


def places(pdf: pypdf.PdfReader) -> list[int | None]:
    """The pages that the outline leads to."""
    return [pdf.get_destination_page_number(entry) for entry in outline(pdf)]


def test_ticked_lines_become_one_pdf_in_the_order_of_the_list(make, app, desk):
    first, second, third = submitted(make, 3)
    listed = desk.open("/staff/queue").text
    assert listed.index(first.uid) < listed.index(third.uid)

    page = desk.send(
        "/staff/print/choose", {"list": "queue", "which": "picked", "pick": uids(third, first)}, expect=200
    )
    assert "打印 2 份信息表" in page.text
    job = ask(desk, third, first)
    assert "即将开始" in desk.open(f"/staff/print/{job.uid}").text
    job = drawn(app, job)

    assert (job.state, job.done, job.total) == ("done", 2, 2)
    assert "2 份信息表已生成" in desk.open(f"/staff/print/{job.uid}").text
    pdf = pdf_of(desk, job)
    assert [entry["/Title"] for entry in outline(pdf)] == [third.number, first.number]
    assert places(pdf) == [0, 1]
    assert first.number in pdf.pages[1].extract_text()
    assert second.number not in "".join(page.extract_text() for page in pdf.pages)


def test_each_sheet_is_the_one_that_was_signed_not_what_was_typed_since(make, app, desk, store):
    declaration = make.declaration(Status.RETURNED, postal_address="沈阳市沈河区青年大街 1 号")
    declaration.postal_address = "沈阳市和平区南京街 2 号"
    db.session.commit()

    job = drawn(app, ask(desk, declaration))

    (page,) = pdf_of(desk, job).pages
    revision = declaration.revisions[-1]
    data = sheet_content.sheet_data(
        declaration, revision.sheet, store, base_url=app.config["BASE_URL"], site=app.config["SITE_NAME"]
    )
    alone = pypdf.PdfReader(BytesIO(sheet_pdf.draw(data))).pages[0]
    assert "青年大街 1 号" in page.extract_text()
    assert "南京街" not in page.extract_text()
    # each character, for what is shared on all sheets is copied apart from what it stands next to
    assert sorted("".join(page.extract_text().split())) == sorted("".join(alone.extract_text().split()))


def test_all_of_the_list_within_its_filters(make, app, desk):
    chosen, _other = submitted(make, 1)[0], make.declaration(Status.RETURNED)

    page = desk.send("/staff/print/choose", {"list": "queue", "which": "all", "tab": "submitted"}, expect=200)
    assert 'name="which" value="all"' in page.text
    sent = {"list": "queue", "which": "all", "tab": "submitted", "reason": REASON}
    job = job_at(desk.send("/staff/print", sent).location)

    assert job.revisions == [chosen.revisions[-1].id]


def test_a_thousand_at_the_most(make, desk, monkeypatch):
    monkeypatch.setattr(batch_print, "LIMIT", 2)
    submitted(make, 3)

    page = desk.send("/staff/print/choose", {"list": "queue", "which": "all"}, expect=200)

    assert "打印 2 份信息表" in page.text
    assert "一次最多打印 2 份" in page.text


def test_records_print_what_was_approved(make, app, desk):
    record = make.record()
    assert "打印所选信息表" in desk.open("/staff/archive").text

    sent = {"list": "records", "pick": [record.uid], "reason": REASON}
    job = job_at(desk.send("/staff/print", sent).location)
    everybody = {"list": "records", "which": "all"}

    assert job.revisions == [record.revision_id]
    assert "打印 1 份信息表" in desk.send("/staff/print/choose", everybody, expect=200).text
    assert len(pdf_of(desk, drawn(app, job)).pages) == 1


def test_the_reason_is_asked_for_and_keeps_numbers_out(make, desk):
    (declaration,) = submitted(make, 1)
    for reason, told in (("", "请填写打印事由"), ("给 13800138001 打印", "请不要填写证件号码、手机号码")):
        page = desk.send("/staff/print", {"list": "queue", "pick": uids(declaration), "reason": reason}, expect=422)
        assert told in page.text
        assert f'name="pick" value="{declaration.uid}"' in page.text
    assert db.session.scalar(select(func.count()).select_from(PrintJob)) == 0


def test_nothing_ticked_is_told(desk):
    page = desk.send("/staff/print/choose", {"list": "queue", "which": "picked"})
    assert "请先勾选要打印的信息表" in desk.follow(page).text


def test_the_person_reads_that_the_sheet_was_printed_and_the_log_says_why(make, desk):
    printed, other = submitted(make, 2)
    ask(desk, printed)

    event = db.session.scalars(select(Event).where(Event.verb == "print_sheets")).one()
    assert REASON in event.detail
    assert [look.title for look in audit.accesses(printed.account_id)][:1] == ["批量打印信息表，其中有您的一份"]
    assert "print_sheets" not in [look.verb for look in audit.accesses(other.account_id)]


def test_choosing_asks_the_database_in_the_officers_own_scope(make, officer):
    declaration = submitted(make, 1)[0]
    actor = make.actor(officer)
    assert batch_print.of_declarations(actor, [declaration.uid, "nobody"]) == [declaration.revisions[-1].id]
    assert access.office_declaration(actor, declaration.uid) is not None
    assert batch_print.still_allowed(actor, []) == []


# --- rights ---------------------------------------------------------------------------------------


def test_what_is_not_in_the_scope_is_not_printed_whatever_is_sent(make, desk):
    own = submitted(make, 1)[0]
    foreign = make.declaration(Status.SUBMITTED, make.account(), **OTHER_COUNTY)

    job = ask(desk, own, foreign)

    assert job.revisions == [own.revisions[-1].id]
    page = desk.send("/staff/print", {"list": "queue", "pick": uids(foreign), "reason": REASON})
    assert "不在您的管辖范围" in desk.follow(page).text


def test_nobody_else_sees_or_fetches_it_not_even_a_colleague(make, app, desk, another_browser):
    job = drawn(app, ask(desk, *submitted(make, 1)))
    colleague = another_browser.sign_in(make.staff(Role.MANAGER, department="210102"))

    for path in ("", "/state", "/file"):
        colleague.open(f"/staff/print/{job.uid}{path}", expect=404)
    colleague.send(f"/staff/print/{job.uid}/cancel", expect=404)
    assert job.uid not in colleague.open("/staff/print").text
    assert job.uid in desk.open("/staff/print").text


def test_what_left_the_scope_before_the_drawing_is_left_out_and_told(make, app, desk):
    stays, goes = submitted(make, 2)
    job = ask(desk, goes, stays)
    workflow.withdraw(goes, make.actor(goes.account))
    db.session.commit()

    job = drawn(app, job)

    assert job.revisions == [stays.revisions[-1].id]
    assert "另有 1 份没有生成" in desk.open(f"/staff/print/{job.uid}").text


def test_nothing_left_in_the_scope_makes_no_file(make, app, desk):
    (goes,) = submitted(make, 1)
    job = ask(desk, goes)
    workflow.withdraw(goes, make.actor(goes.account))
    db.session.commit()

    job = drawn(app, job)

    assert (job.state, job.problem, job.address) == ("failed", "nothing", None)
    assert "现在都不在您的管辖范围内" in desk.open(f"/staff/print/{job.uid}").text


def test_a_file_is_not_handed_out_once_a_sheet_in_it_left_the_scope(make, app, desk):
    first, second = submitted(make, 2)
    job = drawn(app, ask(desk, first, second))
    workflow.withdraw(second, make.actor(second.account))
    db.session.commit()

    page = desk.open(f"/staff/print/{job.uid}/file", expect=302)

    told = desk.follow(page).text
    assert "不能再下载" in told
    assert f"{job.uid}/file" not in told


def test_an_officer_who_lost_the_rights_gets_no_file(make, app, desk, officer):
    job = ask(desk, *submitted(make, 1))
    officer.role = Role.AUDITOR
    db.session.commit()

    assert (drawn(app, job).state, job.problem) == ("failed", "rights")
