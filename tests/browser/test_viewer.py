"""The picture pane of the review in Chromium: comparison, frames, keys alone, no scripts, preloading."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from flask import request
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from forms import PAPER
from lib.codes import Status
from models import Declaration, Staff, db
from services import workflow
from services.papers import pages, papers, preparation
from tests.browser.conftest import SCREENS, Visitor
from tests.support.office.review_desk import events_of
from tests.support.people import QUALIFIED, UNIVERSITY, WITH_EMPLOYER
from tests.support.site.chromium import wait_until

COMPLETE = WITH_EMPLOYER | UNIVERSITY | QUALIFIED
KIND = "qualification_certificate"
SIDES = [0.1, 0.5, 0.4, 0.2]


def certificate() -> bytes:
    """A landscape picture that differs from those of the factory."""
    image = Image.new("RGB", (1600, 1200), (250, 248, 240))
    ImageDraw.Draw(image).rectangle((60, 60, 1540, 1140), outline=(160, 20, 30), width=8)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


@pytest.fixture
def resubmitted(make: Any, app: Any, officer: Staff) -> Declaration:
    """Returned for a certificate with a frame on it; the new picture is in the officer's hands."""
    declaration = make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    make.mark(declaration, KIND, reviewer=make.actor(officer), comment="看不清管理号")
    sent = declaration.revisions[0].marks[0]
    sent.page, sent.rectangle = 0, SIDES
    workflow.send_back(declaration, make.actor(officer), 1)
    pages.remove_page(papers.pages_of(declaration, KIND)[0])
    pages.add_page(declaration, PAPER[KIND], preparation.prepare(app.extensions["kuaiji.store"], certificate()))
    db.session.commit()
    make.signed_sheet(declaration)
    workflow.submit(declaration, make.actor(declaration.account), commitment="1", review_days=10)
    workflow.claim(declaration, make.actor(officer))
    db.session.commit()
    return declaration


def address(declaration: Declaration, more: str = "") -> str:
    path = f"/staff/submissions/{declaration.uid}{more}"
    db.session.rollback()
    return path


def test_the_last_time_and_now_keep_their_manners_side_by_side(desk, resubmitted):
    window = desk("phone", also=[SCREENS["desk"]])
    window.go(address(resubmitted))
    expect(window.page.get_by_role("button", name="对比上次")).to_have_attribute("aria-pressed", "true")
    before = window.page.get_by_role("group", name=re.compile("上次的图片"))
    expect(before.locator("img")).to_have_js_property("naturalWidth", 1000)
    expect(before.locator(".labels")).to_have_text("退回时：看不清管理号")
    expect(window.page.locator(".stage:not([data-before]) img")).to_have_js_property("naturalWidth", 1600)
    window.look()
    window.go(address(resubmitted, f"/pictures/2/{KIND}/0/view"))


def test_a_frame_given_by_keys_is_sent_with_its_mark(desk, resubmitted):
    window = desk()
    page = window.page
    window.go(address(resubmitted))
    page.locator(f"[data-row={KIND}]").focus()
    page.keyboard.press("m")
    page.keyboard.press("Escape")
    page.locator(f"[data-row={KIND}]").focus()
    page.keyboard.press("x")
    for key in ["ArrowRight"] * 3 + ["ArrowDown"] * 2 + ["Shift+ArrowRight"] * 4:
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="保存标记").first.click()
    page.wait_for_load_state()
    db.session.rollback()
    (mark,) = db.session.get_one(Declaration, resubmitted.id).revisions[1].marks
    assert mark.rectangle
    left, top, width, height = mark.rectangle
    assert (mark.target, mark.page) == (KIND, 0)
    assert 0.3 < left < left + width < 1
    assert 0.3 < top < top + height < 1
    db.session.rollback()
    expect(page.locator(".stage:not([data-before]) .frame")).to_have_count(1)


def test_without_scripts_each_picture_has_a_page_with_everything_on_it(desk, resubmitted):
    window = desk(java_script_enabled=False)
    page = window.page
    page.goto(window.site + address(resubmitted))
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="专业技术资格证书").click()
    found = opened.value
    assert found.url.endswith(f"/pictures/2/{KIND}/0/view")
    expect(found.get_by_role("img", name="上次专业技术资格证书")).to_be_visible()
    expect(found.get_by_role("img", name="本次专业技术资格证书")).to_be_visible()
    expect(found.get_by_text("红框处：退回时：看不清管理号")).to_be_visible()
    assert found.locator(".wm").count() == 2
    assert "王审核 20" in (found.locator(".wm text").first.text_content() or "")
    found.get_by_role("link", name="返回审核").click()
    assert found.url.endswith(address(resubmitted))


def wait_for(window: Visitor, following: Declaration) -> None:
    """Wait until its first pictures are being loaded: the audit trail shows it."""
    wait_until(window.page, lambda: events_of(following, "load_ahead"))


def test_the_next_submission_in_hand_opens_with_pictures_that_are_there(make, app, desk, officer, resubmitted):
    """They were requested once, before the page opened; the audit trail shows the loading, but no view."""
    following = make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    first, second = f"{address(following)}/pictures/1/id_portrait/0", f"{address(following)}/pictures/1/id_emblem/0"
    asked: list[str] = []
    app.before_request(lambda: asked.append(request.full_path.rstrip("?")))
    window = desk()
    window.wait_longer("preload.js", "PATIENCE_MS = 400;")  # for what is still on its way from memory
    with window.page.expect_request_finished(lambda one: one.url.endswith("/preload")):
        window.page.goto(window.site + address(resubmitted))
    wait_for(window, following)
    assert events_of(following, "load_ahead", "view", "view_picture") == ["load_ahead"]
    window.page.goto(window.site + address(following))
    image = window.page.locator(".stage img")
    expect(image).to_have_attribute("src", re.compile("^blob:"))
    expect(image).to_have_js_property("naturalWidth", 1000)
    window.page.keyboard.press("]")
    expect(image).to_have_attribute("src", re.compile("^blob:"))
    pictures = [path for path in asked if path.startswith((first, second)) and "thumb" not in path]
    assert sorted(pictures) == sorted(
        [f"{first}?preload=1", f"{second}?preload=1"]
    )  # side by side: either may be first
    assert events_of(following, "load_ahead", "view", "view_picture") == ["load_ahead", "view"]


def test_a_picture_that_was_lost_from_memory_is_asked_for_again(make, desk, officer, resubmitted):
    following = make.declaration(Status.IN_REVIEW, officer=officer, **COMPLETE)
    db.session.rollback()
    window, other = desk(), desk()  # another browser: nothing of the first one's memory is there
    with window.page.expect_request_finished(lambda one: one.url.endswith("/preload")):
        window.page.goto(window.site + address(resubmitted))
    wait_for(window, following)
    other.page.goto(other.site + address(following))
    image = other.page.locator(".stage img")
    expect(image).to_have_attribute("src", re.compile("/pictures/1/id_portrait/0$"))
    expect(image).to_have_js_property("naturalWidth", 1000)
