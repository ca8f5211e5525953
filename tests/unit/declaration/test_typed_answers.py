"""What a browser sends becomes answers: dates and months however written, boxes, lists, text."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from forms import STEPS
from lib.questions.conditions import FormContext
from services.declaration.answers import AnswerRow
from services.sheet import content as sheet_content

LISTS = {"nation": {"01": "汉族", "11": "满族"}, "talent": {"none": "无"}}
PAGES = {step.slug: step.form for step in STEPS}


def sent(slug: str, *fields: tuple[str, str], **stored: Any) -> Any:
    """A page's form, filled from stored answers and what was sent."""
    context = FormContext(facts={"id_type": "passport"} | stored, today=date(2026, 11, 23), options=LISTS, titles=LISTS)
    return PAGES[slug](MultiDict(fields), context=context)


WRITTEN = [
    ("2021-09-05", date(2021, 9, 5)),
    ("2021-9-5", date(2021, 9, 5)),
    ("2021/9/5", date(2021, 9, 5)),
    ("20210905", date(2021, 9, 5)),
    ("2021.09.05", date(2021, 9, 5)),
    ("2021年9月5日", date(2021, 9, 5)),
    (" 2021-09-05 ", date(2021, 9, 5)),
    ("２０２１－０９－０５", date(2021, 9, 5)),
    ("2021—09—05", date(2021, 9, 5)),
    ("2024-02-29", date(2024, 2, 29)),
    ("", None),
    ("   ", None),
]


@pytest.mark.parametrize(("typed", "meant"), WRITTEN)
def test_a_day_is_understood_however_it_is_written(typed, meant):
    question = sent("qualification", ("qualification_on", typed))["qualification_on"]
    assert question.data == meant
    assert not question.errors


@pytest.mark.parametrize("typed", ["2023-02-29", "2021-13-01", "2021-00-10", "5.9.2021", "2021-09", "21-09-05", "昨天"])
def test_what_is_no_day_is_told_how_to_write_one_and_kept_as_typed(typed):
    form = sent("qualification", ("qualification_on", typed), ("qualification", "junior"))
    form.checks()
    question = form["qualification_on"]
    assert question.errors_text == ["取得时间不是一个正确的日期，请按 2021-09-05 的样子填写"]
    assert (question.data, question.typed) == (None, typed)


def test_an_empty_day_takes_the_stored_one_away_and_a_missing_one_does_not():
    stored = {"qualification_on": date(2021, 9, 5)}
    assert sent("qualification", ("qualification_on", ""), **stored)["qualification_on"].data is None
    assert sent("qualification", ("abacus", "none"), **stored)["qualification_on"].data == date(2021, 9, 5)
    assert sent("qualification", ("abacus", "none"), qualification_on="2021-09-05")["qualification_on"].data == date(
        2021, 9, 5
    )


MONTHS = [
    ("2012", "7", "2012-07"),
    ("2012", "07", "2012-07"),
    (" 2012 ", " 12 ", "2012-12"),
    ("", "", None),
    ("2012年", "7", "2012-07"),
    *(
        (whole, "", "2012-07")
        for whole in (
            "2012-07",
            "2012－07",
            "2012—07",
            "201207",
            "2012/7",
            "２０１２年7月",
            "2012.07.15",
            "2012年7月15日",
        )
    ),
    ("201207", "3", "2012-07"),  # what stands behind the year goes before what was chosen earlier
]


@pytest.mark.parametrize(("year", "month", "meant"), MONTHS)
def test_a_month_is_typed_whole_or_made_of_two(year, month, meant):
    question = sent("personal", ("work_started-year", year), ("work_started-month", month))["work_started"]
    assert (question.data, question.process_errors) == (meant, [])


@pytest.mark.parametrize(
    ("year", "month"), [("2012", ""), ("", "7"), ("2012", "13"), ("2012", "0"), ("12", "7"), ("x", "y")]
)
def test_half_a_month_is_told(year, month):
    question = sent("personal", ("work_started-year", year), ("work_started-month", month))["work_started"]
    assert question.data is None
    assert question.process_errors == ["请把参加工作时间的年和月都填上，例如 2018-07"]
    assert question.year == year


def test_a_month_that_was_not_sent_stays():
    question = sent("personal", ("mobile", "13800130001"), work_started="2012-08")["work_started"]
    assert (question.data, question.year, question.month) == ("2012-08", "2012", "08")
    assert sent("personal", ("work_started-year", "2012"))["work_started"].process_errors


def test_boxes_are_kept_in_the_order_of_the_list_and_once():
    fields = [("accounting_posts", code) for code in ("reports", "cashier", "reports", "pilot")]
    assert sent("department", *fields)["accounting_posts"].data == ["cashier", "reports", "pilot"]


@pytest.mark.parametrize(("value", "meant"), [("yes", "yes"), ("on", None), ("", None)])
def test_a_box_is_ticked_or_not(value, meant):
    assert sent("department", ("employer_code_confirmed", value))["employer_code_confirmed"].data == meant


def test_an_empty_choice_is_no_answer_and_a_preset_stands_where_none_was_made():
    assert sent("personal", ("nation", ""))["nation"].data is None
    assert sent("personal", ("mobile", "1"))["talent"].data == "none"
    assert sent("personal", ("talent", ""))["talent"].data is None


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  样例路  1 号 ", "样例路 1 号"),
        ("ＡＢＣ１２", "ABC12"),
        ("", None),
        ("   ", None),
        ("样例路\u00001号", "样例路\u00001号"),
        ("样例路\t1\r\n号\u2028楼\x85", "样例路 1 号 楼"),
        ("\u202a样例\u200b路\u202e1\u2066号\ufeff\u00ad\ufe0f", "样例路1号"),
        ("⻓江路⻢⽅机⻋⼚", "长江路马方机车厂"),
    ],
)
def test_text_is_tidied_and_nothing_in_it_is_dropped_unseen(typed, kept):
    assert (sent("personal", ("postal_address", typed))["postal_address"].data or None) == kept


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f"])
def test_control_characters_are_refused(character):
    form = sent("personal", ("postal_address", f"样例路{character}一号楼"))
    form.checks()
    assert form["postal_address"].errors_text == ["内容中有看不见的控制字符，请删除后手工输入"]


def test_an_education_without_a_column_on_the_sheet_is_found_at_once():
    step = next(step for step in STEPS if step.slug == "education")
    rows = tuple(AnswerRow(name, name, "x", name) for name in ("full_time_level", "full_time_grade"))
    with pytest.raises(LookupError, match="full_time_grade"):
        sheet_content.blocks([sheet_content.AnswerSection(step, rows)])
