"""统计: what counts where and when, and the page of it."""

from __future__ import annotations

import random
import re
import statistics as standard
from collections import Counter, defaultdict
from datetime import date, timedelta

import pytest

from forms import PAPER
from lib.clock import local
from lib.codes import Role
from lib.database import utcnow
from models import SecondLook, db
from services.declaration import answers
from services.reports import statistics
from services.reports.statistics import BadPeriod, Period, Report, Tally
from tests.support.applicant.filing import words
from tests.support.office.histories import Step, at, happened
from tests.support.office.review_desk import match
from tests.support.office.spreadsheets import tables

YEAR = Period("2026-01", "2026-12")


@pytest.fixture
def officer(make):
    return make.staff()


def report(make, code: str = "210102", span: Period = YEAR) -> Report:
    db.session.rollback()
    return statistics.report(make.department(code), span)


def figures(tally: Tally) -> tuple[int, int, dict[str, int], tuple[int, int]]:
    return tally.submitted, tally.first_submitted, dict(tally.verdicts), (tally.first_passed, tally.first_decided)


# the span


def test_without_a_choice_the_last_twelve_months_are_counted():
    span = statistics.period("", "", date(2026, 11, 23))
    assert (span.first, span.last, len(span.months)) == ("2025-12", "2026-11", 12)


def test_a_span_of_36_months_is_taken_and_begins_and_ends_at_midnight_of_shanghai():
    span = statistics.period("2023-12", "2026-11", date(2026, 11, 23))
    assert len(span.months) == 36
    assert (span.begins, span.ends) == (at("2023-12-01"), at("2026-12-01"))


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("2023-11", "2026-11", "最多统计 36 个月"),
        ("2026-11", "2026-10", "不能晚于结束月份"),
        ("2026-11", "2026-12", "不能晚于本月"),
        ("2026-13", "", "请按"),
        ("", "去年", "请按"),
        ("0000-01", "0000-12", "请按"),
        ("", "1999-12", "请按"),
    ],
)
def test_a_span_that_cannot_be_counted_is_refused_with_what_to_do(first, last, message):
    with pytest.raises(BadPeriod, match=message):
        statistics.period(first, last, date(2026, 11, 23))


# what counts


def test_an_approval_at_first_sight_passes_at_first(make, officer):
    steps = Step("submit", at("2026-03-02 09:00")), Step("approve", at("2026-03-04 09:00"))
    happened(make, officer, *steps)

    total = report(make).total

    assert figures(total) == (1, 1, {"approve": 1}, (1, 1))
    assert (total.pass_rate, total.office_days, total.applicant_days) == (1.0, 2.0, None)


def test_a_correction_counts_twice_and_lies_with_the_applicant_in_between(make, officer):
    happened(
        make,
        officer,
        Step("submit", at("2026-03-02 09:00")),
        Step("return", at("2026-03-03 09:00"), [("mobile", "mismatch")]),
        Step("submit", at("2026-03-08 09:00")),
        Step("approve", at("2026-03-09 09:00")),
    )
    total = report(make).total
    assert figures(total) == (2, 1, {"return": 1, "approve": 1}, (0, 1))
    assert (total.pass_rate, total.office_days, total.applicant_days) == (0.0, 1.0, 5.0)


def test_what_was_undone_does_not_count_except_as_undone(make, officer):
    happened(
        make,
        officer,
        Step("submit", at("2026-03-02 09:00")),
        Step("return", at("2026-03-03 09:00")),
        Step("undo", at("2026-03-03 09:01")),
        Step("approve", at("2026-03-04 09:00")),
    )
    found = report(make)
    assert figures(found.total) == (1, 1, {"approve": 1}, (1, 1))
    assert (found.made, found.undone, found.undo_rate) == (2, 1, 0.5)
    assert found.total.office_days == 2.0


def test_a_revoked_approval_stays_an_approval_and_is_told_apart(make, officer):
    happened(
        make,
        officer,
        Step("submit", at("2026-03-02 09:00")),
        Step("approve", at("2026-03-03 09:00")),
        Step("revoke", at("2026-03-05 09:00"), [("mobile", "mismatch")]),
        Step("submit", at("2026-03-06 09:00")),
        Step("approve", at("2026-03-07 09:00")),
    )
    found = report(make)
    assert figures(found.total) == (2, 1, {"approve": 2}, (1, 1))
    assert (found.revoked, found.total.applicant_days, found.marks) == (1, 1.0, 1)


