"""What this device keeps: only on request, only as ciphertext, and not a moment longer than needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from models import Draft, db
from tests.browser.conftest import Visitor
from tests.browser.test_uploads import BIG, LICENCE, choose, done
from tests.support.applicant.filing import pages_of
from tests.support.people import EMPLOYED
from tests.support.site.chromium import wait_until

BOX = "在这台设备上保留没有保存的内容（公用电脑请不要勾选）"
TYPED = "辽宁省沈阳市和平区断网路 7 号"
#: Everything that the browser stores for this site.
LEFT = """async () => {
  const kept = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((resolve) => {
      const request = indexedDB.open(name);
      request.onsuccess = () => resolve(request.result);
    });
    for (const table of database.objectStoreNames) {
      const rows = await new Promise((resolve) => {
        const request = database.transaction(table).objectStore(table).getAll();
        request.onsuccess = () => resolve(request.result);
      });
      for (const row of rows) kept.push({ ...row, sealed: [...new Uint8Array(row.sealed)].slice(0, 5000) });
    }
    database.close();
  }
  return { kept, local: { ...localStorage }, session: { ...sessionStorage } };
}"""


def left(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(LEFT)
    return found


def wait_until_forgotten(page: Page) -> None:
    """What has arrived, and what is too old, goes a moment after the page is there."""
    wait_until(page, lambda: left(page)["kept"] == [])


@pytest.fixture
def declaration(make):
    return make.declaration(**EMPLOYED)


@pytest.fixture
def at(visit: Callable[..., Visitor], declaration) -> Callable[..., Visitor]:
    """A window at a page of the wizard, with a person signed in."""

    def open_at(path: str = "/apply/personal", account: Any = None, keep: bool = True) -> Visitor:
        visitor = visit()
        visitor.sign_in(account or declaration.account)
        visitor.go(path)
        if keep:
            visitor.page.get_by_label(BOX).check()
            expect(visitor.page.locator("[data-keep]")).to_contain_text("已开启")
        return visitor

    return open_at


def type_offline(visitor: Visitor, text: str = TYPED) -> None:
    """Type into 通讯地址 while nothing reaches the platform, and wait for the save indicator."""
    visitor.page.route("**/draft", lambda route: route.abort())
    visitor.fill("通讯地址", text)


def light(visitor: Visitor) -> Any:
    return visitor.page.locator(".save[role=status]")


def test_what_was_typed_offline_comes_back_after_a_reload_and_reaches_the_platform(at, declaration):
    visitor = at()
    type_offline(visitor)
    expect(light(visitor)).to_contain_text("已保存在本机")
    visitor.look()

    visitor.page.unroute("**/draft")
    visitor.go("/apply/personal")

    expect(visitor.page.get_by_label("通讯地址", exact=True)).to_have_value(TYPED)
    expect(light(visitor)).to_contain_text("已保存到平台")
    db.session.rollback()
    assert ["postal_address", TYPED] in db.session.scalars(select(Draft)).one().body
    wait_until_forgotten(visitor.page)
    assert left(visitor.page)["kept"] == [], "the platform has it now"


def test_what_lies_on_the_disk_is_not_readable(at, declaration):
    visitor = at()
    type_offline(visitor)
    expect(light(visitor)).to_contain_text("已保存在本机")
    found = left(visitor.page)
    (row,) = found["kept"]
    assert TYPED.encode() not in bytes(row["sealed"])
    for told in (json.dumps(found["local"]), row["id"]):
        assert declaration.account.name not in told
        assert declaration.account.id_number not in told


def test_without_the_wish_nothing_is_kept(at):
    visitor = at(keep=False)
    type_offline(visitor)
    expect(light(visitor)).to_contain_text("未能自动保存，请检查网络")
    assert left(visitor.page) == {"kept": [], "local": {}, "session": {}}


def test_unticking_wipes(at):
    visitor = at()
    type_offline(visitor)
    expect(light(visitor)).to_contain_text("已保存在本机")
    visitor.page.get_by_label(BOX).uncheck()
    expect(visitor.page.locator("[data-keep]")).to_contain_text("本机没有保留任何内容")
    assert left(visitor.page) == {"kept": [], "local": {}, "session": {}}


def test_signing_out_wipes(at):
    visitor = at()
    type_offline(visitor)
    expect(light(visitor)).to_contain_text("已保存在本机")
    visitor.page.locator("details.menu summary").click()
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="退出").click()
    assert left(visitor.page) == {"kept": [], "local": {}, "session": {}}


def test_the_next_person_on_the_computer_reads_nothing(at, make, visit):
    visitor = at()
    type_offline(visitor)
    expect(light(visitor)).to_contain_text("已保存在本机")
    visitor.page.unroute("**/draft")
    other = make.declaration(**EMPLOYED)
    visitor.sign_in(other.account)  # the first one never signed out
    visitor.go("/apply/personal")
    expect(visitor.page.get_by_label(BOX)).to_be_enabled()  # it has been found out whose device this is
    expect(visitor.page.get_by_label(BOX)).not_to_be_checked()
    expect(visitor.page.get_by_label("通讯地址", exact=True)).not_to_have_value(TYPED)
    visitor.page.get_by_label(BOX).check()
    expect(visitor.page.locator("[data-keep]")).to_contain_text("已开启")
    visitor.go("/apply/personal")
    expect(visitor.page.get_by_label(BOX)).to_be_checked()  # what is kept has been looked for
    expect(visitor.page.get_by_label("通讯地址", exact=True)).not_to_have_value(TYPED)


def test_after_a_week_it_is_gone(at):
    visitor = at()
    type_offline(visitor)
    expect(light(visitor)).to_contain_text("已保存在本机")
    visitor.page.evaluate("""() => new Promise((resolve) => {
      indexedDB.open("kuaiji").onsuccess = ({ target }) => {
        const table = target.result.transaction("kept", "readwrite").objectStore("kept");
        table.getAll().onsuccess = ({ target: { result } }) => {
          for (const row of result) table.put({ ...row, at: row.at - 8 * 24 * 3600 * 1000 });
          table.transaction.oncomplete = () => { target.result.close(); resolve(); };
        };
      };
    })""")
    visitor.go("/apply/education")
    wait_until_forgotten(visitor.page)
    assert left(visitor.page)["kept"] == []


def test_a_page_that_was_saved_does_not_come_back(at, declaration):
    visitor = at("/apply/education")
    visitor.page.route("**/draft", lambda route: route.abort())
    visitor.fill("毕业院校", "断网大学")
    expect(light(visitor)).to_contain_text("已保存在本机")
    visitor.press("下一步")
    visitor.page.unroute("**/draft")
    db.session.rollback()
    declaration.full_time_school = "另一所大学"  # changed elsewhere since
    db.session.commit()
    visitor.go("/apply/education")
    wait_until_forgotten(visitor.page)
    expect(visitor.page.get_by_label("毕业院校", exact=True).first).to_have_value("另一所大学")
    assert left(visitor.page)["kept"] == []


def test_lists_that_the_browser_fills_come_back_too(at):
    visitor = at("/apply/department")
    page = visitor.page
    page.route("**/draft", lambda route: route.abort())
    visitor.choose("单位所在市", "大连市")
    expect(page.get_by_label("单位所在县(区)").locator("option", has_text="中山区")).to_have_count(1)
    visitor.choose("单位所在县(区)", "中山区")
    expect(light(visitor)).to_contain_text("已保存在本机")
    page.unroute("**/draft")
    late: list[Route] = []
    page.route("**/divisions?*", lambda route: late.append(route), times=1)
    page.clock.install()
    visitor.go("/apply/department")
    wait_until(page, lambda: late)
    page.clock.run_for(30_000)
    late[0].continue_()
    expect(light(visitor)).to_contain_text("已保存到平台")
    assert page.get_by_label("单位所在市").locator("option:checked").inner_text() == "大连市"
    assert page.get_by_label("单位所在县(区)").locator("option:checked").inner_text() == "中山区"


def test_a_kept_picture_goes_on_by_itself_after_a_reload(at, declaration):
    visitor = at("/apply/papers")
    page = visitor.page

    def no_pieces(route: Route) -> None:
        route.abort() if route.request.method == "PATCH" else route.continue_()

    page.route("**/apply/uploads/*", no_pieces)
    choose(page, ("大图.jpg", BIG))
    expect(page.locator(f"{LICENCE} .said")).to_contain_text("网络不通")
    assert BIG[100:200] not in bytes(left(page)["kept"][0]["sealed"])
    page.unroute("**/apply/uploads/*")
    visitor.go("/apply/papers")
    done(page)
    assert len(pages_of(declaration, "employer_licence")) == 1
    wait_until_forgotten(page)
    assert left(page)["kept"] == []
    expect(page.locator("[data-unfinished]")).to_have_count(0)


def test_where_the_browser_cannot_encrypt_the_box_says_so(visit, declaration):
    visitor = visit()
    visitor.sign_in(declaration.account)
    visitor.page.add_init_script("Object.defineProperty(crypto, 'subtle', { value: undefined })")
    visitor.go("/apply/personal")
    box = visitor.page.get_by_label(BOX)
    expect(box).to_be_disabled()
    expect(visitor.page.locator("[data-keep]")).to_contain_text("这里用不了")


def test_a_device_without_room_says_that_nothing_was_kept(at):
    visitor = at()
    visitor.page.evaluate("""() => {
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }""")
    type_offline(visitor)
    expect(light(visitor)).to_contain_text("未能自动保存，请检查网络")


def test_a_picture_is_sent_all_the_same_where_there_is_no_room_to_keep_it(at, declaration):
    visitor = at("/apply/papers")
    visitor.page.evaluate("""() => {
      IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
    }""")
    choose(visitor.page, ("大图.jpg", BIG))
    done(visitor.page)
    assert len(pages_of(declaration, "employer_licence")) == 1
