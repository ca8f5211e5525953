"""The officer's pictures: rectangles as forms send them, which picture was replaced, where frames are drawn."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms import PAPER
from models import Mark, Revision
from services.review import pictures as review_pictures
from services.review.pictures import ReviewPicture, pictures, rectangle, rectangle_in_percent
from services.review.rows import PaperLine

DIPLOMA, CARD = "full_time_diploma", "id_portrait"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0.1,0.2,0.3,0.25", [0.1, 0.2, 0.3, 0.25]),
        (" 0,0,1,1 ", [0, 0, 1, 1]),
        ("0.33333,0.1,0.1,0.1", [0.3333, 0.1, 0.1, 0.1]),
        ("0.7001,0,0.3003,1.0004", [0.7001, 0, 0.2999, 1]),  # beyond the edge by rounding only
    ],
)
def test_a_rectangle_is_four_fractions(text: str, found: list[float]) -> None:
    assert rectangle(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0.1,0.2,0.3",
        "0.1,0.2,0.3,0.4,0.5",
        "0.1 0.2 0.3 0.4",
        "nan,0,0.5,0.5",
        "inf,0,0.5,0.5",
        "-0.1,0,0.5,0.5",
        "+0.1,0,0.5,0.5",
        "1e-1,0,0.5,0.5",
        "0_1,0,0.5,0.5",
        "０.1,0,0.5,0.5",
        ".1,0,0.5,0.5",
        "0.12345678901,0,0.5,0.5",
        "0.1,0.2,0.005,0.5",  # nothing to see
        "0.1,0.2,0.5,0",
        "0.6,0.2,0.5,0.5",  # beyond the right edge
        "0.1,0.6,0.5,0.5",
        "1,1,1,1",
        "0.1,0.2,0.3,0.4\n0.1,0.2,0.3,0.4",
    ],
)
def test_anything_else_is_none(text: str) -> None:
    assert rectangle(text) is None


@pytest.mark.parametrize(
    ("sides", "found"),
    [
        (("10", "20.5", "30", " 25 "), [0.1, 0.205, 0.3, 0.25]),
        (("0", "0", "100", "100"), [0, 0, 1, 1]),
        (("", "", "", ""), None),
        (("10", "20", "30", ""), None),
        (("10", "20", "95", "10"), None),
        (("10", "20", "0.5", "10"), None),
        (("1e1", "20", "30", "10"), None),
        (("-1", "20", "30", "10"), None),
        (("９", "20", "30", "10"), None),
    ],
)
def test_a_rectangle_can_be_typed_in_per_cent(sides: tuple[str, str, str, str], found: list[float] | None) -> None:
    assert rectangle_in_percent(*sides) == found


SIDE = st.integers(0, 10_000)


@given(st.tuples(SIDE, SIDE, SIDE, SIDE))
def test_what_is_taken_lies_on_the_picture_and_is_taken_again_as_it_is(sides: tuple[int, int, int, int]) -> None:
    found = rectangle(",".join(f"{side / 10_000:.4f}" for side in sides))
    left, top, width, height = (side / 10_000 for side in sides)
    inside = left + width <= 1 and top + height <= 1 and min(width, height) > 0.005
    assert not inside or found == [left, top, width, height]
    if found:
        assert min(found[0], found[1]) >= 0
        assert found[0] + found[2] <= 1 + 1e-9
        assert found[1] + found[3] <= 1 + 1e-9
        assert rectangle(",".join(str(side) for side in found)) == found


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    assert rectangle(text) is None or len(text) >= 7
    assert rectangle_in_percent(text, text, text, text) is None or text.strip().replace(".", "").isascii()


# which pictures


def page(name: str) -> dict[str, Any]:
    return {
        "address": name,
        "width": 1600,
        "height": 1200,
        "size": 157_000,
        "original_size": 3_200_000,
        "uploaded_at": "2026-11-21T00:10:00+00:00",
    }


def revision(**found: str) -> Revision:
    """Papers as kind="ab": one page for each letter."""
    return cast(
        Revision, SimpleNamespace(papers={kind: [page(name) for name in names] for kind, names in found.items()})
    )


def line(kind: str, names: str, is_new: bool = False, **marks: Mark) -> PaperLine:
    return PaperLine(PAPER[kind], [page(name) for name in names], is_new, marks.get("asked_for"), marks.get("mark"))


def mark(on: Revision, target: str, at: int | None, sides: list[float] | None) -> Mark:
    found = SimpleNamespace(revision=on, target=target, page=at, rectangle=sides, comment="看不清", reason="请重新拍摄")
    return cast(Mark, found)


def told(found: list[ReviewPicture]) -> list[tuple[str, int, bool, str]]:
    """Kind, place, new or not, and which picture it replaces."""
    return [(one.kind, one.index, one.is_new, f"{one.before.index}" if one.before else "") for one in found]


def test_a_first_submission_has_nothing_before_it() -> None:
    found = pictures([line(CARD, "a"), line(DIPLOMA, "bc")])
    assert told(found) == [(CARD, 0, False, ""), (DIPLOMA, 0, False, ""), (DIPLOMA, 1, False, "")]
    assert [one.title for one in found] == [PAPER[CARD].title, "全日制学历证书 1", "全日制学历证书 2"]
    assert found[0].caption == "1600×1200 · 157 KB · 原图 3.2 MB · 2026-11-21 08:10 上传"
    assert not any(one.gone for one in found)


@pytest.mark.parametrize(
    ("before", "now", "expected", "gone"),
    [
        ("a", "b", [(True, "0")], []),
        ("ab", "ac", [(False, "0"), (True, "1")], []),
        ("a", "ab", [(False, "0"), (True, "")], []),
        ("ab", "a", [(False, "0")], [1]),
        ("ab", "b", [(False, "1")], [0]),  # the same picture in any place
        ("abc", "d", [(True, "0")], [1, 2]),
        ("", "a", [(True, "")], []),
    ],
)
def test_each_picture_stands_beside_the_one_in_whose_place_it_came(before, now, expected, gone) -> None:
    found = pictures([line(DIPLOMA, now, is_new=True)], revision(**{DIPLOMA: before}))
    there = [one for one in found if not one.gone]
    assert [(one.is_new, f"{one.before.index}" if one.before else "") for one in there] == expected
    assert [one.index for one in found if one.gone] == gone


def test_pictures_of_a_paper_that_is_not_asked_any_more_are_still_seen() -> None:
    found = pictures([line(CARD, "a")], revision(**{CARD: "a", "work_proof": "w"}))
    assert [(one.kind, one.gone) for one in found] == [(CARD, False), ("work_proof", True)]


SIDES = [0.1, 0.2, 0.3, 0.4]


def test_the_frame_of_the_unsent_mark_lies_on_its_page_only() -> None:
    now = revision(**{DIPLOMA: "ab"})
    found = pictures([line(DIPLOMA, "ab", mark=mark(now, DIPLOMA, 1, SIDES))])
    assert [len(one.frames) for one in found] == [0, 1]
    assert (found[1].frames[0].rectangle, found[1].frames[0].label, found[1].frames[0].earlier) == (
        SIDES,
        "看不清",
        False,
    )


def test_a_mark_without_a_frame_draws_none() -> None:
    before = revision(**{DIPLOMA: "a"})
    bare = mark(before, DIPLOMA, None, None)
    found = pictures([line(DIPLOMA, "a", asked_for=bare, mark=bare)], before)
    assert found[0].frames == []


def test_the_frame_of_the_last_return_lies_on_the_very_picture_on_which_it_was_drawn() -> None:
    before = revision(**{DIPLOMA: "ab"})
    asked = mark(before, DIPLOMA, 1, SIDES)
    replaced = pictures([line(DIPLOMA, "ac", is_new=True, asked_for=asked)], before)
    assert [len(one.frames) for one in replaced] == [0, 0]
    assert [len(one.before.frames) for one in replaced if one.before] == [0, 1]
    kept = pictures([line(DIPLOMA, "ab", asked_for=asked)], before)
    assert [[frame.label for frame in one.frames] for one in kept] == [[], ["退回时：看不清"]]
    dropped = pictures([line(DIPLOMA, "a", is_new=True, asked_for=asked)], before)
    assert [(one.gone, len(one.frames)) for one in dropped] == [(False, 0), (True, 1)]


def test_a_mark_on_a_page_that_is_not_there_draws_nothing() -> None:
    before = revision(**{DIPLOMA: "a"})
    found = pictures([line(DIPLOMA, "a", asked_for=mark(before, DIPLOMA, 7, SIDES))], before)
    assert found[0].frames == []


def test_the_watermark_names_the_officer_and_the_minute() -> None:
    assert review_pictures.watermark("王审核").startswith("王审核 20")
    assert len(review_pictures.watermark("王审核")) == len("王审核 2026-11-21 08:10")
