"""Settings, read from ``KUAIJI_*`` variables of the environment. The documentation is made of ``SETTINGS``."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import click

from lib.backup.encryption import parse_recipients
from lib.crypto import secret_problem
from lib.remote import clamd, mail, sms
from lib.setting_values import (
    database_url,
    factors,
    hour_or_off,
    if_any,
    kilobytes,
    letters,
    listed,
    networks,
    one_of,
    pair,
    pattern,
    replica_url,
    schema,
    totp,
    up_to,
    whole,
    yes,
)
from lib.storage.s3 import S3Access, S3Place, read_endpoint, read_place

ROOT = Path(__file__).resolve().parent


class BadSetting(click.ClickException):
    """A setting cannot be read; the message names it and says what is expected. Commands print just that line."""

    def show(self, file: IO[Any] | None = None) -> None:
        """As click.ClickException does, for commands that are not loaded yet (commands/words.py)."""
        click.echo(f"错误：{self.format_message()}", file=file, err=True)


@dataclass(frozen=True)
class Setting:
    """One setting: ``read`` turns the variable's text into the value and raises ValueError with what it expects."""

    name: str
    default: str
    meaning: str
    read: Callable[[str], Any] = str
    quoted: bool = True  # may the message repeat a value that cannot be read?


PIXELS = "像素，例如 295x413"