def test_what_was_taken_up_again_lies_with_the_office_from_then_on(make, officer):
    happened(
        make,
        officer,
        Step("submit", at("2026-03-02 09:00")),
        Step("decline", at("2026-03-03 09:00")),
        Step("reopen", at("2026-03-20 09:00")),
        Step("approve", at("2026-03-21 09:00")),
    )
    found = report(make).total
    assert figures(found) == (1, 1, {"decline": 1, "approve": 1}, (0, 1))
    assert found.office_days == 1.0


def test_a_submission_that_was_withdrawn_and_sent_again_can_still_pass_at_first(make, officer):
    moments = at("2026-03-02 09:00"), at("2026-03-03 09:00")
    happened(make, officer, *(Step("submit", moment) for moment in moments), Step("approve", at("2026-03-04 09:00")))
    found = report(make).total
    assert figures(found) == (2, 1, {"approve": 1}, (1, 1))
    assert (found.office_days, found.applicant_days) == (1.0, None)


@pytest.mark.parametrize(
    ("moment", "month"),
    [("2026-02-28 23:59", "2026-02"), ("2026-03-01 00:00", "2026-03"), ("2026-03-01 07:59", "2026-03")],
)
def test_months_are_those_of_shanghai(make, officer, moment, month):
    happened(make, officer, Step("submit", at(moment)), Step("approve", at(moment) + timedelta(hours=30)))
    months = dict(report(make).months)
    assert [name for name, tally in months.items() if tally.submitted] == [month]
    assert list(months) == YEAR.months


def test_the_first_verdict_may_lie_before_the_span(make, officer):
    happened(
        make,
        officer,
        Step("submit", at("2025-12-02 09:00")),
        Step("return", at("2025-12-03 09:00")),
        Step("submit", at("2026-01-08 09:00")),
        Step("approve", at("2026-01-09 09:00")),
    )
    total = report(make).total
    assert figures(total) == (1, 0, {"approve": 1}, (0, 0))
    assert (total.pass_rate, total.applicant_days) == (None, 36.0)


def test_each_department_counts_what_lies_below_it_and_nothing_else(make):
    city = make.staff(Role.MANAGER, "210100")
    for department in ("210102", "210103", "210103", "210100", "210202"):
        moments = Step("submit", at("2026-03-02 09:00")), Step("approve", at("2026-03-03 09:00"))
        happened(make, city, *moments, department=department)

    found = report(make, "210100")
    assert [(line.code, line.tally.decided) for line in found.lines if line.tally.decided] == [
        ("", 1),
        ("210102", 1),
        ("210103", 2),
    ]
    assert found.lines[0].title.endswith("（本级）")
    province = {line.code: line.tally.decided for line in report(make, "210000").lines if line.tally.decided}
    assert province == {"210100": 4, "210200": 1}
    alone = report(make, "210103").lines
    assert [(line.title, line.tally.decided) for line in alone] == [(make.department("210103").name, 2)]


def test_reasons_are_counted_by_question_and_paper_without_an_officers_own_words(make, officer):
    marks = [("mobile", "mismatch"), ("id_portrait", "blurred"), ("nation", None)]
    for _ in range(2):
        happened(make, officer, Step("submit", at("2026-03-02 09:00")), Step("return", at("2026-03-03 09:00"), marks))
        marks = marks[:1]

    found = report(make)

    told = [(reason.target, reason.reason, reason.count) for reason in found.reasons]
    assert told[0] == ("手机号码", "与附件不一致", 2)
    assert set(told[1:]) == {(PAPER["id_portrait"].title, "图片不清晰", 1), ("民族", "其他（审核人员填写）", 1)}
    assert found.marks == 4


