"""Fixtures of tests that open no page."""

from __future__ import annotations

import pytest

from models import Staff
from tests.support.factory import Make


@pytest.fixture
def officer(make: Make) -> Staff:
    """王审核 of 210102, as in tests/conftest.py, with no browser."""
    return make.staff()
