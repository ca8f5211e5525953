"""What tests of several parts share."""

from __future__ import annotations

import pytest

from services.papers import phone_upload


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
