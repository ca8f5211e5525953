"""【打印个人基本信息表】 while another window of the person prints or saves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from services.filing import printing
from tests.integration.sheet.test_sheet import ADDRESS, text_of, versions
from tests.integration.sheet.test_sheet import declaration as declaration
from tests.support.applicant.filing import filled, stored


@pytest.fixture
def meanwhile(app, browser, monkeypatch):
    """Another window sends something after this one has read what it prints, and before it writes."""

    def sends(path: str, data: dict[str, str] | None = None) -> None:
        cookie, check = browser.client.get_cookie("kuaiji").value, printing.check

        def sent() -> int:
            client = app.test_client()  # in a thread of its own, which has a session of its own
            client.set_cookie("kuaiji", cookie)
            return client.post(path, data=data).status_code

        def checked(case):
            monkeypatch.setattr(printing, "check", check)
            photo = check(case)
            assert case.printed_answers
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(sent).result() == 302
            return photo

        monkeypatch.setattr(printing, "check", checked)

    return sends


@pytest.mark.parametrize("before", [0, 1])
def test_two_presses_at_once_make_one_version_and_both_lead_to_it(declaration, browser, meanwhile, before):
    """``before``: how many versions there are; what says the same keeps its version."""
    for _version in range(before):
        browser.send("/apply/check/print")
    meanwhile("/apply/check/print")
    second = browser.send("/apply/check/print")

    assert second.location == "/apply/sheet.pdf"
    assert versions() == [1]
    assert browser.follow(second).data.startswith(b"%PDF-")


def test_what_another_window_saves_while_the_sheet_is_printed_is_on_it(declaration, browser, meanwhile):
    meanwhile("/apply/personal", filled(stored(declaration), "personal", postal_address=ADDRESS))
    answer = browser.send("/apply/check/print")

    assert answer.location == "/apply/sheet.pdf"
    assert versions() == [1]
    assert "".join(ADDRESS.split()) in text_of(browser.follow(answer).data)
