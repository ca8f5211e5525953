"""The table of automatic checks, the measurements that submissions keep, and the pane that an officer sees."""

from __future__ import annotations

import logging
import re
from typing import Any

from PIL import Image
from sqlalchemy import event

from forms import PAPER
from lib.codes import Status
from models import QueueItem, db
from services import checks
from services.checks.case import Case, Outcome
from services.papers import pages, papers, preparation
from tests.support.applicant.image_samples import encoded
from tests.support.office.checked import WORK, results, submitted_again

# --- the table -----------------------------------------------------------------------------------------------------


#: Of pictures of the sheet that were read; tests/integration/sheet/test_sheet_reading.py has them.
OF_THE_SHEET = ("signature", "stamp")


def test_a_clean_case_passes_all_that_apply(make):
    found = checks.run(make.declaration(Status.SUBMITTED, **WORK).revisions[-1])
    assert {result.state for result in found} == {"passed"}
    assert {result.name for result in found} == {name for name, *_ in checks.CHECKS} - {
        "card",  # nothing was said of its validity
        "marks",
        "legacy",
        *OF_THE_SHEET,
    }


def test_what_asks_for_a_look_stands_first_and_what_cannot_be_told_second(make):
    declaration = make.declaration(
        Status.SUBMITTED, **WORK | {"qualification_no": "ABC123", "full_time_diploma_no": "无"}
    )
    states = [result.state for result in checks.run(declaration.revisions[-1])]
    assert states == sorted(states, key=["look", "unknown", "passed"].index)
    assert {"look", "unknown"} < set(states)


def test_a_check_that_fails_cannot_tell_and_logs_no_answers(make, monkeypatch, caplog):
    def broken(case: Case) -> Outcome:
        raise ValueError(case.get("id_number"))

    def broken_query(case: Case) -> Outcome:
        db.session.execute(db.text("SELECT nonsense"))
        raise AssertionError

    declaration = make.declaration(Status.SUBMITTED)
    table = (("a", "甲", broken), ("b", "乙", broken_query), *checks.CHECKS)
    monkeypatch.setattr(checks, "CHECKS", table)
    with caplog.at_level(logging.ERROR):
        found = results(declaration)
    assert (found["a"].state, found["b"].state, found["number"].state) == ("unknown", "unknown", "passed")
    assert "没有完成" in found["a"].reason
    assert "check a: ValueError" in caplog.text
    assert declaration.account.id_number not in caplog.text


def test_submitting_counts_what_asks_for_a_look(make):
    declaration = make.declaration(Status.SUBMITTED, **WORK | {"qualification_no": "20190921034219900"})
    revision = declaration.revisions[-1]
    wanted = [result for result in checks.run(revision) if result.state == "look"]
    assert [result.name for result in wanted] == ["qualification"]
    assert checks.reminders(revision) == 1
    assert db.session.get_one(QueueItem, declaration.id).reminders == 1


def test_a_broken_check_does_not_stop_a_submission(make, monkeypatch):
    monkeypatch.setattr(checks, "CHECKS", (("a", "甲", lambda case: 1 // 0),))
    assert make.declaration(Status.SUBMITTED).status == Status.SUBMITTED


def test_a_run_asks_few_questions_of_the_database(make):
    for _other in range(2):
        make.declaration(Status.SUBMITTED, **WORK)
    revision = make.declaration(Status.SUBMITTED, **WORK).revisions[-1]
    asked: list[str] = []

    def note(*given: Any) -> None:
        asked.append(given[2])

    event.listen(db.engine, "before_cursor_execute", note)
    checks.run(revision)
    event.remove(db.engine, "before_cursor_execute", note)
    assert sum("SAVEPOINT" not in statement for statement in asked) <= 15


# --- measures ------------------------------------------------------------------------------------------------------


def test_measures_are_frozen_and_a_change_copies_them(make):
    record = make.record()
    frozen = record.revision.papers["id_portrait"][0]["measures"]
    assert frozen["look"]
    change = make.change(record)
    assert papers.pages_of(change, "id_portrait")[0].measures == frozen
    assert "background" in (papers.pages_of(change, "photo")[0].measures or {})


def test_pictures_older_than_the_measures_leave_their_checks_in_doubt(make):
    declaration = make.declaration()
    make.papers(declaration)
    for page in declaration.pages:
        page.measures = None
    found = results(submitted_again(make, declaration, sign=False))
    assert {found[name].state for name in ("portrait", "resolution", "sharpness", "light")} == {"unknown"}
    assert found["picture_again"].state == "passed"


# --- the pane ------------------------------------------------------------------------------------------------------


def test_the_pane_shows_reminders_with_their_reasons_rows_and_people(make, browser):
    first = make.declaration(Status.SUBMITTED, make.account("孙立国"))
    second = make.declaration(Status.SUBMITTED, make.account("单小燕"), mobile=first.account.phone)
    page = browser.sign_in(make.staff()).open(f"/staff/submissions/{second.uid}")
    assert "1 提醒" in page.text
    assert "这个手机号码另有 1 人使用" in page.text
    assert f'href="/staff/submissions/{first.uid}"' in page.text
    assert 'href="#row-mobile"' in page.text
    assert 'id="row-mobile"' in page.text
    assert page.text.index("这个手机号码") < page.text.index("证件号码没有重复")


def test_every_link_of_the_pane_leads_to_a_row(make, browser):
    first = make.declaration(Status.SUBMITTED, **WORK | {"employer_name": "样例县华业机械公司"})
    spoiled = {"qualification_no": "ABC123", "work_started": "2006-04", "full_time_diploma_no": "无"}
    second = make.declaration(Status.SUBMITTED, **WORK | spoiled | {"mobile": first.account.phone})
    page = browser.sign_in(make.staff()).open(f"/staff/submissions/{second.uid}")
    anchors = set(re.findall(r'href="#(row-[^"]+)"', page.text))
    assert {"row-mobile", "row-qualification_no", "row-employer_name", "row-work_started"} <= anchors
    assert anchors <= set(re.findall(r'id="(row-[^"]+)"', page.text))


def test_the_officer_reads_what_the_applicant_was_told_of_the_photo(make, browser):
    declaration = make.declaration()
    make.papers(declaration)
    dark = Image.new("RGB", (413, 579), (60, 90, 160))
    prepared = preparation.prepare_photo(make.app.extensions["kuaiji.store"], encoded(dark))
    pages.add_page(declaration, PAPER["photo"], prepared)
    db.session.commit()
    told = browser.sign_in(declaration.account).open("/apply/personal").text
    problems = re.findall(r"<li>(背景不是白色|没有找到人脸)：请", told)
    assert "建议重拍" in told
    assert "背景不是白色" in problems

    submitted_again(make, declaration)
    (found,) = [result for result in checks.run(declaration.revisions[-1]) if result.name == "portrait"]
    assert found.state == "look"
    assert found.reason.startswith("一寸照片建议重拍：")
    assert all(problem in found.reason for problem in problems)
