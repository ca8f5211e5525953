"""The checker of pages: a well-mannered page passes, each bad habit is found."""

import pytest

from tests.support.rules.manners import BadManners, alike, check_page, look_at

GOOD = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>个人信息 - 平台</title>
<link rel="stylesheet" href="/static/app.css"><script type="module" src="/static/js/main.js"></script></head><body>
<a href="#main">跳到主要内容</a><main id="main"><h1>个人信息</h1>
<form method="post" action="/apply/personal" enctype="multipart/form-data"><input type="hidden" name="csrf_token">
<label for="name">姓名</label><input id="name" name="name" aria-describedby="name-h"><p id="name-h">与证件一致</p>
<fieldset><legend>性别</legend><label><input type="radio" name="sex" value="male">男</label></fieldset>
<select aria-label="年"><option>2012</option></select>
<span id="l">备注</span><textarea aria-labelledby="l">{{ 随便写 }}</textarea>
<input type="file" aria-label="一寸照片"><button><svg aria-hidden="true"></svg>下一步</button></form>
<a href="/file/1"><img src="/file/1.jpg" alt="查看大图"></a></main></body></html>"""


def test_a_good_page_passes():
    check_page(GOOD, "/apply/personal")
    look_at(GOOD, "/apply/personal")


def test_pages_that_differ_in_words_are_alike():
    other = GOOD.replace("个人信息", "教育 &amp; 学历").replace("/file/1", "/file/2").replace("男", "女")
    assert alike(GOOD) == alike(other)
    assert alike(GOOD) != alike(GOOD.replace("与证件一致", ""))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<h1>个人信息</h1>", "", "0 h1"),
        ("<h1>个人信息</h1>", "<h1>个人信息</h1><h1>二</h1>", "2 h1"),
        ("<h1>个人信息</h1>", "<h1> </h1>", "empty h1"),
        ("<title>个人信息 - 平台</title>", "<title> - </title>", "no title"),
        ("<h1>", '<span><a href="/x"><div>x</div></a></span><h1>', "<div> inside <span>"),
        (' lang="zh-CN"', "", "no lang"),
        ("<!doctype html>", "", "expected-doctype"),
        ('<main id="main">', '<div id="main">', "main"),
        ('id="l"', 'id="main"', "id 'main' 2 times"),
        ('id="l"', 'id="a b"', "has a space"),
        ('<label for="name">', '<label for="nome">', "for='nome' names nothing"),
        ('<label for="name">姓名</label>', "", "no label: <input"),
        ('<label for="name">姓名</label>', '<label for="name"></label>', "no label: <input"),
        (' aria-label="年"', "", "no label: <select"),
        (' aria-labelledby="l"', "", "no label: <textarea"),
        ("<select aria", "<label><select><option>在职</option></select></label><select aria", "no label: <select"),
        ("<legend>性别</legend>", "", "without a legend"),
        ('aria-describedby="name-h"', 'aria-describedby="gone"', "aria-describedby='gone' names nothing"),
        ('href="#main"', 'href="#content"', "which is not on the page"),
        (' method="post"', "", "without a method"),
        (' enctype="multipart/form-data"', "", "would send its name only"),
        (
            "</form>",
            '</form><form method="get"><input type="password" aria-label="密码"></form>',
            "shows it in the addr",
        ),
        ("<h1>", '<h1 style="color:red">', "inline style"),
        ("<button>", '<button onclick="x()">', "inline onclick"),
        ("</main>", "<script>x()</script></main>", "inline script"),
        ("<title>", "<style>h1{}</style><title>", "inline style"),
        ('href="/file/1"', 'href="JavaScript:x()"', "javascript: address"),
        ('href="/file/1"', 'href="#"', "an empty address"),
        (' alt="查看大图"', "", "without alt"),
        (' alt="查看大图"', ' alt=""', "nothing to read on <a"),
        ("</svg>下一步", "</svg>", "nothing to read on <button"),
        ("与证件一致", "None", "raw text 'None'"),
        ("与证件一致", "{% if x %}", "raw text"),
        ("<p id=", "<div></p id=", "invalid HTML"),
        ("<h1>", "<h1><h2>x</h2>", "invalid HTML"),
        ('name="name"', 'name="name" name="other"', "duplicate-attribute"),
    ],
)
def test_a_bad_habit_is_found(old, new, told):
    assert old in GOOD
    page = GOOD.replace(old, new, 1).replace("</main>", "</div>" if new.startswith("<div id=") else "</main>")
    with pytest.raises(BadManners) as found:
        look_at(page, "/x")
    assert told in str(found.value)
    assert str(found.value).startswith("/x:")


def test_all_problems_are_told_at_once():
    with pytest.raises(BadManners) as found:
        check_page("<!doctype html><html><head><title></title></head><body><p>x</p></body></html>")
    assert len(str(found.value).splitlines()) == 5
