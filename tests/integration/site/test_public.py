"""The pages for everyone: home, notices, guide, templates, privacy, text size, health."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from pypdf import PdfReader
from sqlalchemy.exc import OperationalError

from forms import PAPERS
from lib.clock import local
from lib.database import utcnow
from models import Notice, db
from services.site import notices, privacy
from tests.support.applicant import filing


def publish(title: str, hours_ago: float = 1, body: str = "第一段\n\n第二段") -> Notice:
    notice = Notice(title=title, body=body, published_at=utcnow() - timedelta(hours=hours_ago))
    db.session.add(notice)
    db.session.commit()
    return notice


def test_home_has_the_sign_in_form_and_the_three_other_ways(client):
    page = client.open("/")

    for words in ("姓名", "证件号码", "登录密码", "立即注册", "原有用户设置密码", "忘记密码", "大连市", "10 个工作日"):
        assert words in page.text
    for link in ("首页", "通知公告", "办事指南", "咨询电话", "大字版"):
        assert link in page.text
    assert 'action="/login"' in page.text
    assert '<meta name="description" content="辽宁省会计人员信息采集：' in page.text  # what search engines show
    assert "暂无公告" in page.text


@pytest.mark.parametrize("settings", [{"REVIEW_DAYS": "7"}])
def test_home_says_the_days_of_the_setting(client):
    assert "7 个工作日" in client.open("/").text


def test_home_shows_a_signed_in_person_the_way_on_instead_of_the_form(client, make):
    page = client.sign_in(make.account("单小燕")).open("/")

    assert "单小燕，您好" in page.text
    assert "登录密码" not in page.text


def test_home_shows_the_five_newest_notices_only(client):
    for number in range(6):
        publish(f"公告第{number}号", hours_ago=10 - number)

    page = client.open("/")

    assert [number for number in range(6) if f"公告第{number}号" in page.text] == [1, 2, 3, 4, 5]


def test_a_notice_shows_its_paragraphs_and_local_time_and_escapes_markup(client):
    notice = publish("开始采集", body="<script>x</script>\n同一段\n\n第二段")

    page = client.open(f"/notices/{notice.id}")

    assert notice.published_at
    assert "<p>&lt;script&gt;x&lt;/script&gt;<br>同一段</p>" in page.text
    assert "<p>第二段</p>" in page.text
    assert f"{local(notice.published_at):%Y-%m-%d %H:%M}" in page.text


@pytest.mark.parametrize("published_at", [None, utcnow() + timedelta(days=1)], ids=["draft", "later"])
def test_a_notice_that_is_not_published_yet_is_not_found(client, published_at):
    notice = Notice(title="还不能看", body="正文", published_at=published_at)
    db.session.add(notice)
    db.session.commit()

    client.open(f"/notices/{notice.id}", expect=404)
    assert "还不能看" not in client.open("/notices").text
    assert "还不能看" not in client.open("/").text


def test_notices_are_listed_page_by_page_without_gap_or_repeat(client):
    same_moment = utcnow() - timedelta(days=1)
    for number in range(notices.PAGE * 2 + 1):
        db.session.add(Notice(title=f"【{number}】", body="正文", published_at=same_moment))
    db.session.commit()

    found, shown = [], notices.page()
    found += [notice.id for notice in shown.notices]
    while shown.older:
        shown = notices.page(shown.older)
        found += [notice.id for notice in shown.notices]

    assert found == sorted(set(found), reverse=True)
    assert len(found) == notices.PAGE * 2 + 1
    first = client.open("/notices")
    assert "更早的公告" in first.text
    assert "最新公告" in client.open(f"/notices?after={found[notices.PAGE - 1]}").text


@pytest.mark.parametrize("after", ["999999", "x", "-1"])
def test_an_unknown_page_of_notices_begins_at_the_top(client, after):
    publish("开始采集")
    assert "开始采集" in client.open(f"/notices?after={after}").text


def test_the_guide_says_in_peoples_words_who_needs_which_papers(client):
    shown = filing.words(client.open("/guide").text)
    for paper in PAPERS:
        assert paper.title in shown
        assert paper.who in shown
        assert bool(paper.who) is bool(paper.when), f"{paper.title}: who is that, in people's words?"
    assert "在校学生 学生证或学籍证明" in shown
    assert "有工作单位的 统一社会信用代码证书" in shown
    assert not re.search("是「|，且", shown), "no conditions"


@pytest.mark.parametrize("settings", [{"LEGACY_CLAIM_FACTORS": "archive_no"}])
def test_the_guide_names_only_the_proofs_that_the_operator_takes(client):
    page = client.open("/guide")
    assert "档案号（或证书编号）" in page.text
    assert "激活码：" not in page.text


@pytest.mark.parametrize(
    ("name", "words"),
    [("sheet", "样表"), ("work-proof", "兹证明"), ("commitment", "承诺")],
)
def test_templates_are_downloaded_as_pdf(client, name, words):
    page = client.open(f"/templates/{name}")

    text = "".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(page.data)).pages)
    assert words in text.replace(" ", "")
    assert page.headers["Content-Type"] == "application/pdf"
    assert page.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize("name", ["nothing", "..", "sheet.pdf", "%2e%2e%2fapp.py"])
def test_no_other_file_can_be_had_as_a_template(client, name):
    assert "Content-Disposition" not in client.open(f"/templates/{name}", expect=404).headers


def test_every_template_that_a_paper_names_exists(client):
    for name in {paper.template for paper in PAPERS if paper.template}:
        assert client.open(f"/templates/{name}").headers["Content-Disposition"].startswith("attachment;"), name


def test_the_privacy_notice_has_a_version_and_says_what_the_law_asks_for(client):
    page = client.open("/privacy")

    assert privacy.VERSION in page.text
    for words in ("谁在处理", "为什么", "敏感个人信息", "保存", "权利", "删除", "查阅", "更正", "会计法"):
        assert words in page.text


def test_large_text_is_kept_and_given_back(client):
    answer = client.open("/text-size?large=1&next=/guide", expect=302)
    assert answer.location == "/guide"
    page = client.open("/guide")
    assert '<html lang="zh-CN" class="fs-lg">' in page.text
    assert "标准字" in page.text

    client.open("/text-size?large=0&next=/guide", expect=302)
    assert "fs-lg" not in client.open("/guide").text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "",
        "guide",
        "/guide?x=1",
        "/guide\n",
        "/%0d%0aX:1",
        "/guide//x",
        "/guide//",
    ],
)
def test_the_text_size_leads_only_to_pages_of_our_own(client, target):
    assert client.open("/text-size", expect=302, query_string={"large": "1", "next": target}).location == "/"


def test_health_answers_while_the_database_does(client, monkeypatch):
    assert client.open("/healthz").text == "ok\n"

    def broken(*_args, **_kwargs):
        raise OperationalError("SELECT 1", {}, Exception("gone"))

    monkeypatch.setattr("blueprints.public.db.session.execute", broken)
    assert client.open("/healthz", expect=503).text == "database unreachable\n"


def test_an_unknown_address_says_what_to_do(client):
    page = client.open("/nowhere", expect=404)
    assert "没有找到这个页面" in page.text
    assert "回到首页" in page.text


@pytest.mark.parametrize(("settings", "shown"), [({"DEMO": "yes"}, True), ({"DEMO": "no"}, False)])
def test_the_demo_says_that_it_is_one(client, shown):
    assert ("演示系统" in client.open("/").text) is shown
