"""The modules of static/js that help to fill a form, on small pages of their own.

Their headers describe what they do for the real pages; the stories through the product are tested elsewhere.
"""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.support.site.chromium import wait_until
from tests.support.site.scripts_site import SHELL, Site, show

pytestmark = pytest.mark.browser


# when.js


CONDITIONS = """
<form data-facts='{"id_type": "passport", "level": ["low", "high"]}'>
  <label><input type="radio" name="employer" value="yes">是</label>
  <label><input type="radio" name="employer" value="no">否</label>
  <p id="status" data-when='[["employer", ["no"]]]'>
    <label><input type="radio" name="status" value="student">在校学生</label>
    <label><input type="radio" name="status" value="other">其他</label></p>
  <p id="school" data-when='[["status", ["student"]]]'><input name="school" aria-label="学校"></p>
  <p id="jobs" data-when='[["employer", ["yes"]], ["work", ["accounts"]]]'>岗位</p>
  <label><input type="checkbox" name="work" value="audit">a</label>
  <label><input type="checkbox" name="work" value="accounts">b</label>
  <p id="fact" data-when='[["id_type", ["passport"]], ["level", ["high"]]]'>国家或地区</p>
  <p id="unless" data-when='[["status", ["student"], true]]'>居住地</p>
  <p id="nofact" data-when='[["id_type", ["resident_id"]]]'>民族</p>
  <button data-nojs>更新</button>
</form>"""


def test_questions_show_when_all_their_conditions_hold(page: Page, site: Site) -> None:
    show(page, site, CONDITIONS)
    expect(page.locator("#fact")).to_be_visible()
    for hidden in ("#status", "#school", "#jobs", "#nofact"):
        expect(page.locator(hidden)).to_be_hidden()

    page.check("[value=accounts]")
    expect(page.locator("#jobs")).to_be_hidden()
    page.check("[value=yes]")
    expect(page.locator("#jobs")).to_be_visible()


def test_a_hidden_question_counts_as_unanswered_and_keeps_what_was_typed(page: Page, site: Site) -> None:
    show(page, site, CONDITIONS)
    page.check("[value=no]")
    page.check("[value=student]")
    page.fill("[name=school]", "样例学院")
    page.check("[value=yes]")
    expect(page.locator("#school")).to_be_hidden()
    assert page.locator("[name=school]").is_enabled()

    page.check("[value=no]")
    expect(page.locator("#school")).to_be_visible()
    expect(page.locator("[name=school]")).to_have_value("样例学院")


def test_unless_asks_for_an_answer_that_is_another_one(page: Page, site: Site) -> None:
    show(page, site, CONDITIONS)
    page.check("[value=no]")
    expect(page.locator("#unless")).to_be_hidden()
    page.check("[value=student]")
    expect(page.locator("#unless")).to_be_hidden()
    page.check("[value=other]")
    expect(page.locator("#unless")).to_be_visible()


def test_what_is_needed_without_scripts_only_is_hidden(page: Page, site: Site) -> None:
    show(page, site, CONDITIONS)
    expect(page.locator("[data-nojs]")).to_be_hidden()
    expect(page.locator("html.js")).to_be_attached()


# divisions.js


ADDRESS = """
<form>
  <fieldset data-divisions data-url="/divisions">
    <select name="city" data-division="city" aria-label="市"><option value="">请选择</option>
      <option value="2101">沈阳市</option><option value="2102">大连市</option></select>
    <select name="county" data-division="county" aria-label="县"><option value="">请选择</option>
      <option value="210299">旧</option></select>
    <select name="street" data-division="street" aria-label="街道"><option value="">请选择</option></select>
  </fieldset>
  <div data-departments-url="/departments" data-departments-fields="county rank">
    <label><input type="radio" name="department" value="1" checked>甲</label>
    <label><input type="radio" name="department" value="2">乙</label></div>
  <button data-nojs>更新</button>
</form>"""


def test_choosing_a_city_fills_the_counties_and_empties_the_streets(page: Page, site: Site) -> None:
    site.put("/divisions?parent=2101", json.dumps([{"code": "210102", "name": "和平区"}]), "application/json")
    show(page, site, ADDRESS)
    page.select_option("[name=city]", "2101")
    expect(page.locator("[name=county] option")).to_have_text(["请选择", "和平区"])
    expect(page.locator("[name=county]")).to_have_value("")
    expect(page.locator("[name=street] option")).to_have_text(["请选择"])

    page.select_option("[name=city]", "")
    expect(page.locator("[name=county] option")).to_have_text(["请选择"])


