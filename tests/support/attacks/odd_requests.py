"""Requests that no browser of ours sends, seeded: odd values, bodies, content types, cookies, headers and addresses."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

from flask import Flask

from tests.support.applicant.image_samples import corner_card, encoded

MARKUP = "\"'><img src=x onerror=alert(1)>"
HUGE = "9" * 4000
VALUES = (
    "",
    "\x00",
    "a\x00b",
    MARKUP,
    HUGE,
    "字" * 460,
    "9" * 25,
    "-1",
    "1e309",
    "nan",
    "²",
    "１２３",
    "\u202eabc",
    "\u2066\u200f\ufeff",
    "\ue000",
    "\ufffe",
    "💥" * 60,
    "2026-02-30",
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "\r\nSet-Cookie: a=b",
    "%s%n{{7*7}}",
    "../../etc/passwd",
    "//evil.example/",
    "=cmd|' /C calc'!A0",
    "[]",
    '{"a": 1}',
    "on",
    "1,2,3,4",
)
URLENCODED, MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"
DISPOSITION = b"--x\r\nContent-Disposition: form-data"
#: (content type, body) that is no form, or a broken one.
BODIES: tuple[tuple[str, bytes], ...] = (
    (URLENCODED, b"\xff\xfe\x00=\xed\xa0\x80"),
    (URLENCODED, b"a=%ED%A0%80&%00=%00&=&==&a%5B%5D=1&a[b][c]=2"),
    (URLENCODED, b"&" * 5000 + b"=&%zz=%"),
    (URLENCODED, b"a&" * 200_000),
    (URLENCODED, b"x=" + b"y" * 1_700_000),
    (URLENCODED + "; charset=utf-7", b"name=+ADw-"),
    (MULTIPART, DISPOSITION + b"\r\n\r\nno name\r\n--x--\r\n"),
    (MULTIPART, DISPOSITION + b'; filename="a.jpg"\r\n\r\nno name\r\n--x--\r\n'),
    (MULTIPART, DISPOSITION + b'; name=""\r\n\r\nempty name\r\n--x--\r\n'),
    (MULTIPART, DISPOSITION + b'; name="\xff\xfe"\r\n\r\n\xed\xa0\x80\r\n--x--\r\n'),
    (MULTIPART, DISPOSITION + b"; name*=utf-16''%00%d8; name=a\r\n\r\n1\r\n--x--\r\n"),
    (MULTIPART, DISPOSITION + b'; name="a"\r\nContent-Type: text/plain; charset=idna\r\n\r\n1\r\n--x--\r\n'),
    (MULTIPART, DISPOSITION + b'; name="file"; filename="\x00\xff"\r\nContent-Length: -1\r\n\r\n1\r\n--x--\r\n'),
    (MULTIPART, b"--x\r\nX: y\r\n\r\nv\r\n--x--\r\n"),
    (MULTIPART, b"--x\r\n" + b"A: b\r\n" * 3000 + b"\r\nv\r\n--x--\r\n"),
    (MULTIPART, b"--x\r\n" + b"A" * 70_000 + b"\r\n\r\nv\r\n--x--\r\n"),
    (MULTIPART, DISPOSITION + b'; name="a"\r\n\r\ncut off'),
    (MULTIPART, b"--x--\r\n"),
    (MULTIPART, b""),
    (MULTIPART, (DISPOSITION + b'; name="a"\r\n\r\n1\r\n') * 500 + b"--x--"),
    (MULTIPART, DISPOSITION + b'; name="name"\r\n\r\n' + b"y" * 600_000 + b"\r\n--x--\r\n"),
    ("multipart/form-data", b"--x\r\n\r\n"),
    ("multipart/form-data; boundary=\xff", b"--x\r\n\r\n"),
    ("multipart/form-data; boundary=" + "x" * 5000, b"--x\r\n\r\n"),
    ("multipart/mixed; boundary=x", DISPOSITION + b'; name="a"\r\n\r\n1\r\n--x--\r\n'),
    ("application/json", b'{"name": "\\ud800", "a": [1, {"b": null}]}'),
    ("application/json", b"[" * 5000),
    ("application/json; charset=utf-16", b"{}"),
    ("application/offset+octet-stream", b"\x00" * 100),
    ("text/plain", b"name=a"),
    ("a", b"b"),
    ("", b"\x00"),
)
HEADERS: tuple[dict[str, str], ...] = (
    {"Cookie": "kuaiji=\x80\xff; kuaiji_staff=;;kuaiji_page=.eJ"},
    {"Cookie": "kuaiji=" + "x" * 8000},
    {"Cookie": "; =; kuaiji_page=" + "." * 500 + '; kuaiji="\\777"; kuaiji_text=large'},
    {"Cookie": "kuaiji_page=eyJhIjoxfQ.aaaaaa.bbbb; kuaiji_page=.; kuaiji=%00"},
    {"Host": "evil.example"},
    {"Host": "a b/c@d"},
    {"Host": ""},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-For": "x\"'<", "X-Forwarded-Proto": "gopher"},
    {"User-Agent": MARKUP},
    {"User-Agent": "\xff\x01" * 2000},
    {"Accept": ",;q=;q=9,*/*;q=nan", "Accept-Encoding": "gzip;q=x, *;q=-1", "Accept-Language": "\xff"},
    {"Accept": "application/json", "Accept-Encoding": "gzip, br"},
    {"Range": "bytes=0-99999999999999999999"},
    {"If-Modified-Since": "99999999999", "If-None-Match": '"\xff', "If-Range": "x"},
    {"Content-Length": "-1"},
    {"Content-Length": "1e9"},
    {"Content-Encoding": "gzip"},
    {"Tus-Resumable": "1.0.0"},
    {"Tus-Resumable": "1.0.0", "Upload-Length": "9" * 30, "Upload-Metadata": "kind \xff,,a"},
    {"Tus-Resumable": "1.0.0", "Upload-Length": "10", "Upload-Metadata": "kind cGhvdG8=,crop YQ=="},
    {"Tus-Resumable": "1.0.0", "Upload-Offset": "-1", "Content-Type": "application/offset+octet-stream"},
    {"X-HTTP-Method-Override": "DELETE", "Sec-Fetch-Site": "cross-site", "Accept-Encoding": "gzip"},
    {"Authorization": "Basic \xff", "Cache-Control": "max-age=\xff", "Date": "x"},
)
FILENAMES = ("../../a.jpg", "\u202egpj.exe", "", " ", "a" * 4000, MARKUP, "a\x00.jpg")
#: Every name that a view reads from a form or a query, besides those of the wizard's questions.
NAMES = (
    "name number password confirm current id_type phone email privacy factor code archive_no issued username "
    "id_checked kind uid next large small thumb after q tab revision seen mark confirmed action agree explanation "
    "parent place crop_x crop_y crop_w crop_h keys title body address hours verified_on "
    "reason-sex comment-sex reason-photo comment-photo unsigned-sex page-photo rect-photo rect-photo-l rect-photo-t "
    "rect-photo-w rect-photo-h tick ticks queue note why accept agree decline_reason decline_comment department "
    "comment lane kind due from to since until office source reason position advice all preload before clicks "
    "characters file photo starts_on ends_on pinned moved_on on opens_on successor officers evidence in-place "
    "in-moved_on in-reason target promise texts record column set compare with employers year state sort month"
).split()

Asked = tuple[str, str, str, dict[str, Any]]  # method, path, what it is, options of the test client


def addresses(app: Flask, real: Mapping[str, str]) -> list[tuple[str, str]]:
    """(method, rule) of every route of this person, each variable part with its real value."""
    found = []
    for rule in app.url_map.iter_rules():
        roles = getattr(app.view_functions[rule.endpoint], "roles", None) or {"nobody"}
        if real["role"] in roles and not rule.rule.endswith("logout"):
            found += [(method, rule.rule) for method in sorted(rule.methods or ()) if method not in ("HEAD", "OPTIONS")]
    return sorted(found)


def filled(rule: str, value: Callable[[str], str]) -> str:
    return re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", lambda match: value(match.group(1)), rule)


class OddRequests:
    """Endless odd requests to one address after the other, each of another kind."""

    def __init__(self, app: Flask, real: Mapping[str, str], names: list[str], seed: int) -> None:
        self.chance = Random(f"{seed} {real['role']}")
        self.real, self.names = real, [*NAMES, *names]
        self.addresses = addresses(app, real)

    def __iter__(self) -> Iterator[Asked]:
        turn = 0
        while True:
            for number, (method, rule) in enumerate(self.addresses):
                kinds = [self._address, self._query, self._header]
                kinds += [] if method == "GET" else [self._form, self._form, self._body, self._body, self._file]
                yield kinds[(turn + number) % len(kinds)](method, rule)
            turn += 1

    def round(self) -> int:
        """How many requests reach each address once."""
        return len(self.addresses)

    def _real(self, rule: str) -> str:
        return filled(rule, lambda name: self.real.get(name, "1"))

    def _address(self, method: str, rule: str) -> Asked:
        odd = self.chance.choice([value for value in VALUES if value])
        path = filled(rule, lambda _name: quote(odd))
        return method, path, "address", {"query_string": "" if "<" in rule else f"{quote(odd)}={quote(odd)}&=&%"}

    def _values(self) -> dict[str, list[str]]:
        """Every name with one or two odd values, or all with the same one."""
        values = VALUES if self.chance.random() < 0.5 else (self.chance.choice(VALUES),)
        return {name: [self.chance.choice(values)] * self.chance.choice((1, 1, 2)) for name in self.names}

    def _query(self, method: str, rule: str) -> Asked:
        few = dict(self.chance.sample(sorted(self._values().items()), 40))
        return method, self._real(rule), "query", {"query_string": urlencode(few, doseq=True, errors="surrogatepass")}

    def _form(self, method: str, rule: str) -> Asked:
        values = {name: [value[:300] for value in given] for name, given in self._values().items()}
        how = self.chance.choice((URLENCODED, "multipart/form-data", "application/json"))
        data: Any = json.dumps(values) if how.endswith("json") else values
        return method, self._real(rule), f"form {how}", {"data": data, "content_type": how}

    def _body(self, method: str, rule: str) -> Asked:
        kind, body = self.chance.choice(BODIES)
        return method, self._real(rule), f"body {kind[:40]} {body[:60]!r}", {"data": body, "content_type": kind}

    def _file(self, method: str, rule: str) -> Asked:
        name, content = self.chance.choice(FILENAMES), self.chance.choice((b"x", b"", PICTURE))
        data = {field: (io.BytesIO(content), name) for field in self.chance.sample(self.names, 20)}
        data |= {"file": (io.BytesIO(content), name), "photo": (io.BytesIO(content), name)}
        return method, self._real(rule), f"file {name[:20]!r}", {"data": data, "content_type": "multipart/form-data"}

    def _header(self, method: str, rule: str) -> Asked:
        headers = self.chance.choice(HEADERS)
        return method, self._real(rule), f"headers {str(headers)[:60]}", {"headers": headers}


PICTURE = encoded(corner_card())
