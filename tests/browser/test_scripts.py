"""The modules of static/js on small pages of their own, in Chromium and under the product's content security policy.

What they must do for the real pages is in their headers; the stories through the product are tested elsewhere.
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image
from playwright.sync_api import Dialog, Page, expect

from tests.chromium import chromium_or_skip

pytestmark = pytest.mark.browser

STATIC = Path(__file__).parents[2] / "static"
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SHELL = (
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>t</title><link rel="icon" href="data:,">'
    '<link rel="stylesheet" href="/static/vendor/bootstrap/bootstrap.min.css">'
    '<link rel="stylesheet" href="/static/app.css"><link rel="stylesheet" href="/static/staff.css">'
    '<script type="module" src="/static/js/main.js"></script></head><body><main>%s</main></body></html>'
)


@dataclass
class Site:
    """A server of a few answers: path -> (status, content type, body). Remembers what was asked and posted."""

    answers: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    port: int = 0

    def put(self, path: str, body: str | bytes, kind: str = "text/html; charset=utf-8", status: int = 200) -> None:
        self.answers[path] = (status, kind, body.encode() if isinstance(body, str) else body)

    def find(self, address: str) -> tuple[int, str, bytes]:
        path = urlsplit(address).path
        file = STATIC / path.removeprefix("/static/")
        if path.startswith("/static/") and file.is_file():
            return 200, TYPES[file.suffix], file.read_bytes()
        return self.answers.get(address) or self.answers.get(path) or (404, "text/plain", b"none")

    def fields(self, number: int = -1) -> dict[str, list[str]]:
        return parse_qs(self.posts[number][1].decode(), keep_blank_values=True)


def handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            self.answer(*site.find(self.path))

        def do_POST(self) -> None:
            site.posts.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(*site.find(self.path))

        def answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Security-Policy", POLICY)
            if status in (302, 303):
                self.send_header("Location", "/login")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            """Quiet."""

    return Handler


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(site))
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """A page of the site; the test fails on a script error or a breach of the policy (both are told on the console)."""
    problems: list[str] = []
    context = chromium_or_skip().new_context(base_url=f"http://127.0.0.1:{site.port}", locale="zh-CN")
    page = context.new_page()
    page.set_default_timeout(5000)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    yield page
    context.close()
    assert [line for line in problems if "Failed to load resource" not in line] == []


def show(page: Page, site: Site, body: str) -> None:
    site.put("/", SHELL % body)
    page.goto("/")
    page.wait_for_load_state("networkidle")


def picture(width: int, height: int, kind: str = "JPEG", turn: int = 1) -> bytes:
    """Noise, so that it is as big as a photograph; ``turn`` is the EXIF orientation."""
    image = Image.effect_noise((width, height), 90).convert("RGB")
    exif = Image.Exif()
    exif[0x0112] = turn
    out = io.BytesIO()
    image.save(out, kind, exif=exif, **({"quality": 97} if kind == "JPEG" else {}))
    return out.getvalue()


def chosen(name: str, body: bytes, kind: str = "image/jpeg") -> Any:
    return {"name": name, "mimeType": kind, "buffer": body}


def sent_file(body: bytes) -> bytes:
    return body[body.index(b"\xff\xd8") : body.rindex(b"\xff\xd9") + 2]


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
    <label><input type="radio" name="department" value="1" checked>甲</label></div>
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


def test_a_failing_network_brings_the_update_button_back(page: Page, site: Site) -> None:
    show(page, site, ADDRESS)
    expect(page.locator("[data-nojs]")).to_be_hidden()
    page.select_option("[name=city]", "2102")
    expect(page.locator("[data-nojs]")).to_be_visible()


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
    page.set_input_files("[name=photo]", chosen("a.jpg", b"x"))
    page.fill("[name=name]", "阿卜杜拉·买买提")
    expect(page.locator(".save")).to_have_text(re.compile(r"^[0-9]{2}:[0-9]{2} 已自动保存$"))
    assert site.fields() == {"csrf_token": ["t0ken"], "name": ["阿卜杜拉·买买提"]}
    assert len(site.posts) == 1


@pytest.mark.parametrize(("status", "text"), [(500, "未能自动保存"), (302, "登录已过期")])
def test_a_draft_that_was_not_kept_is_said(page: Page, site: Site, status: int, text: str) -> None:
    site.put("/draft", "", status=status)
    show(page, site, DRAFT)
    page.fill("[name=name]", "单小燕")
    expect(page.locator(".save")).to_contain_text(text)


def test_leaving_the_page_keeps_what_was_just_typed(page: Page, site: Site) -> None:
    site.put("/draft", "", status=204)
    site.put("/other", SHELL % "")
    show(page, site, DRAFT)
    page.fill("[name=name]", "单小燕")
    page.goto("/other")
    page.wait_for_timeout(300)
    assert [path for path, _ in site.posts] == ["/draft"]


def test_sending_the_form_sends_no_draft_beside_it(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, DRAFT)
    page.fill("[name=name]", "单小燕")
    page.click("button")
    page.wait_for_timeout(300)
    assert [path for path, _ in site.posts] == ["/send"]


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
    page.wait_for_timeout(300)
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


# photo.js, shrink.js, upload.js


PHOTO = """
<form method="post" action="/send" enctype="multipart/form-data">
  <div class="photo"><div class="frame">未上传</div>
    <label class="btn file">上传<input type="file" name="photo" aria-label="一寸照片" data-photo></label></div>
  <button>下一步</button>