def test_choosing_a_county_brings_its_departments_and_keeps_the_choice(page: Page, site: Site) -> None:
    offers = "".join(f'<label><input type="radio" name="department" value="{n}">部门{n}</label>' for n in "123")
    site.put("/divisions?parent=210299", "[]", "application/json")
    site.put("/departments?county=210299", offers)
    show(page, site, ADDRESS)
    page.select_option("[name=county]", "210299")
    expect(page.locator("[name=department]")).to_have_count(3)
    expect(page.locator("[value='1']")).to_be_checked()


def test_a_department_that_is_chosen_while_others_are_on_the_way_stays(page: Page, site: Site) -> None:
    offers = "".join(f'<label><input type="radio" name="department" value="{n}">部门{n}</label>' for n in "123")
    site.put("/divisions?parent=210299", "[]", "application/json")
    site.put("/departments?county=210299", offers)
    held: list[Route] = []
    page.route("**/departments?*", lambda route: held.append(route))
    show(page, site, ADDRESS)
    page.select_option("[name=county]", "210299")
    wait_until(page, lambda: held)
    page.check("[value='2']")
    held[0].continue_()
    expect(page.locator("[name=department]")).to_have_count(3)
    expect(page.locator("[value='2']")).to_be_checked()


def test_a_failing_network_brings_the_update_button_back(page: Page, site: Site) -> None:
    show(page, site, ADDRESS)
    expect(page.locator("[data-nojs]")).to_be_hidden()
    page.select_option("[name=city]", "2102")
    expect(page.locator("[data-nojs]")).to_be_visible()


# employer.js


EMPLOYER = """
<form>
  <input name="employer_code" aria-label="统一社会信用代码" data-employer>
  <fieldset data-divisions data-url="/divisions">
    <select name="employer_city" data-division="city" aria-label="市"><option value="">请选择</option>
      <option value="2101">沈阳市</option></select>
    <select name="employer_county" data-division="county" aria-label="县"><option value="">请选择</option></select>
  </fieldset>
</form>"""


def test_the_county_of_an_employer_is_filled_however_late_its_list_comes(page: Page, site: Site) -> None:
    told = {"employer_city": "2101", "employer_county": "210102"}
    site.put("/apply/department/employer", json.dumps(told), "application/json")
    site.put("/divisions?parent=2101", json.dumps([{"code": "210102", "name": "和平区"}]), "application/json")
    held: list[Route] = []
    page.route("**/divisions?*", lambda route: held.append(route))
    page.clock.install()
    show(page, site, EMPLOYER)
    page.fill("[name=employer_code]", "9" * 18)
    wait_until(page, lambda: held)
    page.clock.run_for(30_000)
    held[0].continue_()
    expect(page.locator("[name=employer_county]")).to_have_value("210102")
    expect(page.get_by_role("status").filter(has_text="已按代码填入单位信息")).to_be_visible()


# draft.js


DRAFT = """
<form method="post" action="/send" data-draft-url="/draft" enctype="multipart/form-data">
  <input type="hidden" name="csrf_token" value="t0ken"><input name="name" aria-label="姓名">
  <input type="file" name="photo" aria-label="照片">
  <button>下一步</button><span class="save" role="status"><span data-save-text></span></span>
</form>"""


