"""Which reasons of data/return_reasons.csv fit which question or paper. An office's own reason fits all of its list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from forms import PAPER, PAPERS, PHOTO, SHEET, STEPS
from lib.codes import YesNo
from lib.questions.fields import DayQuestion, DivisionQuestion, MonthQuestion, Question
from services.declaration import labels
from services.marks.return_reasons import Choice

PROVEN = frozenset(name for paper in PAPERS for name in paper.proves)
PLACES = frozenset({"location_kind", "employer_address", "home_address"})
#: Besides schools and subjects: what people shorten.
IN_FULL = PLACES - {"location_kind"} | {"postal_address", "employer_name", "school"}
#: What a person or an employer gets from somebody, with a number and a name on it.
CERTIFICATES = frozenset(
    "student_card full_time_diploma full_time_degree_paper part_time_diploma part_time_degree_paper "
    "qualification_certificate appointment abacus_certificate talent_certificate".split()
)
EXPIRING = frozenset(
    "id_emblem card_portrait card_back passport employer_licence student_card residence_permit".split()
)
#: What is said of a paper that was not uploaded, and what only of pictures.
NOT_THERE = "not_uploaded"
OF_PICTURES = frozenset(
    "blurred cut_off wrong_paper no_stamp no_signature photo_unfit certificate_number expired".split()
)


@cache
def _fits() -> Mapping[str, frozenset[str]]:
    """Reason -> the questions and papers that it fits, where it does not fit all of its list."""
    questions = [question for step in STEPS for question in labels.unfilled(step).questions]

    def kind(*classes: type[Question]) -> frozenset[str]:
        return frozenset(question.name for question in questions if isinstance(question, classes))

    def ending(*ends: str) -> frozenset[str]:
        return frozenset(question.name for question in questions if question.name.endswith(ends))

    return {
        "mismatch": PROVEN,
        "name_mismatch": frozenset({"applicant_name"}),
        "wrong_region": kind(DivisionQuestion) | PLACES,
        "wrong_department": frozenset({"department_code"}),
        "not_qualification": frozenset({"qualification", "qualification_kind", "qualification_no"}),
        "date_wrong": kind(DayQuestion, MonthQuestion) & PROVEN,
        "number_wrong": ending("_no") | {"employer_code"},
        "incomplete": IN_FULL | ending("_school", "_major"),
        "cut_off": frozenset(PAPER) - {PHOTO},
        "no_stamp": frozenset({SHEET}),
        "no_signature": frozenset({SHEET}),
        "photo_unfit": frozenset({PHOTO}),
        "certificate_number": CERTIFICATES,
        "expired": EXPIRING,
    }


@cache
def _unfit(target: str, stamped: bool, is_there: bool) -> frozenset[str]:
    """The reasons that do not fit. Without an employer nobody stamps the sheet."""
    found = {code for code, targets in _fits().items() if target not in targets}
    found |= {NOT_THERE} if is_there else OF_PICTURES
    return frozenset(found if stamped else found | {"no_stamp"})


def unfit(target: str, answers: Mapping[str, Any], *, is_there: bool = True) -> frozenset[str]:
    """``is_there``: not a paper without any picture."""
    return _unfit(target, answers.get("has_employer") == YesNo.YES, is_there)


def fitting(choices: Sequence[Choice], left_out: frozenset[str], chosen: str = "") -> tuple[Choice, ...]:
    """What is offered of a list. Each keeps its digit; what was chosen before stays."""
    return tuple(choice for choice in choices if choice.code not in left_out or choice.code == chosen)