SETTINGS = (
    Setting(
        "ENV",
        "development",
        "`production` refuses to start without what real people need, see below; no demo data there",
        one_of("development", "production"),
    ),
    Setting("DATA", "instance", "directory for the SQLite database, the keys and temporary files"),
    Setting("DATABASE_URL", "", "empty: SQLite in `DATA`; or `postgresql+psycopg://...`", database_url, quoted=False),
    Setting(
        "SCHEMA",
        "",
        "PostgreSQL: the schema that holds everything, one for each province of a database; empty: the role's own",
        schema,
        quoted=False,
    ),
    Setting(
        "READ_DATABASE_URL",
        "",
        "a PostgreSQL replica that statistics and 名册 read from; while it is away they read from the database",
        replica_url,
        quoted=False,
    ),
    Setting(
        "UPLOADS",
        "uploads",
        "encrypted uploads: a directory, or a bucket: `s3://bucket` or `s3://bucket/prefix`",
        read_place,
    ),
    Setting("S3_ENDPOINT", "", "address of the object store; empty: Amazon's", read_endpoint),
    Setting("S3_ACCESS_KEY", "", "access key of the object store"),
    Setting("S3_SECRET_KEY", "", "its secret key", quoted=False),
    Setting("S3_REGION", "us-east-1", "region of the object store"),
    Setting(
        "S3_ADDRESSING",
        "path",
        "how the object store wants the bucket named: `path` (https://host/bucket) or `virtual` (https://bucket.host)",
        one_of("path", "virtual"),
    ),
    Setting("BACKUP_DIR", "", "directory of the back-ups, best on another disk; empty: none are made by themselves"),
    Setting(
        "BACKUP_RECIPIENTS",
        "",
        "public keys that back-ups are encrypted to, made by `flask backup key`, separated by commas",
        parse_recipients,
    ),
    Setting("BACKUP_HOUR", "2", "hour of the day from which on `flask tick` makes one", up_to(23, "0 至 23 点")),
    Setting("BACKUP_KEEP", "30", "how many are kept; 0: all", whole),
    Setting(
        "BACKUP_WITH_KEYS",
        "no",
        "put the keys file into each back-up, too (encrypted); `no`: keep a copy of it elsewhere yourself",
        yes,
    ),
    Setting(
        "SWEEP_HOUR",
        "4",
        "hour of the day from which on `flask tick` starts `flask storage sweep`; `off`: never",
        hour_or_off,
    ),
    Setting(
        "BASE_URL", "", "address of the site in QR codes and messages; empty: http://HOST:PORT; https in production"
    ),
    Setting("SECRET_KEY", "", "signs the cookies; made on the first start in `DATA`, must be given in production"),
    Setting(
        "KEYS_FILE", "", "the encryption keys (JSON); made on the first start in `DATA`, must be given in production"
    ),
    Setting("HOST", "127.0.0.1", "address to listen on"),
    Setting("PORT", "8000", "port to listen on", whole),
    Setting("WORKERS", "2", "server processes", whole),
    Setting("THREADS", "8", "requests that each process works on at once", whole),
    Setting("DEMO", "yes", "load demo data into an empty database on `make run`; refused in production", yes),
    Setting(
        "STAFF_TOTP",
        "required",
        "`off` lets staff sign in without the second factor (demos only; start-up warns, production refuses)",
        totp,
    ),
    Setting(
        "LEGACY_CLAIM_FACTORS",
        "activation_code,archive_no,id_picture",
        "ordered proofs for 原有用户设置密码: `sms_on_file` (the first by itself once SMS is set up), "
        "`activation_code`, `archive_no`, `id_picture` (核验申请), `none` (start-up warns)",
        factors,
    ),
    Setting(
        "OFFICE_NETWORKS",
        "",
        "networks that many people share, as of a school or an office (`192.0.2.7, 2001:db8::/48`): ten times as many "
        "attempts and registrations for each of their addresses",
        networks,
    ),
    Setting("REVIEW_DAYS", "10", "working days for a decision", whole),
    Setting("ASSISTANCE_DAYS", "5", "working days for the answer to a 核验申请", whole),
    Setting(
        "SCREEN_SIGNATURE",
        "no",
        "applicants without an employer may sign on the screen in place of the printed sheet",
        yes,
    ),
    Setting(
        "SECOND_LOOK_PERCENT",
        "0",
        "percentage of approvals, drawn at random, that a second officer of the department has to agree to",
        up_to(100, "0 至 100 的百分数"),
    ),
    Setting("PHOTO_PIXELS", "295x413", "least pixels of the 一寸照片, width x height", pair("x", PIXELS)),
    Setting(
        "PHOTO_LARGER_PIXELS",
        "413x579",
        "pixels that a 一寸照片 is made to when the picture has enough of them",
        pair("x", PIXELS),
    ),
    Setting("PHOTO_RATIO", "5:7", "width to height of the 一寸照片", pair("[:：]", "宽高比，例如 5:7")),
    Setting("PHOTO_KB", "100", "a 一寸照片 is smaller than this many KB (of 1,000 bytes)", kilobytes),
    Setting(
        "PHOTO_BACKGROUND",
        "white",
        "background that the advice asks for: `white`, `light` or `any`",
        one_of("white", "light", "any"),
    ),
    Setting(
        "CLAMD",
        "",
        "clamd that scans each uploaded file: `unix:/run/clamav/clamd.ctl` or `tcp:127.0.0.1:3310`; empty: none",
        if_any(clamd.parse_address),
    ),
    Setting(
        "CLAMD_FAIL",
        "closed",
        "without a verdict of clamd files are refused (`closed`), or taken and logged (`open`)",
        one_of("closed", "open"),
    ),
    Setting(
        "SMTP_URL",
        "",
        "mail server: `smtp://user:password@host:587` (TLS where offered, always with a password), `smtps://host:465`; "
        "`console:` prints; empty: no mail",
        if_any(mail.parse_url),
        quoted=False,
    ),
    Setting("MAIL_FROM", "", "sender of the mail: `会计管理 <noreply@example.org>`", if_any(mail.parse_from)),
    Setting(
        "SMS_URL",
        "",
        "address of the SMS gateway, may have `{phone}`, `{text}` and `{id}`; `console:` prints; empty: no SMS",
        if_any(sms.parse_address),
        quoted=False,
    ),
    Setting("SMS_METHOD", "POST", "`POST`, `PUT` or `GET` (no body)", one_of("POST", "PUT", "GET")),
    Setting("SMS_HEADERS", '{"Content-Type": "application/json"}', "headers, as JSON", sms.parse_headers, quoted=False),
    Setting(
        "SMS_BODY",
        '{"phone": "{phone}", "text": "{text}", "id": "{id}"}',
        "body; what is filled in is escaped for JSON or a form, as the Content-Type says",
        quoted=False,
    ),
    Setting(
        "SMS_TAKEN",
        "",
        "regular expression for the answer of a gateway that has taken the message; empty: any answer 2xx",
        pattern,
    ),
    Setting("DIGEST_HOUR", "8", "hour of the working day at which managers get their digest", up_to(23, "0 至 23 点")),
    Setting(
        "TRUSTED_HOSTS",
        "",
        "host names that requests may name, separated by commas; empty: any (refused in production)",
        listed,
    ),
    Setting("PROXY_HOPS", "0", "reverse proxies in front, whose X-Forwarded-* headers are believed", whole),
    Setting("METRICS_TOKEN", "", "who asks for `/metrics` from elsewhere sends it: `Authorization: Bearer ...`"),
    Setting("LOG_FORMAT", "text", "`json` writes one object a line", one_of("text", "json")),
    Setting("LOG_REQUESTS", "no", "a line for each request: view, status, time; no address, path or name", yes),
    Setting("PROVINCE_DATA", "data", "directory with `divisions.csv` and `departments.csv` of the province"),
    Setting("NUMBER_PREFIX", "LN", "what each 申报编号 begins with: the letters of the province", letters),
    Setting("SITE_NAME", "会计人员信息采集平台", "name in the header"),
    Setting("SITE_PLACE", "辽宁省", "small line under the name"),
    Setting("SITE_OWNER", "主办单位：省级财政部门会计管理机构(示例)", "owner in the footer"),
    Setting("ICP", "", "ICP filing number in the footer"),
    Setting("PSB", "", "public security filing number in the footer"),
)


