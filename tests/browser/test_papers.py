"""附件上传 by hand: pages put in order by dragging and by keys, a document's corners by mouse, finger and keys."""

from __future__ import annotations

import pytest
from playwright.sync_api import CDPSession, Locator, Page, expect

from forms import PAPER
from models import PaperPage, db
from services.papers import pages, preparation
from tests.browser.conftest import Visitor
from tests.support.applicant.filing import pages_of
from tests.support.applicant.paper_photos import taken
from tests.support.factory import picture
from tests.support.people import EMPLOYED

KIND = "employer_licence"


@pytest.fixture
def declaration(make, app):
    declaration = make.declaration(**EMPLOYED)
    for data in (taken(2).jpeg(), picture(1000, 701), picture(1000, 702)):
        pages.add_page(declaration, PAPER[KIND], preparation.prepare(app.extensions["kuaiji.store"], data))
    db.session.commit()
    return declaration


def open_papers(visit, declaration, screen: str = "desk", **options) -> Visitor:
    visitor = visit(screen, **options).sign_in(declaration.account)
    visitor.go("/apply/papers")
    return visitor


def stored(declaration) -> list[PaperPage]:
    """The pages as the server has stored them: not as this test's own transaction has seen them."""
    db.session.rollback()
    return pages_of(declaration, KIND)


def heights(declaration) -> list[int]:
    return [page.height for page in stored(declaration)]


def grip(page: Page, which: int) -> Locator:
    return page.locator(f"#paper-{KIND} [data-grip]").nth(which)


def middle(locator: Locator) -> tuple[float, float]:
    locator.scroll_into_view_if_needed()
    box = locator.bounding_box()
    assert box
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    page.mouse.move(*end)
    page.mouse.up()


def swipe(cdp: CDPSession, start: tuple[float, float], end: tuple[float, float]) -> None:
    """A finger: Playwright's own touch can only tap."""
    for kind, place in (("touchStart", start), ("touchMove", end), ("touchMove", end), ("touchEnd", None)):
        points = [{"x": place[0], "y": place[1]}] if place else []
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def test_pages_are_put_in_order_with_the_mouse(visit, declaration):
    visitor = open_papers(visit, declaration)
    items = visitor.page.locator(f"#paper-{KIND} [data-page]")
    with visitor.page.expect_response("**/row"):
        drag(visitor.page, middle(grip(visitor.page, 2)), middle(items.nth(0)))
    expect(items.first).to_contain_text("1000×702")
    assert heights(declaration) == [702, 1200, 701]
    expect(grip(visitor.page, 0)).to_be_focused()
    visitor.look()


def test_pages_are_put_in_order_with_a_finger(visit, declaration):
    visitor = open_papers(visit, declaration, "phone", has_touch=True)
    page = visitor.page
    items = page.locator(f"#paper-{KIND} [data-page]")
    items.first.scroll_into_view_if_needed()
    start, end = middle(grip(page, 0)), middle(items.nth(1))
    start = middle(grip(page, 0))
    with page.expect_response("**/row"):
        swipe(page.context.new_cdp_session(page), start, end)
    expect(items.first).to_contain_text("1000×701")
    assert heights(declaration) == [701, 1200, 702]


def test_pages_are_put_in_order_by_keys_and_it_is_told(visit, declaration):
    visitor = open_papers(visit, declaration)
    page = visitor.page
    grip(page, 0).focus()
    with page.expect_response("**/row"):
        page.keyboard.press("ArrowRight")
    expect(page.locator("body > .vh[role=status]", has_text="已移到第 2 张，共 3 张")).to_be_attached()
    expect(grip(page, 1)).to_be_focused()
    with page.expect_response("**/row"):
        page.keyboard.press("ArrowRight")
    expect(grip(page, 2)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("body > .vh[role=status]", has_text="已经是最后一张")).to_be_attached()
    assert heights(declaration) == [701, 702, 1200]


