"""Medians and shares."""

from __future__ import annotations

import statistics
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.figures import median, share


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60))
def test_the_median_is_that_of_the_values_spelled_out(values):
    assert median(Counter(values)) == statistics.median(values)


def test_nothing_has_no_median():
    assert median({}) is None


@pytest.mark.parametrize(("part", "whole", "expected"), [(1, 4, 0.25), (0, 3, 0.0), (0, 0, None)])
def test_a_share_of_nothing_is_none(part, whole, expected):
    assert share(part, whole) == expected
