"""The same page in two windows: nothing that was saved is overwritten unseen, nothing that was typed is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest

from models import Declaration, Draft
from services.declaration import drafts
from tests.support.applicant.filing import filled, stored, words

FIRST, SECOND, THIRD = "样例路 11 号", "样例路 22 号", "样例路 33 号"
TOLD = "您在另一个窗口修改并保存过本页"


@pytest.fixture
def declaration(make, browser) -> Declaration:
    declaration = make.declaration()
    make.papers(declaration)
    browser.sign_in(declaration.account)
    return declaration


@pytest.fixture
def windows(declaration, browser) -> tuple[dict, dict]:
    """What two windows send when both were opened before either saved."""
    first = filled(declaration, "personal", postal_address=FIRST)
    return first, filled(declaration, "personal", postal_address=SECOND)


def seen_on(page) -> str:
    return str(re.findall(r'name="seen" value="([^"]*)"', page.text)[0])


def test_the_second_window_is_told_and_then_decides(declaration, windows, browser):
    browser.send("/apply/personal", windows[0])
    shown = browser.send("/apply/personal", windows[1], expect=409)
    assert TOLD in words(shown.text)
    assert SECOND in shown.text
    assert stored(declaration).postal_address == FIRST

    browser.send("/apply/personal", windows[1] | {"seen": seen_on(shown)})
    assert stored(declaration).postal_address == SECOND


def test_a_second_window_with_a_mistake_is_told_as_well(declaration, windows, browser):
    browser.send("/apply/personal", windows[0])
    shown = browser.send("/apply/personal", windows[1] | {"mobile": "1380013abcd"}, expect=409)
    assert TOLD in words(shown.text)
    assert "1380013abcd" in shown.text
    assert 'href="#mobile"' in shown.text


@pytest.mark.parametrize("action", ["update", "photo", "back"])
def test_a_button_in_between_does_not_hide_it(declaration, windows, browser, action):
    browser.send("/apply/personal", windows[0])
    browser.send("/apply/personal", windows[1] | {"action": action}, expect=422 if action == "photo" else 302)
    again = browser.open("/apply/personal")
    assert SECOND in again.text

    shown = browser.send("/apply/personal", windows[1] | {"seen": seen_on(again)}, expect=409)

    assert TOLD in words(shown.text)
    assert stored(declaration).postal_address == FIRST


def test_typing_kept_while_one_types_does_not_hide_it_either(declaration, windows, browser):
    browser.send("/apply/personal", windows[0])
    browser.send("/apply/personal/draft", windows[1], expect=204)
    again = browser.open("/apply/personal")
    assert browser.send("/apply/personal", windows[1] | {"seen": seen_on(again)}, expect=409).status == 409


def test_one_window_alone_is_never_told(declaration, windows, browser):
    browser.send("/apply/personal", windows[0] | {"action": "update"})
    again = browser.open("/apply/personal")
    browser.send("/apply/personal", windows[0] | {"seen": seen_on(again)})
    now = filled(stored(declaration), "personal", postal_address=THIRD)
    browser.send("/apply/personal", now)
    assert stored(declaration).postal_address == THIRD


def test_saving_the_same_in_both_windows_is_no_conflict(declaration, windows, browser):
    browser.send("/apply/education", filled(declaration, "education"))
    browser.send("/apply/education", filled(declaration, "education"))
    browser.send("/apply/personal", windows[0])
    assert stored(declaration).postal_address == FIRST


def test_typing_that_arrives_twice_at_once_on_postgresql_is_no_conflict(declaration, windows, browser, monkeypatch):
    """What is saved while one types and a button, for the first time on this page: neither sees the other's row."""
    browser.send("/apply/personal/draft", windows[0], expect=204)
    get, asked = drafts.get, []

    def not_yet(*of: Any) -> Draft | None:
        asked.append(of)
        return None if len(asked) == 1 else get(*of)

    monkeypatch.setattr(drafts, "get", not_yet)
    browser.send("/apply/personal", windows[1] | {"action": "back"})
    assert SECOND in browser.open("/apply/personal").text
    assert len(asked) == 2