def test_at_most_twenty_reasons_are_listed_and_all_are_counted(make, officer):
    marks = [(name, "mismatch") for name in answers.question_names()[:25]]
    happened(make, officer, Step("submit", at("2026-03-02 09:00")), Step("return", at("2026-03-03 09:00"), marks))
    found = report(make)
    assert (len(found.reasons), found.marks) == (20, 25)


def test_second_looks_count_when_they_were_answered(make, officer):
    declaration = happened(make, officer, Step("submit", at("2026-03-02 09:00")))
    for agreed, moment in ((True, "2026-03-03 09:00"), (False, "2026-03-04 09:00"), (False, "2027-01-01 09:00")):
        look = SecondLook(declaration_id=declaration.id, verb="approve", staff_id=officer.id, agreed=agreed)
        look.revision_id, look.answered_by = declaration.revisions[0].id, officer.id
        look.answered_at = at(moment)
        db.session.add(look)
    db.session.commit()
    found = report(make)
    assert (found.looked, found.disagreed, found.disagreement_rate) == (2, 1, 0.5)


def test_nothing_at_all_gives_empty_figures(make):
    found = report(make)
    assert figures(found.total) == (0, 0, {}, (0, 0))
    assert (found.undo_rate, found.disagreement_rate, found.total.pass_rate) == (None, None, None)
    assert (found.reasons, found.marks) == ([], 0)


# against the definition, spelled out in Python


def invented(dice: random.Random) -> list[Step]:
    """A past of up to eight steps in which each may follow the one before."""
    follows = {
        "": ["submit"],
        "submit": ["return", "approve", "decline", "submit"],
        "return": ["submit", "submit", "undo"],
        "approve": ["revoke", "undo", "end", "end"],
        "decline": ["reopen", "undo", "end"],
        "undo": ["return", "approve", "decline"],
        "reopen": ["return", "approve"],
        "revoke": ["submit", "end"],
    }
    moment, verb, steps = at("2025-11-20 08:00") + timedelta(minutes=dice.randrange(200_000)), "", list[Step]()
    while (verb := dice.choice(follows[verb])) != "end" and len(steps) < 8:
        moment += timedelta(minutes=1 if verb == "undo" else dice.randrange(60, 40_000))
        steps.append(Step(verb, moment))
    return steps


def expected(histories: list[list[Step]], span: Period) -> dict[str, tuple[object, ...]]:
    """Month -> submissions, verdicts, passed and decided at first, medians of whole hours in both hands."""
    submitted, verdicts = Counter[str](), defaultdict[str, Counter[str]](Counter)
    first, office = defaultdict[str, list[bool]](list), defaultdict[str, list[int]](list)
    applicant = defaultdict[str, list[int]](list)
    for steps in histories:
        undone = {index for index, step in enumerate(steps[:-1]) if steps[index + 1].verb == "undo"}
        begun, left, seen = steps[0].moment, None, False
        for index, step in enumerate(steps):
            month = f"{local(step.moment):%Y-%m}"
            if step.verb == "submit":
                submitted[month] += 1
                if left:
                    applicant[month].append((step.moment - left) // timedelta(hours=1))
                begun, left = step.moment, None
            elif step.verb in ("return", "approve", "decline") and index not in undone:
                verdicts[month][step.verb] += 1
                office[month].append((step.moment - begun) // timedelta(hours=1))
                if not seen:
                    first[month].append(step.verb == "approve")
                seen = True
                left = step.moment if step.verb == "return" else None
            elif step.verb == "revoke":
                left = step.moment
            elif step.verb == "reopen":
                begun = step.moment
    return {
        month: (
            submitted[month],
            dict(verdicts[month]),
            (sum(first[month]), len(first[month])),
            standard.median(office[month]) / 24 if office[month] else None,
            standard.median(applicant[month]) / 24 if applicant[month] else None,
        )
        for month in span.months
    }


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 12))])
def test_the_counts_are_those_of_the_definition_over_invented_histories(make, officer, seed):
    dice = random.Random(seed)
    histories = [invented(dice) for _ in range(40)]
    for steps in histories:
        happened(make, officer, *steps)

    found = {
        month: (
            tally.submitted,
            dict(tally.verdicts),
            (tally.first_passed, tally.first_decided),
            tally.office_days,
            tally.applicant_days,
        )
        for month, tally in report(make).months
    }

    assert found == expected(histories, YEAR)