def read_settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """The values of all settings. Raises BadSetting with the variable's name and what it expects."""
    values = {}
    for setting in SETTINGS:
        text = environ.get(f"KUAIJI_{setting.name}", setting.default)
        try:
            values[setting.name] = setting.read(text)
        except ValueError as error:
            shown = f"KUAIJI_{setting.name}" + (f"={text!r}" if setting.quoted else "")
            raise BadSetting(f"{shown}：应为{error}") from error
    return values


#: Variables of the tools around the product.
OTHER_VARIABLES = ("CHROMIUM", "ADMIN_URL")


def unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """One warning for each KUAIJI_* variable that is no setting, with the setting it may be meant for."""
    known = [setting.name for setting in SETTINGS]
    for variable in sorted(environ):
        prefix, _, name = variable.partition("_")
        if prefix == "KUAIJI" and name not in (*known, *OTHER_VARIABLES):
            nearest = get_close_matches(name, known, 1)
            yield f"没有 {variable} 这个设置" + (f"；是不是 KUAIJI_{nearest[0]}？" if nearest else "；请删除")


class Config:
    """What every environment shares."""

    MAX_CONTENT_LENGTH = 64 * 1024 * 1024  # a batch of phone pictures; each one is limited to 15 MB by its own rule
    MAX_FORM_MEMORY_SIZE = 512 * 1024
    MAX_FORM_PARTS = 400
    SESSION_COOKIE_HTTPONLY = True
    SESSION_COOKIE_SAMESITE = "Lax"
    STARTS_DRAWERS = True  # a separate process draws print jobs (commands/print_sheets.py)
    WTF_CSRF_TIME_LIMIT = None  # bound to the session's row, which expires
    WTF_CSRF_SSL_STRICT = False  # same-origin is enforced by the token and SameSite; no Referer is sent

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        environ = os.environ if environ is None else environ
        given = read_settings(environ)
        for name, value in given.items():
            setattr(self, name, value)
        self.DATA: Path = ROOT / given["DATA"]
        self.STATIC_BUILDS: Path = self.DATA / "static"
        self.METRICS: Path = self.DATA / "metrics"
        self.COMPILED_TEMPLATES: Path = self.DATA / "templates"
        place = given["UPLOADS"]
        self.UPLOADS: Path | S3Place = ROOT / place if isinstance(place, str) else place
        self.S3 = S3Access(self.S3_ENDPOINT, self.S3_ACCESS_KEY, self.S3_SECRET_KEY, self.S3_REGION, self.S3_ADDRESSING)
        self.PROVINCE_DATA: Path = ROOT / given["PROVINCE_DATA"]
        self.BACKUP_DIR: Path | None = ROOT / given["BACKUP_DIR"] if given["BACKUP_DIR"] else None
        self.BASE_URL: str = (given["BASE_URL"] or f"http://{given['HOST']}:{given['PORT']}").rstrip("/")
        self.HTTPS = self.SESSION_COOKIE_SECURE = self.BASE_URL.startswith("https://")
        #: Browsers take a cookie of such a name only from this very host, over https, for all paths.
        self.COOKIE_PREFIX = "__Host-" if self.HTTPS else ""
        self.SESSION_COOKIE_NAME = f"{self.COOKIE_PREFIX}kuaiji_page"
        self.TRUSTED_HOSTS: list[str] | None = list(given["TRUSTED_HOSTS"]) or None
        self.SQLALCHEMY_DATABASE_URI = given["DATABASE_URL"] or f"sqlite:///{self.DATA / 'kuaiji.db'}"
        self.KEYS_FILE: Path = ROOT / given["KEYS_FILE"] if given["KEYS_FILE"] else self.DATA / "keys.json"
        self._set_up_messages(given["LEGACY_CLAIM_FACTORS"], given="KUAIJI_LEGACY_CLAIM_FACTORS" in environ)
        self.WARNINGS = tuple(unknown_variables(environ))
        if isinstance(place, S3Place) and (problem := self.S3.problem()):
            raise BadSetting(problem)
        if given["ENV"] == "production":
            if problems := list(self._production_problems()):
                raise BadSetting("\n".join(problems))
            self.DEMO = False

    def _set_up_messages(self, factors: tuple[str, ...], *, given: bool) -> None:
        """A code to the phone on file is the first proof, once it can be sent."""
        if self.SMTP_URL not in ("", "console:") and not self.MAIL_FROM:
            raise BadSetting("KUAIJI_MAIL_FROM 必须设置，因为 KUAIJI_SMTP_URL 指定了邮件服务器")
        if self.SMS_URL and not given:
            factors = ("sms_on_file", *factors)
        self.LEGACY_CLAIM_FACTORS: tuple[str, ...] = factors
        if "sms_on_file" in factors and not self.SMS_URL:
            raise BadSetting("KUAIJI_LEGACY_CLAIM_FACTORS 含有 sms_on_file；请设置 KUAIJI_SMS_URL")

    def _production_problems(self) -> Iterator[str]:
        """What keeps the product from starting where real people use it, one line each."""
        if not self.SECRET_KEY:
            yield "KUAIJI_SECRET_KEY 在正式环境必须设置"
        elif problem := secret_problem(self.SECRET_KEY):
            yield f"KUAIJI_SECRET_KEY {problem}；请生成一个：python3 -c 'import secrets; print(secrets.token_hex(32))'"
        if not self.KEYS_FILE.is_file():
            yield f"KUAIJI_KEYS_FILE 在正式环境必须是已有的文件，现在找不到 {self.KEYS_FILE}"
        if not self.STAFF_TOTP:
            yield "KUAIJI_STAFF_TOTP=off 在正式环境不允许；请改为 required"
        if not self.HTTPS or not urlsplit(self.BASE_URL).hostname:
            yield f"KUAIJI_BASE_URL 在正式环境必须以 https:// 开头，现在是 {self.BASE_URL}"
        if not self.TRUSTED_HOSTS:
            yield "KUAIJI_TRUSTED_HOSTS 在正式环境必须写出网站的域名"

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)  # for the type checker: __init__ creates the attributes


class TestConfig(Config):
    """A throw-away instance under ``folder``: own database, own keys, quick password hashes."""

    __test__ = False  # not a test case
    builds: Path | None = None  # tests/conftest.py: one folder for all applications of a run
    STARTS_DRAWERS = False  # a separate process would not find this folder; tests call the command

    def __init__(self, folder: Path, **changes: str) -> None:
        environ = {"KUAIJI_DATA": str(folder), "KUAIJI_UPLOADS": str(folder / "uploads"), "KUAIJI_SECRET_KEY": "test"}
        super().__init__(environ | {f"KUAIJI_{name}": value for name, value in changes.items()})
        if self.builds:
            self.STATIC_BUILDS, self.COMPILED_TEMPLATES = self.builds / "static", self.builds / "templates"
        self.TESTING = True
