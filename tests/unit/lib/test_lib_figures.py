"""Medians and shares."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.figures import figure, median, share, whole


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_the_median_is_that_of_the_values_spelled_out(values):
    assert median(Counter(values)) == statistics.median(values)


def test_nothing_has_no_median():
    assert median({}) is None


@pytest.mark.parametrize(("part", "whole", "expected"), [(1, 4, 0.25), (0, 3, 0.0), (0, 0, None)])
def test_a_share_of_nothing_is_none(part, whole, expected):
    assert share(part, whole) == expected


@pytest.mark.parametrize(
    ("value", "written", "counted"),
    [
        (0, "0", "0"),
        (0.25, "0.2", "不到 1"),
        (7.25, "7.2", "7"),
        (7.5, "7.5", "8"),
        (12.0, "12", "12"),
        (1234567.0, "1234567", "1234567"),
    ],
)
def test_a_figure_has_one_decimal_at_most_and_a_count_none(value, written, counted):
    assert (figure(value), whole(value)) == (written, counted)
