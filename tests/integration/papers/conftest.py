"""A declaration whose papers are missing, and a phone beside the computer at which its owner is signed in."""

from __future__ import annotations

import pytest
from flask import Flask

from models import Declaration
from services.papers import phone_upload
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


@pytest.fixture
def tokens(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens as they are made: only their QR code is ever sent."""
    made: list[str] = []
    original = phone_upload.new_token

    def new_token() -> str:
        made.append(original())
        return made[-1]

    monkeypatch.setattr(phone_upload, "new_token", new_token)
    return made