def test_typing_is_kept_after_a_pause_without_the_files(page: Page, site: Site) -> None:
    site.put("/draft", "", status=204)
    show(page, site, DRAFT)
    page.set_input_files("[name=photo]", {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": b"x"})
    page.fill("[name=name]", "阿卜杜拉·买买提")
    expect(page.locator(".save")).to_have_text(re.compile(r"^[0-9]{2}:[0-9]{2} 已保存到平台$"))
    assert site.fields() == {"csrf_token": ["t0ken"], "name": ["阿卜杜拉·买买提"]}
    assert len(site.posts) == 1


@pytest.mark.parametrize(("status", "text"), [(500, "未能自动保存"), (302, "登录已超时")])
def test_a_draft_that_was_not_kept_is_said(page: Page, site: Site, status: int, text: str) -> None:
    site.put("/draft", "", status=status)
    show(page, site, DRAFT)
    page.fill("[name=name]", "单小燕")
    expect(page.locator(".save")).to_contain_text(text)


def test_what_was_not_kept_is_sent_again_when_the_page_is_left(page: Page, site: Site) -> None:
    site.put("/draft", "", status=503)
    site.put("/other", SHELL % "")
    show(page, site, DRAFT)
    page.fill("[name=name]", "单小燕")
    expect(page.locator(".save")).to_contain_text("未能自动保存")
    site.put("/draft", "", status=204)
    page.goto("/other")
    wait_until(page, lambda: len(site.posts) == 2)
    assert site.fields(1)["name"] == ["单小燕"]


def test_leaving_the_page_keeps_what_was_just_typed(page: Page, site: Site) -> None:
    site.put("/draft", "", status=204)
    site.put("/other", SHELL % "")
    show(page, site, DRAFT)
    page.fill("[name=name]", "单小燕")
    page.goto("/other")
    wait_until(page, lambda: bool(site.posts))
    assert [path for path, _ in site.posts] == ["/draft"]


def test_sending_the_form_sends_no_draft_beside_it(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, DRAFT)
    page.fill("[name=name]", "单小燕")
    page.click("button")
    expect(page.locator("main")).to_have_text("sent")
    page.wait_for_timeout(300)
    assert [path for path, _ in site.posts] == ["/send"]


# ask.js, which the officer's page brings along


ASK = """
<div data-said-over></div>
<form method="post" action="/send" data-review="one" data-once><h2 id="h-answers">填报数据</h2>
  <div class="scroll"></div><input name="note" aria-label="备注"><button data-ask="yes">退回</button></form>"""
QUESTION = """<div data-asks><h1>确认退回</h1><form method="post" action="/send" data-once>
  <input type="hidden" name="confirmed" value="yes"><input name="why" aria-label="原因"><button>确认</button>
</form></div>"""


def test_without_an_answer_the_page_stays_with_what_is_typed(page: Page, site: Site) -> None:
    """The way is cut, or the server is busy: before the question, and before what it asked for is confirmed."""
    show(page, site, ASK)
    page.fill("[name=note]", "已电话联系")
    page.route("**/send", lambda route: route.abort())
    page.click("text=退回")
    expect(page.get_by_role("alert")).to_contain_text("平台没有答复")
    page.unroute("**/send")
    site.put("/send", SHELL % "busy", status=503)
    page.click("text=退回")
    wait_until(page, lambda: len(site.posts) == 1)
    expect(page.get_by_label("备注")).to_have_value("已电话联系")

    site.put("/send", SHELL % QUESTION)
    page.click("text=退回")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("原因").fill("写到门牌号")
    site.put("/send", SHELL % "busy", status=503)
    dialog.get_by_role("button", name="确认").click()
    expect(dialog.get_by_role("alert")).to_contain_text("平台没有答复")
    expect(dialog.get_by_label("原因")).to_have_value("写到门牌号")
    site.put("/send", SHELL % "<div data-problem>已由同事办理</div>")
    dialog.get_by_role("button", name="确认").click()
    expect(page.locator("[data-announced]")).to_contain_text("已由同事办理")
    assert ["confirmed" in site.fields(at) for at in range(len(site.posts))] == [False, False, True, True]


# confirm.js, once.js, focus.js


ONCE = '<form method="post" action="/send" data-once><button name="do" value="go" %s>提交</button></form>'


def test_a_refused_question_sends_nothing_and_the_form_stays_usable(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, ONCE % 'data-confirm="确定删除？"')
    questions: list[str] = []

    def refuse(dialog: Dialog) -> None:
        questions.append(dialog.message)
        dialog.dismiss()

    page.once("dialog", refuse)
    page.click("button")
    assert (questions, site.posts) == (["确定删除？"], [])

    page.once("dialog", lambda dialog: dialog.accept())
    page.click("button")
    expect(page.locator("main")).to_have_text("sent")


def test_a_double_click_sends_once_with_the_buttons_name(page: Page, site: Site) -> None:
    show(page, site, ONCE % "")
    site.put("/send", "", status=204)  # the page stays, as after a download
    page.dblclick("button")
    wait_until(page, lambda: bool(site.posts))
    page.wait_for_timeout(300)  # a second one would be there by now
    assert [site.fields(i) for i in range(len(site.posts))] == [{"do": ["go"]}]


def test_the_error_summary_has_the_focus(page: Page, site: Site) -> None:
    show(page, site, '<div id="errors" tabindex="-1" data-focus>请修改</div>')
    expect(page.locator("#errors")).to_be_focused()


# password.js


def test_a_password_can_be_shown_and_its_strength_is_told(page: Page, site: Site) -> None:
    show(page, site, '<label for="p">登录密码</label><input type="password" id="p" data-password data-strength>')
    page.fill("#p", "abc")
    expect(page.locator(".pw-strength")).to_have_text("还需 5 位")
    page.fill("#p", "12345678")
    expect(page.locator(".pw-strength")).to_contain_text("低")
    page.fill("#p", "春天的柳絮 飞过 7 座桥!")
    expect(page.locator(".pw-strength")).to_contain_text("高")

    page.get_by_role("button", name="显示密码").click()
    expect(page.locator("#p")).to_have_attribute("type", "text")
    page.get_by_role("button", name="隐藏密码").click()
    expect(page.locator("#p")).to_have_attribute("type", "password")
