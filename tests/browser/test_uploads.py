"""Pictures that are sent in pieces, as a person sees it: progress, cancelling, a dropped connection, resuming later."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import func, select

from lib.database import transaction_mode
from models import Upload, UploadPart, db
from services.accounts import sessions
from services.papers import resumable_uploads
from tests.browser.conftest import Visitor
from tests.support.applicant.filing import pages_of
from tests.support.applicant.pdf_samples import CARD, pdf
from tests.support.applicant.tus_client import metadata
from tests.support.factory import picture
from tests.support.people import EMPLOYED
from tests.support.rules.house import ROOT
from tests.support.site.chromium import wait_until
from tests.support.site.scripts_site import picture as noise

BIG = noise(1250, 830)  # 1.3 MB: just small enough to be sent as it is, in three pieces
LICENCE = "#paper-employer_licence"


@pytest.fixture
def declaration(make):
    return make.declaration(**EMPLOYED)


@pytest.fixture
def at_papers(visit: Callable[..., Visitor], declaration) -> Callable[..., Visitor]:
    def open_papers(screen: str = "desk") -> Visitor:
        visitor = visit(screen)
        visitor.sign_in(declaration.account)
        visitor.go("/apply/papers")
        return visitor

    return open_papers


def choose(page: Page, *files: tuple[str, bytes]) -> None:
    chosen = [{"name": name, "mimeType": "image/jpeg", "buffer": body} for name, body in files]
    button = page.locator(f"{LICENCE} [data-upload] button:not([type=button], [data-again])")
    expect(button.first).to_be_hidden()  # the script listens: it takes the button's work over
    page.locator(f"{LICENCE} input[type=file]").set_input_files(chosen)  # type: ignore[arg-type]


def done(page: Page) -> None:
    expect(page.locator(f"{LICENCE}.ok")).to_be_visible()
    db.session.rollback()  # the test's own reading must see what the server wrote


def count(table: Any) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_a_chosen_picture_arrives_and_its_row_is_drawn_anew(at_papers, declaration):
    visitor = at_papers("phone")
    visitor.page.evaluate("window.same = true")
    choose(visitor.page, ("执照" * 2000 + ".jpg", BIG))
    done(visitor.page)
    visitor.look()
    assert visitor.page.evaluate("window.same"), "without a reload"
    (page,) = pages_of(declaration, "employer_licence")
    assert page.width == 1250


def test_several_pictures_go_one_after_the_other_and_a_bad_one_says_why(at_papers, declaration):
    visitor = at_papers()
    page = visitor.page
    choose(page, ("1.jpg", picture(1000, 701)), ("2.jpg", b"text"), ("3.jpg", picture(1000, 703)))
    line = page.locator(f"{LICENCE} .uploads li")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("文件不是 jpg")
    done(page)
    assert [item.height for item in pages_of(declaration, "employer_licence")] == [701, 703]
    visitor.look()
    line.get_by_role("button", name="知道了：2.jpg").press("Enter")
    expect(line).to_have_count(0)
    expect(page.locator(f"{LICENCE} input[type=file]")).to_be_focused()


def test_what_arrived_is_shown_and_said_also_when_the_last_one_was_refused(at_papers):
    page = at_papers().page
    page.evaluate(
        """() => new MutationObserver((changes) => changes.forEach(({ target }) => {
             if (target.closest?.("[role=status]")?.isConnected) (window.said ??= []).push(target.textContent);
           })).observe(document.body, { subtree: true, childList: true })"""
    )
    choose(page, ("1.jpg", picture(1000, 701)), ("2.jpg", b"text"))
    done(page)
    expect(page.locator(f"{LICENCE} .uploads li")).to_have_count(1)
    expect(page.locator(f"{LICENCE} .uploads li")).to_contain_text("文件不是 jpg")
    said = page.evaluate("window.said")
    assert "1.jpg 已上传" in said
    assert any(text.startswith("2.jpg 没有传成") for text in said)
    assert page.locator("[role=status]", has_text="2.jpg 没有传成").count(), "it outlives the row"


def test_progress_is_shown_and_the_picture_can_be_cancelled(at_papers, declaration):
    visitor = at_papers()
    page = visitor.page
    held: list[Route] = []
    page.route(
        "**/apply/uploads/*", lambda route: held.append(route) if route.request.method == "PATCH" else route.continue_()
    )
    choose(page, ("大图.jpg", BIG))
    bar = page.get_by_role("progressbar", name="大图.jpg 的上传进度")
    expect(bar).to_be_visible()
    expect(page.locator(f"{LICENCE} .said")).to_have_text(re.compile("^已传 [1-9][0-9]?%"))
    visitor.look()
    page.get_by_role("button", name="取消上传 大图.jpg").click()
    expect(bar).to_have_count(0)
    for route in held:
        route.abort()
    wait_until(page, lambda: count(Upload) == 0)
    assert pages_of(declaration, "employer_licence") == []


def test_a_dropped_line_is_named_and_the_upload_goes_on_when_it_is_back(at_papers, declaration):
    visitor = at_papers()
    page = visitor.page
    patches = 0

    def cut(route: Route) -> None:
        nonlocal patches
        if route.request.method != "PATCH":
            return route.continue_()
        patches += 1
        if patches == 2:
            page.context.set_offline(True)
            return route.abort()
        return route.continue_()

    page.route("**/apply/uploads/*", cut)
    choose(page, ("大图.jpg", BIG))
    expect(page.locator(f"{LICENCE} .said")).to_contain_text("网络不通")
    assert count(UploadPart) >= 1
    page.context.set_offline(False)
    done(page)
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_after_a_reload_the_same_file_goes_on_where_it_stopped(at_papers, declaration):
    visitor = at_papers()
    page = visitor.page
    page.route(
        "**/apply/uploads/*", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_()
    )
    choose(page, ("大图.jpg", BIG))
    expect(page.locator(f"{LICENCE} .said")).to_contain_text("网络不通")
    page.unroute("**/apply/uploads/*")
    visitor.go("/apply/papers")
    left = page.locator("[data-unfinished]")
    expect(left).to_contain_text(re.compile("上次有 1 张没有传完：大图.jpg，已传 [0-9]+%，请重新选择同一张图片继续"))
    uid = left.get_attribute("data-unfinished")
    begun: list[str] = []
    page.on("request", lambda asked: begun.append(asked.method + " " + asked.url.rsplit("/", 1)[-1]))
    choose(page, ("大图.jpg", BIG))
    done(page)
    expect(left).to_have_count(0)
    assert f"HEAD {uid}" in begun
    assert "POST uploads" not in begun
    assert len(pages_of(declaration, "employer_licence")) == 1


def test_what_is_unfinished_can_be_given_up(at_papers, declaration):
    visitor = at_papers()
    page = visitor.page
    page.route(
        "**/apply/uploads/*", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_()
    )
    choose(page, ("大图.jpg", BIG))
    expect(page.locator(f"{LICENCE} .said")).to_contain_text("网络不通")
    page.unroute("**/apply/uploads/*")
    visitor.go("/apply/papers")
    page.get_by_role("button", name="放弃上传 大图.jpg").press("Enter")
    expect(page.locator("[data-unfinished]")).to_have_count(0)
    expect(page.locator(f"{LICENCE} input[type=file]")).to_be_focused()
    expect(page.locator("[role=status]", has_text="已放弃没有传完的图片")).to_be_attached()
    wait_until(page, lambda: count(Upload) == 0)


def test_nobody_submits_while_a_picture_is_on_its_way(at_papers):
    visitor = at_papers()
    page = visitor.page
    page.route(
        "**/apply/uploads/*", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_()
    )
    choose(page, ("大图.jpg", BIG))
    expect(page.locator(f"{LICENCE} .said")).to_contain_text("网络不通")
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.locator(f"{LICENCE} .stop")).to_have_text("还有 1 张图片没有传完，请等传完再继续，或点【取消】")
    assert page.url.endswith("/apply/papers")


def test_a_session_that_ended_is_named_and_the_upload_goes_on_after_a_new_sign_in(at_papers, declaration):
    visitor = at_papers()
    page = visitor.page
    page.context.clear_cookies()
    with transaction_mode("IMMEDIATE"):
        sessions.end_all(account_id=declaration.account_id)
        db.session.commit()
    choose(page, ("大图.jpg", BIG))
    line = page.locator(f"{LICENCE} .uploads li")
    expect(line).to_contain_text("登录已超时")
    visitor.look()
    visitor.sign_in(declaration.account)
    line.get_by_role("button", name="继续上传 大图.jpg").click()
    done(page)


def test_an_empty_file_a_row_that_is_stuck_and_a_refused_file_hold_nobody_up(at_papers, declaration):
    visitor = at_papers()
    page = visitor.page
    stuck = metadata(kind="id_emblem")
    page.route(
        "**/apply/uploads",
        lambda route: route.abort() if stuck in route.request.headers["upload-metadata"] else route.continue_(),
    )
    files = {"id_emblem": picture(1000, 705), "id_portrait": b"", "work_proof": b"text"}
    for kind, body in (files | {"employer_licence": pdf("card", "card", size=CARD)}).items():
        chosen: Any = {"name": f"{kind}.pdf", "mimeType": "application/pdf", "buffer": body}
        page.locator(f"#paper-{kind} [data-upload] input[type=file]").set_input_files(chosen)
    done(page)
    assert len(pages_of(declaration, "employer_licence")) == 2
    expect(page.locator("#paper-id_emblem .said")).to_contain_text("网络不通")
    empty = page.locator("#paper-id_portrait .uploads li")
    expect(empty).to_contain_text("文件是空的，可能还没有下载到本机。请打开看一看，再重新选择")
    expect(page.locator("#paper-work_proof .uploads li")).to_contain_text("这是文本")
    visitor.look()
    page.get_by_role("button", name="取消上传 id_emblem.pdf").click()
    page.get_by_role("button", name="提交", exact=True).click()
    expect(page.locator(".errsum")).to_contain_text("还不能提交")


def test_a_file_that_is_too_large_says_so(at_papers, tmp_path):
    visitor = at_papers()
    film = tmp_path / "电影.jpg"
    film.write_bytes(bytes(15 * 1024 * 1024 + 1))
    visitor.page.locator(f"{LICENCE} input[type=file]").set_input_files(film)
    expect(visitor.page.locator(f"{LICENCE} .uploads li")).to_contain_text("超过 15 MB")


@pytest.mark.parametrize(("status", "says"), [(503, "系统正忙"), (507, "服务器暂时不能保存，稍后自动重试")])
def test_a_server_that_is_busy_or_full_says_which_and_is_tried_again(at_papers, status, says):
    visitor = at_papers()
    page = visitor.page
    page.route("**/apply/uploads/*/take", lambda route: route.fulfill(status=status, body="not now"))
    choose(page, ("1.jpg", picture(1000, 701)))
    expect(page.locator(f"{LICENCE} .said")).to_contain_text(says)
    page.unroute("**/apply/uploads/*/take")
    done(page)
    visitor.seen.clear()  # these answers were the test's own


def test_two_windows_with_the_same_file_make_one_page(at_papers, declaration):
    first, second = at_papers(), at_papers()
    for visitor in (first, second):
        visitor.page.route("**/apply/uploads/*/take", lambda route: route.abort())
        choose(visitor.page, ("大图.jpg", BIG))
    for visitor in (first, second):
        expect(visitor.page.locator(f"{LICENCE} .said")).to_contain_text("网络不通")
    for visitor in (first, second):
        visitor.page.unroute("**/apply/uploads/*/take")
    for visitor in (first, second):
        expect(visitor.page.locator(f"{LICENCE}.ok")).to_be_visible()  # each retries by itself
    db.session.rollback()
    assert len(pages_of(declaration, "employer_licence")) == 1


@pytest.mark.parametrize("pieces", [3, pytest.param(10, marks=pytest.mark.soak)])
def test_a_window_closed_after_every_piece_goes_on_in_the_next_one(at_papers, pieces):
    """The whole script, with pieces small enough to be closed between; the bytes are compared before they are taken."""
    source = (ROOT / "static" / "js" / "transfer.js").read_text("utf-8")
    small = source.replace("512 * 1024", str(len(BIG) // pieces + 1))
    assert small != source
    arrived = [0]
    while arrived[-1] < len(BIG):
        visitor = at_papers()
        page = visitor.page
        page.route("**/js/transfer.js", lambda route: route.fulfill(body=small, content_type="text/javascript"))
        page.route("**/take", lambda route: route.abort())
        page.goto(visitor.site + "/apply/papers")
        before = arrived[-1]
        page.route("**/apply/uploads/*", lambda route: one_piece(route, arrived[-1]))
        choose(page, ("大图.jpg", BIG))
        wait_until(page, partial(lambda seen: arrived_bytes() > seen, before))
        page.context.close()
        arrived.append(arrived_bytes())
    assert len(arrived) == pieces + 1
    upload = db.session.scalars(select(Upload)).one()
    assert resumable_uploads.assembled(upload) == BIG


def one_piece(route: Route, before: int) -> None:
    """Lets the piece through that comes after ``before``, and no other."""
    start = int(route.request.headers.get("upload-offset", before))
    route.continue_() if start <= before else route.abort()


def arrived_bytes() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.sum(Upload.arrived))) or 0
