"""A signature drawn with the finger (here: the mouse) on the screen becomes the signed sheet."""

from __future__ import annotations

from playwright.sync_api import expect

from forms import SHEET
from models import db
from tests.support.applicant.filing import pages_of


def test_what_is_drawn_is_sent_and_cleared_strokes_are_not(app, visit, make):
    app.config["SCREEN_SIGNATURE"] = True
    declaration = make.declaration()
    make.papers(declaration)
    visitor = visit("phone")
    visitor.sign_in(declaration.account)
    visitor.go("/apply/signature")
    page = visitor.page
    send, field = page.get_by_role("button", name="用这个签名"), page.get_by_role("img", name="签名的方框")
    expect(send).to_be_disabled()
    for clear in (True, False):
        field.scroll_into_view_if_needed()
        box = field.bounding_box()  # a click may have scrolled the page
        assert box
        page.mouse.move(box["x"] + 40, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + 200, box["y"] + 90, steps=8)
        page.mouse.up()
        expect(send).to_be_enabled()
        if clear:
            page.get_by_role("button", name="清除重签").click()
            expect(send).to_be_disabled()
    visitor.look()
    send.click()
    expect(page.locator("#paper-sheet")).to_contain_text("已在屏幕上签名")
    db.session.rollback()
    (row,) = pages_of(declaration, SHEET)
    assert row.reading["ink"] == "screen"  # type: ignore[index]
