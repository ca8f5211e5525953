"""Pictures of the review: what they are compared with, the page around one, and what is preloaded for whom."""

from __future__ import annotations

import re

import pytest

from forms import PAPER
from lib.codes import Status
from models import Declaration, db
from services import workflow
from services.papers import pages, papers, preparation
from tests.support.factory import picture
from tests.support.office.review_desk import events_of, fresh, path
from tests.support.people import WITH_EMPLOYER

KIND = "id_emblem"
LOOKS = ("view", "view_picture", "load_ahead")


def replace(make, declaration: Declaration, *bodies: bytes, kind: str = KIND) -> None:
    """Other pages for one paper of an open declaration."""
    store = make.app.extensions["kuaiji.store"]
    db.session.expire(declaration)
    for page in papers.pages_of(declaration, kind):
        pages.remove_page(page)
    for body in bodies:
        pages.add_page(declaration, PAPER[kind], preparation.prepare(store, body))
    db.session.commit()


def submit(make, declaration: Declaration) -> None:
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    db.session.commit()


@pytest.fixture
def resubmitted(make, officer) -> Declaration:
    """Returned; with another picture of the ID card's back and all else as it was."""
    declaration = make.declaration(Status.RETURNED, officer=officer)
    replace(make, declaration, picture(900, 700, 7))
    declaration.postal_address = "样例路 99 号"  # what it was returned for
    submit(make, declaration)
    return declaration


def test_the_picture_of_the_last_time_is_the_one_of_the_revision_compared_with(browser, resubmitted):
    old = browser.open(path(resubmitted, f"pictures/1/{KIND}/0")).data
    before = browser.open(path(resubmitted, f"pictures/2/before/{KIND}/0"))
    assert before.data == old
    assert before.data != browser.open(path(resubmitted, f"pictures/2/{KIND}/0")).data
    assert before.headers["Cache-Control"] == "no-store"
    assert before.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert browser.open(path(resubmitted, f"pictures/2/before/{KIND}/0?thumb=1")).data != old


def test_a_change_is_beside_the_pictures_of_the_record_that_another_declaration_sent(make, browser, officer):
    record = make.record()
    old = browser.open(f"/staff/archive/{record.uid}/pictures/{KIND}/0").data
    change = make.change(record)
    make.papers(change)
    replace(make, change, picture(900, 700, 8))
    submit(make, change)
    assert browser.open(path(change, f"pictures/1/before/{KIND}/0")).data == old
    page = browser.open(path(change))
    assert f"/pictures/1/before/{KIND}/0" in page.text
    assert events_of(change, "view_picture") == ["view_picture"]


@pytest.mark.parametrize(
    "which",
    [
        "2/before/nothing/0",
        f"2/before/{KIND}/1",
        f"3/before/{KIND}/0",
        f"1/before/{KIND}/0",
        "2/nothing/0",
        f"2/{KIND}/7?preload=1",
    ],
)
def test_what_is_not_there_is_not_found_and_leaves_no_view(browser, resubmitted, which):
    refused = browser.open(path(resubmitted, f"pictures/{which}"), expect=404)
    assert refused.headers["Content-Type"].startswith("text/html")
    assert events_of(resubmitted, *LOOKS) == []


@pytest.mark.parametrize("which", [f"2/before/{KIND}/0", f"2/{KIND}/0/view", f"2/{KIND}/0?preload=1"])
def test_another_countys_pictures_are_not_found_by_any_way(make, another_browser, resubmitted, which):
    stranger = make.staff(department="210103")
    another_browser.sign_in(stranger).open(path(resubmitted, f"pictures/{which}"), expect=404)
    another_browser.open(path(resubmitted, "preload"), expect=404)
    assert events_of(resubmitted, *LOOKS) == []


# the page around a picture


def test_a_picture_has_a_page_with_the_last_one_beside_it(browser, resubmitted):
    page = browser.open(path(resubmitted, f"pictures/2/{KIND}/0/view")).text
    titles = re.findall(r"<title>([^<]*)</title><image href=\"([^\"]*)\"", page)
    assert [title for title, _address in titles] == ["上次居民身份证(国徽面)", "本次居民身份证(国徽面)"]
    assert [address.partition("/pictures/")[2] for _title, address in titles] == [f"2/before/{KIND}/0", f"2/{KIND}/0"]
    assert page.count('class="wm"') == 2
    assert "王审核 20" in page
    assert events_of(resubmitted, *LOOKS) == ["view_picture"]


