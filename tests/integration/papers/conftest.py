"""A declaration whose papers are missing, and a phone beside the computer at which its owner is signed in."""

from __future__ import annotations

import pytest
from flask import Flask

from models import Declaration
from tests.conftest import Browser
from tests.support.factory import Make
from tests.support.people import EMPLOYED


@pytest.fixture
def declaration(make: Make, browser: Browser) -> Declaration:
    """All pages answered, nothing uploaded; its owner is signed in."""
    declaration = make.declaration(**EMPLOYED)
    browser.sign_in(declaration.account)
    return declaration


@pytest.fixture
def phone(app: Flask) -> Browser:
    return Browser(app)