</form>"""


def crop(page: Page) -> list[float]:
    return [float(page.locator(f"[name=crop_{side}]").input_value() or "nan") for side in "xywh"]


def test_a_chosen_photo_is_framed_five_to_seven_and_previewed(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", picture(800, 600, turn=6)))  # upright 600 x 800
    expect(page.locator(".frame canvas")).to_be_visible()
    x, y, width, height = crop(page)
    assert (width * 600) / (height * 800) == pytest.approx(5 / 7, abs=0.01)
    assert 0 <= x <= x + width <= 1
    assert 0 <= y <= y + height <= 1
    expect(page.locator(".crop [role=status]")).to_contain_text("可以使用")


def test_turning_the_photo_turns_the_file_that_is_sent(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", picture(1000, 700)))
    expect(page.locator(".frame canvas")).to_be_visible()
    page.get_by_role("button", name="右转").click()
    expect(page.locator(".crop .area > img")).to_have_js_property("naturalHeight", 1000)
    expect(page.locator("[name=crop_h]")).to_have_value(re.compile("."))
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("main")).to_have_text("sent")
    assert Image.open(io.BytesIO(sent_file(site.posts[0][1]))).size == (700, 1000)


def test_a_photo_with_too_few_pixels_is_told_at_once(page: Page, site: Site) -> None:
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("small.jpg", picture(200, 280)))
    expect(page.locator(".crop [role=status]")).to_contain_text("小于 295×413")


def test_a_file_that_is_no_picture_is_left_to_the_server(page: Page, site: Site) -> None:
    site.put("/send", SHELL % "sent")
    show(page, site, PHOTO)
    page.set_input_files("[name=photo]", chosen("face.jpg", b"plain text"))
    expect(page.locator(".crop [role=status]")).to_contain_text("仍可直接上传")
    page.get_by_role("button", name="下一步").click()
    expect(page.locator("main")).to_have_text("sent")
    assert b"plain text" in site.posts[0][1]


UPLOAD = """
<form method="post" action="/upload" enctype="multipart/form-data" data-upload data-once>
  <label class="btn file">上传<input type="file" name="file" aria-label="上传身份证" multiple></label>
  <button class="btn">开始上传</button><span class="busy" role="status"></span>
</form>"""


def test_choosing_a_paper_sends_it_smaller(page: Page, site: Site) -> None:
    site.put("/upload", SHELL % "uploaded")
    show(page, site, UPLOAD)
    expect(page.get_by_role("button", name="开始上传")).to_be_hidden()
    original = picture(3200, 2400)
    page.set_input_files("[name=file]", chosen("phone.jpg", original))
    expect(page.locator("main")).to_have_text("uploaded")
    sent = sent_file(site.posts[0][1])
    assert max(Image.open(io.BytesIO(sent)).size) == 2400
    assert len(sent) < len(original) * 0.9


def test_a_small_picture_is_sent_as_it_is(page: Page, site: Site) -> None:
    site.put("/upload", SHELL % "uploaded")
    show(page, site, UPLOAD)
    original = picture(300, 200)
    page.set_input_files("[name=file]", chosen("small.jpg", original))
    expect(page.locator("main")).to_have_text("uploaded")
    assert original in site.posts[0][1]


# viewer.js, keys.js, review.js


REVIEW = """
<dl><div tabindex="0" data-row id="r1">姓名<button type="button" data-mark id="m1">标记</button></div>
<div tabindex="0" data-row data-proof="diploma" id="r2">毕业院校
  <details><summary data-mark>标记</summary><label>原因<input name="reason"></label></details></div></dl>