def test_pages_are_put_in_order_without_scripts(visit, declaration):
    visitor = open_papers(visit, declaration, java_script_enabled=False)
    visitor.page.get_by_role("button", name=f"前移{PAPER[KIND].title}第 3 张").click()
    visitor.look()
    assert heights(declaration) == [1200, 702, 701]


def test_turning_and_deleting_do_not_leave_the_page(visit, declaration):
    visitor = open_papers(visit, declaration)
    page = visitor.page
    page.evaluate("window.stayed = true")
    with page.expect_response("**/row"):
        page.get_by_role("button", name=f"删除{PAPER[KIND].title}第 3 张").click()
    with page.expect_response("**/row"):
        page.get_by_role("button", name=f"旋转{PAPER[KIND].title}第 2 张").click()
    expect(page.locator(f"#paper-{KIND}")).to_contain_text("701×1000")
    assert page.evaluate("window.stayed")
    assert heights(declaration) == [1200, 1000]


# --- corners --------------------------------------------------------------------------------------------------------


def open_editor(visitor: Visitor) -> Page:
    visitor.page.get_by_role("link", name=f"裁剪{PAPER[KIND].title}第 1 张").click()
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text("裁剪图片")
    visitor.page.locator("[data-corners] img").evaluate("image => image.decode()")
    visitor.look()
    return visitor.page


def corners(page: Page) -> list[float]:
    return [float(value) for value in page.locator("[name=corners]").input_value().split(",")]


def corner(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=f"{name}：用方向键移动")


def cut(page: Page, declaration) -> list[float]:
    """Press the button; returns the corners that the page has now."""
    wanted = corners(page)
    page.get_by_role("button", name="按框裁剪并拉平").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("附件上传")
    assert stored(declaration)[0].crop == pytest.approx(wanted, abs=1e-4)
    return wanted


@pytest.mark.parametrize("screen", ["desk", "phone"])
def test_a_corner_is_dragged_with_the_mouse(visit, declaration, screen):
    page = open_editor(open_papers(visit, declaration, screen))
    before, (x, y) = corners(page), middle(corner(page, "右下角"))
    drag(page, (x, y), (x - 20, y - 10))
    after = corners(page)
    assert after[:4] == before[:4]
    assert after[4] < before[4]
    assert after[5] < before[5]
    cut(page, declaration)


def test_a_corner_is_dragged_with_a_finger(visit, declaration):
    page = open_editor(open_papers(visit, declaration, "phone", has_touch=True))
    before, (x, y) = corners(page), middle(corner(page, "左上角"))
    swipe(page.context.new_cdp_session(page), (x, y), (x + 25, y + 15))
    after = corners(page)
    assert after[0] > before[0]
    assert after[1] > before[1]
    assert after[2:] == before[2:]
    cut(page, declaration)


def test_a_corner_is_moved_by_keys_and_never_across_another(visit, declaration):
    page = open_editor(open_papers(visit, declaration))
    before = corners(page)
    corner(page, "左上角").focus()
    for _step in range(3):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    after = corners(page)
    assert after[0] == pytest.approx(before[0] + 0.03, abs=1e-4)
    assert after[1] == pytest.approx(before[1] + 0.002, abs=1e-4)
    expect(page.locator("[data-said]")).to_contain_text("左上角：左")
    for _step in range(120):
        page.keyboard.press("ArrowRight")
    assert corners(page)[0] < corners(page)[2]
    for _step in range(40):
        page.keyboard.press("ArrowLeft")
    cut(page, declaration)


def test_without_scripts_what_was_found_is_shown_and_cut(visit, declaration):
    page = open_editor(open_papers(visit, declaration, java_script_enabled=False))
    proposed = (stored(declaration)[0].measures or {})["document"]["corners"]
    page.get_by_role("button", name="按框裁剪并拉平").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("附件上传")
    assert stored(declaration)[0].crop == pytest.approx(proposed)
    page = open_editor(Visitor(page, page.url.split("/apply")[0], [], scripts=False))
    page.get_by_role("button", name="不裁剪，用整张").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("附件上传")
    assert stored(declaration)[0].crop is None