# the page


@pytest.fixture
def desk(make, browser, officer):
    """An officer signed in, with one approval and one return of this month in the own county and one elsewhere."""
    moment = utcnow() - timedelta(minutes=5)
    verdicts = Step("approve", moment), Step("return", moment, [("mobile", "mismatch")])
    for verdict, department in zip((*verdicts, verdicts[0]), ("210102", "210102", "210103"), strict=True):
        happened(make, officer, Step("submit", moment - timedelta(days=1)), verdict, department=department)
    return browser.sign_in(officer)


def tile(page, title: str) -> str:
    return match(rf"<dt>{title}</dt><dd><b>([^<]*)</b>", page)


def test_the_page_shows_figures_charts_and_tables_of_the_own_department(desk):
    page = desk.open("/staff/statistics")

    assert (tile(page, "提交"), tile(page, "办结"), tile(page, "首次通过率")) == ("2", "2", "50%")
    assert tile(page, "审核用时中位数") == "1 天"
    titles = re.findall(r'<svg class="chart"[^>]*role="img"[^>]*>\s*<title[^>]*>([^<]*)</title>\s*<desc', page.text)
    assert titles == ["每月提交和办结", "每月首次通过率", "每月用时中位数（天）", "最常见的退回原因"]
    assert "手机号码" in page.text
    assert "按部门" not in page.text  # a county has nothing below it


def test_every_chart_has_its_table_beside_it(make, browser):
    browser.sign_in(make.staff(Role.MANAGER, "210100"))
    page = browser.open("/staff/statistics?office=210100")
    panels = re.findall(r'<section class="pane".*?</section>', page.text, re.DOTALL)
    assert len(panels) == 3
    assert all("<table" in panel for panel in panels if "<svg" in panel)
    assert sum("<svg" in panel for panel in panels) == 2


def test_a_department_below_leads_to_its_own_figures(make, browser, officer, desk):
    browser.sign_in(make.staff(Role.MANAGER, "210100"))
    page = browser.open("/staff/statistics")
    assert tile(page, "办结") == "3"
    link = match(r'<a href="(/staff/statistics\?office=210103[^"]*)"', page).replace("&amp;", "&")
    assert tile(browser.open(link), "办结") == "1"


def test_another_scope_is_not_found(desk):
    pages = [desk.open(f"/staff/statistics{kind}?office=210103", expect=404) for kind in ("", ".xlsx")]
    assert all(page.headers["Content-Type"].startswith("text/html") for page in pages)
    assert not any("首次通过率" in page.text for page in pages)


@pytest.mark.parametrize("path", ["/staff/statistics", "/staff/statistics.xlsx"])
def test_a_wrong_span_is_said_at_its_field_and_what_was_typed_stays(desk, path):
    page = desk.open(f"{path}?from=2001-01&to=2025-12", expect=422)
    assert page.text.count("一次最多统计 36 个月") == 2  # on top and at the field
    assert 'value="2001-01"' in page.text
    assert '<svg class="chart"' not in page.text


def test_the_spreadsheet_holds_the_tables_of_the_page(make, browser, desk):
    browser.sign_in(make.staff(Role.MANAGER, "210100"))
    page = desk.open("/staff/statistics.xlsx")
    page.response.close()

    found = {table.name: table for table in tables(page.data)}

    assert list(found) == ["概况", "按月份", "按部门", "退回原因", "填写提示"]
    months = found["按月份"]
    assert months.column("月份")[-1] == "合计"
    assert (months.rows[-1]["提交"].kind, months.rows[-1]["提交"].text) == ("n", "3")
    assert months.column("首次通过率(%)")[-1] == "66.7"
    assert found["退回原因"].column("次数") == ["1"]
    assert found["概况"].column("项目")[:3] == ["部门", "时间", "提交"]
    assert "filename*=UTF-8''" in page.headers["Content-Disposition"]


def test_no_name_of_an_officer_stands_in_the_statistics(desk, officer):
    page = desk.open("/staff/statistics")
    assert officer.name not in words(page.text.partition("<main")[2])
