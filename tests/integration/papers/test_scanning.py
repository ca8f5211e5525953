"""clamd, where one is set up: it sees what was sent, and decides; without its verdict the setting does."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from config import BadSetting, TestConfig
from tests.support.applicant.filing import file, pages_of, upload, words
from tests.support.attacks.fake_clamd import FakeClamd
from tests.support.factory import picture, portrait
from tests.support.site.command_line import runner

FOUND = b"stream: Eicar-Test-Signature FOUND\0"
KIND = "employer_licence"


@pytest.fixture
def clamd(app) -> Iterator[FakeClamd]:
    with FakeClamd(None) as fake:
        app.config["CLAMD"] = fake.address
        yield fake


def test_the_file_is_looked_at_as_it_was_sent(clamd, declaration, browser):
    data = picture(1000, 700) + b"what stands behind the picture"
    upload(browser, data)
    assert clamd.got == [data]
    assert len(pages_of(declaration, KIND)) == 1


def test_the_photo_is_looked_at_too(clamd, declaration, browser):
    browser.send("/apply/personal", {"photo": file(portrait()), "action": "photo"})
    assert clamd.got == [portrait()]


def test_an_infected_file_is_refused_and_logged_without_its_owner(clamd, declaration, browser, caplog):
    clamd.answer = FOUND
    with caplog.at_level(logging.WARNING):
        shown = words(upload(browser, picture(1000, 700), expect=422).text)
    assert "安全检查发现文件有问题(可能带有病毒)，不能上传" in shown
    assert "Eicar" not in shown
    assert pages_of(declaration, KIND) == []
    assert "clamd found Eicar-Test-Signature" in caplog.text


def test_turning_a_picture_asks_nobody(clamd, declaration, browser):
    upload(browser, picture(1000, 700))
    browser.send(f"/apply/pages/{pages_of(declaration, KIND)[0].uid}/rotate")
    assert len(clamd.got) == 1


def test_without_an_answer_nothing_is_taken(app, declaration, browser):
    app.config["CLAMD"] = "unix:/nowhere/clamd.ctl"
    shown = words(upload(browser, picture(1000, 700), expect=422).text)
    assert "暂时无法检查文件是否安全，请稍后再试" in shown
    assert pages_of(declaration, KIND) == []


def test_open_takes_it_and_says_so_in_the_log(app, declaration, browser, caplog):
    app.config.update(CLAMD="unix:/nowhere/clamd.ctl", CLAMD_FAIL="open")
    with caplog.at_level(logging.WARNING):
        upload(browser, picture(1000, 700))
    assert len(pages_of(declaration, KIND)) == 1
    assert "a file was taken unchecked" in caplog.text


def test_what_is_too_large_anyway_is_not_sent_on(clamd, declaration, browser):
    assert "超过 15 MB" in words(upload(browser, picture().ljust(16 << 20, b"\0"), expect=422).text)
    assert clamd.got == []


# --- the doctor and the settings -------------------------------------------------------------------------------------


def test_the_doctor_says_nothing_without_the_setting_and_decodes_a_picture(app):
    said = runner(app)("doctor")[1]
    assert "clamd" not in said
    assert "图片：在受限的子进程里解码" in said


def test_the_doctor_asks_clamd(app, clamd):
    assert f"正常  clamd：{clamd.address} 连接正常" in runner(app)("doctor")[1]


@pytest.mark.parametrize(
    ("fail", "says"),
    [("closed", "故障  clamd：连接不上，现在不能上传图片"), ("open", "提醒  clamd：连接不上，上传的文件没有经过检查")],
)
def test_the_doctor_names_a_clamd_that_is_gone(app, fail, says):
    app.config.update(CLAMD="unix:/nowhere/clamd.ctl", CLAMD_FAIL=fail)
    assert says in runner(app)("doctor")[1]


def test_the_doctor_names_one_that_answers_nonsense(app, clamd, monkeypatch):
    monkeypatch.setattr("lib.remote.clamd.ping", lambda _address: False)
    assert "对 PING 没有应答" in runner(app)("doctor")[1]


@pytest.mark.parametrize(("name", "value"), [("CLAMD", "localhost"), ("CLAMD", "tcp:host"), ("CLAMD_FAIL", "perhaps")])
def test_a_setting_that_cannot_be_read_is_named(tmp_path, name, value):
    with pytest.raises(BadSetting, match=f"KUAIJI_{name}"):
        TestConfig(tmp_path, **{name: value})


def test_settings_that_can(tmp_path):
    config = TestConfig(tmp_path, CLAMD="tcp:[::1]:3310", CLAMD_FAIL="open")
    assert (config.CLAMD, config.CLAMD_FAIL) == ("tcp:[::1]:3310", "open")
