"""What a start in production refuses, what it only warns about, and the proxy that nobody has configured."""

from __future__ import annotations

import secrets
import subprocess
from pathlib import Path

import pytest

from app import create_app
from config import BadSetting, Config, TestConfig, unknown_variables
from lib.keyring import Keyring
from services.operations import doctor
from tests.support.rules.house import ROOT
from tests.support.site.command_line import runner


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """Settings as docs/operations.md shows them."""
    Keyring.create(tmp_path / "keys.json")
    return {
        "KUAIJI_ENV": "production",
        "KUAIJI_BASE_URL": "https://kuaiji.example.gov.cn",
        "KUAIJI_SECRET_KEY": secrets.token_hex(32),
        "KUAIJI_KEYS_FILE": str(tmp_path / "keys.json"),
        "KUAIJI_DATA": str(tmp_path / "data"),
        "KUAIJI_UPLOADS": str(tmp_path / "uploads"),
        "KUAIJI_TRUSTED_HOSTS": "kuaiji.example.gov.cn",
        "KUAIJI_PROXY_HOPS": "1",
    }


def test_production_starts_with_the_settings_of_the_manual(production):
    config = Config(production)

    assert (config.DEMO, config.COOKIE_PREFIX, config.WARNINGS) == (False, "__Host-", ())


GUESSABLE = ("", "short", "a" * 64, "0123456789" * 7, "kuaiji" + "x1y2z3w4" * 4, "please-change-me-before-you-start-it")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("SECRET_KEY", value) for value in GUESSABLE),
        ("STAFF_TOTP", "off"),
        ("BASE_URL", "http://kuaiji.example.gov.cn"),
        ("BASE_URL", "https://"),
        ("BASE_URL", ""),
        ("TRUSTED_HOSTS", " , "),
        ("KEYS_FILE", "/nowhere/keys.json"),
    ],
)
def test_production_refuses_in_one_line_that_names_the_setting(production, name, value):
    with pytest.raises(BadSetting) as refused:
        Config(production | {f"KUAIJI_{name}": value})

    (line,) = refused.value.message.splitlines()
    assert line.startswith(f"KUAIJI_{name}")
    assert name != "SECRET_KEY" or len(value) < 10 or value not in line
    Config(production | {f"KUAIJI_{name}": value, "KUAIJI_ENV": "development"})  # there all of it is allowed


@pytest.mark.parametrize(
    "url", ["mysql://root:geheim@host/kuaiji", "postgresql+asyncpg://x:geheim@h/d", "geheim", "://"]
)
def test_a_database_that_is_not_supported_is_refused_without_its_password(production, url):
    with pytest.raises(BadSetting) as refused:
        Config(production | {"KUAIJI_DATABASE_URL": url})

    assert "KUAIJI_DATABASE_URL：应为postgresql+psycopg://" in refused.value.message
    assert "geheim" not in refused.value.message


def test_every_problem_of_a_start_has_its_line(production, tmp_path):
    """As an operator sees it, whatever the command: the program itself does not start."""
    wrong = {
        "KUAIJI_SECRET_KEY": "short",
        "KUAIJI_STAFF_TOTP": "off",
        "KUAIJI_TRUSTED_HOSTS": "",
        "KUAIJI_BASE_URL": "",
    }
    done = subprocess.run(
        [ROOT / ".venv/bin/flask", "doctor"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"} | production | wrong,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    lines = done.stderr.removeprefix("错误：").splitlines()
    assert sorted(line.split(" ")[0].split("=")[0] for line in lines) == sorted(wrong)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("content", ["", "{}", '{"current": "0", "sealing": {}, "index": ""}', "secret"])
def test_a_keys_file_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "keys.json").write_text(content)

    with pytest.raises(BadSetting, match=r"^KUAIJI_KEYS_FILE：.*keys\.json (不是密钥文件|里缺少当前使用的密钥)"):
        create_app(TestConfig(tmp_path))


def test_an_unknown_variable_is_warned_about_with_the_nearest_setting(tmp_path):
    environ = {
        "KUAIJI_WORKER": "4",
        "KUAIJI_COFFEE": "yes",
        "KUAIJI_CHROMIUM": "/bin/true",
        "PATH": "",
        "KUAIJI_PORT": "1",
    }
    words = ["没有 KUAIJI_COFFEE 这个设置；请删除", "没有 KUAIJI_WORKER 这个设置；是不是 KUAIJI_WORKERS？"]
    assert list(unknown_variables(environ)) == words

    app = create_app(TestConfig(tmp_path, WORKER="4"))
    assert words[1] in doctor.risky_settings(app.config)


# --- a proxy --------------------------------------------------------------------------------------


def test_a_proxy_that_nobody_configured_is_noticed_once(app, browser, caplog):
    flask = runner(app)
    browser.open("/healthz")
    assert "X-Forwarded-For" not in flask("doctor")[1]

    for header in ("X-Forwarded-For", "Forwarded", "X-Forwarded-For"):
        browser.open("/healthz", headers={header: "203.0.113.7"})

    lines = [record.getMessage() for record in caplog.records if "KUAIJI_PROXY_HOPS" in record.getMessage()]
    assert len(lines) == 1
    assert "203.0.113.7" not in lines[0]
    warned = [line for line in flask("doctor")[1].splitlines() if "KUAIJI_PROXY_HOPS=0" in line]
    assert len(warned) == 1
    assert str(app.extensions["kuaiji.proxy"].path) in warned[0]


@pytest.mark.parametrize("settings", [{"PROXY_HOPS": "1"}])
def test_a_proxy_that_is_configured_is_nothing_to_notice(app, browser, caplog):
    browser.open("/healthz", headers={"X-Forwarded-For": "203.0.113.7"})

    assert app.extensions["kuaiji.proxy"].read() is None
    assert "PROXY_HOPS" not in caplog.text