<div data-viewer><div class="vw"><div class="bar"><b data-title-here>身份证</b><span data-count></span>
  <button type="button" data-a="in">放大</button><output data-z>100%</output>
  <button type="button" data-a="right">右转</button><button type="button" data-a="fit">适应</button></div>
  <div class="stage"><img src="/a.png" alt="身份证"></div>
  <div class="thumbs"><a href="/a.png" data-thumb data-kind="id" data-title="身份证" aria-current="true">1</a>
    <a href="/b.png" data-thumb data-kind="diploma" data-title="学历证书">2</a></div></div></div>
<form method="post" action="/approve"><button data-key="a">审核通过</button></form>
<details><summary data-key="?">快捷键</summary>帮助</details>"""


@pytest.fixture
def desk(page: Page, site: Site) -> Page:
    for name in "ab":
        site.put(f"/{name}.png", picture(400, 300, "PNG"), "image/png")
    show(page, site, REVIEW)
    return page


def transform(page: Page) -> str:
    return str(page.locator(".stage img").evaluate("image => image.style.transform"))


def test_the_viewer_zooms_to_the_pointer_and_fits_again(desk: Page) -> None:
    box = desk.locator(".stage").bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + box["width"] / 2 + 100, box["y"] + box["height"] / 2)
    desk.mouse.wheel(0, -100)
    expect(desk.locator("[data-z]")).to_have_text("115%")
    assert "translate(-15px, 0px) scale(1.15)" in transform(desk)
    desk.keyboard.press("0")
    expect(desk.locator("[data-z]")).to_have_text("100%")


def test_the_viewer_moves_with_the_pointer_and_turns(desk: Page) -> None:
    box = desk.locator(".stage").bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 50, box["y"] + 50)
    desk.mouse.down()
    desk.mouse.move(box["x"] + 80, box["y"] + 90)
    desk.mouse.up()
    assert transform(desk).startswith("translate(30px, 40px)")
    desk.keyboard.press("r")
    assert "rotate(90deg)" in transform(desk)


def test_the_viewer_shows_the_next_paper_by_key_and_by_thumbnail(desk: Page) -> None:
    desk.keyboard.press("]")
    expect(desk.locator("[data-title-here]")).to_have_text("学历证书")
    expect(desk.locator("[data-count]")).to_have_text("2 / 2")
    expect(desk.locator(".stage img")).to_have_attribute("src", re.compile("/b.png$"))
    desk.get_by_role("link", name="1").click()
    expect(desk.locator("[data-title-here]")).to_have_text("身份证")
    expect(desk.locator("[aria-current]")).to_have_text("1")


def test_keys_walk_the_answers_and_the_focused_one_brings_its_proof(desk: Page) -> None:
    desk.keyboard.press("j")
    expect(desk.locator("#r1")).to_be_focused()
    desk.keyboard.press("j")
    expect(desk.locator("#r2")).to_be_focused()
    expect(desk.locator("[data-title-here]")).to_have_text("学历证书")
    desk.keyboard.press("m")
    desk.fill("[name=reason]", "jk[]")
    expect(desk.locator("[name=reason]")).to_have_value("jk[]")
    expect(desk.locator("[data-title-here]")).to_have_text("学历证书")


def test_a_key_focuses_a_decision_and_never_takes_it(desk: Page, site: Site) -> None:
    desk.keyboard.press("a")
    expect(desk.get_by_role("button", name="审核通过")).to_be_focused()
    assert site.posts == []
    desk.keyboard.press("?")
    expect(desk.get_by_text("帮助")).to_be_visible()


def test_keys_can_be_switched_off(desk: Page) -> None:
    desk.evaluate("document.body.dataset.keys = 'off'")
    for key in ("a", "j", "]"):
        desk.keyboard.press(key)
    assert desk.evaluate("document.activeElement === document.body")
    expect(desk.locator("[data-title-here]")).to_have_text("身份证")
