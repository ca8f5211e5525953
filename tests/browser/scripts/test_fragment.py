"""static/js/fragment.js: a part of the page replaces another, and works like the rest of the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.support.site.chromium import wait_until
from tests.support.site.scripts_site import SHELL, Site, show

pytestmark = pytest.mark.browser

ROW = """<div class="up{ok}" id="paper-a" data-row="/row"><h2>学历证书</h2>
<form method="post" action="/upload" enctype="multipart/form-data" data-upload>
<label class="btn file">上传<input type="file" name="file" aria-label="选择学历证书的图片"></label>
<button>开始上传</button><span class="busy" role="status"></span></form>
<form method="post" action="/turn"><button aria-label="旋转第 1 张">旋转</button></form>{more}</div>"""
HEAD = "<p>已上传 <span data-uploaded>0</span> 项</p>"
REPLACE = """async (url) => {
  const base = document.querySelector("script[type=module]").src;
  const { refreshFragment, countUploaded } = await import(new URL("./fragment.js", base));
  await refreshFragment(document.querySelector("[data-row]"));
  countUploaded();
}"""


def row(ok: str = "", more: str = "") -> str:
    return ROW.replace("{ok}", ok).replace("{more}", more)


def replace(page: Page, site: Site, fresh: str) -> None:
    site.put("/row", fresh)
    page.evaluate(REPLACE)


def test_a_row_is_replaced_and_the_count_in_the_head_follows(page: Page, site: Site) -> None:
    show(page, site, HEAD + row())
    replace(page, site, row(" ok"))
    expect(page.locator(".up")).to_have_class("up ok")
    expect(page.locator("[data-uploaded]")).to_have_text("1")


def test_the_focus_stays_on_what_is_the_same_and_else_goes_to_the_heading(page: Page, site: Site) -> None:
    show(page, site, row())
    page.get_by_role("button", name="旋转第 1 张").focus()
    replace(page, site, row(" ok"))
    expect(page.get_by_role("button", name="旋转第 1 张")).to_be_focused()
    replace(page, site, row().replace("旋转第 1 张", "旋转第 2 张"))
    expect(page.get_by_role("heading", name="学历证书")).to_be_focused()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in turn", "the earlier one last"])
def test_of_two_rows_on_the_way_the_later_one_stays(page: Page, site: Site, order: tuple[int, int]) -> None:
    show(page, site, row())
    held: list[Route] = []
    page.route("**/row", lambda route: held.append(route))
    for _asked in range(2):
        with page.expect_request("**/row"):
            page.evaluate(f"window.both = [...(window.both ?? []), ({REPLACE})()]; null")
    wait_until(page, lambda: len(held) == 2)
    for which in order:
        held[which].fulfill(body=row(" ok", f"<b>{which}</b>"), content_type="text/html")
        page.evaluate(f"window.both[{which}]")
    expect(page.locator(".up b")).to_have_text("1")


def test_a_new_row_works_like_the_old_one_and_brings_behaviours_of_its_own(page: Page, site: Site) -> None:
    site.put("/upload", SHELL % "uploaded")
    show(page, site, row())
    extra = '<form method="post" action="/x" data-confirm="确定吗？"><button>删除</button></form><b data-nojs>更新</b>'
    replace(page, site, row(" ok", extra))
    expect(page.get_by_role("button", name="开始上传")).to_be_hidden()
    expect(page.get_by_text("更新")).to_be_hidden()
    questions: list[str] = []

    def refuse(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", refuse)
    page.evaluate("import('/static/js/confirm.js')")  # the page's own: it is there from then on
    page.get_by_role("button", name="删除").click()
    assert questions == ["确定吗？"]
