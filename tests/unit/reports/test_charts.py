"""Charts: the positions of their parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports import charts
from services.reports.charts import LEFT, PLOT, TOP, WIDTH, Series

MONTHS = [f"2026-{month:02d}" for month in range(1, 13)]
COUNTS = st.lists(st.integers(0, 100_000), min_size=1, max_size=36)


def months(count: int) -> list[str]:
    return [f"{2024 + n // 12}-{n % 12 + 1:02d}" for n in range(count)]


@given(st.floats(0.01, 1e7), st.booleans())
def test_a_scale_reaches_over_the_largest_value_in_a_few_round_steps(largest, whole):
    top, step = charts.scale(largest, whole=whole)
    assert top >= largest * 0.999999
    assert 1 <= round(top / step) <= 5
    assert not whole or step == int(step) >= 1


def test_an_empty_scale_is_drawn_all_the_same():
    assert charts.scale(0, whole=True) == (4, 1)


@given(COUNTS, COUNTS)
def test_columns_stand_on_the_ground_inside_the_frame_and_their_heights_are_in_proportion(first, second):
    count = min(len(first), len(second))
    series = [Series("提交", first[:count]), Series("办结", second[:count])]
    chart = charts.columns("c", "", "", months(count), series)

    top = charts.scale(max(*first[:count], *second[:count]), whole=True)[0]
    heights = [round(rect.height, 1) for rect in chart.rects]
    assert heights == pytest.approx([PLOT * value / top for one in series for value in one.values if value], abs=0.11)
    for rect in chart.rects:
        assert rect.y + rect.height == pytest.approx(TOP + PLOT, abs=0.11)
        assert rect.x >= LEFT
        assert rect.x + rect.width <= WIDTH


@given(st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=36))
def test_a_line_has_a_point_for_each_value_and_breaks_where_there_is_none(values):
    chart = charts.lines("l", "", "", months(len(values)), [Series("通过率", values)], most=1)
    points = [point for path in chart.paths for point in path.points.split()]
    assert len(points) == len(chart.dots) == sum(value is not None for value in values)
    runs = "".join("x" if value is None else "o" for value in values).split("x")
    assert len(chart.paths) == sum(bool(run) for run in runs)


def test_at_most_twelve_months_are_named_and_each_january_its_year():
    chart = charts.columns("c", "", "", months(36), [Series("提交", [1] * 36)])
    words = [text.words for text in chart.texts]
    assert sum(word.endswith("月") for word in words) == 12
    assert [word for word in words if word.endswith("年")] == ["2024年", "2025年", "2026年"]


def test_two_labels_of_a_year_do_not_overlap():
    chart = charts.columns("c", "", "", ["2025-12", "2026-01", "2026-02"], [Series("提交", [1, 2, 3])])
    assert [text.words for text in chart.texts if text.words.endswith("年")] == ["2026年"]


def test_the_longest_bar_leaves_room_for_its_figure():
    chart = charts.bars("b", "", "", [("沈阳市和平区财政局", 120), ("大东区", 30), ("空", 0)])
    assert [rect.width for rect in chart.rects] == [WIDTH - 52, (WIDTH - 52) / 4, 0]
    assert chart.height == 3 * charts.BAR_ROW


def test_a_chart_without_rows_is_empty():
    assert charts.bars("b", "", "", []).height == 0
    assert charts.lines("l", "", "", MONTHS, [Series("天数", [None] * 12)]).paths == []
