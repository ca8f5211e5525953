"""照片处理 without JavaScript, and the file 【下载照片处理工具】 as it is built."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models import PaperPage, db
from services.papers import photo_tool
from tests.integration.papers.test_photo import bands, colour
from tests.support.applicant.filing import file, store, words
from tests.support.applicant.image_samples import corner_card, decoded, encoded, noise

STATIC = Path(__file__).parents[3] / "static"


@pytest.mark.parametrize(("place", "seen"), [("top", "R"), ("middle", "G"), ("bottom", "B"), ("", "G"), ("x", "G")])
def test_the_photo_comes_back_as_a_download_cut_at_its_place(browser, place, seen):
    answer = browser.send("/photo-tool", {"photo": file(bands(600, 1800)), "place": place}, expect=200)

    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=photo.jpg; filename*=UTF-8''%E4")
    assert decoded(answer.data).size == (413, 579)
    assert len(answer.data) < 100_000
    assert colour(answer.data) == seen


def test_nothing_of_it_is_kept(browser):
    browser.send("/photo-tool", {"photo": file(bands(600, 1800)), "place": "top"}, expect=200)
    assert not store().root.exists() or not [path for path in store().root.rglob("*") if path.is_file()]
    assert db.session.scalar(select(func.count()).select_from(PaperPage)) == 0


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        (b"", "文件是空的"),
        (b"plain text", "文件不是"),
        (encoded(corner_card(4000, 300)), "照片太小：214×300 像素，至少需要 295×413 像素。请换一张更清晰的照片"),
        (encoded(corner_card())[:500], "图片已损坏"),
    ],
)
def test_a_picture_that_cannot_be_taken_says_why(browser, sent, says):
    assert says in words(browser.send("/photo-tool", {"photo": file(sent), "place": "top"}, expect=422).text)


def test_a_form_without_a_picture_says_so(browser):
    assert "文件是空的" in words(browser.send("/photo-tool", {"place": "top"}, expect=422).text)


def test_one_line_is_served_only_so_often(browser, monkeypatch):
    monkeypatch.setattr(photo_tool, "make", lambda *_: b"\xff\xd8")
    for _ in range(30):
        browser.send("/photo-tool", {"photo": file(b"x")}, expect=200)
    assert "处理得太频繁，请" in words(browser.send("/photo-tool", {"photo": file(b"x")}, expect=429).text)


def test_visitors_send_one_picture_and_no_more(browser):
    sent = {"photo": file(bands(600, 1800)), "place": "top"}
    too_much = {"CONTENT_LENGTH": str(18 * 1024 * 1024)}
    told = browser.send("/photo-tool", sent, expect=413, environ_overrides=too_much)
    assert "上传的内容太大" in words(told.text)


@pytest.mark.parametrize("path", ["/guide", "/"])
def test_it_is_found(browser, path):
    assert 'href="/photo-tool"' in browser.open(path).text
    assert 'href="/photo-tool/download"' in browser.open("/photo-tool").text


# --- the file --------------------------------------------------------------------------------------------------------


def parts_of(text: str, tag: str) -> list[str]:
    return re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)


def test_the_file_is_whole_and_its_policy_lets_nothing_else_run(browser):
    answer = browser.open("/photo-tool/download")
    text = answer.data.decode()
    assert "filename=photo-tool.html; filename*=UTF-8''%E7%85%A7" in answer.headers["Content-Disposition"]
    assert not re.search(r"""\b(src|href)\s*=\s*["']""", re.sub(r"(?s)<(script|style)>.*?</\1>", "", text))
    policy = html.unescape(re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[0])
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "connect-src" not in policy
    for tag, count in (("script", 2), ("style", 3)):
        found = parts_of(text, tag)
        assert len(found) == count
        for part in found:
            assert f"'sha256-{base64.b64encode(hashlib.sha256(part.encode()).digest()).decode()}'" in policy


@pytest.mark.parametrize(
    "settings",
    [{"PHOTO_PIXELS": "260x378", "PHOTO_LARGER_PIXELS": "260x378", "PHOTO_RATIO": "11:16", "PHOTO_KB": "50"}],
)
def test_page_file_and_server_follow_the_settings(browser):
    for address in ("/photo-tool", "/photo-tool/download"):
        text = browser.open(address).data.decode()
        assert 'data-least="260x378" data-best="260x378" data-ratio="11:16" data-bytes="50000"' in text
        assert "小于 50 KB" in text
    made = browser.send("/photo-tool", {"photo": file(encoded(noise(1100, 1600), quality=90))}, expect=200).data
    assert decoded(made).size == (260, 378)
    assert len(made) < 50_000


def test_a_module_that_cannot_be_inlined_is_noticed(tmp_path):
    (tmp_path / "a.js").write_text('import { b } from "./b.js";\nexport const a = b;\n', "utf-8")
    (tmp_path / "b.js").write_text("export function b() {}\n", "utf-8")
    assert "export" not in photo_tool.bundle(tmp_path, "a.js")
    assert photo_tool.bundle(tmp_path, "a.js").index("function b") < photo_tool.bundle(tmp_path, "a.js").index(
        "const a"
    )
    for wrong in ('import * as b from "./b.js";\n', "export default 1;\n", "const here = import.meta.url;\n"):
        (tmp_path / "a.js").write_text(wrong, "utf-8")
        with pytest.raises(ValueError, match="cannot be inlined"):
            photo_tool.bundle(tmp_path, "a.js")