def test_a_first_submissions_picture_stands_alone(make, browser, officer):
    page = browser.open(path(make.declaration(Status.SUBMITTED), f"pictures/1/{KIND}/0/view")).text
    assert page.count("<figure") == 1
    assert "上次" not in page
    assert "上一张：" in page
    assert "下一张：" in page


def test_a_picture_that_was_taken_away_can_still_be_seen(make, browser, officer):
    kind, pages = "employer_licence", [picture(900, 700, 7), picture(900, 700, 9)]
    declaration = make.declaration(**WITH_EMPLOYER)
    make.papers(declaration)
    replace(make, declaration, *pages, kind=kind)
    submit(make, declaration)
    workflow.claim(declaration, make.actor(officer))
    make.mark(declaration, kind, reviewer=make.actor(officer))
    workflow.send_back(declaration, make.actor(officer), 1)
    replace(make, declaration, pages[0], kind=kind)
    submit(make, declaration)
    page_of_it = f"pictures/2/{kind}/1/view"
    assert f"{page_of_it}?before=1" in browser.open(path(declaration)).text
    page = browser.open(path(declaration, f"{page_of_it}?before=1")).text
    assert page.count("<figure") == 1
    assert f"pictures/2/before/{kind}/1" in page
    browser.open(path(declaration, page_of_it), expect=404)


@pytest.mark.parametrize("which", ["2/nothing/0", f"2/{KIND}/7", f"9/{KIND}/0"])
def test_there_is_no_page_for_a_picture_that_is_not_there(browser, resubmitted, which):
    refused = browser.open(path(resubmitted, f"pictures/{which}/view"), expect=404)
    assert "<img" not in refused.text
    assert events_of(resubmitted, *LOOKS) == []


# preloaded


@pytest.fixture
def in_hand(make, officer) -> list[Declaration]:
    """Two submissions that the officer holds, and one that waits."""
    held = [make.declaration(Status.IN_REVIEW, officer=officer) for _ in range(2)]
    make.declaration(Status.SUBMITTED)
    return held


def following(browser, declaration: Declaration) -> list[str]:
    found = browser.open(path(declaration, "preload")).response.get_json()["pictures"]
    assert all(isinstance(address, str) for address in found)
    return list(found)


def test_the_next_submission_in_hand_tells_its_first_two_pictures(browser, in_hand):
    first, second = in_hand
    expected = [path(second, f"pictures/1/{kind}/0") for kind in ("id_portrait", KIND)]
    assert following(browser, first) == expected
    assert following(browser, second) == [address.replace(second.uid, first.uid) for address in expected]
    assert events_of(second, *LOOKS) == []


def test_nothing_is_loaded_of_what_nobody_holds_or_somebody_else_does(make, browser, officer):
    mine = make.declaration(Status.IN_REVIEW, officer=officer)
    make.declaration(Status.SUBMITTED)
    make.declaration(Status.IN_REVIEW)
    lapsed = make.declaration(Status.IN_REVIEW, officer=officer)
    make.lapsed(lapsed)
    assert following(browser, mine) == []
    assert "data-preload" not in browser.open(path(mine)).text


def test_the_page_asks_for_the_next_one_only_where_there_is_one(browser, in_hand):
    first, _second = in_hand
    page = browser.open(path(first)).text
    assert f'data-preload="{path(first, "preload")}"' in page
    assert "<noscript><img" not in page


def test_what_is_preloaded_is_in_the_trail_once_and_is_no_look(browser, in_hand):
    first, second = in_hand
    for address in following(browser, first):
        assert browser.open(f"{address}?preload=1").data.startswith(b"\xff\xd8")
    assert events_of(second, *LOOKS) == ["load_ahead"]
    page = browser.open(path(second)).text
    assert "<noscript><img" in page  # the browser may have it already
    assert events_of(second, *LOOKS) == ["load_ahead", "view"]


def test_preloading_does_not_prolong_the_claim_nor_start_the_clock(browser, in_hand):
    first, second = in_hand
    claim = fresh(second).claim
    assert claim
    before = claim.expires_at, claim.opened_at
    for address in following(browser, first):
        browser.open(f"{address}?preload=1")
    claim = fresh(second).claim
    assert claim
    assert (claim.expires_at, claim.opened_at) == before


def test_preloading_what_is_not_in_hand_is_a_look_like_any_other(make, browser, officer):
    waiting = make.declaration(Status.SUBMITTED)
    browser.open(path(waiting, f"pictures/1/{KIND}/0?preload=1"))
    assert events_of(waiting, *LOOKS) == ["view_picture"]
